//! What is kept of a settled ticket: its values in words, how they came to be, and its course. No text.
//!
//! Free text is never kept: a field is, when it holds a choice, a number, a date or a flag, or when a head is read from it
//! and it holds one short line.

use std::collections::BTreeSet;

use deskbridge_connectors::directory::FieldKind;
use deskbridge_connectors::settled::{By, Change, Part, PartKind, Settled};
use deskbridge_connectors::{Directory, FieldValue, RemoteId};
use jiff::Timestamp;

use crate::domain::settled::{FieldStory, Kept, Story, Who};

/// A longer value of a text field is somebody's sentence, not a category.
const LONGEST: usize = 60;

/// Maps the platform's author of a change; `None` where the platform does not tell.
fn who(by: &By) -> Option<Who> {
    match by {
        By::Us => Some(Who::Us),
        By::Person(_) => Some(Who::Person),
        By::Automation => Some(Who::Automation),
        By::Customer => Some(Who::Customer),
        By::Unknown => None,
    }
}

/// What is kept of a settled ticket. `watched` are the names of the fields that heads are read from, in lower case.
pub fn keep(settled: &Settled, names: &Directory, watched: &BTreeSet<String>, now: Timestamp) -> Kept {
    let ticket = &settled.ticket;
    let words = Words { names, watched };
    // What every ticket is born with is nobody's choice.
    let chosen = ticket.priority.filter(|_| {
        !ticket.priority_is_default || settled.changes.iter().any(|change| change.part == Part::Priority)
    });
    let priority: Vec<String> = chosen.iter().map(|priority| priority.to_string()).collect();
    let group: Vec<String> = ticket.group.iter().map(|id| words.group(id)).collect();
    let history = |part: Part| settled.changes.iter().filter(move |change| change.part == part);
    let groups: Vec<&Change> = history(Part::Group).filter(|change| change.value.is_some()).collect();
    let fields = names.fields.iter().filter_map(|field| {
        let value = ticket.fields.get(&field.id);
        let is_preset = |value: &FieldValue| names.is_preset(field, value);
        // A preset that was there from the beginning is nobody's choice; one that a person chose later is.
        let was_born = |change: &Change| {
            let is_birth = ticket.created_at.is_none_or(|born| change.at <= born);
            is_birth || !matches!(change.by, By::Person(_))
        };
        let changed: Vec<&Change> = history(Part::Field(field.id.clone()))
            .skip_while(|change| change.value.as_ref().is_some_and(is_preset) && was_born(change))
            .collect();
        let value = value.filter(|value| !changed.is_empty() || !is_preset(value));
        if value.is_none() && changed.is_empty() {
            return None;
        }
        let read = |value: &FieldValue| words.field(&field.id, value);
        let story = story(value.map(read).unwrap_or_default(), changed.into_iter(), &read);
        Some(FieldStory { id: field.id.0.clone(), name: field.name.clone(), story })
    });
    Kept {
        settled_at: now,
        created_at: ticket.created_at,
        closed_at: settled.closed_at,
        first_reply_at: settled.first_reply_at,
        priority: story(priority, history(Part::Priority), &|value| vec![value.to_string()]),
        group: story(group, history(Part::Group), &|value| vec![words.group(&RemoteId(value.to_string()))]),
        fields: fields.collect(),
        tags: tags(settled),
        first_group: groups
            .first()
            .and_then(|change| change.value.as_ref())
            .map(|id| words.group(&RemoteId(id.to_string()))),
        routed_at: groups.first().map(|change| change.at),
        reassignments: settled
            .told
            .contains(&PartKind::Group)
            .then(|| u32::try_from(groups.len().saturating_sub(1)).unwrap_or(u32::MAX)),
    }
}

fn story<'a>(
    now: Vec<String>,
    changes: impl Iterator<Item = &'a Change>,
    read: &dyn Fn(&FieldValue) -> Vec<String>,
) -> Story {
    let mut story = Story { now, ..Story::default() };
    for change in changes {
        let value = change.value.as_ref().map(read).unwrap_or_default();
        if story.first.is_none() && matches!(change.by, By::Person(_)) && !value.is_empty() {
            story.first = Some(value);
        }
        (story.by, story.at) = (who(&change.by), Some(change.at));
    }
    story
}

/// Tags as they are; who touched them last, and those that the first person to touch them left.
fn tags(settled: &Settled) -> Story {
    let mut story = Story { now: settled.ticket.tags.iter().cloned().collect(), ..Story::default() };
    for change in &settled.changes {
        let (Part::TagAdded(_) | Part::TagRemoved(_)) = change.part else { continue };
        (story.by, story.at) = (who(&change.by), Some(change.at));
    }
    story
}

/// Ids and stored values to what people see.
struct Words<'a> {
    names: &'a Directory,
    watched: &'a BTreeSet<String>,
}

impl Words<'_> {
    fn group(&self, id: &RemoteId) -> String {
        self.names
            .groups
            .iter()
            .find(|group| group.id == *id)
            .map_or_else(|| id.0.clone(), |group| group.name.clone())
    }

    /// What a field's value reads like; nothing where it is free text.
    fn field(&self, id: &RemoteId, value: &FieldValue) -> Vec<String> {
        let Some(field) = self.names.fields.iter().find(|field| field.id == *id) else { return Vec::new() };
        let stored: Vec<String> = match value {
            FieldValue::Many(items) => items.clone(),
            one => vec![one.to_string()],
        };
        match &field.kind {
            FieldKind::One(choices) | FieldKind::Many(choices) => stored
                .into_iter()
                .map(|value| {
                    let choice = choices.iter().find(|choice| choice.value == value);
                    choice.map_or(value, |choice| choice.label.clone())
                })
                .collect(),
            FieldKind::Flag | FieldKind::Number | FieldKind::Date | FieldKind::Nested { .. } => stored,
            FieldKind::Text | FieldKind::Other(_) => {
                let short =
                    |value: &String| value.chars().count() <= LONGEST && !value.contains(['\n', '\r']);
                let asked =
                    [&field.name, &field.id.0].iter().any(|name| self.watched.contains(&name.to_lowercase()));
                if asked { stored.into_iter().filter(short).collect() } else { Vec::new() }
            }
        }
    }
}

#[cfg(test)]
mod tests;
