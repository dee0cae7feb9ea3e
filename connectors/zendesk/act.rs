//! Carries out a plan: one `PUT` guarded by the ticket's own timestamp.
//!
//! `tags` in an update replaces all tags, so the union is sent; that is safe only because `safe_update` turns a
//! ticket that moved in between into a 409
//! (<https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#protecting-against-ticket-update-collisions>).
//! What holds already is not sent, and what was sent is looked for in the answer, because the platform ignores
//! field ids it does not know without a word. The body is in [`super::aim`]'s terms; this file is the exchange.

use std::collections::BTreeSet;

use serde_json::Value;

use super::aim::{Aim, Step, body, steps};
use super::look::priority;
use super::wire::{Comments, TicketAnswer, list, next_page, parse, stored_tag};
use crate::call::{Answer, Call, Later, Next, PathAndQuery, Read, Refusal, Verb, Write, judge};
use crate::connector::Doubt;
use crate::directory::Directory;
use crate::plan::{Applied, EffectState, Plan};
use crate::ticket::{FieldValue, RemoteId, Ticket, Version};

/// A lost note stands among the newest comments or nowhere.
const RECALL_PAGES: usize = 3;

const IGNORED: &str =
    "the platform answered without it: it ignored the value, or a trigger of the desk undid it";

pub(super) fn act(
    plan: &Plan,
    on: &Ticket,
    names: &Directory,
    doubt: Doubt,
    answers: &[Answer],
    base_url: &str,
) -> Next<Applied, Call> {
    let mut steps = steps(plan, on, names);
    let mut answers = answers.iter();
    if doubt == Doubt::LastWriteUnanswered && pending(&steps) {
        let recalled = if steps.iter().any(|step| matches!(step, Step::To(Aim::Note(_)))) {
            recall_notes(&mut steps, on, &mut answers, base_url)
        } else {
            recall_version(on, &mut answers)
        };
        if let Err(next) = recalled {
            return *next;
        }
    }
    if !pending(&steps) {
        return Next::Done(Applied { states: steps.into_iter().map(Step::settled).collect(), version: None });
    }
    match answers.next() {
        None => Next::Send(Call::Write(Write {
            verb: Verb::Put,
            path: PathAndQuery::new(format!("/api/v2/tickets/{}", on.id)),
            body: body(&steps, on, names),
        })),
        Some(answer) => conclude(steps, on, answer),
    }
}

fn pending(steps: &[Step]) -> bool {
    steps.iter().any(|step| matches!(step, Step::To(_)))
}

type Interrupted = Box<Next<Applied, Call>>;

/// Seeks the notes of an unanswered write among the newest comments; what is there is not written again.
fn recall_notes<'a>(
    steps: &mut [Step],
    on: &Ticket,
    answers: &mut impl Iterator<Item = &'a Answer>,
    base_url: &str,
) -> Result<(), Interrupted> {
    let path = list(&format!("/api/v2/tickets/{}/comments", on.id), "&sort=-created_at");
    let mut next = Some(Read::get(path.clone()));
    for _ in 0..RECALL_PAGES {
        let Some(read) = next else { break };
        let Some(answer) = answers.next() else { return Err(Box::new(Next::Send(Call::Read(read)))) };
        judge(answer).map_err(Box::new)?;
        let Some(page) = parse::<Comments>(answer) else { return Err(Box::new(Next::Later(Later::Failed))) };
        for step in steps.iter_mut() {
            let Step::To(Aim::Note(note)) = step else { continue };
            // A customer who quotes a marker in public has not written our note.
            let written =
                page.comments.iter().filter(|comment| comment.public == Some(false)).any(|comment| {
                    [&comment.body, &comment.html_body, &comment.plain_body]
                        .into_iter()
                        .flatten()
                        .any(|text| text.contains(&note.marker))
                });
            if written {
                *step = Step::Settled(EffectState::Applied);
            }
        }
        next = next_page(answer, &path, base_url);
    }
    Ok(())
}

/// Without a note to seek, the ticket's timestamp tells whether the unanswered write arrived.
fn recall_version<'a>(
    on: &Ticket,
    answers: &mut impl Iterator<Item = &'a Answer>,
) -> Result<(), Interrupted> {
    let Some(answer) = answers.next() else {
        return Err(Box::new(Next::Send(Call::Read(Read::get(format!("/api/v2/tickets/{}", on.id))))));
    };
    judge(answer).map_err(Box::new)?;
    match parse::<TicketAnswer>(answer) {
        None => Err(Box::new(Next::Later(Later::Failed))),
        Some(read) if read.ticket.updated_at == on.version.0 => Ok(()),
        Some(_) => Err(Box::new(Next::Refused(Refusal::Moved))),
    }
}

fn conclude(steps: Vec<Step>, on: &Ticket, answer: &Answer) -> Next<Applied, Call> {
    match answer.status {
        // `UpdateConflict`, or a lock inside the platform: either way a new look tells what holds.
        409 => return Next::Refused(Refusal::Moved),
        400 | 422 => return Next::Refused(Refusal::Invalid(reason(answer))),
        _ => {}
    }
    if let Err(next) = judge(answer) {
        return next;
    }
    let Some(written) = parse::<TicketAnswer>(answer) else { return Next::Later(Later::Failed) };
    if RemoteId::from_json(&written.ticket.id).as_ref().map(RemoteId::as_str) != Some(on.id.as_str()) {
        return Next::Later(Later::Failed);
    }
    let states = steps
        .into_iter()
        .map(|step| match step {
            Step::Settled(state) => state,
            Step::To(aim) if holds(&aim, &written) => EffectState::Applied,
            Step::To(_) => EffectState::Refused(IGNORED.to_owned()),
        })
        .collect();
    Next::Done(Applied { states, version: Some(Version(written.ticket.updated_at)) })
}

fn holds(aim: &Aim, written: &TicketAnswer) -> bool {
    let ticket = &written.ticket;
    match aim {
        Aim::Priority(wanted) => ticket.priority.as_deref().and_then(priority) == Some(*wanted),
        Aim::Group(id) => RemoteId::from_json(&ticket.group_id).as_ref() == Some(id),
        Aim::Agent(id) => RemoteId::from_json(&ticket.assignee_id).as_ref() == Some(id),
        Aim::Tags(wanted) => {
            let there: BTreeSet<_> = ticket.tags.iter().flatten().map(|tag| stored_tag(tag)).collect();
            wanted.is_subset(&there)
        }
        Aim::Field { id, value } => {
            let there = ticket
                .custom_fields
                .iter()
                .flatten()
                .find(|field| RemoteId::from_json(&field.id).as_ref() == Some(id))
                .and_then(|field| FieldValue::from_json(&field.value));
            super::aim::same(there.as_ref(), value)
        }
        // The ticket does not carry its comments; the audit of the write does. An answer without an audit is
        // believed, since a comment is never dropped silently.
        Aim::Note(_) => written.audit.as_ref().is_none_or(|audit| {
            audit.events.is_empty()
                || audit.events.iter().any(|event| event.kind.as_deref() == Some("Comment"))
        }),
    }
}

/// The platform's own words for what it rejects: error codes and field names, never a description, which may
/// quote the ticket.
fn reason(answer: &Answer) -> String {
    let word = |text: &str| -> String {
        text.chars().filter(|c| c.is_ascii_alphanumeric() || "_.-".contains(*c)).take(64).collect()
    };
    let body = answer.json().unwrap_or_default();
    let error = body.get("error").and_then(Value::as_str).map(word).filter(|text| !text.is_empty());
    let mut said = error.unwrap_or_else(|| format!("status {}", answer.status));
    let parts: Vec<_> = body
        .get("details")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .take(10)
        .map(|(field, faults)| {
            let codes: Vec<_> = faults
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|fault| fault.get("error").and_then(Value::as_str).map(word))
                .take(5)
                .collect();
            if codes.is_empty() { word(field) } else { format!("{} ({})", word(field), codes.join(", ")) }
        })
        .collect();
    if !parts.is_empty() {
        said = format!("{said}: {}", parts.join(", "));
    }
    said
}
