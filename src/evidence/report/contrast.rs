//! The difference between two figures, with a 95 % interval made from theirs.
//!
//! ```text
//! d = a − b      lower = d − √( (a − lₐ)² + (u_b − b)² )      upper = d + √( (uₐ − a)² + (b − l_b)² )
//! ```
//!
//! With Wilson's intervals this is Newcombe's tenth method for two shares (1998); for other intervals it is MOVER (Zou and
//! Donner 2008, <https://doi.org/10.1002/sim.3095>). An interval that does not hold 0 is a difference that chance alone would
//! seldom make. It is no proof of a cause: between *before* and *after* other things change too.

use serde::{Deserialize, Serialize};

/// A figure and the ends of its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    /// The figure.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// How far one figure is from another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contrast {
    /// The second minus the first: negative where it went down.
    pub value: f64,
    /// Both ends of its interval.
    pub ci: [f64; 2],
}

impl Contrast {
    /// From `before` to `after`.
    pub fn between(before: Known, after: Known) -> Self {
        let value = after.value - before.value;
        let low = value - (after.value - after.low).hypot(before.high - before.value);
        let high = value + (after.high - after.value).hypot(before.value - before.low);
        Self { value, ci: [low, high] }
    }

    /// Whether the interval does not hold 0.
    pub fn is_clear(&self) -> bool {
        self.ci[0] > 0.0 || self.ci[1] < 0.0
    }
}
