//! The modes that limit a decision, and the permit that every changing call needs.
//!
//! Shadow mode is enforced by a type, not by an `if`. Only [`Mode::permit`] makes a [`Permit`], and
//! it returns none in shadow mode. Code without a permit cannot send a write.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The limit on a decision. Modes are ordered from the strictest, so that the minimum of several
/// modes applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Only records the decision.
    #[default]
    Shadow,
    /// Also shows the decision to the agent, in a private note or a text field.
    Suggest,
    /// Carries the decision out.
    Live,
}

impl Mode {
    /// Every mode, the strictest first.
    pub const ALL: [Self; 3] = [Self::Shadow, Self::Suggest, Self::Live];

    /// Returns the word used in settings and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shadow => "shadow",
            Self::Suggest => "suggest",
            Self::Live => "live",
        }
    }

    /// Returns the right to change things within this mode; `None` in shadow mode.
    pub fn permit(self) -> Option<Permit> {
        (self != Self::Shadow).then_some(Permit { scope: self })
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|mode| mode.as_str() == word)
            .ok_or_else(|| format!("`{word}` is no mode; use shadow, suggest or live"))
    }
}

/// The right to send changing calls. Only [`Mode::permit`] makes one.
#[derive(Debug)]
pub struct Permit {
    scope: Mode,
}

impl Permit {
    /// Returns the mode in which the permit was given.
    pub fn scope(&self) -> Mode {
        self.scope
    }
}
