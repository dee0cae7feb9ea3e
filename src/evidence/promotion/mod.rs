//! Which labels may act, and on what evidence: the file that people review, and the gate that decisions pass.
//!
//! A label is promoted by a person, who writes it to a file beside the rulebook with the figures that earned it. It falls
//! back by itself when people override it too often; the fall is kept in the store, and a newer promotion outranks it.
//! Where there is no such file and none is required, labels hold nothing back: daemon, account and rule alone say how far
//! a decision goes.

mod fall;
mod file;
mod gate;
mod warden;

use std::collections::BTreeMap;

use deskbridge_onnx::{Confidence, HeadKind, Prediction};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use fall::{Fall, LabelWrites};
pub use file::{read, write};
pub use gate::{in_force, label_modes};
pub use warden::Warden;

use crate::domain::mode::Mode;

/// The promoted labels, by head and label.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Promotions(pub BTreeMap<(String, String), Promoted>);

/// One promoted label.
#[derive(Clone, Debug, PartialEq)]
pub struct Promoted {
    /// How far it may go.
    pub mode: Mode,
    /// The confidence it needs, in place of the bundle's threshold.
    pub threshold: Option<Confidence>,
    /// When it was promoted.
    pub at: Timestamp,
    /// What earned it; absent where somebody wrote the entry by hand.
    pub evidence: Option<Evidence>,
}

/// The figures that a promotion rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Tickets on which the head named the label and whose agents chose for themselves.
    pub tickets: u64,
    /// Of these, those whose agents settled on the label.
    pub agreed: u64,
    /// The lower end of the 95 % interval of that share.
    pub lower: f64,
    /// What it had to reach.
    pub target: f64,
    /// Digest of the bundle that was measured.
    pub model: String,
}

impl Promotions {
    /// Puts the promoted labels' thresholds in place of the bundle's. `margins` are the bundle's, by head. Scores stay as
    /// they are.
    pub fn apply(&self, prediction: &mut Prediction, margins: &BTreeMap<String, Confidence>) {
        let stranger = prediction.out_of_scope.is_some_and(|scope| scope.is);
        for (head, scored) in &mut prediction.heads {
            let own = self.0.iter().filter(|((of, _), promoted)| of == head && promoted.threshold.is_some());
            let mut changed = false;
            for ((_, label), promoted) in own {
                if let (Some(threshold), Some(wanted)) = (scored.threshold.get_mut(label), promoted.threshold)
                {
                    (*threshold, changed) = (wanted, true);
                }
            }
            if !changed || stranger {
                continue;
            }
            let passes = |(label, confidence): &&(String, f32)| {
                scored.threshold.get(label).is_some_and(|t| confidence >= t)
            };
            let margin = margins.get(head).copied().unwrap_or_default();
            let candidates = match scored.kind {
                HeadKind::Single => usize::from(scored.margin() >= margin),
                HeadKind::Multi => scored.ranked.len(),
            };
            let chosen = scored.ranked.iter().take(candidates).filter(passes).map(|(label, _)| label.clone());
            scored.chosen = chosen.collect();
        }
    }
}

#[cfg(test)]
mod tests;
