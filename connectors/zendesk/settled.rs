//! Reads what became of a ticket: the ticket as it is, then its audits, oldest first.
//!
//! Audits tell who changed what and when, triggers included
//! (<https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_audits/>). Their comments tell when somebody first
//! answered; what was written is not looked at.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::look::normalise;
use super::wire::{AuditEvent, Audits, TicketAnswer, TicketAudit, list, next_page, parse};
use crate::call::{Answer, Later, Next, Read, judge};
use crate::directory::Directory;
use crate::settled::{By, Change, Part, PartKind, Settled};
use crate::ticket::{FieldValue, RemoteId, Status, TicketId};

/// A ticket with more than a thousand audits is read no further.
const PAGES: usize = 10;

pub(super) fn settled(id: &TicketId, names: &Directory, answers: &[Answer], base_url: &str) -> Next<Settled> {
    let Some((first, pages)) = answers.split_first() else {
        return Next::Send(Read::get(format!("/api/v2/tickets/{id}?include=users")));
    };
    if let Err(next) = judge(first) {
        return next;
    }
    let Some(TicketAnswer { ticket, users, .. }) = parse::<TicketAnswer>(first) else {
        return Next::Later(Later::Failed);
    };
    if RemoteId::from_json(&ticket.id).as_ref().map(RemoteId::as_str) != Some(id.as_str()) {
        return Next::Later(Later::Failed);
    }
    let path = list(&format!("/api/v2/tickets/{id}/audits"), "");
    let mut audits: Vec<TicketAudit> = Vec::new();
    let mut next = Some(Read::get(path.clone()));
    let mut answers = pages.iter();
    for _ in 0..PAGES {
        let Some(read) = next.take() else { break };
        let Some(page) = answers.next() else { return Next::Send(read) };
        if let Err(next) = judge(page) {
            return next;
        }
        let Some(read) = parse::<Audits>(page) else { return Next::Later(Later::Failed) };
        audits.extend(read.audits);
        next = next_page(page, &path, base_url);
    }
    let ticket = normalise(id, ticket, &users, &[]);
    let people = People { me: names.me.as_ref(), customer: ticket.requester.id.as_ref() };
    let mut story = Story::default();
    for audit in &audits {
        let Some(at) = audit.created_at.as_deref().and_then(|at| at.parse().ok()) else { continue };
        audit.events.iter().for_each(|event| story.add(at, audit, event, &people));
    }
    let done = matches!(ticket.status, Status::Solved | Status::Closed);
    Next::Done(Settled {
        touched_at: ticket.version.0.parse().ok(),
        ticket,
        closed_at: story.closed_at.filter(|_| done),
        first_reply_at: story.first_reply_at,
        changes: story.changes,
        told: BTreeSet::from([
            PartKind::Priority,
            PartKind::Group,
            PartKind::Assignee,
            PartKind::Field,
            PartKind::Tags,
        ]),
    })
}

/// Who is who on the ticket.
struct People<'a> {
    me: Option<&'a RemoteId>,
    customer: Option<&'a RemoteId>,
}

impl People<'_> {
    fn by(&self, audit: &TicketAudit, event: &AuditEvent) -> By {
        // A trigger's event stands in the audit of the update that started it, and says so itself.
        let channel = event.via.as_ref().or(audit.via.as_ref()).and_then(|via| via.channel.as_str());
        if matches!(channel, Some("rule" | "automation" | "trigger")) {
            return By::Automation;
        }
        match RemoteId::from_json(&audit.author_id) {
            None => By::Unknown,
            Some(id) if Some(&id) == self.me => By::Us,
            Some(id) if Some(&id) == self.customer => By::Customer,
            // The system writes as -1.
            Some(id) if id.as_str().starts_with('-') => By::Automation,
            Some(id) => By::Person(id),
        }
    }
}

#[derive(Default)]
struct Story {
    changes: Vec<Change>,
    closed_at: Option<Timestamp>,
    first_reply_at: Option<Timestamp>,
}

impl Story {
    fn add(&mut self, at: Timestamp, audit: &TicketAudit, event: &AuditEvent, people: &People<'_>) {
        let by = people.by(audit, event);
        match (event.kind.as_deref(), event.field_name.as_deref()) {
            (Some("Comment"), _) => {
                let answers = event.public == Some(true) && matches!(by, By::Person(_));
                if answers && self.first_reply_at.is_none() {
                    self.first_reply_at = Some(at);
                }
            }
            (Some("Create" | "Change"), Some("tags")) => self.tags(at, &by, event),
            (Some("Create" | "Change"), Some("status")) => {
                // Closing follows solving by itself, days later: the moment of solving is the one that counts.
                if event.value.as_str() == Some("solved") {
                    self.closed_at = Some(at);
                } else if event.value.as_str() != Some("closed") {
                    self.closed_at = None;
                } else if self.closed_at.is_none() {
                    self.closed_at = Some(at);
                }
            }
            (Some("Create" | "Change"), Some(field)) => {
                if let Some(part) = part(field) {
                    let value = FieldValue::from_json(&event.value).filter(|value| value.to_string() != "0");
                    self.changes.push(Change { at, by, part, value });
                }
            }
            _ => {}
        }
    }

    fn tags(&mut self, at: Timestamp, by: &By, event: &AuditEvent) {
        let (now, before) = (words(&event.value), words(&event.previous_value));
        let mut push = |part| self.changes.push(Change { at, by: by.clone(), part, value: None });
        now.difference(&before).cloned().map(Part::TagAdded).for_each(&mut push);
        before.difference(&now).cloned().map(Part::TagRemoved).for_each(&mut push);
    }
}

fn part(field: &str) -> Option<Part> {
    Some(match field {
        "priority" => Part::Priority,
        "group_id" => Part::Group,
        "assignee_id" => Part::Assignee,
        // A custom field goes by its id.
        other if other.bytes().all(|b| b.is_ascii_digit()) => Part::Field(RemoteId(other.to_owned())),
        _ => return None,
    })
}

/// Tags come as a list or as one text.
fn words(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
        Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
        _ => BTreeSet::new(),
    }
}
