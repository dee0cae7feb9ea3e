//! What an account calls its groups, agents, fields and tags: names to ids, read at start-up and hourly.

mod accept;
pub(crate) mod lenient;

use std::collections::BTreeMap;

use icu_normalizer::ComposingNormalizerBorrowed;
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
    /// Records of the account that could not be read: kind, id, and what is wrong. Never a value.
    #[serde(default)]
    pub left_out: Vec<String>,
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

/// Why a name leads to nothing on an account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The account has nothing of the name.
    #[error("the account has no {what} named `{name}`{}", nearest.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    Unknown {
        /// `group`, `agent`, `field`, `brand` or `option`.
        what: &'static str,
        /// The name as asked for.
        name: String,
        /// The closest one there is.
        nearest: Option<String>,
    },
    /// The account has several things of the name.
    #[error("the account has two of the {what} name `{name}`: {} and {}; rename one of them", ids[0], ids[1])]
    Ambiguous {
        /// As in [`Self::Unknown`].
        what: &'static str,
        /// The name as asked for.
        name: String,
        /// The ids of two of them.
        ids: [RemoteId; 2],
    },
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
    /// [`NameError`], with the nearest match.
    pub fn group(&self, name: &str) -> Result<&Named, NameError> {
        find("group", name, &self.groups, |group| vec![group.name.as_str()], |group| Some(&group.id))
    }

    /// The agent with this name or address, ignoring case.
    ///
    /// # Errors
    /// [`NameError`], with the nearest match.
    pub fn agent(&self, name: &str) -> Result<&Agent, NameError> {
        find(
            "agent",
            name,
            &self.agents,
            |agent| std::iter::once(agent.name.as_str()).chain(agent.email.as_deref()).collect(),
            |agent| Some(&agent.id),
        )
    }

    /// The field with this display name or id, ignoring case.
    ///
    /// # Errors
    /// [`NameError`], with the nearest match.
    pub fn field(&self, name: &str) -> Result<&Field, NameError> {
        find(
            "field",
            name,
            &self.fields,
            |field| vec![field.name.as_str(), field.id.as_str()],
            |field| Some(&field.id),
        )
    }

    /// The brand with this name or id, ignoring case.
    ///
    /// # Errors
    /// [`NameError`], with the nearest match.
    pub fn brand(&self, name: &str) -> Result<&Named, NameError> {
        find(
            "brand",
            name,
            &self.brands,
            |brand| vec![brand.name.as_str(), brand.id.as_str()],
            |brand| Some(&brand.id),
        )
    }

    /// The tag called `name`, ignoring case, where the platform has ids for tags.
    pub fn tag(&self, name: &str) -> Option<&Named> {
        let wanted = folded(name);
        self.tags.iter().find(|tag| folded(&tag.name) == wanted)
    }
}

/// Returns a name as names are compared: composed (NFC), in lower case, white space folded to single spaces.
pub fn folded(name: &str) -> String {
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(name);
    let words: Vec<&str> = composed.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// Finds the one thing of a name. Several are an error, unless one of them has the name as its id.
fn find<'a, T>(
    what: &'static str,
    name: &str,
    all: &'a [T],
    names: impl Fn(&'a T) -> Vec<&'a str>,
    id: impl Fn(&'a T) -> Option<&'a RemoteId>,
) -> Result<&'a T, NameError> {
    let wanted = folded(name);
    let mut fitting = all.iter().filter(|item| names(item).iter().any(|known| folded(known) == wanted));
    if let Some(first) = fitting.next() {
        let other = id(first).and_then(|first| fitting.find_map(|item| id(item).filter(|id| *id != first)));
        let Some((first_id, other)) = id(first).zip(other) else { return Ok(first) };
        let by_id = all.iter().find(|item| id(item).is_some_and(|id| id.as_str() == name.trim()));
        return by_id.ok_or_else(|| NameError::Ambiguous {
            what,
            name: name.to_owned(),
            ids: [first_id.clone(), other.clone()],
        });
    }
    let nearest = all
        .iter()
        .flat_map(&names)
        .map(|known| (strsim::jaro_winkler(&folded(known), &wanted), known))
        .filter(|(score, _)| *score > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known.to_owned());
    Err(NameError::Unknown { what, name: name.to_owned(), nearest })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(id: &str, name: &str) -> Named {
        Named { id: RemoteId(id.into()), name: name.into() }
    }

    #[test]
    fn names_compare_composed_without_case_and_with_white_space_folded() {
        let groups = vec![named("1", "Re\u{301}clamations  \u{a0}Clients"), named("2", "STRASSE")];
        let names = Directory { groups, ..Directory::default() };
        assert_eq!(names.group(" r\u{e9}clamations clients ").unwrap().id.as_str(), "1");
        assert_eq!(names.group("strasse").unwrap().id.as_str(), "2");
        let unknown = names.group("reclamation clients").unwrap_err().to_string();
        assert!(unknown.contains("did you mean"), "{unknown}");
    }

    #[test]
    fn two_of_one_name_are_an_error_that_names_both_ids() {
        let brands = vec![named("41", "Outlet"), named("42", "outlet "), named("43", "Store")];
        let kind = FieldKind::Text;
        let field = |id: &str| Field { id: RemoteId(id.into()), name: "Plan".into(), kind: kind.clone() };
        let names = Directory {
            groups: brands.clone(),
            brands,
            fields: vec![field("7"), field("8")],
            ..Directory::default()
        };
        for error in [names.group("Outlet").err(), names.brand("OUTLET").err()] {
            let said = error.unwrap().to_string();
            assert!(said.contains("41") && said.contains("42") && said.contains("rename"), "{said}");
        }
        assert!(names.field("plan").unwrap_err().to_string().contains("7 and 8"));
        assert_eq!(names.field("8").unwrap().id.as_str(), "8", "an id is no name of two");
        assert_eq!(names.brand("Store").unwrap().id.as_str(), "43");
    }
}
