//! Which messages a ticket is about.

use super::*;

fn ticket(messages: &[(Author, bool, &str)]) -> Ticket {
    let message = |(author, public, text): &(Author, bool, &str)| Message {
        author: *author,
        public: *public,
        text: (*text).to_owned(),
    };
    Ticket { messages: messages.iter().map(message).collect(), ..crate::contract::ticket() }
}

#[test]
fn what_a_customer_writes_before_anybody_answers_is_one_text() {
    use Author::{Agent, Bot, Customer};
    let chat = ticket(&[
        (Bot, true, "How can I help?"),
        (Customer, true, "Hello there"),
        (Bot, true, "A colleague will be with you soon."),
        (Agent, false, "@Kim can you take this?"),
        (Customer, true, "the parcel never came"),
        (Agent, true, "Which order is it?"),
        (Customer, true, "99120"),
    ]);
    assert_eq!(chat.first_customer_text(), "Hello there\n\nthe parcel never came");
    assert_eq!((chat.asked_messages(), chat.is_answered()), (2, true));

    let outbound = ticket(&[(Agent, true, "Your contract ends soon."), (Customer, true, "Please renew it.")]);
    assert_eq!(outbound.first_customer_text(), "Please renew it.");
    assert!(!outbound.is_answered(), "what came before the customer's words answers nothing");

    let unasked = ticket(&[(Agent, false, "note"), (Agent, true, "Your contract ends soon.")]);
    assert_eq!(unasked.first_customer_text(), "Your contract ends soon.");
    assert_eq!((unasked.asked_messages(), unasked.is_answered()), (0, false));
    assert_eq!(ticket(&[]).first_customer_text(), "");
}

#[test]
fn an_answer_in_our_name_is_no_persons() {
    use Author::{Agent, Customer};
    let mut chat = ticket(&[
        (Customer, true, "Hi"),
        (Agent, true, "We have your message."),
        (Customer, true, "my card was declined"),
    ]);
    assert_eq!((chat.asked_messages(), chat.is_answered()), (1, true));
    chat.discount_answers(1);
    assert_eq!((chat.asked_messages(), chat.is_answered()), (2, false));
    assert_eq!(chat.first_customer_text(), "Hi\n\nmy card was declined");
}

#[test]
fn a_conversation_without_end_is_read_to_a_bound() {
    let long = "é".repeat(1_000);
    let messages: Vec<_> = (0..200).map(|_| (Author::Customer, true, long.as_str())).collect();
    let text = ticket(&messages).first_customer_text().into_owned();
    assert!(text.len() <= MOST_TEXT && text.len() > MOST_TEXT - 2_100, "{}", text.len());
}
