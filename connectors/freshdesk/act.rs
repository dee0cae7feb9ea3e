//! Carries a plan out on a Freshdesk ticket: read, one PUT, the notes, read again, and repair the tags once.
//!
//! The platform has no guard on writes (no ETag, no If-Match) and a PUT replaces the whole list of tags. So the ticket
//! is read right before the write, and left alone when it moved since it was decided on; the list that is sent is the
//! one just read and ours together; and a last read shows whether somebody who wrote at the same moment took a tag
//! away, and which version our own writing left behind. It never sends what holds already, and never removes a tag.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::look::priority_code;
use super::wire::{ConversationBody, THREAD_PAGE, THREAD_PAGES, TicketBody, read, thread};
use crate::call::{Answer, Call, Next, PathAndQuery, Read, Refusal, Verb, Write};
use crate::connector::Doubt;
use crate::directory::Directory;
use crate::plain_text::to_html;
use crate::plan::{Applied, Effect, EffectState, Note, Plan};
use crate::ticket::{FieldValue, Priority, RemoteId, Tag, Ticket, TicketId, Version};

/// The platform refuses longer tags, and with them the whole request.
const LONGEST_TAG: usize = 32;

/// How the exchange goes on when it is not done: boxed, because a call carries a body.
type Stop = Box<Next<Applied, Call>>;

/// Carries out the plan.
pub(super) fn act(
    plan: &Plan,
    on: &Ticket,
    names: &Directory,
    doubt: Doubt,
    answers: &[Answer],
) -> Next<Applied, Call> {
    match run(plan, on, names, doubt, answers) {
        Ok(applied) => Next::Done(applied),
        Err(stop) => *stop,
    }
}

/// An effect in the platform's own ids.
#[derive(Debug)]
pub(super) enum Change<'a> {
    Priority(Priority),
    Group(RemoteId),
    Agent(RemoteId),
    Field(RemoteId, FieldValue),
    Tags(&'a BTreeSet<Tag>),
    Note(&'a Note),
}

/// Turns names into ids; says what the account does not have.
pub(super) fn resolve<'a>(effect: &'a Effect, names: &Directory) -> Result<Change<'a>, String> {
    match effect {
        Effect::SetPriority(priority) => Ok(Change::Priority(*priority)),
        Effect::AssignGroup(name) => {
            names.group(name).map(|group| Change::Group(group.id.clone())).map_err(|e| e.to_string())
        }
        Effect::AssignAgent(name) => {
            names.agent(name).map(|agent| Change::Agent(agent.id.clone())).map_err(|e| e.to_string())
        }
        Effect::SetField { field, value } => {
            let field = names.field(field).map_err(|e| e.to_string())?;
            Ok(Change::Field(field.id.clone(), field.accept(value)?))
        }
        Effect::AddTags(tags) => {
            let bad =
                |tag: &&Tag| tag.trim().is_empty() || tag.contains(',') || tag.chars().count() > LONGEST_TAG;
            match tags.iter().find(bad) {
                Some(tag) => Err(format!(
                    "Freshdesk does not take the tag `{tag}`; a tag has 1 to {LONGEST_TAG} characters and no comma"
                )),
                None => Ok(Change::Tags(tags)),
            }
        }
        Effect::Note(note) => Ok(Change::Note(note)),
        Effect::RemoveTags(_) | Effect::Cc(_) | Effect::Reply(_) => {
            Err("this change is not supported yet".to_owned())
        }
    }
}

impl Change<'_> {
    /// Whether the ticket is so already.
    fn holds(&self, on: &Ticket) -> bool {
        match self {
            Self::Priority(priority) => on.priority == Some(*priority),
            Self::Group(id) => on.group.as_ref() == Some(id),
            Self::Agent(id) => on.assignee.as_ref() == Some(id),
            Self::Field(id, value) => on.fields.get(id) == Some(value),
            Self::Tags(tags) => tags.iter().all(|tag| has(&on.tags, tag)),
            Self::Note(_) => false,
        }
    }
}

/// What is left to send.
#[derive(Default)]
struct Wanted<'a> {
    states: Vec<EffectState>,
    scalars: Map<String, Value>,
    fields: Map<String, Value>,
    tags: BTreeSet<Tag>,
    /// With the place of its effect in the plan.
    notes: Vec<(usize, &'a Note)>,
}

impl<'a> Wanted<'a> {
    fn of(plan: &'a Plan, on: &Ticket, names: &Directory) -> Self {
        let mut wanted = Self::default();
        for (at, effect) in plan.0.iter().enumerate() {
            let state = match resolve(effect, names) {
                Err(reason) => EffectState::Refused(reason),
                Ok(change) if change.holds(on) => EffectState::Unchanged,
                Ok(change) => {
                    wanted.add(at, change);
                    EffectState::Applied
                }
            };
            wanted.states.push(state);
        }
        wanted
    }

    fn add(&mut self, at: usize, change: Change<'a>) {
        let mut scalar = |key: &str, value: Value| drop(self.scalars.insert(key.to_owned(), value));
        match change {
            Change::Priority(priority) => scalar("priority", priority_code(priority).into()),
            Change::Group(id) => scalar("group_id", id.to_json()),
            Change::Agent(id) => scalar("responder_id", id.to_json()),
            Change::Field(id, value) if id.as_str() == "type" => scalar("type", json!(value)),
            Change::Field(id, value) => drop(self.fields.insert(id.0, json!(value))),
            Change::Tags(tags) => self.tags.extend(tags.iter().cloned()),
            Change::Note(note) => self.notes.push((at, note)),
        }
    }

    fn changes_ticket(&self) -> bool {
        !self.scalars.is_empty() || !self.fields.is_empty() || !self.tags.is_empty()
    }

    /// The one PUT. `now` are the tags just read: the list we send becomes the list there is.
    fn update(&self, now: &BTreeSet<Tag>) -> Value {
        let mut body = self.scalars.clone();
        if !self.fields.is_empty() {
            body.insert("custom_fields".to_owned(), Value::Object(self.fields.clone()));
        }
        if !self.tags.is_empty() {
            body.insert("tags".to_owned(), json!(union(now, &self.tags)));
        }
        Value::Object(body)
    }
}

fn run(
    plan: &Plan,
    on: &Ticket,
    names: &Directory,
    doubt: Doubt,
    answers: &[Answer],
) -> Result<Applied, Stop> {
    let mut steps = Steps(answers.iter());
    let mut wanted = Wanted::of(plan, on, names);

    if doubt == Doubt::LastWriteUnanswered && !wanted.notes.is_empty() {
        let there = notes_there(&mut steps, &on.id, &wanted.notes)?;
        for &at in &there {
            wanted.states[at] = EffectState::Unchanged;
        }
        wanted.notes.retain(|(at, _)| !there.contains(at));
    }
    if !wanted.changes_ticket() && wanted.notes.is_empty() {
        return Ok(Applied { states: wanted.states, version: None });
    }

    let before: TicketBody = steps.get(format!("/api/v2/tickets/{}", on.id))?;
    if before.updated_at != on.version.0 {
        return Err(Box::new(Next::Refused(Refusal::Moved)));
    }
    let before: BTreeSet<Tag> = before.tags.into_iter().flatten().collect();

    let mut version = None;
    if wanted.changes_ticket() {
        let after: TicketBody = steps.put(&on.id, || wanted.update(&before))?;
        version = Some(after.updated_at);
    }
    for (_, note) in &wanted.notes {
        let _: Value =
            steps.write(Verb::Post, format!("/api/v2/tickets/{}/notes", on.id), || note_body(note))?;
    }
    // One read serves two ends: a note moves the version without telling it, and tags may have been lost.
    if !wanted.notes.is_empty() || !wanted.tags.is_empty() {
        let last: TicketBody = steps.get(format!("/api/v2/tickets/{}", on.id))?;
        if !wanted.notes.is_empty() {
            version = Some(last.updated_at);
        }
        let due = if wanted.tags.is_empty() { BTreeSet::new() } else { union(&before, &wanted.tags) };
        let now: BTreeSet<Tag> = last.tags.into_iter().flatten().collect();
        if due.iter().any(|tag| !has(&now, tag)) {
            let repaired: TicketBody = steps.put(&on.id, || json!({ "tags": union(&now, &due) }))?;
            version = Some(repaired.updated_at);
        }
    }
    Ok(Applied { states: wanted.states, version: version.map(Version) })
}

/// Which of the notes stand in the thread already, by their marks.
fn notes_there(
    steps: &mut Steps<'_>,
    id: &TicketId,
    notes: &[(usize, &Note)],
) -> Result<BTreeSet<usize>, Stop> {
    let mut there = BTreeSet::new();
    for page in 1..=THREAD_PAGES {
        let conversations: Vec<ConversationBody> = steps.get(thread(id, page))?;
        for conversation in conversations.iter().filter(|conversation| conversation.incoming != Some(true)) {
            let texts = [conversation.body.as_deref(), conversation.body_text.as_deref()];
            let shows = |note: &Note| texts.iter().flatten().any(|text| text.contains(&note.marker));
            there.extend(notes.iter().filter(|(_, note)| shows(note)).map(|(at, _)| *at));
        }
        if there.len() == notes.len() || conversations.len() < THREAD_PAGE {
            break;
        }
    }
    Ok(there)
}

/// <https://developers.freshdesk.com/api/#add_note_to_a_ticket>
fn note_body(note: &Note) -> Value {
    json!({ "body": format!("<p>{}</p><p>{}</p>", to_html(&note.text), to_html(&note.marker)), "private": true })
}

/// Tags are compared as the platform's search does, ignoring case: one that differs in case only is there.
fn has(tags: &BTreeSet<Tag>, wanted: &str) -> bool {
    tags.contains(wanted) || tags.iter().any(|tag| tag.to_lowercase() == wanted.to_lowercase())
}

fn union(now: &BTreeSet<Tag>, ours: &BTreeSet<Tag>) -> BTreeSet<Tag> {
    let new = ours.iter().filter(|tag| !has(now, tag));
    now.iter().chain(new).cloned().collect()
}

/// The answers so far; asking for one that is not there yet says which call brings it.
struct Steps<'a>(std::slice::Iter<'a, Answer>);

impl Steps<'_> {
    fn get<D: serde::de::DeserializeOwned>(&mut self, path: String) -> Result<D, Stop> {
        self.answer(|| Call::Read(Read::get(path)))
    }

    fn put(&mut self, id: &TicketId, body: impl FnOnce() -> Value) -> Result<TicketBody, Stop> {
        self.write(Verb::Put, format!("/api/v2/tickets/{id}"), body)
    }

    fn write<D: serde::de::DeserializeOwned>(
        &mut self,
        verb: Verb,
        path: String,
        body: impl FnOnce() -> Value,
    ) -> Result<D, Stop> {
        self.answer(|| Call::Write(Write { verb, path: PathAndQuery::new(path), body: body() }))
    }

    fn answer<D: serde::de::DeserializeOwned>(&mut self, call: impl FnOnce() -> Call) -> Result<D, Stop> {
        let answer = self.0.next().ok_or_else(|| Box::new(Next::Send(call())))?;
        read(answer).map_err(Box::new)
    }
}
