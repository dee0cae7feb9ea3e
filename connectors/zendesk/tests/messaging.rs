//! Messaging conversations, and tickets that no customer has written to.

use serde_json::{Value, json};

use super::open;
use crate::call::{Answer, Next};
use crate::connector::Looked;
use crate::contract::answer;
use crate::delivery::{Notice, NoticeKind};
use crate::ticket::{Author, Skip, Ticket, TicketId};

const WHOLE: &str = include_str!("../fixtures/message_added.json");

fn event(pointer: &str, value: Value) -> Vec<u8> {
    let mut event: Value = serde_json::from_str(WHOLE).unwrap();
    if let Some(place) = event.pointer_mut(pointer) {
        *place = value;
    }
    event.to_string().into_bytes()
}

#[test]
fn a_message_names_its_ticket_and_brings_its_words() {
    let notice = open().read(WHOLE.as_bytes()).unwrap();
    assert_eq!((notice.kind, notice.ticket.as_str()), (NoticeKind::CustomerReplied, "141"));
    let heard = open().heard(WHOLE.as_bytes()).unwrap();
    assert_eq!(heard.id, "67ab5f55155becd183e284cb");
    assert_eq!(
        (heard.message.author, heard.message.text.as_str()),
        (Author::Customer, "My invoice is wrong")
    );
    assert_eq!(open().preview(WHOLE.as_bytes()).unwrap().text, "My invoice is wrong");
    for (kind, author) in [
        ("agent", Author::Agent),
        ("trigger", Author::Bot),
        ("system", Author::Bot),
        ("bot_of_2027", Author::Bot),
    ] {
        let body = event("/event/actor/type", json!(kind));
        assert_eq!(open().read(&body).unwrap().kind, NoticeKind::Other, "{kind}");
        assert_eq!(open().heard(&body).unwrap().message.author, author, "{kind}");
    }
    for detail in [Value::Null, json!({})] {
        assert_eq!(open().read(&event("/detail", detail)).unwrap().ticket.as_str(), "141", "by its subject");
    }
    for subject in [json!("zen:ticket:../users"), json!("zen:user:5"), Value::Null] {
        let mut nameless: Value = serde_json::from_slice(&event("/subject", subject)).unwrap();
        nameless["detail"] = Value::Null;
        assert!(open().read(nameless.to_string().as_bytes()).is_err(), "{nameless}");
    }
    assert_eq!(
        open().heard(include_bytes!("../fixtures/comment_added.json")),
        None,
        "comments are read back"
    );
}

/// A ticket with comments, each by its author's role.
fn look(kind: NoticeKind, channel: &str, text: &str, comments: &[(&str, bool, &str)]) -> Next<Looked> {
    let ticket = json!({ "ticket": {
        "id": 141, "updated_at": "2026-11-20T10:00:00Z", "status": "new", "requester_id": 7,
        "subject": text, "description": text, "via": { "channel": channel },
    } });
    let author = |role: &str| match role {
        "end-user" => 7,
        "agent" => 8,
        _ => -1,
    };
    let comments: Vec<Value> = comments
        .iter()
        .map(
            |(role, public, body)| json!({ "author_id": author(role), "public": public, "plain_body": body }),
        )
        .collect();
    let people = json!([{ "id": 7, "role": "end-user" }, { "id": 8, "role": "agent" }]);
    let page = json!({ "comments": comments, "users": people, "meta": { "has_more": false } });
    let notice = Notice { kind, ticket: TicketId::new("141").unwrap(), actor: None, occurred_at: None };
    let answers: [Answer; 2] = [answer(200, &ticket), answer(200, &page)];
    open().look(&notice, &answers)
}

fn ticket(next: Next<Looked>) -> Ticket {
    match next {
        Next::Done(Looked::Ticket(ticket)) => *ticket,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_line_that_stands_for_a_conversation_is_nobodys_words() {
    use NoticeKind::{Created, CustomerReplied};
    let waits = Next::Done(Looked::Skip(Skip::NoCustomerYet));
    for line in
        ["Conversation with Web User 63c9a1f0d2", "Konversation mit Web User 63c9a1f0d2aa00b1c2d3e4f5"]
    {
        let stands_in = [("end-user", true, line)];
        assert_eq!(look(Created, "native_messaging", line, &stands_in), waits, "{line}");
        for channel in ["whatsapp", "web_messaging", "a_channel_of_2027"] {
            assert_eq!(look(Created, channel, line, &[]), waits, "{channel}: {line}");
        }
        let replied = ticket(look(CustomerReplied, "native_messaging", line, &stands_in));
        assert_eq!((replied.subject.as_str(), &*replied.first_customer_text()), ("", ""), "{line}");
        // In a mail the same line is what somebody wrote.
        assert_eq!(ticket(look(Created, "email", line, &stands_in)).first_customer_text(), line);
    }
    let written = ticket(look(Created, "native_messaging", "Hi", &[("end-user", true, "Hi")]));
    assert_eq!(written.first_customer_text(), "Hi", "some accounts show the words");
}

#[test]
fn a_ticket_that_only_the_desk_has_written_to_waits_for_its_customer() {
    use NoticeKind::{Created, CustomerReplied};
    let waits = Next::Done(Looked::Skip(Skip::NoCustomerYet));
    let ours = ("agent", true, "Your invoice of May is attached.");
    let machine = ("system", true, "How was our service?");
    assert_eq!(look(Created, "web", "Your invoice", &[ours]), waits);
    assert_eq!(look(Created, "native_messaging", "A question", &[machine]), waits);
    assert_eq!(look(CustomerReplied, "web", "Your invoice", &[ours]), waits, "a trigger that says too much");
    let answered =
        ticket(look(CustomerReplied, "web", "Your invoice", &[ours, ("end-user", true, "It is wrong.")]));
    assert_eq!(answered.first_customer_text(), "It is wrong.");
    // A file alone is something, and so is a call, whoever wrote it down.
    assert_eq!(ticket(look(Created, "email", "", &[("end-user", true, "")])).messages.len(), 0);
    ticket(look(Created, "voice", "Call", &[("agent", true, "Called about the bill.")]));
    let noted = ticket(look(Created, "web", "Called, angry.", &[("agent", false, "Called, angry.")]));
    assert_eq!(noted.first_customer_text(), "Called, angry.");
}
