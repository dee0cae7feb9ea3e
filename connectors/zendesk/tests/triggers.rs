//! The account's own triggers, as far as our updates start them.

use serde_json::{Value, json};

use super::open;
use crate::call::Next;
use crate::contract::answer;
use crate::directory::Directory;
use crate::ticket::RemoteId;
use crate::trigger::{Deed, Need, Subject, Trigger};

fn me() -> Directory {
    Directory { me: Some(RemoteId("9".to_owned())), ..Directory::default() }
}

fn read(triggers: &Value) -> Vec<Trigger> {
    let page = json!({ "triggers": triggers, "meta": { "has_more": false } });
    match open().triggers(&me(), &[answer(200, &page)]) {
        Next::Done(Some(triggers)) => triggers,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_trigger_does_and_needs_is_read() {
    let found = read(&json!([{
        "title": "Tier one first",
        "active": true,
        "conditions": {
            "all": [
                { "field": "update_type", "operator": "is", "value": "Change" },
                { "field": "status", "operator": "less_than", "value": "solved" },
                { "field": "priority", "operator": "is", "value": "high" },
                { "field": "group_id", "operator": "is_not", "value": "77" },
                { "field": "current_tags", "operator": "includes", "value": "vip gold" },
                { "field": "current_tags", "operator": "not_includes", "value": "routed" },
            ],
            "any": [{ "field": "priority", "operator": "is", "value": "low" }],
        },
        "actions": [
            { "field": "group_id", "value": "42" },
            { "field": "assignee_id", "value": "current_user" },
            { "field": "custom_fields_360000001", "value": "other" },
            { "field": "set_tags", "value": "a b" },
            { "field": "current_tags", "value": "c" },
            { "field": "remove_tags", "value": "d" },
            { "field": "notification_user", "value": ["requester_id", "Hello", "…"] },
            { "field": "notification_webhook", "value": ["01H", "{\"ticket_id\":\"{{ticket.id}}\",\"event\":\"x\"}"] },
        ],
    }]));
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let expected = Trigger {
        name: "Tier one first".to_owned(),
        does: vec![
            Deed::Sets(Subject::Group, Some("42".to_owned())),
            Deed::Sets(Subject::Agent, None),
            Deed::Sets(Subject::Field(RemoteId("360000001".to_owned())), Some("other".to_owned())),
            Deed::ReplacesTags(words(&["a", "b"])),
            Deed::AddsTag("c".to_owned()),
            Deed::RemovesTag("d".to_owned()),
            Deed::Tells,
        ],
        needs: vec![
            Need::Is(Subject::Priority, "high".to_owned()),
            Need::IsNot(Subject::Group, "77".to_owned()),
            Need::Tagged(words(&["vip", "gold"])),
            Need::NotTagged(words(&["routed"])),
        ],
        on: None,
    };
    assert_eq!(found, [expected]);
}

#[test]
fn triggers_that_spare_us_are_left_out() {
    let with = |field: &str, operator: &str, value: Value| {
        let condition = json!({ "field": field, "operator": operator, "value": value });
        let action = json!({ "field": "priority", "value": "low" });
        !read(&json!([{ "title": "t", "active": true, "conditions": { "all": [condition] }, "actions": [action] }]))
            .is_empty()
    };
    for (field, operator, value, runs) in [
        ("update_type", "is", json!("Create"), false),
        ("role", "is", json!("end_user"), false),
        ("role", "is", json!("agent"), true),
        ("role", "is", json!(9), true),
        ("role", "is_not", json!("9"), false),
        ("role", "is_not", json!("17"), true),
        ("current_via_id", "is_not", json!(5), false),
        ("current_via_id", "is", json!("4"), false),
        ("comment_is_public", "is", json!("true"), false),
        ("status", "is", json!("open"), true),
    ] {
        assert_eq!(with(field, operator, value.clone()), runs, "{field} {operator} {value}");
    }
    assert!(
        read(
            &json!([{ "title": "t", "active": false, "actions": [{ "field": "priority", "value": "low" }] }])
        )
        .is_empty()
    );
}

#[test]
fn who_may_not_read_triggers_is_told_nothing_and_refused_nothing() {
    let forbidden = answer(403, &json!({}));
    assert_eq!(open().triggers(&me(), &[forbidden]), Next::Done(None));
    let Next::Send(first) = open().triggers(&me(), &[]) else { panic!("a read") };
    assert_eq!(first.path.as_str(), "/api/v2/triggers?page%5Bsize%5D=100&active=true");
}
