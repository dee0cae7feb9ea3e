//! What is asked of a head of the model, and which labels it says. Scores are read and never changed.

use deskbridge_onnx::{HeadKind, Scored};

use super::bound::{Bound, ROUNDING};
use crate::rulebook::defaults::Defaults;

/// What is asked of a head.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::rulebook) struct HeadTest {
    pub(in crate::rulebook) head: String,
    /// One of these.
    pub(in crate::rulebook) is: Vec<String>,
    /// Every one of these: for heads that give several labels.
    pub(in crate::rulebook) all_of: Vec<String>,
    pub(in crate::rulebook) is_not: Vec<String>,
    pub(in crate::rulebook) confidence: Option<Bound>,
    pub(in crate::rulebook) margin: Option<Bound>,
    pub(in crate::rulebook) abstains: Option<bool>,
}

impl HeadTest {
    pub(super) fn holds(&self, scored: &Scored, defaults: Defaults) -> bool {
        if let Some(abstains) = self.abstains {
            return chosen(scored, defaults).is_empty() == abstains;
        }
        if self.margin.is_some_and(|bound| !bound.holds(scored.margin())) {
            return false;
        }
        let said = self.said(scored, defaults);
        let has = |label: &String| said.iter().any(|found| found == label);
        !said.is_empty()
            && (self.is.is_empty() || self.is.iter().any(has))
            && self.all_of.iter().all(has)
            && !self.is_not.iter().any(has)
    }

    /// The labels that the answer rests on: those asked for, or all that the head says; none where it is to abstain.
    pub(super) fn labels<'s>(&self, scored: &'s Scored, defaults: Defaults) -> Vec<&'s str> {
        if self.abstains == Some(true) {
            return Vec::new();
        }
        let asked = |label: &&str| {
            let named = |of: &[String]| of.iter().any(|one| one == label);
            (self.is.is_empty() && self.all_of.is_empty()) || named(&self.is) || named(&self.all_of)
        };
        let said =
            if self.abstains.is_some() { chosen(scored, defaults) } else { self.said(scored, defaults) };
        said.into_iter().filter(asked).collect()
    }

    fn said<'s>(&self, scored: &'s Scored, defaults: Defaults) -> Vec<&'s str> {
        let doubt = self.margin.is_some_and(|bound| !bound.asks_for_more());
        match self.confidence {
            // A rule's own margin has been asked for already.
            Some(bound) if self.margin.is_some() => reaching(scored, bound, 0.0),
            Some(bound) => reaching(scored, bound, defaults.margin),
            // Who looks for a narrow margin looks for what the bundle abstains on.
            None if doubt => reaching(scored, Bound::at_least(0.0), 0.0),
            None => chosen(scored, defaults),
        }
    }
}

/// The labels a head says: the bundle's own choice, or by the defaults where the bundle has no threshold at all.
pub(in crate::rulebook) fn chosen(scored: &Scored, defaults: Defaults) -> Vec<&str> {
    if !scored.threshold.is_empty() || !scored.chosen.is_empty() {
        return scored.chosen.iter().map(String::as_str).collect();
    }
    reaching(scored, Bound::at_least(defaults.threshold), defaults.margin)
}

/// The labels whose confidence is as asked. Of a head that gives one label only the best counts, and where confidence is
/// asked for, only when it is the margin ahead.
fn reaching(scored: &Scored, bound: Bound, margin: f32) -> Vec<&str> {
    let candidates = match scored.kind {
        HeadKind::Single if bound.asks_for_more() && scored.margin() < margin - ROUNDING => 0,
        HeadKind::Single => 1,
        HeadKind::Multi => scored.ranked.len(),
    };
    let ranked = scored.ranked.iter().take(candidates);
    ranked.filter(|(_, confidence)| bound.holds(*confidence)).map(|(label, _)| label.as_str()).collect()
}
