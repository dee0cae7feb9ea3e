//! How good a head is: the figures of `train` and `evaluate`, from confidences held against the right labels.
//!
//! Pure arithmetic. Figures that cannot be computed (the precision of no answers) are absent, never zero or one.

use std::collections::BTreeMap;
use std::fmt;

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
    /// The calibration error that a head which is right exactly as often as it says would show on as many tickets: never zero. Told by
    /// `evaluate`, absent in what is stored with a bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ece_by_chance: Option<f64>,
    /// The precision the thresholds were fitted for.
    pub target_precision: f64,
    /// Share of tickets that get an answer at the thresholds.
    pub coverage: f64,
    /// Share of those answers that are right; absent when there are none.
    pub precision: Option<f64>,
    /// By label.
    pub labels: BTreeMap<String, LabelMetrics>,
}

impl fmt::Display for HeadMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (accuracy, macro_f1, ece) = (self.accuracy, self.macro_f1, self.ece);
        write!(f, "  accuracy {accuracy:.3}   macro F1 {macro_f1:.3}   calibration error {ece:.3}")?;
        match self.ece_by_chance {
            Some(chance) => writeln!(f, " (a perfect head shows {chance:.3} on so few)")?,
            None => writeln!(f)?,
        }
        let precision = self.precision.map_or("no answers".into(), |p| format!("precision {p:.3}"));
        let coverage = self.coverage * 100.0;
        match self.target_precision {
            // Thresholds that no ticket chose.
            0.0 => writeln!(f, "  at its thresholds: answers {coverage:.1} % of tickets, {precision}")?,
            target => writeln!(
                f,
                "  at thresholds for {:.0} % precision: answers {coverage:.1} % of tickets, {precision}",
                target * 100.0
            )?,
        }
        let width = self.labels.keys().map(|l| l.chars().count()).max().unwrap_or(0).max(5);
        writeln!(f, "  {:width$}  {:>6}  precision  recall     F1  threshold", "label", "n")?;
        for (label, m) in &self.labels {
            writeln!(
                f,
                "  {label:width$}  {:>6}  {:>9.3}  {:>6.3}  {:>5.3}  {:>9.3}",
                m.n, m.precision, m.recall, m.f1, m.threshold
            )?;
        }
        Ok(())
    }
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
    let mut bins = [(0f64, 0usize); BINS];
    let mut n = 0;
    for (confidence, right) in answers {
        let bin = &mut bins[bin(confidence)];
        bin.0 += f64::from(confidence);
        bin.1 += usize::from(right);
        n += 1;
    }
    let off = bins.iter().map(|(confidence, right)| (confidence - *right as f64).abs()).sum::<f64>();
    off / f64::from(n.max(1))
}

/// What [`ece`] comes to, on average, where answers are right exactly as often as they say: in a bin of few answers the share of the
/// right ones is never just that. A bin's surplus has the variance `Σ p(1 − p)`, and the mean distance of a normal variable from its
/// mean is `√(2/π)` of its deviation.
pub(crate) fn ece_by_chance(confidences: impl Iterator<Item = f32>) -> f64 {
    let mut variance = [0f64; BINS];
    let mut n = 0;
    for confidence in confidences {
        let p = f64::from(confidence).clamp(0.0, 1.0);
        variance[bin(confidence)] += p * (1.0 - p);
        n += 1;
    }
    variance.iter().map(|v| (v * std::f64::consts::FRAC_2_PI).sqrt()).sum::<f64>() / f64::from(n.max(1))
}

fn bin(confidence: f32) -> usize {
    ((confidence * BINS as f32) as usize).min(BINS - 1)
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

/// The probability that a value of `high` is over one of `low`; equal values count half.
pub(crate) fn auroc(low: &[f64], high: &[f64]) -> f64 {
    if low.is_empty() || high.is_empty() {
        return 0.5;
    }
    let mut sorted = low.to_vec();
    sorted.sort_by(f64::total_cmp);
    let under = |value: &f64| {
        let below = sorted.partition_point(|l| l < value);
        let equal = sorted.partition_point(|l| l <= value) - below;
        below as f64 + equal as f64 / 2.0
    };
    high.iter().map(under).sum::<f64>() / (low.len() * high.len()) as f64
}

#[cfg(test)]
mod tests;
