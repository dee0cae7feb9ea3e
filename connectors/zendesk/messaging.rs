//! Messaging conversations: their words come with the events and nowhere else.
//!
//! A messaging ticket's comments hold a line in place of the conversation ("Conversation with Web
//! User …"), and the API shows no transcript while it goes on. Each message is an event of its own
//! that names its ticket
//! (<https://developer.zendesk.com/api-reference/webhooks/event-types/messaging-events>).

use serde::Deserialize;
use serde_json::Value;

use super::wire::{Said, ticket_id};
use crate::delivery::{Malformed, Notice, NoticeKind};
use crate::plain_text::{self, About};
use crate::preview::Heard;
use crate::ticket::{Author, Message, RemoteId};

/// The event of one message, whoever wrote it.
pub(super) const MESSAGE_ADDED: &str = "zen:event-type:messaging_ticket.message_added";

/// The words before the ticket's number in an event's subject.
const SUBJECT: &str = "zen:ticket:";

/// Channels whose comments are what people wrote; new ones of the others are held in messaging.
/// <https://developer.zendesk.com/documentation/ticketing/reference-guides/via-types/>
const WRITTEN: [&str; 12] = [
    "email",
    "web",
    "web_service",
    "api",
    "mobile",
    "mobile_sdk",
    "help_center",
    "web_form",
    "closed_ticket",
    "ticket_sharing",
    "rule",
    "system",
];

#[derive(Debug, Deserialize)]
struct MessageAdded {
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<String>,
    /// With nanoseconds.
    time: Option<String>,
    subject: Option<String>,
    detail: Option<Detail>,
    event: Option<Event>,
}

#[derive(Debug, Deserialize)]
struct Detail {
    #[serde(default)]
    id: Value,
}

#[derive(Debug, Deserialize)]
struct Event {
    actor: Option<Actor>,
    message: Option<Words>,
}

#[derive(Debug, Deserialize)]
struct Actor {
    #[serde(default)]
    id: Value,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Words {
    #[serde(default)]
    id: Value,
    body: Option<String>,
}

impl Actor {
    /// Of the documented kinds `trigger` and `system` are machines; a new kind is taken for one
    /// too.
    fn author(&self) -> Author {
        match self.kind.as_deref() {
            Some("end_user") => Author::Customer,
            Some("agent") => Author::Agent,
            _ => Author::Bot,
        }
    }
}

/// Returns the notice of an authentic message event.
pub(super) fn notice(body: &[u8]) -> Result<Said, Malformed> {
    let added: MessageAdded = Malformed::read(body)?;
    let named = added.subject.as_deref().and_then(|subject| subject.strip_prefix(SUBJECT));
    let ticket = match (added.detail.as_ref().map(|detail| &detail.id), named) {
        (None | Some(Value::Null), Some(number)) => ticket_id(&number.into(), "$.subject")?,
        (id, _) => ticket_id(id.unwrap_or(&Value::Null), "$.detail.id")?,
    };
    let actor = added.event.as_ref().and_then(|event| event.actor.as_ref());
    let kind = match actor.map(Actor::author) {
        Some(Author::Customer) => NoticeKind::CustomerReplied,
        _ => NoticeKind::Other,
    };
    let notice = Notice {
        kind,
        ticket,
        actor: actor.and_then(|actor| RemoteId::from_json(&actor.id)),
        occurred_at: added.time.as_deref().and_then(|time| time.parse().ok()),
    };
    Ok(Said::Notice { notice, event_id: added.id.filter(|id| !id.trim().is_empty()) })
}

/// Returns the message that a body brings; `None` for other events.
pub(super) fn heard(body: &[u8]) -> Option<Heard> {
    let added: MessageAdded = serde_json::from_slice(body).ok()?;
    let event = added.event.filter(|_| added.kind.as_deref() == Some(MESSAGE_ADDED))?;
    let words = event.message?;
    let id = RemoteId::from_json(&words.id).map(|id| id.0).or(added.id)?;
    let text = plain_text::from_plain(words.body.as_deref().unwrap_or_default(), About::default());
    Some(Heard { id, message: Message { author: event.actor?.author(), public: true, text } })
}

/// Tells whether a ticket's conversation may be held in messaging.
pub(super) fn is_messaging(channel: Option<&str>) -> bool {
    channel.is_some_and(|channel| !WRITTEN.contains(&channel) && !is_call(channel))
}

/// Tells whether a ticket came from a call.
pub(super) fn is_call(channel: &str) -> bool {
    channel == "voice" || channel.starts_with("phone")
}

/// Tells whether a messaging ticket's text is the line that stands for its conversation: it names a
/// visitor by a long hexadecimal number, or begins as the English one does.
pub(super) fn is_stand_in(text: &str) -> bool {
    let text = text.trim();
    let is_number = |word: &str| word.len() >= 16 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let one_line = !text.contains('\n') && text.len() <= 200;
    let begins = text.get(..18).is_some_and(|begin| begin.eq_ignore_ascii_case("conversation with "));
    one_line && (begins || text.split_whitespace().next_back().is_some_and(is_number))
}
