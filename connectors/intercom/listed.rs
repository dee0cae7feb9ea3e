//! Lists the conversations and tickets that were closed, or opened, in a window, a page at a time: first all conversations, then all
//! tickets.
//!
//! Both are searches, which this platform takes by POST and which change nothing
//! (<https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations/searchconversations>).

use serde::Deserialize;
use serde_json::{Value, json};

use super::verify::TICKET;
use super::wire;
use crate::call::{Answer, Next, Read};
use crate::settled::{Listing, Page, Window};
use crate::ticket::TicketId;

const PAGE: u64 = 150;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Found {
    conversations: Vec<Row>,
    tickets: Vec<Row>,
    total_count: Option<u64>,
    pages: Pages,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Row {
    id: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Pages {
    next: Option<After>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct After {
    starting_after: Option<String>,
}

/// What a cursor of ours begins with while tickets are listed.
const TICKETS: &str = "tickets:";

pub(super) fn listed(window: &Window, answers: &[Answer]) -> Next<Page> {
    let cursor = window.cursor.as_deref().unwrap_or_default();
    let (tickets, after) = match cursor.strip_prefix(TICKETS) {
        Some(after) => (true, after),
        None => (false, cursor),
    };
    let Some(answer) = answers.first() else { return Next::Send(search(window, tickets, after)) };
    let found: Found = match wire::body(answer) {
        Ok(found) => found,
        Err(next) => return next,
    };
    let rows = if tickets { &found.tickets } else { &found.conversations };
    let id = |row: &Row| {
        let id = wire::path_id(&row.id)?;
        TicketId::new(if tickets { format!("{TICKET}{id}") } else { id.0 }).ok()
    };
    let after = found.pages.next.and_then(|next| next.starting_after);
    let next = match (tickets, after) {
        (false, None) => Some(TICKETS.to_owned()),
        (false, after) => after,
        (true, after) => after.map(|after| format!("{TICKETS}{after}")),
    };
    // The count is of one of the two searches only; it says how many there are where it is the last.
    Next::Done(Page { tickets: rows.iter().filter_map(id).collect(), total: found.total_count, next })
}

fn search(window: &Window, tickets: bool, after: &str) -> Read {
    // Searches compare whole seconds, and have no "or equal".
    let (since, until) = (window.since.as_second() - 1, window.until.as_second());
    let between = |field: &str| {
        [
            json!({ "field": field, "operator": ">", "value": since }),
            json!({ "field": field, "operator": "<", "value": until }),
        ]
    };
    let (mut filters, moment) = match (window.of, tickets) {
        (Listing::Opened, _) => (vec![], "created_at"),
        // A ticket has no moment of closing to search by; its own parts tell it when it is read.
        (Listing::Resolved, true) => {
            (vec![json!({ "field": "open", "operator": "=", "value": false })], "updated_at")
        }
        (Listing::Resolved, false) => (
            vec![json!({ "field": "state", "operator": "=", "value": "closed" })],
            "statistics.last_close_at",
        ),
    };
    filters.extend(between(moment));
    let mut pagination = json!({ "per_page": PAGE });
    if !after.is_empty() {
        pagination["starting_after"] = after.into();
    }
    let body = json!({ "query": { "operator": "AND", "value": filters }, "pagination": pagination });
    Read::search(if tickets { "/tickets/search" } else { "/conversations/search" }, body)
}
