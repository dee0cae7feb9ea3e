//! When a label falls back: people override what it wrote, more often than its promotion allows. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Promotions;
use crate::domain::label_modes::{Demotion, LabelModes};
use crate::domain::mode::Mode;
use crate::evidence::report::observation::{Influence, Observation};
use crate::evidence::report::wilson::Share;

/// What makes a label fall.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fall {
    /// The share of a label's writes that people may override.
    pub max_override: f64,
    /// The newest writes of a label that count.
    pub window: usize,
    /// Fewer writes than this are no evidence.
    pub least: usize,
}

impl Default for Fall {
    fn default() -> Self {
        Self { max_override: 0.1, window: 50, least: 5 }
    }
}

/// The newest writes of every live label, as far as they count.
///
/// A label must fall where, among its newest writes since the promotion, the lower end of the 95 % interval of the overridden share
/// lies over the share that is allowed. Of few writes most must have been overridden; the interval sees to that, and a handful is the
/// least that counts.
#[derive(Clone, Debug)]
pub struct LabelWrites {
    rule: Fall,
    /// By head, then label.
    live: BTreeMap<String, BTreeMap<String, Writes>>,
}

/// One label's.
#[derive(Clone, Debug)]
struct Writes {
    promoted_at: Timestamp,
    /// By time and decision: true where people overrode the write.
    newest: BTreeMap<(Timestamp, i64), bool>,
}

impl LabelWrites {
    /// Begins with the labels that are live.
    pub fn new(promotions: &Promotions, gate: &LabelModes, rule: Fall) -> Self {
        let mut live = BTreeMap::<String, BTreeMap<String, Writes>>::new();
        for ((head, label), promoted) in &promotions.0 {
            if gate.mode(head, label) == Mode::Live {
                let writes = Writes { promoted_at: promoted.at, newest: BTreeMap::new() };
                live.entry(head.clone()).or_default().insert(label.clone(), writes);
            }
        }
        Self { rule, live }
    }

    fn labels(&self) -> impl Iterator<Item = &Writes> {
        self.live.values().flat_map(BTreeMap::values)
    }

    /// Returns the first promotion of a live label; `None` where no label is live.
    pub fn since(&self) -> Option<Timestamp> {
        self.labels().map(|writes| writes.promoted_at).min()
    }

    /// Returns true once older writes of no label count any more.
    pub fn is_full(&self) -> bool {
        self.labels().all(|writes| writes.newest.len() >= self.rule.window)
    }

    /// Adds an observation; only writes of live labels count.
    pub fn add(&mut self, seen: &Observation) {
        if !matches!(seen.influence, Influence::Kept | Influence::Overridden) {
            return;
        }
        let Some(labels) = self.live.get_mut(&seen.head) else { return };
        for label in &seen.named {
            let Some(writes) = labels.get_mut(label) else { continue };
            if seen.decided_at >= writes.promoted_at {
                let overridden = !seen.settled.contains(label);
                writes.newest.insert((seen.decided_at, seen.decision), overridden);
            }
            if writes.newest.len() > self.rule.window {
                writes.newest.pop_first();
            }
        }
    }

    /// Returns the labels that must fall.
    pub fn falls(&self, now: Timestamp) -> Vec<Demotion> {
        let labels = self.live.iter().flat_map(|(head, labels)| labels.iter().map(move |one| (head, one)));
        let fallen = labels.filter_map(|(head, (label, writes))| {
            let overridden = Share::among(writes.newest.values(), |overridden| **overridden)?;
            let rule = &self.rule;
            (overridden.n >= rule.least && overridden.low > rule.max_override).then(|| Demotion {
                head: head.clone(),
                label: label.clone(),
                at: now,
                reason: format!(
                    "people overrode {} of its last {} writes ({:.0} %, at least {:.0} % with 95 % certainty); {:.0} % are allowed",
                    overridden.hits,
                    overridden.n,
                    100.0 * overridden.share,
                    100.0 * overridden.low,
                    100.0 * rule.max_override
                ),
            })
        });
        fallen.collect()
    }
}
