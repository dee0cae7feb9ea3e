//! `/decisions/{id}`: one whole decision: scores, rules, effects, calls, what was withheld, and what the agents settled on.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use super::row::{Row, moment, predictions, row};
use super::{Admin, page, promptly};
use crate::domain::outcome::Entry;
use crate::evidence::report::observation::Observation;
use crate::evidence::report::render::{chart, words};
use crate::store::{Error, Filter};

/// Labels of a head that are shown; the others are less sure than all of these.
const BEST: usize = 6;

#[derive(Serialize)]
struct Head {
    name: String,
    abstained: bool,
    labels: Vec<Score>,
    more: usize,
    settled: Option<Settled>,
}

#[derive(Serialize)]
struct Score {
    label: String,
    percent: String,
    confidence: f64,
    bar: Option<String>,
    chosen: bool,
    picture: String,
}

#[derive(Serialize)]
struct Settled {
    labels: String,
    verdict: &'static str,
    class: &'static str,
    influence: &'static str,
}

#[derive(Serialize)]
struct Fact {
    name: &'static str,
    value: String,
}

pub(super) async fn show(State(admin): State<Admin>, Path(id): Path<String>) -> Response {
    let found = match id.parse::<i64>() {
        Ok(id) => find(&admin, id).await,
        Err(_) => Ok(None),
    };
    match found {
        Ok(Some((id, entry))) => {
            let settled = promptly(admin.board.observed(&[id])).await.unwrap_or_default().remove(&id);
            let row: Row = row(id, &entry);
            let withheld = entry.withheld.as_ref().and_then(|call| serde_json::to_string_pretty(call).ok());
            let values = context! {
                facts => Serde(facts(&entry)),
                heads => Serde(heads(&entry, settled.as_deref().unwrap_or_default())),
                calls => Serde(&entry.calls),
                snapshot => entry.snapshot.is_some(),
                withheld,
                row => Serde(row),
            };
            page(&admin, "decision.html", "/decisions/", None, values).await
        }
        Ok(None) => {
            let mut answer = page(&admin, "missing.html", "/decisions/", None, context! { id }).await;
            *answer.status_mut() = StatusCode::NOT_FOUND;
            answer
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}

pub(super) async fn find(admin: &Admin, id: i64) -> Result<Option<(i64, Entry)>, Error> {
    let filter = Filter { before: id.checked_add(1), limit: Some(1), ..Filter::default() };
    let mut newest = promptly(admin.store.decisions(&filter)).await?;
    Ok(newest.pop().filter(|(found, _)| *found == id))
}

fn facts(entry: &Entry) -> Vec<Fact> {
    let waited = entry.decided_at.duration_since(entry.received_at).as_secs_f64();
    let language = entry.language["code"].as_str().map_or(words::NONE.to_owned(), |code| {
        let sure = entry.language["confidence"].as_f64();
        format!("{code}, {} sure", words::percent(sure))
    });
    let mut facts = vec![
        Fact { name: "ticket", value: format!("{}/{} ({})", entry.account, entry.ticket, entry.platform) },
        Fact { name: "delivery", value: entry.delivery.clone() },
        Fact { name: "received", value: format!("{} UTC", moment(entry.received_at)) },
        Fact {
            name: "decided",
            value: format!("{} UTC, {} later", moment(entry.decided_at), words::seconds(waited)),
        },
        Fact { name: "mode", value: entry.mode.to_string() },
        Fact { name: "language", value: language },
    ];
    if let Some(digests) = &entry.digests {
        facts.push(Fact { name: "model", value: digests.model.clone() });
        facts.push(Fact { name: "rulebook", value: digests.rulebook.clone() });
    }
    if let Some(channel) = entry.snapshot.as_ref().and_then(|snapshot| snapshot.channel.clone()) {
        facts.push(Fact { name: "channel", value: channel });
    }
    facts
}

/// Every head's scores: all labels where the entry kept them, what `classify` prints where it did not.
fn heads(entry: &Entry, settled: &[Observation]) -> Vec<Head> {
    let settled_of = |head: &str| {
        let observation = settled.iter().find(|observation| observation.head == head)?;
        let (verdict, class) = match () {
            () if observation.named == observation.settled => ("agrees", "good"),
            () if observation.named.is_empty() => ("nothing was said", ""),
            () => ("differs", "bad"),
        };
        let labels: Vec<_> = observation.settled.iter().map(String::as_str).collect();
        Some(Settled {
            labels: if labels.is_empty() { "no label of this head".to_owned() } else { labels.join(", ") },
            verdict,
            class,
            influence: observation.influence.as_str(),
        })
    };
    let Some(snapshot) = &entry.snapshot else {
        let said = predictions(&entry.heads);
        let names: BTreeSet<_> = said.iter().map(|said| said.head.clone()).collect();
        let head = |name: String| {
            let mine: Vec<_> = said.iter().filter(|said| said.head == name).collect();
            let score = |said: &&super::row::Said| {
                let confidence =
                    said.percent.as_ref().and_then(|p| p.parse::<f64>().ok()).unwrap_or_default();
                score(&said.label, confidence / 100.0, None, !said.abstained)
            };
            Head {
                abstained: mine.iter().any(|said| said.abstained),
                labels: mine.iter().map(score).collect(),
                more: 0,
                settled: settled_of(&name),
                name,
            }
        };
        return names.into_iter().map(head).collect();
    };
    let heads = snapshot.prediction.heads.iter().map(|(name, scored)| {
        let labels = scored.ranked.iter().take(BEST).map(|(label, confidence)| {
            let bar = scored.threshold.get(label).map(|bar| f64::from(*bar));
            score(label, f64::from(*confidence), bar, scored.chosen.contains(label))
        });
        Head {
            name: name.clone(),
            abstained: scored.abstains(),
            labels: labels.collect(),
            more: scored.ranked.len().saturating_sub(BEST),
            settled: settled_of(name),
        }
    });
    heads.collect()
}

fn score(label: &str, confidence: f64, bar: Option<f64>, chosen: bool) -> Score {
    Score {
        label: label.to_owned(),
        percent: format!("{:.1} %", confidence * 100.0),
        confidence,
        bar: bar.map(|bar| format!("{:.1} %", bar * 100.0)),
        chosen,
        picture: chart::score(confidence, bar, chosen),
    }
}
