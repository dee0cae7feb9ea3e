//! From held-out logits to answers that keep a promised precision: the thresholds.
//!
//! Everything here sees cross-validated logits only, never those of tickets a head was fitted on. Thresholds take the
//! lower confidence bound of their precision, because the best-looking threshold of many is flattered by luck.

use std::cmp::Reverse;

use crate::metrics::wilson_lower;
use crate::prediction::HeadKind;
use crate::train::fit::probabilities;

/// One-sided: nine times in ten the true precision is at least the bound.
const Z: f64 = 1.2816;
/// What a label needs where no threshold keeps the promise.
pub(crate) const HIGH: f32 = 0.99;

/// Mean negative log likelihood.
pub(crate) fn log_loss(kind: HeadKind, logits: &[Vec<f32>], targets: &[Vec<usize>]) -> f64 {
    let mut sum = 0.0;
    for (row, target) in logits.iter().zip(targets) {
        let row = confidences(kind, row);
        let log = |p: f32| f64::from(p.max(1e-7)).ln();
        sum -= match kind {
            HeadKind::Single => target.iter().map(|&t| log(row[t])).sum::<f64>(),
            HeadKind::Multi => {
                (0..row.len()).map(|n| log(if target.contains(&n) { row[n] } else { 1.0 - row[n] })).sum()
            }
        };
    }
    sum / logits.len().max(1) as f64
}

/// Calibrated confidences.
pub(crate) fn confidences(kind: HeadKind, logits: &[f32]) -> Vec<f32> {
    let mut row = logits.to_vec();
    probabilities(kind, &mut row);
    row
}

/// One answer a head could give: which label, how sure, and whether it is right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) label: usize,
    pub(crate) confidence: f32,
    pub(crate) right: bool,
}

/// A threshold for each label, at which answers keep the target precision.
///
/// First over all labels together, which gives the bound enough answers to be of use; then higher for a label whose
/// own answers fall short above that.
pub(crate) fn thresholds(answers: &[Answer], labels: usize, target: f64) -> Vec<f32> {
    let mut sorted = answers.to_vec();
    sorted.sort_by_key(|a| Reverse(a.confidence.to_bits()));
    let Some(common) = lowest(&sorted, |hits, n| wilson_lower(hits, n, Z) >= target) else {
        return vec![HIGH; labels];
    };
    (0..labels)
        .map(|label| {
            let own: Vec<Answer> =
                sorted.iter().copied().filter(|a| a.label == label && a.confidence >= common).collect();
            let keeps = |hits: usize, n: usize| hits as f64 >= target * n as f64;
            match own.iter().filter(|a| a.right).count() {
                // Nothing known against it, and nothing for it: as sure as can be asked.
                _ if own.is_empty() => HIGH.max(common),
                hits if keeps(hits, own.len()) => common,
                _ => lowest(&own, keeps).unwrap_or(HIGH).max(common),
            }
        })
        .collect()
}

/// The lowest confidence down to which the answers, most confident first, satisfy `keeps(right, all)`.
fn lowest(sorted: &[Answer], keeps: impl Fn(usize, usize) -> bool) -> Option<f32> {
    let (mut hits, mut found) = (0, None);
    for (n, answer) in sorted.iter().enumerate() {
        hits += usize::from(answer.right);
        // Between equal confidences there is no place for a threshold.
        let last_of_equals = sorted.get(n + 1).is_none_or(|next| next.confidence < answer.confidence);
        if last_of_equals && keeps(hits, n + 1) {
            found = Some(answer.confidence);
        }
    }
    found
}

#[cfg(test)]
mod tests;
