//! What the stand-in keeps, and the rules an update meets.
//!
//! It never talks HTTP.

pub(super) mod audit;
mod update;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{ID_BASE, PERSON, TOPICS, agent, group_id, group_name, more_title};
use crate::desk::{Change, NewTicket, Note, TicketState};
use crate::seed;
use crate::webhook::now_ms;

/// The tickets and customers of the account.
#[derive(Debug, Default)]
pub(super) struct Store {
    tickets: BTreeMap<u64, Kept>,
    customers: Vec<String>,
    said: u64,
    /// Triggers by name, and the group that each assigns at every update.
    pub(super) triggers: Vec<(String, u64)>,
    /// True if a priority that was set can be changed and not taken away.
    pub(super) keeps_priorities: bool,
}

/// One ticket.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) id: u64,
    pub(super) subject: String,
    pub(super) channel: &'static str,
    pub(super) status: &'static str,
    pub(super) priority: Option<String>,
    pub(super) group: Option<u64>,
    pub(super) assignee: Option<u64>,
    pub(super) requester: u64,
    pub(super) tags: BTreeSet<String>,
    pub(super) category: Option<String>,
    pub(super) order_number: Option<String>,
    /// Fields of the other kinds, by id; unset ones are not here.
    pub(super) more: BTreeMap<u64, Value>,
    /// Agents who follow.
    pub(super) followers: Vec<u64>,
    /// People who are copied: agents and customers.
    pub(super) copied: Vec<u64>,
    pub(super) said: Vec<Said>,
    pub(super) created_s: i64,
    pub(super) updated_s: i64,
    /// The creation webhook as sent first: body and invocation.
    pub(super) birth: Option<(String, String)>,
    armed: Vec<Change>,
    /// Why its mail was suspended, where somebody recovered it.
    pub(super) suspended: Option<u64>,
    /// What happened to it, as `audits` show it.
    pub(super) audits: Vec<Value>,
}

/// One comment.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) id: u64,
    pub(super) author: u64,
    pub(super) public: bool,
    pub(super) html: String,
    pub(super) plain: String,
    pub(super) at_s: i64,
}

/// Why an update is refused: a status and the vendor's error body.
pub(super) type Refused = (u16, Value);

pub(super) fn not_found() -> Refused {
    (404, json!({ "error": "RecordNotFound", "description": "Not found" }))
}

fn invalid(field: &str, code: &str) -> Refused {
    let fault = json!([{ "description": format!("{field} is not accepted"), "error": code }]);
    (
        422,
        json!({ "error": "RecordInvalid", "description": "Record validation errors", "details": { field: fault } }),
    )
}

impl Kept {
    /// Seconds are all the platform tells, so that two changes within one must still differ.
    fn touch(&mut self) {
        self.updated_s = (now_ms() / 1_000).max(self.updated_s + 1);
    }

    /// Sets the dropdown and swaps its tag, which is the same thing on this platform.
    fn categorise(&mut self, value: Option<String>) {
        if let Some(old) = self.category.take() {
            self.tags.remove(&old);
        }
        self.tags.extend(value.clone());
        self.category = value;
    }

    /// Lets the dropdown follow a replaced list of tags; where several options are in it, the one that stood
    /// before wins.
    fn follow_tags(&mut self, before: Option<&str>) {
        let options: Vec<_> = seed::CATEGORIES.iter().filter(|option| self.tags.contains(**option)).collect();
        let stays = options.iter().find(|option| Some(***option) == before).or(options.first());
        self.category = stays.map(|option| (**option).to_owned());
        let topics: Vec<Value> = seed::TOPICS
            .iter()
            .filter(|option| self.tags.contains(**option))
            .map(|option| (*option).into())
            .collect();
        self.more.remove(&TOPICS);
        if !topics.is_empty() {
            self.more.insert(TOPICS, topics.into());
        }
    }
}

impl Store {
    pub(super) fn open(&mut self, new: NewTicket) -> Kept {
        self.open_by(new, None, "email")
    }

    /// Opens a ticket whose first comment is its requester's, or an agent's.
    pub(super) fn open_by(&mut self, new: NewTicket, agent: Option<u64>, channel: &'static str) -> Kept {
        let requester = self.customer(&new.email);
        let now_s = now_ms() / 1_000;
        let id = 35_001 + self.tickets.len() as u64;
        let mut kept = Kept {
            id,
            subject: new.subject,
            channel,
            status: "new",
            priority: None,
            group: None,
            assignee: None,
            requester,
            tags: new.tags.iter().map(|tag| stored_tag(tag)).collect(),
            category: None,
            order_number: None,
            more: BTreeMap::new(),
            followers: Vec::new(),
            copied: Vec::new(),
            said: Vec::new(),
            created_s: now_s,
            updated_s: now_s,
            birth: None,
            armed: Vec::new(),
            suspended: None,
            audits: Vec::new(),
        };
        kept.follow_tags(None);
        let said = self.comment(agent.unwrap_or(requester), true, &new.body, new.body.starts_with('<'));
        kept.said.push(said);
        audit::born(&mut kept);
        self.tickets.insert(id, kept.clone());
        kept
    }

    /// A mail that the platform suspended as an automatic answer, and that an agent recovered.
    /// Causes are numbered as in the vendor's "Cause of suspension reference".
    pub(super) fn recover(&mut self, id: u64) {
        const OUT_OF_OFFICE: u64 = 8;
        if let Some(kept) = self.tickets.get_mut(&id) {
            kept.suspended = Some(OUT_OF_OFFICE);
        }
    }

    fn customer(&mut self, email: &str) -> u64 {
        let index = self.customers.iter().position(|known| known == email).unwrap_or_else(|| {
            self.customers.push(email.to_owned());
            self.customers.len() - 1
        });
        ID_BASE + 1_001 + 2 * index as u64
    }

    fn comment(&mut self, author: u64, public: bool, text: &str, is_html: bool) -> Said {
        self.said += 1;
        let html = if is_html { text.to_owned() } else { format!("<p dir=\"auto\">{}</p>", escape(text)) };
        let plain = if is_html { strip(text) } else { text.to_owned() };
        Said { id: ID_BASE + 100_001 + 2 * self.said, author, public, html, plain, at_s: now_ms() / 1_000 }
    }

    /// A ticket that the API shows.
    pub(super) fn get(&self, id: &str) -> Option<&Kept> {
        self.tickets.get(&id.parse().ok()?).filter(|kept| kept.status != "deleted")
    }

    fn get_mut(&mut self, id: &str) -> Option<&mut Kept> {
        self.tickets.get_mut(&id.parse().ok()?).filter(|kept| kept.status != "deleted")
    }

    pub(super) fn born(&mut self, id: u64, body: &str, invocation: &str) {
        if let Some(kept) = self.tickets.get_mut(&id) {
            kept.birth = Some((body.to_owned(), invocation.to_owned()));
        }
    }

    pub(super) fn reply(&mut self, id: &str, text: &str) -> Option<(Kept, Said)> {
        let author = self.get(id)?.requester;
        let said = self.comment(author, true, text, text.starts_with('<'));
        let kept = self.get_mut(id)?;
        let before = kept.clone();
        kept.said.push(said.clone());
        kept.status = "open";
        kept.touch();
        audit::changed(kept, &before, author, "web");
        Some((kept.clone(), said))
    }

    pub(super) fn set_status(&mut self, id: &str, status: &'static str) {
        if let Some(kept) = self.get_mut(id) {
            let before = kept.clone();
            kept.status = status;
            kept.touch();
            audit::changed(kept, &before, PERSON, "web");
        }
    }

    /// Arms a change for the moment after the next read.
    pub(super) fn arm(&mut self, id: &str, change: Change) {
        if let Some(kept) = self.get_mut(id) {
            kept.armed.push(change);
        }
    }

    /// The ticket was read: what was armed happens now.
    pub(super) fn looked_at(&mut self, id: &str) {
        let armed = self.get_mut(id).map(|kept| std::mem::take(&mut kept.armed)).unwrap_or_default();
        for change in armed {
            self.edit(id, &change);
        }
    }

    /// A person changes the ticket.
    pub(super) fn edit(&mut self, id: &str, change: &Change) {
        let reply = change.reply.as_ref().map(|text| self.comment(PERSON, true, text, false));
        let Some(kept) = self.get_mut(id) else { return };
        let before = kept.clone();
        if let Some(priority) = &change.priority {
            kept.priority = Some(priority.clone());
        }
        if let Some(name) = &change.group {
            let index = seed::GROUPS.iter().position(|known| known == name);
            assert!(index.is_some(), "the desk has no group {name}");
            kept.group = index.map(group_id);
        }
        if let Some(tag) = &change.tag {
            kept.tags.insert(stored_tag(tag));
        }
        if let Some(category) = &change.category {
            kept.categorise(Some(category.clone()));
        }
        kept.said.extend(reply);
        kept.status = if change.solved { "solved" } else { "open" };
        if !change.same_second {
            kept.touch();
        }
        audit::changed(kept, &before, PERSON, "web");
    }

    pub(super) fn ids(&self) -> Vec<String> {
        self.tickets.keys().map(ToString::to_string).collect()
    }

    /// An agent's or a customer's address.
    pub(super) fn email(&self, id: u64) -> Option<&str> {
        if let Some((_, email)) = agent(id) {
            return Some(email);
        }
        let index = usize::try_from(id.checked_sub(ID_BASE + 1_001)? / 2).ok()?;
        self.customers.get(index).map(String::as_str)
    }

    pub(super) fn state(&self, id: &str) -> Option<TicketState> {
        let kept = self.get(id)?;
        let fields = [("Category", &kept.category), ("Order number", &kept.order_number)];
        let words = |value: &Value| match value {
            Value::String(text) => text.clone(),
            Value::Array(many) => many.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
            other => other.to_string(),
        };
        let more =
            kept.more.iter().filter_map(|(id, value)| Some((more_title(*id)?.to_owned(), words(value))));
        let ccs = kept.followers.iter().chain(&kept.copied).filter_map(|id| self.email(*id));
        Some(TicketState {
            priority: kept.priority.clone(),
            group: kept.group.and_then(group_name).map(str::to_owned),
            agent: kept.assignee.and_then(agent).map(|(name, _)| name.to_owned()),
            tags: kept.tags.clone(),
            fields: fields
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)))
                .chain(more)
                .collect(),
            ccs: ccs.map(str::to_owned).collect(),
            notes: kept
                .said
                .iter()
                .filter(|said| agent(said.author).is_some())
                .map(|said| Note { body: said.html.clone(), public: said.public })
                .collect(),
        })
    }
}

fn stored_tag(tag: &str) -> String {
    tag.trim().to_lowercase().replace(' ', "_")
}

/// Seconds since the epoch as the API writes them.
pub(super) fn stamp_of(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>")
}

/// Good enough for what stand-in customers and bridges write.
fn strip(html: &str) -> String {
    let mut plain = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                plain.push(' ');
            }
            c if !inside => plain.push(c),
            _ => {}
        }
    }
    plain
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
        .trim()
        .to_owned()
}
