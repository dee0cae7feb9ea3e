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

use std::collections::BTreeMap;

use deskbridge_onnx::HeadKind;
use serde::{Deserialize, Serialize};

use super::calibration::Bin;
use super::evidence::{HeadEvidence, LabelEvidence};
use super::kappa::Kappa;
use super::observation::Influence;
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

/// Returns the figures of one head.
pub fn head(evidence: &HeadEvidence) -> HeadAgreement {
    let (n, answered, agreed) = (evidence.tickets, evidence.answered, evidence.agreed);
    let kind = evidence.kind.unwrap_or(HeadKind::Single);
    let agreement = Share::of(agreed, answered);
    let abstention = Share::of(n - answered, n);
    let confusion = (kind == HeadKind::Single).then(|| Confusion::of(evidence));
    let kappa = confusion.as_ref().and_then(Confusion::kappa);
    let calibration = evidence.calibration.calibration();
    HeadAgreement {
        kind,
        n,
        answered,
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
        human: evidence.human.share(),
        influence: evidence.influence.clone(),
        overridden: evidence.judged.share(),
    }
}

/// Returns the figures of every label of a head.
pub fn by_label(evidence: &HeadEvidence) -> BTreeMap<String, LabelAgreement> {
    let labels = evidence.independent_labels();
    labels.map(|(label, of)| (label.clone(), one(of, evidence.tickets))).collect()
}

fn one(of: &LabelEvidence, tickets: usize) -> LabelAgreement {
    let (right, only_said, only_settled) = (of.right, of.named - of.right, of.settled - of.right);
    let neither = tickets - right - only_said - only_settled;
    let agreement = Share::of(right + neither, tickets);
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
        human: of.human.share(),
    }
}
