//! The plan for one ticket, with the reason behind every part of it.

use deskbridge_connectors::{Effect, TicketId, Version};
use deskbridge_onnx::Prediction;
use serde::{Deserialize, Serialize};

use crate::mode::Mode;

/// A ticket of an account; the key of lanes, history and the ledger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TicketKey {
    /// The account's name.
    pub account: String,
    /// The ticket on its platform.
    pub ticket: TicketId,
}

/// What shall be done about a ticket, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The ticket.
    pub ticket: TicketKey,
    /// The state it was decided on.
    pub version: Version,
    /// What the model says.
    pub prediction: Prediction,
    /// The rules that matched, in order.
    pub rules: Vec<String>,
    /// What shall change, in order; at most one effect for each scalar.
    pub plan: Vec<Planned>,
    /// What decided.
    pub digests: Digests,
}

/// One effect, the rule behind it and how far it may go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// The change.
    pub effect: Effect,
    /// The rule that asked for it.
    pub because: String,
    /// The strictest of daemon, account and rule.
    pub mode: Mode,
    /// Why it will not be sent although its rule matched (a person set the field); `None` when it may go.
    pub held_back: Option<String>,
}

/// Which model and which rulebook decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digests {
    /// Digest of the bundle.
    pub model: String,
    /// Digest of the rulebook's text.
    pub rulebook: String,
}
