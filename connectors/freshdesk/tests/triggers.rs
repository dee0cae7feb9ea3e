//! The account's own automations, as far as our updates start them.

use serde_json::json;

use super::*;
use crate::directory::Directory;
use crate::ticket::RemoteId;
use crate::trigger::{Deed, Need, Subject, Trigger};

fn read(rules: Value) -> Vec<Trigger> {
    let me = Directory { me: Some(RemoteId("8".to_owned())), ..Directory::default() };
    let connector = Platform::Freshdesk.open(&account()).unwrap().connector;
    assert_eq!(connector.triggers(&me, &[]), Next::Send(Read::get("/api/v2/automations/4/rules")));
    match connector.triggers(&me, &[contract::answer(200, &rules)]) {
        Next::Done(Some(triggers)) => triggers,
        other => panic!("{other:?}"),
    }
}

fn rule(performer: Value, events: Value) -> Value {
    json!({
        "name": "Priority by type", "active": true, "performer": performer, "events": events,
        "conditions": [{
            "name": "condition_set_1", "match_type": "all",
            "properties": [
                { "resource_type": "ticket", "field_name": "priority", "operator": "in", "value": [3] },
                { "resource_type": "ticket", "field_name": "tag_names", "operator": "not_in", "value": ["routed"] },
            ],
        }],
        "actions": [
            { "field_name": "priority", "value": 2 },
            { "field_name": "group_id", "value": 48000100002_u64 },
            { "field_name": "add_tag", "value": ["a"] },
            { "field_name": "cf_category", "value": "Other" },
            { "field_name": "trigger_webhook", "content": { "ticket_id": "{{ticket.id}}", "event": "x" } },
            { "field_name": "mark_as_spam" },
        ],
    })
}

#[test]
fn what_a_rule_does_and_needs_is_read() {
    let events =
        json!([{ "field_name": "priority", "from": "--", "to": "--" }, { "field_name": "note_type" }]);
    for list in [
        json!([rule(json!({ "type": 1 }), events.clone())]),
        json!({ "rules": [rule(json!({ "type": "3", "members": [8] }), events)] }),
    ] {
        let expected = Trigger {
            name: "Priority by type".to_owned(),
            does: vec![
                Deed::Sets(Subject::Priority, Some("normal".to_owned())),
                Deed::Sets(Subject::Group, Some("48000100002".to_owned())),
                Deed::AddsTag("a".to_owned()),
                Deed::Sets(Subject::Field(RemoteId("cf_category".to_owned())), Some("Other".to_owned())),
                Deed::Tells,
            ],
            needs: vec![
                Need::Is(Subject::Priority, "high".to_owned()),
                Need::NotTagged(vec!["routed".to_owned()]),
            ],
            on: Some(vec![Subject::Priority]),
        };
        assert_eq!(read(list), [expected]);
    }
    let any = read(json!([rule(
        json!({ "type": 1 }),
        json!([{ "field_name": "ticket_action", "value": "update" }])
    )]));
    assert_eq!(any[0].on, None);
}

#[test]
fn rules_that_spare_us_are_left_out() {
    let priority = json!([{ "field_name": "priority" }]);
    for (performer, events) in [
        (json!({ "type": 2 }), priority.clone()),
        (json!({ "type": 4 }), priority.clone()),
        (json!({ "type": 1, "members": [17, 18] }), priority),
        (json!({ "type": 1 }), json!([{ "field_name": "reply_sent" }])),
    ] {
        assert_eq!(read(json!([rule(performer.clone(), events.clone())])), [], "{performer} {events}");
    }
}
