//! Lists the tickets that were resolved, or opened, in a window, a page at a time.
//!
//! Whatever was resolved or opened since a moment was also changed since then, so the list of changed tickets, oldest change first, has
//! them all; what changed for another reason is told apart by its state here and by its own clock when it is read
//! (<https://developers.freshdesk.com/api/#list_all_tickets>). Each page goes on from the last
//! change that was shown, which shows a few tickets again and leaves none out; by number only within one second.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::wire::read;
use crate::call::{Answer, Next, Read};
use crate::settled::{Listing, Page, Window};
use crate::ticket::{RemoteId, TicketId};

const PAGE: usize = 100;
/// Resolved and closed.
const DONE: [u64; 2] = [4, 5];

#[derive(Deserialize)]
struct Row {
    id: Value,
    status: u64,
    #[serde(default)]
    created_at: String,
    updated_at: String,
}

/// Where a listing stands: changed since when, and which page of that.
struct Place {
    since: Timestamp,
    page: usize,
}

impl Place {
    fn of(window: &Window) -> Self {
        let begin = Self { since: window.since, page: 1 };
        let Some((since, page)) = window.cursor.as_deref().and_then(|cursor| cursor.split_once('|')) else {
            return begin;
        };
        match (since.parse(), page.parse()) {
            (Ok(since), Ok(page)) => Self { since, page },
            _ => begin,
        }
    }

    fn next(&self, last: Option<&Row>) -> Self {
        // From the last change that was shown, not from the next page: a ticket that changes meanwhile moves to the end, and
        // what comes after it would slip over the border between two pages unseen.
        match last.and_then(|row| row.updated_at.parse().ok()) {
            // All of a page within one second: only then the next page of the same list.
            Some(since) if since == self.since => Self { since, page: self.page + 1 },
            Some(since) => Self { since, page: 1 },
            None => Self { since: self.since, page: self.page + 1 },
        }
    }
}

pub(super) fn listed(window: &Window, answers: &[Answer]) -> Next<Page> {
    let place = Place::of(window);
    let Some(answer) = answers.first() else {
        let since = place.since.strftime("%Y-%m-%dT%H%%3A%M%%3A%SZ");
        return Next::Send(Read::get(format!(
            "/api/v2/tickets?updated_since={since}&order_by=updated_at&order_type=asc&per_page={PAGE}&page={}",
            place.page
        )));
    };
    let rows: Vec<Row> = match read(answer) {
        Ok(rows) => rows,
        Err(next) => return next,
    };
    let id = |row: &Row| TicketId::new(RemoteId::from_json(&row.id)?.0).ok();
    let belongs = |row: &&Row| match window.of {
        Listing::Resolved => DONE.contains(&row.status),
        // A moment that cannot be read is no reason to leave a ticket out.
        Listing::Opened => row.created_at.parse().map_or(true, |at: Timestamp| was_opened_in(window, at)),
    };
    let more = rows.len() >= PAGE;
    let next = more.then(|| place.next(rows.last())).map(|place| format!("{}|{}", place.since, place.page));
    Next::Done(Page { tickets: rows.iter().filter(belongs).filter_map(id).collect(), total: None, next })
}

/// Tells if a ticket was opened within a window. The platform's times are whole seconds, rounded down.
fn was_opened_in(window: &Window, at: Timestamp) -> bool {
    at.as_second() >= window.since.as_second() && at < window.until
}
