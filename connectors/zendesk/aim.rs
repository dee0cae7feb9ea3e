//! What each effect comes to on this ticket, in the platform's ids.
//!
//! Separated from the exchange and from the bodies, so that what is wanted can be read in one place. An effect that
//! cannot be carried out settles on its own and does not hold up the others.

use std::collections::BTreeSet;

use super::dropdown::dropdowns_after;
use super::wire::stored_tag;
use crate::directory::Directory;
use crate::plan::{Effect, EffectState, Note, Party, Plan, Reply, Slot};
use crate::ticket::{FieldValue, Priority, RemoteId, Status, Tag, Ticket};
use crate::trace::{self, Mention};

/// What has to be seen on the ticket afterwards.
#[derive(Debug)]
pub(super) enum Aim {
    Field {
        id: RemoteId,
        value: FieldValue,
    },
    Priority(Priority),
    /// A field that shall hold nothing.
    NoField(RemoteId),
    NoPriority,
    NoGroup,
    NoAgent,
    Tags(BTreeSet<Tag>),
    Untag(BTreeSet<Tag>),
    Group(RemoteId),
    Agent(RemoteId),
    /// An agent who follows.
    Follower(RemoteId),
    /// Somebody who gets a copy of every public comment.
    Copy(String),
    /// A group: it cannot follow, so a note names it and a tag makes the ticket findable.
    Mention(Note, Tag),
    Note(Note),
    Reply(Reply),
}

impl Aim {
    /// Returns what is emptied, in our words and as a refusal names it.
    pub(super) const fn empties(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::NoPriority => Some(("the priority", "priority")),
            Self::NoGroup => Some(("the group", "group")),
            Self::NoAgent => Some(("the agent", "assignee")),
            Self::NoField(_) => Some(("the field", "base")),
            _ => None,
        }
    }
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
pub(super) fn steps(plan: &Plan, on: &Ticket, names: &Directory, replies: bool) -> Vec<Step> {
    let moves = plan.0.iter().any(|effect| match effect {
        Effect::AssignGroup(name) => {
            names.group(name).is_ok_and(|group| on.group.as_ref() != Some(&group.id))
        }
        _ => false,
    });
    let dropdowns = dropdowns_after(plan, on, names);
    let words = trace::last_words(plan, stored_tag);
    let stored = |at: usize| -> BTreeSet<Tag> {
        words[at].iter().map(|tag| stored_tag(tag)).filter(|tag| !tag.is_empty()).collect()
    };
    let step = |(at, effect): (usize, &Effect)| -> Result<Option<Aim>, String> {
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
            Effect::AddTags(_) => {
                let tags = stored(at);
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
            Effect::RemoveTags(_) => {
                let tags: BTreeSet<Tag> = stored(at).intersection(&on.tags).cloned().collect();
                let held = |tag: &&Tag| dropdowns.iter().find(|dropdown| dropdown.holds(tag));
                if let Some((tag, dropdown)) = tags.iter().find_map(|tag| Some((tag, held(&tag)?))) {
                    let field = dropdown.field;
                    return Err(format!(
                        "tag `{tag}` is the value of field `{field}`; removing it would empty the field"
                    ));
                }
                (!tags.is_empty()).then_some(Aim::Untag(tags))
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
            Effect::Clear(Slot::Field(field)) => {
                let field = names.field(field).map_err(|unknown| unknown.to_string())?;
                let held = on.fields.get(&field.id).is_some_and(|held| *held != FieldValue::Flag(false));
                held.then(|| Aim::NoField(field.id.clone()))
            }
            Effect::Clear(Slot::Priority) => on.priority.is_some().then_some(Aim::NoPriority),
            // The platform keeps no agent without a group.
            Effect::Clear(Slot::Group) => on.group.is_some().then_some(Aim::NoGroup),
            Effect::Clear(Slot::Agent) => on.assignee.is_some().then_some(Aim::NoAgent),
            Effect::Note(note) => Some(Aim::Note(note.clone())),
            Effect::Cc(Party::Email(address)) => copy(address, on, names)?,
            Effect::Cc(party @ Party::Group(_)) => {
                trace::known(party, names)?;
                let Mention { note, tag } = Mention::of(party);
                let tag = stored_tag(&tag);
                (!on.tags.contains(&tag)).then_some(Aim::Mention(note, tag))
            }
            Effect::Reply(reply) => {
                trace::may_reply(replies, reply)?;
                trace::answerable(on, &[Status::Closed])?;
                Some(Aim::Reply(reply.clone()))
            }
        })
    };
    plan.0
        .iter()
        .enumerate()
        .map(|planned| match step(planned) {
            Ok(Some(aim)) => Step::To(aim),
            Ok(None) => Step::Settled(EffectState::Unchanged),
            Err(why) => Step::Settled(EffectState::Refused(why)),
        })
        .collect()
}

/// An agent follows, anybody else is copied; the requester hears of everything public anyway.
fn copy(address: &str, on: &Ticket, names: &Directory) -> Result<Option<Aim>, String> {
    plausible_address(address)?;
    let follows = |id: Option<&RemoteId>| {
        let known = |person: &&crate::ticket::Requester| {
            trace::is_at(person.email.as_deref(), address) || (id.is_some() && person.id.as_ref() == id)
        };
        on.followers.iter().any(|person| known(&person))
    };
    if trace::is_at(on.requester.email.as_deref(), address) {
        return Ok(None);
    }
    let agent = names.agents.iter().find(|agent| trace::is_at(agent.email.as_deref(), address));
    Ok(match agent {
        Some(agent) => (!follows(Some(&agent.id))).then(|| Aim::Follower(agent.id.clone())),
        None => (!follows(None)).then(|| Aim::Copy(address.trim().to_lowercase())),
    })
}

/// Whether this can be an address at all.
pub(super) fn plausible_address(address: &str) -> Result<(), String> {
    let fits =
        address.trim().split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    let clean = !address.trim().chars().any(|c| c.is_whitespace() || c.is_control());
    if fits && clean { Ok(()) } else { Err(format!("`{address}` is no e-mail address")) }
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
