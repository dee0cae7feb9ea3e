//! L-BFGS: minimising a smooth function of many variables (Nocedal & Wright, Numerical Optimization, 7.4).
//!
//! Own, because fitting a head is one call of it, and a general crate is several times slower on this problem.
//! Deterministic: no randomness, no threads.

/// Remembered steps.
const MEMORY: usize = 10;
/// Enough for heads on unit-length embeddings; a warm start needs a fraction.
const MAX_STEPS: usize = 300;
/// Gradient, in relation to the variables, at which it is done.
const TOLERANCE: f64 = 1e-5;
/// Armijo's sufficient decrease.
const DECREASE: f64 = 1e-4;

/// The minimum found from `start`. `function` writes the gradient into its second argument and returns the value.
pub(crate) fn minimise(start: Vec<f64>, mut function: impl FnMut(&[f64], &mut [f64]) -> f64) -> Vec<f64> {
    let mut x = start;
    let mut gradient = vec![0.0; x.len()];
    let mut value = function(&x, &mut gradient);
    // Steps s, gradient changes y and 1/(s·y), oldest first.
    let mut memory: Vec<(Vec<f64>, Vec<f64>, f64)> = Vec::new();
    for _ in 0..MAX_STEPS {
        let size = norm(&gradient);
        if size <= TOLERANCE * norm(&x).max(1.0) {
            break;
        }
        let mut direction = descend(&gradient, &memory);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            // Rounding has spoilt the memory; start over from plain descent.
            memory.clear();
            direction = gradient.iter().map(|g| -g).collect();
            slope = -size * size;
        }
        let mut step = if memory.is_empty() { 1.0 / size.max(1.0) } else { 1.0 };
        let mut next = x.clone();
        let mut next_gradient = vec![0.0; x.len()];
        let mut found = None;
        for _ in 0..30 {
            next.iter_mut().zip(&x).zip(&direction).for_each(|((n, x), d)| *n = x + step * d);
            let candidate = function(&next, &mut next_gradient);
            if candidate.is_finite() && candidate <= value + DECREASE * step * slope {
                found = Some(candidate);
                break;
            }
            step *= 0.5;
        }
        // No decrease along a descent direction: the limit of what floats can tell apart.
        let Some(lower) = found else { break };
        let s: Vec<f64> = next.iter().zip(&x).map(|(n, x)| n - x).collect();
        let y: Vec<f64> = next_gradient.iter().zip(&gradient).map(|(n, g)| n - g).collect();
        let curvature = dot(&s, &y);
        if curvature > 1e-12 * dot(&y, &y) {
            if memory.len() == MEMORY {
                memory.remove(0);
            }
            memory.push((s, y, 1.0 / curvature));
        }
        (x, gradient, value) = (next, next_gradient, lower);
    }
    x
}

/// The two-loop recursion: minus the approximate inverse Hessian times the gradient.
fn descend(gradient: &[f64], memory: &[(Vec<f64>, Vec<f64>, f64)]) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut alphas = Vec::with_capacity(memory.len());
    for (s, y, rho) in memory.iter().rev() {
        let alpha = rho * dot(s, &q);
        q.iter_mut().zip(y).for_each(|(q, y)| *q -= alpha * y);
        alphas.push(alpha);
    }
    if let Some((s, y, _)) = memory.last() {
        let scale = dot(s, y) / dot(y, y);
        q.iter_mut().for_each(|q| *q *= scale);
    }
    for ((s, y, rho), alpha) in memory.iter().zip(alphas.into_iter().rev()) {
        let beta = rho * dot(y, &q);
        q.iter_mut().zip(s).for_each(|(q, s)| *q += (alpha - beta) * s);
    }
    q
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}
