//! What a training run tells the person who started it: a table to read, or JSON.
//!
//! All figures are held out: each ticket was judged by a head that had not seen it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::study::{Overlap, Small, Study};
use crate::bundle::ScopeMetrics;
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
    /// How well tickets that are none of its business are known.
    pub out_of_scope: ScopeMetrics,
    /// What the held-out answers say about the tickets, by head of one label.
    pub studies: BTreeMap<String, Study>,
}

impl fmt::Display for TrainReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, head) in &self.heads {
            writeln!(f, "{name}: {} tickets, {} labels, 5-fold cross-validation", head.n, head.labels.len())?;
            writeln!(f, "{head}")?;
            if let Some(study) = self.studies.get(name) {
                writeln!(f, "{study}")?;
            }
        }
        writeln!(f, "{}\n", self.out_of_scope)?;
        write!(f, "{} ({} tickets, model {:.12})", self.bundle.display(), self.tickets, self.model.as_str())
    }
}

/// Suspects that are printed; the others are in the JSON and on the page.
const SHOWN: usize = 10;

impl fmt::Display for Study {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let points = self.learning_curve.iter().map(|p| format!("{} tickets {:.3}", p.n, p.accuracy));
        writeln!(f, "  accuracy by tickets: {}", points.collect::<Vec<_>>().join(", "))?;
        writeln!(f, "  {}", self.outlook())?;
        for (given, row) in self.labels.iter().zip(&self.confusion) {
            let mut wrong: Vec<(&String, usize)> = self
                .labels
                .iter()
                .zip(row.iter().copied())
                .filter(|(said, n)| *said != given && *n > 0)
                .collect();
            wrong.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
            if !wrong.is_empty() {
                let wrong: Vec<String> =
                    wrong.iter().take(3).map(|(said, n)| format!("{said} {n}")).collect();
                writeln!(f, "  {given} was taken for: {}", wrong.join(", "))?;
            }
        }
        self.overlapping.iter().try_for_each(|pair| writeln!(f, "  {pair}"))?;
        self.small.iter().try_for_each(|label| writeln!(f, "  {label}"))?;
        if !self.suspects.is_empty() {
            writeln!(f, "  {} tickets whose label looks wrong, the surest first:", self.suspects.len())?;
            for s in self.suspects.iter().take(SHOWN) {
                writeln!(f, "    {}: {}, looks like {} ({:.2})", s.id, s.given, s.suggested, s.confidence)?;
            }
        }
        Ok(())
    }
}

impl Study {
    /// What more tickets would bring, as a sentence.
    pub(crate) fn outlook(&self) -> String {
        match (&self.forecast, self.learning_curve.last()) {
            (Some(forecast), Some(last)) => format!(
                "{} more tickets would bring about {:+.1} points of accuracy",
                forecast.more,
                (forecast.accuracy - last.accuracy) * 100.0
            ),
            _ => "the curve is too flat to say what more tickets would bring".into(),
        }
    }
}

impl fmt::Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (a, b, share) = (&self.a, &self.b, self.share * 100.0);
        write!(
            f,
            "{a} and {b} overlap: {} tickets taken for the other ({share:.0} % of the smaller label)",
            self.n
        )
    }
}

impl fmt::Display for Small {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has {} tickets; under 20, its figures are little more than luck", self.label, self.n)
    }
}

impl fmt::Display for ScopeMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "out of scope: stops {:.1} % of tickets in scope", self.stopped * 100.0)?;
        match (self.found, self.auroc) {
            (Some(found), Some(auroc)) => {
                write!(f, ", finds {:.1} % of {} others (AUROC {auroc:.3})", found * 100.0, self.taught_by)
            }
            _ => write!(
                f,
                "; by distance alone: 10 tickets or more labelled `out_of_scope` would teach it ({} given)",
                self.taught_by
            ),
        }
    }
}
