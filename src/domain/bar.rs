//! Holds the bar that a label has to reach before it may act.

use serde::{Deserialize, Serialize};

/// The evidence that a label needs before it may act.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// Named tickets with an independent settled value.
    pub min_tickets: usize,
    /// The least value of the precision's lower bound, 0 to 1.
    pub target: f64,
}

impl Default for Bar {
    fn default() -> Self {
        Self { min_tickets: 30, target: 0.96 }
    }
}
