//! Counts what may say how good the model is: independent observations, of the newest model, one per ticket.
//!
//! * **Independent**: an agent who saw our suggestion, or our write, before choosing is no judge of it. Such observations are
//!   counted beside the figures, by [`Influence`], and never in them.
//! * **Newest model**: a new bundle has to earn its own figures; an older one's tickets say nothing about it.
//! * **One per ticket and head**: ten decisions on one ticket are not ten tickets. The store keeps settled values once per ticket;
//!   of a file of rows the first decision of the model counts ([`by_head`]).
//!
//! Observations are added one at a time. What is kept of them grows with the number of labels, and not with the number of tickets.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use deskbridge_onnx::HeadKind;
use sha2::{Digest, Sha256};

use super::bins::ConfidenceBins;
use super::calibration::CalibrationBins;
use super::observation::{Influence, Observation};
use super::wilson::Share;
use crate::domain::summary::BundleLabels;

/// Counts of one head.
#[derive(Clone, Debug, Default)]
pub struct HeadEvidence {
    pub(super) kind: Option<HeadKind>,
    /// Independent tickets.
    pub(super) tickets: usize,
    /// Those on which it named something.
    pub(super) answered: usize,
    /// Those on which that was exactly what was settled.
    pub(super) agreed: usize,
    /// Tickets whose first human choice is known.
    pub(super) human: Count,
    /// Every observation, by whether it may count.
    pub(super) influence: BTreeMap<Influence, usize>,
    /// Values that we wrote and people judged since.
    pub(super) judged: Count,
    pub(super) calibration: CalibrationBins,
    /// Answers that some bar lets through.
    pub(super) answers: ConfidenceBins,
    /// Tickets by their surest answer.
    pub(super) covered: ConfidenceBins,
    pub(super) labels: BTreeMap<String, LabelEvidence>,
    /// By settled label and answered label; `None` where there is none.
    pub(super) confusion: HashMap<(Option<u32>, Option<u32>), usize>,
    /// The bundle whose labels were noted last, and whether for an independent ticket.
    learnt: Option<(Arc<BundleLabels>, bool)>,
}

/// Counts of one label.
#[derive(Clone, Debug, Default)]
pub struct LabelEvidence {
    /// Its number in the confusion matrix.
    pub(super) number: u32,
    /// True once a ticket had the label to choose from.
    pub(super) listed: bool,
    /// True once an independent ticket had.
    pub(super) independent: bool,
    /// Tickets on which the model named it.
    pub(super) named: usize,
    /// Tickets that the agents settled on it.
    pub(super) settled: usize,
    /// Tickets on which both did.
    pub(super) right: usize,
    /// Tickets that a person first gave the label; hits are those that lost it later.
    pub(super) human: Count,
    /// Writes of the label that people judged since.
    pub(super) judged: Count,
    /// Answers on the part that bars are fitted on.
    pub(super) fitted: ConfidenceBins,
    /// Answers on the part that they are verified on.
    pub(super) verified: ConfidenceBins,
}

/// A count, and how many of it had something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub(super) n: usize,
    pub(super) hits: usize,
}

impl Count {
    pub(super) fn add(&mut self, hit: bool) {
        self.n += 1;
        self.hits += usize::from(hit);
    }

    pub(super) fn share(self) -> Option<Share> {
        Share::of(self.hits, self.n)
    }
}

impl LabelEvidence {
    fn list(&mut self, independent: bool) {
        self.listed = true;
        self.independent |= independent;
    }
}

impl HeadEvidence {
    /// Counts an observation of this head.
    pub fn add(&mut self, seen: &Observation) {
        self.kind.get_or_insert(seen.kind);
        *self.influence.entry(seen.influence).or_default() += 1;
        let independent = seen.influence == Influence::Independent;
        self.learn_labels(seen, independent);
        match seen.influence {
            Influence::Independent => self.add_independent(seen),
            Influence::Kept | Influence::Overridden => {
                let replaced = seen.influence == Influence::Overridden;
                self.judged.add(replaced);
                for label in &seen.named {
                    self.label(label).judged.add(replaced);
                }
            }
            Influence::Anchored | Influence::Unconfirmed => {}
        }
    }

    fn add_independent(&mut self, seen: &Observation) {
        self.tickets += 1;
        self.answered += usize::from(!seen.named.is_empty());
        self.agreed += usize::from(!seen.named.is_empty() && seen.named == seen.settled);
        if let Some(first) = &seen.first {
            self.human.add(*first != seen.settled);
            for label in first {
                let lost = !seen.settled.contains(label);
                self.label(label).human.add(lost);
            }
        }
        for label in &seen.named {
            let right = seen.settled.contains(label);
            let of = self.label(label);
            of.named += 1;
            of.right += usize::from(right);
        }
        for label in &seen.settled {
            self.label(label).settled += 1;
        }
        let settled = seen.settled.first().map(|label| self.label(label).number);
        let named = seen.named.first().map(|label| self.label(label).number);
        *self.confusion.entry((settled, named)).or_default() += 1;
        let fitted = is_fitting(seen);
        let reach = if seen.kind == HeadKind::Single { 1 } else { seen.ranked.len() };
        for (label, confidence) in seen.ranked.iter().take(reach) {
            let right = seen.settled.contains(label);
            self.calibration.add(f64::from(*confidence), right);
            self.answers.add(*confidence, right);
            let of = self.label(label);
            let part = if fitted { &mut of.fitted } else { &mut of.verified };
            part.add(*confidence, right);
        }
        let surest = seen.ranked.iter().take(reach).map(|(_, confidence)| *confidence);
        if let Some(surest) = surest.max_by(f32::total_cmp) {
            self.covered.add(surest, false);
        }
    }

    /// Notes every label that the head had to choose from. A bundle's labels are noted once, not once per ticket.
    fn learn_labels(&mut self, seen: &Observation, independent: bool) {
        if let Some(bundle) = &seen.bundle {
            let known = self.learnt.as_ref().filter(|(known, _)| Arc::ptr_eq(known, bundle));
            let among_independent = known.is_some_and(|(_, independent)| *independent);
            if known.is_some() && (among_independent || !independent) {
                return;
            }
            self.learnt = Some((Arc::clone(bundle), independent));
            for label in bundle.heads.get(&seen.head).into_iter().flat_map(|of| &of.labels) {
                self.label(label).list(independent);
            }
        }
        let ranked = seen.ranked.iter().map(|(label, _)| label);
        for label in ranked.chain(&seen.named).chain(&seen.settled) {
            self.label(label).list(independent);
        }
    }

    fn label(&mut self, label: &str) -> &mut LabelEvidence {
        if !self.labels.contains_key(label) {
            let number = u32::try_from(self.labels.len()).unwrap_or(u32::MAX);
            self.labels.insert(label.to_owned(), LabelEvidence { number, ..LabelEvidence::default() });
        }
        self.labels.entry(label.to_owned()).or_default()
    }

    /// Returns the labels of the independent tickets, in alphabetical order.
    pub fn independent_labels(&self) -> impl Iterator<Item = (&String, &LabelEvidence)> {
        self.labels.iter().filter(|(_, of)| of.independent)
    }
}

/// Returns whether a ticket is in the part that bars are fitted on. It depends on account and ticket alone, so that the parts are the
/// same in every run.
fn is_fitting(seen: &Observation) -> bool {
    let digest = Sha256::digest(format!("{}/{}", seen.account, seen.ticket));
    digest[0].is_multiple_of(2)
}

/// Returns the model that made the latest decision among these; what the figures are about.
pub fn newest_model(observations: &[Observation]) -> Option<&str> {
    let latest =
        observations.iter().max_by_key(|observation| (observation.decided_at, observation.decision))?;
    Some(&latest.model)
}

/// Returns the first decision of a model on each ticket and head, where rows may hold several.
pub fn first_of_each<'a>(observations: &'a [Observation], model: &str) -> Vec<&'a Observation> {
    let mut first = BTreeMap::new();
    for observation in observations.iter().filter(|observation| observation.model == model) {
        let key = (&observation.head, &observation.account, &observation.ticket);
        let kept = first.entry(key).or_insert(observation);
        if (observation.decided_at, observation.decision) < (kept.decided_at, kept.decision) {
            *kept = observation;
        }
    }
    first.into_values().collect()
}

/// Counts rows by head, of the newest model and once per ticket.
pub fn by_head(observations: &[Observation]) -> BTreeMap<String, HeadEvidence> {
    let mut heads = BTreeMap::<String, HeadEvidence>::new();
    let model = newest_model(observations).unwrap_or_default();
    for observation in first_of_each(observations, model) {
        heads.entry(observation.head.clone()).or_default().add(observation);
    }
    heads
}
