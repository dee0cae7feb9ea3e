//! The ledger's entry for one piece of work, whichever way it ended. Pure, but for counting.

use deskbridge_connectors::{Applied, Effect, EffectState, Notice, Recognised, Skip, Ticket, Write};
use deskbridge_onnx::contract_json;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Verdict;
use crate::domain::decision::{Asked, Decision, Lookup, Planned, Sendable};
use crate::domain::history::requester;
use crate::domain::mode::Mode;
use crate::domain::outcome::{EffectOutcome, EffectRecord, Entry, Outcome};
use crate::domain::snapshot::Snapshot;
use crate::domain::trial::Trial;
use crate::platform::Calls;
use crate::platform::account::Account;
use crate::store::Work;

/// What is known from the start; each way out completes it.
pub(super) struct Record<'a> {
    account: &'a Account,
    work: &'a Work,
    ticket: &'a str,
    begun: Timestamp,
    /// Who asked, as a digest.
    requester: Option<String>,
    /// The kind of machine mail that opened it.
    machine: Option<Recognised>,
}

impl<'a> Record<'a> {
    pub(super) fn new(account: &'a Account, work: &'a Work, notice: &'a Notice, begun: Timestamp) -> Self {
        Self { account, work, ticket: notice.ticket.as_str(), begun, requester: None, machine: None }
    }

    /// The same with who asked, once the ticket has been looked at.
    pub(super) fn of(&mut self, ticket: &Ticket) -> &Self {
        self.requester = requester(&self.work.account, &ticket.requester);
        self.machine = ticket.machine;
        self
    }

    /// The ticket was left alone.
    pub(super) fn skipped(&self, skip: Skip, calls: &mut Calls) -> Verdict {
        self.undecided(Outcome::Skipped, skip.as_str(), calls)
    }

    /// There is nothing that could be done.
    pub(super) fn moot(&self, why: &str, calls: &mut Calls) -> Verdict {
        self.undecided(Outcome::Moot, why, calls)
    }

    /// Recorded only.
    pub(super) fn shadowed(
        &self,
        decision: &Decision,
        withheld: Option<Write>,
        calls: &mut Calls,
        now: Timestamp,
    ) -> Verdict {
        let asks = |lookup: &Lookup| lookup.held_back.is_none() && lookup.mode == Mode::Shadow;
        let free = decision.plan.iter().any(|planned| planned.held_back.is_none())
            || decision.lookups.iter().any(asks);
        let failed = decision.lookups.iter().any(|lookup| matches!(lookup.asked, Asked::Failed(_)));
        let (outcome, reason) = match (free, failed) {
            (true, _) => (Outcome::Shadowed, None),
            (false, true) => (Outcome::Moot, Some("a look-up gave nothing")),
            (false, false) if decision.rules.is_empty() => (Outcome::NoRule, None),
            (false, false) if decision.plan.is_empty() => {
                (Outcome::Shadowed, Some("the rules that matched ask for no change"))
            }
            (false, false) => (Outcome::Shadowed, Some("every change was held back")),
        };
        let mut entry = self.decided(decision, outcome, calls, now);
        entry.reason = reason.map(str::to_owned);
        entry.withheld = withheld.map(|write| {
            json!({ "method": write.verb.as_str(), "path": write.path.as_str(), "body": without_notes(write.body, decision) })
        });
        Verdict::Settle(Box::new(entry))
    }

    /// Sent.
    pub(super) fn applied(
        &self,
        decision: &Decision,
        sent: &Sendable,
        applied: Applied,
        calls: &mut Calls,
        now: Timestamp,
    ) -> Verdict {
        let mut entry = self.decided(decision, Outcome::Applied, calls, now);
        let mut told = None;
        for (origin, state) in sent.origin.iter().zip(&applied.states) {
            match origin {
                Some(at) => {
                    (entry.effects[*at].state, entry.effects[*at].reason) =
                        outcome_of(state, self.work.wrote_before);
                }
                None => told = Some(state),
            }
        }
        if let Some(told) = told {
            let is_told = |effect: &&mut EffectRecord| {
                effect.mode == Mode::Suggest && effect.reason.is_none() && effect.kind != "lookup"
            };
            for effect in entry.effects.iter_mut().filter(is_told) {
                (effect.state, effect.reason) = match told {
                    EffectState::Refused(why) => (EffectOutcome::Refused, Some(why.clone())),
                    EffectState::Applied | EffectState::Unchanged => (EffectOutcome::Suggested, None),
                };
            }
        }
        entry.outcome = overall(&entry.effects);
        entry.own_version = applied.version;
        Verdict::Settle(Box::new(entry))
    }

    fn undecided(&self, outcome: Outcome, why: &str, calls: &mut Calls) -> Verdict {
        Verdict::Settle(Box::new(Entry {
            account: self.work.account.clone(),
            platform: self.account.platform.as_str().to_owned(),
            ticket: self.ticket.to_owned(),
            requester: None,
            machine: None,
            delivery: self.work.key.as_str().to_owned(),
            received_at: self.work.received_at,
            decided_at: self.begun,
            mode: self.account.ceiling,
            language: Value::Null,
            heads: json!({}),
            rules: Vec::new(),
            effects: Vec::new(),
            outcome,
            reason: Some(why.to_owned()),
            digests: None,
            version: None,
            own_version: None,
            calls: std::mem::take(calls),
            withheld: None,
            challenger: None,
            awaiting: None,
            snapshot: None,
        }))
    }

    fn decided(&self, decision: &Decision, outcome: Outcome, calls: &mut Calls, now: Timestamp) -> Entry {
        let scores = contract_json("", &decision.prediction);
        let part = |name: &str| scores.get(name).cloned().unwrap_or(Value::Null);
        Entry {
            account: self.work.account.clone(),
            platform: self.account.platform.as_str().to_owned(),
            ticket: self.ticket.to_owned(),
            requester: self.requester.clone(),
            machine: self.machine,
            delivery: self.work.key.as_str().to_owned(),
            received_at: self.work.received_at,
            decided_at: now,
            mode: self.account.ceiling,
            language: part("language"),
            heads: part("heads"),
            rules: decision.rules.clone(),
            effects: decision
                .plan
                .iter()
                .map(planned)
                .chain(decision.lookups.iter().map(looked_up))
                .collect(),
            outcome,
            reason: None,
            digests: Some(decision.digests.clone()),
            version: Some(decision.version.clone()),
            own_version: None,
            calls: std::mem::take(calls),
            withheld: None,
            challenger: decision.challenger.as_ref().map(Trial::of),
            awaiting: decision.awaiting.clone(),
            snapshot: None,
        }
    }
}

/// Adds to a decided entry what a replay needs of the ticket.
pub(super) fn remember(verdict: Verdict, snapshot: Snapshot) -> Verdict {
    match verdict {
        Verdict::Settle(mut entry) => {
            entry.snapshot = entry.digests.is_some().then(|| Box::new(snapshot));
            Verdict::Settle(entry)
        }
        other => other,
    }
}

/// An effect before anything was sent for it. A note is kept as its marker: its text may quote the ticket.
fn planned(planned: &Planned) -> EffectRecord {
    let (state, reason) = match (&planned.held_back, planned.mode) {
        (Some(why), _) => (EffectOutcome::Refused, Some(why.clone())),
        (None, Mode::Shadow) => (EffectOutcome::Shadowed, None),
        (None, Mode::Suggest | Mode::Live) => (EffectOutcome::Planned, None),
    };
    let value = match &planned.effect {
        Effect::Note(note) => note.marker.as_str().into(),
        effect => effect.value(),
    };
    EffectRecord {
        kind: planned.effect.kind().to_owned(),
        value,
        rule: planned.because.clone(),
        mode: planned.mode,
        state,
        reason,
    }
}

/// A look-up is kept as the rulebook writes it: its address may hold what a customer wrote.
fn looked_up(lookup: &Lookup) -> EffectRecord {
    let (state, reason) = match (&lookup.held_back, &lookup.asked) {
        (Some(why), _) => (EffectOutcome::Refused, Some(why.clone())),
        (None, Asked::No) => (EffectOutcome::Shadowed, None),
        (None, Asked::Answered) => (EffectOutcome::Applied, None),
        (None, Asked::Failed(why)) => (EffectOutcome::Failed, Some(why.clone())),
    };
    EffectRecord {
        kind: "lookup".to_owned(),
        value: lookup.pattern.as_str().into(),
        rule: lookup.because.clone(),
        mode: lookup.mode,
        state,
        reason,
    }
}

/// What holds already after an earlier attempt has written is our own work: later decisions must know it as such.
fn outcome_of(state: &EffectState, wrote_before: bool) -> (EffectOutcome, Option<String>) {
    match state {
        EffectState::Applied => (EffectOutcome::Applied, None),
        EffectState::Unchanged if wrote_before => (EffectOutcome::Applied, None),
        EffectState::Unchanged => (EffectOutcome::Unchanged, None),
        EffectState::Refused(why) => (EffectOutcome::Refused, Some(why.clone())),
    }
}

fn overall(effects: &[EffectRecord]) -> Outcome {
    // A look-up changes nothing by itself.
    let changes = || effects.iter().filter(|effect| effect.kind != "lookup");
    let any = |wanted: &[EffectOutcome]| changes().any(|effect| wanted.contains(&effect.state));
    if any(&[EffectOutcome::Applied, EffectOutcome::Unchanged]) {
        Outcome::Applied
    } else if any(&[EffectOutcome::Suggested]) {
        Outcome::Suggested
    } else if any(&[EffectOutcome::Shadowed]) {
        Outcome::Shadowed
    } else {
        Outcome::Moot
    }
}

/// The body of a withheld write with every note's text cut to its marker, and every answer's to its template's name:
/// the ledger holds no ticket text.
fn without_notes(body: Value, decision: &Decision) -> Value {
    let answer = decision.plan.iter().find_map(|planned| match &planned.effect {
        Effect::Reply(reply) => Some(reply.template.as_str()),
        _ => None,
    });
    let markers: Vec<&str> = decision
        .plan
        .iter()
        .filter_map(|planned| match &planned.effect {
            Effect::Note(note) => Some(note.marker.as_str()),
            _ => None,
        })
        .collect();
    match body {
        Value::String(text) => match markers.iter().find(|marker| text.contains(**marker)) {
            Some(marker) => format!("… {marker}").into(),
            None => text.into(),
        },
        Value::Array(items) => items.into_iter().map(|item| without_notes(item, decision)).collect(),
        Value::Object(map) => {
            let cut = |(key, value): (String, Value)| match (answer, without_notes(value, decision)) {
                (Some(template), Value::String(text))
                    if matches!(key.as_str(), "body" | "html_body") && !text.starts_with("… ") =>
                {
                    (key, format!("… {template}").into())
                }
                (_, value) => (key, value),
            };
            map.into_iter().map(cut).collect()
        }
        other => other,
    }
}

/// Counts an entry that is about to be settled.
pub(super) fn count(entry: &Entry) {
    let account = entry.account.clone();
    metrics::counter!("deskbridge_decisions_total", "account" => account.clone(), "outcome" => entry.outcome.as_str())
        .increment(1);
    for effect in &entry.effects {
        let labels = [
            ("account", account.clone()),
            ("kind", effect.kind.clone()),
            ("state", effect.state.as_str().to_owned()),
        ];
        metrics::counter!("deskbridge_effects_total", &labels).increment(1);
    }
}
