//! Sums of answers of some days: what drift compares. It needs no settled value, so the ledger alone gives it.

use std::collections::BTreeMap;

use deskbridge_onnx::{HeadKind, Manifest};
use serde::{Deserialize, Serialize};

use super::super::contrast::Known;
use super::super::evidence::Count;
use super::super::wilson::{Share, Z};

/// The name of a language that the model cannot tell.
const UNKNOWN: &str = "unknown";

/// One head's answer to one ticket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecentAnswer<'a> {
    /// The head.
    pub head: &'a str,
    /// The best label, named or not.
    pub label: &'a str,
    /// Its confidence, 0 to 1.
    pub confidence: f64,
    /// True where the head named nothing.
    pub abstained: bool,
}

/// The answers of some days, each ticket once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnswerMix {
    /// By head.
    pub heads: BTreeMap<String, HeadMix>,
    /// Tickets by language.
    pub languages: BTreeMap<String, usize>,
}

/// One head's answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeadMix {
    /// How many.
    pub n: usize,
    /// By best label.
    pub labels: BTreeMap<String, usize>,
    abstained: usize,
    confidence: f64,
    /// The sum of squared distances from the mean so far.
    spread: f64,
    /// The writes that people judged since; hits are those they replaced.
    pub(super) overrides: Count,
}

impl AnswerMix {
    /// Adds a ticket: its language, and each head's answer.
    pub fn add<'a>(&mut self, language: Option<&str>, answers: impl IntoIterator<Item = RecentAnswer<'a>>) {
        let mut any = false;
        for answer in answers {
            any = true;
            if !self.heads.contains_key(answer.head) {
                self.heads.insert(answer.head.to_owned(), HeadMix::default());
            }
            if let Some(mix) = self.heads.get_mut(answer.head) {
                mix.add(answer);
            }
        }
        if any {
            count(&mut self.languages, language.unwrap_or(UNKNOWN));
        }
    }

    /// Adds a write that people judged since.
    pub fn judge(&mut self, head: &str, replaced: bool) {
        if let Some(mix) = self.heads.get_mut(head) {
            mix.overrides.add(replaced);
        }
    }

    /// Returns how many answers there are.
    pub fn answers(&self) -> usize {
        self.heads.values().map(|mix| mix.n).sum()
    }
}

impl HeadMix {
    fn add(&mut self, answer: RecentAnswer<'_>) {
        self.n += 1;
        count(&mut self.labels, answer.label);
        self.abstained += usize::from(answer.abstained);
        // Welford's way: the spread of a million confidences from their sums alone loses its digits.
        let before = answer.confidence - self.confidence;
        self.confidence += before / self.n as f64;
        self.spread += before * (answer.confidence - self.confidence);
    }

    pub(super) fn abstention(&self) -> Option<Known> {
        Share::of(self.abstained, self.n).map(Known::from)
    }

    /// The mean confidence of the best label, with the interval of a large sample.
    pub(super) fn mean_confidence(&self) -> Option<Known> {
        if self.n < 2 {
            return None;
        }
        let n = self.n as f64;
        let half = Z * (self.spread.max(0.0) / (n - 1.0) / n).sqrt();
        let value = self.confidence;
        Some(Known { value, low: value - half, high: value + half })
    }
}

fn count(mix: &mut BTreeMap<String, usize>, name: &str) {
    match mix.get_mut(name) {
        Some(n) => *n += 1,
        None => drop(mix.insert(name.to_owned(), 1)),
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
