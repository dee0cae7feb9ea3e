//! The outcome of a decision, and the ledger's record of it.

use deskbridge_connectors::{Recognised, Version};
use jiff::Timestamp;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use crate::domain::decision::{Awaiting, Digests};
use crate::domain::mode::Mode;
use crate::domain::snapshot::Snapshot;
use crate::domain::trial::Trial;

/// The outcome of a delivery that was worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The plan was carried out.
    Applied,
    /// The suggestions were shown to the agent.
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
    /// An earlier entry was erased, because its requester asked to be forgotten. `delivery` names
    /// that entry and the digest of the remaining content.
    Forgotten,
}

impl Outcome {
    /// Returns the word used in output and metrics.
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

/// One line of the ledger: the decision, its reasons and its outcome. It holds no ticket text; a
/// note is kept only as its marker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The account's name.
    pub account: String,
    /// The platform's name.
    pub platform: String,
    /// The ticket on its platform.
    pub ticket: String,
    /// The requester as a digest, never as an address; absent if nothing was decided or the
    /// requester is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<String>,
    /// The kind of machine mail that opened the ticket, and the sign that decided it; absent where
    /// a person wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<Recognised>,
    /// The delivery's key.
    pub delivery: String,
    /// The time when the delivery was stored.
    pub received_at: Timestamp,
    /// The time of the decision.
    pub decided_at: Timestamp,
    /// The strictest mode of daemon and account.
    pub mode: Mode,
    /// The detected language; `null` if the ticket was not classified.
    pub language: serde_json::Value,
    /// Scores per head, in the format of `classify`; empty if the ticket was not classified.
    pub heads: serde_json::Value,
    /// The rules that matched, in order.
    pub rules: Vec<String>,
    /// Every effect and its state.
    pub effects: Vec<EffectRecord>,
    /// The outcome.
    pub outcome: Outcome,
    /// The reason, if the outcome needs one.
    pub reason: Option<String>,
    /// The digests of model and rulebook, under the keys `model` and `rulebook`; `null` if nothing
    /// was decided.
    #[serde(flatten, serialize_with = "both_keys")]
    pub digests: Option<Digests>,
    /// The version that was decided on.
    pub version: Option<Version>,
    /// The version after our own last write, which recognises our own echo.
    pub own_version: Option<Version>,
    /// The calls made for it, in order: method, path and status.
    pub calls: Vec<CallRecord>,
    /// The first write that shadow mode withheld: method, path and body (a note's text cut to its
    /// marker).
    pub withheld: Option<serde_json::Value>,
    /// The challenger's answer, if there is a challenger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenger: Option<Trial>,
    /// Set if heads named no label, so that another message causes a new decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaiting: Option<Awaiting>,
    /// The ticket without its text, for replay; absent if nothing was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Box<Snapshot>>,
}

impl Entry {
    /// Returns the entry as it remains after its requester is forgotten. It keeps the time, the
    /// place, the digests and the outcome, and nothing about the person or the content.
    #[must_use]
    pub fn erased(self) -> Self {
        Self {
            requester: None,
            machine: None,
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

    /// Returns the entry that records an erasure. `proof` names the erased entry and the digest of
    /// its remaining content, so that no change can pass as an erasure.
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

/// Writes both keys on every line of the ledger, also if nothing was decided.
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
    /// The value to set.
    pub value: serde_json::Value,
    /// The rule behind it.
    pub rule: String,
    /// The mode that limited it.
    pub mode: Mode,
    /// Its outcome.
    pub state: EffectOutcome,
    /// The reason, for `refused`, `failed` and effects held back.
    pub reason: Option<String>,
}

/// The outcome of one effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectOutcome {
    /// Planned, not yet carried out.
    Planned,
    /// Withheld by shadow mode.
    Shadowed,
    /// Shown to the agent.
    Suggested,
    /// Written.
    Applied,
    /// The ticket had the value already.
    Unchanged,
    /// Not allowed by the platform, or a person made another choice.
    Refused,
    /// Tried without success.
    Failed,
}

impl EffectOutcome {
    /// Returns the word used in output and metrics.
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
    /// The HTTP status of the answer; 0 if there was no answer.
    pub status: u16,
}
