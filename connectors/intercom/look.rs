//! Reads a conversation or a ticket back, whole, in our words.
//!
//! One GET brings everything but the customer's address, which a second one fetches only where the first lacks
//! it. <https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations/retrieveconversation>

use std::collections::BTreeMap;

use serde_json::Value;

use super::marks;
use super::verify::TICKET;
use super::wire::{self, Item, Part};
use super::{Intercom, Version};
use crate::call::{Answer, Next, Read, Refusal};
use crate::connector::Looked;
use crate::delivery::Notice;
use crate::plain_text::{self, About};
use crate::profile::Whose;
use crate::ticket::{
    Author, FieldValue, Message, Priority, RemoteId, Requester, Skip, Status, Ticket, TicketId,
    Version as State,
};

/// The attribute that stands in for a priority where the API cannot write one.
pub(super) const PRIORITY: &str = "Priority";

/// Where contacts and companies keep what the workspace added.
const ATTRIBUTES: &str = "custom_attributes";

const TITLE: &str = "_default_title_";
const DESCRIPTION: &str = "_default_description_";

/// Reads the conversation, then the contact where its address is missing.
pub(super) fn look(account: &Intercom, notice: &Notice, answers: &[Answer]) -> Next<Looked> {
    let [first, rest @ ..] = answers else { return Next::Send(read(&notice.ticket)) };
    let item: Item = match wire::body(first) {
        Ok(item) => item,
        Err(next) => return next,
    };
    if held_by_a_bot(&item) {
        return Next::Done(Looked::Skip(Skip::StillWithABot));
    }
    if !customer_wrote(&item) {
        return Next::Done(Looked::Skip(Skip::NoCustomerYet));
    }
    let Some(mut ticket) = ticket(account.version, &notice.ticket, &item) else {
        return Next::Refused(Refusal::Invalid("the platform's answer has no `updated_at`".to_owned()));
    };
    let Some(contact) = contact_id(&item) else { return done(ticket, &item) };
    let mut answers = rest.iter();
    let mut record = |path: String| -> Result<Value, Next<Looked>> {
        let answer = answers.next().ok_or_else(|| Next::Send(Read::get(path)))?;
        // A contact that was merged away, or that we may not read, is no reason to leave the ticket alone.
        if matches!(answer.status, 403 | 404 | 410) { Ok(Value::Null) } else { wire::body(answer) }
    };
    let asked = account.profile.as_ref();
    let of_requester = asked.filter(|asked| asked.of == Whose::Requester);
    if ticket.requester.email.is_none() || of_requester.is_some() {
        let known = match record(format!("/contacts/{contact}")) {
            Ok(known) => known,
            Err(next) => return next,
        };
        let email = known.get("email").and_then(Value::as_str);
        ticket.requester.email = ticket.requester.email.or_else(|| address(email));
        ticket.profile = of_requester.map(|asked| asked.read(&known, ATTRIBUTES)).unwrap_or_default();
    }
    if let Some(asked) = asked.filter(|asked| asked.of == Whose::Organization) {
        // Of several companies the first counts. <https://developers.intercom.com/docs/references/rest-api/api.intercom.io/contacts/listcompaniesforacontact>
        match record(format!("/contacts/{contact}/companies")) {
            Ok(list) => ticket.profile = asked.read(&list["data"][0], ATTRIBUTES),
            Err(next) => return next,
        }
    }
    done(ticket, &item)
}

/// Ends a look, with what the ticket was recognised as.
fn done(ticket: Ticket, item: &Item) -> Next<Looked> {
    let machine = marks::recognise(&ticket, item);
    Next::Done(Looked::Ticket(Box::new(Ticket { machine, ..ticket })))
}

/// The GET that shows everything.
pub(super) fn read(ticket: &TicketId) -> Read {
    match ticket.as_str().strip_prefix(TICKET) {
        Some(id) => Read::get(format!("/tickets/{id}")),
        None => Read::get(format!("/conversations/{ticket}?display_as=plaintext")),
    }
}

/// The item in our words; `None` where it does not even say when it was changed.
pub(super) fn ticket(version: Version, id: &TicketId, item: &Item) -> Option<Ticket> {
    let attributes = item.custom_attributes.as_ref().or(item.ticket_attributes.as_ref());
    let fields: BTreeMap<RemoteId, FieldValue> = attributes
        .into_iter()
        .flatten()
        .filter(|(name, _)| *name != TITLE && *name != DESCRIPTION)
        .filter_map(|(name, value)| Some((RemoteId(name.clone()), FieldValue::from_json(value)?)))
        .collect();
    let described = |key: &str| {
        let attributes = item.ticket_attributes.as_ref()?;
        attributes.get(key).and_then(Value::as_str)
    };
    let subject =
        item.source.as_ref().and_then(|source| source.subject.as_deref()).or_else(|| described(TITLE));
    let subject = subject.map(plain_text::subject).unwrap_or_default();
    let messages = messages(item, Form::of(id), &subject, described(DESCRIPTION));
    let tags = item.tags.iter().flat_map(|list| &list.tags).filter_map(|tag| tag.name.clone()).collect();
    let channel = item
        .source
        .as_ref()
        .and_then(|source| source.kind.clone())
        .or_else(|| item.channel.as_str().map(str::to_owned));
    Some(Ticket {
        id: id.clone(),
        version: State(item.updated_at?.to_string()),
        subject,
        requester: requester(item),
        status: status(item, &messages),
        priority: priority(version, item.priority.as_deref(), &fields),
        priority_is_default: false,
        tags,
        group: RemoteId::from_json(&item.team_assignee_id),
        assignee: RemoteId::from_json(&item.admin_assignee_id),
        fields,
        channel,
        brand: None,
        profile: BTreeMap::new(),
        followers: Vec::new(),
        created_at: wire::timestamp(item.created_at),
        machine: None,
        messages,
    })
}

/// Names the form in which the bodies of an answer are written. The request decides it, never what a body looks like: a visitor may type
/// anything into the messenger, angle brackets too.
#[derive(Clone, Copy)]
enum Form {
    /// `display_as=plaintext` was asked for.
    Plain,
    /// Parts of a ticket, for which there is no such parameter.
    Html,
}

impl Form {
    fn of(id: &TicketId) -> Self {
        if id.as_str().starts_with(TICKET) { Self::Html } else { Self::Plain }
    }

    fn text(self, body: &str, about: About<'_>) -> String {
        match self {
            Self::Plain => plain_text::from_plain(body, about),
            Self::Html => plain_text::from_html(body, about),
        }
    }
}

fn messages(item: &Item, form: Form, subject: &str, description: Option<&str>) -> Vec<Message> {
    let first = About { subject, is_first: true };
    let later = About { subject, is_first: false };
    let source = item.source.as_ref().and_then(|source| {
        Some(Message {
            author: author(source.author.as_ref()),
            public: true,
            text: form.text(source.body.as_deref()?, first),
        })
    });
    // A ticket's description is what the customer asked, whoever typed it in. Attributes are plain text.
    let described = description.map(|body| Message {
        author: Author::Customer,
        public: true,
        text: plain_text::from_plain(body, first),
    });
    let parts = item.parts().iter().filter_map(|part| {
        let public = is_public(part)?;
        Some(Message {
            author: author(part.author.as_ref()),
            public,
            text: form.text(part.body.as_deref()?, later),
        })
    });
    source.into_iter().chain(described).chain(parts).filter(|message| !message.text.is_empty()).collect()
}

/// Whether the customer sees a part's body; `None` for parts that are no message (summaries, state changes).
fn is_public(part: &Part) -> Option<bool> {
    match part.part_type.as_deref()? {
        "comment" | "quick_reply" | "open" | "close" | "snoozed" => Some(true),
        kind if kind.starts_with("note") || kind.starts_with("assign") => Some(false),
        _ => None,
    }
}

/// Whether the part is what somebody of the desk told the customer.
pub(super) fn is_answer(part: &Part) -> bool {
    is_public(part) == Some(true) && author(part.author.as_ref()) != Author::Customer
}

fn author(author: Option<&wire::Author>) -> Author {
    match author.and_then(|author| author.kind.as_deref()) {
        Some("admin" | "team") => Author::Agent,
        Some("bot") => Author::Bot,
        _ => Author::Customer,
    }
}

fn is_customer(author: &wire::Author) -> bool {
    matches!(author.kind.as_deref(), Some("lead" | "user" | "contact"))
}

fn requester(item: &Item) -> Requester {
    let source =
        item.source.as_ref().and_then(|source| source.author.as_ref()).filter(|author| is_customer(author));
    let email = source.and_then(|author| address(author.email.as_deref()));
    Requester { id: contact_id(item), email }
}

fn contact_id(item: &Item) -> Option<RemoteId> {
    let source =
        item.source.as_ref().and_then(|source| source.author.as_ref()).filter(|author| is_customer(author));
    let contact = item.contacts.as_ref().and_then(|list| list.contacts.first());
    source.or(contact).and_then(|author| wire::path_id(&author.id))
}

fn address(email: Option<&str>) -> Option<String> {
    email.map(|email| email.trim().to_lowercase()).filter(|email| !email.is_empty())
}

/// Nothing is archived on this platform: a closed conversation is reopened by a write, so it counts as solved.
fn status(item: &Item, messages: &[Message]) -> Status {
    // Up to 2.11 a ticket's state is a word, later an object. <https://developers.intercom.com/docs/references/2.12/changelog>
    let category = item.ticket_state.get("category").unwrap_or(&item.ticket_state).as_str();
    match (item.state.as_deref(), category) {
        (_, Some("resolved")) | (Some("closed"), _) => Status::Solved,
        _ if item.open == Some(false) && item.state.is_none() => Status::Solved,
        (Some("snoozed"), _) | (_, Some("waiting_on_customer")) => Status::Pending,
        (_, Some("submitted")) => Status::New,
        (_, Some(_)) => Status::Open,
        _ => {
            let untouched = messages.iter().all(|message| message.author != Author::Agent);
            let unassigned = RemoteId::from_json(&item.admin_assignee_id).is_none();
            if untouched && unassigned { Status::New } else { Status::Open }
        }
    }
}

/// The priority that our own writes set: the native one where it can be written, else the attribute, and the
/// native one where the attribute is not set.
fn priority(
    version: Version,
    native: Option<&str>,
    fields: &BTreeMap<RemoteId, FieldValue>,
) -> Option<Priority> {
    let native = native.and_then(word);
    if version.writes_priority() {
        return native;
    }
    let attribute =
        fields.iter().find(|(name, _)| name.0.eq_ignore_ascii_case(PRIORITY)).map(|(_, value)| value);
    match attribute {
        Some(FieldValue::Text(text)) => word(text),
        _ => None,
    }
    .or(native)
}

/// A priority in any of the platform's spellings; up to 2.15 the native one is a flag.
pub(super) fn word(text: &str) -> Option<Priority> {
    match text.trim().to_lowercase().as_str() {
        "medium" => Some(Priority::Normal),
        "priority" => Some(Priority::High),
        word => word.parse().ok(),
    }
}

/// Returns whether a customer has written, a file at least. Campaigns and greetings are conversations too, and every
/// ticket was asked for by somebody.
fn customer_wrote(item: &Item) -> bool {
    let by_customer = |author: Option<&wire::Author>| self::author(author) == Author::Customer;
    let asked = item.ticket_attributes.is_some() || item.source.is_none();
    let began = item.source.as_ref().is_some_and(|source| by_customer(source.author.as_ref()));
    let replied =
        || item.parts().iter().any(|part| is_public(part) == Some(true) && by_customer(part.author.as_ref()));
    asked || began || replied()
}

/// Whether the AI agent still works on it: it took part, has come to no end, nobody else was given the
/// conversation, and no person has written.
fn held_by_a_bot(item: &Item) -> bool {
    let took_part = item.ai_agent_participated == Some(true);
    let undecided = item.ai_agent.as_ref().is_none_or(|agent| agent.resolution_state.is_none());
    let unassigned = [&item.team_assignee_id, &item.admin_assignee_id]
        .into_iter()
        .all(|id| RemoteId::from_json(id).is_none());
    let nobody_wrote = !item.parts().iter().any(|part| author(part.author.as_ref()) == Author::Agent);
    let open = item.state.as_deref() != Some("closed");
    took_part && undecided && unassigned && nobody_wrote && open
}
