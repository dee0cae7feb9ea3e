//! Whether a change of a decision is for the better: held against what the agents settled on. Pure.
//!
//! What a decision newly sets is better when the agents settled on just that, and worse when they settled on something else;
//! what it sets no longer is the mirror image. Nothing is said of what agents do not settle (notes, agents, tags that no
//! head is read from), of tickets that have not settled, and of values that the agents may only have taken over from us.

use serde::Serialize;

use crate::domain::outcome::Entry;
use crate::evidence::settling::{FieldStory, Kept, Story, Who};
use crate::settings::heads::{HeadSource, Heads, label_of, same};

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
    /// Whether any decision on the ticket showed or wrote something: then the agents' choice is no judge of us.
    pub acted: bool,
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
    let Some(end) = end.filter(|end| !end.acted) else { return Verdict::Unknown };
    let Some(agreed) = agreed(end, entry, kind, field, value) else { return Verdict::Unknown };
    if agreed == added { Verdict::Better } else { Verdict::Worse }
}

/// Whether the agents settled on this value; `None` where that says nothing.
fn agreed(end: End<'_>, entry: &Entry, kind: &str, field: Option<&str>, value: &str) -> Option<bool> {
    let End { kept, heads, .. } = end;
    let chosen = |story: &Story| !story.now.is_empty() && story.by != Some(Who::Us);
    let holds = |story: &Story| chosen(story).then(|| story.now.iter().any(|now| same(now, value)));
    match kind {
        "set_priority" => holds(&kept.priority),
        "assign_group" => holds(&kept.group),
        "set_field" => {
            let known = kept.fields.iter().find(|known| field.is_some_and(|name| known.is(name)))?;
            chosen(&known.story).then(|| field_agrees(entry, heads, known, value)).flatten()
        }
        "add_tags" | "remove_tags" => {
            let read = heads.sources.values().any(|source| match source {
                HeadSource::Tags(tags) => tags.is_empty() || tags.iter().any(|tag| same(tag, value)),
                HeadSource::Field(_) | HeadSource::Priority | HeadSource::Group => false,
            });
            let there = kept.tags.now.iter().any(|tag| same(tag, value));
            read.then_some(there == (kind == "add_tags"))
        }
        _ => None,
    }
}

/// Whether a field ended with this value. An option has a name and a stored value, so that two words that differ say
/// nothing, unless both stand for labels of the head that is read from the field.
fn field_agrees(entry: &Entry, heads: &Heads, known: &FieldStory, value: &str) -> Option<bool> {
    if known.story.now.iter().any(|now| same(now, value)) {
        return Some(true);
    }
    let of_field = |source: &HeadSource| matches!(source, HeadSource::Field(name) if known.is(name));
    let (head, _) = heads.sources.iter().find(|(_, source)| of_field(source))?;
    let scored = entry.snapshot.as_ref()?.prediction.heads.get(head)?;
    let labels: Vec<String> = scored.ranked.iter().map(|(label, _)| label.clone()).collect();
    let ours = label_of(head, value, &labels, heads)?;
    let theirs: Vec<String> =
        known.story.now.iter().filter_map(|now| label_of(head, now, &labels, heads)).collect();
    (!theirs.is_empty()).then(|| theirs.contains(&ours))
}

#[cfg(test)]
mod tests {
    use deskbridge_connectors::Platform;
    use serde_json::json;

    use super::*;

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

    /// A decision whose category head knows billing and sales.
    fn entry() -> Entry {
        let now = "2026-03-01T00:00:00Z";
        serde_json::from_value(json!({
            "account": "acme", "platform": Platform::ALL[0].as_str(), "ticket": "1", "delivery": "d", "received_at": now, "decided_at": now,
            "mode": "shadow", "language": null, "heads": {}, "rules": [], "outcome": "shadowed", "reason": null, "effects": [],
            "model": "m", "rulebook": "b", "version": "v", "own_version": null, "calls": [], "withheld": null,
            "snapshot": {
                "prediction": {
                    "heads": { "category": { "kind": "single", "ranked": [["billing", 0.9], ["sales", 0.1]], "chosen": ["billing"] } },
                    "language": { "code": "en", "confidence": 0.9 }, "model": "m"
                },
                "status": "open", "priority": null, "priority_is_default": false, "tags": [], "group": null, "assignee": null,
                "fields": [], "text_fields": [], "channel": null, "brand": null, "created_at": null, "requester": null,
                "requester_domain": null, "segment": null, "public_replies": false, "contacts": [], "contact_window": null, "held_back": []
            }
        }))
        .unwrap()
    }

    #[test]
    fn what_agents_settled_on_judges_what_comes_and_what_goes() {
        let (kept, heads, entry) = (kept(Some(Who::Person)), heads(), entry());
        let end = Some(End { kept: &kept, heads: &heads, acted: false });
        let say = |kind, field, value, added| verdict(end, &entry, kind, field, value, added);
        assert_eq!(say("set_priority", None, "high", true), Verdict::Better);
        assert_eq!(say("set_priority", None, "high", false), Verdict::Worse);
        assert_eq!(say("set_priority", None, "low", true), Verdict::Worse);
        assert_eq!(say("set_priority", None, "low", false), Verdict::Better);
        assert_eq!(say("assign_group", None, "billing", true), Verdict::Better);
        // The rulebook's word for what the platform calls otherwise, as the settings say.
        assert_eq!(say("set_field", Some("Category"), "billing", true), Verdict::Better);
        assert_eq!(say("set_field", Some("7"), "sales", true), Verdict::Worse);
        assert_eq!(
            say("set_field", Some("Category"), "k_17", true),
            Verdict::Unknown,
            "perhaps a stored value"
        );
        assert_eq!(say("set_field", Some("Order"), "1", true), Verdict::Unknown);
        assert_eq!(say("remove_tags", None, "bug", true), Verdict::Better);
        assert_eq!(say("add_tags", None, "refund", true), Verdict::Better);
        assert_eq!(say("add_tags", None, "bug", true), Verdict::Worse);
        assert_eq!(say("add_tags", None, "vip", true), Verdict::Unknown, "no head is read from it");
        assert_eq!(say("note", None, "m", true), Verdict::Unknown);
        assert_eq!(verdict(None, &entry, "set_priority", None, "high", true), Verdict::Unknown);
    }

    #[test]
    fn a_value_that_may_be_ours_judges_nothing() {
        let (heads, entry) = (heads(), entry());
        for (by, acted, judged) in [
            (None, false, true),
            (Some(Who::Person), false, true),
            (Some(Who::Us), false, false),
            // Whoever saw our suggestion is no judge of it, even where they set the value themselves.
            (Some(Who::Person), true, false),
        ] {
            let kept = kept(by);
            let end = Some(End { kept: &kept, heads: &heads, acted });
            let said = verdict(end, &entry, "set_priority", None, "high", true);
            assert_eq!(said != Verdict::Unknown, judged, "{by:?} {acted}");
        }
    }
}
