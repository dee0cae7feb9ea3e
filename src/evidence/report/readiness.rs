//! Whether a label may go live: often enough measured, and right often enough for sure.
//!
//! Counted are the tickets on which the model *named* the label (at the thresholds in force) and an agent, uninfluenced, settled
//! on something. Right are those where the agent chose the same.
//!
//! | state | when |
//! |---|---|
//! | `ready` | `n ≥ min_tickets` and the lower 95 % bound of the precision reaches the target |
//! | `not_yet` | neither of the other two. `more` says how many more named tickets at the present precision would make it ready; it is absent where the present precision is not above the target, because then more of the same never will |
//! | `never` | `n ≥ min_tickets` and even the upper bound is below the target: not with this model at this target |
//!
//! `more` is the smallest `m` with `low(p, n + m) ≥ target` and `n + m ≥ min_tickets`, where `p = right / n` is kept as it is. It
//! is a forecast, not a promise. Looking every day and stopping at the first good one flatters a label; a wide `min_tickets`
//! and the override rate after promotion are the guard against that.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::evidence::HeadEvidence;
use super::wilson::{self, Share};
pub use crate::domain::bar::Bar;

/// Where a label stands.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Readiness {
    /// The verdict.
    pub state: State,
    /// Named tickets with an independent settled value.
    pub n: usize,
    /// Of these, the right ones.
    pub right: usize,
    /// `right / n`.
    pub precision: Option<f64>,
    /// Both ends of its interval; the first is the one that has to reach the target.
    pub precision_ci: Option<[f64; 2]>,
    /// What is to be reached.
    pub target: f64,
    /// How many tickets it takes at least.
    pub min_tickets: usize,
    /// For `not_yet`: how many more named tickets at the present precision.
    pub more: Option<usize>,
    /// Of the values that we wrote and people judged since, the share they replaced.
    pub overridden: Option<Share>,
}

/// The verdict on a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// May go live.
    Ready,
    /// More tickets are needed.
    NotYet,
    /// Not at this target.
    Never,
}

/// More tickets than anybody waits for; a forecast beyond is none.
const HORIZON: usize = 1_000_000;

/// Judges every label of every head; by head, then label.
pub fn readiness(
    heads: &BTreeMap<String, HeadEvidence>,
    bar: &Bar,
) -> BTreeMap<String, BTreeMap<String, Readiness>> {
    let all = |evidence: &HeadEvidence| {
        let labels = evidence.labels.iter().filter(|(_, of)| of.listed);
        let judged = labels.map(|(label, of)| {
            let overridden = of.judged.share();
            (label.clone(), Readiness { overridden, ..judge(of.right, of.named, bar) })
        });
        judged.collect()
    };
    heads.iter().map(|(head, evidence)| (head.clone(), all(evidence))).collect()
}

/// Where a label with `right` right answers of `n` stands.
pub fn judge(right: usize, n: usize, bar: &Bar) -> Readiness {
    let share = Share::of(right, n);
    let state = match share {
        Some(share) if n >= bar.min_tickets && share.low >= bar.target => State::Ready,
        Some(share) if n >= bar.min_tickets && share.high < bar.target => State::Never,
        _ => State::NotYet,
    };
    let more = share.filter(|_| state == State::NotYet).and_then(|share| more(share, bar));
    Readiness {
        state,
        n,
        right,
        precision: share.map(|share| share.share),
        precision_ci: share.map(|share| share.ci()),
        target: bar.target,
        min_tickets: bar.min_tickets,
        more,
        overridden: None,
    }
}

/// The smallest number of further tickets that makes a label ready if it goes on as it did.
fn more(share: Share, bar: &Bar) -> Option<usize> {
    let reaches = |total: usize| wilson::interval(share.share, total as f64).0 >= bar.target;
    let (mut low, mut high) = (share.n.max(bar.min_tickets), HORIZON);
    if !reaches(high) {
        return None;
    }
    // The bound grows with the number of tickets when the share stays, so halving finds the first that reaches.
    while low < high {
        let middle = low + (high - low) / 2;
        if reaches(middle) { high = middle } else { low = middle + 1 }
    }
    Some(high - share.n)
}
