//! The plan for one ticket, with the reason behind every part of it.

use deskbridge_connectors::plan::Note;
use deskbridge_connectors::{Effect, FieldValue, Plan, TicketId, Version};
use deskbridge_onnx::Prediction;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::mode::Mode;

/// The number of characters that a one-line text field can hold on every platform.
const LONGEST_LINE: usize = 255;

/// A ticket of an account; the key of lanes, history and the ledger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TicketKey {
    /// The account's name.
    pub account: String,
    /// The ticket on its platform.
    pub ticket: TicketId,
}

/// The plan for a ticket, with its reasons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The ticket.
    pub ticket: TicketKey,
    /// The version of the ticket that was decided on.
    pub version: Version,
    /// The model's prediction.
    pub prediction: Prediction,
    /// The rules that matched, in order.
    pub rules: Vec<String>,
    /// The planned changes, in order; at most one effect for each scalar.
    pub plan: Vec<Planned>,
    /// The questions to the user's own services, asked before the plan is carried out. Each answer
    /// becomes a note of the plan.
    #[serde(default)]
    pub lookups: Vec<Lookup>,
    /// The model and the rulebook that decided.
    pub digests: Digests,
    /// The challenger's prediction, which decides nothing; `None` without a challenger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenger: Option<Prediction>,
    /// The condition for deciding the ticket again; `None` if the decision is final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaiting: Option<Awaiting>,
}

/// The heads that named no label and so left a decision open. Until a person has answered, another
/// message from the customer causes a new decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaiting {
    /// The heads that named no label.
    pub heads: Vec<String>,
    /// The number of the customer's messages that were read.
    pub messages: usize,
}

/// A question to one of the user's own services.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lookup {
    /// The rule that asks the question.
    pub because: String,
    /// The place of the action in its rule, counted from 0.
    pub action: usize,
    /// The strictest mode of daemon, account and rule; in shadow mode nothing is asked.
    pub mode: Mode,
    /// The reason why it is not asked although its rule matched: its note was written before.
    pub held_back: Option<String>,
    /// The address as the rulebook writes it; the ledger keeps this form.
    pub pattern: String,
    /// The address with the values found in the ticket.
    pub url: String,
    /// True if the host may be in a private network.
    pub private: bool,
    /// The mark of the note that the answer becomes.
    pub marker: String,
    /// The result of the question.
    #[serde(default)]
    pub asked: Asked,
}

/// The result of a look-up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// Not asked.
    #[default]
    No,
    /// Answered, and the answer is a note of the plan.
    Answered,
    /// No usable answer, with the reason. Nothing is written.
    Failed(String),
}

/// One effect, with the rule behind it and the mode that limits it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// The change.
    pub effect: Effect,
    /// The rule that asked for it.
    pub because: String,
    /// The strictest mode of daemon, account and rule.
    pub mode: Mode,
    /// The reason why it is not sent although its rule matched, for example that a person set the
    /// field; `None` if it may be sent.
    pub held_back: Option<String>,
}

/// The model and the rulebook that decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digests {
    /// Digest of the bundle.
    pub model: String,
    /// Digest of the rulebook's text.
    pub rulebook: String,
}

/// The part of a decision that may be sent; the rest is only recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Sendable {
    /// The plan to carry out: the live effects in order, then at most one effect that shows the
    /// agent the suggestions.
    pub plan: Plan,
    /// The index in [`Decision::plan`] of each effect of [`Self::plan`]; `None` for the effect that
    /// shows the suggestions.
    pub origin: Vec<Option<usize>>,
}

/// The place where agents see suggestions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Suggestion {
    /// In one private note.
    #[default]
    Note,
    /// In a text field of the ticket, by name. It holds only the newest suggestion.
    Field(String),
}

impl Decision {
    /// Returns the effects that may be sent: live effects unchanged, suggested effects combined
    /// into one that shows them to the agent.
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

    /// Returns the effects that shadow mode withholds, as the plan that live mode would send.
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

/// Writes suggestions as one line for a text field. Notes and replies are left out, because their
/// text belongs in a thread.
fn one_line(suggested: &[&Planned]) -> String {
    let told =
        suggested.iter().filter(|planned| !matches!(planned.effect, Effect::Note(_) | Effect::Reply(_)));
    let line = told.map(|planned| in_words(planned)).collect::<Vec<_>>().join("; ");
    line.chars().take(LONGEST_LINE).collect()
}
