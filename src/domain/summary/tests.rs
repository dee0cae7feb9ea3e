use deskbridge_connectors::Platform;
use serde_json::json;

use super::*;

/// A decision with a head of one label, a head of several, a write, a suggestion and a challenger.
fn entry() -> Entry {
    let now = "2026-03-01T00:00:00Z";
    let effect = |kind: &str, value: serde_json::Value, state: &str| json!({ "kind": kind, "value": value, "rule": "r", "mode": "live", "state": state, "reason": null });
    serde_json::from_value(json!({
        "account": "acme", "platform": Platform::ALL[0].as_str(), "ticket": "7", "delivery": "d", "received_at": now, "decided_at": now,
        "mode": "live", "language": { "code": "en", "confidence": 0.9 }, "rules": ["r"], "outcome": "applied", "reason": null,
        "heads": { "category": { "label": "billing", "confidence": 0.9, "abstained": false } },
        "effects": [
            effect("set_priority", json!("high"), "applied"),
            effect("note", json!("mark"), "applied"),
            effect("assign_group", json!("Billing"), "refused"),
        ],
        "model": "m", "rulebook": "b", "version": "v", "own_version": null, "calls": [], "withheld": null,
        "challenger": { "model": "c", "heads": {
            "category": { "label": "sales", "confidence": 0.8, "abstained": false },
            "other": { "label": "x", "confidence": 0.8, "abstained": false },
        } },
        "snapshot": {
            "prediction": {
                "heads": {
                    "category": { "kind": "single", "ranked": [["billing", 0.9], ["sales", 0.07], ["account", 0.03]], "chosen": ["billing"] },
                    "topics": { "kind": "multi", "ranked": [["refund", 0.6], ["bug", 0.5], ["late", 0.1]], "chosen": ["bug", "refund"] },
                },
                "language": { "code": "en", "confidence": 0.9 }, "model": "m", "out_of_scope": { "score": 0.7, "is": true }
            },
            "status": "open", "priority": null, "priority_is_default": false, "tags": [], "group": null, "assignee": null, "fields": [],
            "text_fields": [], "channel": null, "brand": null, "created_at": null, "requester": null, "requester_domain": null,
            "segment": null, "public_replies": false, "contacts": [], "contact_window": null, "held_back": []
        }
    }))
    .unwrap()
}

#[test]
fn a_summary_keeps_what_figures_need_and_reads_back_as_it_was_written() {
    let (bundle, summary) = DecisionSummary::of(&entry()).unwrap();
    let text = serde_json::to_string(&summary).unwrap();
    assert_eq!(serde_json::from_str::<DecisionSummary>(&text).unwrap(), summary, "{text}");
    assert!(text.len() < 400, "{} bytes: {text}", text.len());
    assert_eq!((summary.language.as_deref(), summary.out_of_scope, summary.acted), (Some("en"), true, true));
    let category = &bundle.heads["category"];
    assert_eq!(category.labels, ["account", "billing", "sales"]);
    let AnswerSummary(ranked, named) = &summary.answers[0];
    let names: Vec<_> = ranked.iter().map(|(label, sure)| (category.name(*label), *sure)).collect();
    assert_eq!(names, [("billing", 0.9), ("sales", 0.07)], "of one label the best two");
    assert_eq!(named.iter().map(|label| category.name(*label)).collect::<Vec<_>>(), ["billing"]);
    assert_eq!((summary.answers[1].0.len(), summary.answers[1].1.len()), (3, 2), "of several labels all");
    assert_eq!(summary.written, [WrittenValue { kind: "set_priority".into(), value: json!("high") }]);
    let challenge = summary.challenge.unwrap();
    let set = |label: &str| BTreeSet::from([label.to_owned()]);
    assert_eq!(challenge.heads, [("category".to_owned(), set("billing"), set("sales"))]);
}

#[test]
fn what_decided_nothing_has_no_summary_and_an_unknown_language_is_none() {
    let mut entry = entry();
    entry.snapshot.as_mut().unwrap().prediction.language.code = "und".to_owned();
    assert_eq!(DecisionSummary::of(&entry).unwrap().1.language, None);
    assert_eq!(DecisionSummary::of(&Entry { snapshot: None, ..entry.clone() }), None);
    assert_eq!(DecisionSummary::of(&entry.erased()), None);
}

#[test]
fn bundles_are_told_apart_by_model_and_labels() {
    let (bundle, _) = DecisionSummary::of(&entry()).unwrap();
    let digest = bundle.digest();
    assert_eq!(digest, bundle.clone().digest());
    let mut other = bundle.clone();
    other.heads.get_mut("category").unwrap().labels.pop();
    assert_ne!(other.digest(), digest);
    assert_ne!(BundleLabels { model: "n".into(), ..bundle }.digest(), digest);
}
