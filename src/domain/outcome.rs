//! What became of a decision, and the ledger's record of it.

use deskbridge_connectors::Version;
use jiff::Timestamp;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use crate::domain::decision::{Awaiting, Digests};
use crate::domain::mode::Mode;
use crate::domain::snapshot::Snapshot;
use crate::domain::trial::Trial;

/// What became of a delivery that was worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The plan was carried out.
    Applied,
    /// The agent was told.
    Suggested,
    /// Recorded only: in shadow mode, or because every change was held back.
    Shadowed,
    /// No rule matched.
    NoRule,
    /// The ticket was left alone; the entry's reason says why.
    Skipped,
    /// The ticket is gone, or the platform cannot do what was planned.
    Moot,
    /// A person had an earlier decision taken back.
    Undone,
    /// An earlier entry was erased, because its requester asked to be forgotten. Its `delivery` says which, and what is left of it.
    Forgotten,
}

impl Outcome {
    /// The word used in output and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Suggested => "suggested",
            Self::Shadowed => "shadowed",
            Self::NoRule => "no_rule",
            Self::Skipped => "skipped",
            Self::Moot => "moot",
            Self::Undone => "undone",
            Self::Forgotten => "forgotten",
        }
    }
}

/// One line of the ledger: what was decided, why, and what became of it. It holds no ticket text; a note is kept as
/// its marker only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The account's name.
    pub account: String,
    /// The platform's word.
    pub platform: String,
    /// The ticket on its platform.
    pub ticket: String,
    /// Who asked, as a digest; absent where nothing was decided or nobody is known. Never an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<String>,
    /// The delivery's key.
    pub delivery: String,
    /// When the delivery was kept.
    pub received_at: Timestamp,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// The strictest of daemon and account.
    pub mode: Mode,
    /// The language found, `null` where the ticket was not classified.
    pub language: serde_json::Value,
    /// Scores per head, in `classify`'s format; empty where the ticket was not classified.
    pub heads: serde_json::Value,
    /// The rules that matched, in order.
    pub rules: Vec<String>,
    /// Every effect and its state.
    pub effects: Vec<EffectRecord>,
    /// What became of it all.
    pub outcome: Outcome,
    /// Why, where the outcome needs a reason.
    pub reason: Option<String>,
    /// What decided: the keys `model` and `rulebook`, `null` where nothing was decided.
    #[serde(flatten, serialize_with = "both_keys")]
    pub digests: Option<Digests>,
    /// The version that was decided on.
    pub version: Option<Version>,
    /// The version after our own last write, which recognises our own echo.
    pub own_version: Option<Version>,
    /// The calls made for it, in order: method, path and status.
    pub calls: Vec<CallRecord>,
    /// The first write that shadow mode withheld: method, path and body (a note's text cut to its marker).
    pub withheld: Option<serde_json::Value>,
    /// What the challenger said, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenger: Option<Trial>,
    /// Set where the decision hangs on heads that named nothing, so that a further message is decided again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaiting: Option<Awaiting>,
    /// The ticket without its text, for replay; absent where nothing was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Box<Snapshot>>,
}

impl Entry {
    /// What is left of it when its requester is forgotten: when, where, by what and how it ended, and nothing of whom or what.
    #[must_use]
    pub fn erased(self) -> Self {
        Self {
            requester: None,
            language: serde_json::Value::Null,
            heads: serde_json::json!({}),
            rules: Vec::new(),
            effects: Vec::new(),
            reason: Some("erased: the requester was forgotten".to_owned()),
            calls: Vec::new(),
            withheld: None,
            challenger: None,
            awaiting: None,
            snapshot: None,
            ..self
        }
    }

    /// The entry that says of an erased one that it was erased. `proof` names it and the digest of what is left of it, so that
    /// nobody can pass a change off as an erasure.
    #[must_use]
    pub fn tombstone(erased: &Self, proof: String, now: Timestamp) -> Self {
        Self {
            delivery: proof,
            received_at: now,
            decided_at: now,
            outcome: Outcome::Forgotten,
            digests: None,
            version: None,
            own_version: None,
            ..erased.clone().erased()
        }
    }
}

/// Every line of the ledger has every key, also where nothing was decided.
fn both_keys<S: Serializer>(digests: &Option<Digests>, to: S) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(Some(2))?;
    map.serialize_entry("model", &digests.as_ref().map(|digests| &digests.model))?;
    map.serialize_entry("rulebook", &digests.as_ref().map(|digests| &digests.rulebook))?;
    map.end()
}

/// One effect in the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EffectRecord {
    /// `set_field`, `set_priority`, `add_tags`, `assign_group`, `assign_agent`, `note`, …
    pub kind: String,
    /// What was to be set.
    pub value: serde_json::Value,
    /// The rule behind it.
    pub rule: String,
    /// How far it was allowed to go.
    pub mode: Mode,
    /// What became of it.
    pub state: EffectOutcome,
    /// Why, for `refused`, `failed` and effects held back.
    pub reason: Option<String>,
}

/// What became of one effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectOutcome {
    /// Planned, not yet carried out.
    Planned,
    /// Withheld by shadow mode.
    Shadowed,
    /// Told to the agent.
    Suggested,
    /// Written.
    Applied,
    /// Held already.
    Unchanged,
    /// Not allowed by the platform, or a person's choice stands.
    Refused,
    /// Tried and given up.
    Failed,
}

impl EffectOutcome {
    /// The word used in output and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Shadowed => "shadowed",
            Self::Suggested => "suggested",
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// One call in the ledger. Paths carry ids only; bodies are not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The status answered; 0 where none came.
    pub status: u16,
}
