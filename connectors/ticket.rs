//! The normalised ticket. An Intercom conversation is read as one too.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::machine::Recognised;

/// A ticket's identifier on its platform: 1–64 ASCII letters, digits, `-` or `_`, so that it can become
/// neither a path nor a host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TicketId(String);

impl TicketId {
    /// Checks the characters.
    ///
    /// # Errors
    /// Says what a ticket id may contain; never quotes the value.
    pub fn new(id: impl Into<String>) -> Result<Self, &'static str> {
        let id = id.into();
        let fits = !id.is_empty()
            && id.len() <= 64
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if fits { Ok(Self(id)) } else { Err("a ticket id has 1 to 64 of A-Z, a-z, 0-9, `-` and `_`") }
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TicketId {
    type Error = &'static str;

    fn try_from(id: String) -> Result<Self, Self::Error> {
        Self::new(id)
    }
}

impl From<TicketId> for String {
    fn from(id: TicketId) -> Self {
        id.0
    }
}

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The identifier of a group, agent, field, tag or person on a platform. Text, because ids exceed 2^53 and
/// platforms write them as numbers in one place and strings in another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RemoteId(pub String);

impl RemoteId {
    /// Reads a JSON number, string or null. Null, `0` and `"0"` mean "none" on these platforms.
    pub fn from_json(value: &serde_json::Value) -> Option<Self> {
        let text = match value {
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::String(text) => text.clone(),
            _ => return None,
        };
        (!text.is_empty() && text != "0").then_some(Self(text))
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As a JSON number where it is one, else as a string: what write endpoints accept.
    pub fn to_json(&self) -> serde_json::Value {
        self.0
            .parse::<u64>()
            .map_or_else(|_| serde_json::Value::from(self.0.clone()), serde_json::Value::from)
    }
}

impl fmt::Display for RemoteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A state of a ticket that changes with every change to it: the platform's own `updated_at`, to the letter.
/// Compared for equality only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version(pub String);

/// A tag, as the platform spells it.
pub type Tag = String;

/// How urgent a ticket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Can wait.
    Low,
    /// The usual.
    Normal,
    /// Soon.
    High,
    /// Now.
    Urgent,
}

impl Priority {
    /// Every priority, least urgent first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Urgent];

    /// The word used in rulebooks and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }
}

impl FromStr for Priority {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|priority| priority.as_str() == word)
            .ok_or_else(|| "a priority is one of urgent, high, normal, low".to_owned())
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody has looked yet.
    New,
    /// Being worked on.
    Open,
    /// Waiting for the customer.
    Pending,
    /// Waiting for a third party.
    Hold,
    /// Answered for good, but may come back.
    Solved,
    /// Archived: the platform accepts no more changes.
    Closed,
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The customer.
    Customer,
    /// A person of the desk.
    Agent,
    /// A machine.
    Bot,
}

/// One message of a ticket, as plain text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who wrote it.
    pub author: Author,
    /// Whether the customer can see it.
    pub public: bool,
    /// Plain text: tags stripped, entities decoded.
    pub text: String,
}

/// The person who asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requester {
    /// Their id on the platform.
    pub id: Option<RemoteId>,
    /// Their address, lower-case.
    pub email: Option<String>,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FieldValue {
    /// A check box.
    Flag(bool),
    /// A number.
    Number(serde_json::Number),
    /// Text, a date, or an option's stored value.
    Text(String),
    /// Several options.
    Many(Vec<String>),
}

impl FieldValue {
    /// Reads a JSON value; null and empty text or lists mean "unset".
    pub fn from_json(value: &serde_json::Value) -> Option<Self> {
        match value {
            serde_json::Value::Bool(flag) => Some(Self::Flag(*flag)),
            serde_json::Value::Number(number) => Some(Self::Number(number.clone())),
            serde_json::Value::String(text) if !text.is_empty() => Some(Self::Text(text.clone())),
            serde_json::Value::Array(items) if !items.is_empty() => {
                Some(Self::Many(items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()))
            }
            _ => None,
        }
    }
}

impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
            Self::Many(values) => f.write_str(&values.join(", ")),
        }
    }
}

/// A ticket as read back from its platform: whole, current, in our words, with ids where it refers to
/// things of the platform (a [`crate::Directory`] turns those into names).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// Its identifier.
    pub id: TicketId,
    /// The state that was read; guards the write where the platform can.
    pub version: Version,
    /// The subject line; empty where there is none.
    pub subject: String,
    /// Oldest first. What the customer wrote before a person answered is what the ticket is about.
    pub messages: Vec<Message>,
    /// Who asked.
    pub requester: Requester,
    /// Where it stands.
    pub status: Status,
    /// Its priority; `None` where nobody set one.
    pub priority: Option<Priority>,
    /// Whether [`Self::priority`] is what the platform gives every new ticket, so that no person chose it.
    pub priority_is_default: bool,
    /// Its tags.
    pub tags: BTreeSet<Tag>,
    /// Its group or team.
    pub group: Option<RemoteId>,
    /// Its agent.
    pub assignee: Option<RemoteId>,
    /// Set fields by id: custom-field id (Zendesk), attribute name (Intercom), `cf_…` or built-in name (Freshdesk).
    pub fields: BTreeMap<RemoteId, FieldValue>,
    /// What the platform knows of the customer, for segments: `organization.<field>`, `company.<field>`, `requester.<field>`.
    /// Filled only where the account's settings ask for it.
    #[serde(default)]
    pub profile: BTreeMap<String, FieldValue>,
    /// Who else follows it or is copied, where the platform has such a thing: by id, and by address where it tells one.
    #[serde(default)]
    pub followers: Vec<Requester>,
    /// How it came in, in the platform's word.
    pub channel: Option<String>,
    /// Its brand's id, where the platform has brands.
    pub brand: Option<RemoteId>,
    /// When it was opened.
    pub created_at: Option<Timestamp>,
    /// The kind of machine mail that opened it; `None` where a person did, as far as that can be
    /// told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<Recognised>,
}

impl Ticket {
    /// Returns the text that is classified: the customer's messages up to the first answer of a
    /// person, with an empty line between two of them, in at most [`MOST_TEXT`] bytes. Where no
    /// customer has written (an agent opened the ticket for them), the first public message; empty
    /// where there is none.
    pub fn first_customer_text(&self) -> Cow<'_, str> {
        let mut asked = self.asked();
        let Some(first) = asked.next() else {
            let public = self.messages.iter().find(|message| message.public);
            return Cow::Borrowed(public.map_or("", |message| message.text.as_str()));
        };
        let mut text = Cow::Borrowed(first.text.as_str());
        for more in asked.filter(|message| !message.text.is_empty()) {
            if text.len() + 2 >= MOST_TEXT {
                break;
            }
            let text = text.to_mut();
            text.push_str(if text.is_empty() { "" } else { "\n\n" });
            text.push_str(&more.text[..more.text.floor_char_boundary(MOST_TEXT.saturating_sub(text.len()))]);
        }
        text
    }

    /// Counts the customer's messages up to the first answer of a person.
    pub fn asked_messages(&self) -> usize {
        self.asked().count()
    }

    /// Tells whether a person of the desk has answered the customer in public.
    pub fn is_answered(&self) -> bool {
        self.since_the_customer_wrote().any(|message| message.author == Author::Agent)
    }

    /// Counts the first `ours` public answers to the customer as a machine's: they were sent in our
    /// name.
    pub fn discount_answers(&mut self, ours: usize) {
        let written = self.messages.iter_mut().filter(|message| message.public);
        let since = written.skip_while(|message| message.author != Author::Customer);
        since.filter(|message| message.author == Author::Agent).take(ours).for_each(|message| {
            message.author = Author::Bot;
        });
    }

    /// The customer's messages before a person answers. What the desk said before the customer did,
    /// and what a machine says in between, is no answer.
    fn asked(&self) -> impl Iterator<Item = &Message> {
        let unanswered =
            self.since_the_customer_wrote().take_while(|message| message.author != Author::Agent);
        unanswered.filter(|message| message.author == Author::Customer)
    }

    fn since_the_customer_wrote(&self) -> impl Iterator<Item = &Message> {
        let public = self.messages.iter().filter(|message| message.public);
        public.skip_while(|message| message.author != Author::Customer)
    }
}

#[cfg(test)]
mod tests;

/// The most bytes of several messages that are read together; one message alone is bounded where it
/// is read.
const MOST_TEXT: usize = 32 * 1024;

/// Why a ticket that was looked at is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// The change was ours.
    OwnEcho,
    /// The event is none that triage acts on.
    NotSubscribed,
    /// The platform accepts no more changes.
    Closed,
    /// Marked as spam or deleted.
    Spam,
    /// A bot still holds the conversation.
    StillWithABot,
    /// No customer has written yet: a campaign, or a bot's greeting.
    NoCustomerYet,
    /// This very version was decided before, by the same model and rulebook.
    AlreadyDecided,
}

impl Skip {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OwnEcho => "own_echo",
            Self::NotSubscribed => "not_subscribed",
            Self::Closed => "closed",
            Self::Spam => "spam",
            Self::StillWithABot => "still_with_a_bot",
            Self::NoCustomerYet => "no_customer_yet",
            Self::AlreadyDecided => "already_decided",
        }
    }
}
