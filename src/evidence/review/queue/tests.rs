use std::sync::Arc;

use deskbridge_connectors::Platform;
use deskbridge_onnx::OutOfScope;
use serde_json::json;

use super::*;
use crate::domain::outcome::Entry;
use crate::domain::summary::DecisionSummary;

/// A decision whose category head says billing this surely, and sales with the rest.
fn entry(ticket: &str, billing: f32) -> Entry {
    let ranked = if billing >= 0.5 {
        json!([["billing", billing], ["sales", 1.0 - billing]])
    } else {
        json!([["sales", 1.0 - billing], ["billing", billing]])
    };
    let now = "2026-03-01T00:00:00Z";
    serde_json::from_value(json!({
        "account": "acme", "platform": Platform::ALL[0].as_str(), "ticket": ticket, "delivery": "d", "received_at": now, "decided_at": now,
        "mode": "shadow", "language": null, "heads": {}, "rules": [], "outcome": "shadowed", "reason": null, "effects": [],
        "model": "m", "rulebook": "b", "version": "v", "own_version": null, "calls": [], "withheld": null,
        "snapshot": {
            "prediction": {
                "heads": { "category": { "kind": "single", "ranked": ranked, "chosen": ["billing"] } },
                "language": { "code": "en", "confidence": 0.9 }, "model": "m"
            },
            "status": "open", "priority": null, "priority_is_default": false, "tags": [], "group": null, "assignee": null, "fields": [],
            "text_fields": [], "channel": null, "brand": null, "created_at": null, "requester": null, "requester_domain": null,
            "segment": null, "public_replies": false, "contacts": [], "contact_window": null, "held_back": []
        }
    }))
    .unwrap()
}

fn settled(decision: i64, entry: &Entry, on: &str, influence: Influence) -> (i64, Vec<Observation>) {
    let prediction = &entry.snapshot.as_ref().unwrap().prediction;
    let scored = &prediction.heads["category"];
    let observation = Observation {
        decision,
        account: entry.account.clone(),
        ticket: entry.ticket.clone(),
        decided_at: entry.decided_at,
        settled_at: entry.decided_at,
        language: None,
        model: "m".into(),
        head: "category".into(),
        kind: scored.kind,
        ranked: scored.ranked.clone(),
        named: scored.chosen.iter().cloned().collect(),
        first: None,
        influence,
        bundle: None,
        settled: [on.to_owned()].into(),
    };
    (decision, vec![observation])
}

fn ids(found: &[Candidate<'_>]) -> Vec<i64> {
    found.iter().map(|candidate| candidate.decision.id).collect()
}

fn decisions(entries: &[(i64, Entry)]) -> Vec<SummarisedDecision> {
    let summarised = |(id, entry): &(i64, Entry)| {
        let (bundle, summary) = DecisionSummary::of(entry).unwrap();
        SummarisedDecision {
            id: *id,
            decided_at: entry.decided_at,
            account: entry.account.clone(),
            ticket: entry.ticket.clone(),
            bundle: Arc::new(bundle),
            summary,
            is_first: true,
        }
    };
    entries.iter().map(summarised).collect()
}

#[test]
fn the_closest_call_comes_first_and_each_ticket_once() {
    let entries = [(1, entry("a", 0.9)), (2, entry("b", 0.52)), (3, entry("a", 0.7)), (4, entry("c", 0.2))];
    let (none, all) = (BTreeMap::new(), BTreeSet::new());
    let entries = decisions(&entries);
    assert_eq!(ids(&queue(&entries, &none, &all, Order::Uncertain)), [2, 3, 4]);
    let reviewed = BTreeSet::from(["acme/b".to_owned()]);
    assert_eq!(ids(&queue(&entries, &none, &reviewed, Order::Uncertain)), [3, 4]);
    assert!(queue(&entries, &none, &all, Order::Disagreed).is_empty(), "nothing has settled");
}

#[test]
fn a_stranger_is_no_close_call() {
    let mut stranger = entry("a", 0.5);
    let prediction = &mut stranger.snapshot.as_mut().unwrap().prediction;
    prediction.out_of_scope = Some(OutOfScope { score: 0.9, is: true });
    assert!(
        queue(&decisions(&[(1, stranger)]), &BTreeMap::new(), &BTreeSet::new(), Order::Uncertain).is_empty()
    );
}

#[test]
fn the_surest_error_comes_first() {
    let entries = [(1, entry("a", 0.8)), (2, entry("b", 0.99)), (3, entry("c", 0.95)), (4, entry("d", 0.97))];
    let settled = BTreeMap::from([
        settled(1, &entries[0].1, "sales", Influence::Independent),
        settled(2, &entries[1].1, "sales", Influence::Overridden),
        settled(3, &entries[2].1, "billing", Influence::Independent),
        settled(4, &entries[3].1, "sales", Influence::Anchored),
    ]);
    let decisions = decisions(&entries);
    let found = queue(&decisions, &settled, &BTreeSet::new(), Order::Disagreed);
    assert_eq!(ids(&found), [2, 1], "agreement and what an agent was told do not count");
    assert_eq!(found[0].head, "category");
}
