//! A ledger entry beside what the agents settled on: the rows that every figure of the report comes from. Pure, but for
//! [`observations`], which reads the store.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;

use deskbridge_onnx::HeadKind;
use jiff::Timestamp;

use crate::domain::decision::TicketKey;
use crate::domain::mode::Mode;
use crate::domain::outcome::{EffectOutcome, EffectRecord, Entry};
use crate::domain::settled::{FieldStory, Kept, Story, Who};
use crate::evidence::gather::Settled;
use crate::evidence::report::observation::{Course, Influence, Observation};
use crate::rulebook::Rulebook;
use crate::settings::heads::{HeadSource, Heads, label_of};
use crate::settings::{Account, Settings};
use crate::store::{self, Filter, Store};

/// Where each account's heads find the agents' own choice.
pub type Sources = HashMap<String, Heads>;

/// Resolves where each account of the settings finds them, for a rulebook and the names of a bundle's heads.
pub fn sources_of(settings: &Settings, rulebook: &Rulebook, heads: &[String]) -> Sources {
    let of = |account: &Account| {
        settings.settling.heads.resolved(rulebook, account.platform, heads.iter().map(String::as_str))
    };
    settings.accounts.iter().map(|account| (account.name().to_owned(), of(account))).collect()
}

/// Everything that was decided since a time and has settled: one observation a head, one course a ticket.
///
/// # Errors
/// When the store cannot be read.
pub async fn observations(
    store: &dyn Store,
    sources: &Sources,
    since: Option<Timestamp>,
) -> Result<(Vec<Observation>, Vec<Course>), store::Error> {
    let entries = store.decisions(&Filter { since, ..Filter::default() }).await?;
    let kept: HashMap<TicketKey, Kept> = store.settled(since).await?.into_iter().collect();
    let mut found = Vec::new();
    for (id, entry) in last_of_each(&entries) {
        let (Some(heads), Some(kept)) = (sources.get(&entry.account), kept_of(&kept, entry)) else {
            continue;
        };
        found.extend(observe(id, entry, kept, heads));
    }
    Ok((found, courses(&entries, &kept)))
}

/// The store's decisions beside its settled values, for a report.
pub struct Readings {
    /// Where both are.
    pub store: Arc<dyn Store>,
    /// Where each account's heads find the agents' own choice.
    pub sources: Sources,
}

#[async_trait]
impl Settled for Readings {
    async fn rows(&self, since: Option<Timestamp>) -> Result<(Vec<Observation>, Vec<Course>), store::Error> {
        observations(&*self.store, &self.sources, since).await
    }
}

/// The decision that a ticket's agents saw last: the one that their values are held against.
fn last_of_each(entries: &[(i64, Entry)]) -> Vec<(i64, &Entry)> {
    let mut last: BTreeMap<(&str, &str), (i64, &Entry)> = BTreeMap::new();
    for (id, entry) in entries.iter().filter(|(_, entry)| entry.snapshot.is_some()) {
        last.insert((&entry.account, &entry.ticket), (*id, entry));
    }
    let mut last: Vec<_> = last.into_values().collect();
    last.sort_by_key(|(id, _)| *id);
    last
}

fn kept_of<'a>(kept: &'a HashMap<TicketKey, Kept>, entry: &Entry) -> Option<&'a Kept> {
    let ticket = entry.ticket.clone().try_into().ok()?;
    kept.get(&TicketKey { account: entry.account.clone(), ticket })
}

/// One decision beside what its ticket settled on: an observation for every head whose value the agents choose somewhere.
pub fn observe(id: i64, entry: &Entry, kept: &Kept, heads: &Heads) -> Vec<Observation> {
    let Some(snapshot) = &entry.snapshot else { return Vec::new() };
    let prediction = &snapshot.prediction;
    let seen = prediction.heads.iter().filter_map(|(head, scored)| {
        let source = heads.source(head)?;
        let part = Part::of(source, kept);
        let labels: Vec<String> = scored.ranked.iter().map(|(label, _)| label.clone()).collect();
        let labels_of = |values: &[String]| -> BTreeSet<String> {
            let known = values.iter().filter_map(|value| label_of(head, value, &labels, heads));
            if scored.kind == HeadKind::Single { known.take(1).collect() } else { known.collect() }
        };
        let settled = labels_of(&part.story.now);
        Some(Observation {
            decision: id,
            account: entry.account.clone(),
            ticket: entry.ticket.clone(),
            decided_at: entry.decided_at,
            settled_at: kept.settled_at,
            language: known(&prediction.language.code),
            model: prediction.model.clone(),
            head: head.clone(),
            kind: scored.kind,
            ranked: scored.ranked.clone(),
            named: scored.chosen.iter().cloned().collect(),
            first: part.story.first.as_ref().map(|first| labels_of(first)),
            influence: influence(entry, &part, &labels_of, &settled),
            settled,
        })
    });
    seen.collect()
}

/// A language's code, where one was found.
fn known(code: &str) -> Option<String> {
    (code != "und").then(|| code.to_owned())
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

/// Whether a decision wrote into the part that a head is read from.
pub fn wrote(entry: &Entry, source: &HeadSource, kept: &Kept) -> bool {
    let part = Part::of(source, kept);
    let applied = entry.effects.iter().filter(|effect| effect.state == EffectOutcome::Applied);
    applied.into_iter().any(|effect| !part.written(effect).is_empty())
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
    fn written(&self, effect: &EffectRecord) -> Vec<String> {
        let text = |value: &serde_json::Value| match value {
            serde_json::Value::String(text) => vec![text.clone()],
            serde_json::Value::Array(items) => {
                items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
            }
            serde_json::Value::Null => Vec::new(),
            other => vec![other.to_string()],
        };
        match (self.source, effect.kind.as_str()) {
            (HeadSource::Priority, "set_priority")
            | (HeadSource::Group, "assign_group")
            | (HeadSource::Tags(_), "add_tags") => text(&effect.value),
            (HeadSource::Field(name), "set_field") => effect
                .value
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

/// Whether the agents' choice was their own.
fn influence(
    entry: &Entry,
    part: &Part<'_>,
    labels_of: &dyn Fn(&[String]) -> BTreeSet<String>,
    settled: &BTreeSet<String>,
) -> Influence {
    let ours: Vec<String> = entry
        .effects
        .iter()
        .filter(|effect| effect.state == EffectOutcome::Applied)
        .flat_map(|effect| part.written(effect))
        .collect();
    let ours = labels_of(&ours);
    if !ours.is_empty() {
        // It is read as settled only when people have had the settling time to object; see `task`.
        return if ours.is_subset(settled) { Influence::Kept } else { Influence::Overridden };
    }
    let acted =
        |effect: &&EffectRecord| matches!(effect.state, EffectOutcome::Applied | EffectOutcome::Suggested);
    match (entry.effects.iter().any(|effect| acted(&effect)), part.story.by) {
        // Whatever we showed or wrote elsewhere on the ticket, the agent saw.
        (true, _) => Influence::Anchored,
        (false, Some(Who::Us)) => Influence::Unconfirmed,
        (false, _) => Influence::Independent,
    }
}

/// How each settled ticket went.
pub fn courses(entries: &[(i64, Entry)], kept: &HashMap<TicketKey, Kept>) -> Vec<Course> {
    let modes: BTreeMap<(&str, &str), Mode> = entries
        .iter()
        .filter(|(_, entry)| entry.snapshot.is_some())
        .map(|(_, entry)| ((entry.account.as_str(), entry.ticket.as_str()), entry.mode))
        .collect();
    let mut courses: Vec<Course> = kept
        .iter()
        .map(|(key, kept)| Course {
            account: key.account.clone(),
            ticket: key.ticket.to_string(),
            mode: modes.get(&(key.account.as_str(), key.ticket.as_str())).copied(),
            created_at: kept.created_at,
            routed_at: kept.routed_at,
            reassignments: kept.reassignments.unwrap_or_default(),
            misrouted: kept.first_group.as_ref().and_then(|first| Some(kept.group.now.first()? != first)),
            first_reply_at: kept.first_reply_at,
            closed_at: kept.closed_at,
        })
        .collect();
    courses.sort_by(|a, b| (&a.account, &a.ticket).cmp(&(&b.account, &b.ticket)));
    courses
}
