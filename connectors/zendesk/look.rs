//! Reads a ticket back: the ticket with its people, then its comments, oldest first.
//!
//! Events carry no custom fields and may be hours old, so this is the only source of what a ticket says. The
//! first comment is the description (<https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_comments/>).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::marks;
use super::messaging;
use super::wire::{
    Comment, Comments, Me, OrganizationAnswer, TicketAnswer, User, WireTicket, digits, list, next_page, parse,
};
use crate::call::{Answer, Later, Next, Read, judge};
use crate::connector::Looked;
use crate::delivery::{Notice, NoticeKind};
use crate::plain_text::{self, About};
use crate::profile::{Asked, Whose};
use crate::ticket::{
    Author, FieldValue, Message, Priority, RemoteId, Requester, Skip, Status, Ticket, TicketId, Version,
};

/// A thread of more than 500 comments is read no further: what it is about stands at its beginning.
const PAGES: usize = 5;

pub(super) fn look(
    notice: &Notice,
    answers: &[Answer],
    base_url: &str,
    asked: Option<&Asked>,
) -> Next<Looked> {
    let id = &notice.ticket;
    let Some((first, pages)) = answers.split_first() else {
        let more =
            if asked.is_some_and(|asked| asked.of == Whose::Organization) { ",organizations" } else { "" };
        return Next::Send(Read::get(format!("/api/v2/tickets/{id}?include=users{more}")));
    };
    if let Err(next) = judge(first) {
        return next;
    }
    let Some(TicketAnswer { ticket, mut users, organizations, .. }) = parse::<TicketAnswer>(first) else {
        return Next::Later(Later::Failed);
    };
    if RemoteId::from_json(&ticket.id).as_ref().map(RemoteId::as_str) != Some(id.as_str()) {
        return Next::Later(Later::Failed);
    }
    match ticket.status.as_deref() {
        Some("closed") => return Next::Done(Looked::Skip(Skip::Closed)),
        // Marking as spam deletes the ticket; either way nobody works on it.
        Some("deleted") => return Next::Done(Looked::Skip(Skip::Spam)),
        _ => {}
    }

    let comments_path = list(&format!("/api/v2/tickets/{id}/comments"), "&include=users");
    let mut comments = Vec::new();
    let mut next = Some(Read::get(comments_path.clone()));
    let mut answers = pages.iter();
    for _ in 0..PAGES {
        let Some(read) = next.take() else { break };
        let Some(page) = answers.next() else { return Next::Send(read) };
        // The ticket itself was there a moment ago and carries its description; if it is gone, the write says so.
        if matches!(page.status, 404 | 410) {
            break;
        }
        if let Err(next) = judge(page) {
            return next;
        }
        let Some(read) = parse::<Comments>(page) else { return Next::Later(Later::Failed) };
        comments.extend(read.comments);
        users.extend(read.users);
        next = next_page(page, &comments_path, base_url);
    }
    let profile = match asked.map(|asked| profile(asked, &ticket, &users, &organizations, answers.next())) {
        None => BTreeMap::new(),
        Some(Ok(profile)) => profile,
        Some(Err(next)) => return *next,
    };
    let replied = notice.kind == NoticeKind::CustomerReplied;
    if waits_for_the_customer(&ticket, replied, &users, &comments) {
        return Next::Done(Looked::Skip(Skip::NoCustomerYet));
    }
    let sender = marks::sender(&ticket);
    let ticket = Ticket { profile, ..normalise(id, ticket, &users, &comments) };
    let machine = marks::recognise(&ticket, sender.as_deref(), &comments);
    Next::Done(Looked::Ticket(Box::new(Ticket { machine, ..ticket })))
}

/// Tells whether the desk alone has spoken: an agent who wrote to a customer, a campaign, a bot.
/// Somebody who called has spoken, whoever wrote it down. What is said in messaging is not shown
/// here; there a customer's reply says that there is something.
fn waits_for_the_customer(ticket: &WireTicket, replied: bool, users: &[User], comments: &[Comment]) -> bool {
    let (people, requester) = (people(users), RemoteId::from_json(&ticket.requester_id));
    let channel = channel(ticket);
    let messaging = messaging::is_messaging(channel);
    let is_stand_in = |text: Option<&str>| messaging && text.is_some_and(messaging::is_stand_in);
    let mut public = comments.iter().filter(|comment| comment.public == Some(true)).peekable();
    let spoken = public.peek().is_some() || is_stand_in(ticket.description.as_deref());
    let by_customer = |comment: &Comment| {
        author(comment, requester.as_ref(), &people) == Author::Customer
            && !is_stand_in(comment.plain_body.as_deref().or(comment.body.as_deref()))
    };
    let called = channel.is_some_and(messaging::is_call);
    let said_elsewhere = called || (messaging && replied);
    spoken && !said_elsewhere && !public.any(by_customer)
}

fn channel(ticket: &WireTicket) -> Option<&str> {
    ticket.via.as_ref().and_then(|via| via.channel.as_str())
}

fn people(users: &[User]) -> BTreeMap<RemoteId, &User> {
    users.iter().filter_map(|user| Some((user.remote_id()?, user))).collect()
}

/// What the account knows of the customer: it usually comes along with the ticket, else it is asked for by id. A
/// record that is gone or that we may not read leaves the profile empty, which is the default segment.
fn profile(
    asked: &Asked,
    ticket: &WireTicket,
    users: &[User],
    organizations: &[Value],
    answer: Option<&Answer>,
) -> Result<BTreeMap<String, FieldValue>, Box<Next<Looked>>> {
    let (id, list, custom) = match asked.of {
        Whose::Organization => (&ticket.organization_id, "organizations", "organization_fields"),
        Whose::Requester => (&ticket.requester_id, "users", "user_fields"),
    };
    let Some(id) = RemoteId::from_json(id).filter(|id| digits(id.as_str())) else {
        return Ok(BTreeMap::new());
    };
    let along = match asked.of {
        Whose::Organization => organizations
            .iter()
            .find(|record| record.get("id").and_then(RemoteId::from_json).as_ref() == Some(&id))
            .filter(|record| record.get(custom).is_some())
            .cloned(),
        Whose::Requester => users
            .iter()
            .find(|user| user.remote_id().as_ref() == Some(&id) && user.user_fields.is_object())
            .map(|user| json!({ custom: user.user_fields })),
    };
    if let Some(record) = along {
        return Ok(asked.read(&record, custom));
    }
    let read = || Box::new(Next::Send(Read::get(format!("/api/v2/{list}/{id}"))));
    let answer = answer.ok_or_else(read)?;
    if matches!(answer.status, 403 | 404 | 410) {
        return Ok(BTreeMap::new());
    }
    judge(answer).map_err(Box::new)?;
    let record = match asked.of {
        Whose::Organization => parse::<OrganizationAnswer>(answer).map(|read| read.organization),
        Whose::Requester => parse::<Me>(answer).map(|read| json!({ custom: read.user.user_fields })),
    };
    Ok(asked.read(&record.ok_or_else(|| Box::new(Next::Later(Later::Failed)))?, custom))
}

pub(super) fn normalise(id: &TicketId, mut wire: WireTicket, users: &[User], comments: &[Comment]) -> Ticket {
    let people = people(users);
    let requester = RemoteId::from_json(&wire.requester_id);
    let channel = channel(&wire).map(str::to_owned);
    let messaging = messaging::is_messaging(channel.as_deref());
    let stands_in = |text: &str| messaging && messaging::is_stand_in(text);
    let subject = wire.subject.as_deref().map(plain_text::subject);
    let subject = subject.filter(|subject| !stands_in(subject)).unwrap_or_default();
    let about = |at| About { subject: &subject, is_first: at == 0 };
    let mut messages: Vec<Message> = comments
        .iter()
        .enumerate()
        .map(|(at, comment)| message(comment, about(at), requester.as_ref(), &people))
        .filter(|message| !message.text.is_empty() && !stands_in(&message.text))
        .collect();
    // The description repeats the first comment. Where nothing public could be read (comments are gone, or an agent
    // noted down what a customer said), it is the text.
    if let (false, Some(text)) = (messages.iter().any(|message| message.public), wire.description.take()) {
        let text = plain_text::from_plain(&text, about(0));
        if !text.is_empty() && !stands_in(&text) {
            messages.insert(0, Message { author: Author::Customer, public: true, text });
        }
    }
    let email = requester.as_ref().and_then(|id| people.get(id)).and_then(|user| user.email.clone());
    let followers = [wire.follower_ids.take(), wire.email_cc_ids.take()]
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|id| RemoteId::from_json(&id))
        .map(|id| {
            let email = people.get(&id).and_then(|user| user.email.as_deref()).map(str::to_lowercase);
            Requester { id: Some(id), email }
        })
        .collect();
    Ticket {
        id: id.clone(),
        version: Version(wire.updated_at),
        subject,
        messages,
        requester: Requester { id: requester, email: email.map(|email| email.to_lowercase()) },
        status: match wire.status.as_deref() {
            Some("new") => Status::New,
            Some("pending") => Status::Pending,
            Some("hold") => Status::Hold,
            Some("solved") => Status::Solved,
            Some("closed") => Status::Closed,
            _ => Status::Open,
        },
        priority: wire.priority.as_deref().and_then(priority),
        // A new ticket has none at all, so whatever stands there was chosen.
        priority_is_default: false,
        tags: wire.tags.unwrap_or_default().into_iter().collect::<BTreeSet<_>>(),
        group: RemoteId::from_json(&wire.group_id),
        assignee: RemoteId::from_json(&wire.assignee_id),
        fields: wire
            .custom_fields
            .unwrap_or_default()
            .iter()
            .filter_map(|field| Some((RemoteId::from_json(&field.id)?, FieldValue::from_json(&field.value)?)))
            .collect(),
        profile: BTreeMap::new(),
        followers,
        channel,
        brand: RemoteId::from_json(&wire.brand_id),
        created_at: wire.created_at.and_then(|at| at.parse().ok()),
        machine: None,
    }
}

/// The API writes priorities in lower case and events in upper case.
pub(super) fn priority(word: &str) -> Option<Priority> {
    word.to_ascii_lowercase().parse().ok()
}

fn message(
    comment: &Comment,
    about: About<'_>,
    requester: Option<&RemoteId>,
    people: &BTreeMap<RemoteId, &User>,
) -> Message {
    let author = author(comment, requester, people);
    Message { author, public: comment.public.unwrap_or(false), text: text(comment, about) }
}

fn author(comment: &Comment, requester: Option<&RemoteId>, people: &BTreeMap<RemoteId, &User>) -> Author {
    let id = RemoteId::from_json(&comment.author_id);
    let role = id.as_ref().and_then(|id| people.get(id)).and_then(|user| user.role.as_deref());
    match (id, role) {
        // Whoever asked is the customer of this ticket, also where colleagues help colleagues.
        (Some(id), _) if Some(&id) == requester => Author::Customer,
        // The system writes as -1.
        (Some(id), _) if id.as_str().starts_with('-') => Author::Bot,
        (_, Some("end-user")) => Author::Customer,
        _ => Author::Agent,
    }
}

fn text(comment: &Comment, about: About<'_>) -> String {
    let given =
        |text: &Option<String>| text.as_deref().filter(|text| !text.trim().is_empty()).map(str::to_owned);
    if let Some(plain) = given(&comment.plain_body) {
        // "Plain" still has this one entity in it.
        plain_text::from_plain(&plain.replace("&nbsp;", " "), about)
    } else if let Some(html) = given(&comment.html_body) {
        plain_text::from_html(&html, about)
    } else {
        plain_text::from_plain(comment.body.as_deref().unwrap_or_default(), about)
    }
}
