//! Carries a plan out on a Freshdesk ticket: read, one PUT, the notes, the answer, read again, repair the tags once.
//!
//! The platform has no guard on writes (no ETag, no If-Match) and a PUT replaces the whole list of tags. So the ticket
//! is read right before the write, and left alone when it moved since it was decided on; the list that is sent is the
//! one just read and ours together; and a last read shows whether somebody who wrote at the same moment took a tag
//! away, and which version our own writing left behind. It never sends what holds already, and removes no tag but
//! those that the plan names.

mod tags;
mod wanted;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use self::tags::{has, merged};
use self::wanted::{Said, Wanted, resolve};
use super::look;
use super::wire::{ConversationBody, THREAD_PAGE, THREAD_PAGES, TicketBody, read, thread};
use crate::call::{Answer, Call, Next, PathAndQuery, Read, Refusal, Verb, Write};
use crate::connector::Doubt;
use crate::directory::Directory;
use crate::plan::{Applied, Effect, EffectState, Plan};
use crate::ticket::{Tag, Ticket, TicketId, Version};

/// How the exchange goes on when it is not done: boxed, because a call carries a body.
type Stop = Box<Next<Applied, Call>>;

/// Carries out the plan.
pub(super) fn act(
    plan: &Plan,
    on: &Ticket,
    names: &Directory,
    replies: bool,
    doubt: Doubt,
    answers: &[Answer],
) -> Next<Applied, Call> {
    match run(plan, on, names, replies, doubt, answers) {
        Ok(applied) => Next::Done(applied),
        Err(stop) => *stop,
    }
}

fn run(
    plan: &Plan,
    on: &Ticket,
    names: &Directory,
    replies: bool,
    doubt: Doubt,
    answers: &[Answer],
) -> Result<Applied, Stop> {
    let mut steps = Steps(answers.iter());
    let mut wanted = Wanted::of(plan, on, names, replies);

    if doubt == Doubt::LastWriteUnanswered && !wanted.said.is_empty() {
        let there = said_there(&mut steps, &on.id, &wanted.said)?;
        for (at, said) in &wanted.said {
            // The tag of a mention is still to be set.
            if there.contains(at) && !said.goes_first() {
                wanted.states[*at] = EffectState::Unchanged;
            }
        }
        wanted.said.retain(|(at, _)| !there.contains(at));
    }
    if !wanted.changes_ticket() && wanted.said.is_empty() {
        return Ok(Applied { states: wanted.states, version: None });
    }

    let before: TicketBody = steps.get(format!("/api/v2/tickets/{}", on.id))?;
    let before = look::ticket(&on.id, before, Vec::new());
    // Two changes within a second leave the same version; what the plan sets tells them apart.
    if before.version != on.version || wanted.overtaken(on, &before) {
        return Err(Box::new(Next::Refused(Refusal::Moved)));
    }
    let before: BTreeSet<Tag> = before.tags;

    let said = std::mem::take(&mut wanted.said);
    let (mentions, later): (Vec<_>, Vec<_>) = said.iter().partition(|(_, said)| said.goes_first());
    for (_, said) in mentions {
        steps.say(&on.id, said)?;
    }
    let mut version = None;
    if wanted.changes_ticket() {
        let put = steps.put(&on.id, || wanted.update(&before));
        let refused = put.as_ref().err().and_then(|stop| invalid(stop));
        let after = match refused.is_some_and(|why| wanted.leave_what_it_keeps(&why)) {
            false => Some(put?),
            true if wanted.changes_ticket() => Some(steps.put(&on.id, || wanted.update(&before))?),
            true => None,
        };
        version = after.map(|after| after.updated_at);
    }
    for (_, said) in &later {
        steps.say(&on.id, said)?;
    }
    // One read serves two ends: a note moves the version without telling it, and tags may have been lost.
    if !later.is_empty() || wanted.changes_tags() {
        let last: TicketBody = steps.get(format!("/api/v2/tickets/{}", on.id))?;
        if !later.is_empty() {
            version = Some(last.updated_at);
        }
        let due = if wanted.changes_tags() {
            merged(&before, &wanted.added, &wanted.removed)
        } else {
            BTreeSet::new()
        };
        let now: BTreeSet<Tag> = last.tags.into_iter().flatten().collect();
        if due.iter().any(|tag| !has(&now, tag)) || wanted.removed.iter().any(|tag| has(&now, tag)) {
            let whole = merged(&now, &due, &wanted.removed);
            let repaired: TicketBody = steps.put(&on.id, || json!({ "tags": whole }))?;
            version = Some(repaired.updated_at);
        }
    }
    Ok(Applied { states: wanted.states, version: version.map(Version) })
}

/// Returns why a write was rejected for what it says; `None` for any other end.
fn invalid(stop: &Next<Applied, Call>) -> Option<String> {
    match stop {
        Next::Refused(Refusal::Invalid(why)) => Some(why.clone()),
        _ => None,
    }
}

/// Which of our notes and answers stand in the thread already.
fn said_there(steps: &mut Steps<'_>, id: &TicketId, ours: &[(usize, Said)]) -> Result<BTreeSet<usize>, Stop> {
    let mut there = BTreeSet::new();
    for page in 1..=THREAD_PAGES {
        let conversations: Vec<ConversationBody> = steps.get(thread(id, page))?;
        for part in conversations.iter().filter(|part| part.incoming != Some(true)) {
            let private = part.private == Some(true);
            let is = |said: &Said| said.is(private, part.body.as_deref(), part.body_text.as_deref());
            there.extend(ours.iter().filter(|(_, said)| is(said)).map(|(at, _)| *at));
        }
        if there.len() == ours.len() || conversations.len() < THREAD_PAGE {
            break;
        }
    }
    Ok(there)
}

/// Whether the account has the names and allows the effect.
pub(super) fn can(effect: &Effect, names: &Directory, replies: bool) -> Result<(), String> {
    resolve(effect, names, replies).map(drop)
}

/// The answers so far; asking for one that is not there yet says which call brings it.
struct Steps<'a>(std::slice::Iter<'a, Answer>);

impl Steps<'_> {
    fn get<D: serde::de::DeserializeOwned>(&mut self, path: String) -> Result<D, Stop> {
        self.answer(|| Call::Read(Read::get(path)))
    }

    fn put(&mut self, id: &TicketId, body: impl FnOnce() -> Value) -> Result<TicketBody, Stop> {
        self.write(Verb::Put, format!("/api/v2/tickets/{id}"), body)
    }

    fn say(&mut self, id: &TicketId, said: &Said) -> Result<Value, Stop> {
        let (place, body) = said.post();
        self.write(Verb::Post, format!("/api/v2/tickets/{id}/{place}"), || body)
    }

    fn write<D: serde::de::DeserializeOwned>(
        &mut self,
        verb: Verb,
        path: String,
        body: impl FnOnce() -> Value,
    ) -> Result<D, Stop> {
        self.answer(|| Call::Write(Write { verb, path: PathAndQuery::new(path), body: body() }))
    }

    fn answer<D: serde::de::DeserializeOwned>(&mut self, call: impl FnOnce() -> Call) -> Result<D, Stop> {
        let answer = self.0.next().ok_or_else(|| Box::new(Next::Send(call())))?;
        read(answer).map_err(Box::new)
    }
}
