//! One head's answer beside what the agents settled on, and one ticket's course: the two rows that all figures come from.

use std::collections::BTreeSet;
use std::sync::Arc;

use deskbridge_onnx::HeadKind;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::mode::Mode;
use crate::domain::summary::BundleLabels;

/// What one head said of one ticket, beside the labels that its agents settled on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The ledger's id of the decision.
    pub decision: i64,
    /// The account.
    pub account: String,
    /// The ticket on its platform.
    pub ticket: String,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// When the agents' values were read as final.
    pub settled_at: Timestamp,
    /// The language found, an ISO 639-1 code; `None` where it is unknown.
    pub language: Option<String>,
    /// Digest of the bundle that answered.
    pub model: String,
    /// The head.
    pub head: String,
    /// One label or several.
    pub kind: HeadKind,
    /// Labels with their confidence, 0 to 1, the best first: at least the best two of a head with one label per ticket, all of
    /// another.
    pub ranked: Vec<(String, f32)>,
    /// The labels that the head named; none where it abstained.
    pub named: BTreeSet<String>,
    /// The labels that the agents settled on. For a head with one label a ticket at most one; none where the agents' value
    /// stands for no label.
    pub settled: BTreeSet<String>,
    /// The labels of the first value that a person chose, where the platform tells: what a person would have done alone.
    pub first: Option<BTreeSet<String>>,
    /// Whether the agents' choice was their own.
    pub influence: Influence,
    /// All labels of the bundle's heads; `None` where [`Self::ranked`] has all of this head.
    #[serde(skip)]
    pub bundle: Option<Arc<BundleLabels>>,
}

/// Whether the agents' choice was their own: only then is it evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Influence {
    /// Nobody saw what the model said before they chose.
    Independent,
    /// The value was chosen by a person who could have seen our suggestion or our write (anchoring); reported apart.
    Anchored,
    /// We wrote the value, and people left it as it was for the settling time.
    Kept,
    /// We wrote a value and a person replaced it.
    Overridden,
    /// We wrote the value, and nobody has had the time to object: no evidence either way.
    Unconfirmed,
}

impl Influence {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Independent => "independent",
            Self::Anchored => "anchored",
            Self::Kept => "kept",
            Self::Overridden => "overridden",
            Self::Unconfirmed => "unconfirmed",
        }
    }
}

/// How one ticket went, for the figures of impact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// The account.
    pub account: String,
    /// The ticket on its platform.
    pub ticket: String,
    /// How far decisions on it could go; `None` where deskbridge was not there yet.
    pub mode: Option<Mode>,
    /// When it was opened.
    pub created_at: Option<Timestamp>,
    /// When it first got a group.
    pub routed_at: Option<Timestamp>,
    /// How often its group was changed after that.
    pub reassignments: u32,
    /// Whether its first group is not its last; `None` where that is not known.
    pub misrouted: Option<bool>,
    /// When a person of the desk first answered.
    pub first_reply_at: Option<Timestamp>,
    /// When it was solved or closed last.
    pub closed_at: Option<Timestamp>,
}
