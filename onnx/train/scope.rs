//! Whether a ticket is any of the model's business: newsletters, auto-replies and questions nobody trained it for.
//!
//! Four signs: how high the best logit is, how near the nearest label's centre is, and, where out-of-scope tickets
//! were given, what a line between them and the rest says, once by meaning and once by words. Without such tickets the
//! first two count alike, and the bar is where two in a hundred tickets of the training file, held out, would be stopped:
//! stopping real tickets costs more than letting a newsletter through to abstention. With them, a second score is learnt
//! from all signs and gets a bar of its own, and the higher one counts. One score alone would know the kinds it was
//! taught and little else: strangers of another kind then pass as friends.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::crossval::{FOLDS, Found, Labelled};
use super::fit::{Linear, Task, fit};
use super::margin::{self, Emphasis, Margins};
use crate::bundle::ScopeMetrics;
use crate::lexicon::{Counts, Lexicon, Sparse};
use crate::metrics::{auroc, ratio};
use crate::prediction::HeadKind;

/// Fewer out-of-scope tickets teach nothing that holds.
pub(crate) const FEWEST: usize = 10;
/// Share of the training file's own tickets that may be stopped.
const STOPPED: f64 = 0.02;
/// Inverse regularisation of the line between in and out.
const FREEDOM: f64 = 10.0;
pub(crate) const SIGNS: usize = 4;
/// Share that may be stopped by each of the two scores, where there are two.
const STOPPED_EACH: [f64; 2] = [0.01, 0.02];
/// What nearness counts against the best logit, which tells near misses better.
const NEARNESS: f64 = 0.5;

/// What goes into the graph.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    /// The place of the head whose logits count.
    pub(crate) head: usize,
    /// `[width, labels]`, columns of length one.
    pub(crate) centres: Array2<f32>,
    /// The line, `[width]` and its bias; zero where nothing taught it.
    pub(crate) line: (Array1<f32>, f32),
    /// The words' own line; `None` where nothing taught it.
    pub(crate) odd: Option<Margins>,
    /// What each sign weighs for the score by distance and for the learnt one, and the biases. The higher of both is
    /// the score; over zero is out of scope.
    pub(crate) weights: [[f32; SIGNS]; 2],
    pub(crate) bias: [f32; 2],
}

/// Learns the score from the head at place `head`.
pub(crate) fn learn(
    head: usize,
    data: &Labelled<'_>,
    found: &Found,
    lexicon: &Lexicon,
) -> (Scope, ScopeMetrics) {
    let (strangers, strangers_terms) = (data.strangers.0, &data.strangers.1);
    let taught = strangers.nrows() >= FEWEST;
    let all = |_: usize| true;
    let (centres, line) = (centres(data, &found.folds, all), taught.then(|| draw(data, &found.folds, all)));
    let mut inside = vec![[0f64; SIGNS]; found.folds.len()];
    let mut outside = vec![[0f64; SIGNS]; strangers.nrows()];
    for fold in 0..FOLDS {
        let rest = |other: usize| other != fold;
        let centres = self::centres(data, &found.folds, rest);
        let line = taught.then(|| draw(data, &found.folds, rest));
        let odd = taught.then(|| {
            let lexicon = Lexicon::learn(&known(data, &found.folds, rest), data.all_labels + 1);
            let margins = tell(data, &found.folds, &lexicon, rest);
            (lexicon, margins)
        });
        let oddness = |counts: &Counts| {
            odd.as_ref().map_or(0.0, |(lexicon, margins)| f64::from(margins.of(&lexicon.weigh(counts))[0]))
        };
        let rows = data.features.rows().into_iter().zip(&found.logits).zip(&mut inside).zip(&found.folds);
        let rows = rows.enumerate().filter(|(_, (_, own))| **own == fold);
        for (n, (((row, logits), signs), _)) in rows {
            let odd = oddness(data.terms[n]);
            *signs = self::signs(row.insert_axis(Axis(0)), logits, &centres, line.as_ref(), odd);
        }
        let rows = strangers.rows().into_iter().zip(&found.strange_logits).zip(&mut outside).enumerate();
        for (n, ((row, logits), signs)) in rows.filter(|(n, _)| n % FOLDS == fold) {
            let odd = oddness(strangers_terms[n]);
            *signs = self::signs(row.insert_axis(Axis(0)), logits, &centres, line.as_ref(), odd);
        }
    }
    let scores = if taught {
        [weigh(&inside, &[], STOPPED_EACH[0]), weigh(&inside, &outside, STOPPED_EACH[1])]
    } else {
        [weigh(&inside, &[], STOPPED); 2]
    };
    let score = |signs: &[f64; SIGNS]| {
        let of = |(weights, bias): &([f64; SIGNS], f64)| {
            signs.iter().zip(weights).map(|(s, w)| s * w).sum::<f64>() + bias
        };
        of(&scores[0]).max(of(&scores[1]))
    };
    let (inside, outside): (Vec<f64>, Vec<f64>) =
        (inside.iter().map(score).collect(), outside.iter().map(score).collect());
    let over = |scores: &[f64]| ratio(scores.iter().filter(|s| **s >= 0.0).count(), scores.len().max(1));
    let metrics = ScopeMetrics {
        taught_by: outside.len(),
        stopped: over(&inside),
        found: taught.then(|| over(&outside)),
        auroc: taught.then(|| auroc(&inside, &outside)),
    };
    let line = line.map_or_else(
        || (Array1::zeros(data.features.ncols()), 0.0),
        |line| (line.weights.column(0).to_owned(), line.bias[0]),
    );
    (
        Scope {
            head,
            centres,
            line,
            odd: taught.then(|| tell(data, &found.folds, lexicon, all)),
            weights: scores.map(|(weights, _)| weights.map(|w| w as f32)),
            bias: scores.map(|(_, bias)| bias as f32),
        },
        metrics,
    )
}

fn signs(
    row: ArrayView2<'_, f32>,
    logits: &[f32],
    centres: &Array2<f32>,
    line: Option<&Linear>,
    odd: f64,
) -> [f64; SIGNS] {
    let top =
        |values: &mut dyn Iterator<Item = &f32>| f64::from(values.copied().fold(f32::NEG_INFINITY, f32::max));
    let near = row.dot(centres);
    let beyond = line.map_or(0.0, |line| f64::from(line.logits(row)[[0, 0]]));
    [top(&mut logits.iter()), top(&mut near.iter()), beyond, odd]
}

/// The mean direction of each label's tickets, of those in the folds that `take` says.
fn centres(data: &Labelled<'_>, folds: &[usize], take: impl Fn(usize) -> bool) -> Array2<f32> {
    // The last column is of tickets without a label, which only heads of several labels have.
    let mut sums = Array2::<f32>::zeros((data.features.ncols(), data.labels + 1));
    for ((row, targets), _) in
        data.features.rows().into_iter().zip(data.targets).zip(folds).filter(|(_, f)| take(**f))
    {
        let none = [data.labels];
        for &label in if targets.is_empty() { &none[..] } else { targets } {
            sums.column_mut(label).scaled_add(1.0, &row);
        }
    }
    for mut column in sums.columns_mut() {
        let length = column.dot(&column).sqrt();
        if length > 0.0 {
            column /= length;
        }
    }
    sums
}

/// The terms of the tickets, strangers among them, in the folds that `take` says.
fn known<'a>(data: &Labelled<'a>, folds: &[usize], take: impl Fn(usize) -> bool) -> Vec<&'a Counts> {
    let inside = (0..folds.len()).filter(|n| take(folds[*n])).map(|n| data.terms[n]);
    let outside = (0..data.strangers.1.len()).filter(|n| take(n % FOLDS)).map(|n| data.strangers.1[n]);
    inside.chain(outside).collect()
}

/// The words' line between tickets in scope and the strangers: one margin, positive for a stranger.
fn tell(data: &Labelled<'_>, folds: &[usize], lexicon: &Lexicon, take: impl Fn(usize) -> bool) -> Margins {
    let inside = (0..folds.len()).filter(|n| take(folds[*n])).count();
    let rows: Vec<Sparse> =
        known(data, folds, take).into_iter().map(|counts| lexicon.weigh(counts)).collect();
    let targets: Vec<&[usize]> =
        (0..rows.len()).map(|n| if n < inside { &[][..] } else { &[0][..] }).collect();
    margin::fit(&rows.iter().collect::<Vec<_>>(), &targets, lexicon.len(), 1, Emphasis::Even)
}

/// The line between tickets in scope and the strangers.
fn draw(data: &Labelled<'_>, folds: &[usize], take: impl Fn(usize) -> bool) -> Linear {
    let inside: Vec<usize> = (0..folds.len()).filter(|n| take(folds[*n])).collect();
    let outside: Vec<usize> = (0..data.strangers.0.nrows()).filter(|n| take(n % FOLDS)).collect();
    let rows = [data.features.select(Axis(0), &inside), data.strangers.0.select(Axis(0), &outside)];
    separate(&rows[0], &rows[1], FREEDOM)
}

fn separate(inside: &Array2<f32>, outside: &Array2<f32>, freedom: f64) -> Linear {
    let mut features = inside.clone();
    // Both have the same number of columns, so this cannot fail; if it did, the line would only know one side.
    let _ = features.append(Axis(0), outside.view());
    let targets =
        Array2::from_shape_fn((features.nrows(), 1), |(n, _)| f32::from(u8::from(n >= inside.nrows())));
    fit(&Task { kind: HeadKind::Multi, features: features.view(), targets: targets.view() }, freedom, None)
}

/// Weights on the signs as they are, and a bias that puts the bar at zero.
fn weigh(inside: &[[f64; SIGNS]], outside: &[[f64; SIGNS]], stopped: f64) -> ([f64; SIGNS], f64) {
    let n = inside.len().max(1) as f64;
    let mean: [f64; SIGNS] = std::array::from_fn(|at| inside.iter().map(|s| s[at]).sum::<f64>() / n);
    let spread: [f64; SIGNS] = std::array::from_fn(|at| {
        (inside.iter().map(|s| (s[at] - mean[at]).powi(2)).sum::<f64>() / n).sqrt().max(1e-6)
    });
    let standard = |rows: &[[f64; SIGNS]]| {
        Array2::from_shape_fn((rows.len(), SIGNS), |(n, at)| ((rows[n][at] - mean[at]) / spread[at]) as f32)
    };
    let mut weights: [f64; SIGNS] = if outside.is_empty() {
        [-1.0 / spread[0], -NEARNESS / spread[1], 0.0, 0.0]
    } else {
        let line = separate(&standard(inside), &standard(outside), FREEDOM);
        std::array::from_fn(|at| f64::from(line.weights[[at, 0]]) / spread[at])
    };
    let score_of = |weights: [f64; SIGNS]| -> Vec<f64> {
        inside.iter().map(|signs| signs.iter().zip(weights).map(|(s, w)| s * w).sum()).collect()
    };
    // In units of how much tickets in scope differ, so that the two scores can be held against each other.
    let scores = score_of(weights);
    let middle = scores.iter().sum::<f64>() / n;
    let unit = (scores.iter().map(|s| (s - middle).powi(2)).sum::<f64>() / n).sqrt().max(1e-9);
    weights = weights.map(|w| w / unit);
    let mut scores = score_of(weights);
    scores.sort_by(f64::total_cmp);
    let at = ((1.0 - stopped) * (scores.len() as f64 - 1.0)).ceil().max(0.0) as usize;
    let bar = scores.get(at).copied().unwrap_or(0.0);
    // Just over it: the ticket that the bar was read from is in scope.
    (weights, -(bar + 1e-3 * (1.0 + bar.abs())))
}

#[cfg(test)]
mod tests;
