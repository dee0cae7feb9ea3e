//! A plan as the writes that are still to be sent, in order.
//!
//! Computed anew for every answer from the same first read, so that an interrupted exchange resumes at the same
//! step. <https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations>

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::wire::{self, Item};
use super::super::{Intercom, look, verify::TICKET};
use super::attribute_for;
use super::update::Update;
use crate::call::{PathAndQuery, Verb, Write};
use crate::directory::{Directory, Field, FieldKind};
use crate::plain_text::to_html;
use crate::plan::{Effect, EffectState, Note, Plan, Reply, Slot};
use crate::ticket::{FieldValue, RemoteId, Status, Ticket, TicketId};
use crate::trace::{self, Mention};

/// Assigning to this takes a ticket away from whom it was assigned to.
const NOBODY: &str = "0";

/// One write, and the effects that hold once it was accepted.
#[derive(Debug)]
pub(super) struct Step {
    kind: Kind,
    completes: Vec<usize>,
}

#[derive(Debug)]
enum Kind {
    /// All changed attributes, and the priority where it can be written.
    Update(Update),
    /// Looks a tag up by name, and makes it where there is none: both are this one request.
    MakeTag { name: String },
    /// Adds a tag; without an id, the one that was just made.
    AddTag { id: Option<RemoteId> },
    /// Takes a tag away.
    RemoveTag { id: RemoteId },
    /// Assigns a team or a teammate.
    Assign { to: RemoteId, team: bool },
    /// Adds a private note.
    Note { body: String },
    /// Answers the customer.
    Reply { body: String },
}

/// The steps that are left to do, and each effect's state before the first of them.
pub(super) fn steps(
    account: &Intercom,
    plan: &Plan,
    now: &Ticket,
    item: &Item,
    names: &Directory,
) -> (Vec<Step>, Vec<EffectState>) {
    let mut states = vec![EffectState::Unchanged; plan.0.len()];
    let mut update = Update::default();
    let (mut tags, mut groups, mut agents) = (Vec::new(), Vec::new(), Vec::new());
    let (mut mentions, mut notes, mut replies) = (Vec::new(), Vec::new(), Vec::new());
    let words = trace::last_words(plan, str::to_lowercase);

    for (at, effect) in plan.0.iter().enumerate() {
        let planned: Result<(), String> = match effect {
            Effect::SetField { field, value } => {
                attribute(field, value, now, names).map(|changed| update.set(at, changed))
            }
            Effect::SetPriority(priority) if account.version.writes_priority() && !is_ticket(&now.id) => {
                if now.priority != Some(*priority) {
                    update.set_priority(at, priority_word(*priority));
                }
                Ok(())
            }
            Effect::SetPriority(priority) => attribute_for(*priority, names)
                .and_then(|(field, value)| attribute(&field.name, &value, now, names))
                .map(|changed| update.set(at, changed)),
            Effect::AddTags(_) => {
                tags.extend(completing(
                    at,
                    words[at].iter().flat_map(|tag| adding(tag, now, names)).collect(),
                ));
                Ok(())
            }
            Effect::RemoveTags(_) => {
                let there = item.tags.iter().flat_map(|list| &list.tags).filter(|tag| {
                    tag.name.as_deref().is_some_and(|name| {
                        words[at].iter().any(|unwanted| unwanted.to_lowercase() == name.to_lowercase())
                    })
                });
                let ids = there.filter_map(|tag| wire::path_id(&tag.id));
                tags.extend(completing(at, ids.map(|id| Step::of(Kind::RemoveTag { id })).collect()));
                Ok(())
            }
            Effect::AssignGroup(name) => {
                names.group(name).map_err(|unknown| unknown.to_string()).and_then(|group| {
                    if now.group.as_ref() != Some(&group.id) {
                        stays_closed(now, item)?;
                        groups.push(Step {
                            kind: Kind::Assign { to: group.id.clone(), team: true },
                            completes: vec![at],
                        });
                    }
                    Ok(())
                })
            }
            Effect::AssignAgent(name) => {
                names.agent(name).map_err(|unknown| unknown.to_string()).and_then(|agent| {
                    if now.assignee.as_ref() != Some(&agent.id) {
                        stays_closed(now, item)?;
                        agents.push(Step {
                            kind: Kind::Assign { to: agent.id.clone(), team: false },
                            completes: vec![at],
                        });
                    }
                    Ok(())
                })
            }
            Effect::Clear(slot) => match slot {
                Slot::Field(field) => emptied(field, now, names).map(|changed| update.set(at, changed)),
                Slot::Priority if account.version.writes_priority() && !is_ticket(&now.id) => {
                    if now.priority.is_some() {
                        update.set_priority(at, "none");
                    }
                    Ok(())
                }
                Slot::Priority => emptied(look::PRIORITY, now, names).map(|changed| update.set(at, changed)),
                Slot::Group | Slot::Agent => {
                    let team = *slot == Slot::Group;
                    let (held, steps) =
                        if team { (&now.group, &mut groups) } else { (&now.assignee, &mut agents) };
                    held.as_ref().map_or(Ok(()), |_| stays_closed(now, item)).map(|()| {
                        let kind = Kind::Assign { to: RemoteId(NOBODY.to_owned()), team };
                        steps.extend(held.as_ref().map(|_| Step { kind, completes: vec![at] }));
                    })
                }
            },
            Effect::Cc(party) => trace::known(party, names).map(|()| {
                let Mention { note, tag } = Mention::of(party);
                // The tag says that the note was written, so it comes behind it.
                let tag = adding(&tag, now, names);
                if !tag.is_empty() {
                    let note = Some(note).filter(|note| !has_note(item, note));
                    let note = note.map(|note| Step::of(Kind::Note { body: note_body(&note) }));
                    mentions.extend(completing(at, note.into_iter().chain(tag).collect()));
                }
            }),
            Effect::Reply(reply) => trace::may_reply(account.replies, reply)
                .and_then(|()| trace::answerable(now, &[Status::Solved, Status::Closed]))
                .map(|()| {
                    if !has_reply(item, reply) {
                        let body = format!("<p>{}</p>", to_html(&reply.text));
                        replies.push(Step { kind: Kind::Reply { body }, completes: vec![at] });
                    }
                }),
            Effect::Note(note) => {
                if !has_note(item, note) {
                    notes.push(Step { kind: Kind::Note { body: note_body(note) }, completes: vec![at] });
                }
                Ok(())
            }
        };
        if let Err(reason) = planned {
            states[at] = EffectState::Refused(reason);
        }
    }
    let update = Some(Step::update(update)).filter(|step| !step.completes.is_empty());
    let routed = update.into_iter().chain(groups).chain(agents);
    (routed.chain(tags).chain(mentions).chain(notes).chain(replies).collect(), states)
}

/// Several requests make one effect: it holds when the last of them was accepted.
fn completing(effect: usize, mut steps: Vec<Step>) -> Vec<Step> {
    if let Some(last) = steps.last_mut() {
        last.completes.push(effect);
    }
    steps
}

/// The requests that add a tag: none where it is there, two where the workspace does not know it.
fn adding(tag: &str, now: &Ticket, names: &Directory) -> Vec<Step> {
    if now.tags.iter().any(|has| has.to_lowercase() == tag.to_lowercase()) {
        return Vec::new();
    }
    let id = names.tag(tag).map(|known| known.id.clone());
    let make = id.is_none().then(|| Step::of(Kind::MakeTag { name: tag.to_owned() }));
    make.into_iter().chain([Step::of(Kind::AddTag { id })]).collect()
}

/// Whoever closed a conversation wins: assigning it opens it again (the part comes back as `assign_and_reopen`).
fn stays_closed(now: &Ticket, item: &Item) -> Result<(), String> {
    if !is_ticket(&now.id) && item.state.as_deref() == Some("closed") {
        return Err("the conversation is closed, and assigning it would open it again".to_owned());
    }
    Ok(())
}

/// The attribute called `name`, and what updates call it.
fn named<'a>(name: &str, now: &Ticket, names: &'a Directory) -> Result<(&'a Field, &'a str), String> {
    // Ticket types have attributes of their own, which may share a name with a conversation's.
    let own = format!("{TICKET}{name}");
    let of_ticket =
        names.fields.iter().find(|field| is_ticket(&now.id) && field.name.eq_ignore_ascii_case(&own));
    let field = match of_ticket {
        Some(field) => field,
        None => names.field(name).map_err(|unknown| unknown.to_string())?,
    };
    Ok((field, field.id.as_str().strip_prefix(TICKET).unwrap_or(field.id.as_str())))
}

/// The same for an attribute that is to hold nothing.
fn emptied(name: &str, now: &Ticket, names: &Directory) -> Result<Option<(String, Value)>, String> {
    let (_, key) = named(name, now, names)?;
    Ok(now.fields.contains_key(&RemoteId(key.to_owned())).then(|| (key.to_owned(), Value::Null)))
}

/// The attribute's name and value to send, or `None` where it holds already.
fn attribute(
    name: &str,
    value: &FieldValue,
    now: &Ticket,
    names: &Directory,
) -> Result<Option<(String, Value)>, String> {
    let (field, key) = named(name, now, names)?;
    let stored = field.accept(value)?;
    let has = now.fields.get(&RemoteId(key.to_owned()));
    // A list is written by item id on tickets and may be read back by its label.
    let holds = has.is_some_and(|has| {
        *has == stored || field.accept(has).as_ref() == Ok(&stored) || is_on(has, &stored, &field.kind)
    });
    let value = match field.kind {
        // A date is a moment here. <https://developers.intercom.com/docs/references/rest-api/api.intercom.io/tickets>
        FieldKind::Date => format!("{stored}T00:00:00Z").into(),
        _ => {
            serde_json::to_value(&stored).map_err(|_| format!("field `{name}` does not take such a value"))?
        }
    };
    Ok((!holds).then(|| (key.to_owned(), value)))
}

/// Whether a date attribute holds a day: it is read back as a moment in words or in seconds.
fn is_on(has: &FieldValue, day: &FieldValue, kind: &FieldKind) -> bool {
    let at = match has {
        FieldValue::Number(seconds) => wire::timestamp(seconds.as_i64()),
        other => other.to_string().parse().ok(),
    };
    *kind == FieldKind::Date && at.is_some_and(|at: Timestamp| at.to_string().starts_with(&day.to_string()))
}

/// Whether somebody of the desk has said this in public already: an earlier attempt, most likely, whose answer was lost.
fn has_reply(item: &Item, reply: &Reply) -> bool {
    item.parts().iter().filter(|part| look::is_answer(part)).any(|part| {
        let body = part.body.as_deref();
        trace::is_reply(reply, body, body)
    })
}

/// Whether the note is among the parts: then an earlier attempt wrote it and its answer was lost.
fn has_note(item: &Item, note: &Note) -> bool {
    let bodies = || item.parts().iter().filter_map(|part: &wire::Part| part.body.as_deref());
    !note.marker.is_empty() && bodies().any(|body| body.contains(&note.marker))
}

fn note_body(note: &Note) -> String {
    format!("<p>{}</p><p>{}</p>", to_html(&note.text), to_html(&note.marker))
}

fn priority_word(priority: crate::ticket::Priority) -> &'static str {
    match priority {
        crate::ticket::Priority::Normal => "medium",
        other => other.as_str(),
    }
}

fn is_ticket(id: &TicketId) -> bool {
    id.as_str().starts_with(TICKET)
}

impl Step {
    fn of(kind: Kind) -> Self {
        Self { kind, completes: Vec::new() }
    }

    fn update(update: Update) -> Self {
        Self { completes: update.effects(), kind: Kind::Update(update) }
    }

    /// Whether the step changes attributes, which is answered with the whole ticket.
    pub(super) fn updates(&self) -> bool {
        matches!(self.kind, Kind::Update(_))
    }

    /// Whether the platform's "no such tag" means that the step's work is done.
    pub(super) fn removes(&self) -> bool {
        matches!(self.kind, Kind::RemoveTag { .. })
    }

    /// Returns the steps that do the same by themselves: several where one request changes several
    /// attributes.
    pub(super) fn parts(self) -> Vec<Self> {
        match self.kind {
            Kind::Update(update) => update.singly().into_iter().map(Self::update).collect(),
            kind => vec![Self { kind, completes: self.completes }],
        }
    }

    /// The effects that hold once this step was accepted.
    pub(super) fn completes(&self) -> &[usize] {
        &self.completes
    }

    /// Whether the step waits for the tag that the one before it makes.
    pub(super) fn needs_made_tag(&self) -> bool {
        matches!(self.kind, Kind::AddTag { id: None })
    }

    /// What the step does, for a refusal; names things of the account, never the ticket's text.
    pub(super) fn what(&self) -> String {
        match &self.kind {
            Kind::Update(update) => update.what(),
            Kind::MakeTag { .. } => "making a tag".to_owned(),
            Kind::AddTag { .. } => "adding a tag".to_owned(),
            Kind::RemoveTag { .. } => "removing a tag".to_owned(),
            Kind::Assign { team: true, .. } => "assigning a team".to_owned(),
            Kind::Assign { .. } => "assigning a teammate".to_owned(),
            Kind::Note { .. } => "adding a note".to_owned(),
            Kind::Reply { .. } => "answering the customer".to_owned(),
        }
    }

    /// The request; `None` where it needs the id of a tag and there is none.
    pub(super) fn write(&self, account: &Intercom, id: &TicketId, made_tag: Option<Value>) -> Option<Write> {
        let (base, ticket) = match id.as_str().strip_prefix(TICKET) {
            Some(id) => (format!("/tickets/{id}"), true),
            None => (format!("/conversations/{id}"), false),
        };
        let admin = account.admin_id.as_str();
        let (verb, path, body) = match &self.kind {
            Kind::Update(update) if ticket => {
                let mut body = update.ticket_body();
                name_the_actor(account, &mut body);
                (Verb::Put, base, body)
            }
            Kind::Update(update) => (Verb::Put, base, update.conversation_body(account)),
            Kind::MakeTag { name } => (Verb::Post, "/tags".to_owned(), json!({ "name": name })),
            Kind::AddTag { id } => {
                let id = match id {
                    Some(id) => id.clone(),
                    None => wire::path_id(&made_tag?)?,
                };
                (Verb::Post, format!("{base}/tags"), json!({ "id": id, "admin_id": admin }))
            }
            Kind::RemoveTag { id } => {
                (Verb::Delete, format!("{base}/tags/{id}"), json!({ "admin_id": admin }))
            }
            // <https://developers.intercom.com/docs/references/2.14/changelog>
            Kind::Assign { to, .. } if ticket && account.version.assigns_tickets_directly() => {
                let mut body = json!({ "assignee_id": to });
                name_the_actor(account, &mut body);
                (Verb::Put, base, body)
            }
            Kind::Assign { to, .. } if ticket => {
                (Verb::Put, base, json!({ "assignment": { "admin_id": admin, "assignee_id": to } }))
            }
            Kind::Assign { to, team } => {
                let kind = if *team { "team" } else { "admin" };
                let body = json!({ "message_type": "assignment", "type": kind, "admin_id": admin, "assignee_id": to });
                (Verb::Post, format!("{base}/parts"), body)
            }
            Kind::Note { body } | Kind::Reply { body } => {
                let kind = if matches!(self.kind, Kind::Note { .. }) { "note" } else { "comment" };
                let body = json!({ "message_type": kind, "type": "admin", "admin_id": admin, "body": body });
                (Verb::Post, format!("{base}/reply"), body)
            }
        };
        Some(Write { verb, path: PathAndQuery::new(path), body })
    }
}

/// From 2.14 on a ticket's update says who makes it, as a number.
fn name_the_actor(account: &Intercom, body: &mut Value) {
    if account.version.assigns_tickets_directly() {
        body["admin_id"] = account.admin_id.to_json();
    }
}
