//! A plan in the platform's own ids, and what of it is left to send.
//!
//! Parted from the exchange so that what each effect comes to can be read in one place. An effect that cannot be
//! carried out settles on its own; what holds already is never sent.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::look::priority_code;
use super::tags::{has, merged};
use crate::directory::Directory;
use crate::plain_text::to_html;
use crate::plan::{Effect, EffectState, Note, Party, Plan, Reply, Slot};
use crate::ticket::{FieldValue, Priority, RemoteId, Status, Tag, Ticket};
use crate::trace::{self, Mention};

/// The platform refuses longer tags, and with them the whole request.
const LONGEST_TAG: usize = 32;

/// An effect in the platform's own ids.
pub(super) enum Change {
    Priority(Priority),
    Group(Option<RemoteId>),
    Agent(Option<RemoteId>),
    /// One field, or every level of a nested one; `None` empties it.
    Fields(Vec<(RemoteId, Option<FieldValue>)>),
    Tags,
    Untag,
    Say(Said),
}

/// Something that goes into the thread.
pub(super) enum Said {
    /// For the attention of a group, or of the agent at this address, whom the platform notifies.
    Mention(Mention, Option<String>),
    Note(Note),
    Reply(Reply),
}

impl Said {
    /// What is posted, and where below the ticket.
    /// <https://developers.freshdesk.com/api/#add_note_to_a_ticket>, <https://developers.freshdesk.com/api/#reply_ticket>
    pub(super) fn post(&self) -> (&'static str, Value) {
        let html = |note: &Note| format!("<p>{}</p><p>{}</p>", to_html(&note.text), to_html(&note.marker));
        match self {
            Self::Mention(mention, Some(address)) => {
                let body =
                    json!({ "body": html(&mention.note), "private": true, "notify_emails": [address] });
                ("notes", body)
            }
            Self::Mention(Mention { note, .. }, None) | Self::Note(note) => {
                ("notes", json!({ "body": html(note), "private": true }))
            }
            Self::Reply(reply) => ("reply", json!({ "body": format!("<p>{}</p>", to_html(&reply.text)) })),
        }
    }

    /// Whether this stands in the thread already, given what an agent wrote there.
    pub(super) fn is(&self, private: bool, html: Option<&str>, plain: Option<&str>) -> bool {
        match self {
            Self::Mention(Mention { note, .. }, _) | Self::Note(note) => {
                [html, plain].into_iter().flatten().any(|text| text.contains(&note.marker))
            }
            Self::Reply(reply) => !private && trace::is_reply(reply, html, plain),
        }
    }

    /// A mention goes before the tag that says it was written, so that a lost answer cannot leave the tag alone.
    pub(super) const fn goes_first(&self) -> bool {
        matches!(self, Self::Mention(..))
    }
}

/// Turns names into ids; says what the account does not have or does not allow.
pub(super) fn resolve(effect: &Effect, names: &Directory, replies: bool) -> Result<Change, String> {
    match effect {
        Effect::SetPriority(priority) => Ok(Change::Priority(*priority)),
        Effect::AssignGroup(name) => {
            names.group(name).map(|group| Change::Group(Some(group.id.clone()))).map_err(|e| e.to_string())
        }
        Effect::AssignAgent(name) => {
            names.agent(name).map(|agent| Change::Agent(Some(agent.id.clone()))).map_err(|e| e.to_string())
        }
        Effect::SetField { field, value } => {
            let field = names.field(field).map_err(|e| e.to_string())?;
            Ok(Change::Fields(field.spread(&field.accept(value)?)))
        }
        Effect::AddTags(tags) => {
            let bad =
                |tag: &&Tag| tag.trim().is_empty() || tag.contains(',') || tag.chars().count() > LONGEST_TAG;
            match tags.iter().find(bad) {
                Some(tag) => Err(format!(
                    "Freshdesk does not take the tag `{tag}`; a tag has 1 to {LONGEST_TAG} characters and no comma"
                )),
                None => Ok(Change::Tags),
            }
        }
        Effect::RemoveTags(_) => Ok(Change::Untag),
        Effect::Clear(Slot::Field(field)) => {
            names.field(field).map(|field| Change::Fields(field.emptied())).map_err(|e| e.to_string())
        }
        Effect::Clear(Slot::Group) => Ok(Change::Group(None)),
        Effect::Clear(Slot::Agent) => Ok(Change::Agent(None)),
        Effect::Clear(Slot::Priority) => Err("every Freshdesk ticket has a priority".to_owned()),
        Effect::Cc(party) => {
            trace::known(party, names)?;
            let address = match party {
                Party::Email(address) => Some(address.trim().to_lowercase()),
                Party::Group(_) => None,
            };
            Ok(Change::Say(Said::Mention(Mention::of(party), address)))
        }
        Effect::Note(note) => Ok(Change::Say(Said::Note(note.clone()))),
        Effect::Reply(reply) => {
            trace::may_reply(replies, reply)?;
            Ok(Change::Say(Said::Reply(reply.clone())))
        }
    }
}

impl Change {
    /// Whether the ticket is so already. `tags` are those on which this effect has the last word.
    fn holds(&self, on: &Ticket, tags: &BTreeSet<Tag>) -> bool {
        match self {
            Self::Priority(priority) => on.priority == Some(*priority),
            Self::Group(id) => on.group == *id,
            Self::Agent(id) => on.assignee == *id,
            Self::Fields(fields) => fields.iter().all(|(id, value)| on.fields.get(id) == value.as_ref()),
            Self::Tags => tags.iter().all(|tag| has(&on.tags, tag)),
            Self::Untag => !tags.iter().any(|tag| has(&on.tags, tag)),
            Self::Say(Said::Mention(mention, _)) => has(&on.tags, &mention.tag),
            Self::Say(_) => false,
        }
    }
}

/// What is left to send.
#[derive(Default)]
pub(super) struct Wanted {
    pub(super) states: Vec<EffectState>,
    scalars: Map<String, Value>,
    fields: Map<String, Value>,
    /// Fields to be emptied: the place of the effect in the plan, and the keys.
    emptied: Vec<(usize, Vec<String>)>,
    pub(super) added: BTreeSet<Tag>,
    pub(super) removed: BTreeSet<Tag>,
    /// With the place of its effect in the plan: mentions, then notes, then answers.
    pub(super) said: Vec<(usize, Said)>,
}

impl Wanted {
    pub(super) fn of(plan: &Plan, on: &Ticket, names: &Directory, replies: bool) -> Self {
        let mut wanted = Self::default();
        let words = trace::last_words(plan, str::to_lowercase);
        for ((at, effect), tags) in plan.0.iter().enumerate().zip(&words) {
            let change = resolve(effect, names, replies).and_then(|change| match change {
                Change::Say(Said::Reply(_)) => trace::answerable(on, &[Status::Closed]).map(|()| change),
                change => Ok(change),
            });
            let state = match change {
                Err(reason) => EffectState::Refused(reason),
                Ok(change) if change.holds(on, tags) => EffectState::Unchanged,
                Ok(change) => {
                    wanted.add(at, change, tags);
                    EffectState::Applied
                }
            };
            wanted.states.push(state);
        }
        wanted.said.sort_by_key(|(_, said)| match said {
            Said::Mention(..) => 0,
            Said::Note(_) => 1,
            Said::Reply(_) => 2,
        });
        wanted
    }

    /// Tells whether somebody has changed what is to be sent, or the status, since the ticket was
    /// decided on.
    pub(super) fn overtaken(&self, on: &Ticket, now: &Ticket) -> bool {
        let field = |key: &str| {
            let of = |ticket: &Ticket| ticket.fields.get(&RemoteId(key.to_owned())).cloned();
            of(on) != of(now)
        };
        let scalar = |key: &str| match key {
            "priority" => on.priority != now.priority,
            "group_id" => on.group != now.group,
            "responder_id" => on.assignee != now.assignee,
            key => field(key),
        };
        on.status != now.status
            || self.scalars.keys().any(|key| scalar(key))
            || self.fields.keys().any(|key| field(key))
    }

    /// Gives up what is to be emptied and the account will not have empty: a field that is
    /// required, most likely. `false` where there is nothing to give up.
    pub(super) fn leave_what_it_keeps(&mut self, why: &str) -> bool {
        let emptied = std::mem::take(&mut self.emptied);
        for (at, keys) in &emptied {
            for key in keys {
                self.scalars.remove(key);
                self.fields.remove(key);
            }
            self.states[*at] =
                EffectState::Refused(format!("the platform does not let this be empty again: {why}"));
        }
        !emptied.is_empty()
    }

    fn add(&mut self, at: usize, change: Change, tags: &BTreeSet<Tag>) {
        let emptied: Vec<String> = match &change {
            Change::Group(None) => vec!["group_id".to_owned()],
            Change::Agent(None) => vec!["responder_id".to_owned()],
            Change::Fields(fields) if fields.iter().all(|(_, value)| value.is_none()) => {
                fields.iter().map(|(id, _)| id.0.clone()).collect()
            }
            _ => Vec::new(),
        };
        if !emptied.is_empty() {
            self.emptied.push((at, emptied));
        }
        let mut scalar = |key: &str, value: Value| drop(self.scalars.insert(key.to_owned(), value));
        match change {
            Change::Priority(priority) => scalar("priority", priority_code(priority).into()),
            Change::Group(id) => scalar("group_id", id.map_or(Value::Null, |id| id.to_json())),
            Change::Agent(id) => scalar("responder_id", id.map_or(Value::Null, |id| id.to_json())),
            Change::Fields(fields) => {
                for (id, value) in fields {
                    if id.as_str() == "type" {
                        scalar("type", json!(value));
                    } else {
                        self.fields.insert(id.0, json!(value));
                    }
                }
            }
            Change::Tags => self.added.extend(tags.iter().cloned()),
            Change::Untag => self.removed.extend(tags.iter().cloned()),
            Change::Say(said) => {
                if let Said::Mention(mention, _) = &said {
                    self.added.insert(mention.tag.clone());
                }
                self.said.push((at, said));
            }
        }
    }

    pub(super) fn changes_tags(&self) -> bool {
        !self.added.is_empty() || !self.removed.is_empty()
    }

    pub(super) fn changes_ticket(&self) -> bool {
        !self.scalars.is_empty() || !self.fields.is_empty() || self.changes_tags()
    }

    /// The one PUT. `now` are the tags just read: the list we send becomes the list there is.
    pub(super) fn update(&self, now: &BTreeSet<Tag>) -> Value {
        let mut body = self.scalars.clone();
        if !self.fields.is_empty() {
            body.insert("custom_fields".to_owned(), Value::Object(self.fields.clone()));
        }
        if self.changes_tags() {
            body.insert("tags".to_owned(), json!(merged(now, &self.added, &self.removed)));
        }
        Value::Object(body)
    }
}
