//! When a label falls back: people override what it wrote, more often than its promotion allows. Pure.

use super::Promotions;
use crate::domain::label_modes::Demotion;
use crate::domain::label_modes::LabelModes;
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

/// The labels that are live and must fall: among their newest writes since the promotion, the lower end of the 95 %
/// interval of the overridden share lies over what is allowed. Of few writes most must have been overridden; the interval
/// sees to that, and a handful is the least that counts.
pub fn falls(
    promotions: &Promotions,
    gate: &LabelModes,
    observations: &[Observation],
    rule: Fall,
    now: jiff::Timestamp,
) -> Vec<Demotion> {
    let live = promotions.0.iter().filter(|((head, label), _)| gate.mode(head, label) == Mode::Live);
    let fallen = live.filter_map(|((head, label), promoted)| {
        let mut writes: Vec<&Observation> = observations
            .iter()
            .filter(|seen| seen.head == *head && seen.named.contains(label) && seen.decided_at >= promoted.at)
            .filter(|seen| matches!(seen.influence, Influence::Kept | Influence::Overridden))
            .collect();
        writes.sort_by_key(|seen| (seen.decided_at, seen.decision));
        let newest = &writes[writes.len().saturating_sub(rule.window)..];
        let overridden = Share::among(newest, |seen| !seen.settled.contains(label))?;
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
