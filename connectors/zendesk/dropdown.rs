//! Dropdowns of a ticket as they are once a plan is carried out: their values are tags too.

use std::collections::{BTreeMap, BTreeSet};

use crate::directory::{Directory, FieldKind};
use crate::plan::{Effect, Plan, Slot};
use crate::ticket::{FieldValue, Ticket};

pub(super) fn values(value: &FieldValue) -> impl Iterator<Item = &str> {
    let (one, many) = match value {
        FieldValue::Text(text) => (Some(text.as_str()), &[][..]),
        FieldValue::Many(many) => (None, many.as_slice()),
        FieldValue::Flag(_) | FieldValue::Number(_) => (None, &[][..]),
    };
    one.into_iter().chain(many.iter().map(String::as_str))
}

/// A dropdown that has a value once the plan is carried out.
pub(super) struct Dropdown<'a> {
    pub(super) field: &'a str,
    choices: BTreeSet<&'a str>,
    held: BTreeSet<String>,
    /// Of several values none stands in another's way.
    single: bool,
}

impl Dropdown<'_> {
    /// Tells if adding this tag would turn the dropdown to something else.
    pub(super) fn refuses(&self, tag: &str) -> bool {
        self.single && !self.holds(tag) && self.choices.contains(tag)
    }

    /// Tells if this tag is (one of) its values.
    pub(super) fn holds(&self, tag: &str) -> bool {
        self.held.contains(tag)
    }
}

pub(super) fn dropdowns_after<'a>(plan: &Plan, on: &Ticket, names: &'a Directory) -> Vec<Dropdown<'a>> {
    let mut planned = BTreeMap::new();
    for effect in &plan.0 {
        match effect {
            Effect::SetField { field, value } => {
                if let Ok(field) = names.field(field)
                    && let Ok(value) = field.accept(value)
                {
                    planned.insert(&field.id, Some(value));
                }
            }
            Effect::Clear(Slot::Field(field)) => {
                if let Ok(field) = names.field(field) {
                    planned.insert(&field.id, None);
                }
            }
            _ => {}
        }
    }
    names
        .fields
        .iter()
        .filter_map(|field| {
            let (choices, single) = match &field.kind {
                FieldKind::One(choices) => (choices, true),
                FieldKind::Many(choices) => (choices, false),
                _ => return None,
            };
            let value = match planned.get(&field.id) {
                Some(planned) => planned.as_ref()?,
                None => on.fields.get(&field.id)?,
            };
            let held = values(value).map(str::to_owned).collect();
            let choices = choices.iter().map(|choice| choice.value.as_str()).collect();
            Some(Dropdown { field: &field.name, choices, held, single })
        })
        .collect()
}
