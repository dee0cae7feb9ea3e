//! Holds the values that agents settled on, as the store keeps them: values in words, how they came to be, and the
//! ticket's course. No text.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The time from a decision to the first look at the ticket's values.
pub const FIRST_LOOK: Duration = Duration::from_secs(3600);

/// What the agents settled on, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// When it was read as final.
    pub settled_at: Timestamp,
    /// When the ticket was opened.
    pub created_at: Option<Timestamp>,
    /// When it was solved or closed last; `None` where it was left alone.
    pub closed_at: Option<Timestamp>,
    /// When a person first answered the customer.
    pub first_reply_at: Option<Timestamp>,
    /// Its priority.
    pub priority: Story,
    /// Its group.
    pub group: Story,
    /// Its fields.
    pub fields: Vec<FieldStory>,
    /// Its tags.
    pub tags: Story,
    /// Its first group, where the platform tells.
    pub first_group: Option<String>,
    /// When it first got a group.
    pub routed_at: Option<Timestamp>,
    /// How often its group was changed after that; `None` where the platform does not tell.
    pub reassignments: Option<u32>,
}

/// One field's value and how it came to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldStory {
    /// The field's id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it holds.
    pub story: Story,
}

impl FieldStory {
    /// Tells if a name means this field: what people call it, or its id.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name) || self.id.eq_ignore_ascii_case(name)
    }
}

/// One part's value and how it came to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// What it holds, in the words people see; empty where nothing.
    pub now: Vec<String>,
    /// Who made it so; `None` where the platform does not tell, or where it was never changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Who>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// What the first person to choose chose; `None` where no person did, or the platform does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Vec<String>>,
}

/// Who made a change. Which person it was is nobody's business here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// deskbridge.
    Us,
    /// A person of the desk.
    Person,
    /// A trigger, a workflow, a bot.
    Automation,
    /// The customer.
    Customer,
}
