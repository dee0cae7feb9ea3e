//! What a look makes of a ticket, and what the directory makes of an account.

use serde_json::{Value, json};

use super::{answer, connector, ok};
use crate::call::{Answer, Later, Next, Read, Refusal};
use crate::connector::Looked;
use crate::delivery::{Notice, NoticeKind};
use crate::directory::{Branch, FieldKind};
use crate::machine::{MachineMail, Sign};
use crate::ticket::{Author, FieldValue, Priority, RemoteId, Skip, Status, TicketId};

const TICKET: &str = include_str!("../fixtures/ticket.json");
const THREAD: &str = include_str!("../fixtures/conversations.json");

fn look(answers: &[Answer]) -> Next<Looked> {
    let ticket = TicketId::new("4711").unwrap();
    let notice = Notice { kind: NoticeKind::Created, ticket, actor: None, occurred_at: None };
    connector().look(&notice, answers)
}

/// The fixture with one key changed.
fn ticket_with(key: &str, value: Value) -> Answer {
    let mut ticket: Value = serde_json::from_str(TICKET).unwrap();
    ticket[key] = value;
    ok(ticket.to_string())
}

#[test]
fn the_ticket_comes_back_whole_and_in_our_words() {
    assert_eq!(look(&[]), Next::Send(Read::get("/api/v2/tickets/4711?include=requester")));
    assert_eq!(look(&[ok(TICKET)]), Next::Send(Read::get("/api/v2/tickets/4711/conversations?page=1")));
    let Next::Done(Looked::Ticket(ticket)) = look(&[ok(TICKET), ok(THREAD)]) else { panic!("a ticket") };

    assert_eq!(
        (ticket.version.0.as_str(), ticket.subject.as_str()),
        ("2026-11-02T09:15:01Z", "Where is my parcel?")
    );
    assert_eq!(
        (ticket.status, ticket.priority, ticket.priority_is_default),
        (Status::Open, Some(Priority::Low), true)
    );
    assert_eq!(ticket.group, Some(RemoteId("48000100004".to_owned())));
    assert_eq!(ticket.assignee, None);
    assert_eq!(ticket.requester.email.as_deref(), Some("kim@customer.example"));
    assert_eq!(ticket.channel.as_deref(), Some("email"));
    assert_eq!(ticket.created_at.unwrap().to_string(), "2026-11-02T09:15:00Z");
    let fields: Vec<_> = ticket.fields.iter().map(|(id, value)| (id.as_str(), value.clone())).collect();
    let text = |text: &str| FieldValue::Text(text.to_owned());
    assert_eq!(
        fields,
        [
            ("cf_gift", FieldValue::Flag(false)),
            ("cf_items", FieldValue::Number(3.into())),
            ("cf_order_number", text("88213")),
            ("type", text("Question")),
        ]
    );
    let thread: Vec<_> = ticket.messages.iter().map(|m| (m.author, m.public, m.text.as_str())).collect();
    assert_eq!(
        thread,
        [
            (Author::Customer, true, "Ordered last week, order 88213."),
            (Author::Agent, false, "Asked the carrier."),
            (Author::Customer, true, "It is still not here."),
        ]
    );
}

#[test]
fn a_chosen_priority_is_no_default_and_a_desk_that_wrote_first_is_no_customer() {
    let looked = |ticket: Answer| match look(&[ticket, ok("[]")]) {
        Next::Done(Looked::Ticket(ticket)) => *ticket,
        other => panic!("{other:?}"),
    };
    let medium = looked(ticket_with("priority", json!(2)));
    assert_eq!((medium.priority, medium.priority_is_default), (Some(Priority::Normal), false));
    // The desk wrote by mail and waits: nothing is decided before a customer has answered.
    let outbound = ticket_with("source", json!(10));
    assert_eq!(look(&[outbound.clone(), ok("[]")]), Next::Done(Looked::Skip(Skip::NoCustomerYet)));
    let answered = json!([{ "body_text": "Yes, please.", "incoming": true, "private": false }]);
    let Next::Done(Looked::Ticket(answered)) = look(&[outbound, ok(answered.to_string())]) else {
        panic!("a ticket")
    };
    assert_eq!(
        (answered.messages[0].author, &*answered.first_customer_text()),
        (Author::Agent, "Yes, please.")
    );
    assert_eq!(looked(ticket_with("status", json!(4))).status, Status::Solved);
    assert_eq!(looked(ticket_with("status", json!(7))).status, Status::Open);
}

#[test]
fn what_the_platform_takes_for_an_automatic_answer_is_one() {
    let read = |automatic: Value, source: u64| {
        let part = json!([
            { "body_text": "Noted.", "incoming": false, "private": true, "auto_response": true },
            {
                "body_text": "I am back in May.", "incoming": true, "private": false,
                "auto_response": automatic,
            },
        ]);
        match look(&[ticket_with("source", json!(source)), ok(part.to_string())]) {
            Next::Done(Looked::Ticket(ticket)) => ticket.machine,
            other => panic!("{other:?}"),
        }
    };
    let found = read(json!(true), 10).unwrap();
    assert_eq!((found.mail, found.sign), (MachineMail::AutoReply, Sign::Platform));
    for (automatic, source) in [(json!(false), 10), (Value::Null, 10), (json!(true), 1)] {
        assert_eq!(read(automatic, source), None, "the mark is about the customer's first message alone");
    }
}

#[test]
fn spam_deleted_and_closed_tickets_are_left_alone_after_one_call() {
    assert_eq!(look(&[ticket_with("spam", json!(true))]), Next::Done(Looked::Skip(Skip::Spam)));
    assert_eq!(look(&[ticket_with("deleted", json!(true))]), Next::Done(Looked::Skip(Skip::Spam)));
    assert_eq!(look(&[ticket_with("status", json!(5))]), Next::Done(Looked::Skip(Skip::Closed)));
}

#[test]
fn a_long_thread_ends_after_ten_pages() {
    let page: Vec<Value> = (0..30)
        .map(|at| json!({ "body_text": format!("m{at}"), "incoming": true, "private": false }))
        .collect();
    let page = ok(Value::from(page).to_string());
    let mut answers = vec![ok(TICKET)];
    while let Next::Send(_) = look(&answers) {
        answers.push(page.clone());
    }
    assert_eq!(answers.len(), 11);
    let Next::Done(Looked::Ticket(ticket)) = look(&answers) else { panic!("a ticket") };
    assert_eq!(ticket.messages.len(), 301);
}

#[test]
fn answers_that_are_no_ticket_are_not_taken_for_one() {
    assert_eq!(look(&[answer(404, "")]), Next::Refused(Refusal::Gone));
    assert_eq!(look(&[answer(401, "")]), Next::Refused(Refusal::Credentials));
    assert_eq!(look(&[answer(429, "")]), Next::Later(Later::Busy { after: None }));
    assert_eq!(look(&[answer(502, "")]), Next::Later(Later::Failed));
    assert_eq!(look(&[ok("<html>")]), Next::Later(Later::Failed));
    assert_eq!(look(&[ok("{}")]), Next::Later(Later::Failed));
    assert_eq!(look(&[ok(TICKET), ok("{}")]), Next::Later(Later::Failed));
}

#[test]
fn names_are_read_page_by_page() {
    let connector = connector();
    assert_eq!(connector.names(&[]), Next::Send(Read::get("/api/v2/groups?page=1&per_page=100")));
    let full: Vec<Value> = (1..=100).map(|id| json!({ "id": id, "name": format!("g{id}") })).collect();
    let full = ok(Value::from(full).to_string());
    assert_eq!(connector.names(&[full]), Next::Send(Read::get("/api/v2/groups?page=2&per_page=100")));

    let answers = [
        ok(include_str!("../fixtures/groups.json")),
        ok(include_str!("../fixtures/agents.json")),
        ok(include_str!("../fixtures/ticket_fields.json")),
        ok(include_str!("../fixtures/me.json")),
        ok(json!([{ "id": 48_000_500_001_u64, "name": "Outlet" }]).to_string()),
    ];
    assert_eq!(connector.names(&answers[..1]), Next::Send(Read::get("/api/v2/agents?page=1&per_page=100")));
    assert_eq!(connector.names(&answers[..2]), Next::Send(Read::get("/api/v2/ticket_fields")));
    assert_eq!(connector.names(&answers[..3]), Next::Send(Read::get("/api/v2/agents/me")));
    assert_eq!(connector.names(&answers[..4]), Next::Send(Read::get("/api/v2/products?page=1&per_page=100")));
    let Next::Done(directory) = connector.names(&answers) else { panic!("a directory") };

    assert_eq!(directory.brand("outlet").unwrap().id.as_str(), "48000500001");
    assert_eq!(directory.me, Some(RemoteId("82000200001".to_owned())));
    assert_eq!(directory.group("logistics").unwrap().id.as_str(), "48000100004");
    assert_eq!(directory.agent("ADA@example.com").unwrap().name, "Ada Lovelace");
    let kind = |name: &str| directory.field(name).unwrap().kind.clone();
    let texts = |kind: FieldKind| match kind {
        FieldKind::One(choices) => choices.into_iter().map(|choice| choice.value).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(directory.field("Type").unwrap().id.as_str(), "type");
    assert_eq!(texts(kind("type")), ["Question", "Incident"]);
    assert_eq!(texts(kind("cf_category")), ["Billing", "Shipping"]);
    assert_eq!(texts(kind("Region")), ["Europe", "Asia"]);
    assert_eq!(texts(kind("Queue")), ["First line"]);
    assert_eq!(kind("Order number"), FieldKind::Text);
    assert_eq!(kind("Items"), FieldKind::Number);
    assert_eq!(kind("Gift"), FieldKind::Flag);
    assert_eq!(kind("Ship by"), FieldKind::Date);
    let FieldKind::Nested { levels, branches } = kind("Place") else { panic!("a nested field") };
    assert_eq!(levels.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["cf_country", "cf_city"]);
    let names = |branches: &[Branch]| branches.iter().map(|branch| branch.value.clone()).collect::<Vec<_>>();
    assert_eq!(names(&branches), ["Europe", "Asia"]);
    assert_eq!(names(&branches[0].below[0].below), ["Madrid", "Seville"]);
}
