//! Agreement: what the model said, held against what the agents settled on, per head and per label.
//!
//! All figures are of independent observations of the newest model (see [`super::evidence`]).
//!
//! | figure | definition |
//! |---|---|
//! | `n` | tickets of the head; for a label: tickets that the agents settled on it |
//! | `answered`, `abstention` | tickets where the head named something; the share where it named nothing |
//! | `agreement` | of the answered ones, the share where it named exactly what was settled; for a label: of all tickets, those where model and agents say the same about this label |
//! | `kappa` | agreement beyond chance, of the answered tickets; for a label: it against all others, on all tickets |
//! | `precision` | of the tickets that got the label, the share where the agents chose it too |
//! | `recall` | of the tickets that the agents gave the label, the share where the model had named it; abstaining is missing |
//! | `confusion` | how many tickets settled as the row were answered as the column |
//! | `human` | of the tickets whose first human choice is known, the share that was changed later: what the desk's own error rate is, seen the same way |
//!
//! A head with several labels a ticket has no confusion matrix and no kappa of its own; its labels do.

use std::collections::{BTreeMap, BTreeSet};

use deskbridge_onnx::HeadKind;
use serde::{Deserialize, Serialize};

use super::calibration::{Bin, calibration};
use super::evidence::{Evidence, labels};
use super::kappa::Kappa;
use super::observation::{Influence, Observation};
use super::wilson::Share;

mod confusion;

pub use confusion::Confusion;

/// A head's figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeadAgreement {
    /// One label or several.
    pub kind: HeadKind,
    /// Independent tickets.
    pub n: usize,
    /// Those on which the head named something.
    pub answered: usize,
    /// Those on which that was exactly what was settled.
    pub agreed: usize,
    /// `agreed / answered`.
    pub agreement: Option<f64>,
    /// Both ends of its interval.
    pub agreement_ci: Option<[f64; 2]>,
    /// Share of tickets on which it named nothing.
    pub abstention: Option<f64>,
    /// Both ends of its interval.
    pub abstention_ci: Option<[f64; 2]>,
    /// Cohen's kappa of the answered tickets.
    pub kappa: Option<f64>,
    /// Both ends of its interval.
    pub kappa_ci: Option<[f64; 2]>,
    /// Expected calibration error.
    pub ece: Option<f64>,
    /// Its bins.
    pub calibration: Vec<Bin>,
    /// Settled labels against answers; heads with one label a ticket only.
    pub confusion: Option<Confusion>,
    /// How often the first human choice was changed later.
    pub human: Option<Share>,
    /// Every observation of the newest model, by whether it may count.
    pub influence: BTreeMap<Influence, usize>,
    /// Of the values that we wrote and people judged since, the share they replaced.
    pub overridden: Option<Share>,
}

/// A label's figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelAgreement {
    /// Tickets that the agents settled on it.
    pub n: usize,
    /// Tickets on which the model named it.
    pub named: usize,
    /// Tickets on which both did.
    pub right: usize,
    /// Share of tickets on which both say the same about it.
    pub agreement: Option<f64>,
    /// Both ends of its interval.
    pub agreement_ci: Option<[f64; 2]>,
    /// Cohen's kappa of it against all others.
    pub kappa: Option<f64>,
    /// Both ends of its interval.
    pub kappa_ci: Option<[f64; 2]>,
    /// `right / named`.
    pub precision: Option<f64>,
    /// Both ends of its interval.
    pub precision_ci: Option<[f64; 2]>,
    /// `right / n`.
    pub recall: Option<f64>,
    /// Both ends of its interval.
    pub recall_ci: Option<[f64; 2]>,
    /// Of the tickets that a person first gave the label, the share that lost it later.
    pub human: Option<Share>,
}

/// The figures of one head.
pub fn head(evidence: &Evidence<'_>) -> HeadAgreement {
    let tickets = &evidence.independent;
    let kind = tickets.iter().chain(&evidence.apart).next().map_or(HeadKind::Single, |first| first.kind);
    let answered: Vec<_> = tickets.iter().copied().filter(|ticket| !ticket.named.is_empty()).collect();
    let agreed = answered.iter().filter(|ticket| ticket.named == ticket.settled).count();
    let agreement = Share::of(agreed, answered.len());
    let abstention = Share::of(tickets.len() - answered.len(), tickets.len());
    let confusion = (kind == HeadKind::Single).then(|| Confusion::of(tickets));
    let kappa = confusion.as_ref().and_then(Confusion::kappa);
    let calibration = calibration(tickets);
    HeadAgreement {
        kind,
        n: tickets.len(),
        answered: answered.len(),
        agreed,
        agreement: agreement.map(|share| share.share),
        agreement_ci: agreement.map(|share| share.ci()),
        abstention: abstention.map(|share| share.share),
        abstention_ci: abstention.map(|share| share.ci()),
        kappa: kappa.map(|kappa| kappa.kappa),
        kappa_ci: kappa.map(|kappa| kappa.ci()),
        ece: calibration.ece,
        calibration: calibration.bins,
        confusion,
        human: changed(tickets, |first, settled| first != settled, |_| true),
        influence: evidence.counts(),
        overridden: Share::among(evidence.judged(), |(_, replaced)| *replaced),
    }
}

/// The figures of every label of a head.
pub fn by_label(evidence: &Evidence<'_>) -> BTreeMap<String, LabelAgreement> {
    let tickets = &evidence.independent;
    labels(tickets).into_iter().map(|label| (label.to_owned(), one(label, tickets))).collect()
}

fn one(label: &str, tickets: &[&Observation]) -> LabelAgreement {
    let count = |said: bool, settled: bool| {
        let is = |ticket: &&&Observation| {
            ticket.named.contains(label) == said && ticket.settled.contains(label) == settled
        };
        tickets.iter().filter(is).count()
    };
    let (right, only_said, only_settled, neither) =
        (count(true, true), count(true, false), count(false, true), count(false, false));
    let agreement = Share::of(right + neither, tickets.len());
    let precision = Share::of(right, right + only_said);
    let recall = Share::of(right, right + only_settled);
    let kappa = Kappa::of_two(right, only_said, only_settled, neither);
    LabelAgreement {
        n: right + only_settled,
        named: right + only_said,
        right,
        agreement: agreement.map(|share| share.share),
        agreement_ci: agreement.map(|share| share.ci()),
        kappa: kappa.map(|kappa| kappa.kappa),
        kappa_ci: kappa.map(|kappa| kappa.ci()),
        precision: precision.map(|share| share.share),
        precision_ci: precision.map(|share| share.ci()),
        recall: recall.map(|share| share.share),
        recall_ci: recall.map(|share| share.ci()),
        human: changed(tickets, |_, settled| !settled.contains(label), |first| first.contains(label)),
    }
}

type Labels = BTreeSet<String>;

/// Of the tickets whose first human choice is known and `counts`, the share that `differs` from what was settled.
fn changed(
    tickets: &[&Observation],
    differs: impl Fn(&Labels, &Labels) -> bool,
    counts: impl Fn(&Labels) -> bool,
) -> Option<Share> {
    let known = tickets.iter().filter_map(|ticket| Some((ticket.first.as_ref()?, &ticket.settled)));
    Share::among(known.filter(|(first, _)| counts(first)), |(first, settled)| differs(first, settled))
}
