//! `/`: what waits, what came in, what was decided lately, where each account and label stands, and what needs a look.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use deskbridge_connectors::Skip;
use jiff::{SignedDuration, Timestamp};
use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use super::row::{moment, row};
use super::{Admin, page, promptly};
use crate::admin::metrics::waited_seconds;
use crate::domain::outcome::{Entry, Outcome};
use crate::evidence::report::backlog::{Backlog, LATELY};
use crate::evidence::report::render::html;
use crate::evidence::report::render::view::view;
use crate::evidence::report::render::{chart, words};
use crate::store::{Depth, Error, Filter, Headline};
use crate::telemetry::names;

/// Decisions that the totals are made of.
const COUNTED: u32 = 1000;
/// Decisions in the table.
const SHOWN: usize = 15;
/// Entries that are looked through for them.
const SCANNED: usize = 300;
/// What may come of a decision, as it is stacked in the chart.
const OUTCOMES: [Outcome; 7] = [
    Outcome::Applied,
    Outcome::Suggested,
    Outcome::Shadowed,
    Outcome::NoRule,
    Outcome::Skipped,
    Outcome::Moot,
    Outcome::Undone,
];

#[derive(Serialize)]
struct AccountRow {
    name: String,
    mode: String,
    decided: usize,
    budget: Option<String>,
    /// Whether its platform gives no usable answers, so that its work waits.
    tripped: bool,
}

pub(super) async fn show(State(admin): State<Admin>) -> Response {
    let now = admin.clock.now();
    let (depth, entries, latest, figures) = tokio::join!(
        promptly(admin.store.depth()),
        promptly(admin.store.headlines(COUNTED)),
        promptly(latest(&admin)),
        admin.board.figures(now)
    );
    let problem = depth.as_ref().err().or(entries.as_ref().err()).or(latest.as_ref().err());
    let problem = problem.map(ToString::to_string).or(figures.as_ref().err().map(ToString::to_string));
    let (depth, entries) = (depth.unwrap_or_default(), entries.unwrap_or_default());
    let latest = latest.unwrap_or_default();
    let mut totals = BTreeMap::<&str, usize>::new();
    for entry in &entries {
        *totals.entry(entry.outcome.as_str()).or_default() += 1;
    }
    let rows: Vec<_> = latest.iter().map(|(id, entry)| row(*id, entry)).collect();
    let columns = columns(&entries, now);
    let figures_at = figures.as_ref().ok().map(|figures| moment(figures.at));
    let view = figures.ok().map(|figures| html::value(view(&figures.report)));
    let kinds: Vec<_> =
        OUTCOMES.map(Outcome::as_str).into_iter().filter(|kind| totals.contains_key(kind)).collect();
    let values = context! {
        pending => depth.pending,
        backlog => backlog(&depth, &entries, now).told(),
        claimed => depth.claimed,
        dead => depth.dead,
        waited => words::seconds(waited_seconds(&depth, now)),
        counted => entries.len(),
        all_counted => entries.len() < COUNTED as usize,
        totals,
        chart => (!entries.is_empty()).then(|| chart::columns(&columns, "Decisions over time, by outcome")),
        kinds,
        accounts => Serde(accounts(&admin, &entries, &latest)),
        view,
        figures_at,
        rows => Serde(rows),
    };
    page(&admin, "overview.html", "/", problem, values).await
}

/// The latest entries that are about triage, newest first; of the newest [`SCANNED`].
async fn latest(admin: &Admin) -> Result<Vec<(i64, Entry)>, Error> {
    let mut filter = Filter { limit: Some(2 * SHOWN as u32), ..Filter::default() };
    let (mut found, mut seen) = (Vec::new(), 0);
    loop {
        let page = admin.store.decisions(&filter).await?;
        seen += page.len();
        let full = filter.limit.is_some_and(|limit| page.len() == limit as usize);
        filter.before = page.first().map(|(id, _)| *id);
        let told = |(_, entry): &(i64, Entry)| entry.reason.as_deref() != Some(Skip::NotSubscribed.as_str());
        found.extend(page.into_iter().rev().filter(told));
        if found.len() >= SHOWN || !full || seen >= SCANNED {
            found.truncate(SHOWN);
            return Ok(found);
        }
    }
}

/// What waits, by the pace of what was decided lately, as far as the counted entries reach back.
fn backlog(depth: &Depth, entries: &[Headline], now: Timestamp) -> Backlog {
    let lately = entries.iter().filter(|entry| now.duration_since(entry.decided_at) < LATELY).count();
    Backlog::of(depth.pending, depth.oldest, lately)
}

/// Every account with its mode, what was decided on it, and what its platform still allows.
fn accounts(admin: &Admin, entries: &[Headline], latest: &[(i64, Entry)]) -> Vec<AccountRow> {
    let mut modes: BTreeMap<&str, String> =
        latest.iter().rev().map(|(_, entry)| (entry.account.as_str(), entry.mode.to_string())).collect();
    modes.extend(admin.board.accounts().iter().map(|(name, mode)| (name.as_str(), mode.to_string())));
    let metrics = admin.metrics.render();
    let row = |(name, mode): (&str, String)| AccountRow {
        decided: entries.iter().filter(|entry| entry.account == name).count(),
        budget: gauge(&metrics, names::API_BUDGET_REMAINING, name),
        tripped: gauge(&metrics, names::CIRCUIT_OPEN, name).is_some_and(|open| open != "0"),
        name: name.to_owned(),
        mode,
    };
    modes.into_iter().map(row).collect()
}

/// A gauge of an account, as it stands in the metrics' text.
fn gauge(metrics: &str, name: &str, account: &str) -> Option<String> {
    let line = format!("{name}{{account=\"{account}\"}} ");
    metrics.lines().find_map(|text| text.strip_prefix(&line)).map(str::to_owned)
}

/// The decisions by hour where they are of two days, by day where they are of more.
fn columns(entries: &[Headline], now: Timestamp) -> Vec<chart::Column> {
    let Some(first) = entries.iter().map(|entry| entry.decided_at).min() else { return Vec::new() };
    let hourly = now.duration_since(first) < SignedDuration::from_hours(48);
    let (length, format, most) = if hourly { (3600, "%H:00", 48) } else { (86_400, "%b %-d", 30) };
    let place = |at: Timestamp| at.as_second().div_euclid(length);
    let last = place(now);
    let begin = place(first).max(last - most + 1).min(last);
    let column = |at: i64| {
        let mine = entries.iter().filter(|entry| place(entry.decided_at) == at);
        let mine: Vec<_> = mine.map(|entry| entry.outcome).collect();
        let count = |outcome: Outcome| mine.iter().filter(|found| **found == outcome).count();
        let start = Timestamp::from_second(at * length).unwrap_or(now);
        chart::Column {
            name: start.strftime(format).to_string(),
            parts: OUTCOMES.map(|outcome| (outcome.as_str(), count(outcome))).into(),
        }
    };
    (begin..=last).map(column).collect()
}
