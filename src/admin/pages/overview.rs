//! `/`: what waits, what came in, what was decided lately, where each account and label stands, and what needs a look.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use deskbridge_connectors::Skip;
use jiff::{SignedDuration, Timestamp};
use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use super::row::row;
use super::{Admin, page, promptly};
use crate::admin::metrics::waited_seconds;
use crate::domain::outcome::{Entry, Outcome};
use crate::evidence::report::backlog::{Backlog, LATELY};
use crate::evidence::report::render::html;
use crate::evidence::report::render::view::view;
use crate::evidence::report::render::{chart, words};
use crate::store::{Depth, Filter};
use crate::telemetry::names;

/// Decisions that the totals are made of.
const COUNTED: u32 = 1000;
/// Decisions in the table.
const SHOWN: usize = 15;
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
    let filter = Filter { limit: Some(COUNTED), ..Filter::default() };
    let (depth, entries, figures) = tokio::join!(
        promptly(admin.store.depth()),
        promptly(admin.store.decisions(&filter)),
        admin.board.figures(&admin)
    );
    let problem = depth.as_ref().err().or(entries.as_ref().err()).or(figures.as_ref().err());
    let problem = problem.map(ToString::to_string);
    let (depth, entries) = (depth.unwrap_or_default(), entries.unwrap_or_default());
    let mut totals = BTreeMap::<&str, usize>::new();
    for (_, entry) in &entries {
        *totals.entry(entry.outcome.as_str()).or_default() += 1;
    }
    let told = |entry: &&(i64, Entry)| entry.1.reason.as_deref() != Some(Skip::NotSubscribed.as_str());
    let rows: Vec<_> =
        entries.iter().rev().filter(told).take(SHOWN).map(|(id, entry)| row(*id, entry)).collect();
    let columns = columns(&entries, now);
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
        accounts => Serde(accounts(&admin, &entries)),
        view,
        rows => Serde(rows),
    };
    page(&admin, "overview.html", "/", problem, values).await
}

/// What waits, by the pace of what was decided lately, as far as the counted entries reach back.
fn backlog(depth: &Depth, entries: &[(i64, Entry)], now: Timestamp) -> Backlog {
    let lately = entries.iter().filter(|(_, entry)| now.duration_since(entry.decided_at) < LATELY).count();
    Backlog::of(depth.pending, depth.oldest, lately)
}

/// Every account with its mode, what was decided on it, and what its platform still allows.
fn accounts(admin: &Admin, entries: &[(i64, Entry)]) -> Vec<AccountRow> {
    let mut modes: BTreeMap<&str, String> =
        entries.iter().map(|(_, entry)| (entry.account.as_str(), entry.mode.to_string())).collect();
    modes.extend(admin.board.accounts().iter().map(|(name, mode)| (name.as_str(), mode.to_string())));
    let metrics = admin.metrics.render();
    let row = |(name, mode): (&str, String)| AccountRow {
        decided: entries.iter().filter(|(_, entry)| entry.account == name).count(),
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
fn columns(entries: &[(i64, Entry)], now: Timestamp) -> Vec<chart::Column> {
    let Some(first) = entries.iter().map(|(_, entry)| entry.decided_at).min() else { return Vec::new() };
    let hourly = now.duration_since(first) < SignedDuration::from_hours(48);
    let (length, format, most) = if hourly { (3600, "%H:00", 48) } else { (86_400, "%b %-d", 30) };
    let place = |at: Timestamp| at.as_second().div_euclid(length);
    let last = place(now);
    let begin = place(first).max(last - most + 1).min(last);
    let column = |at: i64| {
        let mine = entries.iter().filter(|(_, entry)| place(entry.decided_at) == at);
        let mine: Vec<_> = mine.map(|(_, entry)| entry.outcome).collect();
        let count = |outcome: Outcome| mine.iter().filter(|found| **found == outcome).count();
        let start = Timestamp::from_second(at * length).unwrap_or(now);
        chart::Column {
            name: start.strftime(format).to_string(),
            parts: OUTCOMES.map(|outcome| (outcome.as_str(), count(outcome))).into(),
        }
    };
    (begin..=last).map(column).collect()
}
