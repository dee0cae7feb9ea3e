//! Carries out a plan: one `PUT` guarded by the ticket's own timestamp, and another for an answer behind a note.
//!
//! `tags` in an update replaces all tags, so the union is sent; that is safe only because `safe_update` turns a
//! ticket that moved in between into a 409
//! (<https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#protecting-against-ticket-update-collisions>).
//! What holds already is not sent, and what was sent is looked for in the answer, because the platform ignores
//! field ids it does not know without a word. The body is in [`super::aim`]'s terms; this file is the exchange.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Zendesk;
use super::aim::{Aim, Step, steps};
use super::body::{body, later_replies, reply_body};
use super::look::priority;
use super::wire::{AuditEvent, Comments, TicketAnswer, WireTicket, list, next_page, parse, stored_tag};
use crate::call::{Answer, Call, Later, Next, PathAndQuery, Read, Refusal, Verb, Write, judge};
use crate::connector::Doubt;
use crate::directory::Directory;
use crate::plan::{Applied, EffectState, Plan, Reply};
use crate::ticket::{FieldValue, RemoteId, Ticket, Version};
use crate::trace::is_reply;

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
    account: &Zendesk,
) -> Next<Applied, Call> {
    let mut steps = steps(plan, on, names, account.replies);
    let mut answers = answers.iter();
    if doubt == Doubt::LastWriteUnanswered && pending(&steps) {
        let says = |step: &Step| matches!(step, Step::To(Aim::Note(_) | Aim::Mention(..) | Aim::Reply(_)));
        let recalled = if steps.iter().any(says) {
            recall_comments(&mut steps, on, &mut answers, &account.base_url)
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
    let Some(mut answer) = answers.next() else { return put(on, body(&steps, on, names)) };
    while matches!(answer.status, 400 | 422) && leave_what_it_keeps(&mut steps, answer) {
        if !pending(&steps) {
            return Next::Done(Applied {
                states: steps.into_iter().map(Step::settled).collect(),
                version: None,
            });
        }
        let Some(next) = answers.next() else { return put(on, body(&steps, on, names)) };
        answer = next;
    }
    let written = match accepted(on, answer) {
        Ok(written) => written,
        Err(next) => return next,
    };
    let later: Vec<(usize, Reply)> =
        later_replies(&steps).into_iter().map(|(at, reply)| (at, reply.clone())).collect();
    let mut states: Vec<EffectState> = steps
        .into_iter()
        .map(|step| match step {
            Step::Settled(state) => state,
            Step::To(aim) if holds(&aim, &written) => EffectState::Applied,
            Step::To(_) => EffectState::Refused(IGNORED.to_owned()),
        })
        .collect();
    let mut last = written;
    for (at, reply) in later {
        (states[at], last) = match answer_the_customer(&reply, on, last, &mut answers) {
            Ok(sent) => sent,
            Err(next) => return *next,
        };
    }
    Next::Done(Applied { states, version: Some(Version(last.ticket.updated_at)) })
}

fn put(on: &Ticket, body: Value) -> Next<Applied, Call> {
    let path = PathAndQuery::new(format!("/api/v2/tickets/{}", on.id));
    Next::Send(Call::Write(Write { verb: Verb::Put, path, body }))
}

/// An update of its own for an answer, guarded by the stamp that our last one left. A ticket that moved since is read
/// again: what a trigger touched is answered under its new stamp, what a person changed is left to them.
fn answer_the_customer<'a>(
    reply: &Reply,
    on: &Ticket,
    mut last: TicketAnswer,
    answers: &mut impl Iterator<Item = &'a Answer>,
) -> Result<(EffectState, TicketAnswer), Interrupted> {
    for attempt in 0..2 {
        let body = || reply_body(reply, &last.ticket.updated_at);
        let answer = answers.next().ok_or_else(|| Box::new(put(on, body())))?;
        match answer.status {
            409 if attempt == 0 => {
                let now = read_again(on, answers)?;
                if settings(&now) != settings(&last) {
                    break;
                }
                last = now;
            }
            409 => break,
            400 | 422 => return Ok((EffectState::Refused(reason(answer)), last)),
            _ => {
                let written = accepted(on, answer).map_err(Box::new)?;
                let sent = holds(&Aim::Reply(reply.clone()), &written);
                let state =
                    if sent { EffectState::Applied } else { EffectState::Refused(IGNORED.to_owned()) };
                return Ok((state, written));
            }
        }
    }
    let why = "somebody changed the ticket after our update; the answer was not sent";
    Ok((EffectState::Refused(why.to_owned()), last))
}

fn read_again<'a>(
    on: &Ticket,
    answers: &mut impl Iterator<Item = &'a Answer>,
) -> Result<TicketAnswer, Interrupted> {
    let read = || Box::new(Next::Send(Call::Read(Read::get(format!("/api/v2/tickets/{}", on.id)))));
    let answer = answers.next().ok_or_else(read)?;
    judge(answer).map_err(Box::new)?;
    parse(answer).ok_or_else(|| Box::new(Next::Later(Later::Failed)))
}

/// What a person sets when taking a ticket on.
fn settings(answer: &TicketAnswer) -> [Option<String>; 4] {
    let id = |value: &Value| RemoteId::from_json(value).map(|id| id.0);
    let ticket = &answer.ticket;
    [ticket.status.clone(), ticket.priority.clone(), id(&ticket.group_id), id(&ticket.assignee_id)]
}

fn pending(steps: &[Step]) -> bool {
    steps.iter().any(|step| matches!(step, Step::To(_)))
}

type Interrupted = Box<Next<Applied, Call>>;

/// Seeks the notes and answers of an unanswered write among the newest comments; what is there is not written again.
fn recall_comments<'a>(
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
            let written = match step {
                Step::To(Aim::Note(note) | Aim::Mention(note, _)) => {
                    page.comments.iter().any(|comment| comment.is_note(&note.marker))
                }
                Step::To(Aim::Reply(reply)) => page.comments.iter().any(|comment| {
                    let ours = RemoteId::from_json(&comment.author_id) != on.requester.id;
                    let plain = comment.plain_body.as_deref().or(comment.body.as_deref());
                    ours && comment.public == Some(true)
                        && is_reply(reply, comment.html_body.as_deref(), plain)
                }),
                _ => continue,
            };
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
    let read = read_again(on, answers)?;
    if read.ticket.updated_at == on.version.0 { Ok(()) } else { Err(Box::new(Next::Refused(Refusal::Moved))) }
}

/// The ticket as our update left it.
fn accepted(on: &Ticket, answer: &Answer) -> Result<TicketAnswer, Next<Applied, Call>> {
    match answer.status {
        // `UpdateConflict`, or a lock inside the platform: either way a new look tells what holds.
        409 => return Err(Next::Refused(Refusal::Moved)),
        400 | 422 => return Err(Next::Refused(Refusal::Invalid(reason(answer)))),
        _ => {}
    }
    judge(answer)?;
    let written: TicketAnswer = parse(answer).ok_or(Next::Later(Later::Failed))?;
    if RemoteId::from_json(&written.ticket.id).as_ref().map(RemoteId::as_str) != Some(on.id.as_str()) {
        return Err(Next::Later(Later::Failed));
    }
    Ok(written)
}

fn holds(aim: &Aim, written: &TicketAnswer) -> bool {
    let ticket = &written.ticket;
    let tags = || ticket.tags.iter().flatten().map(|tag| stored_tag(tag)).collect::<BTreeSet<_>>();
    // The ticket does not carry its comments; the audit of the write does. An answer without an audit is believed,
    // since a comment is never dropped silently.
    let commented = |public: Option<bool>| {
        written.audit.as_ref().is_none_or(|audit| {
            let is = |event: &AuditEvent| {
                event.kind.as_deref() == Some("Comment")
                    && (public.is_none() || event.public.is_none() || event.public == public)
            };
            audit.events.is_empty() || audit.events.iter().any(is)
        })
    };
    match aim {
        Aim::Priority(wanted) => ticket.priority.as_deref().and_then(priority) == Some(*wanted),
        Aim::Group(id) => RemoteId::from_json(&ticket.group_id).as_ref() == Some(id),
        Aim::Agent(id) => RemoteId::from_json(&ticket.assignee_id).as_ref() == Some(id),
        Aim::NoPriority => ticket.priority.is_none(),
        Aim::NoGroup => RemoteId::from_json(&ticket.group_id).is_none(),
        Aim::NoAgent => RemoteId::from_json(&ticket.assignee_id).is_none(),
        Aim::NoField(id) => field(ticket, id).is_none_or(|held| held == FieldValue::Flag(false)),
        Aim::Tags(wanted) => wanted.is_subset(&tags()),
        Aim::Untag(unwanted) => unwanted.is_disjoint(&tags()),
        Aim::Mention(_, tag) => tags().contains(tag) && commented(None),
        // Where the answer does not list them, it is believed.
        Aim::Follower(id) => ticket
            .follower_ids
            .as_ref()
            .is_none_or(|all| all.iter().any(|other| RemoteId::from_json(other).as_ref() == Some(id))),
        // Only ids are listed; with CCs switched off there are none.
        Aim::Copy(_) => ticket.email_cc_ids.as_ref().is_none_or(|all| !all.is_empty()),
        Aim::Field { id, value } => super::aim::same(field(ticket, id).as_ref(), value),
        Aim::Note(_) => commented(None),
        // An agent's rights may turn an answer into a note.
        Aim::Reply(_) => commented(Some(true)),
    }
}

fn field(ticket: &WireTicket, id: &RemoteId) -> Option<FieldValue> {
    let mut fields = ticket.custom_fields.iter().flatten();
    let field = fields.find(|field| RemoteId::from_json(&field.id).as_ref() == Some(id))?;
    FieldValue::from_json(&field.value)
}

/// Gives up what an update empties and the platform will not have empty, a priority most likely:
/// the parts that its refusal names, or all of them where it names none. `false` where there is
/// nothing to give up.
fn leave_what_it_keeps(steps: &mut [Step], answer: &Answer) -> bool {
    let body = answer.json().unwrap_or_default();
    let named: Vec<&str> = body
        .get("details")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(key, _)| key.as_str())
        .collect();
    let emptied = |step: &Step| match step {
        Step::To(aim) => aim.empties(),
        Step::Settled(_) => None,
    };
    let is_named = |what: &str| named.iter().any(|key| key.trim_end_matches("_id") == what);
    let any_named = steps.iter().filter_map(emptied).any(|(_, key)| is_named(key));
    let mut left = false;
    for step in steps {
        let Some((what, _)) = emptied(step).filter(|(_, key)| !any_named || is_named(key)) else { continue };
        let why = format!("the platform does not let {what} be empty again ({})", reason(answer));
        *step = Step::Settled(EffectState::Refused(why));
        left = true;
    }
    left
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
