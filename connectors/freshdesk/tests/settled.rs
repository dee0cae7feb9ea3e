//! What became of a ticket, by the platform's own clock of it.

use serde_json::json;

use super::*;
use crate::directory::Directory;
use crate::settled::Settled;
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
