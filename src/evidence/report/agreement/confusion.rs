//! Which label is taken for which: settled labels down, the model's answers across.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::evidence::HeadEvidence;
use super::super::kappa::Kappa;

/// What stands for a settled value that is no label of the head.
const NO_LABEL: &str = "(no label)";
/// What stands for a ticket on which the head named nothing.
const ABSTAINED: &str = "(abstained)";

/// Counts of tickets: settled as the row, answered as the column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// The rows: every label; last, where it occurs, `(no label)`.
    pub settled: Vec<String>,
    /// The columns: every label; last, where it occurs, `(abstained)`.
    pub answered: Vec<String>,
    /// A row a settled label, a column an answer.
    pub counts: Vec<Vec<usize>>,
}

impl Confusion {
    /// Returns the matrix of a head with one label per ticket.
    pub fn of(evidence: &HeadEvidence) -> Self {
        let labels: Vec<String> = evidence.independent_labels().map(|(label, _)| label.clone()).collect();
        let places = evidence.independent_labels().enumerate().map(|(place, (_, of))| (of.number, place));
        let places: BTreeMap<u32, usize> = places.collect();
        let place = |number: Option<u32>| {
            number.and_then(|number| places.get(&number).copied()).unwrap_or(labels.len())
        };
        let mut counts = vec![vec![0usize; labels.len() + 1]; labels.len() + 1];
        for ((settled, named), n) in &evidence.confusion {
            counts[place(*settled)][place(*named)] += n;
        }
        let (mut settled, mut answered) = (labels.clone(), labels);
        if counts.last().is_some_and(|row| row.iter().any(|count| *count > 0)) {
            settled.push(NO_LABEL.to_owned());
        } else {
            counts.pop();
        }
        if counts.iter().any(|row| row.last().is_some_and(|count| *count > 0)) {
            answered.push(ABSTAINED.to_owned());
        } else {
            let columns = answered.len();
            counts.iter_mut().for_each(|row| row.truncate(columns));
        }
        Self { settled, answered, counts }
    }

    /// Kappa of the answered tickets. A settled value that is no label counts as an answer that the model never gives.
    pub fn kappa(&self) -> Option<Kappa> {
        let labels = self.answered.iter().filter(|answer| *answer != ABSTAINED).count();
        let size = self.settled.len().max(labels);
        let mut square = vec![vec![0; size]; size];
        for (row, counts) in self.counts.iter().enumerate() {
            square[row][..labels].copy_from_slice(&counts[..labels]);
        }
        Kappa::of(&square)
    }
}
