//! Whether a change of a decision is for the better: held against what the agents settled on. Pure.
//!
//! What a decision newly sets is better when the agents settled on just that, and worse when they settled on something else;
//! what it sets no longer is the mirror image. Nothing is said of what agents do not settle (notes, agents, tags that no
//! head is read from), of tickets that have not settled, and of values that the agents may only have taken over from us.

use serde::Serialize;

use crate::outcome::{EffectOutcome, Entry};
use crate::settling::values::{HeadSource, Heads, label_of, same};
use crate::settling::{Kept, Story, Who};

/// What became of the agents' choice by a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nearer to what the agents settled on.
    Better,
    /// Further from it.
    Worse,
    /// It cannot be told.
    Unknown,
}

/// What is known of a ticket's end.
#[derive(Clone, Copy, Debug)]
pub struct End<'a> {
    /// What the agents settled on.
    pub kept: &'a Kept,
    /// Where the heads find it.
    pub heads: &'a Heads,
}

/// The verdict on a value that is gone or new in a decision: an effect's kind and one value of it, with the field's name
/// for a field.
pub(super) fn verdict(
    end: Option<End<'_>>,
    entry: &Entry,
    kind: &str,
    field: Option<&str>,
    value: &str,
    added: bool,
) -> Verdict {
    let Some(end) = end else { return Verdict::Unknown };
    let Some(agreed) = agreed(end, entry, kind, field, value) else { return Verdict::Unknown };
    if agreed == added { Verdict::Better } else { Verdict::Worse }
}

/// Whether the agents settled on this value; `None` where that says nothing.
fn agreed(end: End<'_>, entry: &Entry, kind: &str, field: Option<&str>, value: &str) -> Option<bool> {
    let End { kept, heads } = end;
    let story = match kind {
        "set_priority" => &kept.priority,
        "assign_group" => &kept.group,
        "set_field" => &kept.fields.iter().find(|known| field.is_some_and(|name| known.is(name)))?.story,
        "add_tags" => {
            let read = heads.sources.values().any(|source| match source {
                HeadSource::Tags(tags) => tags.iter().any(|tag| same(tag, value)),
                HeadSource::Field(_) | HeadSource::Priority | HeadSource::Group => false,
            });
            return (read && own_choice(entry, &kept.tags))
                .then(|| kept.tags.now.iter().any(|tag| same(tag, value)));
        }
        _ => return None,
    };
    if story.now.is_empty() || !own_choice(entry, story) {
        return None;
    }
    Some(story.now.iter().any(|now| same(now, value) || means_the_same(heads, kept, field, now, value)))
}

/// Whether a value is the agents' own: a person set it, or nothing of ours stood on the ticket.
fn own_choice(entry: &Entry, story: &Story) -> bool {
    let acted = |state| matches!(state, EffectOutcome::Applied | EffectOutcome::Suggested);
    story.by == Some(Who::Person)
        || (story.by != Some(Who::Us) && !entry.effects.iter().any(|effect| acted(effect.state)))
}

/// Whether two values of a field stand for one label of a head that is read from it: an option has a name and a stored value.
fn means_the_same(heads: &Heads, kept: &Kept, field: Option<&str>, now: &str, value: &str) -> bool {
    let Some(known) = field.and_then(|name| kept.fields.iter().find(|known| known.is(name))) else {
        return false;
    };
    let read = heads
        .sources
        .iter()
        .filter(|(_, source)| matches!(source, HeadSource::Field(name) if known.is(name)));
    // What either word says where the settings translate it; both words are candidates for the other.
    read.into_iter().any(|(head, _)| {
        let labels = [value.to_owned()];
        label_of(head, now, &labels, heads).is_some()
    })
}

#[cfg(test)]
mod tests {
    use deskbridge_connectors::Platform;
    use serde_json::json;

    use super::*;
    use crate::settling::FieldStory;

    fn story(now: &[&str], by: Option<Who>) -> Story {
        Story { now: now.iter().map(|word| (*word).to_owned()).collect(), by, ..Story::default() }
    }

    /// Settled on high, on Billing, on the category `Invoices`, and on the tag `refund`.
    fn kept(by: Option<Who>) -> Kept {
        Kept {
            settled_at: "2026-03-02T00:00:00Z".parse().unwrap(),
            created_at: None,
            closed_at: None,
            first_reply_at: None,
            priority: story(&["high"], by),
            group: story(&["Billing"], by),
            fields: vec![FieldStory {
                id: "7".into(),
                name: "Category".into(),
                story: story(&["Invoices"], by),
            }],
            tags: story(&["refund", "vip"], by),
            first_group: None,
            routed_at: None,
            reassignments: None,
        }
    }

    fn heads() -> Heads {
        Heads {
            sources: [
                ("category".to_owned(), HeadSource::Field("category".into())),
                ("topics".to_owned(), HeadSource::Tags(vec!["refund".into(), "bug".into()])),
            ]
            .into(),
            values: [("category".to_owned(), [("Invoices".to_owned(), "billing".to_owned())].into())].into(),
        }
    }

    fn entry(state: &str) -> Entry {
        let now = "2026-03-01T00:00:00Z";
        let effect = json!({ "kind": "note", "value": "m", "rule": "r", "mode": "live", "state": state, "reason": null });
        serde_json::from_value(json!({
            "account": "acme", "platform": Platform::ALL[0].as_str(), "ticket": "1", "delivery": "d", "received_at": now, "decided_at": now,
            "mode": "shadow", "language": null, "heads": {}, "rules": [], "outcome": "shadowed", "reason": null, "effects": [effect],
            "model": "m", "rulebook": "b", "version": "v", "own_version": null, "calls": [], "withheld": null
        }))
        .unwrap()
    }

    #[test]
    fn what_agents_settled_on_judges_what_comes_and_what_goes() {
        let (kept, heads, entry) = (kept(Some(Who::Person)), heads(), entry("shadowed"));
        let end = Some(End { kept: &kept, heads: &heads });
        let say = |kind, field, value, added| verdict(end, &entry, kind, field, value, added);
        assert_eq!(say("set_priority", None, "high", true), Verdict::Better);
        assert_eq!(say("set_priority", None, "high", false), Verdict::Worse);
        assert_eq!(say("set_priority", None, "low", true), Verdict::Worse);
        assert_eq!(say("set_priority", None, "low", false), Verdict::Better);
        assert_eq!(say("assign_group", None, "billing", true), Verdict::Better);
        // The rulebook's word for what the platform calls otherwise, as the settings say.
        assert_eq!(say("set_field", Some("Category"), "billing", true), Verdict::Better);
        assert_eq!(say("set_field", Some("7"), "sales", true), Verdict::Worse);
        assert_eq!(say("set_field", Some("Order"), "1", true), Verdict::Unknown);
        assert_eq!(say("add_tags", None, "refund", true), Verdict::Better);
        assert_eq!(say("add_tags", None, "bug", true), Verdict::Worse);
        assert_eq!(say("add_tags", None, "vip", true), Verdict::Unknown, "no head is read from it");
        assert_eq!(say("note", None, "m", true), Verdict::Unknown);
        assert_eq!(verdict(None, &entry, "set_priority", None, "high", true), Verdict::Unknown);
    }

    #[test]
    fn a_value_that_may_be_ours_judges_nothing() {
        let heads = heads();
        for (by, state, judged) in [
            (None, "shadowed", true),
            (None, "suggested", false),
            (Some(Who::Us), "shadowed", false),
            (Some(Who::Person), "applied", true),
        ] {
            let kept = kept(by);
            let end = Some(End { kept: &kept, heads: &heads });
            let said = verdict(end, &entry(state), "set_priority", None, "high", true);
            assert_eq!(said != Verdict::Unknown, judged, "{by:?} {state}");
        }
    }
}
