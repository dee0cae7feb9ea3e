//! `/api/decisions?since=&account=&limit=`: the ledger as a JSON array, oldest first.
//!
//! Each element is a line of `deskbridge decisions --json`. Without a limit the newest hundred are shown.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tracing::warn;

use super::{Admin, promptly};
use crate::domain::outcome::Entry;
use crate::store::Filter;

const USUAL: u32 = 100;
const MOST: u32 = 1000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    since: Option<String>,
    account: Option<String>,
    limit: Option<u32>,
}

#[derive(Serialize)]
struct Line<'a> {
    id: i64,
    #[serde(flatten)]
    entry: &'a Entry,
}

pub(super) async fn list(
    State(admin): State<Admin>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Ok(Query(asked)) = asked else {
        return refuse("`since`, `account` and `limit` (a number) are understood, each once");
    };
    let since = match asked.since.as_deref().map(moment) {
        Some(None) => return refuse("`since` is a date or a time: 2026-11-20 or 2026-11-20T08:00:00Z"),
        Some(since) => since,
        None => None,
    };
    let limit = Some(asked.limit.unwrap_or(USUAL).min(MOST));
    let filter = Filter { since, account: asked.account, limit, ..Filter::default() };
    match promptly(admin.store.decisions(&filter)).await {
        Ok(mut entries) => {
            // What `replay` needs is half of an entry, and nobody reads it here.
            entries.iter_mut().for_each(|(_, entry)| entry.snapshot = None);
            let lines: Vec<_> = entries.iter().map(|(id, entry)| Line { id: *id, entry }).collect();
            Json(lines).into_response()
        }
        Err(error) => {
            warn!(%error, "the ledger cannot be read");
            let answer = Json(json!({ "error": "the ledger cannot be read at the moment" }));
            (StatusCode::SERVICE_UNAVAILABLE, answer).into_response()
        }
    }
}

fn refuse(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": why }))).into_response()
}

/// A time with its offset, or a date at midnight in UTC.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    // In a query string a `+` that was not escaped arrives as a space.
    let text = text.trim().replace(' ', "+");
    text.parse().ok().or_else(|| {
        // A longer text that begins with a date is a time without its zone, and not midnight.
        let midnight =
            text.parse::<Date>().ok().filter(|_| text.len() == 10)?.to_zoned(TimeZone::UTC).ok()?;
        Some(midnight.timestamp())
    })
}
