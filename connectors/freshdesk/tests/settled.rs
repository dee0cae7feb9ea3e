//! What became of a ticket, by the platform's own clock of it.

use serde_json::json;

use super::*;
use crate::directory::Directory;
use crate::settled::{Listing, Page, Settled, Window};
use crate::ticket::TicketId;

fn settled(status: u64, stats: Value) -> Settled {
    let connector = Platform::Freshdesk.open(&account()).unwrap().connector;
    let id = TicketId::new("35436").unwrap();
    let first = connector.settled(&id, &Directory::default(), &[]);
    assert_eq!(first, Next::Send(Read::get("/api/v2/tickets/35436?include=requester,stats")));
    let body = json!({
        "id": 35436, "updated_at": "2026-11-22T10:00:00Z", "created_at": "2026-11-20T10:00:00Z", "status": status,
        "priority": 3, "tags": ["a"], "description_text": "Charged twice", "custom_fields": { "cf_category": "Billing" },
        "stats": stats,
    });
    match connector.settled(&id, &Directory::default(), &[contract::answer(200, &body)]) {
        Next::Done(settled) => settled,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_clock_tells_when_it_was_answered_and_done_and_nothing_tells_by_whom() {
    let stats = json!({
        "first_responded_at": "2026-11-20T11:00:00Z", "resolved_at": "2026-11-21T09:00:00Z",
        "closed_at": "2026-11-22T09:00:00Z",
    });
    let done = settled(5, stats.clone());
    assert_eq!(done.closed_at, Some("2026-11-21T09:00:00Z".parse().unwrap()));
    assert_eq!(done.first_reply_at, Some("2026-11-20T11:00:00Z".parse().unwrap()));
    assert_eq!(done.touched_at, Some("2026-11-22T10:00:00Z".parse().unwrap()));
    assert!(done.changes.is_empty() && done.told.is_empty());
    assert_eq!(done.ticket.first_customer_text(), "Charged twice");
    assert_eq!(settled(2, stats).closed_at, None, "opened again");
    assert_eq!(settled(4, json!(null)).closed_at, Some("2026-11-22T10:00:00Z".parse().unwrap()));
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
fn resolved_tickets_are_among_the_changed_ones_and_a_long_list_moves_on() {
    let connector = Platform::Freshdesk.open(&account()).unwrap().connector;
    let asked = |cursor: Option<&str>| match connector.listed(&window(cursor.map(str::to_owned)), &[]) {
        Next::Send(read) => read.path.as_str().to_owned(),
        other => panic!("{other:?}"),
    };
    let path = |since: &str, page: u32| {
        format!(
            "/api/v2/tickets?updated_since={since}&order_by=updated_at&order_type=asc&per_page=100&page={page}"
        )
    };
    assert_eq!(asked(None), path("2026-11-01T00%3A00%3A00Z", 1));
    assert_eq!(asked(Some("2026-11-02T10:00:00Z|7")), path("2026-11-02T10%3A00%3A00Z", 7));
    assert_eq!(asked(Some("no cursor of ours")), path("2026-11-01T00%3A00%3A00Z", 1));

    let rows: Vec<Value> = (1..=100)
        .map(|id| json!({ "id": id, "status": 2 + id % 4, "updated_at": "2026-11-03T10:00:00Z" }))
        .collect();
    let page = |cursor: Option<&str>, rows: &[Value]| {
        let answer = contract::answer(200, &Value::from(rows.to_vec()));
        match connector.listed(&window(cursor.map(str::to_owned)), &[answer]) {
            Next::Done(page) => page,
            other => panic!("{other:?}"),
        }
    };
    let first = page(None, &rows);
    assert_eq!(first.tickets.len(), 50, "resolved and closed ones only");
    // Not page 2: a ticket that changes meanwhile would move one from there to page 1, unseen.
    assert_eq!(first.next.as_deref(), Some("2026-11-03T10:00:00Z|1"));
    // A hundred changes within one second are leafed through.
    assert_eq!(page(Some("2026-11-03T10:00:00Z|1"), &rows).next.as_deref(), Some("2026-11-03T10:00:00Z|2"));
    assert_eq!(page(None, &rows[..99]).next, None);
    assert_eq!(page(None, &[]), Page::default());
}
