//! Whether a confidence means what it says: of the tickets answered with 80 %, eight of ten should be right.
//!
//! Answers are sorted into [`BINS`] bins of equal width by their confidence. The *expected calibration error* is the mean gap
//! between what was claimed and what was right, weighted by the bins' tickets (Guo et al. 2017,
//! <https://arxiv.org/abs/1706.04599>); `train` and `evaluate` use the same bins.
//!
//! ```text
//! ECE = Σ_b n_b/n · | mean confidence in b − share right in b |
//! ```
//!
//! A head with one label a ticket is measured by its best label, also where it abstained; a head with several by every label of
//! every ticket.

use serde::{Deserialize, Serialize};

use super::wilson::Share;

/// Bins of equal width between 0 and 1.
pub const BINS: usize = 15;

/// The answers of one range of confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Where it begins, 0 to 1.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// Its answers.
    pub n: usize,
    /// Their mean confidence: what was claimed.
    pub confidence: f64,
    /// The share of right ones: what came true.
    pub right: Share,
}

/// How well a head's confidences hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Expected calibration error, 0 to 1; `None` without answers.
    pub ece: Option<f64>,
    /// Bins that hold answers, from the least sure.
    pub bins: Vec<Bin>,
}

/// Sums of answers by range of confidence.
#[derive(Clone, Debug, PartialEq)]
pub struct CalibrationBins([(usize, f64, usize); BINS]);

impl Default for CalibrationBins {
    fn default() -> Self {
        Self([(0, 0.0, 0); BINS])
    }
}

impl CalibrationBins {
    /// Adds an answer.
    pub fn add(&mut self, confidence: f64, right: bool) {
        let confidence = confidence.clamp(0.0, 1.0);
        let at = ((confidence * BINS as f64) as usize).min(BINS - 1);
        let (n, sum, hits) = &mut self.0[at];
        *n += 1;
        *sum += confidence;
        *hits += usize::from(right);
    }

    /// Compares what was claimed with what was right.
    pub fn calibration(&self) -> Calibration {
        let n: usize = self.0.iter().map(|bin| bin.0).sum();
        let edge = |at: usize| at as f64 / BINS as f64;
        let bins: Vec<_> = self
            .0
            .iter()
            .enumerate()
            .filter_map(|(at, (n, confidence, right))| {
                let right = Share::of(*right, *n)?;
                let confidence = confidence / *n as f64;
                Some(Bin { from: edge(at), to: edge(at + 1), n: *n, confidence, right })
            })
            .collect();
        let gaps = bins.iter().map(|bin| bin.n as f64 * (bin.confidence - bin.right.share).abs());
        Calibration { ece: (n > 0).then(|| gaps.sum::<f64>() / n as f64), bins }
    }
}
