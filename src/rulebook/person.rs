//! Whether a value on a ticket is a person's choice, which a rule may not replace unless it says so.
//!
//! A value is a person's when it is set, differs from what the rule wants, and is not what we wrote last ourselves. Its
//! text never enters a reason: a field may hold anything.

use deskbridge_connectors::{Directory, Effect, FieldValue, RemoteId};
use serde_json::Value;

use super::Facts;
use crate::domain::outcome::{EffectOutcome, EffectRecord};

/// Why the effect must wait for a person; `None` when it may go.
pub(super) fn stands_in_the_way(effect: &Effect, facts: &Facts<'_>) -> Option<String> {
    let Facts { ticket, directory, .. } = facts;
    let ours = |kind: &str, of: &dyn Fn(&Value) -> Option<bool>| newest(facts, kind, of);
    let (what, chosen) = match effect {
        Effect::SetPriority(wanted) => {
            let current =
                ticket.priority.filter(|current| !ticket.priority_is_default && current != wanted)?;
            let ours = ours("set_priority", &|value| Some(value.as_str() == Some(current.as_str())));
            ("the priority".to_owned(), !ours)
        }
        Effect::AssignGroup(wanted) => {
            let current = ticket.group.as_ref()?;
            let is = |name: &str| directory.group(name).is_ok_and(|group| group.id == *current);
            let ours = ours("assign_group", &|value| value.as_str().map(is));
            ("the group".to_owned(), !is(wanted) && !ours)
        }
        Effect::AssignAgent(wanted) => {
            let current = ticket.assignee.as_ref()?;
            let is = |name: &str| directory.agent(name).is_ok_and(|agent| agent.id == *current);
            let ours = ours("assign_agent", &|value| value.as_str().map(is));
            ("the agent".to_owned(), !is(wanted) && !ours)
        }
        Effect::SetField { field, value } => {
            let known = directory.field(field).ok()?;
            let current = ticket.fields.get(&known.id).filter(|value| !directory.is_preset(known, value))?;
            let holds = |value: &FieldValue| known.accept(value).is_ok_and(|stored| same(&stored, current));
            let ours = ours("set_field", &|record| {
                written_to(record, &known.id, directory).map(|value| holds(&value))
            });
            (format!("the field `{field}`"), !holds(value) && !ours)
        }
        Effect::Note(note) => return was_written(&note.marker, facts),
        Effect::Reply(_) if !facts.public_replies => {
            return Some("the account does not allow public replies (`allow_public_replies`)".to_owned());
        }
        Effect::Reply(reply) => {
            if let Some(machine) = ticket.machine {
                return Some(format!("no person waits for an answer: the ticket is {machine}"));
            }
            let sent = facts.history.entries.iter().flat_map(|entry| &entry.effects).any(|record| {
                record.kind == "reply" && was_applied(record) && record.value == reply.template.as_str()
            });
            return sent.then(|| "this answer was sent before".to_owned());
        }
        Effect::AddTags(_) | Effect::RemoveTags(_) | Effect::Clear(_) | Effect::Cc(_) => return None,
    };
    chosen.then(|| format!("a person has set {what}"))
}

/// Why a note with this mark is not written again.
pub(super) fn was_written(marker: &str, facts: &Facts<'_>) -> Option<String> {
    let written = facts
        .history
        .entries
        .iter()
        .flat_map(|entry| &entry.effects)
        .any(|record| record.kind == "note" && was_applied(record) && mentions(&record.value, marker));
    written.then(|| "this note was written before".to_owned())
}

/// Whether the newest of our own writes that `of` knows wrote the current value.
fn newest(facts: &Facts<'_>, kind: &str, of: &dyn Fn(&Value) -> Option<bool>) -> bool {
    facts
        .history
        .entries
        .iter()
        .flat_map(|entry| entry.effects.iter().rev())
        .filter(|record| record.kind == kind && was_applied(record))
        .find_map(|record| of(&record.value))
        .unwrap_or(false)
}

fn was_applied(record: &EffectRecord) -> bool {
    record.state == EffectOutcome::Applied
}

/// The value a record wrote to a field; the ledger keeps `{field: value}` with the field's name.
fn written_to(record: &Value, field: &RemoteId, directory: &Directory) -> Option<FieldValue> {
    record
        .as_object()?
        .iter()
        .find(|(name, _)| directory.field(name).is_ok_and(|known| known.id == *field))
        .and_then(|(_, value)| FieldValue::from_json(value))
}

fn same(a: &FieldValue, b: &FieldValue) -> bool {
    match (a, b) {
        (FieldValue::Many(a), FieldValue::Many(b)) => {
            a.len() == b.len() && a.iter().all(|item| b.contains(item))
        }
        (FieldValue::Number(a), FieldValue::Number(b)) => a.as_f64() == b.as_f64(),
        _ => a.to_string().eq_ignore_ascii_case(&b.to_string()),
    }
}

/// The ledger keeps a note as its marker, alone or beside other things.
fn mentions(value: &Value, marker: &str) -> bool {
    match value {
        Value::String(text) => text.contains(marker),
        Value::Object(map) => map.values().any(|value| mentions(value, marker)),
        _ => false,
    }
}
