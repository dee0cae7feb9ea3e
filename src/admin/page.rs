//! `/`: what waits, what was decided lately, and why.
//!
//! One self-contained page without a script: it loads nothing, from us or from elsewhere, and reloads itself. The
//! template escapes every value it prints.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use deskbridge_connectors::Skip;
use minijinja::value::Serde;
use minijinja::{Environment, context};
use serde::Serialize;
use serde_json::Value;
use tracing::error;

use super::metrics::waited_seconds;
use super::{Admin, promptly};
use crate::outcome::Entry;
use crate::store::Filter;

/// Decisions that the totals are made of.
const COUNTED: u32 = 1000;
/// Decisions in the table.
const SHOWN: usize = 50;

#[derive(Serialize)]
struct Row {
    decided_at: String,
    account: String,
    ticket: String,
    predictions: Vec<Said>,
    rules: Vec<String>,
    effects: Vec<Done>,
    outcome: &'static str,
    reason: Option<String>,
    mode: &'static str,
}

#[derive(Serialize)]
struct Said {
    head: String,
    label: String,
    percent: Option<String>,
    abstained: bool,
}

#[derive(Serialize)]
struct Done {
    kind: String,
    value: String,
    state: Value,
}

pub(super) async fn show(State(admin): State<Admin>) -> Response {
    let now = admin.clock.now();
    let filter = Filter { limit: Some(COUNTED), ..Filter::default() };
    let (depth, entries) =
        tokio::join!(promptly(admin.store.depth()), promptly(admin.store.decisions(&filter)));
    let unreadable = depth.as_ref().err().or(entries.as_ref().err()).map(ToString::to_string);
    let depth = depth.unwrap_or_default();
    let entries = entries.unwrap_or_default();
    let mut totals = BTreeMap::<&str, usize>::new();
    for (_, entry) in &entries {
        *totals.entry(entry.outcome.as_str()).or_default() += 1;
    }
    let told = |entry: &&(i64, Entry)| entry.1.reason.as_deref() != Some(Skip::NotSubscribed.as_str());
    let rows: Vec<_> = entries.iter().rev().filter(told).take(SHOWN).map(|(_, entry)| row(entry)).collect();
    let values = context! {
        version => env!("CARGO_PKG_VERSION"),
        now => now.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        unreadable,
        not_ready => admin.readiness.reasons(),
        pending => depth.pending,
        claimed => depth.claimed,
        dead => depth.dead,
        waited => spoken(waited_seconds(&depth, now)),
        counted => entries.len(),
        all_counted => entries.len() < COUNTED as usize,
        totals,
        rows => Serde(rows),
    };
    match render(&values) {
        Ok(page) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response(),
        Err(error) => {
            error!(%error, "the status page cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn render(values: &minijinja::Value) -> Result<String, minijinja::Error> {
    // The name's ending switches escaping on.
    let mut pages = Environment::new();
    pages.add_template("page.html", include_str!("page.html"))?;
    pages.get_template("page.html")?.render(values)
}

fn row(entry: &Entry) -> Row {
    Row {
        decided_at: entry.decided_at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        account: entry.account.clone(),
        ticket: entry.ticket.clone(),
        predictions: predictions(&entry.heads),
        rules: entry.rules.clone(),
        effects: entry.effects.iter().map(done).collect(),
        outcome: entry.outcome.as_str(),
        reason: entry.reason.clone(),
        mode: entry.mode.as_str(),
    }
}

fn done(effect: &crate::outcome::EffectRecord) -> Done {
    let value = match &effect.value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let words =
                items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
            words.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    let state = serde_json::to_value(effect.state).unwrap_or_default();
    Done { kind: effect.kind.replace('_', " "), value, state }
}

/// Reads scores in the format of `classify`: one label a head, or several.
fn predictions(heads: &Value) -> Vec<Said> {
    let Some(heads) = heads.as_object() else { return Vec::new() };
    let mut said = Vec::new();
    for (head, scored) in heads {
        let abstained = scored["abstained"].as_bool().unwrap_or_default();
        let several = scored["labels"].as_array().map(Vec::as_slice);
        let labels = several.unwrap_or(std::slice::from_ref(scored));
        for label in labels {
            said.push(Said {
                head: head.clone(),
                label: label["label"].as_str().unwrap_or("none").to_owned(),
                percent: label["confidence"].as_f64().map(|share| format!("{:.0}", share * 100.0)),
                abstained,
            });
        }
        if labels.is_empty() {
            said.push(Said { head: head.clone(), label: "none".to_owned(), percent: None, abstained });
        }
    }
    said
}

/// An age in its two largest units.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an age is small and not negative"
)]
fn spoken(seconds: f64) -> String {
    let seconds = seconds as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}
