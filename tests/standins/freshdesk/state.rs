//! What the desk keeps: tickets with their threads, its furniture, and the budget of calls.
//!
//! Ids are larger than 32 bits, as the platform's are, and `updated_at` has whole seconds and still differs after
//! every change. It answers no request by itself.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::fields::{CATEGORY, CUSTOM};
use super::people;
use crate::desk::{Change, NewTicket, Note, TicketState};
use crate::seed;
use crate::webhook::now_ms;

/// The account's ticket types.
pub(super) const TYPES: [&str; 4] = ["Question", "Incident", "Problem", "Feature Request"];

const FIRST_GROUP: u64 = 48_000_100_001;
const FIRST_PRODUCT: u64 = 48_000_500_001;
const FIRST_AGENT: u64 = 82_000_200_001;
const FIRST_CONTACT: u64 = 82_100_300_001;
const FIRST_CONVERSATION: u64 = 93_000_400_001;

/// Everything the desk knows.
#[derive(Debug)]
pub(super) struct State {
    pub(super) tickets: BTreeMap<u64, Stored>,
    pub(super) budget: Budget,
    /// Changes that happen once their ticket has been read.
    pub(super) armed: Vec<(String, Change)>,
    /// Automations by name, and the group that each assigns when an agent updates a ticket.
    pub(super) automations: Vec<(String, u64)>,
    contacts: Vec<String>,
    conversations: u64,
}

/// One ticket.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stored {
    pub(super) subject: String,
    pub(super) description: String,
    pub(super) description_text: String,
    pub(super) requester: u64,
    pub(super) email: String,
    pub(super) status: u64,
    pub(super) priority: u64,
    pub(super) group: Option<u64>,
    pub(super) responder: Option<u64>,
    pub(super) kind: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) fields: BTreeMap<String, Value>,
    pub(super) spam: bool,
    /// The channel: 1 is a customer's mail, 10 the desk's own.
    pub(super) source: u64,
    pub(super) thread: Vec<Conversation>,
    pub(super) created: i64,
    pub(super) updated: i64,
    /// When an agent first answered, and when it was resolved.
    pub(super) responded: Option<i64>,
    pub(super) resolved: Option<i64>,
}

/// One reply or note.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Conversation {
    id: u64,
    user: u64,
    body: String,
    incoming: bool,
    private: bool,
    /// Whom the platform told of it, besides the customer.
    notified: Vec<String>,
    at: i64,
}

/// What somebody writes into a thread.
#[derive(Clone, Debug)]
pub(super) struct Words {
    pub(super) body: String,
    pub(super) incoming: bool,
    pub(super) private: bool,
    pub(super) notified: Vec<String>,
}

/// Calls allowed in a window of time. <https://developers.freshdesk.com/api/#ratelimit>
#[derive(Debug)]
pub(super) struct Budget {
    pub(super) limit: u32,
    window: Duration,
    began: Instant,
    used: u32,
}

impl Budget {
    pub(super) fn new(limit: u32, window: Duration) -> Self {
        Self { limit, window, began: Instant::now(), used: 0 }
    }

    /// Takes credits and says how many are left, or how long until there are new ones.
    pub(super) fn take(&mut self, credits: u32) -> Result<u32, Duration> {
        if self.began.elapsed() >= self.window {
            self.began = Instant::now();
            self.used = 0;
        }
        if self.used >= self.limit {
            return Err(self.window.saturating_sub(self.began.elapsed()));
        }
        self.used = self.used.saturating_add(credits).min(self.limit);
        Ok(self.limit - self.used)
    }
}

impl State {
    pub(super) fn furnished(limit: u32, window: Duration) -> Self {
        Self {
            tickets: BTreeMap::new(),
            budget: Budget::new(limit, window),
            armed: Vec::new(),
            automations: Vec::new(),
            contacts: Vec::new(),
            conversations: 0,
        }
    }

    /// A new ticket: low, open, in no group, as the platform makes them.
    pub(super) fn open(&mut self, new: NewTicket) -> u64 {
        let id = self.tickets.keys().next_back().map_or(1001, |last| last + 1);
        let known = self.contacts.iter().position(|email| *email == new.email);
        let contact = known.unwrap_or_else(|| {
            self.contacts.push(new.email.clone());
            self.contacts.len() - 1
        });
        let now = now_ms() / 1000;
        let ticket = Stored {
            subject: new.subject,
            description: as_html(&new.body),
            description_text: as_text(&new.body),
            requester: FIRST_CONTACT + contact as u64,
            email: new.email,
            status: 2,
            priority: 1,
            group: None,
            responder: None,
            kind: None,
            tags: new.tags,
            fields: BTreeMap::new(),
            spam: false,
            source: 1,
            thread: Vec::new(),
            created: now,
            updated: now,
            responded: None,
            resolved: None,
        };
        self.tickets.insert(id, ticket);
        id
    }

    /// Changes a ticket, and its `updated_at` when anything is different afterwards.
    pub(super) fn change(&mut self, id: &str, change: impl FnOnce(&mut Stored)) -> Option<u64> {
        let id = id.parse().ok()?;
        let ticket = self.tickets.get_mut(&id)?;
        let before = ticket.clone();
        change(ticket);
        if *ticket == before {
            return None;
        }
        ticket.updated = (now_ms() / 1000).max(before.updated + 1);
        Some(id)
    }

    /// A person of the desk edits a ticket.
    pub(super) fn edit(&mut self, id: &str, change: &Change) -> Option<u64> {
        if let Some(text) = &change.reply {
            let words = Words { body: as_html(text), incoming: false, private: false, notified: Vec::new() };
            self.write(id, FIRST_AGENT + 1, words)?;
        }
        self.change(id, |ticket| {
            if change.solved {
                ticket.status = 4;
                ticket.resolved = Some(now_ms() / 1000);
            }
            if let Some(priority) = change.priority.as_deref().and_then(priority_code) {
                ticket.priority = priority;
            }
            if let Some(group) = change.group.as_deref().and_then(group_id) {
                ticket.group = Some(group);
            }
            if let Some(tag) = change.tag.as_ref().filter(|tag| !ticket.tags.contains(tag)) {
                ticket.tags.push(tag.clone());
            }
            if let Some(category) = &change.category {
                let known = seed::CATEGORIES.contains(&category.as_str());
                let text = if known { seed::label(category) } else { category.clone() };
                ticket.fields.insert(CATEGORY.to_owned(), text.into());
            }
        })
    }

    /// Applies what was armed for after a read of this ticket.
    pub(super) fn after_read(&mut self, id: &str) -> Vec<u64> {
        let (now, later) = std::mem::take(&mut self.armed).into_iter().partition(|(ticket, _)| ticket == id);
        self.armed = later;
        let now: Vec<(String, Change)> = now;
        now.iter().filter_map(|(id, change)| self.edit_in_time(id, change)).collect()
    }

    pub(super) fn customer_replies(&mut self, id: &str, text: &str) -> Option<u64> {
        let user = self.tickets.get(&id.parse().ok()?)?.requester;
        let words = Words { body: as_html(text), incoming: true, private: false, notified: Vec::new() };
        self.write(id, user, words).map(|_| ())?;
        id.parse().ok()
    }

    /// Appends to a thread, which changes the ticket too.
    pub(super) fn write(&mut self, id: &str, user: u64, words: Words) -> Option<Conversation> {
        let number = FIRST_CONVERSATION + self.conversations;
        self.conversations += 1;
        let Words { body, incoming, private, notified } = words;
        let at = now_ms() / 1000;
        let conversation = Conversation { id: number, user, body, incoming, private, notified, at };
        self.change(id, |ticket| {
            ticket.thread.push(conversation.clone());
            if !incoming && !private {
                ticket.responded.get_or_insert(at);
            }
        })?;
        Some(conversation)
    }

    pub(super) fn in_names(&self, id: &str) -> Option<TicketState> {
        let ticket = self.tickets.get(&id.parse().ok()?)?;
        let name = |id: u64, first: u64, names: &[&str]| {
            names.get((id - first) as usize).map(|name| (*name).to_owned())
        };
        let agents: Vec<&str> = seed::AGENTS.iter().map(|(name, _)| *name).collect();
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let mut fields: BTreeMap<String, String> = ticket
            .fields
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), text(value)))
            .collect();
        fields.extend(ticket.kind.iter().map(|kind| ("type".to_owned(), kind.clone())));
        Some(TicketState {
            priority: ["low", "normal", "high", "urgent"]
                .get(ticket.priority as usize - 1)
                .map(|word| (*word).to_owned()),
            group: ticket.group.and_then(|id| name(id, FIRST_GROUP, &seed::GROUPS)),
            agent: ticket.responder.and_then(|id| name(id, FIRST_AGENT, &agents)),
            tags: ticket.tags.iter().cloned().collect(),
            fields,
            notes: ticket
                .thread
                .iter()
                .filter(|part| !part.incoming)
                .map(|part| Note { body: part.body.clone(), public: !part.private })
                .collect(),
            ccs: ticket.thread.iter().flat_map(|part| part.notified.clone()).collect(),
        })
    }
}

impl Stored {
    /// The platform's clock of it. <https://developers.freshdesk.com/api/#view_a_ticket>
    pub(super) fn stats(&self) -> Value {
        json!({
            "agent_responded_at": self.responded.map(iso), "first_responded_at": self.responded.map(iso),
            "resolved_at": self.resolved.map(iso), "closed_at": null, "reopened_at": null,
        })
    }

    /// As `GET /tickets/{id}` shows it. <https://developers.freshdesk.com/api/#view_a_ticket>
    pub(super) fn json(&self, id: u64) -> Value {
        let mut fields = Map::from_iter(CUSTOM.map(|key| (key.to_owned(), Value::Null)));
        fields.extend(self.fields.clone());
        json!({
            "cc_emails": [], "fwd_emails": [], "reply_cc_emails": [], "to_emails": null,
            "fr_escalated": false, "is_escalated": false, "spam": self.spam,
            "email_config_id": null, "company_id": people::company_id(&self.email), "product_id": null, "association_type": null,
            "id": id, "subject": self.subject, "description": self.description,
            "description_text": self.description_text,
            "status": self.status, "priority": self.priority, "source": self.source, "type": self.kind,
            "group_id": self.group, "responder_id": self.responder, "requester_id": self.requester,
            "tags": self.tags, "custom_fields": fields, "attachments": [],
            "due_by": iso(self.created + 259_200), "fr_due_by": iso(self.created + 86_400),
            "created_at": iso(self.created), "updated_at": iso(self.updated),
        })
    }

    pub(super) fn requester_json(&self) -> Value {
        let name = self.email.split('@').next().unwrap_or_default();
        json!({ "id": self.requester, "name": name, "email": self.email, "mobile": null, "phone": null })
    }
}

impl Conversation {
    /// <https://developers.freshdesk.com/api/#list_all_ticket_conversations>
    pub(super) fn json(&self, ticket: u64) -> Value {
        json!({
            "id": self.id, "ticket_id": ticket, "user_id": self.user, "body": self.body,
            "body_text": as_text(&self.body), "incoming": self.incoming, "private": self.private,
            "source": if self.incoming { 0 } else { 2 }, "support_email": null, "to_emails": [], "cc_emails": [],
            "bcc_emails": [], "from_email": null, "attachments": [],
            "created_at": iso(self.at), "updated_at": iso(self.at),
        })
    }
}

pub(super) fn groups() -> Vec<Value> {
    (FIRST_GROUP..)
        .zip(seed::GROUPS)
        .map(|(id, name)| json!({ "id": id, "name": name, "description": null }))
        // A group that an import left without a name: accounts have such records.
        .chain([json!({ "id": FIRST_GROUP - 1, "name": null, "description": null })])
        .collect()
}

/// What the platform has instead of brands.
pub(super) fn products() -> Vec<Value> {
    (FIRST_PRODUCT..).zip(seed::BRANDS).map(|(id, name)| json!({ "id": id, "name": name })).collect()
}

/// An automation that assigns a group whenever an agent updates a ticket.
pub(super) fn automation((name, group): &(String, u64)) -> Value {
    json!({
        "name": name, "position": 1, "active": true,
        "performer": { "type": 1 },
        "events": [{ "field_name": "ticket_action", "value": "update" }],
        "conditions": [],
        "actions": [{ "field_name": "group_id", "value": group }],
    })
}

pub(super) fn agents() -> Vec<Value> {
    (FIRST_AGENT..)
        .zip(seed::AGENTS)
        .map(|(id, (name, email))| json!({ "id": id, "available": true, "occasional": false, "ticket_scope": 1, "contact": { "name": name, "email": email, "active": true } }))
        .collect()
}

pub(super) fn group_exists(id: u64) -> bool {
    (FIRST_GROUP..FIRST_GROUP + seed::GROUPS.len() as u64).contains(&id)
}

pub(super) fn agent_exists(id: u64) -> bool {
    (FIRST_AGENT..FIRST_AGENT + seed::AGENTS.len() as u64).contains(&id)
}

/// The agent whose key the bridge holds.
pub(super) const fn own_agent() -> u64 {
    FIRST_AGENT
}

pub(super) fn group_id(name: &str) -> Option<u64> {
    (FIRST_GROUP..).zip(seed::GROUPS).find(|(_, group)| *group == name).map(|(id, _)| id)
}

fn priority_code(word: &str) -> Option<u64> {
    (1..).zip(["low", "normal", "high", "urgent"]).find(|(_, known)| *known == word).map(|(code, _)| code)
}

fn iso(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map(|at| at.to_string()).unwrap_or_default()
}

fn as_html(body: &str) -> String {
    if body.starts_with('<') {
        return body.to_owned();
    }
    let escaped = body.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>");
    format!("<div>{escaped}</div>")
}

/// What the platform shows as text: tags gone, the common entities decoded.
fn as_text(body: &str) -> String {
    if !body.starts_with('<') {
        return body.to_owned();
    }
    let mut text = String::new();
    let mut inside = false;
    for letter in body.replace("<br>", "\n").chars() {
        match letter {
            '<' => inside = true,
            '>' if inside => inside = false,
            _ if !inside => text.push(letter),
            _ => {}
        }
    }
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
        .trim()
        .to_owned()
}
