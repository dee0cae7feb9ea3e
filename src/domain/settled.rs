//! Holds the values that agents settled on, as the store keeps them: values in words, how they came
//! to be, and the ticket's course. No text.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The time from a decision to the first look at the ticket's values.
pub const FIRST_LOOK: Duration = Duration::from_secs(3600);

/// The values that agents settled on, as the store keeps them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The time when the values were read as final.
    pub settled_at: Timestamp,
    /// The time when the ticket was opened.
    pub created_at: Option<Timestamp>,
    /// The time when it was last solved or closed; `None` if it was left alone.
    pub closed_at: Option<Timestamp>,
    /// The time of a person's first answer to the customer.
    pub first_reply_at: Option<Timestamp>,
    /// Its priority.
    pub priority: Story,
    /// Its group.
    pub group: Story,
    /// Its fields.
    pub fields: Vec<FieldStory>,
    /// Its tags.
    pub tags: Story,
    /// Its first group, if the platform reports it.
    pub first_group: Option<String>,
    /// The time when it first got a group.
    pub routed_at: Option<Timestamp>,
    /// The number of group changes after that; `None` if the platform does not report it.
    pub reassignments: Option<u32>,
}

/// One field's value and how it came to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldStory {
    /// The field's id.
    pub id: String,
    /// The name that people see.
    pub name: String,
    /// Its value and how it was set.
    pub story: Story,
}

impl FieldStory {
    /// Returns true if a name means this field: the name that people see, or its id.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name) || self.id.eq_ignore_ascii_case(name)
    }
}

/// One part's value and how it came to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// The value in the words that people see; empty if there is none.
    pub now: Vec<String>,
    /// The kind of actor that set it; `None` if the platform does not report it or nobody changed
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Who>,
    /// The time when it was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The first value that a person chose; `None` if no person chose one or the platform does not
    /// report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Vec<String>>,
}

/// The kind of actor that made a change. The individual person is not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// deskbridge.
    Us,
    /// An agent.
    Person,
    /// A trigger, a workflow, a bot.
    Automation,
    /// The customer.
    Customer,
}
