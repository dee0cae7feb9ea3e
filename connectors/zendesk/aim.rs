//! What each effect comes to on this ticket, in the platform's ids, and the one body that asks for all of it.
//!
//! Separated from the exchange so that what is sent can be read in one place. An effect that cannot be carried out
//! settles on its own and does not hold up the others.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::wire::stored_tag;
use crate::directory::{Directory, FieldKind};
use crate::plain_text;
use crate::plan::{Effect, EffectState, Note, Plan};
use crate::ticket::{FieldValue, Priority, RemoteId, Tag, Ticket};

/// What has to be seen on the ticket afterwards.
#[derive(Debug)]
pub(super) enum Aim {
    Field { id: RemoteId, value: FieldValue },
    Priority(Priority),
    Tags(BTreeSet<Tag>),
    Group(RemoteId),
    Agent(RemoteId),
    Note(Note),
}

/// An effect that is still to be sent, or one that is settled without sending.
#[derive(Debug)]
pub(super) enum Step {
    To(Aim),
    Settled(EffectState),
}

impl Step {
    /// The state of a step that was never sent.
    pub(super) fn settled(self) -> EffectState {
        match self {
            Self::Settled(state) => state,
            Self::To(_) => EffectState::Unchanged,
        }
    }
}

/// One step for each effect of the plan, in its order.
pub(super) fn steps(plan: &Plan, on: &Ticket, names: &Directory) -> Vec<Step> {
    let moves = plan.0.iter().any(|effect| match effect {
        Effect::AssignGroup(name) => {
            names.group(name).is_ok_and(|group| on.group.as_ref() != Some(&group.id))
        }
        _ => false,
    });
    let dropdowns = dropdowns_after(plan, on, names);
    let step = |effect: &Effect| -> Result<Option<Aim>, String> {
        Ok(match effect {
            Effect::SetField { field, value } => {
                let field = names.field(field).map_err(|unknown| unknown.to_string())?;
                let value = field.accept(value)?;
                let holds = same(on.fields.get(&field.id), &value);
                (!holds).then(|| Aim::Field { id: field.id.clone(), value })
            }
            Effect::SetPriority(priority) => {
                (on.priority != Some(*priority)).then_some(Aim::Priority(*priority))
            }
            Effect::AddTags(tags) => {
                let tags: BTreeSet<Tag> =
                    tags.iter().map(|tag| stored_tag(tag)).filter(|tag| !tag.is_empty()).collect();
                if let Some((tag, field)) = tags.iter().find_map(|tag| {
                    dropdowns
                        .iter()
                        .find(|dropdown| dropdown.refuses(tag))
                        .map(|dropdown| (tag, dropdown.field))
                }) {
                    return Err(format!(
                        "tag `{tag}` is an option of field `{field}`; adding it changes the field"
                    ));
                }
                (!tags.is_subset(&on.tags)).then_some(Aim::Tags(tags))
            }
            Effect::AssignGroup(name) => {
                let group = names.group(name).map_err(|unknown| unknown.to_string())?;
                (on.group.as_ref() != Some(&group.id)).then(|| Aim::Group(group.id.clone()))
            }
            Effect::AssignAgent(name) => {
                let agent = names.agent(name).map_err(|unknown| unknown.to_string())?;
                // Moving to another group drops an assignee that is not named again.
                (moves || on.assignee.as_ref() != Some(&agent.id)).then(|| Aim::Agent(agent.id.clone()))
            }
            Effect::Note(note) => Some(Aim::Note(note.clone())),
            Effect::RemoveTags(_) | Effect::Cc(_) | Effect::Reply(_) => {
                return Err("this change is not supported yet".to_owned());
            }
        })
    };
    plan.0
        .iter()
        .map(|effect| match step(effect) {
            Ok(Some(aim)) => Step::To(aim),
            Ok(None) => Step::Settled(EffectState::Unchanged),
            Err(why) => Step::Settled(EffectState::Refused(why)),
        })
        .collect()
}

/// The body of the guarded update.
pub(super) fn body(steps: &[Step], on: &Ticket, names: &Directory) -> Value {
    let mut ticket = serde_json::Map::new();
    let mut fields = Vec::new();
    let mut notes = Vec::new();
    let mut added = BTreeSet::new();
    for step in steps {
        match step {
            Step::Settled(_) => {}
            Step::To(Aim::Field { id, value }) => fields.push((id, value)),
            Step::To(Aim::Priority(priority)) => {
                ticket.insert("priority".into(), priority.as_str().into());
            }
            Step::To(Aim::Tags(tags)) => added.extend(tags.iter().cloned()),
            Step::To(Aim::Group(id)) => {
                ticket.insert("group_id".into(), id.to_json());
            }
            Step::To(Aim::Agent(id)) => {
                ticket.insert("assignee_id".into(), id.to_json());
            }
            Step::To(Aim::Note(note)) => notes.push(note),
        }
    }
    if !added.is_empty() {
        ticket.insert("tags".into(), tags(on, added, &fields, names).into_iter().collect());
    }
    if !fields.is_empty() {
        // Fields that are not listed stay as they are.
        let fields: Vec<_> =
            fields.iter().map(|(id, value)| json!({ "id": id.to_json(), "value": value })).collect();
        ticket.insert("custom_fields".into(), fields.into());
    }
    if !notes.is_empty() {
        let html: Vec<_> = notes
            .iter()
            .map(|note| {
                let (text, marker) = (plain_text::to_html(&note.text), plain_text::to_html(&note.marker));
                format!("<p>{text}</p><p><small>{marker}</small></p>")
            })
            .collect();
        ticket.insert("comment".into(), json!({ "html_body": html.concat(), "public": false }));
    }
    ticket.insert("safe_update".into(), true.into());
    ticket.insert("updated_stamp".into(), on.version.0.as_str().into());
    json!({ "ticket": ticket })
}

/// The whole list of tags to send. An option of a dropdown is a tag as well, so a list with the old option in it
/// would take back the field that the same request sets.
fn tags(
    on: &Ticket,
    added: BTreeSet<Tag>,
    fields: &[(&RemoteId, &FieldValue)],
    names: &Directory,
) -> BTreeSet<Tag> {
    let mut tags = on.tags.clone();
    for (id, value) in fields {
        let is_option = names
            .fields
            .iter()
            .any(|field| field.id == **id && matches!(field.kind, FieldKind::One(_) | FieldKind::Many(_)));
        if is_option {
            on.fields.get(id).into_iter().flat_map(values).for_each(|old| {
                tags.remove(old);
            });
            tags.extend(values(value).map(str::to_owned));
        }
    }
    tags.extend(added);
    tags
}

fn values(value: &FieldValue) -> impl Iterator<Item = &str> {
    let (one, many) = match value {
        FieldValue::Text(text) => (Some(text.as_str()), &[][..]),
        FieldValue::Many(many) => (None, many.as_slice()),
        FieldValue::Flag(_) | FieldValue::Number(_) => (None, &[][..]),
    };
    one.into_iter().chain(many.iter().map(String::as_str))
}

/// A dropdown that has a value once the plan is carried out.
struct Dropdown<'a> {
    field: &'a str,
    choices: BTreeSet<&'a str>,
    holds: String,
}

impl Dropdown<'_> {
    /// Whether adding this tag would turn the dropdown to something else.
    fn refuses(&self, tag: &str) -> bool {
        tag != self.holds && self.choices.contains(tag)
    }
}

fn dropdowns_after<'a>(plan: &Plan, on: &Ticket, names: &'a Directory) -> Vec<Dropdown<'a>> {
    let mut planned = BTreeMap::new();
    for effect in &plan.0 {
        if let Effect::SetField { field, value } = effect
            && let Ok(field) = names.field(field)
            && let Ok(FieldValue::Text(value)) = field.accept(value)
        {
            planned.insert(&field.id, value);
        }
    }
    names
        .fields
        .iter()
        .filter_map(|field| {
            let FieldKind::One(choices) = &field.kind else { return None };
            let now = || on.fields.get(&field.id).map(ToString::to_string);
            let holds = planned.get(&field.id).cloned().or_else(now)?;
            let choices = choices.iter().map(|choice| choice.value.as_str()).collect();
            Some(Dropdown { field: &field.name, choices, holds })
        })
        .collect()
}

/// Whether a field holds a value. The platform writes numbers as text in one place and as numbers in another,
/// trims text, and has an unset check box where others have one that is off.
pub(super) fn same(there: Option<&FieldValue>, wanted: &FieldValue) -> bool {
    match (there, wanted) {
        (None, FieldValue::Flag(wanted)) => !wanted,
        (None, FieldValue::Many(wanted)) => wanted.is_empty(),
        (None, FieldValue::Text(wanted)) => wanted.trim().is_empty(),
        (None, FieldValue::Number(_)) => false,
        (Some(FieldValue::Many(there)), FieldValue::Many(wanted)) => {
            there.iter().collect::<BTreeSet<_>>() == wanted.iter().collect::<BTreeSet<_>>()
        }
        (Some(there), wanted) => {
            let numeric = [there, wanted].iter().any(|value| matches!(value, FieldValue::Number(_)));
            let (there, wanted) = (there.to_string(), wanted.to_string());
            let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.abs() < 9e15);
            there.trim() == wanted.trim()
                || (numeric && number(&there).is_some_and(|there| Some(there) == number(&wanted)))
        }
    }
}
