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

use hdrhistogram::Histogram;
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

/// Waits, added one at a time. Up to [`EXACT`] of them are kept as they are; more are counted in bins: to the millisecond up to two
/// seconds, to 0.1 % of the wait above.
#[derive(Clone, Debug)]
pub enum Waits {
    /// In seconds, in any order.
    Few(Vec<f64>),
    /// In milliseconds.
    Many(Box<Histogram<u32>>),
}

/// Waits that are kept as they are.
pub const EXACT: usize = 4096;

/// The longest wait that is told apart, in milliseconds: ten years.
const LONGEST_MS: u64 = 10 * 366 * 24 * 3_600_000;

/// Digits of a wait that are kept.
const DIGITS: u8 = 3;

impl Default for Waits {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Waits {
    /// Adds a wait in seconds.
    pub fn add(&mut self, seconds: f64) {
        match self {
            Self::Few(waits) if waits.len() < EXACT => waits.push(seconds),
            Self::Few(waits) => {
                // The bounds are constants that a histogram takes; without one the first waits stand for all.
                let Ok(mut bins) = Histogram::new_with_bounds(1, LONGEST_MS, DIGITS) else { return };
                for wait in waits.iter().chain([&seconds]) {
                    bins.saturating_record(milliseconds(*wait));
                }
                *self = Self::Many(Box::new(bins));
            }
            Self::Many(bins) => bins.saturating_record(milliseconds(seconds)),
        }
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Few(waits) => waits.len(),
            Self::Many(bins) => usize::try_from(bins.len()).unwrap_or(usize::MAX),
        }
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the waits with these ranks, counted from 1, in seconds.
    fn ranked<const N: usize>(&self, ranks: [usize; N]) -> [f64; N] {
        match self {
            Self::Few(waits) => {
                let mut waits = waits.clone();
                waits.sort_by(f64::total_cmp);
                ranks.map(|rank| waits.get(rank - 1).copied().unwrap_or_default())
            }
            Self::Many(bins) => ranks.map(|rank| {
                let mut before = 0;
                let of = bins.iter_recorded().find(|bin| {
                    before += bin.count_since_last_iteration();
                    before >= rank as u64
                });
                of.map_or(0.0, |bin| bins.median_equivalent(bin.value_iterated_to()) as f64 / 1000.0)
            }),
        }
    }
}

fn milliseconds(seconds: f64) -> u64 {
    (seconds * 1000.0).round() as u64
}

impl Middle {
    /// Returns the middle of these waits; `None` under [`ENOUGH`].
    pub fn of(waits: &Waits) -> Option<Self> {
        let n = waits.len();
        if n < ENOUGH {
            return None;
        }
        let half = Z * (n as f64).sqrt() / 2.0;
        let rank = |rank: f64| (rank.max(1.0) as usize).min(n);
        let ranks = [
            n.div_ceil(2),
            n / 2 + 1,
            rank((n as f64 / 2.0 - half).floor()),
            rank((n as f64 / 2.0 + 1.0 + half).ceil()),
            rank((0.9 * n as f64).ceil()),
        ];
        let [below, above, low, high, p90] = waits.ranked(ranks);
        Some(Self { n, median: f64::midpoint(below, above), low, high, p90 })
    }
}
