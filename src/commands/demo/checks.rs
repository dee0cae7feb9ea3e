//! What the demo holds to be true, checked on the desks' own state and request logs.

use std::collections::BTreeSet;
use std::sync::Arc;

use deskbridge_standins::scenario::{Play, Twist};
use deskbridge_standins::{Desk, TicketState};
use serde_json::Value;

use super::house::House;
use super::play::{AGENTS_TAG, Played};
use crate::domain::outcome::{EffectOutcome, EffectRecord};
use crate::store::DeadFilter;

/// One statement and whether it held.
pub(super) struct Check {
    pub(super) what: String,
    pub(super) held: bool,
    pub(super) faults: Vec<String>,
}

impl Check {
    fn new(what: &str, faults: Vec<String>) -> Self {
        Self { what: what.to_owned(), held: faults.is_empty(), faults }
    }
}

/// Shadow mode: everything decided, nothing written.
pub(super) async fn shadow(
    desks: &[Arc<dyn Desk>],
    played: &[Played],
    house: &House,
) -> anyhow::Result<Vec<Check>> {
    let written = desks.iter().flat_map(|desk| {
        let platform = desk.platform();
        desk.requests()
            .into_iter()
            .filter(|request| request.is_write())
            .map(move |request| format!("{platform}: {} {}", request.method, request.path))
    });
    Ok(vec![
        Check::new("shadow mode: no desk has seen a single write", written.collect()),
        once("shadow mode: every ticket was decided exactly once", played),
        dead_letters("shadow mode", 0, house).await?,
    ])
}

/// Live mode: the desks hold what the rulebook says, and the accidents ended well.
pub(super) async fn live(
    plays: &[Play],
    desks: &[Arc<dyn Desk>],
    played: &[Played],
    house: &House,
) -> anyhow::Result<Vec<Check>> {
    let twisted = |twist: Twist| played.iter().find(move |one| plays[one.play].twist == twist);
    let desk_of = |one: &Played| &desks[plays[one.play].desk];
    let mut state_faults = Vec::new();
    for one in played {
        let Some(state) = desk_of(one).ticket(&one.ticket) else {
            state_faults.push(format!("{}/{} is gone", one.account, one.ticket));
            continue;
        };
        state_faults.extend(compare(one, &plays[one.play], &state));
    }
    let mut checks = vec![
        once("live mode: every ticket was decided exactly once", played),
        Check::new(
            "live mode: every desk holds what the rulebook says, and kept the tags it had",
            state_faults,
        ),
    ];
    checks.extend(twisted(Twist::Duplicate).map(|one| {
        let answered = one.redelivered != Some(200);
        let fault = answered.then(|| format!("answered {:?}", one.redelivered));
        Check::new("a webhook delivered twice was answered 200 and decided once", fault.into_iter().collect())
    }));
    checks.extend(twisted(Twist::Forged).map(|one| {
        let fault = (one.forged != Some(401)).then(|| format!("answered {:?}", one.forged));
        Check::new("a forged signature was answered 401", fault.into_iter().collect())
    }));
    checks.extend(twisted(Twist::RateLimited).map(|one| {
        let seen = desk_of(one).requests().iter().any(|request| request.status == 429);
        let fault = (!seen).then(|| "no 429 was met".to_owned());
        Check::new("a 429 was waited out", fault.into_iter().collect())
    }));
    checks.extend(twisted(Twist::Moved).map(|one| {
        let refused = desk_of(one).requests().iter().any(|request| request.status == 409);
        let kept = desk_of(one).ticket(&one.ticket).is_some_and(|state| state.tags.contains(AGENTS_TAG));
        let mut faults = Vec::new();
        if !refused {
            faults.push("no 409 was met".to_owned());
        }
        if !kept {
            faults.push("the agent's tag is gone".to_owned());
        }
        Check::new("an agent's change between our look and our write won (409, then looked at again)", faults)
    }));
    checks.push(dead_letters("live mode", 0, house).await?);
    Ok(checks)
}

fn once(what: &str, played: &[Played]) -> Check {
    let faults = played.iter().filter(|one| one.decisions != 1);
    Check::new(
        what,
        faults.map(|one| format!("{}/{}: {} decisions", one.account, one.ticket, one.decisions)).collect(),
    )
}

async fn dead_letters(mode: &str, expected: usize, house: &House) -> anyhow::Result<Check> {
    let dead = house.store()?.dead(&DeadFilter::default()).await?;
    let faults = if dead.len() == expected {
        Vec::new()
    } else {
        dead.iter().map(|letter| format!("{}: {}", letter.delivery, letter.reason)).collect()
    };
    Ok(Check::new(&format!("{mode}: nothing was set aside as a dead letter"), faults))
}

/// Holds a ticket's state against its decision.
fn compare(one: &Played, play: &Play, state: &TicketState) -> Vec<String> {
    let Some(entry) = &one.entry else {
        return vec![format!("{}/{} has no decision", one.account, one.ticket)];
    };
    let mut faults: Vec<String> = entry
        .effects
        .iter()
        .filter_map(|effect| fault(effect, state))
        .map(|fault| format!("{}/{}: {fault}", one.account, one.ticket))
        .collect();
    let before: BTreeSet<_> = play.ticket.tags.iter().cloned().collect();
    let lost: Vec<_> = before.difference(&state.tags).cloned().collect();
    if !lost.is_empty() {
        faults.push(format!("{}/{} lost its tags {}", one.account, one.ticket, lost.join(", ")));
    }
    // A group that shall follow is named in a note, too.
    let notes = entry.effects.iter().filter(|effect| matches!(effect.kind.as_str(), "note" | "cc")).count();
    if state.notes.len() != notes {
        faults.push(format!("{}/{} has {} notes, not {notes}", one.account, one.ticket, state.notes.len()));
    }
    faults
}

/// Why a ticket's state is not what an effect says; `None` where it is.
fn fault(effect: &EffectRecord, state: &TicketState) -> Option<String> {
    if !matches!(effect.state, EffectOutcome::Applied | EffectOutcome::Unchanged) {
        return Some(format!(
            "{} was {}: {}",
            effect.kind,
            effect.state.as_str(),
            effect.reason.as_deref().unwrap_or("–")
        ));
    }
    let same = |seen: &Option<String>| {
        let wanted = effect.value.as_str().unwrap_or_default();
        seen.as_deref().is_some_and(|seen| seen.eq_ignore_ascii_case(wanted))
    };
    let holds = match effect.kind.as_str() {
        "set_priority" => same(&state.priority),
        "assign_group" => same(&state.group),
        "assign_agent" => same(&state.agent),
        "add_tags" => {
            let wanted = effect.value.as_array().into_iter().flatten().filter_map(Value::as_str);
            wanted.into_iter().all(|tag| state.tags.contains(tag))
        }
        "set_field" => effect.value.as_object().into_iter().flatten().all(|(field, value)| {
            let seen = state.fields.get(field).map(String::as_str).unwrap_or_default();
            value.as_str().is_some_and(|value| value.eq_ignore_ascii_case(seen))
        }),
        "cc" => state.tags.iter().any(|tag| tag.starts_with("cc-")),
        "note" => {
            let marker = effect.value.as_str().unwrap_or_default();
            state.notes.iter().filter(|note| !note.public && note.body.contains(marker)).count() == 1
        }
        _ => false,
    };
    (!holds).then(|| format!("{} {} does not hold: {state:?}", effect.kind, effect.value))
}
