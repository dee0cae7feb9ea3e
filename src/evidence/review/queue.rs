//! Which tickets a person should look at first. Pure.
//!
//! *Least certain* are those whose two best labels of some head are closest, *most disagreed* those on which the model was
//! surest of what the agents did not settle on. A ticket is asked about once: by its newest decision, and not again when
//! it was reviewed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use deskbridge_onnx::{HeadKind, Prediction};

use crate::domain::outcome::Entry;
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
    pub id: i64,
    /// Its entry.
    pub entry: &'a Entry,
    /// The head that makes it worth a look.
    pub head: &'a str,
    /// How much it is worth, 0 to 1: how close the two best labels are, or how sure the model was of another label.
    pub weight: f32,
}

/// The queue: `entries` oldest first, what was settled by decision, and the ids (`account/ticket`) of what was reviewed.
pub fn queue<'a>(
    entries: &'a [(i64, Entry)],
    settled: &BTreeMap<i64, Vec<Observation>>,
    reviewed: &BTreeSet<String>,
    order: Order,
) -> Vec<Candidate<'a>> {
    let mut seen = HashSet::new();
    let newest = entries.iter().rev().filter(|(_, entry)| entry.snapshot.is_some());
    let newest = newest.filter(|(_, entry)| seen.insert((&entry.account, &entry.ticket)));
    let fresh =
        newest.filter(|(_, entry)| !reviewed.contains(&format!("{}/{}", entry.account, entry.ticket)));
    let mut found: Vec<Candidate<'a>> = fresh
        .filter_map(|(id, entry)| {
            let prediction = &entry.snapshot.as_deref()?.prediction;
            let (head, weight) = match order {
                Order::Uncertain => doubt(prediction)?,
                Order::Disagreed => dissent(prediction, settled.get(id)?)?,
            };
            Some(Candidate { id: *id, entry, head, weight })
        })
        .collect();
    // Of equals the newest: the sort is stable.
    found.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    found
}

/// The head with the closest best two labels. A stranger is no doubt about labels.
fn doubt(prediction: &Prediction) -> Option<(&str, f32)> {
    if prediction.out_of_scope.is_some_and(|scope| scope.is) {
        return None;
    }
    let single = prediction.heads.iter().filter(|(_, scored)| scored.kind == HeadKind::Single);
    let close = single.filter(|(_, scored)| scored.ranked.len() > 1);
    close.map(|(head, scored)| (head.as_str(), 1.0 - scored.margin())).max_by(|a, b| a.1.total_cmp(&b.1))
}

/// The head that was surest of what people did not want. What we had written and people replaced is the loudest dissent.
fn dissent<'a>(prediction: &'a Prediction, settled: &[Observation]) -> Option<(&'a str, f32)> {
    let against = settled.iter().filter(|seen| !seen.named.is_empty() && seen.named != seen.settled);
    let free =
        against.filter(|seen| matches!(seen.influence, Influence::Independent | Influence::Overridden));
    free.filter_map(|seen| {
        let (head, _) = prediction.heads.get_key_value(&seen.head)?;
        let wrong = seen.named.difference(&seen.settled);
        let sure =
            |label: &String| seen.ranked.iter().find(|(known, _)| known == label).map(|(_, sure)| *sure);
        Some((head.as_str(), wrong.filter_map(sure).max_by(f32::total_cmp)?))
    })
    .max_by(|a, b| a.1.total_cmp(&b.1))
}

#[cfg(test)]
mod tests;
