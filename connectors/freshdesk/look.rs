//! Reads a Freshdesk ticket back: the ticket with its requester, then its thread page by page.
//!
//! A webhook is a hint that anyone who holds the token could have written, so nothing of it is used but the
//! ticket's number. It never reads more than a bounded number of pages.

use std::collections::BTreeMap;

use serde_json::Value;

use super::wire::{ConversationBody, THREAD_PAGE, THREAD_PAGES, TicketBody, read, thread};
use crate::call::{Answer, Next, Read};
use crate::connector::Looked;
use crate::machine::MachineMail;
use crate::plain_text::{self, About};
use crate::profile::{Asked, Whose};
use crate::recognise::{self, Marks};
use crate::ticket::{
    Author, FieldValue, Message, Priority, RemoteId, Requester, Skip, Status, Ticket, TicketId, Version,
};

/// A ticket that the desk itself opened by writing to a customer.
const OUTBOUND_EMAIL: u64 = 10;

/// Reads the ticket, then its thread.
pub(super) fn look(id: &TicketId, asked: Option<&Asked>, answers: &[Answer]) -> Next<Looked> {
    run(id, asked, answers).unwrap_or_else(|stop| stop)
}

fn run(id: &TicketId, asked: Option<&Asked>, answers: &[Answer]) -> Result<Next<Looked>, Next<Looked>> {
    let mut answers = answers.iter();
    let Some(first) = answers.next() else {
        // Three credits of the minute's budget instead of one, and still one call less than asking for the contact.
        return Ok(Next::Send(Read::get(format!("/api/v2/tickets/{id}?include=requester"))));
    };
    let body: TicketBody = read(first)?;
    if body.spam == Some(true) || body.deleted == Some(true) {
        return Ok(Next::Done(Looked::Skip(Skip::Spam)));
    }
    if status(body.status) == Status::Closed {
        return Ok(Next::Done(Looked::Skip(Skip::Closed)));
    }
    let mut messages: Vec<Message> = opening(&body).into_iter().collect();
    let mut automatic = None;
    for page in 1..=THREAD_PAGES {
        let Some(answer) = answers.next() else {
            return Ok(Next::Send(Read::get(thread(id, page))));
        };
        // The ticket was there a moment ago and carries its description; if it is gone, the write says so.
        if answer.status == 404 {
            break;
        }
        let conversations: Vec<ConversationBody> = read(answer)?;
        let full = conversations.len() >= THREAD_PAGE;
        automatic = automatic.or_else(|| conversations.iter().find_map(is_automatic));
        messages.extend(conversations.into_iter().filter_map(message));
        if !full {
            break;
        }
    }
    // The desk wrote first, and nobody has answered: nothing is asked.
    let outbound = body.source == Some(OUTBOUND_EMAIL);
    if outbound && !messages.iter().any(|message| message.public && message.author == Author::Customer) {
        return Ok(Next::Done(Looked::Skip(Skip::NoCustomerYet)));
    }
    let profile = match asked {
        Some(asked) => profile(asked, &body, &mut answers)?,
        None => BTreeMap::new(),
    };
    let ticket = Ticket { profile, ..ticket(id, body, messages) };
    // Of the platform's marks one is about a message of the thread, which is the customer's first
    // where the desk wrote before.
    let platform = (outbound && automatic == Some(true)).then_some(MachineMail::AutoReply);
    let machine = recognise::recognise(&ticket, &Marks { platform, ..Marks::default() });
    Ok(Next::Done(Looked::Ticket(Box::new(Ticket { machine, ..ticket }))))
}

pub(super) fn ticket(id: &TicketId, body: TicketBody, messages: Vec<Message>) -> Ticket {
    let priority = body.priority.and_then(priority);
    let requester = Requester {
        id: RemoteId::from_json(&body.requester_id),
        email: body.requester.and_then(|person| person.email).map(|email| email.trim().to_lowercase()),
    };
    let mut fields: BTreeMap<RemoteId, FieldValue> = body
        .custom_fields
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((RemoteId(name), FieldValue::from_json(&value)?)))
        .collect();
    if let Some(kind) = body.kind.filter(|kind| !kind.is_empty()) {
        fields.insert(RemoteId("type".to_owned()), FieldValue::Text(kind));
    }
    Ticket {
        id: id.clone(),
        version: Version(body.updated_at),
        subject: body.subject.as_deref().map(plain_text::subject).unwrap_or_default(),
        messages,
        requester,
        status: status(body.status),
        priority,
        // Every new ticket is born low; nobody chose that. A person who chose low cannot be told apart.
        priority_is_default: priority == Some(Priority::Low),
        tags: body.tags.into_iter().flatten().collect(),
        group: RemoteId::from_json(&body.group_id),
        assignee: RemoteId::from_json(&body.responder_id),
        fields,
        profile: BTreeMap::new(),
        followers: body.cc_emails.into_iter().flatten().map(follower).collect(),
        channel: body.source.map(channel),
        brand: RemoteId::from_json(&body.product_id),
        created_at: body.created_at.and_then(|at| at.parse().ok()),
        machine: None,
    }
}

/// Whoever is copied, known by address alone.
fn follower(address: String) -> Requester {
    Requester { id: None, email: Some(address.trim().to_lowercase()) }
}

/// What the account knows of the customer. The ticket's own `include` brings names only, so the contact or the company
/// is read by id; where a ticket has no company of its own, the contact's counts.
/// <https://developers.freshdesk.com/api/#view_contact>, <https://developers.freshdesk.com/api/#view_company>
fn profile<'a>(
    asked: &Asked,
    body: &TicketBody,
    answers: &mut impl Iterator<Item = &'a Answer>,
) -> Result<BTreeMap<String, FieldValue>, Next<Looked>> {
    let mut record = |what: &str, id: &Value| -> Result<Value, Next<Looked>> {
        let Some(id) = id.as_u64() else { return Ok(Value::Null) };
        let call = || Next::Send(Read::get(format!("/api/v2/{what}/{id}")));
        let answer = answers.next().ok_or_else(call)?;
        // Gone, or not for our key to see: then nothing is known, and the default segment holds.
        if matches!(answer.status, 403 | 404 | 410) { Ok(Value::Null) } else { read(answer) }
    };
    let found = match asked.of {
        Whose::Requester => record("contacts", &body.requester_id)?,
        Whose::Organization => {
            let mut company = body.company_id.clone();
            if company.is_null() {
                let contact = record("contacts", &body.requester_id)?;
                company = contact.get("company_id").cloned().unwrap_or_default();
            }
            record("companies", &company)?
        }
    };
    Ok(asked.read(&found, "custom_fields"))
}

/// The description is the first message. The desk wrote it itself where it opened the ticket by mail.
pub(super) fn opening(body: &TicketBody) -> Option<Message> {
    let subject = body.subject.as_deref().unwrap_or_default();
    let about = About { subject, is_first: true };
    let text = plain(body.description_text.as_deref(), body.description.as_deref(), about);
    let author = if body.source == Some(OUTBOUND_EMAIL) { Author::Agent } else { Author::Customer };
    (!text.is_empty()).then_some(Message { author, public: true, text })
}

/// Tells of a message of the customer's if the platform took it for an automatic answer.
fn is_automatic(body: &ConversationBody) -> Option<bool> {
    let theirs = body.incoming == Some(true) && body.private != Some(true);
    theirs.then_some(body.auto_response == Some(true))
}

fn message(body: ConversationBody) -> Option<Message> {
    let about = About { is_first: false, ..About::default() };
    let text = plain(body.body_text.as_deref(), body.body.as_deref(), about);
    let author = if body.incoming == Some(true) { Author::Customer } else { Author::Agent };
    (!text.is_empty()).then_some(Message { author, public: body.private != Some(true), text })
}

/// The platform's own plain text where it gives one, else its HTML stripped.
fn plain(text: Option<&str>, html: Option<&str>, about: About<'_>) -> String {
    match (text.filter(|text| !text.trim().is_empty()), html) {
        (Some(text), _) => plain_text::from_plain(text, about),
        (None, Some(html)) => plain_text::from_html(html, about),
        (None, None) => String::new(),
    }
}

/// <https://developers.freshdesk.com/api/#ticket_attributes>. From 6 on the numbers are an account's own statuses.
fn status(code: u64) -> Status {
    match code {
        3 => Status::Pending,
        4 => Status::Solved,
        // The platform would still take changes here; a ticket that is done with is left alone all the same.
        5 => Status::Closed,
        _ => Status::Open,
    }
}

fn priority(code: u64) -> Option<Priority> {
    match code {
        1 => Some(Priority::Low),
        2 => Some(Priority::Normal),
        3 => Some(Priority::High),
        4 => Some(Priority::Urgent),
        _ => None,
    }
}

/// The number that the platform writes for a priority; it calls normal "medium".
pub(super) const fn priority_code(priority: Priority) -> u64 {
    match priority {
        Priority::Low => 1,
        Priority::Normal => 2,
        Priority::High => 3,
        Priority::Urgent => 4,
    }
}

fn channel(source: u64) -> String {
    match source {
        1 => "email".to_owned(),
        2 => "portal".to_owned(),
        3 => "phone".to_owned(),
        7 => "chat".to_owned(),
        9 => "feedback_widget".to_owned(),
        OUTBOUND_EMAIL => "outbound_email".to_owned(),
        other => format!("source_{other}"),
    }
}
