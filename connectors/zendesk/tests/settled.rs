//! What became of a ticket, by its audits.

use serde_json::json;

use super::open;
use crate::call::Next;
use crate::contract::answer;
use crate::directory::Directory;
use crate::settled::{By, Change, Listing, Page, Part, Settled, Window};
use crate::ticket::{FieldValue, RemoteId, TicketId};

fn settled(status: &str) -> Settled {
    let ticket = json!({ "ticket": {
        "id": 35436, "updated_at": "2026-11-22T10:00:00Z", "created_at": "2026-11-20T10:00:00Z", "status": status,
        "requester_id": 7, "group_id": 2, "priority": "high", "tags": ["a"], "description": "Charged twice",
        "custom_fields": [{ "id": 360001, "value": "billing" }],
    }, "users": [] });
    let first = json!({ "audits": [
        { "created_at": "2026-11-20T10:00:00Z", "author_id": 7, "via": { "channel": "email" }, "events": [
            { "type": "Comment", "public": true },
            { "type": "Create", "field_name": "priority", "value": null },
            { "type": "Create", "field_name": "tags", "value": ["vip"] },
            { "type": "Create", "field_name": "status", "value": "new" },
            { "type": "Change", "field_name": "group_id", "value": "1", "previous_value": null,
              "via": { "channel": "rule", "source": { "rel": "trigger" } } },
        ] },
        { "created_at": "2026-11-20T10:01:00Z", "author_id": 9, "via": { "channel": "api" }, "events": [
            { "type": "Change", "field_name": "360001", "value": "shipping", "previous_value": null },
            { "type": "Comment", "public": false },
        ] },
    ], "meta": { "has_more": true, "after_cursor": "x" }, "links": { "next": null } });
    let last = json!({ "audits": [
        { "created_at": "2026-11-20T11:00:00Z", "author_id": 21, "via": { "channel": "web" }, "events": [
            { "type": "Change", "field_name": "360001", "value": "billing", "previous_value": "shipping" },
            { "type": "Change", "field_name": "tags", "value": ["a"], "previous_value": ["vip"] },
            { "type": "Change", "field_name": "group_id", "value": "2", "previous_value": "1" },
            { "type": "Comment", "public": true },
            { "type": "Change", "field_name": "status", "value": "solved", "previous_value": "new" },
            { "type": "Notification" },
        ] },
        { "created_at": "2026-11-24T11:00:00Z", "author_id": -1, "via": { "channel": "automation" }, "events": [
            { "type": "Change", "field_name": "status", "value": "closed", "previous_value": "solved" },
        ] },
    ], "meta": { "has_more": false } });
    let me = Directory { me: Some(RemoteId("9".to_owned())), ..Directory::default() };
    let id = TicketId::new("35436").unwrap();
    let answers = [answer(200, &ticket), answer(200, &first), answer(200, &last)];
    for (given, asked) in [
        (0, "/api/v2/tickets/35436?include=users"),
        (1, "/api/v2/tickets/35436/audits?page%5Bsize%5D=100"),
        (2, "/api/v2/tickets/35436/audits?page%5Bsize%5D=100&page%5Bafter%5D=x"),
    ] {
        let Next::Send(read) = open().settled(&id, &me, &answers[..given]) else { panic!("a read") };
        assert_eq!(read.path.as_str(), asked);
    }
    match open().settled(&id, &me, &answers) {
        Next::Done(settled) => settled,
        other => panic!("{other:?}"),
    }
}

#[test]
fn audits_tell_who_changed_what_and_when() {
    let settled = settled("closed");
    let change = |at: &str, by, part, value: Option<&str>| Change {
        at: at.parse().unwrap(),
        by,
        part,
        value: value.map(|value| FieldValue::Text(value.to_owned())),
    };
    let person = || By::Person(RemoteId("21".to_owned()));
    let field = || Part::Field(RemoteId("360001".to_owned()));
    assert_eq!(
        settled.changes,
        [
            change("2026-11-20T10:00:00Z", By::Customer, Part::Priority, None),
            change("2026-11-20T10:00:00Z", By::Customer, Part::TagAdded("vip".to_owned()), None),
            change("2026-11-20T10:00:00Z", By::Automation, Part::Group, Some("1")),
            change("2026-11-20T10:01:00Z", By::Us, field(), Some("shipping")),
            change("2026-11-20T11:00:00Z", person(), field(), Some("billing")),
            change("2026-11-20T11:00:00Z", person(), Part::TagAdded("a".to_owned()), None),
            change("2026-11-20T11:00:00Z", person(), Part::TagRemoved("vip".to_owned()), None),
            change("2026-11-20T11:00:00Z", person(), Part::Group, Some("2")),
        ]
    );
    // Solved by a person; that the platform closed it days later is nobody's choice.
    assert_eq!(settled.closed_at, Some("2026-11-20T11:00:00Z".parse().unwrap()));
    assert_eq!(settled.first_reply_at, Some("2026-11-20T11:00:00Z".parse().unwrap()));
    assert_eq!(settled.ticket.first_customer_text(), "Charged twice");
    assert_eq!(settled.touched_at, Some("2026-11-22T10:00:00Z".parse().unwrap()));
}

#[test]
fn a_ticket_that_was_opened_again_is_not_done() {
    assert_eq!(settled("open").closed_at, None);
}

fn window(cursor: Option<String>) -> Window {
    Window {
        of: Listing::Resolved,
        since: "2026-11-01T00:00:00Z".parse().unwrap(),
        until: "2026-11-08T00:00:00Z".parse().unwrap(),
        cursor,
    }
}

#[test]
fn resolved_tickets_are_listed_by_the_search_export() {
    let Next::Send(first) = open().listed(&window(None), &[]) else { panic!("a read") };
    let path = "/api/v2/search/export?filter%5Btype%5D=ticket&page%5Bsize%5D=100&query=solved%3E%3D2026-11-01T00%3A00%3A00Z%20solved%3C2026-11-08T00%3A00%3A00Z";
    assert_eq!(first.path.as_str(), path);
    // The index keeps whole seconds: the window is widened to them.
    let uneven = Window {
        since: "2026-11-01T00:00:00.123456789Z".parse().unwrap(),
        until: "2026-11-07T23:59:59.000001Z".parse().unwrap(),
        ..window(None)
    };
    let Next::Send(widened) = open().listed(&uneven, &[]) else { panic!("a read") };
    assert_eq!(widened.path.as_str(), path);
    let page = json!({ "results": [{ "id": 35436 }, { "id": "bad/id" }], "meta": { "has_more": true, "after_cursor": "a+b&c" } });
    let Next::Done(page) = open().listed(&window(None), &[answer(200, &page)]) else { panic!("a page") };
    let tickets = vec![TicketId::new("35436").unwrap()];
    assert_eq!(page, Page { tickets, total: None, next: Some("a+b&c".to_owned()) });
    let Next::Send(second) = open().listed(&window(page.next), &[]) else { panic!("a read") };
    assert_eq!(second.path.as_str(), format!("{path}&page%5Bafter%5D=a%2Bb%26c"));
    let last = json!({ "results": [], "meta": { "has_more": false, "after_cursor": "z" } });
    assert_eq!(open().listed(&window(None), &[answer(200, &last)]), Next::Done(Page::default()));
}
