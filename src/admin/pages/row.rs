//! A ledger entry as a row of a table: the same words wherever decisions are listed.

use serde::Serialize;
use serde_json::Value;

use crate::domain::outcome::{EffectRecord, Entry};

/// One decision in a table.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) decided_at: String,
    pub(super) account: String,
    pub(super) ticket: String,
    pub(super) predictions: Vec<Said>,
    pub(super) rules: Vec<String>,
    pub(super) effects: Vec<Done>,
    pub(super) outcome: &'static str,
    pub(super) class: &'static str,
    pub(super) reason: Option<String>,
    pub(super) mode: &'static str,
}

/// What one head said.
#[derive(Debug, Serialize)]
pub(super) struct Said {
    pub(super) head: String,
    pub(super) label: String,
    pub(super) percent: Option<String>,
    pub(super) abstained: bool,
}

/// One effect and what became of it.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    pub(super) kind: String,
    pub(super) value: String,
    pub(super) rule: String,
    pub(super) mode: &'static str,
    pub(super) state: &'static str,
    pub(super) class: &'static str,
    pub(super) reason: Option<String>,
}

pub(super) fn row(id: i64, entry: &Entry) -> Row {
    Row {
        id,
        decided_at: moment(entry.decided_at),
        account: entry.account.clone(),
        ticket: entry.ticket.clone(),
        predictions: predictions(&entry.heads),
        rules: entry.rules.clone(),
        effects: entry.effects.iter().map(done).collect(),
        outcome: entry.outcome.as_str(),
        class: class(entry.outcome.as_str()),
        reason: entry.reason.clone(),
        mode: entry.mode.as_str(),
    }
}

/// A time to the second, in UTC.
pub(super) fn moment(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// How an outcome or a state is coloured.
pub(super) fn class(word: &str) -> &'static str {
    match word {
        "applied" => "good",
        "suggested" => "wait",
        "failed" | "refused" | "moot" => "bad",
        _ => "",
    }
}

pub(super) fn done(effect: &EffectRecord) -> Done {
    Done {
        kind: effect.kind.replace('_', " "),
        value: shown(&effect.value),
        rule: effect.rule.clone(),
        mode: effect.mode.as_str(),
        state: effect.state.as_str(),
        class: class(effect.state.as_str()),
        reason: effect.reason.clone(),
    }
}

/// A value without its quotes and braces.
fn shown(value: &Value) -> String {
    let joined = |words: Vec<String>| words.join(", ");
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => joined(items.iter().map(shown).collect()),
        Value::Object(map) => {
            joined(map.iter().map(|(key, value)| format!("{key} = {}", shown(value))).collect())
        }
        other => other.to_string(),
    }
}

/// Reads scores in the format of `classify`: one label a head, or several.
pub(super) fn predictions(heads: &Value) -> Vec<Said> {
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
