//! What an account calls its groups, agents, fields and tags: names to ids, read at start-up and hourly.

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
    /// Something we do not write.
    Other(String),
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
    /// `group`, `agent`, `field` or `option`.
    pub what: &'static str,
    /// The name as asked for.
    pub name: String,
    /// The closest one there is.
    pub nearest: Option<String>,
}

impl Directory {
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

    /// The tag called `name`, ignoring case, where the platform has ids for tags.
    pub fn tag(&self, name: &str) -> Option<&Named> {
        self.tags.iter().find(|tag| tag.name.eq_ignore_ascii_case(name))
    }
}

impl Field {
    /// The value as this field stores it: an option's label becomes its stored value, text is checked
    /// against the field's kind.
    ///
    /// # Errors
    /// Says what the field accepts.
    pub fn accept(&self, value: &FieldValue) -> Result<FieldValue, String> {
        let choose = |choices: &[Choice], text: &str| -> Result<String, String> {
            find("option", text, choices, |choice| vec![choice.label.as_str(), choice.value.as_str()])
                .map(|choice| choice.value.clone())
                .map_err(|unknown| format!("field `{}`: {unknown}", self.name))
        };
        match (&self.kind, value) {
            (FieldKind::One(choices), FieldValue::Text(text)) => choose(choices, text).map(FieldValue::Text),
            (FieldKind::Many(choices), FieldValue::Text(text)) => {
                choose(choices, text).map(|one| FieldValue::Many(vec![one]))
            }
            (FieldKind::Many(choices), FieldValue::Many(texts)) => texts
                .iter()
                .map(|text| choose(choices, text))
                .collect::<Result<Vec<_>, _>>()
                .map(FieldValue::Many),
            (FieldKind::Text, FieldValue::Text(_)) | (FieldKind::Flag, FieldValue::Flag(_)) => {
                Ok(value.clone())
            }
            (FieldKind::Text, FieldValue::Number(number)) => Ok(FieldValue::Text(number.to_string())),
            (FieldKind::Number, FieldValue::Number(_)) => Ok(value.clone()),
            (FieldKind::Number, FieldValue::Text(text)) => text
                .trim()
                .parse::<serde_json::Number>()
                .map(FieldValue::Number)
                .map_err(|_| format!("field `{}` takes a number", self.name)),
            (FieldKind::Date, FieldValue::Text(text)) => text
                .parse::<jiff::civil::Date>()
                .map(|date| FieldValue::Text(date.to_string()))
                .map_err(|_| format!("field `{}` takes a date, YYYY-MM-DD", self.name)),
            (FieldKind::Other(kind), _) => {
                Err(format!("field `{}` is of type `{kind}`, which deskbridge does not write", self.name))
            }
            _ => Err(format!("field `{}` does not take such a value", self.name)),
        }
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
