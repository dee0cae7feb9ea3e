//! Which tickets a person should look at first. Pure.
//!
//! *Least certain* are those whose two best labels of some head are closest, *most disagreed* those on which the model was
//! surest of what the agents did not settle on. A ticket is asked about once: by its newest decision, and not again when
//! it was reviewed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use deskbridge_onnx::HeadKind;

use crate::domain::summary::SummarisedDecision;
use crate::evidence::report::observation::{Influence, Observation};

/// What comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// What the model was least certain of.
    #[default]
    Uncertain,
    /// Where agents settled on something else than the model had named.
    Disagreed,
}

impl Order {
    /// The word in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uncertain => "uncertain",
            Self::Disagreed => "disagreed",
        }
    }
}

/// A ticket worth a look.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate<'a> {
    /// The decision.
    pub decision: &'a SummarisedDecision,
    /// The head that makes it worth a look.
    pub head: &'a str,
    /// How much it is worth, 0 to 1: how close the two best labels are, or how sure the model was of another label.
    pub weight: f32,
}

/// Returns the queue: `decisions` oldest first, the observations of each decision, and the ids (`account/ticket`) of tickets that were
/// reviewed.
pub fn queue<'a>(
    decisions: &'a [SummarisedDecision],
    settled: &BTreeMap<i64, Vec<Observation>>,
    reviewed: &BTreeSet<String>,
    order: Order,
) -> Vec<Candidate<'a>> {
    let mut seen = HashSet::new();
    let newest = decisions.iter().rev();
    let newest = newest.filter(|decision| seen.insert((&decision.account, &decision.ticket)));
    let fresh =
        newest.filter(|decision| !reviewed.contains(&format!("{}/{}", decision.account, decision.ticket)));
    let mut found: Vec<Candidate<'a>> = fresh
        .filter_map(|decision| {
            let (head, weight) = match order {
                Order::Uncertain => doubt(decision)?,
                Order::Disagreed => dissent(decision, settled.get(&decision.id)?)?,
            };
            Some(Candidate { decision, head, weight })
        })
        .collect();
    // Of equals the newest: the sort is stable.
    found.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    found
}

/// The head with the closest best two labels. A stranger is no doubt about labels.
fn doubt(decision: &SummarisedDecision) -> Option<(&str, f32)> {
    if decision.summary.out_of_scope {
        return None;
    }
    let single = decision.answers().filter(|(_, labels, _)| labels.kind == HeadKind::Single);
    let close = single.filter_map(|(head, _, answer)| match answer.0.as_slice() {
        [(_, best), (_, next), ..] => Some((head.as_str(), 1.0 - (best - next))),
        _ => None,
    });
    close.max_by(|a, b| a.1.total_cmp(&b.1))
}

/// The head that was surest of what people did not want. What we had written and people replaced is the loudest dissent.
fn dissent<'a>(decision: &'a SummarisedDecision, settled: &[Observation]) -> Option<(&'a str, f32)> {
    let against = settled.iter().filter(|seen| !seen.named.is_empty() && seen.named != seen.settled);
    let free =
        against.filter(|seen| matches!(seen.influence, Influence::Independent | Influence::Overridden));
    free.filter_map(|seen| {
        let (head, _) = decision.bundle.heads.get_key_value(&seen.head)?;
        let wrong = seen.named.difference(&seen.settled);
        let sure =
            |label: &String| seen.ranked.iter().find(|(known, _)| known == label).map(|(_, sure)| *sure);
        Some((head.as_str(), wrong.filter_map(sure).max_by(f32::total_cmp)?))
    })
    .max_by(|a, b| a.1.total_cmp(&b.1))
}

#[cfg(test)]
mod tests;
