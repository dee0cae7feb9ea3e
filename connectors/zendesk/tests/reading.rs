//! Looks and names.

use std::collections::BTreeMap;
use std::time::Duration;

use http::HeaderMap;
use serde_json::{Value, json};

use super::{open, with};
use crate::call::{Answer, Later, Next, Pace, Refusal};
use crate::connector::Looked;
use crate::contract::answer;
use crate::delivery::{Notice, NoticeKind};
use crate::directory::{Directory, FieldKind};
use crate::ticket::{Author, FieldValue, Priority, RemoteId, Skip, Status, Ticket, TicketId};

const TICKET: &str = include_str!("../fixtures/ticket.json");
const FIRST_PAGE: &str = include_str!("../fixtures/comments_1.json");
const LAST_PAGE: &str = include_str!("../fixtures/comments_2.json");

fn fixture(text: &str) -> Answer {
    answer(200, &serde_json::from_str(text).unwrap())
}

fn look(answers: &[Answer]) -> Next<Looked> {
    let ticket = TicketId::new("35436").unwrap();
    open().look(&Notice { kind: NoticeKind::Created, ticket, actor: None, occurred_at: None }, answers)
}

fn asks<T: std::fmt::Debug>(next: Next<T>) -> String {
    match next {
        Next::Send(read) => read.path.as_str().to_owned(),
        other => panic!("{other:?}"),
    }
}

fn looked(answers: &[Answer]) -> Ticket {
    match look(answers) {
        Next::Done(Looked::Ticket(ticket)) => *ticket,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_look_reads_the_ticket_and_then_its_thread() {
    let pages = [fixture(TICKET), fixture(FIRST_PAGE), fixture(LAST_PAGE)];
    assert_eq!(asks(look(&[])), "/api/v2/tickets/35436?include=users");
    let first = "/api/v2/tickets/35436/comments?page%5Bsize%5D=100&include=users";
    assert_eq!(asks(look(&pages[..1])), first);
    // By the cursor: the link of this page leads to another host.
    assert_eq!(asks(look(&pages[..2])), format!("{first}&page%5Bafter%5D=eyJvIjoiaWQiLCJ2IjoiYS8rPSJ9"));

    let ticket = looked(&pages);
    assert_eq!(ticket.version.0, "2026-11-20T10:05:00Z");
    assert_eq!((ticket.status, ticket.priority), (Status::Open, Some(Priority::Low)));
    assert!(!ticket.priority_is_default);
    assert_eq!(ticket.requester.email.as_deref(), Some("jo@customer.example"));
    assert_eq!(ticket.group, Some(RemoteId("9007199254740997".into())), "to the last digit");
    assert_eq!(ticket.assignee, None);
    assert_eq!(ticket.channel.as_deref(), Some("email"));
    assert!(ticket.tags.iter().eq(["technical", "vip"]));
    let authors: Vec<_> = ticket.messages.iter().map(|message| (message.author, message.public)).collect();
    assert_eq!(authors, [(Author::Customer, true), (Author::Agent, false), (Author::Bot, true)]);
    assert_eq!(ticket.first_customer_text(), "You took the money twice.");
    let field = |id: &str| ticket.fields.get(&RemoteId(id.into())).cloned();
    assert_eq!(field("9007199254741001"), Some(FieldValue::Text("technical".into())));
    assert_eq!(field("9007199254741003"), None);
    assert_eq!(field("9007199254741005"), Some(FieldValue::Flag(false)));
    assert_eq!(field("9007199254741009"), Some(FieldValue::Many(vec!["red".into(), "blue".into()])));
}

#[test]
fn a_link_to_another_host_is_not_followed() {
    let without_cursor = with(FIRST_PAGE, "/meta/after_cursor", Value::Null);
    assert_eq!(looked(&[fixture(TICKET), answer(200, &without_cursor)]).messages.len(), 2);
    let mut ours = without_cursor;
    ours["links"]["next"] = json!("https://acme.zendesk.com/api/v2/tickets/35436/comments?page=2");
    assert_eq!(asks(look(&[fixture(TICKET), answer(200, &ours)])), "/api/v2/tickets/35436/comments?page=2");
    for other in
        ["https://acme.zendesk.com.evil.example/x", "//evil.example/x", "https://acme.zendesk.com@evil/x"]
    {
        ours["links"]["next"] = json!(other);
        assert_eq!(looked(&[fixture(TICKET), answer(200, &ours)]).messages.len(), 2, "{other}");
    }
}

#[test]
fn tickets_that_nobody_works_on_are_skipped() {
    for (status, skip) in [("closed", Skip::Closed), ("deleted", Skip::Spam)] {
        let ticket = answer(200, &with(TICKET, "/ticket/status", json!(status)));
        assert_eq!(look(&[ticket]), Next::Done(Looked::Skip(skip)));
    }
    let gone = answer(404, &json!({ "error": "RecordNotFound", "description": "Not found" }));
    assert_eq!(look(std::slice::from_ref(&gone)), Next::Refused(Refusal::Gone));
}

#[test]
fn without_comments_the_description_is_what_the_customer_wrote() {
    let described = answer(200, &{
        let mut ticket: Value = serde_json::from_str(TICKET).unwrap();
        ticket["ticket"]["description"] = json!("You took the money twice.");
        ticket
    });
    let none = answer(200, &json!({ "comments": [], "meta": { "has_more": false } }));
    for page in [none, answer(404, &json!({ "error": "InvalidEndpoint" }))] {
        let ticket = looked(&[described.clone(), page]);
        assert_eq!(ticket.first_customer_text(), "You took the money twice.");
        assert_eq!(ticket.messages.len(), 1);
    }
    // It is not said twice.
    assert_eq!(looked(&[described.clone(), fixture(LAST_PAGE)]).messages.len(), 1);
    // An agent noted down privately what the customer said.
    let noted = json!({ "comments": [{ "author_id": 1, "public": false, "body": "Called, angry." }], "users": [{ "id": 1, "role": "agent" }] });
    let ticket = looked(&[described, answer(200, &noted)]);
    assert_eq!((&*ticket.first_customer_text(), ticket.messages.len()), ("You took the money twice.", 2));
}

#[test]
fn an_answer_that_is_no_ticket_is_tried_again() {
    let html = Answer { status: 200, headers: HeaderMap::new(), body: "<html>Just a moment".into() };
    let another = answer(200, &with(TICKET, "/ticket/id", json!(35437)));
    let unstamped = answer(200, &with(TICKET, "/ticket/updated_at", Value::Null));
    for wrong in [html, another, unstamped, answer(200, &json!({}))] {
        assert_eq!(look(&[wrong]), Next::Later(Later::Failed));
    }
}

#[test]
fn whoever_asked_is_the_customer_also_among_colleagues() {
    let mut page: Value = serde_json::from_str(LAST_PAGE).unwrap();
    page["comments"] =
        json!([{ "author_id": 9007199254742001_u64, "public": true, "body": "My laptop died." }]);
    page["users"] = json!([{ "id": 9007199254742001_u64, "role": "agent" }]);
    let ticket = with(TICKET, "/ticket/requester_id", json!(9007199254742001_u64));
    assert_eq!(looked(&[answer(200, &ticket), answer(200, &page)]).first_customer_text(), "My laptop died.");
}

fn names(answers: &[Value]) -> Next<Directory> {
    open().names(&answers.iter().map(|body| answer(200, body)).collect::<Vec<_>>())
}

#[test]
fn names_are_read_page_by_page() {
    let last = json!({ "has_more": false, "after_cursor": "b" });
    let answers = [
        json!({ "groups": [{ "id": 9007199254740995_u64, "name": "Billing" }],
                "meta": { "has_more": true, "after_cursor": "a+b" }, "links": { "next": null } }),
        json!({ "groups": [{ "id": 2, "name": "Old", "deleted": true }, { "id": 3, "name": "Sales", "deleted": false },
                            { "id": 4, "name": null }],
                "meta": last }),
        json!({ "ticket_fields": [
                  { "id": 1, "type": "subject", "title": "Subject", "active": true },
                  { "id": 2, "type": "priority", "title": "Priority", "active": true },
                  { "id": 11, "type": "tagger", "title": "Category", "active": true,
                    "custom_field_options": [{ "id": 5, "name": "Billing", "value": "billing" },
                                             { "id": 6, "name": "Other", "value": "other", "default": true },
                                             { "id": 66, "name": "Odd", "value": null }] },
                  { "id": 19, "type": "text", "title": null },
                  { "id": 12, "type": "multiselect", "title": "Colours",
                    "custom_field_options": [{ "id": 7, "name": "Red", "value": "red", "default": false }] },
                  { "id": 13, "type": "integer", "title": "Seats" },
                  { "id": 14, "type": "checkbox", "title": "Escalated", "tag": "esc" },
                  { "id": 15, "type": "date", "title": "Due" },
                  { "id": 16, "type": "lookup", "title": "Asset" },
                  { "id": 17, "type": "text", "title": "Retired", "active": false },
                  { "id": 18, "type": "textarea", "title": "Story" } ],
                "meta": last }),
        json!({ "users": [
                  { "id": 9007199254740999_u64, "name": "Ada", "email": "ada@example.com", "role": "agent", "active": true },
                  { "id": 8, "name": "Gone", "email": "gone@example.com", "role": "agent", "active": false },
                  { "id": 9, "name": "Held", "email": null, "role": "agent", "active": true, "suspended": true } ],
                "meta": last }),
        json!({ "brands": [{ "id": 9007199254741401_u64, "name": "Outlet" }], "meta": last }),
        json!({ "user": { "id": 9007199254740993_u64, "name": "Deskbridge" } }),
    ];
    for (given, asked) in [
        (0, "/api/v2/groups?page%5Bsize%5D=100"),
        (1, "/api/v2/groups?page%5Bsize%5D=100&page%5Bafter%5D=a%2Bb"),
        (2, "/api/v2/ticket_fields?page%5Bsize%5D=100"),
        (3, "/api/v2/users?page%5Bsize%5D=100&role%5B%5D=agent&role%5B%5D=admin"),
        (4, "/api/v2/brands?page%5Bsize%5D=100"),
        (5, "/api/v2/users/me"),
    ] {
        assert_eq!(asks(names(&answers[..given])), asked);
    }
    let Next::Done(directory) = names(&answers) else { panic!() };
    assert_eq!(directory.me, Some(RemoteId("9007199254740993".into())));
    assert_eq!(directory.group("billing").unwrap().id.as_str(), "9007199254740995");
    assert!(directory.group("Sales").is_ok() && directory.group("Old").is_err());
    assert_eq!(directory.brand("outlet").unwrap().id.as_str(), "9007199254741401");
    assert_eq!(directory.agents.len(), 1);
    assert_eq!(
        directory.presets,
        BTreeMap::from([(RemoteId("11".into()), FieldValue::Text("other".into()))]),
        "the option that a form chooses"
    );
    assert_eq!(
        directory.left_out,
        [
            "group 4 has an invalid `name`",
            "field 19 has an invalid `title`",
            "option 66 has an invalid `value` of field 11"
        ],
        "one odd record stops nothing"
    );
    let kinds: Vec<_> = directory.fields.iter().map(|field| (field.name.as_str(), &field.kind)).collect();
    assert!(matches!(
        kinds[..],
        [
            ("Category", FieldKind::One(_)),
            ("Colours", FieldKind::Many(_)),
            ("Seats", FieldKind::Number),
            ("Escalated", FieldKind::Flag),
            ("Due", FieldKind::Date),
            ("Asset", FieldKind::Other(_)),
            ("Story", FieldKind::Text),
        ]
    ));
}

#[test]
fn an_anonymous_user_means_that_our_credentials_count_for_nothing() {
    let empty = json!({ "groups": [], "ticket_fields": [], "users": [], "brands": [] });
    let me = json!({ "user": { "id": null, "name": "Anonymous user" } });
    let end = names(&[empty.clone(), empty.clone(), empty.clone(), empty, me]);
    assert_eq!(end, Next::Refused(Refusal::Credentials));
}

#[test]
fn the_pace_is_in_the_headers() {
    let pace = |headers: &[(&'static str, &'static str)]| {
        let headers =
            headers.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap())).collect();
        open().pace(&Answer { status: 200, headers, body: "".into() })
    };
    let reset = Some(Duration::from_secs(41));
    assert_eq!(
        pace(&[("ratelimit-limit", "700"), ("ratelimit-remaining", "699"), ("ratelimit-reset", "41")]),
        Some(Pace { limit: 700, remaining: 699, reset })
    );
    assert_eq!(
        pace(&[("x-rate-limit", "400"), ("x-rate-limit-remaining", "7")]),
        Some(Pace { limit: 400, remaining: 7, reset: None })
    );
    assert_eq!(pace(&[("x-rate-limit", "400")]), None);
    assert_eq!(pace(&[("ratelimit-limit", "many"), ("ratelimit-remaining", "few")]), None);
}
