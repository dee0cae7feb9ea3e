//! A decision beside the values that its ticket settled on: the rows that every figure of the report comes from. Pure.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use deskbridge_onnx::HeadKind;

use crate::domain::decision::TicketKey;
use crate::domain::mode::Mode;
use crate::domain::outcome::{EffectOutcome, Entry};
use crate::domain::settled::{FieldStory, Kept, Story, Who};
use crate::domain::summary::{AnswerSummary, DecisionSummary, SummarisedDecision};
use crate::evidence::report::observation::{Course, Influence, Observation};
use crate::rulebook::Rulebook;
use crate::settings::heads::{HeadSource, Heads, label_of};
use crate::settings::{Account, Settings};

/// Where each account's heads find the agents' own choice.
pub type Sources = HashMap<String, Heads>;

/// Resolves where each account of the settings finds them, for a rulebook and the names of a bundle's heads.
pub fn sources_of(settings: &Settings, rulebook: &Rulebook, heads: &[String]) -> Sources {
    let of = |account: &Account| {
        settings.settling.heads.resolved(rulebook, account.platform, heads.iter().map(String::as_str))
    };
    settings.accounts.iter().map(|account| (account.name().to_owned(), of(account))).collect()
}

/// Puts one decision beside the settled values of its ticket: an observation for every head whose value the agents choose
/// somewhere.
pub fn observe(decision: &SummarisedDecision, kept: &Kept, heads: &Heads) -> Vec<Observation> {
    let seen = decision.answers().filter_map(|(head, known, answer)| {
        let source = heads.source(head)?;
        let part = Part::of(source, kept);
        let labels_of = |values: &[String]| -> BTreeSet<String> {
            let found = values.iter().filter_map(|value| label_of(head, value, &known.labels, heads));
            if known.kind == HeadKind::Single { found.take(1).collect() } else { found.collect() }
        };
        let settled = labels_of(&part.story.now);
        let AnswerSummary(ranked, named) = answer;
        Some(Observation {
            decision: decision.id,
            account: decision.account.clone(),
            ticket: decision.ticket.clone(),
            decided_at: decision.decided_at,
            settled_at: kept.settled_at,
            language: decision.summary.language.clone(),
            model: decision.bundle.model.clone(),
            head: head.clone(),
            kind: known.kind,
            ranked: ranked.iter().map(|(label, sure)| (known.name(*label).to_owned(), *sure)).collect(),
            named: named.iter().map(|label| known.name(*label).to_owned()).collect(),
            first: part.story.first.as_ref().map(|first| labels_of(first)),
            influence: influence(&decision.summary, &part, &labels_of, &settled),
            settled,
            bundle: Some(Arc::clone(&decision.bundle)),
        })
    });
    seen.collect()
}

/// Puts a ledger entry beside the settled values of its ticket; nothing where the entry decided nothing.
pub fn observe_entry(id: i64, entry: &Entry, kept: &Kept, heads: &Heads) -> Vec<Observation> {
    let Some((bundle, summary)) = DecisionSummary::of(entry) else { return Vec::new() };
    let decision = SummarisedDecision {
        id,
        decided_at: entry.decided_at,
        account: entry.account.clone(),
        ticket: entry.ticket.clone(),
        bundle: Arc::new(bundle),
        summary,
        is_first: true,
    };
    observe(&decision, kept, heads)
}

/// Returns how a settled ticket went; `mode` is that of its last decision.
pub fn course(ticket: &TicketKey, kept: &Kept, mode: Option<Mode>) -> Course {
    Course {
        account: ticket.account.clone(),
        ticket: ticket.ticket.to_string(),
        mode,
        created_at: kept.created_at,
        routed_at: kept.routed_at,
        reassignments: kept.reassignments.unwrap_or_default(),
        misrouted: kept.first_group.as_ref().and_then(|first| Some(kept.group.now.first()? != first)),
        first_reply_at: kept.first_reply_at,
        closed_at: kept.closed_at,
    }
}

/// What is known of the part of a ticket that a head is read from.
pub fn part_of(source: &HeadSource, kept: &Kept) -> Story {
    match source {
        HeadSource::Priority => kept.priority.clone(),
        HeadSource::Group => kept.group.clone(),
        HeadSource::Tags(_) => kept.tags.clone(),
        HeadSource::Field(name) => {
            let found = kept.fields.iter().find(|field| field.is(name));
            found.map(|field| field.story.clone()).unwrap_or_default()
        }
    }
}

/// Tells if a decision wrote into the part that a head is read from.
pub fn wrote(entry: &Entry, source: &HeadSource, kept: &Kept) -> bool {
    let part = Part::of(source, kept);
    let applied = entry.effects.iter().filter(|effect| effect.state == EffectOutcome::Applied);
    applied.into_iter().any(|effect| !part.written(&effect.kind, &effect.value).is_empty())
}

/// The part of a ticket that a head is read from.
struct Part<'a> {
    source: &'a HeadSource,
    story: Story,
    fields: &'a [FieldStory],
}

impl<'a> Part<'a> {
    fn of(source: &'a HeadSource, kept: &'a Kept) -> Self {
        Self { source, story: part_of(source, kept), fields: &kept.fields }
    }

    /// What an effect puts into this part; nothing where it changes another.
    fn written(&self, kind: &str, value: &serde_json::Value) -> Vec<String> {
        let text = |value: &serde_json::Value| match value {
            serde_json::Value::String(text) => vec![text.clone()],
            serde_json::Value::Array(items) => {
                items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
            }
            serde_json::Value::Null => Vec::new(),
            other => vec![other.to_string()],
        };
        match (self.source, kind) {
            (HeadSource::Priority, "set_priority")
            | (HeadSource::Group, "assign_group")
            | (HeadSource::Tags(_), "add_tags") => text(value),
            (HeadSource::Field(name), "set_field") => value
                .as_object()
                .and_then(|fields| {
                    fields.iter().find(|(field, _)| {
                        // The rule and the settings may name it differently: one by its name, one by its id.
                        field.eq_ignore_ascii_case(name)
                            || self.fields.iter().any(|known| known.is(name) && known.is(field))
                    })
                })
                .map(|(_, value)| text(value))
                .unwrap_or_default(),
            _ => Vec::new(),
        }
    }
}

/// Tells if the agents' choice was their own.
fn influence(
    decision: &DecisionSummary,
    part: &Part<'_>,
    labels_of: &dyn Fn(&[String]) -> BTreeSet<String>,
    settled: &BTreeSet<String>,
) -> Influence {
    let ours: Vec<String> =
        decision.written.iter().flat_map(|effect| part.written(&effect.kind, &effect.value)).collect();
    let ours = labels_of(&ours);
    if !ours.is_empty() {
        // It is read as settled only when people have had the settling time to object; see `task`.
        return if ours.is_subset(settled) { Influence::Kept } else { Influence::Overridden };
    }
    match (decision.acted, part.story.by) {
        // Whatever we showed or wrote elsewhere on the ticket, the agent saw.
        (true, _) => Influence::Anchored,
        (false, Some(Who::Us)) => Influence::Unconfirmed,
        (false, _) => Influence::Independent,
    }
}
