//! Machines are answered by nobody, on every platform, and an answer that brings a mail ends by
//! itself.

use std::sync::Arc;

use deskbridge::domain::outcome::{EffectOutcome, Entry};
use deskbridge_standins::{AutoResponder, Desk, NewTicket};

use crate::harness::{House, billing_ticket, wait_until};

/// Everybody gets an answer at once, and who writes often is marked.
const ANSWERS_ALL: &str = "
version: 1
templates:
  received: { default: en, en: 'Thank you, we have your message and answer within a day.' }
rules:
  - { id: again, when: { repeat_contacts: '>=2', within: 7d }, then: [{ add_tags: writes-again }] }
  - { id: acknowledge, then: [{ reply: received }] }
";
const ALLOWED: &str = "    allow_public_replies: true\n";

/// A mailbox would answer so often if it were let.
const MANY: u32 = 12;

fn answers(desk: &dyn Desk) -> usize {
    let of = |id: &String| desk.ticket(id).unwrap().notes.iter().filter(|note| note.public).count();
    desk.tickets().iter().map(of).sum()
}

fn mail(email: &str, subject: &str, body: &str) -> NewTicket {
    let (email, subject, body) = (email.into(), subject.into(), body.into());
    NewTicket { email, subject, body, ..NewTicket::default() }
}

/// Returns the reason that held the answer back.
fn reason(entry: &Entry) -> &str {
    let reply = entry.effects.iter().find(|effect| effect.kind == "reply").unwrap();
    assert_eq!(reply.state, EffectOutcome::Refused, "{reply:?}");
    reply.reason.as_deref().unwrap()
}

/// Opens a ticket whose answer is answered by a mailbox; returns what was decided on that answer.
async fn loops_once(house: &House, desk: &dyn Desk, responder: AutoResponder) -> Entry {
    let before = desk.tickets();
    desk.answers_by_itself(responder);
    let first = desk.open(billing_ticket()).await;
    let all_decided = async || {
        let new: Vec<String> = desk.tickets().into_iter().filter(|id| !before.contains(id)).collect();
        let mut decided = new.len() > 1;
        for id in &new {
            decided &= !house.decided(desk, id).await.is_empty();
        }
        decided
    };
    wait_until("the mailbox has answered and all is decided", all_decided).await;
    let new: Vec<String> = desk.tickets().into_iter().filter(|id| !before.contains(id)).collect();
    let name = desk.platform();
    assert_eq!(new.len(), 2, "{name}: one answer, and what it brought");
    assert_eq!(answers(desk), 1, "{name}");
    assert_eq!(house.decided(desk, &first).await[0].machine, None, "{name}");
    house.decided(desk, &new[1]).await.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_answers_by_itself_is_answered_once() {
    let mut house = House::start_with("live", ANSWERS_ALL, ALLOWED).await;
    for desk in &house.desks {
        let responder = AutoResponder {
            subject: "Automatic reply: Charged twice".into(),
            body: "I am on parental leave until 14 December and read no mail.".into(),
            marked: true,
            left: MANY,
        };
        let entry = loops_once(&house, desk.as_ref(), responder).await;
        let sign = if desk.platform() == "zendesk" { "the platform's mark" } else { "its subject" };
        let expected = format!("no person waits for an answer: the ticket is an automatic reply, by {sign}");
        assert_eq!(reason(&entry), expected, "{}", desk.platform());
        assert_eq!(entry.machine.map(|machine| machine.mail.as_str()), Some("auto_reply"));
        // The second ticket of this requester is a machine's and counts for nothing.
        assert_eq!(entry.rules, ["acknowledge"], "{}", desk.platform());
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_looks_like_a_person_ends_at_the_limit() {
    let mut house = House::start_with("live", ANSWERS_ALL, ALLOWED).await;
    for desk in &house.desks {
        let responder = AutoResponder {
            subject: "Your card".into(),
            body: "Hello, I will look into it next week, when I have my statement here.".into(),
            marked: false,
            left: MANY,
        };
        let entry = loops_once(&house, desk.as_ref(), responder).await;
        let name = desk.platform();
        assert_eq!(entry.machine, None, "{name}");
        assert_eq!(
            reason(&entry),
            "the requester got this answer once within a day (`reply_limit`)",
            "{name}"
        );
        assert_eq!(entry.rules, ["again", "acknowledge"], "{name}");
        desk.answers_by_itself(AutoResponder::default());
        // Another person is answered all the same.
        let other = desk.open(mail("jo@mail.example", "Invoice", "Please send me my invoice of May.")).await;
        house.settle().await;
        assert_eq!(
            house.decided(desk.as_ref(), &other).await[0].effects[0].state,
            EffectOutcome::Applied,
            "{name}"
        );
    }
    // The limit is in the store: a daemon that starts again knows it.
    house.stop().await;
    house.open("live", ANSWERS_ALL).await;
    for desk in &house.desks {
        let id = desk.open(billing_ticket()).await;
        house.settle().await;
        let decided = house.decided(desk.as_ref(), &id).await;
        assert!(reason(&decided[0]).contains("reply_limit"), "{}", desk.platform());
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_that_come_at_once_share_the_limit() {
    let mut house =
        House::start_with("live", ANSWERS_ALL, "    allow_public_replies: true\n    reply_limit: 2\n").await;
    for desk in &house.desks {
        let mut customers = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let desk = Arc::clone(desk);
            customers.spawn(async move { desk.open(billing_ticket()).await });
        }
        customers.join_all().await;
        house.settle().await;
        assert_eq!(answers(desk.as_ref()), 2, "{}", desk.platform());
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_limit_only_what_is_recognised_is_held_back() {
    let mut house =
        House::start_with("live", ANSWERS_ALL, "    allow_public_replies: true\n    reply_limit: off\n")
            .await;
    for desk in &house.desks {
        for (at, (email, subject, body)) in [
            ("ines@mail.example", "Invoice", "Please send me the invoice of May."),
            ("ines@mail.example", "Invoice again", "And the one of June, please."),
            ("mailer-daemon@mx.example", "Delivery incomplete", "There was a temporary problem."),
            ("ines@mail.example", "Undelivered Mail Returned to Sender", "This is the mail system at mx."),
            ("ines@mail.example", "Re: Invoice", "Thank you very much!"),
        ]
        .into_iter()
        .enumerate()
        {
            let id = desk.open(mail(email, subject, body)).await;
            house.settle().await;
            let decided = house.decided(desk.as_ref(), &id).await;
            let name = desk.platform();
            assert_eq!(decided[0].machine.is_some(), at >= 2, "{name}: {subject}");
            assert_eq!(answers(desk.as_ref()), 2.min(at + 1), "{name}: {subject}");
            let again = decided[0].rules.iter().any(|rule| rule == "again");
            assert_eq!(again, at == 1 || at == 4 || at == 3, "{name}: {subject}");
        }
    }
    house.stop().await;
}
