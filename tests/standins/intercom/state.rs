//! What the workspace keeps, and the changes people make to it without the API.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::hooks::Notification;
use super::{API_VERSION, APP_ID};
use crate::desk::{Change, NewTicket, Note, TicketState};
use crate::responder::Mailbox;
use crate::seed;
use crate::webhook::now_ms;

/// The teammate on whose behalf the bridge acts: the first of [`seed::AGENTS`].
pub(super) const BRIDGE_ADMIN: u64 = FIRST_ADMIN;

const FIRST_ADMIN: u64 = 9_608_801;
const FIRST_TEAM: u64 = 5_017_601;
const FIRST_TAG: u64 = 7_522_901;
const FIRST_CONVERSATION: u64 = 215_472_621_000_001;

/// The list attribute that carries the priority.
pub(super) const PRIORITY: &str = "Priority";

/// The list attribute that carries the category.
pub(super) const ISSUE_TYPE: &str = "Issue type";

/// The words of the priority attribute, least urgent first.
pub(super) const PRIORITIES: [&str; 4] = ["Low", "Normal", "High", "Urgent"];

/// Options of a list attribute, or `None` for text; not at all where no such attribute exists.
pub(super) fn attribute(name: &str) -> Option<Option<Vec<String>>> {
    match name {
        ISSUE_TYPE => Some(Some(seed::CATEGORIES.iter().map(|word| seed::label(word)).collect())),
        PRIORITY => Some(Some(PRIORITIES.iter().map(|word| (*word).to_owned()).collect())),
        "Order number" | ITEMS | GIFT | SHIP_BY => Some(None),
        _ => None,
    }
}

/// The attributes' names.
pub(super) const ATTRIBUTES: [&str; 6] = [ISSUE_TYPE, PRIORITY, "Order number", ITEMS, GIFT, SHIP_BY];

const ITEMS: &str = "Items";
const GIFT: &str = "Gift";
const SHIP_BY: &str = "Ship by";

/// The type of an attribute without options, in the platform's word.
pub(super) fn data_type(name: &str) -> &'static str {
    match name {
        ITEMS => "integer",
        GIFT => "boolean",
        SHIP_BY => "datetime",
        _ => "string",
    }
}

/// Whether an attribute without options takes a value.
pub(super) fn takes(name: &str, value: &Value) -> bool {
    match name {
        ITEMS => value.is_i64(),
        GIFT => value.is_boolean(),
        SHIP_BY => {
            value.is_i64() || value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok())
        }
        _ => value.is_string(),
    }
}

/// Id and name of every team.
pub(super) fn teams() -> impl Iterator<Item = (u64, &'static str)> {
    (FIRST_TEAM..).zip(seed::GROUPS)
}

/// Id, name and address of every teammate.
pub(super) fn admins() -> impl Iterator<Item = (u64, &'static str, &'static str)> {
    (FIRST_ADMIN..).zip(seed::AGENTS).map(|(id, (name, email))| (id, name, email))
}

/// Everything the workspace keeps.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    pub(super) conversations: BTreeMap<u64, Conversation>,
    /// Every tag ever made, by id.
    pub(super) tags: BTreeMap<u64, String>,
    pub(super) target: Option<String>,
    /// The window of the rate limit (counted in windows since the epoch), and the requests in it.
    pub(super) window: (i64, u32),
    /// Requests allowed in a window of so many seconds, where it is not the platform's own plan.
    pub(super) plan: Option<(u32, i64)>,
    /// Attributes that no update may carry, as where a ticket type lacks them.
    pub(super) rejected: Vec<String>,
    /// The mailbox of its customers.
    pub(super) mailbox: Mailbox,
    parts: u64,
}

/// One conversation.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    pub(super) id: u64,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
    pub(super) subject: String,
    /// HTML, as the platform keeps it.
    pub(super) body: String,
    pub(super) email: String,
    pub(super) state: &'static str,
    pub(super) team: Option<u64>,
    pub(super) admin: Option<u64>,
    /// The native priority, which only the preview version writes.
    pub(super) priority: Option<String>,
    pub(super) attributes: BTreeMap<String, Value>,
    /// Whether it is a ticket, which lives under another address.
    pub(super) ticket: bool,
    /// True if the workspace wrote first.
    pub(super) outbound: bool,
    /// Tag ids, oldest first.
    pub(super) tags: Vec<u64>,
    pub(super) parts: Vec<Value>,
    after_look: Option<Change>,
}

impl Conversation {
    /// A change happened: `updated_at` moves on. The platform counts whole seconds; here two changes never share
    /// one, so that a race shows every time.
    pub(super) fn touch(&mut self) {
        self.updated_at = now_s().max(self.updated_at + 1);
    }

    /// What the platform counts of it.
    pub(super) fn statistics(&self) -> Value {
        let moments = |kind: &str| -> Vec<Value> {
            let parts = self.parts.iter().filter(|part| part["part_type"] == kind);
            parts.map(|part| part["created_at"].clone()).collect()
        };
        let closed = moments("close");
        json!({
            "type": "conversation_statistics", "first_close_at": closed.first(), "last_close_at": closed.last(),
            "first_admin_reply_at": moments("comment").first(), "count_assignments": moments("assignment").len(),
        })
    }

    pub(super) fn contact(&self) -> String {
        format!("{:024x}", self.id)
    }
}

/// The number of a conversation, or of a ticket as deskbridge writes it.
fn number(id: &str) -> Option<u64> {
    id.strip_prefix("ticket-").unwrap_or(id).parse().ok()
}

pub(super) fn now_s() -> i64 {
    now_ms() / 1000
}

impl Workspace {
    /// A workspace with teams, teammates and attributes, and without conversations.
    pub(super) fn furnished() -> Self {
        Self::default()
    }

    pub(super) fn ids(&self) -> Vec<String> {
        self.conversations.keys().map(u64::to_string).collect()
    }

    pub(super) fn conversation(&mut self, id: &str) -> Option<&mut Conversation> {
        self.conversations.get_mut(&number(id)?)
    }

    /// The tag's id; made where there is none. Names ignore case.
    pub(super) fn tag(&mut self, name: &str) -> u64 {
        let known = self.tags.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(id, _)| *id);
        known.unwrap_or_else(|| {
            let id = FIRST_TAG + self.tags.len() as u64;
            self.tags.insert(id, name.to_owned());
            id
        })
    }

    pub(super) fn open(&mut self, ticket: NewTicket) -> String {
        let id = FIRST_CONVERSATION + self.conversations.len() as u64;
        let tags = ticket.tags.iter().map(|tag| self.tag(tag)).collect();
        let body = if ticket.body.starts_with('<') { ticket.body } else { paragraphs(&ticket.body) };
        let conversation = Conversation {
            id,
            created_at: now_s(),
            updated_at: now_s(),
            subject: ticket.subject,
            body,
            email: ticket.email,
            state: "open",
            tags,
            ..Conversation::default()
        };
        self.conversations.insert(id, conversation);
        id.to_string()
    }

    /// A customer was told something: a mailbox that answers by itself begins a conversation. The
    /// API shows no mark of it.
    pub(super) fn answered(&mut self, id: u64) -> Option<Notification> {
        let (mail, _) = self.mailbox.answer_from(&self.conversations.get(&id)?.email)?;
        let opened = self.open(mail);
        self.creation(&opened)
    }

    /// The notification of a conversation's beginning. It has no parts: the text is in its source.
    pub(super) fn creation(&self, id: &str) -> Option<Notification> {
        let conversation = self.conversations.get(&id.parse().ok()?)?;
        let item = self.json(conversation, API_VERSION, &[]);
        Some(Notification::new("conversation.user.created", conversation.id, conversation.created_at, item))
    }

    /// Adds a part by `author` and returns it.
    pub(super) fn add_part(
        &mut self,
        id: u64,
        kind: &str,
        body: Option<&str>,
        author: Value,
        by_api: bool,
    ) -> Value {
        self.parts += 1;
        let number = 37_358_429_000 + self.parts;
        let Some(conversation) = self.conversations.get_mut(&id) else { return Value::Null };
        conversation.touch();
        let part = json!({
            "type": "conversation_part", "id": number.to_string(), "part_type": kind, "body": body,
            "created_at": conversation.updated_at, "updated_at": conversation.updated_at,
            "notified_at": conversation.updated_at, "assigned_to": null, "author": author,
            "attachments": [], "external_id": null, "redacted": false, "state": conversation.state,
            "tags": [], "event_details": {}, "app_package_code": by_api.then_some("deskbridge-stand-in"),
        });
        conversation.parts.push(part.clone());
        part
    }

    pub(super) fn close(&mut self, id: &str) {
        let Some(conversation) = self.conversation(id) else { return };
        conversation.state = "closed";
        let id = conversation.id;
        self.add_part(id, "close", None, admin(FIRST_ADMIN + 1), false);
    }

    /// A teammate changes a conversation in the inbox: each change is a part of its own.
    pub(super) fn edit(&mut self, id: &str, change: &Change) {
        let tag = change.tag.as_deref().map(|tag| self.tag(tag));
        let Some(conversation) = self.conversation(id) else { return };
        let person = || admin(FIRST_ADMIN + 1);
        let mut set = Vec::new();
        for (name, word) in [(PRIORITY, &change.priority), (ISSUE_TYPE, &change.category)] {
            let Some(word) = word else { continue };
            conversation.attributes.insert(name.to_owned(), seed::label(word).into());
            set.push((name, seed::label(word)));
        }
        if let Some(tag) = tag.filter(|tag| !conversation.tags.contains(tag)) {
            conversation.tags.push(tag);
        }
        let (id, stamp) = (conversation.id, conversation.updated_at);
        // A tag leaves no part that the API shows, and moves the conversation all the same.
        conversation.touch();
        for (name, value) in set {
            let part = self.add_part(id, "conversation_attribute_updated_by_admin", None, person(), false);
            self.tell(id, &part, attribute_details(name, &value.into()));
        }
        if let Some((team, _)) =
            change.group.as_ref().and_then(|group| teams().find(|(_, name)| name == group))
        {
            self.assign(id, "team", team, person(), false);
        }
        if let Some(text) = &change.reply {
            self.add_part(id, "comment", Some(&paragraphs(text)), person(), false);
        }
        if change.solved {
            self.close(&id.to_string());
        }
        if let Some(conversation) = self.conversations.get_mut(&id).filter(|_| change.same_second) {
            conversation.updated_at = stamp;
        }
    }

    /// Puts a conversation into a team's or a teammate's hands.
    pub(super) fn assign(&mut self, id: u64, kind: &str, to: u64, by: Value, by_api: bool) -> Value {
        let Some(conversation) = self.conversations.get_mut(&id) else { return Value::Null };
        if kind == "team" {
            conversation.team = Some(to)
        } else {
            conversation.admin = Some(to)
        }
        let part = self.add_part(id, "assignment", None, by, by_api);
        self.tell(id, &part, json!({ "assigned_to": { "type": kind, "id": to } }));
        part
    }

    /// Fills in what a part says of the change.
    pub(super) fn tell(&mut self, id: u64, part: &Value, what: Value) {
        let parts =
            self.conversations.get_mut(&id).into_iter().flat_map(|conversation| &mut conversation.parts);
        for kept in parts.filter(|kept| kept["id"] == part["id"]) {
            for (key, value) in what.as_object().into_iter().flatten() {
                kept[key] = value.clone();
            }
        }
    }

    pub(super) fn edit_after_look(&mut self, id: &str, change: Change) {
        if let Some(conversation) = self.conversation(id) {
            conversation.after_look = Some(change);
        }
    }

    /// The conversation was read: whoever waited for that edits it now.
    pub(super) fn looked(&mut self, id: &str) {
        if let Some(change) = self.conversation(id).and_then(|conversation| conversation.after_look.take()) {
            self.edit(id, &change);
        }
    }

    pub(super) fn in_names(&self, id: &str) -> Option<TicketState> {
        let conversation = self.conversations.get(&number(id)?)?;
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let attribute = conversation.attributes.get(PRIORITY).map(|value| text(value).to_lowercase());
        let by_desk = |part: &&Value| part["author"]["type"] == "admin";
        let notes = conversation.parts.iter().filter(by_desk).filter_map(|part| {
            let public = match part["part_type"].as_str()? {
                "note" => false,
                "comment" => true,
                _ => return None,
            };
            Some(Note { body: part["body"].as_str()?.to_owned(), public })
        });
        Some(TicketState {
            priority: conversation.priority.clone().or(attribute),
            group: teams().find(|(id, _)| Some(*id) == conversation.team).map(|(_, name)| name.to_owned()),
            agent: admins()
                .find(|(id, ..)| Some(*id) == conversation.admin)
                .map(|(_, name, _)| name.to_owned()),
            tags: conversation.tags.iter().filter_map(|id| self.tags.get(id).cloned()).collect(),
            fields: conversation
                .attributes
                .iter()
                .filter(|(name, _)| *name != PRIORITY)
                .map(|(name, value)| (name.clone(), text(value)))
                .collect(),
            notes: notes.collect(),
            ccs: std::collections::BTreeSet::new(),
        })
    }
}

/// What a part says of a changed attribute.
pub(super) fn attribute_details(name: &str, value: &Value) -> Value {
    json!({ "event_details": { "attribute": { "name": name }, "value": { "name": value } } })
}

/// A teammate as the author of a part.
pub(super) fn admin(id: u64) -> Value {
    let (_, name, email) = admins().find(|(known, ..)| *known == id).unwrap_or((id, "Somebody", ""));
    json!({ "type": "admin", "id": id.to_string(), "name": name, "email": email, "from_ai_agent": false })
}

/// The workspace's bot: what attribute writes through the API are attributed to, whoever made them.
pub(super) fn operator() -> Value {
    let email = format!("operator+{APP_ID}@intercom.io");
    json!({ "type": "bot", "id": "9608808", "name": "Fin", "email": email, "from_ai_agent": false })
}

/// Plain text as the platform stores it.
pub(super) fn paragraphs(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let paragraphs: Vec<_> =
        escaped.split("\n\n").map(|piece| format!("<p>{}</p>", piece.replace('\n', "<br>"))).collect();
    paragraphs.join("\n")
}
