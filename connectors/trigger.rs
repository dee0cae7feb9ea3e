//! A platform's own automation, as far as it could meet ours: what runs when a ticket is updated, also by us.
//!
//! Only what a connector could read with certainty is here. What a trigger asks beyond that may hold or not, so that a
//! finding built on this says "may".

use crate::ticket::{RemoteId, Tag};

/// One trigger that our own updates can start. Those that spare us are never listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// What people call it.
    pub name: String,
    /// What it does each time it runs.
    pub does: Vec<Deed>,
    /// What all must hold for it to run.
    pub needs: Vec<Need>,
    /// The parts whose change starts it; `None` where any update does.
    pub on: Option<Vec<Subject>>,
}

/// A part of a ticket that holds one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// How urgent it is.
    Priority,
    /// Its group, by id.
    Group,
    /// Its agent, by id.
    Agent,
    /// A field, by id; its value as stored.
    Field(RemoteId),
}

/// What a trigger does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Sets a part; `None` for a value that depends on the ticket.
    Sets(Subject, Option<String>),
    /// Adds a tag.
    AddsTag(Tag),
    /// Removes a tag.
    RemovesTag(Tag),
    /// Replaces all tags by these.
    ReplacesTags(Vec<Tag>),
    /// Posts a body such as deskbridge takes to a webhook.
    Tells,
}

/// What must hold for a trigger to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// A part holds this value.
    Is(Subject, String),
    /// A part holds anything else.
    IsNot(Subject, String),
    /// The ticket has one of these tags.
    Tagged(Vec<Tag>),
    /// The ticket has none of these tags.
    NotTagged(Vec<Tag>),
}
