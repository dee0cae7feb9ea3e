//! `/decisions`: the ledger, newest first, filtered, a page at a time; and the same as CSV.
//!
//! Account, ticket and time are looked up in the store's indexes. Outcome and rule are not: a page looks through at most
//! [`SCANNED`] entries for them and goes on at the next page where it stopped.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use minijinja::context;
use minijinja::value::Serde;
use serde::{Deserialize, Serialize};

use super::row::{Row, row};
use super::{Admin, page, promptly};
use crate::admin::address::{escaped, moment};
use crate::admin::stream;
use crate::domain::outcome::Entry;
use crate::evidence::report::render::csv;
use crate::store::{Error, Filter};

/// Decisions on a page.
const SHOWN: usize = 50;
/// Entries looked through for one page.
const SCANNED: usize = 2000;
/// Entries asked for at once.
const BATCH: u32 = 250;
/// Entries that a CSV file looks through.
const LINES: usize = 10_000;

/// What is asked for. Empty values are what an empty field of a form sends.
#[derive(Debug, Default, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Asked {
    account: String,
    ticket: String,
    outcome: String,
    rule: String,
    since: String,
    before: String,
}

struct Found {
    entries: Vec<(i64, Entry)>,
    /// Entries that were looked through.
    scanned: usize,
    /// Where the next page begins.
    next: Option<i64>,
}

impl Asked {
    fn filter(&self) -> Result<Filter, &'static str> {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let since = match given(&self.since) {
            Some(text) => {
                Some(moment(&text).ok_or("`since` is a date or a time: 2026-11-20 or 2026-11-20T08:00:00Z")?)
            }
            None => None,
        };
        let before = match given(&self.before) {
            Some(text) => Some(text.parse().map_err(|_| "`before` is the number of a decision")?),
            None => None,
        };
        let (account, ticket) = (given(&self.account), given(&self.ticket));
        Ok(Filter { since, account, ticket, before, limit: Some(BATCH), ..Filter::default() })
    }

    fn wants(&self, entry: &Entry) -> bool {
        (self.outcome.is_empty() || self.outcome == entry.outcome.as_str())
            && (self.rule.is_empty() || entry.rules.contains(&self.rule))
    }

    /// The address of another page of the same.
    fn address(&self, path: &str, before: Option<i64>) -> String {
        let before = before.map(|id| id.to_string()).unwrap_or_default();
        let pairs = [
            ("account", &self.account),
            ("ticket", &self.ticket),
            ("outcome", &self.outcome),
            ("rule", &self.rule),
            ("since", &self.since),
            ("before", &before),
        ];
        let given = pairs.iter().filter(|(_, value)| !value.is_empty());
        let given: Vec<_> = given.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        if given.is_empty() { path.to_owned() } else { format!("{path}?{}", given.join("&")) }
    }
}

pub(super) async fn show(
    State(admin): State<Admin>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let (asked, filter) = match understood(asked) {
        Ok(understood) => understood,
        Err(why) => return (StatusCode::BAD_REQUEST, why).into_response(),
    };
    let found = search(&admin, filter, &asked, SHOWN, SCANNED).await;
    let problem = found.as_ref().err().map(ToString::to_string);
    let found = found.unwrap_or(Found { entries: Vec::new(), scanned: 0, next: None });
    let rows: Vec<Row> = found.entries.iter().map(|(id, entry)| row(*id, entry)).collect();
    let mut accounts: Vec<_> = admin.board.accounts().iter().map(|(name, _)| name.clone()).collect();
    accounts.extend(rows.iter().map(|row| row.account.clone()));
    accounts.sort();
    accounts.dedup();
    let values = context! {
        older => found.next.map(|id| asked.address("/decisions", Some(id))),
        newest => (!asked.before.is_empty()).then(|| asked.address("/decisions", None)),
        csv => asked.address("/decisions.csv", None),
        asked => Serde(asked),
        accounts,
        outcomes => ["applied", "suggested", "shadowed", "no_rule", "skipped", "moot", "undone", "forgotten"],
        rows => Serde(rows),
    };
    page(&admin, "decisions.html", "/decisions", problem, values).await
}

pub(super) async fn csv(State(admin): State<Admin>, asked: Result<Query<Asked>, QueryRejection>) -> Response {
    let (asked, filter) = match understood(asked) {
        Ok(understood) => understood,
        Err(why) => return (StatusCode::BAD_REQUEST, why).into_response(),
    };
    // The first page is read before the answer begins, so that a store that cannot be read is told by the status.
    let first = match search(&admin, filter.clone(), &asked, BATCH as usize, LINES).await {
        Ok(first) => first,
        Err(error) => return (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    };
    let kind = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"decisions.csv\""),
    ];
    let body = stream::body(|chunks| async move {
        let (mut found, mut left) = (first, LINES);
        let mut text = csv::line(&HEADER);
        loop {
            found.entries.iter().for_each(|(id, entry)| text.push_str(&line(*id, entry)));
            left = left.saturating_sub(found.scanned);
            if !chunks.send(std::mem::take(&mut text)).await {
                return Ok(());
            }
            let Some(before) = found.next.filter(|_| left > 0) else { return Ok(()) };
            let older = Filter { before: Some(before), ..filter.clone() };
            found = search(&admin, older, &asked, BATCH as usize, left).await?;
        }
    });
    (kind, body).into_response()
}

const HEADER: [&str; 10] =
    ["id", "decided_at", "account", "ticket", "mode", "predictions", "rules", "effects", "outcome", "reason"];

fn line(id: i64, entry: &Entry) -> String {
    let row = row(id, entry);
    let said = row.predictions.iter().map(|said| {
        let percent = said.percent.as_ref().map(|percent| format!(" {percent} %")).unwrap_or_default();
        format!("{} {}{percent}", said.head, said.label)
    });
    let effects = row.effects.iter().map(|done| format!("{} {}: {}", done.kind, done.value, done.state));
    csv::line(&[
        &row.id.to_string(),
        &entry.decided_at.to_string(),
        &row.account,
        &row.ticket,
        row.mode,
        &said.collect::<Vec<_>>().join("; "),
        &row.rules.join("; "),
        &effects.collect::<Vec<_>>().join("; "),
        row.outcome,
        row.reason.as_deref().unwrap_or_default(),
    ])
}

fn understood(asked: Result<Query<Asked>, QueryRejection>) -> Result<(Asked, Filter), &'static str> {
    let Ok(Query(asked)) = asked else {
        return Err("`account`, `ticket`, `outcome`, `rule`, `since` and `before` are understood, each once");
    };
    let filter = asked.filter()?;
    Ok((asked, filter))
}

/// The newest fitting entries, newest first: at most `shown` of at most `scanned`.
async fn search(
    admin: &Admin,
    mut filter: Filter,
    asked: &Asked,
    shown: usize,
    scanned: usize,
) -> Result<Found, Error> {
    let (mut entries, mut seen) = (Vec::new(), 0);
    loop {
        let batch = promptly(admin.store.decisions(&filter)).await?;
        let last = batch.len() < BATCH as usize;
        for (id, entry) in batch.into_iter().rev() {
            filter.before = Some(id);
            seen += 1;
            if asked.wants(&entry) {
                entries.push((id, entry));
            }
            if entries.len() == shown || seen == scanned {
                return Ok(Found { entries, scanned: seen, next: filter.before });
            }
        }
        if last {
            return Ok(Found { entries, scanned: seen, next: None });
        }
    }
}
