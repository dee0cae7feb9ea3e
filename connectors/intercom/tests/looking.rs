//! Reading conversations and tickets back.

use serde_json::{Value, json};

use super::{answer, connector, fixture, ok};
use crate::call::{Answer, Later, Next, Read, Refusal};
use crate::connector::Looked;
use crate::delivery::{Notice, NoticeKind};
use crate::machine::Sign;
use crate::ticket::{Author, Priority, Skip, Status, Ticket, TicketId};

fn look(version: &str, id: &str, answers: &[Answer]) -> Next<Looked> {
    let ticket = TicketId::new(id).unwrap();
    let notice = Notice { kind: NoticeKind::Created, ticket, actor: None, occurred_at: None };
    connector(version).look(&notice, answers)
}

fn ticket(version: &str, id: &str, answers: &[Answer]) -> Ticket {
    match look(version, id, answers) {
        Next::Done(Looked::Ticket(ticket)) => *ticket,
        other => panic!("no ticket: {other:?}"),
    }
}

fn conversation() -> Value {
    serde_json::from_str(fixture("conversation")).unwrap()
}

/// The conversation with one thing changed.
fn with(pointer: &str, value: Value) -> Ticket {
    let mut conversation = conversation();
    *conversation.pointer_mut(pointer).unwrap() = value;
    ticket("2.14", "1", &[ok(&conversation)])
}

#[test]
fn the_first_call_is_the_one_that_shows_everything() {
    assert_eq!(look("2.14", "123", &[]), Next::Send(Read::get("/conversations/123?display_as=plaintext")));
    assert_eq!(look("2.14", "ticket-627", &[]), Next::Send(Read::get("/tickets/627")));
}

#[test]
fn a_conversation_is_read_whole() {
    let ticket = ticket("2.14", "215472621300001", &[answer(200, fixture("conversation"))]);
    let expected: Value = serde_json::from_str(fixture("conversation.expected")).unwrap();
    assert_eq!(serde_json::to_value(&ticket).unwrap(), expected);
}

#[test]
fn a_ticket_is_read_whole_and_its_requester_is_asked_for() {
    let first = answer(200, fixture("ticket"));
    let ask = look("2.14", "ticket-627", std::slice::from_ref(&first));
    assert_eq!(ask, Next::Send(Read::get("/contacts/69620546aa74dbb9050aa701")));
    let contact =
        ok(&json!({ "type": "contact", "id": "69620546aa74dbb9050aa701", "email": "Grace@Example.com" }));
    let ticket = ticket("2.14", "ticket-627", &[first, contact]);
    let expected: Value = serde_json::from_str(fixture("ticket.expected")).unwrap();
    assert_eq!(serde_json::to_value(&ticket).unwrap(), expected);
}

#[test]
fn mail_that_machines_send_is_recognised() {
    let signs = |delivered: &str, author: &str, from: &str| {
        let mut item = conversation();
        item["source"]["delivered_as"] = json!(delivered);
        item["source"]["author"]["type"] = json!(author);
        item["source"]["email_message_metadata"] = json!({
            "subject": "x",
            "email_address_headers": [
                { "type": "to", "email_address": "noreply@desk.example" },
                { "type": "from", "email_address": from },
            ],
        });
        // Where the workspace wrote first, the customer's address is asked for.
        let contact = ok(&json!({ "type": "contact", "id": "1", "email": "ines@mail.example" }));
        ticket("2.14", "1", &[ok(&item), contact]).machine.map(|found| (found.mail.as_str(), found.sign))
    };
    assert_eq!(signs("customer_initiated", "user", "ines@mail.example"), None);
    assert_eq!(signs("automated", "user", "ines@mail.example"), Some(("auto_reply", Sign::Platform)));
    // A customer who answers a campaign is a person.
    assert_eq!(signs("automated", "admin", "ines@mail.example"), None);
    let bounced = signs("customer_initiated", "lead", "Mailer-Daemon@mx.example");
    assert_eq!(bounced, Some(("bounce", Sign::Sender)));
}

#[test]
fn plain_text_that_was_asked_for_is_never_read_as_markup() {
    for typed in ["<b>my order <4711> & the rest", "<script>alert(1)</script> Where is it?", "<p>Hello</p>"] {
        assert_eq!(with("/source/body", json!(typed)).first_customer_text(), typed);
        assert_eq!(with("/source/subject", json!(typed)).subject, typed);
        assert_eq!(
            with("/conversation_parts/conversation_parts/4/body", json!(typed)).messages[4].text,
            typed
        );
    }
    let described = |typed: &str| {
        let mut item: Value = serde_json::from_str(fixture("ticket")).unwrap();
        item["ticket_attributes"]["_default_description_"] = json!(typed);
        ticket("2.14", "ticket-627", &[ok(&item), answer(404, "{}")]).messages
    };
    assert_eq!(described("<p> is an element")[0].text, "<p> is an element");
    // Parts of a ticket are HTML; there is no way to ask for anything else.
    assert_eq!(described("x")[1].text, "Which model?");
}

#[test]
fn a_contact_that_cannot_be_read_does_not_stop_the_look() {
    let first = answer(200, fixture("ticket"));
    for status in [403, 404] {
        let ticket = ticket("2.14", "ticket-627", &[first.clone(), answer(status, "{}")]);
        assert_eq!(ticket.requester.email, None);
        assert!(ticket.requester.id.is_some());
    }
    let busy = look("2.14", "ticket-627", &[first.clone(), answer(429, "{}")]);
    assert_eq!(busy, Next::Later(Later::Busy { after: None }));
    assert_eq!(look("2.14", "ticket-627", &[first, answer(500, "")]), Next::Later(Later::Failed));
}

#[test]
fn a_contact_id_that_is_no_id_is_not_asked_for() {
    let mut conversation = conversation();
    conversation["source"]["author"] = json!({ "type": "user", "id": "../admins", "email": null });
    let ticket = ticket("2.14", "1", &[ok(&conversation)]);
    assert_eq!(ticket.requester, crate::ticket::Requester::default());
}

#[test]
fn an_outbound_message_is_asked_by_its_contact() {
    let mut conversation = conversation();
    conversation["source"]["author"] =
        json!({ "type": "admin", "id": "9608799", "email": "ada@desk.example" });
    let contact = ok(&json!({ "email": "grace@example.com" }));
    let ticket = ticket("2.14", "1", &[ok(&conversation), contact]);
    assert_eq!(ticket.requester.email.as_deref(), Some("grace@example.com"));
    assert_eq!(ticket.messages[0].author, Author::Agent);
    assert_eq!(ticket.first_customer_text(), "Thanks, order 4711");
}

#[test]
fn a_conversation_that_no_customer_has_written_to_is_left_alone_until_one_does() {
    let looked = |author: &str, parts: Value| {
        let mut item = conversation();
        item["source"]["author"] = json!({ "type": author, "id": "1", "email": null });
        item["conversation_parts"]["conversation_parts"] = parts;
        look("2.14", "1", &[ok(&item), answer(404, "{}")])
    };
    let skipped = Next::Done(Looked::Skip(Skip::NoCustomerYet));
    let by = |kind: &str, author: &str, body: Value| json!({ "part_type": kind, "body": body, "author": { "type": author } });
    for author in ["admin", "bot", "team"] {
        assert_eq!(looked(author, json!([])), skipped, "{author}");
        assert_eq!(looked(author, json!([by("comment", "bot", json!("Still there?"))])), skipped, "{author}");
        assert_eq!(
            looked(author, json!([by("assignment", "user", json!("x"))])),
            skipped,
            "a state change is no message"
        );
        let said = looked(author, json!([by("comment", "user", json!("Yes, refund me."))]));
        assert!(matches!(said, Next::Done(Looked::Ticket(_))), "{said:?}");
        // A picture has no text, and was sent by somebody all the same.
        let shown = looked(author, json!([by("comment", "lead", Value::Null)]));
        assert!(matches!(shown, Next::Done(Looked::Ticket(_))), "{shown:?}");
    }
    assert!(matches!(looked("user", json!([])), Next::Done(Looked::Ticket(_))));
}

#[test]
fn nobody_is_written_in_three_ways() {
    for nobody in [json!(0), json!("0"), Value::Null] {
        let ticket = with("/admin_assignee_id", nobody);
        assert_eq!((ticket.assignee, ticket.group), (None, None));
    }
    assert_eq!(with("/team_assignee_id", json!("5017601")).group.unwrap().as_str(), "5017601");
}

#[test]
fn priorities_are_flags_words_or_an_attribute() {
    let priority = |version: &str, native: &str, attribute: Value| {
        let mut conversation = conversation();
        conversation["priority"] = native.into();
        conversation["custom_attributes"] = json!({ "Priority": attribute });
        ticket(version, "1", &[ok(&conversation)]).priority
    };
    for (version, native, attribute, expected) in [
        ("2.14", "not_priority", Value::Null, None),
        ("2.14", "priority", Value::Null, Some(Priority::High)),
        ("2.14", "priority", json!("Low"), Some(Priority::Low)),
        ("2.14", "not_priority", json!("Medium"), Some(Priority::Normal)),
        ("2.16", "none", Value::Null, None),
        ("2.16", "medium", Value::Null, Some(Priority::Normal)),
        ("2.16", "urgent", json!("something else"), Some(Priority::Urgent)),
        ("Preview", "low", json!("Urgent"), Some(Priority::Low)),
        ("Preview", "none", json!("Urgent"), None),
    ] {
        assert_eq!(priority(version, native, attribute.clone()), expected, "{version} {native} {attribute}");
    }
}

#[test]
fn states_are_ours() {
    assert_eq!(with("/state", json!("open")).status, Status::Open);
    assert_eq!(with("/state", json!("snoozed")).status, Status::Pending);
    // A closed conversation is not archived: a write reopens it.
    assert_eq!(with("/state", json!("closed")).status, Status::Solved);
    let status = |category: Value| {
        let mut ticket_json: Value = serde_json::from_str(fixture("ticket")).unwrap();
        ticket_json["ticket_state"] = category;
        ticket("2.14", "ticket-627", &[ok(&ticket_json), answer(404, "{}")]).status
    };
    assert_eq!(status(json!({ "category": "submitted" })), Status::New);
    assert_eq!(status(json!({ "category": "waiting_on_customer" })), Status::Pending);
    assert_eq!(status(json!({ "category": "resolved" })), Status::Solved);
    assert_eq!(status(json!("in_progress")), Status::Open);
}

#[test]
fn a_conversation_that_a_bot_holds_is_left_alone() {
    let held = |change: &dyn Fn(&mut Value)| {
        let mut conversation: Value = serde_json::from_str(fixture("conversation_2_16")).unwrap();
        conversation["team_assignee_id"] = json!(0);
        change(&mut conversation);
        look("2.16", "507", &[ok(&conversation), answer(404, "{}")])
            == Next::Done(Looked::Skip(Skip::StillWithABot))
    };
    assert!(held(&|_| {}));
    assert!(held(&|it| it["ai_agent"] = Value::Null));
    assert!(!held(&|it| it["ai_agent_participated"] = json!(false)));
    assert!(!held(&|it| it["ai_agent"]["resolution_state"] = json!("escalated")));
    assert!(!held(&|it| it["team_assignee_id"] = json!(5_017_602)));
    assert!(!held(&|it| it["admin_assignee_id"] = json!("9608799")));
}

#[test]
fn the_newer_shape_reads_the_same() {
    let ticket = ticket("2.16", "507", &[answer(200, fixture("conversation_2_16")), answer(404, "{}")]);
    assert_eq!(ticket.first_customer_text(), "Where is my parcel?");
    assert_eq!((ticket.priority, ticket.status), (Some(Priority::Normal), Status::New));
    assert_eq!(ticket.group.unwrap().as_str(), "5017602");
    assert_eq!(ticket.subject, "");
}

#[test]
fn answers_that_are_none_end_the_look() {
    let end = |status, body: &str| look("2.14", "1", &[answer(status, body)]);
    assert_eq!(end(404, "{}"), Next::Refused(Refusal::Gone));
    assert_eq!(end(401, "{}"), Next::Refused(Refusal::Credentials));
    assert_eq!(end(403, "{}"), Next::Refused(Refusal::Credentials));
    assert_eq!(end(502, "bad gateway"), Next::Later(Later::Failed));
    assert_eq!(end(200, "<html>"), Next::Later(Later::Failed));
    assert!(matches!(end(200, "[]"), Next::Refused(Refusal::Invalid(_))));
    assert!(matches!(end(200, "{}"), Next::Refused(Refusal::Invalid(_))));
}
