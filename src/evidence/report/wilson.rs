//! A share of tickets with its 95 % interval: "47 of 50, and the truth lies between 84 % and 98 %".
//!
//! Wilson's score interval (1927) is used wherever a share is shown, because it stays honest where the usual
//! "± 1.96 standard errors" fails: at few tickets and near 0 or 100 %. Thirty right out of thirty is not 100 % for sure; it is
//! at least 89 %.
//!
//! ```text
//! centre = (p + z²/2n) / (1 + z²/n)         half = z/(1 + z²/n) · √( p(1 − p)/n + z²/4n² )
//! ```
//!
//! With `p = hits/n` and `z = 1.96`: <https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval#Wilson_score_interval>.
//! The interval is two-sided; where a *lower bound* has to reach a target, it is this interval's lower end, the very number
//! that is shown. A label that is truly below its target passes by luck in at most about 1 of 40 cases.

use serde::{Deserialize, Serialize};

/// Standard deviations of a two-sided 95 % interval.
pub const Z: f64 = 1.959_963_984_540_054;

/// Hits among `n`, with the interval that holds the true share in 95 of 100 cases.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// How many had it.
    pub hits: usize,
    /// Of how many; never 0.
    pub n: usize,
    /// `hits / n`, 0 to 1.
    pub share: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Share {
    /// The share of `hits` among `n`; `None` where there is nothing to divide by: a share of nothing is not zero.
    pub fn of(hits: usize, n: usize) -> Option<Self> {
        debug_assert!(hits <= n, "{hits} of {n}");
        let (low, high) = interval(ratio(hits, n)?, n as f64);
        Some(Self { hits, n, share: ratio(hits, n)?, low, high })
    }

    /// The share of the items that have it.
    pub fn among<T>(items: impl IntoIterator<Item = T>, has: impl Fn(&T) -> bool) -> Option<Self> {
        let (mut hits, mut n) = (0, 0);
        for item in items {
            hits += usize::from(has(&item));
            n += 1;
        }
        Self::of(hits, n)
    }

    /// Both ends.
    pub fn ci(&self) -> [f64; 2] {
        [self.low, self.high]
    }
}

/// `part / whole`; `None` where the whole is nothing.
pub(crate) fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Wilson's interval for an observed share, which need not be a whole number of tickets: a forecast uses this too.
pub(crate) fn interval(share: f64, n: f64) -> (f64, f64) {
    let z2 = Z * Z;
    let centre = share + z2 / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    // At 0 and at 1 the ends are exact, whatever the last bit of a root says.
    let low = if share <= 0.0 { 0.0 } else { ((centre - half) / scale).max(0.0) };
    let high = if share >= 1.0 { 1.0 } else { ((centre + half) / scale).min(1.0) };
    (low, high)
}
