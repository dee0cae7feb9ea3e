//! What it takes to put back what a live decision changed, part by part, where nobody touched it since. Pure.
//!
//! Before and after come from the ledger: what the decision wrote, and how the ticket stood when it was decided. What the
//! ticket holds now, and who changed it since, comes from the platform. A part that holds something else by now, or that a
//! person has dealt with since, is theirs and stays as it is. What was said cannot be unsaid.

mod part;

use deskbridge_connectors::settled::{By, Change, Part, Settled};
use deskbridge_connectors::{Directory, Effect, Plan, TicketId, Version};
use serde_json::Value;

use crate::domain::mode::Mode;
use crate::domain::outcome::{EffectOutcome, EffectRecord, Entry};
use crate::domain::snapshot::Snapshot;

/// One effect of a decision and how it is taken back.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What was done.
    pub done: EffectRecord,
    /// How it is taken back.
    pub back: Back,
}

/// How an effect is taken back.
#[derive(Clone, Debug, PartialEq)]
pub enum Back {
    /// By this.
    By(Effect),
    /// It is as it was already.
    Already,
    /// Not at all; says why.
    Not(String),
}

/// Every effect that the decision applied, in its order, with the way back.
///
/// # Errors
/// Why nothing of the decision can be taken back.
pub fn steps(entry: &Entry, now: &Settled, names: &Directory) -> Result<Vec<Step>, String> {
    let applied = entry.effects.iter().filter(|effect| effect.state == EffectOutcome::Applied);
    let applied: Vec<&EffectRecord> = applied.collect();
    if applied.is_empty() {
        return Err(format!("it changed nothing (its outcome is `{}`)", entry.outcome.as_str()));
    }
    let snapshot = entry.snapshot.as_deref().ok_or("the ledger does not say how the ticket stood before")?;
    let ticket = TicketId::new(entry.ticket.as_str())?;
    let (before, _) = snapshot.ticket(&ticket, Version(String::new()));
    let scene = Scene { entry, snapshot, before: &before, now, names };
    let steps = applied.into_iter().map(|done| Step { done: done.clone(), back: scene.back(done) });
    Ok(steps.collect())
}

/// What is sent for the steps, in their order.
pub fn plan(steps: &[Step]) -> Plan {
    let effects = steps.iter().filter_map(|step| match &step.back {
        Back::By(effect) => Some(effect.clone()),
        Back::Already | Back::Not(_) => None,
    });
    Plan(effects.collect())
}

/// The steps as the ledger keeps them: what was put back, under the rule whose effect it takes back.
pub fn records(steps: &[Step], states: &[deskbridge_connectors::EffectState]) -> Vec<EffectRecord> {
    use deskbridge_connectors::EffectState;

    let mut states = states.iter();
    let record = |step: &Step| {
        let (effect, state, reason) = match &step.back {
            Back::By(effect) => match states.next() {
                Some(EffectState::Applied) => (Some(effect), EffectOutcome::Applied, None),
                Some(EffectState::Unchanged) => (Some(effect), EffectOutcome::Unchanged, None),
                Some(EffectState::Refused(why)) => (Some(effect), EffectOutcome::Refused, Some(why.clone())),
                None => (Some(effect), EffectOutcome::Planned, None),
            },
            Back::Already => (None, EffectOutcome::Unchanged, None),
            Back::Not(why) => (None, EffectOutcome::Refused, Some(why.clone())),
        };
        EffectRecord {
            kind: effect.map_or_else(|| step.done.kind.clone(), |effect| effect.kind().to_owned()),
            value: effect.map_or_else(|| step.done.value.clone(), Effect::value),
            rule: step.done.rule.clone(),
            mode: Mode::Live,
            state,
            reason,
        }
    };
    steps.iter().map(record).collect()
}

/// Everything a way back is judged on.
struct Scene<'a> {
    entry: &'a Entry,
    snapshot: &'a Snapshot,
    before: &'a deskbridge_connectors::Ticket,
    now: &'a Settled,
    names: &'a Directory,
}

impl Scene<'_> {
    fn back(&self, done: &EffectRecord) -> Back {
        let word = done.value.as_str();
        match (done.kind.as_str(), word) {
            ("set_priority", Some(word)) => self.priority(word),
            ("assign_group", Some(name)) => self.group(name),
            ("assign_agent", Some(name)) => self.agent(name),
            ("set_field", _) => self.field(&done.value),
            ("add_tags", _) => self.added_tags(&done.value),
            ("remove_tags", _) => self.removed_tags(&done.value),
            ("note", _) => Back::Not("a note stays in the thread".to_owned()),
            ("reply", _) => Back::Not("the customer has read it".to_owned()),
            ("cc", _) => Back::Not("whoever was told has been told".to_owned()),
            ("lookup", _) => Back::Already,
            (kind, _) => Back::Not(format!("the ledger's `{kind}` cannot be read")),
        }
    }

    /// Why a part is somebody else's by now: a person dealt with it after the decision, or anybody made it something else.
    fn touched(&self, part: &Part, ours: &dyn Fn(&Change) -> bool) -> Option<String> {
        let since = |change: &&Change| change.part == *part && change.at >= self.entry.decided_at;
        self.now.changes.iter().filter(since).find_map(|change| match change.by {
            By::Us => None,
            By::Person(_) => Some("a person has set it since".to_owned()),
            By::Automation | By::Customer | By::Unknown => {
                (!ours(change)).then(|| "it was changed since".to_owned())
            }
        })
    }
}

/// The words of a list in the ledger.
fn words(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests;
