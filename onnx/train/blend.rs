//! Two opinions made one: how much the encoder's head and the lexicon's head each weigh, and how sure both may sound.
//!
//! `logit = encoder · a + lexicon · b` (and `+ c` for heads of sigmoids, whose margins are not centred), fitted to
//! held-out tickets by log loss: averaging log-probabilities with weights, and their temperature in the same breath.
//! Averaging probabilities measures half a point less. Weights have a weak prior, so that a few dozen tickets that
//! happen to be all right do not make a head certain, and bounds, so that a fold that misses a label cannot either.

use super::fit::probabilities;
use super::lbfgs;
use crate::blend::Blend;
use crate::prediction::HeadKind;

/// How far each weight may go.
const BOUNDS: (f64, f64) = (0.02, 40.0);
/// What the weights are without evidence.
const PRIOR: [f64; 2] = [1.5, 2.0];
/// How many tickets the prior counts for.
const PRIOR_TICKETS: f64 = 2.0;

/// Fits the weights that make the held-out answers most probable.
pub(crate) fn fit(
    kind: HeadKind,
    encoder: &[Vec<f32>],
    lexicon: &[Vec<f32>],
    targets: &[Vec<usize>],
) -> Blend {
    let n = targets.len().max(1) as f64;
    let prior = PRIOR.map(f64::ln);
    let start = vec![prior[0], prior[1], 0.0];
    let x = lbfgs::minimise(start, |x, gradient| {
        let blend = at(kind, x);
        let mut loss = 0.0;
        gradient.fill(0.0);
        for ((z, m), target) in encoder.iter().zip(lexicon).zip(targets) {
            let mut row = blend.of(z, m);
            probabilities(kind, &mut row);
            for (label, p) in row.iter().enumerate() {
                let right = target.contains(&label);
                let p = f64::from(*p);
                let off = p - f64::from(u8::from(right));
                gradient[0] += off * f64::from(z[label]) * blend.encoder / n;
                gradient[1] += off * f64::from(m[label]) * blend.lexicon / n;
                gradient[2] += if kind == HeadKind::Multi { off / n } else { 0.0 };
                loss -= match (right, kind) {
                    (true, _) => p.max(1e-9).ln(),
                    (false, HeadKind::Multi) => (1.0 - p).max(1e-9).ln(),
                    (false, HeadKind::Single) => 0.0,
                };
            }
        }
        for (at, prior) in prior.iter().enumerate() {
            loss += 0.5 * PRIOR_TICKETS * (x[at] - prior).powi(2);
            gradient[at] += PRIOR_TICKETS * (x[at] - prior) / n;
        }
        loss / n
    });
    at(kind, &x)
}

fn at(kind: HeadKind, x: &[f64]) -> Blend {
    let bounded = |log: f64| log.clamp(BOUNDS.0.ln(), BOUNDS.1.ln()).exp();
    let shift = if kind == HeadKind::Multi { x[2] } else { 0.0 };
    Blend { encoder: bounded(x[0]), lexicon: bounded(x[1]), shift }
}

#[cfg(test)]
mod tests;
