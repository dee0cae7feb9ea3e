//! One head: L2-regularised softmax (single) or a sigmoid a label (multi) on the features.
//!
//! Linear, because on sentence embeddings nothing heavier is better with the few hundred tickets people have.
//! Deterministic; randomness is in the folds alone, and those have a seed.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::lbfgs;
use crate::prediction::HeadKind;

/// A fitted head: `logits = features · weights + bias`.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    /// `[features, labels]`.
    pub(crate) weights: Array2<f32>,
    /// One a label.
    pub(crate) bias: Array1<f32>,
}

impl Linear {
    pub(crate) fn logits(&self, features: ArrayView2<'_, f32>) -> Array2<f32> {
        features.dot(&self.weights) + &self.bias
    }

    fn flat(&self) -> Vec<f64> {
        self.weights.iter().chain(&self.bias).map(|&v| f64::from(v)).collect()
    }

    fn from_flat(x: &[f64], width: usize, labels: usize) -> Self {
        let mut values: Vec<f32> = x.iter().map(|&v| v as f32).collect();
        let bias = values.split_off(width * labels);
        let weights = Array2::from_shape_fn((width, labels), |(r, c)| values[r * labels + c]);
        Self { weights, bias: bias.into() }
    }
}

/// What is learnt from: `targets` is `[rows, labels]`, one where the label applies.
pub(crate) struct Task<'a> {
    pub(crate) kind: HeadKind,
    pub(crate) features: ArrayView2<'a, f32>,
    pub(crate) targets: ArrayView2<'a, f32>,
}

/// Fits with inverse regularisation `c` (greater is freer), from an earlier fit where there is one.
pub(crate) fn fit(task: &Task<'_>, c: f64, from: Option<&Linear>) -> Linear {
    let (rows, width) = task.features.dim();
    let labels = task.targets.ncols();
    let weight = row_weights(task);
    let total: f64 = f64::from(weight.sum()).max(f64::MIN_POSITIVE);
    let penalty = 1.0 / (c * rows.max(1) as f64);
    let start = from.map_or_else(|| vec![0.0; (width + 1) * labels], Linear::flat);
    let x = lbfgs::minimise(start, |x, gradient| {
        let head = Linear::from_flat(x, width, labels);
        let mut residual = head.logits(task.features);
        let mut loss = 0.0;
        for ((mut row, target), w) in residual.rows_mut().into_iter().zip(task.targets.rows()).zip(&weight) {
            let row = row.as_slice_mut().unwrap_or_default();
            loss += f64::from(*w) * loss_and_residual(task.kind, row, target.as_slice().unwrap_or_default());
            row.iter_mut().for_each(|r| *r *= w);
        }
        let slope = task.features.t().dot(&residual);
        let shift = residual.sum_axis(Axis(0));
        let mut squares = 0.0;
        for ((g, s), x) in gradient.iter_mut().zip(slope.iter()).zip(x) {
            *g = f64::from(*s) / total + penalty * x;
            squares += x * x;
        }
        for (g, s) in gradient[width * labels..].iter_mut().zip(&shift) {
            *g = f64::from(*s) / total;
        }
        loss / total + 0.5 * penalty * squares
    });
    Linear::from_flat(&x, width, labels)
}

/// Turns a row of logits into probabilities minus targets, and gives its log loss.
fn loss_and_residual(kind: HeadKind, row: &mut [f32], target: &[f32]) -> f64 {
    let before: f64 = row.iter().zip(target).map(|(z, t)| f64::from(z * t)).sum();
    let log_sum: f64 = match kind {
        HeadKind::Single => {
            let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            f64::from(top) + row.iter().map(|z| f64::from(z - top).exp()).sum::<f64>().ln()
        }
        HeadKind::Multi => {
            row.iter().map(|z| f64::from(z.max(0.0)) + f64::from(-z.abs()).exp().ln_1p()).sum()
        }
    };
    probabilities(kind, row);
    row.iter_mut().zip(target).for_each(|(p, t)| *p -= t);
    log_sum - before
}

/// Logits to probabilities, in place.
pub(crate) fn probabilities(kind: HeadKind, row: &mut [f32]) {
    match kind {
        HeadKind::Single => {
            let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            row.iter_mut().for_each(|z| *z = (*z - top).exp());
            let sum: f32 = row.iter().sum();
            row.iter_mut().for_each(|p| *p /= sum);
        }
        HeadKind::Multi => row.iter_mut().for_each(|z| *z = 1.0 / (1.0 + (-*z).exp())),
    }
}

/// Rare labels count for more, by the root of how rare they are: in full, they would drag the probabilities away
/// from what tickets are really like; not at all, they would never be chosen. Multi heads count every ticket once.
fn row_weights(task: &Task<'_>) -> Array1<f32> {
    let rows = task.targets.nrows();
    if task.kind == HeadKind::Multi {
        return Array1::ones(rows);
    }
    let counts = task.targets.sum_axis(Axis(0));
    let even = rows as f32 / counts.iter().filter(|&&n| n > 0.0).count().max(1) as f32;
    let rarity = counts.mapv(|n| if n > 0.0 { (even / n).sqrt() } else { 0.0 });
    task.targets.dot(&rarity)
}

#[cfg(test)]
mod tests;
