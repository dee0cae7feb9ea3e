//! Intercom's JSON, as leniently as it is sent.
//!
//! The same thing is a number, a string or null depending on version and endpoint, and webhook copies differ from
//! the published schema; so every field is optional here and only what a caller cannot do without is asked for
//! there. <https://developers.intercom.com/docs/references/rest-api/api.intercom.io>

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::call::{self, Answer, Later, Next, Pace};
use crate::ticket::{FieldValue, RemoteId};

/// A notification. <https://developers.intercom.com/docs/references/webhooks/webhook-models>
#[derive(Debug, Deserialize)]
pub(super) struct Notification {
    pub(super) topic: String,
    pub(super) data: Data,
    #[serde(default)]
    pub(super) created_at: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Data {
    pub(super) item: Item,
}

/// A conversation or a ticket, from the API or inside a notification.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Item {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) id: Value,
    pub(super) conversation_id: Value,
    pub(super) created_at: Option<i64>,
    pub(super) updated_at: Option<i64>,
    pub(super) source: Option<Source>,
    pub(super) contacts: Option<Contacts>,
    pub(super) admin_assignee_id: Value,
    pub(super) team_assignee_id: Value,
    pub(super) open: Option<bool>,
    pub(super) state: Option<String>,
    pub(super) tags: Option<Tags>,
    pub(super) priority: Option<String>,
    pub(super) custom_attributes: Option<BTreeMap<String, Value>>,
    pub(super) ticket_attributes: Option<BTreeMap<String, Value>>,
    pub(super) ticket_state: Value,
    pub(super) channel: Value,
    pub(super) ai_agent_participated: Option<bool>,
    pub(super) ai_agent: Option<AiAgent>,
    pub(super) conversation_parts: Option<ConversationParts>,
    pub(super) ticket_parts: Option<TicketParts>,
    pub(super) statistics: Option<Statistics>,
}

impl Item {
    /// The thread after the first message, oldest first.
    pub(super) fn parts(&self) -> &[Part] {
        let conversation = self.conversation_parts.as_ref().map(|list| list.conversation_parts.as_slice());
        let ticket = self.ticket_parts.as_ref().map(|list| list.ticket_parts.as_slice());
        conversation.or(ticket).unwrap_or_default()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Source {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) body: Option<String>,
    pub(super) author: Option<Author>,
    /// The way in which the conversation was begun.
    pub(super) delivered_as: Option<String>,
    /// Of mail: its subject and the addresses in its headers.
    pub(super) email_message_metadata: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Author {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) id: Value,
    pub(super) email: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Contacts {
    pub(super) contacts: Vec<Author>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tags {
    pub(super) tags: Vec<NamedItem>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NamedItem {
    pub(super) id: Value,
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) applied_at: Option<i64>,
    pub(super) applied_by: Option<Author>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AiAgent {
    pub(super) resolution_state: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ConversationParts {
    pub(super) conversation_parts: Vec<Part>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TicketParts {
    pub(super) ticket_parts: Vec<Part>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part {
    pub(super) part_type: Option<String>,
    pub(super) body: Option<String>,
    pub(super) author: Option<Author>,
    pub(super) created_at: Option<i64>,
    pub(super) assigned_to: Option<Author>,
    /// On conversations: `{attribute: {name}, value: {name}}`.
    pub(super) event_details: Value,
    /// On tickets: `{attribute: {label}, value: {label}}`.
    pub(super) updated_attribute_data: Value,
    /// The app behind a part that the API made.
    pub(super) app_package_code: Option<String>,
}

impl Part {
    /// The attribute that the part is about, and what it holds since.
    pub(super) fn attribute(&self) -> Option<(String, Option<FieldValue>)> {
        let (data, key) = if self.event_details.is_object() {
            (&self.event_details, "name")
        } else {
            (&self.updated_attribute_data, "label")
        };
        let name = data.get("attribute")?.get(key)?.as_str()?.to_owned();
        Some((name, data.get("value").and_then(|value| value.get(key)).and_then(FieldValue::from_json)))
    }
}

/// What the platform counts of an item.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Statistics {
    pub(super) last_close_at: Value,
}

/// A moment as seconds, or as text where a notification carries it.
pub(super) fn moment(value: &Value) -> Option<Timestamp> {
    value
        .as_i64()
        .map_or_else(|| value.as_str()?.parse().ok(), |seconds| Timestamp::from_second(seconds).ok())
}

/// Seconds since the epoch, where the platform gives them.
pub(super) fn timestamp(seconds: Option<i64>) -> Option<Timestamp> {
    seconds.and_then(|seconds| Timestamp::from_second(seconds).ok())
}

/// An identifier that may stand in a path.
pub(super) fn path_id(id: &Value) -> Option<RemoteId> {
    RemoteId::from_json(id).filter(|id| {
        id.0.len() <= 64 && id.0.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    })
}

/// A successful answer's body; otherwise how to go on.
pub(super) fn body<T: serde::de::DeserializeOwned, R, C>(answer: &Answer) -> Result<T, Next<R, C>> {
    judge(answer)?;
    // A proxy's page with status 200, or an answer of another shape, is a failure on the way: tried again, then set aside.
    serde_json::from_slice(&answer.body).map_err(|_| Next::Later(Later::Failed))
}

/// What the status says; a platform at its limit names the moment of reset instead of a pause.
pub(super) fn judge<R, C>(answer: &Answer) -> Result<(), Next<R, C>> {
    if answer.status == 429 {
        let after = answer.retry_after().or_else(|| until_reset(answer));
        return Err(Next::Later(Later::Busy { after }));
    }
    call::judge(answer)
}

/// The codes and fields of an error list: what went wrong, without the message, which may quote what we sent.
pub(super) fn error_codes(answer: &Answer) -> Vec<(String, Option<String>, String)> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let json = answer.json().unwrap_or_default();
    let errors = json.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
    let read = |error: &Value| {
        (
            text(error, "code").unwrap_or_default(),
            text(error, "field"),
            text(error, "message").unwrap_or_default(),
        )
    };
    errors.iter().map(read).collect()
}

/// <https://developers.intercom.com/docs/references/rest-api/errors/rate-limiting>
pub(super) fn pace(answer: &Answer) -> Option<Pace> {
    let limit = header(answer, "x-ratelimit-limit")?.try_into().ok()?;
    let remaining = header(answer, "x-ratelimit-remaining")?.max(0).try_into().ok()?;
    Some(Pace { limit, remaining, reset: until_reset(answer) })
}

/// The pause until the window ends, by the platform's own clock: its reset is a moment, and the only other moment
/// known here is the one at which it answered.
fn until_reset(answer: &Answer) -> Option<Duration> {
    let reset = header(answer, "x-ratelimit-reset")?;
    let answered = answer.answered_at()?.as_second();
    let seconds = u64::try_from(reset.saturating_sub(answered).max(0)).ok()?;
    Some(Duration::from_secs(seconds.min(3_600)))
}

fn header(answer: &Answer, name: &str) -> Option<i64> {
    answer.headers.get(name)?.to_str().ok()?.trim().parse().ok()
}
