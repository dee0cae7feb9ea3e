//! What an account calls its groups, agents, fields and tags: names to ids, read at start-up and hourly.

mod accept;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ticket::{FieldValue, RemoteId};

/// The names of one account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Directory {
    /// Who we are on the platform; recognises our own changes.
    pub me: Option<RemoteId>,
    /// Groups or teams.
    pub groups: Vec<Named>,
    /// Agents or admins.
    pub agents: Vec<Agent>,
    /// Fields that can be set.
    pub fields: Vec<Field>,
    /// Known tags with ids, where the platform wants ids.
    pub tags: Vec<Named>,
    /// Brands, or what the platform has instead of them.
    #[serde(default)]
    pub brands: Vec<Named>,
    /// Values that the account's forms give to fields of a new ticket, by field id.
    #[serde(default)]
    pub presets: BTreeMap<RemoteId, FieldValue>,
}

/// A thing with a name and an id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The platform's id.
    pub id: RemoteId,
    /// The display name.
    pub name: String,
}

/// A person of the desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// The platform's id.
    pub id: RemoteId,
    /// The display name.
    pub name: String,
    /// The address, where the platform tells it.
    pub email: Option<String>,
}

/// A field of a ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// What the write endpoint calls it, and the key in [`crate::Ticket::fields`].
    pub id: RemoteId,
    /// The display name; [`Self::id`] is accepted as a name too.
    pub name: String,
    /// What it may hold.
    pub kind: FieldKind,
}

/// What a field may hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Free text.
    Text,
    /// A number.
    Number,
    /// Yes or no.
    Flag,
    /// A date, `YYYY-MM-DD`.
    Date,
    /// One of these.
    One(Vec<Choice>),
    /// Several of these.
    Many(Vec<Choice>),
    /// One of these and, level by level, one of what belongs to it; written as `A > B > C`.
    Nested {
        /// The ids of the fields that hold the second level and those below it. The first is the field's own.
        levels: Vec<RemoteId>,
        /// What the first level may hold.
        branches: Vec<Branch>,
    },
    /// Something we do not write.
    Other(String),
}

/// One option of a nested field, and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// What is stored, sent and seen.
    pub value: String,
    /// The options of the next level; empty on the last.
    pub below: Vec<Branch>,
}

/// One option of a dropdown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What is stored and sent.
    pub value: String,
    /// What people see.
    pub label: String,
}

/// A name that the account does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the account has no {what} named `{name}`{}", nearest.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
pub struct UnknownName {
    /// `group`, `agent`, `field`, `brand` or `option`.
    pub what: &'static str,
    /// The name as asked for.
    pub name: String,
    /// The closest one there is.
    pub nearest: Option<String>,
}

impl Directory {
    /// Returns true for a value that a field has without anybody's choice: what a form presets, a box that is not
    /// ticked, an empty list.
    pub fn is_preset(&self, field: &Field, value: &FieldValue) -> bool {
        let is_empty = match value {
            FieldValue::Flag(ticked) => !ticked && field.kind == FieldKind::Flag,
            FieldValue::Many(items) => items.is_empty(),
            FieldValue::Text(_) | FieldValue::Number(_) => false,
        };
        is_empty || self.presets.get(&field.id) == Some(value)
    }

    /// The group called `name`, ignoring case.
    ///
    /// # Errors
    /// [`UnknownName`] with the nearest match.
    pub fn group(&self, name: &str) -> Result<&Named, UnknownName> {
        find("group", name, &self.groups, |group| vec![group.name.as_str()])
    }

    /// The agent with this name or address, ignoring case.
    ///
    /// # Errors
    /// [`UnknownName`] with the nearest match.
    pub fn agent(&self, name: &str) -> Result<&Agent, UnknownName> {
        find("agent", name, &self.agents, |agent| {
            std::iter::once(agent.name.as_str()).chain(agent.email.as_deref()).collect()
        })
    }

    /// The field with this display name or id, ignoring case.
    ///
    /// # Errors
    /// [`UnknownName`] with the nearest match.
    pub fn field(&self, name: &str) -> Result<&Field, UnknownName> {
        find("field", name, &self.fields, |field| vec![field.name.as_str(), field.id.as_str()])
    }

    /// The brand with this name or id, ignoring case.
    ///
    /// # Errors
    /// [`UnknownName`] with the nearest match.
    pub fn brand(&self, name: &str) -> Result<&Named, UnknownName> {
        find("brand", name, &self.brands, |brand| vec![brand.name.as_str(), brand.id.as_str()])
    }

    /// The tag called `name`, ignoring case, where the platform has ids for tags.
    pub fn tag(&self, name: &str) -> Option<&Named> {
        self.tags.iter().find(|tag| tag.name.eq_ignore_ascii_case(name))
    }
}

fn find<'a, T>(
    what: &'static str,
    name: &str,
    all: &'a [T],
    names: impl Fn(&'a T) -> Vec<&'a str>,
) -> Result<&'a T, UnknownName> {
    let wanted = name.trim().to_lowercase();
    all.iter().find(|item| names(item).iter().any(|known| known.to_lowercase() == wanted)).ok_or_else(|| {
        let nearest = all
            .iter()
            .flat_map(&names)
            .map(|known| (strsim::jaro_winkler(&known.to_lowercase(), &wanted), known))
            .filter(|(score, _)| *score > 0.7)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, known)| known.to_owned());
        UnknownName { what, name: name.to_owned(), nearest }
    })
}
