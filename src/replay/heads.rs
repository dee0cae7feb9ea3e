//! Two models on the same tickets, head by head, held against what the agents settled on. Pure.

use std::collections::BTreeMap;

use deskbridge_onnx::Prediction;
use serde::Serialize;

use crate::report::observation::{Influence, Observation};

/// How two models did on the tickets whose agents chose for themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Tickets.
    pub n: usize,
    /// Those on which the model of the ledger named just what was settled.
    pub right_before: usize,
    /// Those on which it named nothing.
    pub abstained_before: usize,
    /// The same for the other model.
    pub right_after: usize,
    /// The same for the other model.
    pub abstained_after: usize,
    /// Tickets on which the two name something else.
    pub differ: usize,
}

/// By head. `said` is what the other model says, by decision.
pub fn compare(
    observations: &[Observation],
    said: &BTreeMap<i64, Result<Prediction, String>>,
) -> BTreeMap<String, Compared> {
    let mut heads = BTreeMap::<String, Compared>::new();
    for seen in observations.iter().filter(|seen| seen.influence == Influence::Independent) {
        let Some(Ok(prediction)) = said.get(&seen.decision) else { continue };
        let Some(scored) = prediction.heads.get(&seen.head) else { continue };
        let now = scored.chosen.iter().cloned().collect();
        let of = heads.entry(seen.head.clone()).or_default();
        of.n += 1;
        of.right_before += usize::from(!seen.named.is_empty() && seen.named == seen.settled);
        of.abstained_before += usize::from(seen.named.is_empty());
        of.right_after += usize::from(!scored.chosen.is_empty() && seen.settled == now);
        of.abstained_after += usize::from(scored.chosen.is_empty());
        of.differ += usize::from(seen.named != now);
    }
    heads
}
