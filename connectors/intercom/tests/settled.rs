//! What became of a conversation or a ticket, by its parts.

use serde_json::{Value, json};

use super::connector;
use crate::call::Next;
use crate::contract::answer;
use crate::directory::Directory;
use crate::settled::{By, Change, Listing, Page, Part, Settled, Window};
use crate::ticket::{FieldValue, RemoteId, TicketId};

fn settled(id: &str, item: &Value) -> Settled {
    let me = Directory { me: Some(RemoteId("9".to_owned())), ..Directory::default() };
    match connector("2.14").settled(&TicketId::new(id).unwrap(), &me, &[answer(200, item)]) {
        Next::Done(settled) => settled,
        other => panic!("{other:?}"),
    }
}

fn change(seconds: i64, by: By, part: Part, value: Option<&str>) -> Change {
    let at = jiff::Timestamp::from_second(seconds).unwrap();
    Change { at, by, part, value: value.map(|value| FieldValue::Text(value.to_owned())) }
}

fn person() -> By {
    By::Person(RemoteId("21".to_owned()))
}

#[test]
fn a_conversations_parts_tell_its_changes() {
    let admin = |id: u64| json!({ "type": "admin", "id": id });
    let bot = json!({ "type": "bot", "id": "3", "name": "Fin" });
    let item = json!({
        "type": "conversation", "id": "123", "created_at": 1000, "updated_at": 9000, "state": "closed",
        "team_assignee_id": 5, "custom_attributes": { "Issue type": "Billing" },
        "tags": { "tags": [{ "id": "1", "name": "refund", "applied_at": 1150, "applied_by": admin(9) }] },
        "statistics": { "last_close_at": 8000 },
        "conversation_parts": { "conversation_parts": [
            { "part_type": "conversation_attribute_updated_by_admin", "created_at": 1100, "author": bot,
              "event_details": { "attribute": { "name": "Issue type" }, "value": { "name": "Shipping" } },
              "app_package_code": "deskbridge" },
            { "part_type": "comment", "created_at": 1200, "author": bot, "body": "How can I help?" },
            { "part_type": "conversation_attribute_updated_by_workflow", "created_at": 1300, "author": bot,
              "event_details": { "attribute": { "name": "Priority" }, "value": { "name": "High" } } },
            { "part_type": "assignment", "created_at": 1400, "author": admin(9), "assigned_to": { "type": "team", "id": 4 } },
            { "part_type": "assignment", "created_at": 1500, "author": admin(21), "assigned_to": { "type": "team", "id": "5" } },
            { "part_type": "conversation_attribute_updated_by_admin", "created_at": 1600, "author": admin(21),
              "event_details": { "attribute": { "name": "Issue type" }, "value": { "name": "Billing" } } },
            { "part_type": "note", "created_at": 1700, "author": admin(21), "body": "refunded" },
            { "part_type": "comment", "created_at": 1800, "author": admin(21), "body": "Done." },
            { "part_type": "close", "created_at": 8000, "author": admin(21) },
        ] },
    });
    let settled = settled("123", &item);
    let field = || Part::Field(RemoteId("Issue type".to_owned()));
    assert_eq!(
        settled.changes,
        [
            change(1100, By::Us, field(), Some("Shipping")),
            change(1150, By::Us, Part::TagAdded("refund".to_owned()), None),
            change(1300, By::Automation, Part::Priority, Some("high")),
            change(1400, By::Us, Part::Group, Some("4")),
            change(1500, person(), Part::Group, Some("5")),
            change(1600, person(), field(), Some("Billing")),
        ]
    );
    let at = |seconds| jiff::Timestamp::from_second(seconds).ok();
    assert_eq!((settled.closed_at, settled.first_reply_at), (at(8000), at(1800)));
    assert_eq!(settled.touched_at, at(9000));
}

#[test]
fn a_tickets_parts_name_attributes_by_label() {
    let item = json!({
        "type": "ticket", "id": "123", "created_at": 1000, "updated_at": 9000,
        "ticket_state": { "category": "in_progress" }, "ticket_attributes": { "Issue type": "Billing" },
        "ticket_parts": { "ticket_parts": [
            { "part_type": "ticket_attribute_updated_by_admin", "created_at": 1600, "author": { "type": "admin", "id": "21" },
              "updated_attribute_data": { "attribute": { "id": "7", "label": "Issue type" }, "value": { "id": "x", "label": "Billing" } } },
            { "part_type": "assignment", "created_at": 1700, "author": { "type": "admin", "id": "21" },
              "assigned_to": { "type": "admin", "id": "22" } },
        ] },
    });
    let settled = settled("ticket-123", &item);
    assert_eq!(
        settled.changes,
        [
            change(1600, person(), Part::Field(RemoteId("Issue type".to_owned())), Some("Billing")),
            change(1700, person(), Part::Assignee, Some("22")),
        ]
    );
    assert_eq!(settled.closed_at, None, "still being worked on");
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
fn resolved_conversations_come_first_and_tickets_after_them() {
    let asked = |cursor: Option<&str>| match connector("2.14").listed(&window(cursor.map(str::to_owned)), &[])
    {
        Next::Send(read) => (read.path.as_str().to_owned(), read.search.unwrap()),
        other => panic!("{other:?}"),
    };
    let (path, question) = asked(None);
    assert_eq!(path, "/conversations/search");
    let bounds = |field: &str| {
        [
            json!({ "field": field, "operator": ">", "value": 1_793_491_199 }),
            json!({ "field": field, "operator": "<", "value": 1_794_096_000 }),
        ]
    };
    let [since, until] = bounds("statistics.last_close_at");
    let closed = json!({ "field": "state", "operator": "=", "value": "closed" });
    assert_eq!(
        question,
        json!({
            "query": { "operator": "AND", "value": [closed, since, until] }, "pagination": { "per_page": 150 },
        })
    );
    assert_eq!(asked(Some("x")).1["pagination"]["starting_after"], "x");
    assert_eq!(asked(Some("tickets:")).0, "/tickets/search");
    assert_eq!(asked(Some("tickets:y")).1["pagination"]["starting_after"], "y");

    let page = |cursor: Option<&str>, found: Value| match connector("2.14")
        .listed(&window(cursor.map(str::to_owned)), &[answer(200, &found)])
    {
        Next::Done(page) => page,
        other => panic!("{other:?}"),
    };
    let found = json!({ "conversations": [{ "id": "12" }], "total_count": 2, "pages": { "next": { "starting_after": "x" } } });
    let first = page(None, found);
    assert_eq!(
        first,
        Page { tickets: vec![TicketId::new("12").unwrap()], total: Some(2), next: Some("x".to_owned()) }
    );
    assert_eq!(page(Some("x"), json!({ "conversations": [] })).next.as_deref(), Some("tickets:"));
    let tickets = page(Some("tickets:"), json!({ "tickets": [{ "id": "34" }], "pages": { "next": null } }));
    assert_eq!(tickets.tickets, [TicketId::new("ticket-34").unwrap()]);
    assert_eq!(tickets.next, None);
}
