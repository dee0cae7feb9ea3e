//! How far a decision may go, and the permit that every changing call needs.
//!
//! Shadow mode is a type, not an `if`: [`Mode::permit`] is the only maker of a [`Permit`], and it gives none in
//! shadow. Code that holds no permit cannot send a write.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How far a decision may go. Ordered from the strictest, so that the minimum of several modes wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Record only.
    #[default]
    Shadow,
    /// Also tell the agent, in a private note and nothing else.
    Suggest,
    /// Act.
    Live,
}

impl Mode {
    /// Every mode, the strictest first.
    pub const ALL: [Self; 3] = [Self::Shadow, Self::Suggest, Self::Live];

    /// The word used in settings and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shadow => "shadow",
            Self::Suggest => "suggest",
            Self::Live => "live",
        }
    }

    /// The right to change things, as far as this mode goes; none in shadow.
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
    /// The mode it was given in.
    pub fn scope(&self) -> Mode {
        self.scope
    }
}
