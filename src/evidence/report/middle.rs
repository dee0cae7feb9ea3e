//! A median with its 95 % interval: the wait that half of the tickets stay under.
//!
//! Waiting times have long tails (one ticket over Christmas moves a mean by hours), so the middle is shown, never the mean.
//! Its interval takes two of the waits themselves, by rank, and assumes nothing about their shape:
//!
//! ```text
//! lower = x₍ₗ₎,  l = ⌊ n/2 − z √n/2 ⌋         upper = x₍ᵤ₎,  u = ⌈ n/2 + 1 + z √n/2 ⌉
//! ```
//!
//! (Conover, *Practical Nonparametric Statistics*, on confidence intervals for quantiles.) Under [`ENOUGH`] tickets nothing is
//! shown: a median of five says more about those five than about the desk.

use serde::{Deserialize, Serialize};

use super::wilson::Z;

/// Tickets needed before a figure is shown instead of "not enough".
pub const ENOUGH: usize = 20;

/// The middle of some waits, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Middle {
    /// How many waits.
    pub n: usize,
    /// Half are shorter.
    pub median: f64,
    /// Lower end of the median's interval.
    pub low: f64,
    /// Upper end of the median's interval.
    pub high: f64,
    /// Nine of ten are shorter.
    pub p90: f64,
}

impl Middle {
    /// Of waits in any order; `None` under [`ENOUGH`].
    pub fn of(mut waits: Vec<f64>) -> Option<Self> {
        let n = waits.len();
        if n < ENOUGH {
            return None;
        }
        waits.sort_by(f64::total_cmp);
        let half = Z * (n as f64).sqrt() / 2.0;
        let rank = |rank: f64| waits[(rank.max(1.0) as usize).min(n) - 1];
        Some(Self {
            n,
            median: (waits[(n - 1) / 2] + waits[n / 2]) / 2.0,
            low: rank((n as f64 / 2.0 - half).floor()),
            high: rank((n as f64 / 2.0 + 1.0 + half).ceil()),
            p90: rank((0.9 * n as f64).ceil()),
        })
    }
}
