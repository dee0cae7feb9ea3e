//! Lists the tickets that were resolved, or opened, in a window, a page at a time.
//!
//! By the search export: its cursor gives no ticket twice, and an ordinary agent may use it, where the incremental export
//! takes an administrator (<https://developer.zendesk.com/api-reference/ticketing/ticket-management/search/#export-search-results>).
//! The index lags minutes behind, so that a window should end some minutes ago; a cursor lives for an hour.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::wire::parse;
use crate::call::{Answer, Later, Next, Read, judge};
use crate::settled::{Listing, Page, Window};
use crate::ticket::{RemoteId, TicketId};

#[derive(Deserialize)]
struct Results {
    results: Vec<Found>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Deserialize)]
struct Found {
    #[serde(default)]
    id: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Meta {
    has_more: bool,
    after_cursor: Option<String>,
}

pub(super) fn listed(window: &Window, answers: &[Answer]) -> Next<Page> {
    let Some(answer) = answers.first() else {
        let moment = match window.of {
            Listing::Resolved => "solved",
            Listing::Opened => "created",
        };
        let (since, until) =
            (whole_second(window.since, Bound::Lower), whole_second(window.until, Bound::Upper));
        let query = format!("{moment}>={since} {moment}<{until}");
        let mut path = format!(
            "/api/v2/search/export?filter%5Btype%5D=ticket&page%5Bsize%5D=100&query={}",
            encoded(&query)
        );
        if let Some(cursor) = &window.cursor {
            path.push_str("&page%5Bafter%5D=");
            path.push_str(&encoded(cursor));
        }
        return Next::Send(Read::get(path));
    };
    if let Err(next) = judge(answer) {
        return next;
    }
    let Some(Results { results, meta }) = parse::<Results>(answer) else { return Next::Later(Later::Failed) };
    let id = |found: &Found| TicketId::new(RemoteId::from_json(&found.id)?.0).ok();
    Next::Done(Page {
        tickets: results.iter().filter_map(id).collect(),
        total: None,
        next: meta.after_cursor.filter(|_| meta.has_more),
    })
}

/// An end of a window.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bound {
    Lower,
    Upper,
}

/// Rounds a time to a whole second, outwards, as the search index keeps times. The type of the results stands in `filter[type]`
/// alone: beside it the reference forbids `type:` in the query.
fn whole_second(at: Timestamp, bound: Bound) -> Timestamp {
    let up = bound == Bound::Upper && at.subsec_nanosecond() > 0;
    Timestamp::from_second(at.as_second() + i64::from(up)).unwrap_or(at)
}

/// Everything but letters and digits as `%XX`: what stands here may have come from an answer.
fn encoded(text: &str) -> String {
    let mut path = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => path.push(byte.into()),
            other => path.push_str(&format!("%{other:02X}")),
        }
    }
    path
}
