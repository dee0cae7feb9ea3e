//! The plan for one ticket, with the reason behind every part of it.

use deskbridge_connectors::plan::Note;
use deskbridge_connectors::{Effect, FieldValue, Plan, TicketId, Version};
use deskbridge_onnx::Prediction;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::mode::Mode;

/// What a text field of one line holds on every platform.
const LONGEST_LINE: usize = 255;

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
    /// What is to be asked of the user's own services before the plan is carried out; each answer becomes a note of
    /// the plan.
    #[serde(default)]
    pub lookups: Vec<Lookup>,
    /// What decided.
    pub digests: Digests,
    /// What a challenger says, which decides nothing; `None` where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenger: Option<Prediction>,
    /// What would let the ticket be decided again; `None` where the decision is final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaiting: Option<Awaiting>,
}

/// A decision that hangs on heads that named nothing. While no person has answered, a further message of the customer's
/// is decided again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaiting {
    /// The heads.
    pub heads: Vec<String>,
    /// How many messages of the customer's were read.
    pub messages: usize,
}

/// A question to a service of the user's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lookup {
    /// The rule that asks.
    pub because: String,
    /// The place of the action in its rule, counted from 0.
    pub action: usize,
    /// The strictest of daemon, account and rule; in shadow mode nothing is asked.
    pub mode: Mode,
    /// Why it will not be asked although its rule matched (its note was written before).
    pub held_back: Option<String>,
    /// The address as the rulebook writes it: what the ledger keeps.
    pub pattern: String,
    /// The address with what was found in the ticket.
    pub url: String,
    /// Whether the host may lie in a private network.
    pub private: bool,
    /// The mark of the note that the answer becomes.
    pub marker: String,
    /// What became of it.
    #[serde(default)]
    pub asked: Asked,
}

/// What became of a look-up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// Not asked.
    #[default]
    No,
    /// Answered, and the answer is a note of the plan.
    Answered,
    /// No usable answer; says why. Nothing is written.
    Failed(String),
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

/// What of a decision may be sent now, and what is only recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Sendable {
    /// The plan to carry out: live effects in order, then at most one that tells the agent what is suggested.
    pub plan: Plan,
    /// For each effect of [`Self::plan`], its index in [`Decision::plan`]; `None` for what tells the agent.
    pub origin: Vec<Option<usize>>,
}

/// Where agents are told what is suggested.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Suggestion {
    /// In one private note.
    #[default]
    Note,
    /// In a text field of the ticket, by name. It says the newest suggestion and nothing else.
    Field(String),
}

impl Decision {
    /// The effects that may be sent: live ones as they are, suggested ones told to the agent as one.
    pub fn sendable(&self, told: &Suggestion) -> Sendable {
        let mut sendable = self.pick(Mode::Live);
        let suggested: Vec<_> = self.free(Mode::Suggest).map(|(_, planned)| planned).collect();
        if !suggested.is_empty() {
            sendable.plan.0.push(match told {
                Suggestion::Note => Effect::Note(self.suggestion(&suggested)),
                Suggestion::Field(field) => {
                    Effect::SetField { field: field.clone(), value: FieldValue::Text(one_line(&suggested)) }
                }
            });
            sendable.origin.push(None);
        }
        sendable
    }

    /// What shadow mode withholds, as the plan it would be in live mode.
    pub fn withheld(&self) -> Sendable {
        self.pick(Mode::Shadow)
    }

    fn pick(&self, mode: Mode) -> Sendable {
        let (origin, plan) = self.free(mode).map(|(at, planned)| (Some(at), planned.effect.clone())).unzip();
        Sendable { plan: Plan(plan), origin }
    }

    fn free(&self, mode: Mode) -> impl Iterator<Item = (usize, &Planned)> {
        self.plan
            .iter()
            .enumerate()
            .filter(move |(_, planned)| planned.mode == mode && planned.held_back.is_none())
    }

    fn suggestion(&self, suggested: &[&Planned]) -> Note {
        let lines: Vec<String> = suggested.iter().map(|planned| format!("- {}", in_words(planned))).collect();
        let digest =
            Sha256::digest(format!("{}/{}/{}", self.ticket.account, self.ticket.ticket, self.version.0));
        Note {
            text: format!("deskbridge suggests:\n{}", lines.join("\n")),
            marker: format!("deskbridge:{}", &hex::encode(digest)[..12]),
        }
    }
}

fn in_words(planned: &Planned) -> String {
    match planned.effect.value() {
        serde_json::Value::String(text) => format!("{}: {text}", planned.effect.kind()),
        value => format!("{}: {value}", planned.effect.kind()),
    }
}

/// For a field of one line. Notes are left out: their text is for a thread.
fn one_line(suggested: &[&Planned]) -> String {
    let told =
        suggested.iter().filter(|planned| !matches!(planned.effect, Effect::Note(_) | Effect::Reply(_)));
    let line = told.map(|planned| in_words(planned)).collect::<Vec<_>>().join("; ");
    line.chars().take(LONGEST_LINE).collect()
}
