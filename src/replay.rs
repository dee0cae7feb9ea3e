//! Past decisions through another rulebook, on paper: what would have come out differently, and because of which rule.
//!
//! The scores and facts are those that the ledger kept, so that a difference is the rulebook's doing and no model's. What
//! was not kept is not guessed: of what customers wrote only which of the rules' expressions were found is known, so that a
//! decision that hangs on a new one is said to be not replayable. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use deskbridge_connectors::{Effect, TicketId, Version};
use serde::Serialize;
use serde_json::Value;

use crate::decision::Decision;
use crate::history::History;
use crate::mode::Mode;
use crate::outcome::Entry;
use crate::promotion::Gate;
use crate::rulebook::{self, Facts, Rulebook, unseen};
use crate::snapshot::{Snapshot, digest};

/// Earlier decisions of a ticket that count, as the store counts them.
const MOST_HISTORY: usize = 20;

/// One past decision, decided anew.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Replayed {
    /// The ledger's id.
    pub id: i64,
    /// The account.
    pub account: String,
    /// The ticket.
    pub ticket: String,
    /// What came of it.
    #[serde(flatten)]
    pub came: Came,
}

/// What came of a replay.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Came {
    /// The decision is the same.
    Same,
    /// It is not.
    Differs {
        /// The rules that matched then.
        before: Vec<String>,
        /// The rules that match now.
        after: Vec<String>,
        /// What is gone and what is new.
        changes: Vec<Change>,
    },
    /// It cannot be told.
    NotReplayable {
        /// Why.
        reason: String,
    },
}

/// One part of a decision that is gone or new.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    /// The rule behind it.
    pub rule: String,
    /// Whether it is new; else it is gone.
    pub added: bool,
    /// What: `set_priority high`, or that the rule matches.
    pub what: String,
}

/// Replays every entry that decided something and that `wanted` names. `past` is the whole ledger, oldest first: earlier
/// entries tell what we ourselves had written.
pub fn replay(rulebook: &Rulebook, past: &[(i64, Entry)], wanted: impl Fn(&Entry) -> bool) -> Vec<Replayed> {
    let mut histories: BTreeMap<(&str, &str), Vec<&Entry>> = BTreeMap::new();
    let mut found = Vec::new();
    for (id, entry) in past.iter().filter(|(_, entry)| entry.digests.is_some()) {
        let earlier = histories.entry((&entry.account, &entry.ticket)).or_default();
        if wanted(entry) {
            let history = History {
                entries: earlier.iter().rev().take(MOST_HISTORY).map(|one| (*one).clone()).collect(),
            };
            let came = again(rulebook, entry, &history)
                .unwrap_or_else(|reason| Came::NotReplayable { reason: reason.to_owned() });
            found.push(Replayed {
                id: *id,
                account: entry.account.clone(),
                ticket: entry.ticket.clone(),
                came,
            });
        }
        earlier.push(entry);
    }
    found
}

fn again(rulebook: &Rulebook, entry: &Entry, history: &History) -> Result<Came, String> {
    let snapshot =
        entry.snapshot.as_ref().ok_or("it was decided before the ledger kept what a replay needs")?;
    let platform = entry.platform.parse()?;
    let id = TicketId::new(entry.ticket.as_str())?;
    let version = entry.version.clone().unwrap_or(Version(String::new()));
    let (mut ticket, directory) = snapshot.ticket(&id, version);
    ticket.requester.email = requester(rulebook, &entry.account, snapshot);
    let facts = Facts {
        account: &entry.account,
        platform,
        ticket: &ticket,
        prediction: &snapshot.prediction,
        history,
        directory: &directory,
        ceiling: entry.mode,
        now: entry.decided_at,
        segment: snapshot.segment.as_deref(),
        contacts: &snapshot.contacts,
        public_replies: snapshot.public_replies,
        texts: Some(&snapshot.texts),
        // How far a label may go changes no plan, only what becomes of it.
        gate: &Gate::OPEN,
    };
    let text_fields = snapshot.text_fields.iter().flat_map(|field| [field.id.0.clone(), field.name.clone()]);
    let unseen = unseen::Unseen {
        fields: text_fields.map(|name| name.to_lowercase()).collect(),
        contact_window: snapshot.contact_window.map(Duration::from_secs),
    };
    if let Some((rule, reads)) = unseen::first(rulebook, &facts, &unseen) {
        return Err(format!("the rule `{rule}` reads {reads}"));
    }
    let decision = rulebook::decide(rulebook, &facts);
    let (before, after) = (kept(entry, &snapshot.held_back), planned(&decision));
    let mut changes: BTreeSet<Change> = BTreeSet::new();
    let mut compare = |from: &BTreeSet<Part>, to: &BTreeSet<Part>, added| {
        let same = |one: &Part| to.iter().any(|other| other.what == one.what);
        changes.extend(from.iter().filter(|one| !same(one)).map(|part| Change {
            rule: part.rule.clone(),
            added,
            what: part.what.clone(),
        }));
    };
    compare(&before, &after, false);
    compare(&after, &before, true);
    let matches = |rule: &String, added| Change { rule: rule.clone(), added, what: "matches".to_owned() };
    changes.extend(
        entry.rules.iter().filter(|rule| !decision.rules.contains(rule)).map(|rule| matches(rule, false)),
    );
    changes.extend(
        decision.rules.iter().filter(|rule| !entry.rules.contains(rule)).map(|rule| matches(rule, true)),
    );
    if changes.is_empty() {
        return Ok(Came::Same);
    }
    let changes = changes.into_iter().collect();
    Ok(Came::Differs { before: entry.rules.clone(), after: decision.rules, changes })
}

/// An address that conditions answer to as they did to the requester's own: the digest tells which of the rulebook's
/// words it is, and no other word matters.
fn requester(rulebook: &Rulebook, account: &str, snapshot: &Snapshot) -> Option<String> {
    let known = snapshot.requester.as_deref()?;
    let domain = snapshot.requester_domain.as_deref();
    let (emails, domains) = unseen::requesters(rulebook);
    let email = emails.into_iter().find(|email| digest(account, email) == known);
    email.map(str::to_owned).or_else(|| {
        let of = domains.into_iter().find(|word| Some(digest(account, word).as_str()) == domain);
        of.map(|domain| format!("somebody@{domain}"))
    })
}

/// A part of a decision in words, and the rule behind it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    what: String,
    rule: String,
}

fn kept(entry: &Entry, held_back: &[usize]) -> BTreeSet<Part> {
    let parts = entry.effects.iter().enumerate();
    parts
        .flat_map(|(at, effect)| {
            words(&effect.kind, &effect.value, effect.mode, held_back.contains(&at))
                .into_iter()
                .map(|what| Part { what, rule: effect.rule.clone() })
        })
        .collect()
}

fn planned(decision: &Decision) -> BTreeSet<Part> {
    decision
        .plan
        .iter()
        .flat_map(|planned| {
            // As the ledger keeps it: a note by its mark.
            let value = match &planned.effect {
                Effect::Note(note) => note.marker.as_str().into(),
                effect => effect.value(),
            };
            words(planned.effect.kind(), &value, planned.mode, planned.held_back.is_some())
                .into_iter()
                .map(|what| Part { what, rule: planned.because.clone() })
        })
        .collect()
}

/// An effect in words, or one for each tag; what is held back or not live says so, because that is a difference too.
fn words(kind: &str, value: &Value, mode: Mode, held: bool) -> Vec<String> {
    let state = if held { "held back".to_owned() } else { mode.to_string() };
    let line = |value: &str| format!("{kind} {value} ({state})");
    match value {
        Value::String(text) => vec![line(text)],
        Value::Array(items) => items.iter().map(|item| line(item.as_str().unwrap_or_default())).collect(),
        other => vec![line(&other.to_string())],
    }
}
