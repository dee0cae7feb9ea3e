//! Holds the thresholds that apply where neither a rule nor the bundle names one.

/// The rulebook's section `defaults`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Defaults {
    /// The calibrated confidence a label needs, where the bundle has no fitted threshold.
    pub threshold: f32,
    /// How far the best label must lie ahead of the runner-up.
    pub margin: f32,
}

impl Default for Defaults {
    fn default() -> Self {
        Self { threshold: 0.80, margin: 0.10 }
    }
}
