//! Thresholds from the desk's own tickets: for each label, the lowest bar at which it is right often enough.
//!
//! The tickets are split in two by a digest of account and ticket, so that the split is the same in every run and no ticket is
//! in both parts. On the *fitted* part the lowest confidence is sought at which the lower 95 % bound of the precision (the lower
//! end of [`Share`]'s interval) reaches the target. Searching finds luck as well as merit, so the bar is then held against the
//! *verified* part, which had no say in choosing it:
//!
//! | verdict | means |
//! |---|---|
//! | `verified` | there too the lower bound reaches the target: safe to apply |
//! | `unproven` | there the target lies within the interval: more tickets will tell |
//! | `refuted` | there even the upper bound is below the target: the bar was luck |
//! | `none` | no bar reaches the target on the fitted part |
//!
//! Bars are looked at in steps of 0.001 ([`super::bins`]). A proposal is only shown. Nothing here changes a threshold.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bins::ConfidenceBins;
use super::evidence::{HeadEvidence, LabelEvidence};
use super::wilson::Share;

/// A label's proposed bar, and how it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// What is to be reached, 0 to 1.
    pub target: f64,
    /// The bar; `None` where none reaches the target.
    pub threshold: Option<f64>,
    /// Precision at the bar on the fitted part; without a bar, of all its answers there.
    pub fitted: Option<Share>,
    /// Precision at the bar on the verified part.
    pub verified: Option<Share>,
    /// Share of all tickets that the label would answer at the bar.
    pub coverage: Option<f64>,
    /// Whether it may be trusted.
    pub verdict: Verdict,
}

/// How a proposed bar did on tickets that had no say in choosing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The lower bound reaches the target.
    Verified,
    /// The target lies within the interval.
    Unproven,
    /// The upper bound is below the target.
    Refuted,
    /// There is no bar.
    None,
}

/// Proposes a bar for every label of every head; by head, then label.
pub fn thresholds(
    heads: &BTreeMap<String, HeadEvidence>,
    target: f64,
) -> BTreeMap<String, BTreeMap<String, Proposal>> {
    let propose_all = |evidence: &HeadEvidence| {
        let labels = evidence.independent_labels();
        labels.map(|(label, of)| (label.clone(), one(of, evidence.tickets, target))).collect()
    };
    heads.iter().map(|(head, evidence)| (head.clone(), propose_all(evidence))).collect()
}

/// Proposes a bar for one label from the independent observations of its head.
pub fn propose(label: &str, evidence: &HeadEvidence, target: f64) -> Proposal {
    let nothing = LabelEvidence::default();
    one(evidence.labels.get(label).unwrap_or(&nothing), evidence.tickets, target)
}

fn one(of: &LabelEvidence, tickets: usize, target: f64) -> Proposal {
    let Some(threshold) = lowest(&of.fitted, target) else {
        return Proposal {
            target,
            threshold: None,
            fitted: at(&of.fitted, 0.0),
            verified: None,
            coverage: None,
            verdict: Verdict::None,
        };
    };
    let (fitted, verified) = (at(&of.fitted, threshold), at(&of.verified, threshold));
    let answered = fitted.map_or(0, |share| share.n) + verified.map_or(0, |share| share.n);
    let verdict = match verified {
        Some(share) if share.low >= target => Verdict::Verified,
        Some(share) if share.high < target => Verdict::Refuted,
        _ => Verdict::Unproven,
    };
    let coverage = Some(answered as f64 / tickets as f64);
    Proposal { target, threshold: Some(threshold), fitted, verified, coverage, verdict }
}

/// The lowest bar at which the lower bound of the precision reaches the target.
fn lowest(answers: &ConfidenceBins, target: f64) -> Option<f64> {
    let (mut n, mut right, mut found) = (0, 0, None);
    for (bar, bin) in answers.from_highest() {
        n += bin.n as usize;
        right += bin.right as usize;
        if Share::of(right, n).is_some_and(|share| share.low >= target) {
            found = Some(bar);
        }
    }
    found
}

fn at(answers: &ConfidenceBins, bar: f64) -> Option<Share> {
    let (n, right) = answers.at_least(bar);
    Share::of(right, n)
}
