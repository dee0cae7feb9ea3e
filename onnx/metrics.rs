//! How good a head is: the figures of `train` and `evaluate`, from confidences held against the right labels.
//!
//! Pure arithmetic. Figures that cannot be computed (the precision of no answers) are absent, never zero or one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Bins of the calibration error; 15 as in Guo et al. 2017, <https://arxiv.org/abs/1706.04599>.
const BINS: usize = 15;

/// One head's figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeadMetrics {
    /// Tickets measured on.
    pub n: usize,
    /// Share of tickets whose best label (multi: whose set of labels over one half) is right.
    pub accuracy: f64,
    /// Mean over the labels of F1.
    pub macro_f1: f64,
    /// Expected calibration error, 0 to 1.
    pub ece: f64,
    /// The precision the thresholds were fitted for.
    pub target_precision: f64,
    /// Share of tickets that get an answer at the thresholds.
    pub coverage: f64,
    /// Share of those answers that are right; absent when there are none.
    pub precision: Option<f64>,
    /// By label.
    pub labels: BTreeMap<String, LabelMetrics>,
}

/// One label's figures, at the best label (multi: over one half).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelMetrics {
    /// Tickets with this label.
    pub n: usize,
    /// Of those that got it, how many should have.
    pub precision: f64,
    /// Of those that should have it, how many got it.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
    /// The confidence needed to be chosen.
    pub threshold: f32,
}

/// Hits, false alarms and misses of one label.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) hits: usize,
    pub(crate) false_alarms: usize,
    pub(crate) misses: usize,
}

impl Counts {
    pub(crate) fn add(&mut self, said: bool, right: bool) {
        match (said, right) {
            (true, true) => self.hits += 1,
            (true, false) => self.false_alarms += 1,
            (false, true) => self.misses += 1,
            (false, false) => {}
        }
    }

    pub(crate) fn metrics(self, threshold: f32) -> LabelMetrics {
        let share = |part: usize, rest: usize| {
            if part + rest == 0 { 0.0 } else { ratio(part, part + rest) }
        };
        LabelMetrics {
            n: self.hits + self.misses,
            precision: share(self.hits, self.false_alarms),
            recall: share(self.hits, self.misses),
            f1: share(2 * self.hits, self.false_alarms + self.misses),
            threshold,
        }
    }
}

/// The expected calibration error of (confidence, was it right) pairs.
pub(crate) fn ece(answers: impl Iterator<Item = (f32, bool)>) -> f64 {
    let mut bins = [(0usize, 0f64, 0usize); BINS];
    let mut n = 0;
    for (confidence, right) in answers {
        let bin = ((confidence * BINS as f32) as usize).min(BINS - 1);
        bins[bin].0 += 1;
        bins[bin].1 += f64::from(confidence);
        bins[bin].2 += usize::from(right);
        n += 1;
    }
    let off = bins.iter().map(|(_, confidence, right)| (confidence - *right as f64).abs()).sum::<f64>();
    if n == 0 { 0.0 } else { off / n as f64 }
}

/// `part / whole`, which is not zero.
pub(crate) fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

/// The Wilson score interval's lower end for a share, one-sided at `z` standard deviations:
/// <https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval#Wilson_score_interval>
pub(crate) fn wilson_lower(hits: usize, n: usize, z: f64) -> f64 {
    if n == 0 {
        return 0.0;
    }
    let (share, n, z2) = (ratio(hits, n), n as f64, z * z);
    let centre = share + z2 / (2.0 * n);
    let spread = z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    (centre - spread) / (1.0 + z2 / n)
}

#[cfg(test)]
mod tests;
