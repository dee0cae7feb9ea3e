//! Stratified cross-validation: what a head says to tickets it was not fitted on, and how free it may be fitted.
//!
//! The same seed gives the same folds; folds are fitted on threads of their own, which changes nothing in the result.

use fastrand::Rng;
use ndarray::{Array2, ArrayView2, Axis};

use super::calibrate;
use super::fit::{Linear, Task, fit};
use crate::prediction::HeadKind;

/// Number of folds.
pub(crate) const FOLDS: usize = 5;
/// Inverse regularisation, tried in this order, each fit starting from the one before.
const FREEDOMS: [f64; 7] = [0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0];

/// The tickets of one head.
pub(crate) struct Labelled<'a> {
    pub(crate) kind: HeadKind,
    pub(crate) labels: usize,
    pub(crate) features: ArrayView2<'a, f32>,
    /// Each ticket's labels.
    pub(crate) targets: &'a [Vec<usize>],
}

/// What cross-validation found.
pub(crate) struct Found {
    /// The inverse regularisation with the lowest held-out loss.
    pub(crate) freedom: f64,
    /// Held-out logits, ticket by ticket.
    pub(crate) logits: Vec<Vec<f32>>,
    /// What they are to be divided by.
    pub(crate) temperature: f64,
    /// Each ticket's fold.
    pub(crate) folds: Vec<usize>,
}

impl Labelled<'_> {
    fn dense(&self, rows: &[usize]) -> Array2<f32> {
        let mut dense = Array2::zeros((rows.len(), self.labels));
        for (n, &row) in rows.iter().enumerate() {
            self.targets[row].iter().for_each(|&label| dense[[n, label]] = 1.0);
        }
        dense
    }

    /// Fits on these tickets, once for each freedom, or for one alone.
    fn fit_on(&self, rows: &[usize], freedoms: &[f64]) -> Vec<Linear> {
        let features = self.features.select(Axis(0), rows);
        let targets = self.dense(rows);
        let task = Task { kind: self.kind, features: features.view(), targets: targets.view() };
        let mut heads: Vec<Linear> = Vec::new();
        for &c in freedoms {
            heads.push(fit(&task, c, heads.last()));
        }
        heads
    }

    /// Fits on all tickets.
    pub(crate) fn fit_all(&self, freedom: f64) -> Linear {
        let rows: Vec<usize> = (0..self.targets.len()).collect();
        self.fit_on(&rows, &[freedom]).remove(0)
    }
}

/// Fits every fold at every freedom and picks the best.
pub(crate) fn run(data: &Labelled<'_>, seed: u64) -> Found {
    let folds = folds(data.targets, seed);
    let held_out = |fold: usize| -> (Vec<usize>, Vec<Array2<f32>>) {
        let (held, rest): (Vec<usize>, Vec<usize>) = (0..folds.len()).partition(|&row| folds[row] == fold);
        let features = data.features.select(Axis(0), &held);
        let logits = data.fit_on(&rest, &FREEDOMS).iter().map(|head| head.logits(features.view())).collect();
        (held, logits)
    };
    let fitted: Vec<_> = std::thread::scope(|scope| {
        let held_out = &held_out;
        let workers: Vec<_> = (0..FOLDS).map(|fold| scope.spawn(move || held_out(fold))).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|p| std::panic::resume_unwind(p)))
            .collect()
    });
    let mut best: Option<(f64, Found)> = None;
    for (n, &freedom) in FREEDOMS.iter().enumerate() {
        let mut logits = vec![Vec::new(); folds.len()];
        for (held, by_freedom) in &fitted {
            for (row, values) in held.iter().zip(by_freedom[n].rows()) {
                logits[*row] = values.to_vec();
            }
        }
        let temperature = calibrate::temperature(data.kind, &logits, data.targets);
        let loss = calibrate::log_loss(data.kind, &logits, data.targets, temperature);
        if best.as_ref().is_none_or(|(least, _)| loss < *least) {
            best = Some((loss, Found { freedom, logits, temperature, folds: folds.clone() }));
        }
    }
    best.map(|(_, found)| found).unwrap_or(Found { freedom: 1.0, logits: vec![], temperature: 1.0, folds })
}

/// Deals each label's tickets round the folds, so that every fold has its share of it. Tickets with several labels
/// are dealt by the rarest of them.
pub(crate) fn folds(targets: &[Vec<usize>], seed: u64) -> Vec<usize> {
    let labels = targets.iter().flatten().max().map_or(0, |top| top + 1);
    let mut counts = vec![0usize; labels];
    targets.iter().flatten().for_each(|&label| counts[label] += 1);
    // The last group is of those without a label.
    let mut groups = vec![Vec::new(); labels + 1];
    for (row, target) in targets.iter().enumerate() {
        groups[target.iter().copied().min_by_key(|&label| counts[label]).unwrap_or(labels)].push(row);
    }
    let mut random = Rng::with_seed(seed);
    let (mut folds, mut next) = (vec![0; targets.len()], 0);
    for group in &mut groups {
        random.shuffle(group);
        for &row in group.iter() {
            folds[row] = next % FOLDS;
            next += 1;
        }
    }
    folds
}

#[cfg(test)]
mod tests;
