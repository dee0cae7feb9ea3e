//! What we want changed on a ticket, in platform-neutral effects.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ticket::{FieldValue, Priority, Tag, Version};

/// One change. Groups, agents and fields are named in the platform's own words (its display names); a
/// [`crate::Directory`] turns names into ids at the moment of the call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Effect {
    /// Sets one field.
    SetField {
        /// The field's name on the platform.
        field: String,
        /// What it shall hold. For a dropdown, an option's label or stored value.
        value: FieldValue,
    },
    /// Sets the priority.
    SetPriority(Priority),
    /// Adds tags and removes none.
    AddTags(BTreeSet<Tag>),
    /// Removes tags where they are, and touches no other.
    RemoveTags(BTreeSet<Tag>),
    /// Assigns a group or team, by name.
    AssignGroup(String),
    /// Assigns an agent, by name or address.
    AssignAgent(String),
    /// Empties what holds one value: what undoes a setting where nothing was set before. No rule asks for it.
    Clear(Slot),
    /// Lets somebody else follow the ticket, in the way the platform knows.
    Cc(Party),
    /// Adds a note that the customer cannot see.
    Note(Note),
    /// Answers the customer. Only where the account allows it, and once a ticket and template.
    Reply(Reply),
}

/// A part of a ticket that holds one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// A field, by name.
    Field(String),
    /// The priority.
    Priority,
    /// The group or team.
    Group,
    /// The agent.
    Agent,
}

/// Who shall follow a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// A group or team, by name.
    Group(String),
    /// A person, by address.
    Email(String),
}

/// An answer to the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The template's name; with the ticket it says what was answered once.
    pub template: String,
    /// Plain text; the connector escapes it for the platform. Looked for before it is sent again in doubt.
    pub text: String,
}

/// A private note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Plain text; the connector escapes it for the platform.
    pub text: String,
    /// A short mark that stands at the note's end. When a write's answer was lost, the note is sought by it
    /// before it is written again.
    pub marker: String,
}

impl Effect {
    /// The word used in output and metrics.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::SetField { .. } => "set_field",
            Self::SetPriority(_) => "set_priority",
            Self::AddTags(_) => "add_tags",
            Self::RemoveTags(_) => "remove_tags",
            Self::AssignGroup(_) => "assign_group",
            Self::AssignAgent(_) => "assign_agent",
            Self::Clear(_) => "clear",
            Self::Cc(_) => "cc",
            Self::Note(_) => "note",
            Self::Reply(_) => "reply",
        }
    }

    /// What it carries, as JSON for the ledger: a word, a list of tags, or `{field: value}`.
    pub fn value(&self) -> serde_json::Value {
        match self {
            Self::SetField { field, value } => serde_json::json!({ field: value }),
            Self::SetPriority(priority) => priority.as_str().into(),
            Self::AddTags(tags) | Self::RemoveTags(tags) => tags.iter().cloned().collect(),
            Self::AssignGroup(name) | Self::AssignAgent(name) => name.as_str().into(),
            Self::Clear(Slot::Field(name)) => name.as_str().into(),
            Self::Clear(Slot::Priority) => "priority".into(),
            Self::Clear(Slot::Group) => "group".into(),
            Self::Clear(Slot::Agent) => "agent".into(),
            Self::Cc(Party::Group(name)) => serde_json::json!({ "group": name }),
            Self::Cc(Party::Email(address)) => serde_json::json!({ "email": address }),
            Self::Note(note) => note.text.as_str().into(),
            Self::Reply(reply) => reply.template.as_str().into(),
        }
    }

    /// One of each that a rule can ask for, for the contract tests.
    pub fn samples() -> Vec<Self> {
        vec![
            Self::SetField { field: "Category".into(), value: FieldValue::Text("billing".into()) },
            Self::SetPriority(Priority::High),
            Self::AddTags(BTreeSet::from(["billing".to_owned(), "refund".to_owned()])),
            Self::RemoveTags(BTreeSet::from(["vip".to_owned()])),
            Self::AssignGroup("Billing".into()),
            Self::AssignAgent("ada@example.com".into()),
            Self::Cc(Party::Group("Sales".into())),
            Self::Cc(Party::Email("ada@example.com".into())),
            Self::Note(Note {
                text: "Predicted billing (97 %)".into(),
                marker: "deskbridge:1-a1b2c3".into(),
            }),
            Self::Reply(Reply {
                template: "received".into(),
                text: "Thank you, we have your message and look into it today.".into(),
            }),
        ]
    }
}

/// What shall change on one ticket, in the rulebook's order; at most one effect for each scalar.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan(pub Vec<Effect>);

/// What became of one effect of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "reason", rename_all = "snake_case")]
pub enum EffectState {
    /// Written, and the platform said so.
    Applied,
    /// It held already; nothing was sent for it.
    Unchanged,
    /// The platform or its directory does not allow it; says why.
    Refused(String),
}

/// A plan carried out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Applied {
    /// One state for each effect of the plan, in its order.
    pub states: Vec<EffectState>,
    /// The ticket's version after our last write, where the platform's answer tells it; recognises our own echo.
    pub version: Option<Version>,
}
