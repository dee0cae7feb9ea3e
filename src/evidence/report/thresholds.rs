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
//! A proposal is only shown. Nothing here changes a threshold.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::curve::{Candidate, candidates};
use super::evidence::{Evidence, labels};
use super::observation::Observation;
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
    heads: &BTreeMap<&str, Evidence<'_>>,
    target: f64,
) -> BTreeMap<String, BTreeMap<String, Proposal>> {
    let propose_all = |evidence: &Evidence<'_>| {
        let tickets = &evidence.independent;
        labels(tickets).into_iter().map(|label| (label.to_owned(), propose(label, tickets, target))).collect()
    };
    heads.iter().map(|(head, evidence)| ((*head).to_owned(), propose_all(evidence))).collect()
}

/// Proposes a bar for one label from the independent observations of its head.
pub fn propose(label: &str, observations: &[&Observation], target: f64) -> Proposal {
    let (fitting, verifying): (Vec<_>, Vec<_>) =
        observations.iter().copied().partition(|observation| is_fitting(observation));
    let fitting = candidates(Some(label), &fitting);
    let verifying = candidates(Some(label), &verifying);
    let Some(threshold) = lowest(&fitting, target) else {
        let fitted = at(&fitting, 0.0);
        return Proposal {
            target,
            threshold: None,
            fitted,
            verified: None,
            coverage: None,
            verdict: Verdict::None,
        };
    };
    let (fitted, verified) = (at(&fitting, threshold), at(&verifying, threshold));
    let answered = fitted.map_or(0, |share| share.n) + verified.map_or(0, |share| share.n);
    let verdict = match verified {
        Some(share) if share.low >= target => Verdict::Verified,
        Some(share) if share.high < target => Verdict::Refuted,
        _ => Verdict::Unproven,
    };
    let coverage = Some(answered as f64 / observations.len() as f64);
    Proposal { target, threshold: Some(threshold), fitted, verified, coverage, verdict }
}

/// The lowest confidence at which the lower bound of the precision reaches the target.
fn lowest(answers: &[Candidate], target: f64) -> Option<f64> {
    let mut sorted = answers.to_vec();
    sorted.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let (mut right, mut found) = (0, None);
    for (at, answer) in sorted.iter().enumerate() {
        right += usize::from(answer.right);
        let together = sorted.get(at + 1).is_some_and(|next| next.confidence == answer.confidence);
        let reaches = Share::of(right, at + 1).is_some_and(|share| share.low >= target);
        if reaches && !together {
            found = Some(answer.confidence);
        }
    }
    found
}

fn at(answers: &[Candidate], threshold: f64) -> Option<Share> {
    Share::among(answers.iter().filter(|answer| answer.confidence >= threshold), |answer| answer.right)
}

/// Whether a ticket is in the part that bars are fitted on.
fn is_fitting(observation: &Observation) -> bool {
    let digest = Sha256::digest(format!("{}/{}", observation.account, observation.ticket));
    digest[0].is_multiple_of(2)
}
