//! What a training run tells the person who started it: a table to read, or JSON.
//!
//! All figures are held out: each ticket was judged by a head that had not seen it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::digest::ModelDigest;
use crate::metrics::HeadMetrics;

/// A finished training run.
#[derive(Clone, Debug, Serialize)]
pub struct TrainReport {
    /// The bundle's folder.
    pub bundle: PathBuf,
    /// The bundle's digest.
    pub model: ModelDigest,
    /// Tickets read.
    pub tickets: usize,
    /// What decided every shuffle.
    pub seed: u64,
    /// Held-out figures by head.
    pub heads: BTreeMap<String, HeadMetrics>,
}

impl fmt::Display for TrainReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, head) in &self.heads {
            writeln!(f, "{name}: {} tickets, {} labels, 5-fold cross-validation", head.n, head.labels.len())?;
            writeln!(
                f,
                "  accuracy {:.3}   macro F1 {:.3}   calibration error {:.3}",
                head.accuracy, head.macro_f1, head.ece
            )?;
            let precision = head.precision.map_or("no answers".into(), |p| format!("precision {p:.3}"));
            writeln!(
                f,
                "  at thresholds for {:.0} % precision: answers {:.1} % of tickets, {precision}",
                head.target_precision * 100.0,
                head.coverage * 100.0
            )?;
            let width = head.labels.keys().map(|l| l.chars().count()).max().unwrap_or(0).max(5);
            writeln!(f, "  {:width$}  {:>6}  precision  recall     F1  threshold", "label", "n")?;
            for (label, m) in &head.labels {
                writeln!(
                    f,
                    "  {label:width$}  {:>6}  {:>9.3}  {:>6.3}  {:>5.3}  {:>9.3}",
                    m.n, m.precision, m.recall, m.f1, m.threshold
                )?;
            }
            writeln!(f)?;
        }
        write!(f, "{} ({} tickets, model {:.12})", self.bundle.display(), self.tickets, self.model.as_str())
    }
}
