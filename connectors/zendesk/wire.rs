//! The vendor's JSON, as much of it as triage needs.
//!
//! Everything is optional that the vendor was ever seen to leave out, and ids stay raw JSON until they become
//! [`RemoteId`]s, because they are numbers in the API, strings in events, and larger than 2^53 in newer accounts.
//! Unknown keys are ignored: the vendor adds some every month.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::call::{Answer, PathAndQuery, Read};
use crate::delivery::{Malformed, Notice};
use crate::directory::lenient::Lenient;
use crate::ticket::{RemoteId, TicketId};

/// Enough of a webhook body to tell the families apart.
#[derive(Debug, Deserialize)]
pub(super) struct Probe {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
}

/// The content of a readable body.
pub(super) enum Said {
    /// Something about a ticket, with the event's own id where it has one.
    Notice { notice: Notice, event_id: Option<String> },
    /// An event of another family: users, organisations.
    NoTicket,
}

/// An event webhook (<https://developer.zendesk.com/api-reference/webhooks/event-types/ticket-events>).
#[derive(Debug, Deserialize)]
pub(super) struct Envelope {
    pub(super) id: Option<String>,
    /// With nanoseconds.
    pub(super) time: Option<String>,
    pub(super) detail: Detail,
    pub(super) event: Option<Event>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Detail {
    #[serde(default)]
    pub(super) id: Value,
    #[serde(default)]
    pub(super) actor_id: Value,
    #[serde(default)]
    pub(super) requester_id: Value,
}

/// `{}` for a created ticket.
#[derive(Debug, Deserialize)]
pub(super) struct Event {
    pub(super) comment: Option<EventComment>,
}

#[derive(Debug, Deserialize)]
pub(super) struct EventComment {
    pub(super) is_public: Option<bool>,
    pub(super) author: Option<EventAuthor>,
}

#[derive(Debug, Deserialize)]
pub(super) struct EventAuthor {
    #[serde(default)]
    pub(super) id: Value,
    pub(super) is_staff: Option<bool>,
}

/// A trigger webhook by the template in the README: placeholders arrive as strings.
#[derive(Debug, Deserialize)]
pub(super) struct Trigger {
    #[serde(default)]
    pub(super) ticket_id: Value,
    pub(super) event: Option<String>,
    #[serde(default)]
    pub(super) actor_id: Value,
}

/// `GET` and `PUT /api/v2/tickets/{id}`.
#[derive(Debug, Deserialize)]
pub(super) struct TicketAnswer {
    pub(super) ticket: WireTicket,
    #[serde(default)]
    pub(super) users: Vec<User>,
    #[serde(default)]
    pub(super) organizations: Vec<Value>,
    /// What a write did, in the answer to that write alone.
    pub(super) audit: Option<Audit>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireTicket {
    pub(super) id: Value,
    pub(super) updated_at: String,
    pub(super) created_at: Option<String>,
    pub(super) subject: Option<String>,
    /// The first comment's text.
    pub(super) description: Option<String>,
    pub(super) status: Option<String>,
    pub(super) priority: Option<String>,
    pub(super) tags: Option<Vec<String>>,
    #[serde(default)]
    pub(super) requester_id: Value,
    #[serde(default)]
    pub(super) group_id: Value,
    #[serde(default)]
    pub(super) assignee_id: Value,
    #[serde(default)]
    pub(super) brand_id: Value,
    #[serde(default)]
    pub(super) organization_id: Value,
    /// Agents who follow.
    pub(super) follower_ids: Option<Vec<Value>>,
    /// Whoever gets a copy of public comments.
    pub(super) email_cc_ids: Option<Vec<Value>>,
    pub(super) custom_fields: Option<Vec<CustomField>>,
    pub(super) via: Option<Via>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CustomField {
    pub(super) id: Value,
    #[serde(default)]
    pub(super) value: Value,
}

#[derive(Debug, Deserialize)]
pub(super) struct Via {
    #[serde(default)]
    pub(super) channel: Value,
    /// `from`, `to` and `rel`; of mail with addresses.
    #[serde(default)]
    pub(super) source: Value,
}

#[derive(Debug, Deserialize)]
pub(super) struct Audit {
    #[serde(default)]
    pub(super) events: Vec<AuditEvent>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AuditEvent {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) public: Option<bool>,
    /// The built-in field's name, or a custom field's id.
    pub(super) field_name: Option<String>,
    #[serde(default)]
    pub(super) value: Value,
    #[serde(default)]
    pub(super) previous_value: Value,
    pub(super) via: Option<Via>,
}

/// One page of `GET /api/v2/tickets/{id}/audits`.
#[derive(Debug, Deserialize)]
pub(super) struct Audits {
    pub(super) audits: Vec<TicketAudit>,
}

/// One update of a ticket, with everything it did.
#[derive(Debug, Deserialize)]
pub(super) struct TicketAudit {
    pub(super) created_at: Option<String>,
    #[serde(default)]
    pub(super) author_id: Value,
    pub(super) via: Option<Via>,
    #[serde(default)]
    pub(super) events: Vec<AuditEvent>,
}

#[derive(Debug, Deserialize)]
pub(super) struct User {
    #[serde(default)]
    pub(super) id: Value,
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) role: Option<String>,
    pub(super) active: Option<bool>,
    pub(super) suspended: Option<bool>,
    #[serde(default)]
    pub(super) user_fields: Value,
}

/// One page of `GET /api/v2/tickets/{id}/comments`.
#[derive(Debug, Deserialize)]
pub(super) struct Comments {
    pub(super) comments: Vec<Comment>,
    #[serde(default)]
    pub(super) users: Vec<User>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Comment {
    #[serde(default)]
    pub(super) author_id: Value,
    pub(super) public: Option<bool>,
    pub(super) body: Option<String>,
    pub(super) html_body: Option<String>,
    pub(super) plain_body: Option<String>,
    /// The platform's notes from when it took the comment in.
    #[serde(default)]
    pub(super) metadata: Value,
}

/// `GET /api/v2/groups`.
#[derive(Debug, Deserialize)]
pub(super) struct Groups {
    pub(super) groups: Lenient<Group>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Brands {
    pub(super) brands: Lenient<Group>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Group {
    #[serde(default)]
    pub(super) id: Value,
    pub(super) name: String,
    pub(super) deleted: Option<bool>,
}

/// `GET /api/v2/ticket_fields`.
#[derive(Debug, Deserialize)]
pub(super) struct Fields {
    pub(super) ticket_fields: Lenient<WireField>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireField {
    #[serde(default)]
    pub(super) id: Value,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) title: String,
    pub(super) active: Option<bool>,
    pub(super) custom_field_options: Option<Lenient<FieldOption>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FieldOption {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) default: Option<bool>,
}

/// `GET /api/v2/users`.
#[derive(Debug, Deserialize)]
pub(super) struct Users {
    pub(super) users: Vec<User>,
}

/// `GET /api/v2/organizations/{id}`.
#[derive(Debug, Deserialize)]
pub(super) struct OrganizationAnswer {
    pub(super) organization: Value,
}

/// `GET /api/v2/users/me` and `GET /api/v2/users/{id}`.
#[derive(Debug, Deserialize)]
pub(super) struct Me {
    pub(super) user: User,
}

/// The paging part of any list (<https://developer.zendesk.com/api-reference/introduction/pagination/>).
#[derive(Debug, Deserialize)]
struct Paging {
    meta: Option<Meta>,
    links: Option<Links>,
}

#[derive(Debug, Deserialize)]
struct Meta {
    has_more: Option<bool>,
    after_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Links {
    next: Option<String>,
}

/// The answer's body as `T`; `None` where it is no JSON of that shape, which a proxy's HTML page is not either.
pub(super) fn parse<T: DeserializeOwned>(answer: &Answer) -> Option<T> {
    serde_json::from_slice(&answer.body).ok()
}

/// A list's address. `query` is empty or starts with `&`.
pub(super) fn list(path: &str, query: &str) -> String {
    format!("{path}?page%5Bsize%5D=100{query}")
}

/// The page after `answer`, where there is one. The cursor is preferred to the link: it stays on our host even
/// where an account answers under two names.
pub(super) fn next_page(answer: &Answer, list: &str, base_url: &str) -> Option<Read> {
    let paging: Paging = parse(answer)?;
    let meta = paging.meta?;
    if meta.has_more != Some(true) {
        return None;
    }
    if let Some(cursor) = meta.after_cursor.filter(|cursor| !cursor.is_empty() && cursor.len() <= 2_000) {
        return Some(Read::get(format!("{list}&page%5Bafter%5D={}", percent(&cursor))));
    }
    let link = paging.links?.next?;
    PathAndQuery::from_link(&link, base_url).map(|path| Read { path, search: None })
}

fn percent(text: &str) -> String {
    use std::fmt::Write;
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(byte.into());
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// A tag as Zendesk stores it: lower-case, without white space.
pub(super) fn stored_tag(tag: &str) -> String {
    tag.split_whitespace().collect::<Vec<_>>().join("_").to_lowercase()
}

/// Tickets are numbered, so nothing but digits may become part of a path (`show_many` is one of its
/// siblings).
pub(super) fn ticket_id(value: &Value, path: &str) -> Result<TicketId, Malformed> {
    let wrong = || Malformed::new(path, "a ticket number was expected");
    let id = RemoteId::from_json(value).filter(|id| digits(id.as_str())).ok_or_else(wrong)?;
    TicketId::new(id.0).map_err(|_| wrong())
}

/// Whether the text is a number as Zendesk numbers things.
pub(super) fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

impl Comment {
    /// Whether this is the note with this mark. A customer who quotes one in public has not written our note.
    pub(super) fn is_note(&self, marker: &str) -> bool {
        let mut texts = [&self.body, &self.html_body, &self.plain_body].into_iter().flatten();
        self.public == Some(false) && texts.any(|text| text.contains(marker))
    }
}

impl User {
    pub(super) fn remote_id(&self) -> Option<RemoteId> {
        RemoteId::from_json(&self.id)
    }
}
