//! Tests of the read before a write, and of fields that the account keeps filled.

use serde_json::{Value, json};

use super::act::{BEFORE, act, directory, get, on, put, tags};
use super::{answer, connector, ok};
use crate::call::{Next, Refusal};
use crate::connector::Doubt;
use crate::plan::{Applied, Effect, EffectState, Plan, Slot};
use crate::ticket::{Priority, RemoteId};

/// The ticket as it was looked at, but for one value.
fn but(key: &str, value: Value) -> crate::call::Answer {
    let mut body: Value = serde_json::from_str(include_str!("../fixtures/ticket.json")).unwrap();
    body["updated_at"] = BEFORE.into();
    body[key] = value;
    ok(body.to_string())
}

#[test]
fn a_change_within_the_second_of_the_version_is_seen_in_what_the_plan_sets() {
    let moved = Next::Refused(Refusal::Moved);
    let priority = Effect::SetPriority(Priority::Urgent);
    let group = Effect::AssignGroup(directory().groups[0].name.clone());
    assert_eq!(act(std::slice::from_ref(&priority), &[but("priority", json!(2))]), moved);
    assert_eq!(act(std::slice::from_ref(&priority), &[but("status", json!(4))]), moved, "it was solved");
    assert_eq!(act(std::slice::from_ref(&group), &[but("group_id", json!(99))]), moved);
    // Another's business stands beside ours.
    let untouched = act(&[priority], &[but("group_id", json!(99))]);
    assert_eq!(untouched, put(json!({ "priority": 4 })));
    assert!(
        matches!(act(&[tags(&["x"])], &[but("tags", json!(["theirs"]))]), Next::Send(_)),
        "tags are merged"
    );
}

#[test]
fn what_the_account_keeps_is_left_and_the_rest_is_put_back() {
    let mut held = on();
    held.group = Some(RemoteId("99".into()));
    let plan = Plan(vec![Effect::Clear(Slot::Group), Effect::SetPriority(Priority::Urgent)]);
    let step =
        |answers: &[crate::call::Answer]| connector().act(&plan, &held, &directory(), Doubt::None, answers);
    let before = but("group_id", json!(99));
    assert_eq!(step(&[]), get("/api/v2/tickets/4711"));
    assert_eq!(step(std::slice::from_ref(&before)), put(json!({ "group_id": null, "priority": 4 })));
    let refused =
        answer(400, r#"{"errors":[{"field":"group_id","code":"missing_field","message":"secret text"}]}"#);
    let sent = [before, refused];
    assert_eq!(step(&sent), put(json!({ "priority": 4 })));
    let [before, refused] = sent;
    let Next::Done(Applied { states, .. }) = step(&[before, refused, but("priority", json!(4))]) else {
        panic!("done")
    };
    let EffectState::Refused(why) = &states[0] else { panic!("{states:?}") };
    assert!(why.contains("`group_id` (missing_field)") && !why.contains("secret"), "{why}");
    assert_eq!(states[1], EffectState::Applied);
}
