use std::collections::{BTreeMap, BTreeSet};

use deskbridge_connectors::directory::{Choice, Field, FieldKind, Named};
use deskbridge_connectors::plan::Slot;
use deskbridge_connectors::{FieldValue, Platform, Priority, RemoteId, Status, Ticket};
use jiff::Timestamp;
use serde_json::json;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_772_000_000 + seconds).unwrap()
}

fn id(text: &str) -> RemoteId {
    RemoteId(text.to_owned())
}

fn text(text: &str) -> FieldValue {
    FieldValue::Text(text.to_owned())
}

/// Group 1 is Billing, group 2 Sales; field 7 is a dropdown, field 8 free text.
fn names() -> Directory {
    let choice = |value: &str| Choice { value: value.into(), label: value.to_uppercase() };
    let category = FieldKind::One(vec![choice("billing"), choice("sales")]);
    Directory {
        groups: vec![
            Named { id: id("1"), name: "Billing".into() },
            Named { id: id("2"), name: "Sales".into() },
        ],
        fields: vec![
            Field { id: id("7"), name: "Category".into(), kind: category },
            Field { id: id("8"), name: "Summary".into(), kind: FieldKind::Text },
        ],
        ..Directory::default()
    }
}

/// A decision of second 0 that wrote these; before it the ticket was Sales', `loyal`, and had a summary.
fn decision(effects: &[(&str, Value)]) -> Entry {
    let effect = |(kind, value): &(&str, Value)| json!({ "kind": kind, "value": value, "rule": "r", "mode": "live", "state": "applied", "reason": null });
    serde_json::from_value(json!({
        "account": "acme", "platform": Platform::ALL[0].as_str(), "ticket": "35436", "delivery": "d", "received_at": at(0), "decided_at": at(0),
        "mode": "live", "language": null, "heads": {}, "rules": ["r"], "outcome": "applied", "reason": null,
        "effects": effects.iter().map(effect).collect::<Vec<_>>(), "model": "m", "rulebook": "b", "version": "v",
        "own_version": null, "calls": [], "withheld": null,
        "snapshot": {
            "prediction": { "heads": {}, "language": { "code": "en", "confidence": 0.9 }, "model": "m" },
            "status": "open", "priority": null, "priority_is_default": false, "tags": ["loyal"],
            "group": { "id": "2", "name": "Sales" }, "assignee": null, "fields": [],
            "text_fields": [{ "id": "8", "name": "Summary" }], "channel": null, "brand": null, "created_at": null,
            "requester": null, "requester_domain": null, "segment": null, "public_replies": false, "contacts": [],
            "contact_window": null, "held_back": []
        }
    }))
    .unwrap()
}

/// The ticket as that decision left it.
fn now(changes: Vec<Change>) -> Settled {
    Settled {
        ticket: Ticket {
            id: TicketId::new("35436").unwrap(),
            version: Version("w".into()),
            subject: String::new(),
            messages: Vec::new(),
            requester: Default::default(),
            status: Status::Open,
            priority: Some(Priority::High),
            priority_is_default: false,
            tags: ["loyal".to_owned(), "routed".to_owned()].into(),
            group: Some(id("1")),
            assignee: None,
            fields: BTreeMap::from([(id("7"), text("billing")), (id("8"), text("new"))]),
            profile: BTreeMap::new(),
            followers: Vec::new(),
            channel: None,
            brand: None,
            created_at: None,
            machine: None,
        },
        closed_at: None,
        first_reply_at: None,
        touched_at: None,
        changes,
        told: BTreeSet::new(),
    }
}

fn change(seconds: i64, by: By, part: Part, value: &str) -> Change {
    Change { at: at(seconds), by, part, value: Some(text(value)) }
}

fn back(kind: &str, value: Value, now: &Settled) -> Back {
    steps(&decision(&[(kind, value)]), now, &names()).unwrap().remove(0).back
}

#[test]
fn each_part_goes_back_to_what_it_held() {
    let now = now(Vec::new());
    let cleared = |slot| Back::By(Effect::Clear(slot));
    assert_eq!(back("set_priority", json!("high"), &now), cleared(Slot::Priority));
    assert_eq!(back("assign_group", json!("billing"), &now), Back::By(Effect::AssignGroup("Sales".into())));
    assert_eq!(back("set_field", json!({ "Category": "Billing" }), &now), cleared(Slot::Field("7".into())));
    let tags = back("add_tags", json!(["Loyal", "routed", "gone"]), &now);
    assert_eq!(tags, Back::By(Effect::RemoveTags(["routed".to_owned()].into())), "only what it added");
    assert_eq!(back("remove_tags", json!(["loyal"]), &now), Back::Already);
}

#[test]
fn what_somebody_dealt_with_since_stays() {
    let person = || By::Person(id("9"));
    let confirmed = now(vec![change(5, person(), Part::Priority, "high")]);
    assert!(
        matches!(back("set_priority", json!("high"), &confirmed), Back::Not(why) if why.contains("person"))
    );
    let earlier = now(vec![change(-5, person(), Part::Priority, "high")]);
    assert!(matches!(back("set_priority", json!("high"), &earlier), Back::By(_)));
    // Some platforms show our own write as a program's.
    let shown = now(vec![change(1, By::Unknown, Part::Group, "1")]);
    assert!(matches!(back("assign_group", json!("Billing"), &shown), Back::By(_)));
    let moved = now(vec![change(1, By::Automation, Part::Group, "2")]);
    assert!(matches!(back("assign_group", json!("Billing"), &moved), Back::Not(_)));
    assert!(
        matches!(back("assign_group", json!("Sales"), &now(Vec::new())), Back::Not(why) if why == "it holds something else by now")
    );
    let tagged =
        now(vec![Change { value: None, ..change(3, person(), Part::TagAdded("routed".into()), "") }]);
    assert!(matches!(back("add_tags", json!(["routed"]), &tagged), Back::Not(_)));
}

#[test]
fn what_was_said_or_not_kept_is_named() {
    let now = now(Vec::new());
    for (kind, value) in [
        ("note", json!("deskbridge:1")),
        ("reply", json!("ack")),
        ("cc", json!({ "group": "Sales" })),
        ("set_field", json!({ "Summary": "new" })),
        ("set_field", json!(3)),
        ("assign_agent", json!("Nobody")),
        ("unheard_of", json!(1)),
    ] {
        let agent =
            Settled { ticket: Ticket { assignee: Some(id("4")), ..now.ticket.clone() }, ..now.clone() };
        assert!(matches!(back(kind, value, &agent), Back::Not(_)), "{kind}");
    }
}

#[test]
fn a_decision_that_changed_nothing_is_no_decision_to_take_back() {
    let mut entry = decision(&[("note", json!("m"))]);
    entry.effects[0].state = EffectOutcome::Shadowed;
    assert!(steps(&entry, &now(Vec::new()), &names()).unwrap_err().contains("changed nothing"));
    let mut entry = decision(&[("note", json!("m"))]);
    entry.snapshot = None;
    assert!(steps(&entry, &now(Vec::new()), &names()).unwrap_err().contains("how the ticket stood"));
}
