//! Past decisions through another rulebook or by another model, on paper: what would have come out differently, because of
//! which rule, and whether that is nearer to what the agents settled on.
//!
//! The facts are those that the ledger kept, and so are the scores unless another model's are given, so that a difference is
//! the rulebook's or the model's doing and nobody else's. What was not kept is not guessed: of what customers wrote only
//! which of the rules' expressions were found is known, so that a decision that hangs on a new one is said to be not
//! replayable. Pure.

mod heads;
mod verdict;

use std::collections::BTreeSet;
use std::time::Duration;

use deskbridge_connectors::{Effect, TicketId, Version};
use deskbridge_onnx::Prediction;
use serde::Serialize;
use serde_json::Value;

use crate::domain::decision::Decision;
use crate::domain::history::History;
use crate::domain::label_modes::LabelModes;
use crate::domain::mode::Mode;
use crate::domain::outcome::Entry;
use crate::domain::snapshot::{Snapshot, digest};
use crate::rulebook::{self, Facts, Rulebook, unseen};

pub use heads::{Compared, compare};
pub use verdict::{End, Verdict};

/// Earlier decisions of a ticket that count, as the store counts them.
pub const MOST_HISTORY: usize = 20;

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
    /// Whether that is nearer to what the agents settled on; `None` for a match, which changes nothing by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

/// Everything that a past decision is decided by, besides the rulebook.
pub struct Basis<'a> {
    /// The ticket's earlier entries that decided something, the newest first: they tell what we ourselves had written.
    pub earlier: Vec<Entry>,
    /// What became of the ticket, where it is known.
    pub end: Option<End<'a>>,
    /// What another model says about the ticket, or why it says nothing; `None` where the ledger's scores are used.
    pub said: Option<&'a Result<Prediction, String>>,
    /// Whether labels are promoted one by one: then an effect that went less far than its rule allows was held back by
    /// its label, which is no difference between rulebooks.
    pub gated: bool,
}

/// Replays an entry that decided something.
pub fn replay(rulebook: &Rulebook, id: i64, entry: &Entry, mut basis: Basis<'_>) -> Replayed {
    basis.earlier.truncate(MOST_HISTORY);
    let history = History { entries: std::mem::take(&mut basis.earlier) };
    let came = match basis.said {
        Some(Err(why)) => Err(why.clone()),
        Some(Ok(prediction)) => again(rulebook, entry, &history, Some(prediction), &basis),
        None => again(rulebook, entry, &history, None, &basis),
    };
    let came = came.unwrap_or_else(|reason| Came::NotReplayable { reason });
    Replayed { id, account: entry.account.clone(), ticket: entry.ticket.clone(), came }
}

fn again(
    rulebook: &Rulebook,
    entry: &Entry,
    history: &History,
    said: Option<&Prediction>,
    basis: &Basis<'_>,
) -> Result<Came, String> {
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
        prediction: said.unwrap_or(&snapshot.prediction),
        history,
        directory: &directory,
        ceiling: entry.mode,
        now: entry.decided_at,
        segment: snapshot.segment.as_deref(),
        contacts: &snapshot.contacts,
        public_replies: snapshot.public_replies,
        texts: Some(&snapshot.texts),
        // How far a label may go changes no plan, only what becomes of it.
        gate: &LabelModes::OPEN,
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
    let end = basis.end;
    let (before, after) = (kept(entry, &snapshot.held_back), planned(&decision));
    let mut changes: BTreeSet<Change> = BTreeSet::new();
    let mut compare = |from: &BTreeSet<Part>, to: &BTreeSet<Part>, added| {
        let alike = |one: &Part, other: &Part| {
            // A note may name a confidence: another model's is another text, and the same note.
            let same_note = basis.said.is_some() && one.kind == "note" && one.rule == other.rule;
            (&one.kind, &one.value) == (&other.kind, &other.value) || (same_note && other.kind == "note")
        };
        let held_by_label = |one: &Part, other: &Part| {
            let (then, now) = if added { (other, one) } else { (one, other) };
            basis.gated && then.held == now.held && then.mode <= now.mode
        };
        let same = |one: &Part| {
            to.iter().any(|other| {
                let level = (one.mode, one.held) == (other.mode, other.held) || held_by_label(one, other);
                alike(one, other) && level
            })
        };
        // What only goes further or less far than before is neither better nor worse.
        let stays =
            |one: &Part| to.iter().any(|other| (&other.kind, &other.value) == (&one.kind, &one.value));
        changes.extend(from.iter().filter(|one| !same(one)).map(|part| Change {
            rule: part.rule.clone(),
            added,
            what: part.what.clone(),
            verdict: Some(if stays(part) || part.held {
                Verdict::Unknown
            } else {
                part.verdict(end, entry, added)
            }),
        }));
    };
    compare(&before, &after, false);
    compare(&after, &before, true);
    let matches = |rule: &String, added| Change {
        rule: rule.clone(),
        added,
        what: "matches".to_owned(),
        verdict: None,
    };
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
    kind: String,
    /// A field's value is `{name: value}`; of a list of tags each is a part of its own.
    value: String,
    mode: Mode,
    held: bool,
}

impl Part {
    fn verdict(&self, end: Option<End<'_>>, entry: &Entry, added: bool) -> Verdict {
        let field: Option<Value> =
            (self.kind == "set_field").then(|| serde_json::from_str(&self.value).ok()).flatten();
        let pair = field.as_ref().and_then(Value::as_object).and_then(|fields| fields.iter().next());
        match pair {
            Some((name, Value::String(value))) => {
                verdict::verdict(end, entry, &self.kind, Some(name), value, added)
            }
            Some((name, value)) => {
                verdict::verdict(end, entry, &self.kind, Some(name), &value.to_string(), added)
            }
            None => verdict::verdict(end, entry, &self.kind, None, &self.value, added),
        }
    }
}

fn kept(entry: &Entry, held_back: &[usize]) -> BTreeSet<Part> {
    let parts = entry.effects.iter().enumerate();
    parts
        .flat_map(|(at, effect)| {
            parts_of(&effect.kind, &effect.value, effect.mode, held_back.contains(&at), &effect.rule)
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
            let held = planned.held_back.is_some();
            parts_of(planned.effect.kind(), &value, planned.mode, held, &planned.because)
        })
        .collect()
}

/// An effect in words, or one for each tag; what is held back or not live says so, because that is a difference too.
fn parts_of(kind: &str, value: &Value, mode: Mode, held: bool, rule: &str) -> Vec<Part> {
    let state = if held { "held back".to_owned() } else { mode.to_string() };
    let part = |value: &str| Part {
        what: format!("{kind} {value} ({state})"),
        rule: rule.to_owned(),
        kind: kind.to_owned(),
        value: value.to_owned(),
        mode,
        held,
    };
    match value {
        Value::String(text) => vec![part(text)],
        Value::Array(items) => items.iter().map(|item| part(item.as_str().unwrap_or_default())).collect(),
        other => vec![part(&other.to_string())],
    }
}
