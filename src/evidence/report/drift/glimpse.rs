//! What drift needs to know of one head's answer to one ticket; it needs no settled value, so the ledger alone gives it.

use std::collections::BTreeMap;

use deskbridge_onnx::{HeadKind, Manifest};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::contrast::Known;
use super::super::wilson::Share;
use crate::domain::outcome::Entry;

/// What the model says of a language that it cannot tell.
const UNKNOWN: &str = "und";

/// One head's answer to one ticket, in a few words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Glimpse {
    /// When.
    pub at: Timestamp,
    /// The ticket, for counting languages once.
    pub ticket: String,
    /// The model.
    pub model: String,
    /// The head.
    pub head: String,
    /// The best label, named or not.
    pub label: String,
    /// Its confidence, 0 to 1.
    pub confidence: f64,
    /// Whether the head named nothing.
    pub abstained: bool,
    /// An ISO 639-1 code; `None` where it is unknown.
    pub language: Option<String>,
    /// Whether people replaced what we wrote; `None` where we wrote nothing or nobody has judged it.
    pub overridden: Option<bool>,
}

impl Glimpse {
    /// Of every head of a ledger entry; none where nothing was decided.
    pub fn of(entry: &Entry) -> Vec<Self> {
        let (Some(digests), Some(snapshot)) = (&entry.digests, &entry.snapshot) else { return Vec::new() };
        let glimpses = snapshot.prediction.heads.iter().filter_map(|(head, scored)| {
            let (label, confidence) = scored.best()?;
            Some(Self {
                at: entry.decided_at,
                ticket: format!("{}/{}", entry.account, entry.ticket),
                model: digests.model.clone(),
                head: head.clone(),
                label: label.to_owned(),
                confidence: f64::from(confidence),
                abstained: scored.abstains(),
                language: Some(snapshot.prediction.language.code.clone()).filter(|code| code != UNKNOWN),
                overridden: None,
            })
        });
        glimpses.collect()
    }
}

/// What the bundle's manifest tells of the tickets it was trained on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// By head.
    pub heads: BTreeMap<String, Trained>,
}

/// One head at training.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// Tickets by label; empty for a head with several labels a ticket.
    pub labels: BTreeMap<String, usize>,
    /// Tickets it was measured on.
    pub n: usize,
    /// Of these, the ones it gave no answer to.
    pub abstained: usize,
}

impl Reference {
    /// Of a bundle.
    pub fn of(manifest: &Manifest) -> Self {
        let heads = manifest.training.metrics.iter().map(|(head, metrics)| {
            // A ticket of several labels counts several times there, and once among best labels: not the same mix.
            let single =
                manifest.heads.iter().any(|entry| entry.name == *head && entry.kind == HeadKind::Single);
            let labels = metrics.labels.iter().filter(|_| single);
            let labels = labels.map(|(label, metrics)| (label.clone(), metrics.n)).collect();
            let abstained = ((1.0 - metrics.coverage) * metrics.n as f64).round() as usize;
            (head.clone(), Trained { labels, n: metrics.n, abstained: abstained.min(metrics.n) })
        });
        Self { heads: heads.collect() }
    }
}

pub(super) fn by_head(glimpses: &[Glimpse]) -> BTreeMap<&str, Vec<&Glimpse>> {
    let mut heads = BTreeMap::<&str, Vec<&Glimpse>>::new();
    for glimpse in glimpses {
        heads.entry(&glimpse.head).or_default().push(glimpse);
    }
    heads
}

pub(super) fn labels(glimpses: &[&Glimpse]) -> BTreeMap<String, usize> {
    let mut mix = BTreeMap::new();
    for glimpse in glimpses {
        *mix.entry(glimpse.label.clone()).or_default() += 1;
    }
    mix
}

/// Tickets by language, each counted once whatever its heads.
pub(super) fn languages(glimpses: &[Glimpse]) -> BTreeMap<String, usize> {
    let tickets: BTreeMap<&str, Option<&str>> =
        glimpses.iter().map(|glimpse| (glimpse.ticket.as_str(), glimpse.language.as_deref())).collect();
    let mut mix = BTreeMap::new();
    for language in tickets.into_values() {
        *mix.entry(language.unwrap_or("unknown").to_owned()).or_default() += 1;
    }
    mix
}

pub(super) fn abstention(glimpses: &[&Glimpse]) -> Option<Known> {
    Share::among(glimpses, |glimpse| glimpse.abstained).map(Known::from)
}

pub(super) fn overrides(glimpses: &[&Glimpse]) -> Option<Share> {
    Share::among(glimpses.iter().filter_map(|glimpse| glimpse.overridden), |replaced| *replaced)
}
