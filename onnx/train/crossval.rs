//! Stratified cross-validation: what a head says to tickets it was not fitted on, and how free it may be fitted.
//!
//! The same seed gives the same folds; folds are fitted on threads of their own, which changes nothing in the result.

use fastrand::Rng;
use ndarray::{Array2, ArrayView2, Axis};

use super::blend;
use super::calibrate;
use super::fit::{Linear, Task, fit};
use super::margin::{self, Emphasis, Margins};
use crate::blend::Blend;
use crate::lexicon::{Counts, Lexicon, Sparse};
use crate::prediction::HeadKind;

/// Number of folds.
pub(crate) const FOLDS: usize = 5;
/// Inverse regularisation, tried in this order, each fit starting from the one before.
const FREEDOMS: [f64; 7] = [0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0];

/// The tickets of one head.
pub(crate) struct Labelled<'a> {
    pub(crate) kind: HeadKind,
    pub(crate) labels: usize,
    /// Labels of all heads, which share the room for a lexicon.
    pub(crate) all_labels: usize,
    pub(crate) features: ArrayView2<'a, f32>,
    /// Each ticket's terms.
    pub(crate) terms: Vec<&'a Counts>,
    /// Each ticket's labels.
    pub(crate) targets: &'a [Vec<usize>],
    /// Embeddings and terms of tickets that no label is for: never fitted on, but judged like the held-out ones.
    pub(crate) strangers: (ArrayView2<'a, f32>, Vec<&'a Counts>),
}

/// What cross-validation found.
#[derive(Clone)]
pub(crate) struct Found {
    /// The inverse regularisation of the encoder's head with the lowest held-out loss.
    pub(crate) freedom: f64,
    /// How the lexicon's head counts its terms, by the same measure.
    pub(crate) emphasis: Emphasis,
    /// How the two heads are put together.
    pub(crate) blend: Blend,
    /// Held-out logits of both together, ticket by ticket.
    pub(crate) logits: Vec<Vec<f32>>,
    /// The same for the strangers.
    pub(crate) strange_logits: Vec<Vec<f32>>,
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

    /// Fits the lexicon's head on these tickets.
    pub(crate) fn fit_margins(&self, rows: &[usize], lexicon: &Lexicon, emphasis: Emphasis) -> Margins {
        let sparse: Vec<Sparse> = rows.iter().map(|&row| lexicon.weigh(self.terms[row])).collect();
        let targets: Vec<&[usize]> = rows.iter().map(|&row| self.targets[row].as_slice()).collect();
        margin::fit(&sparse.iter().collect::<Vec<_>>(), &targets, lexicon.len(), self.labels, emphasis)
    }

    fn hold_out(&self, folds: &[usize], fold: usize, freedoms: &[f64], emphases: &[Emphasis]) -> HeldOut {
        let (held, rest): (Vec<usize>, Vec<usize>) = (0..folds.len()).partition(|&row| folds[row] == fold);
        let strange: Vec<usize> = (0..self.strangers.1.len()).filter(|n| n % FOLDS == fold).collect();
        let known: Vec<&Counts> = rest.iter().map(|&row| self.terms[row]).collect();
        let lexicon = Lexicon::learn(&known, self.all_labels);
        let terms = held.iter().map(|&n| self.terms[n]).chain(strange.iter().map(|&n| self.strangers.1[n]));
        let terms: Vec<Sparse> = terms.map(|counts| lexicon.weigh(counts)).collect();
        let lexical = emphases.iter().map(|&emphasis| {
            let margins = self.fit_margins(&rest, &lexicon, emphasis);
            terms.iter().map(|terms| margins.of(terms)).collect()
        });
        let lexical = lexical.collect();
        let heads = self.fit_on(&rest, freedoms);
        let features = self.features.select(Axis(0), &held);
        let strangers = self.strangers.0.select(Axis(0), &strange);
        let rows = |of: &Array2<f32>| of.rows().into_iter().map(|row| row.to_vec()).collect::<Vec<_>>();
        let both = |head: &Linear| {
            [rows(&head.logits(features.view())), rows(&head.logits(strangers.view()))].concat()
        };
        HeldOut { dense: heads.iter().map(both).collect(), held, strange, lexical }
    }
}

/// One fold's tickets, judged by heads fitted on the others.
struct HeldOut {
    held: Vec<usize>,
    strange: Vec<usize>,
    /// By emphasis, the lexicon's margins of the held, then of the strange.
    lexical: Vec<Vec<Vec<f32>>>,
    /// By freedom, the same of the encoder's logits.
    dense: Vec<Vec<Vec<f32>>>,
}

impl HeldOut {
    fn place(&self, values: &[Vec<f32>], all: &mut [Vec<f32>], strange: &mut [Vec<f32>]) {
        let (of_held, of_strange) = values.split_at(self.held.len());
        self.held.iter().zip(of_held).for_each(|(row, values)| all[*row].clone_from(values));
        self.strange.iter().zip(of_strange).for_each(|(row, values)| strange[*row].clone_from(values));
    }
}

/// Fits every fold at every freedom and picks the best.
pub(crate) fn run(data: &Labelled<'_>, seed: u64) -> Found {
    at(data, seed, &FREEDOMS, &Emphasis::ALL)
}

/// The same at given freedoms and emphases.
pub(crate) fn at(data: &Labelled<'_>, seed: u64, freedoms: &[f64], emphases: &[Emphasis]) -> Found {
    let folds = folds(data.targets, seed);
    let fitted: Vec<HeldOut> = std::thread::scope(|scope| {
        let folds = &folds;
        let workers: Vec<_> = (0..FOLDS)
            .map(|fold| scope.spawn(move || data.hold_out(folds, fold, freedoms, emphases)))
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|p| std::panic::resume_unwind(p)))
            .collect()
    });
    let gather = |of: &dyn Fn(&HeldOut) -> Vec<Vec<f32>>| {
        let mut all = vec![vec![0.0; data.labels]; folds.len()];
        let mut strange = vec![vec![0.0; data.labels]; data.strangers.1.len()];
        fitted.iter().for_each(|fold| fold.place(&of(fold), &mut all, &mut strange));
        (all, strange)
    };
    let lexical: Vec<_> =
        (0..emphases.len()).map(|at| gather(&|fold: &HeldOut| fold.lexical[at].clone())).collect();
    let mut best: Option<(f64, Found)> = None;
    for (n, &freedom) in freedoms.iter().enumerate() {
        let (dense, strange) = gather(&|fold| fold.dense[n].clone());
        for ((lexical, strange_lexical), &emphasis) in lexical.iter().zip(emphases) {
            let blend = blend::fit(data.kind, &dense, lexical, data.targets);
            let both = |dense: &[Vec<f32>], lexical: &[Vec<f32>]| -> Vec<Vec<f32>> {
                dense.iter().zip(lexical).map(|(z, m)| blend.of(z, m)).collect()
            };
            let logits = both(&dense, lexical);
            let loss = calibrate::log_loss(data.kind, &logits, data.targets);
            if best.as_ref().is_none_or(|(least, _)| loss < *least) {
                let strange_logits = both(&strange, strange_lexical);
                let folds = folds.clone();
                best = Some((loss, Found { freedom, emphasis, blend, logits, strange_logits, folds }));
            }
        }
    }
    let nothing = Blend { encoder: 1.0, lexicon: 1.0, shift: 0.0 };
    best.map(|(_, found)| found).unwrap_or(Found {
        freedom: 1.0,
        emphasis: Emphasis::Even,
        blend: nothing,
        logits: vec![],
        strange_logits: vec![],
        folds,
    })
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
