//! Freshdesk's JSON: what its webhooks post, what its API answers, and what it says when it refuses.
//!
//! Webhook bodies are written by an administrator in a dialog, so ids come as numbers or text, with or without the
//! wrapper, and the event in one of three spellings. Everything is read leniently except the ticket's number, which
//! is the one thing that is used. It never quotes a value in an error.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::call::{Answer, Later, Next, Refusal, judge};
use crate::delivery::{Malformed, Notice, NoticeKind};
use crate::ticket::TicketId;

/// What a webhook says happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A ticket was created.
    Created,
    /// The customer wrote again.
    CustomerReplied,
    /// Something else, in the platform's word.
    Other(String),
    /// The body does not say: the dialog's "Simple" content has no place for it.
    Untold,
}

/// A webhook's body, as far as it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Happened {
    pub(super) ticket: TicketId,
    pub(super) event: Event,
    pub(super) at: Option<Timestamp>,
}

impl Happened {
    /// Reads our recommended template, the signing app's body, and the dialog's "Simple" and "Advanced" contents.
    pub(super) fn read(body: &[u8]) -> Result<Self, Malformed> {
        let whole: Value = Malformed::read(body)?;
        let (at, fields) = match whole.get("freshdesk_webhook") {
            Some(inner) => ("$.freshdesk_webhook", inner),
            None => ("$", &whole),
        };
        let fields = fields.as_object().ok_or_else(|| Malformed::new(at, "an object was expected"))?;
        let path = format!("{at}.ticket_id");
        let number = match fields.get("ticket_id") {
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(_) => return Err(Malformed::new(path, "a ticket's number was expected")),
            None => return Err(Malformed::new(path, "the ticket's number is missing")),
        };
        // An unexpanded placeholder, a fraction or a word is no ticket number.
        let plausible =
            number.len() <= 19 && number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0');
        let ticket = TicketId::new(number).ok().filter(|_| plausible);
        let ticket = ticket.ok_or_else(|| Malformed::new(path, "a ticket's number was expected"))?;
        let word = ["triggered_event", "event"].iter().find_map(|key| fields.get(*key)?.as_str());
        Ok(Self {
            ticket,
            event: Event::of(word.unwrap_or_default()),
            at: fields.get("timestamp").and_then(moment),
        })
    }

    /// The notice for the inbox. An untold event is taken for a creation, because the rule we recommend runs there.
    pub(super) fn notice(self) -> Notice {
        let kind = match self.event {
            Event::Created | Event::Untold => NoticeKind::Created,
            Event::CustomerReplied => NoticeKind::CustomerReplied,
            Event::Other(_) => NoticeKind::Other,
        };
        Notice { kind, ticket: self.ticket, actor: None, occurred_at: self.at }
    }
}

impl Event {
    /// From our own words, an app event's name, or the pseudo-object that `{{triggered_event}}` expands to, such as
    /// `{ticket_action:created}`; it looks like JSON and is none.
    fn of(word: &str) -> Self {
        let word = word.trim();
        let squeezed: String = word.chars().filter(|c| !c.is_whitespace()).collect();
        match squeezed.to_ascii_lowercase().as_str() {
            "" => Self::Untold,
            "ticket_created"
            | "ticket.created"
            | "ticketcreated"
            | "ticket-created"
            | "created"
            | "onticketcreate"
            | "{ticket_action:created}" => Self::Created,
            "customer_replied"
            | "customer.replied"
            | "customerreplied"
            | "replied"
            | "onconversationcreate" => Self::CustomerReplied,
            word if word.starts_with("{reply:") || word.starts_with("{reply_sent:") => Self::CustomerReplied,
            word => Self::Other(word.to_owned()),
        }
    }
}

/// A moment as the signing app writes it: seconds with a fraction.
fn moment(value: &Value) -> Option<Timestamp> {
    let seconds = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    let since = Duration::try_from_secs_f64(seconds).ok()?;
    Timestamp::from_millisecond(i64::try_from(since.as_millis()).ok()?).ok()
}

/// A ticket as the API shows it. <https://developers.freshdesk.com/api/#tickets>
#[derive(Debug, Deserialize)]
pub(super) struct TicketBody {
    #[serde(default)]
    pub(super) subject: Option<String>,
    #[serde(default)]
    pub(super) description_text: Option<String>,
    #[serde(default)]
    pub(super) description: Option<String>,
    pub(super) status: u64,
    #[serde(default)]
    pub(super) priority: Option<u64>,
    #[serde(default)]
    pub(super) source: Option<u64>,
    #[serde(default, rename = "type")]
    pub(super) kind: Option<String>,
    #[serde(default)]
    pub(super) tags: Option<Vec<String>>,
    #[serde(default)]
    pub(super) group_id: Value,
    #[serde(default)]
    pub(super) responder_id: Value,
    #[serde(default)]
    pub(super) requester_id: Value,
    #[serde(default)]
    pub(super) company_id: Value,
    /// What the platform has instead of brands.
    #[serde(default)]
    pub(super) product_id: Value,
    #[serde(default)]
    pub(super) cc_emails: Option<Vec<String>>,
    #[serde(default)]
    pub(super) requester: Option<PersonBody>,
    #[serde(default)]
    pub(super) custom_fields: Option<Map<String, Value>>,
    #[serde(default)]
    pub(super) spam: Option<bool>,
    #[serde(default)]
    pub(super) deleted: Option<bool>,
    #[serde(default)]
    pub(super) stats: Option<Stats>,
    #[serde(default)]
    pub(super) created_at: Option<String>,
    /// Kept to the letter: it is the version.
    pub(super) updated_at: String,
}

/// When what happened to a ticket, where `include=stats` asked for it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Stats {
    pub(super) first_responded_at: Option<String>,
    pub(super) resolved_at: Option<String>,
    pub(super) closed_at: Option<String>,
}

/// A contact or an agent's contact part.
#[derive(Debug, Default, Deserialize)]
pub(super) struct PersonBody {
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) email: Option<String>,
}

/// A reply or note. <https://developers.freshdesk.com/api/#conversations>
#[derive(Debug, Deserialize)]
pub(super) struct ConversationBody {
    #[serde(default)]
    pub(super) body: Option<String>,
    #[serde(default)]
    pub(super) body_text: Option<String>,
    #[serde(default)]
    pub(super) incoming: Option<bool>,
    #[serde(default)]
    pub(super) private: Option<bool>,
    /// True where the platform took it for an automatic answer.
    #[serde(default)]
    pub(super) auto_response: Option<bool>,
}

/// How many conversations a page of a thread holds.
pub(super) const THREAD_PAGE: usize = 30;
/// How many pages of a thread are read; more is a ticket that triage has nothing to add to.
pub(super) const THREAD_PAGES: usize = 10;

/// The path of a page of a ticket's thread, counted from 1.
pub(super) fn thread(ticket: &TicketId, page: usize) -> String {
    format!("/api/v2/tickets/{ticket}/conversations?page={page}")
}

/// The answer as `D`; otherwise how the exchange ends. An answer that is no such JSON is a failure to repeat, not a
/// fact: a proxy's page with status 200 says nothing about the ticket.
pub(super) fn read<D: DeserializeOwned, T, C>(answer: &Answer) -> Result<D, Next<T, C>> {
    if matches!(answer.status, 400 | 422) {
        return Err(Next::Refused(Refusal::Invalid(objections(answer))));
    }
    judge(answer)?;
    serde_json::from_slice(&answer.body).map_err(|_| Next::Later(Later::Failed))
}

/// Which fields the platform objects to, by name and code. Its messages are left out: they may quote the ticket.
/// <https://developers.freshdesk.com/api/#error>
fn objections(answer: &Answer) -> String {
    let body = answer.json().unwrap_or_default();
    let word = |value: Option<&Value>| -> Option<String> {
        let text: String = value?
            .as_str()?
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c))
            .take(64)
            .collect();
        (!text.is_empty()).then_some(text)
    };
    let named: Vec<String> = body
        .get("errors")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .take(10)
        .filter_map(|error| {
            let code = word(error.get("code")).unwrap_or_else(|| "no code".to_owned());
            word(error.get("field")).map(|field| format!("`{field}` ({code})"))
        })
        .collect();
    match (named.is_empty(), word(body.get("code"))) {
        (false, _) => format!("Freshdesk rejects {}", named.join(", ")),
        (true, Some(code)) => format!("Freshdesk rejects the request ({code})"),
        (true, None) => format!("Freshdesk rejects the request ({})", answer.status),
    }
}
