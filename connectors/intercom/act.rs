//! Carries out a plan: one read, then one request a change.
//!
//! The platform has no lock, so the read is the guard: whatever differs from what was decided on makes the plan
//! moot ([`Refusal::Moved`]). It also shows what holds already and whether the note of an earlier attempt arrived.
//! Attributes come first, and their answer shows whether somebody assigned the ticket meanwhile, before we do. Notes come late and
//! an answer to the customer last, because those do not bear repeating.
//! It never reopens anything on purpose.

mod steps;
mod update;

use std::collections::VecDeque;

use serde_json::Value;

use self::steps::{Step, steps};
use super::wire::{self, Item};
use super::{Intercom, look};
use crate::call::{Answer, Call, Later, Next, Refusal};
use crate::directory::{Directory, Field, FieldKind};
use crate::plan::{Applied, Effect, EffectState, Plan, Slot};
use crate::ticket::{FieldValue, Priority, Ticket, Version as State};
use crate::trace;

/// One exchange, from the guarding read to the last change.
pub(super) fn act(
    account: &Intercom,
    plan: &Plan,
    on: &Ticket,
    names: &Directory,
    answers: &[Answer],
) -> Next<Applied, Call> {
    if plan.0.is_empty() {
        return Next::Done(Applied { states: Vec::new(), version: None });
    }
    let [seen, written @ ..] = answers else { return Next::Send(Call::Read(look::read(&on.id))) };
    let item: Item = match wire::body(seen) {
        Ok(item) => item,
        Err(next) => return next,
    };
    let Some(now) = look::ticket(account.version, &on.id, &item) else {
        return Next::Refused(Refusal::Invalid("the platform's answer has no `updated_at`".to_owned()));
    };
    if moved(on, &now) {
        return Next::Refused(Refusal::Moved);
    }

    let (steps, mut states) = steps(account, plan, &now, &item, names);
    let mut version = None;
    let mut made_tag = None;
    let mut without_tag = false;
    let mut rejected = None;
    let mut written = written.iter();
    let mut left = VecDeque::from(steps);
    while let Some(step) = left.pop_front() {
        if std::mem::take(&mut without_tag) && step.needs_made_tag() {
            continue;
        }
        let Some(answer) = written.next() else {
            return match step.write(account, &on.id, made_tag.take()) {
                Some(write) => Next::Send(Call::Write(write)),
                // The tag was made and its answer did not say its id.
                None => Next::Later(Later::Failed),
            };
        };
        match accepted(&step, answer) {
            Ok(body) => {
                made_tag = body.get("id").cloned();
                if step.updates() && assigned_meanwhile(account, on, &body) {
                    return Next::Refused(Refusal::Moved);
                }
                let updated_at = body.get("updated_at").and_then(Value::as_i64);
                version = updated_at.map(|seconds| State(seconds.to_string()));
                for effect in step.completes() {
                    if states[*effect] == EffectState::Unchanged {
                        states[*effect] = EffectState::Applied;
                    }
                }
            }
            // What is rejected for itself does not hold up what comes after it.
            Err(Next::Refused(Refusal::Invalid(why))) => {
                let parts = step.parts();
                if parts.len() > 1 {
                    // One bad attribute refuses all of a request: which one it is, each by itself
                    // tells.
                    parts.into_iter().rev().for_each(|part| left.push_front(part));
                    continue;
                }
                // Several requests make one effect: the one that completes it stands at their end.
                let steps = parts.iter().chain(&left);
                let effects = steps.map(Step::completes).find(|effects| !effects.is_empty());
                for effect in effects.into_iter().flatten() {
                    states[*effect] = EffectState::Refused(why.clone());
                }
                without_tag = true;
                rejected.get_or_insert(why);
            }
            Err(next) => return next,
        }
    }
    match rejected {
        Some(why) if states.iter().all(|state| matches!(state, EffectState::Refused(_))) => {
            Next::Refused(Refusal::Invalid(why))
        }
        _ => Next::Done(Applied { states, version }),
    }
}

/// Whether anybody changed the ticket since it was decided on. `updated_at` counts in seconds, so what a person
/// sets is compared too.
fn moved(on: &Ticket, now: &Ticket) -> bool {
    let settings = |ticket: &Ticket| {
        let Ticket { status, priority, tags, group, assignee, fields, .. } = ticket.clone();
        (status, priority, tags, group, assignee, fields)
    };
    on.version != now.version || settings(on) != settings(now)
}

/// Whether an answer that shows who has the ticket shows others than when it was decided on.
fn assigned_meanwhile(account: &Intercom, on: &Ticket, answer: &Value) -> bool {
    if ["team_assignee_id", "admin_assignee_id"].iter().any(|key| answer.get(key).is_none()) {
        return false;
    }
    let item = serde_json::from_value::<Item>(answer.clone()).ok();
    let now = item.and_then(|item| look::ticket(account.version, &on.id, &item));
    now.is_some_and(|now| (now.group, now.assignee) != (on.group.clone(), on.assignee.clone()))
}

/// The body of an answer to a write that was accepted.
fn accepted(step: &Step, answer: &Answer) -> Result<Value, Next<Applied, Call>> {
    let errors = wire::error_codes(answer);
    // We have just read the ticket, so what is missing is most likely what the request names: the assignee, the tag.
    let whole_is_gone = |(code, _, message): &(String, Option<String>, String)| {
        matches!(code.as_str(), "ticket_not_found" | "conversation_not_found")
            || (code == "not_found" && !message.to_lowercase().starts_with("tag"))
    };
    if step.removes() && answer.status == 404 && !errors.is_empty() && !errors.iter().any(whole_is_gone) {
        return Ok(Value::Null);
    }
    let rejected = matches!(answer.status, 400 | 422)
        || (answer.status == 404 && !errors.is_empty() && !errors.iter().any(whole_is_gone));
    if rejected {
        let codes: Vec<_> = errors
            .iter()
            .map(|(code, field, _)| {
                field.as_ref().map_or_else(|| code.clone(), |field| format!("{code} ({field})"))
            })
            .collect();
        let said = if codes.is_empty() { answer.status.to_string() } else { codes.join(", ") };
        return Err(Next::Refused(Refusal::Invalid(format!(
            "{}: the platform answered {said}",
            step.what()
        ))));
    }
    wire::judge(answer)?;
    match answer.json() {
        Some(body) => Ok(body),
        // A removal has nothing to tell.
        None if step.removes() && answer.body.is_empty() => Ok(Value::Null),
        None => Err(Next::Later(Later::Failed)),
    }
}

/// Whether the account's names and version allow the effect.
pub(super) fn can(account: &Intercom, effect: &Effect, names: &Directory) -> Result<(), String> {
    match effect {
        Effect::SetField { field, value } => {
            let field = names.field(field).map_err(|unknown| unknown.to_string())?;
            field.accept(value).map(drop)
        }
        Effect::SetPriority(_) if account.version.writes_priority() => Ok(()),
        Effect::SetPriority(priority) => attribute_for(*priority, names).map(drop),
        Effect::AssignGroup(name) => names.group(name).map(drop).map_err(|unknown| unknown.to_string()),
        Effect::AssignAgent(name) => names.agent(name).map(drop).map_err(|unknown| unknown.to_string()),
        Effect::Clear(Slot::Field(field)) => {
            names.field(field).map(drop).map_err(|unknown| unknown.to_string())
        }
        Effect::Clear(Slot::Priority) if !account.version.writes_priority() => {
            names.field(look::PRIORITY).map(drop).map_err(|unknown| unknown.to_string())
        }
        Effect::Clear(_) => Ok(()),
        // A tag that does not exist is made.
        Effect::AddTags(_) | Effect::RemoveTags(_) | Effect::Note(_) => Ok(()),
        Effect::Cc(party) => trace::known(party, names),
        Effect::Reply(reply) => trace::may_reply(account.replies, reply),
    }
}

/// The attribute and the value that stand for a priority.
fn attribute_for(priority: Priority, names: &Directory) -> Result<(&Field, FieldValue), String> {
    let remedy = "make a conversation attribute `Priority` with the options Low, Normal, High and Urgent, and a \
                  workflow that sets the priority from it";
    let unable = || format!("no stable version of intercom's API writes a priority; {remedy}");
    let field = names
        .fields
        .iter()
        .find(|field| field.name.eq_ignore_ascii_case(look::PRIORITY))
        .ok_or_else(unable)?;
    match &field.kind {
        FieldKind::One(choices) => choices
            .iter()
            .find(|choice| {
                [&choice.label, &choice.value].into_iter().any(|text| look::word(text) == Some(priority))
            })
            .map(|choice| (field, FieldValue::Text(choice.value.clone())))
            .ok_or_else(|| {
                format!("the attribute `{}` has no option for `{priority}`; {remedy}", field.name)
            }),
        FieldKind::Text => {
            let mut word = priority.as_str().to_owned();
            word[..1].make_ascii_uppercase();
            Ok((field, FieldValue::Text(word)))
        }
        _ => Err(unable()),
    }
}
