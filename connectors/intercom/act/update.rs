//! The one `PUT` of all attributes that change, and its parts where the platform refuses the whole.
//!
//! One attribute that is rejected (a type without it, an option that was archived) refuses every
//! other attribute of the same request, so that the others are sent again by themselves.

use serde_json::{Map, Value, json};

use super::super::Intercom;

/// The values that one request sets, each part with the effect that wants it.
#[derive(Debug, Default)]
pub(super) struct Update(Vec<Part>);

#[derive(Debug)]
struct Part {
    effect: usize,
    sets: Sets,
}

#[derive(Debug, PartialEq)]
enum Sets {
    Attribute(String, Value),
    /// The native priority, where it can be written.
    Priority(&'static str),
}

impl Sets {
    /// Tells whether both set the same thing.
    fn is_about(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Attribute(name, _), Self::Attribute(other, _)) => name == other,
            (Self::Priority(_), Self::Priority(_)) => true,
            _ => false,
        }
    }
}

impl Update {
    /// Adds an attribute; nothing where it holds already.
    pub(super) fn set(&mut self, effect: usize, changed: Option<(String, Value)>) {
        self.0.extend(changed.map(|(name, value)| Part { effect, sets: Sets::Attribute(name, value) }));
    }

    /// Sets the native priority.
    pub(super) fn set_priority(&mut self, effect: usize, word: &'static str) {
        self.0.push(Part { effect, sets: Sets::Priority(word) });
    }

    /// Returns the effects that hold once it was accepted.
    pub(super) fn effects(&self) -> Vec<usize> {
        self.0.iter().map(|part| part.effect).collect()
    }

    /// Returns one update for each thing that is set.
    pub(super) fn singly(self) -> Vec<Self> {
        let mut singles: Vec<Self> = Vec::new();
        for part in self.0 {
            match singles.iter_mut().find(|single| single.0[0].sets.is_about(&part.sets)) {
                Some(single) => single.0.push(part),
                None => singles.push(Self(vec![part])),
            }
        }
        singles
    }

    /// Returns what it sets, in words: names of the account, never a value.
    pub(super) fn what(&self) -> String {
        let names: Vec<&str> = self.attributes().into_iter().map(|(name, _)| name).collect();
        format!("setting {}", if names.is_empty() { "the priority".to_owned() } else { names.join(", ") })
    }

    /// Returns the body for a ticket.
    pub(super) fn ticket_body(&self) -> Value {
        json!({ "ticket_attributes": self.map() })
    }

    /// Returns the body for a conversation.
    pub(super) fn conversation_body(&self, account: &Intercom) -> Value {
        let mut body = json!({});
        let attributes = self.map();
        if !attributes.is_empty() {
            body["custom_attributes"] = attributes.into();
        }
        let priority = self.0.iter().rev().find_map(|part| match part.sets {
            Sets::Priority(word) => Some(word),
            Sets::Attribute(..) => None,
        });
        if let Some(word) = priority {
            body["priority"] = word.into();
            body["admin_id"] = account.admin_id.as_str().into();
        }
        body
    }

    fn map(&self) -> Map<String, Value> {
        self.attributes().into_iter().map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }

    fn attributes(&self) -> Vec<(&str, &Value)> {
        let attributes = self.0.iter().filter_map(|part| match &part.sets {
            Sets::Attribute(name, value) => Some((name.as_str(), value)),
            Sets::Priority(_) => None,
        });
        attributes.collect()
    }
}
