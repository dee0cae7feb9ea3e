//! A bundle held against labelled tickets it has never seen.
//!
//! Through the very classifier that serves, abstentions and out-of-scope tickets included. What the bundle cannot know
//! is said and counts against it: a ticket whose label it lacks is a ticket it gets wrong.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::classifier::Classifier;
use crate::metrics::{HeadMetrics, auroc, ece_by_chance, ratio};
use crate::prediction::{HeadKind, Prediction};
use crate::train::Problem;
use crate::train::corpus::{self, Measured};
use crate::train::judge::{Answered, claims, figures};

/// How a bundle did.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// By head. `coverage` and `precision` are at the bundle's own thresholds.
    pub heads: BTreeMap<String, HeadMetrics>,
    /// Heads of the bundle that the file has no column for.
    pub missing_heads: Vec<String>,
    /// By head, labels of the file that the bundle lacks, and how many tickets have them.
    pub unknown_labels: BTreeMap<String, BTreeMap<String, usize>>,
    /// What it takes for none of its business.
    pub out_of_scope: Strangers,
}

/// Tickets that are, and that were taken for, out of scope.
#[derive(Clone, Debug, Serialize)]
pub struct Strangers {
    /// Tickets the file says are out of scope.
    pub n: usize,
    /// Share of those that were found out; absent when there are none.
    pub found: Option<f64>,
    /// Share of the other tickets that were taken for such; absent when there are none.
    pub stopped: Option<f64>,
    /// Probability that an out-of-scope ticket scores higher than another; absent when either kind is missing.
    pub auroc: Option<f64>,
}

/// Runs every ticket of the file through the classifier.
///
/// # Errors
/// Everything wrong with the file, or the first ticket that could not be classified.
pub fn evaluate(classifier: &Classifier, tickets: &Path) -> Result<Evaluation, Vec<Problem>> {
    let entries = &classifier.manifest().heads;
    let heads: Vec<(String, HeadKind)> = entries.iter().map(|head| (head.name.clone(), head.kind)).collect();
    let (tickets, missing_heads) = corpus::measured(tickets, &heads)?;
    let texts = tickets.iter().map(|ticket| ticket.text.clone()).collect();
    let said = classifier.classify_texts(texts).map_err(|e| vec![Problem::general(e.to_string())])?;
    let pairs: Vec<(&Measured, &Prediction)> = tickets.iter().zip(&said).collect();
    let mut found = BTreeMap::new();
    let mut unknown_labels = BTreeMap::new();
    for entry in entries.iter().filter(|entry| !missing_heads.contains(&entry.name)) {
        let (mut rows, mut targets, mut answered) = (vec![], vec![], Answered::default());
        let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
        for (ticket, prediction) in pairs.iter().filter(|(ticket, _)| !ticket.out_of_scope) {
            let (Some(right), Some(scored)) =
                (ticket.answers.get(&entry.name), prediction.heads.get(&entry.name))
            else {
                continue;
            };
            let mut places: Vec<usize> = right
                .iter()
                .map(|label| {
                    entry.labels.iter().position(|known| known == label).unwrap_or_else(|| {
                        *unknown.entry(label.clone()).or_default() += 1;
                        entry.labels.len()
                    })
                })
                .collect();
            places.sort_unstable();
            answered.covered += usize::from(!scored.abstains());
            answered.given += scored.chosen.len();
            answered.right += scored.chosen.iter().filter(|label| right.contains(label)).count();
            rows.push(entry.labels.iter().map(|label| scored.confidence(label)).collect::<Vec<_>>());
            targets.push(places);
        }
        let thresholds: Vec<f32> =
            entry.labels.iter().map(|label| entry.thresholds.get(label).copied().unwrap_or(1.0)).collect();
        let trained = &classifier.manifest().training.metrics;
        let target = trained.get(&entry.name).map_or(0.0, |metrics| metrics.target_precision);
        let metrics = figures(entry.kind, &entry.labels, &rows, &targets, &thresholds, target, answered);
        // A file to measure on may be small, and the error of a few tickets is mostly luck.
        let chance = ece_by_chance(claims(entry.kind, &rows, &targets).into_iter().map(|(sure, _)| sure));
        found.insert(entry.name.clone(), HeadMetrics { ece_by_chance: Some(chance), ..metrics });
        if !unknown.is_empty() {
            unknown_labels.insert(entry.name.clone(), unknown);
        }
    }
    Ok(Evaluation { heads: found, missing_heads, unknown_labels, out_of_scope: strangers(&pairs) })
}

fn strangers(pairs: &[(&Measured, &Prediction)]) -> Strangers {
    let of = |strange: bool| -> Vec<(f64, bool)> {
        let pairs = pairs.iter().filter(|(ticket, _)| ticket.out_of_scope == strange);
        pairs.filter_map(|(_, p)| p.out_of_scope).map(|scope| (f64::from(scope.score), scope.is)).collect()
    };
    let (inside, outside) = (of(false), of(true));
    let over = |of: &[(f64, bool)]| ratio(of.iter().filter(|(_, is)| *is).count(), of.len().max(1));
    let scores = |of: &[(f64, bool)]| of.iter().map(|(score, _)| *score).collect::<Vec<_>>();
    Strangers {
        n: outside.len(),
        found: (!outside.is_empty()).then(|| over(&outside)),
        stopped: (!inside.is_empty()).then(|| over(&inside)),
        auroc: (!inside.is_empty() && !outside.is_empty())
            .then(|| auroc(&scores(&inside), &scores(&outside))),
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, head) in &self.heads {
            writeln!(f, "{name}: {} tickets, {} labels", head.n, head.labels.len())?;
            if head.n > 0 {
                writeln!(f, "{head}")?;
            }
        }
        for head in &self.missing_heads {
            writeln!(f, "{head}: the file has no such column, so nothing is said of this head")?;
        }
        for (head, labels) in &self.unknown_labels {
            for (label, n) in labels {
                writeln!(
                    f,
                    "{head}: the bundle has no label `{label}`, which {n} tickets have; they count as wrong"
                )?;
            }
        }
        let scope = &self.out_of_scope;
        match scope.stopped {
            Some(stopped) => {
                write!(f, "out of scope: {:.1} % of the tickets in scope were stopped", stopped * 100.0)?
            }
            None => write!(f, "out of scope: the file has no ticket in scope")?,
        }
        if let Some(found) = scope.found {
            write!(f, ", {:.1} % of {} others found", found * 100.0, scope.n)?;
        }
        scope.auroc.map_or(Ok(()), |auroc| write!(f, " (AUROC {auroc:.3})"))
    }
}

#[cfg(test)]
mod tests;
