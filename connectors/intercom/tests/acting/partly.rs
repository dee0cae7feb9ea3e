//! One attribute that is rejected, and the others of its request.

use serde_json::{Value, json};

use super::*;

const BASE: &str = "/conversations/215472621300001";

fn rejected(about: &str) -> Answer {
    let errors =
        json!([{ "code": "parameter_invalid", "message": format!("Value is not valid for '{about}'") }]);
    answer(400, json!({ "type": "error.list", "errors": errors }).to_string())
}

fn put(attributes: Value) -> Next<Applied, Call> {
    write(Verb::Put, BASE, json!({ "custom_attributes": attributes }))
}

#[test]
fn the_others_are_sent_again_by_themselves() {
    let plan = [field("Issue type", "sales"), Effect::SetPriority(Priority::Low), tags(&["refund"])];
    let changed = ok(&json!({ "type": "conversation", "updated_at": 1_768_030_501 }));
    let tagged = ok(&json!({ "type": "tag", "id": "7522902", "name": "refund" }));
    let step = |written: &[Answer]| act("2.14", &plan, written);
    assert_eq!(step(&[]), put(json!({ "Issue type": "Sales", "Priority": "Low" })));
    let whole = rejected("Issue type");
    assert_eq!(step(std::slice::from_ref(&whole)), put(json!({ "Issue type": "Sales" })));
    let one = rejected("Issue type");
    assert_eq!(step(&[whole.clone(), one.clone()]), put(json!({ "Priority": "Low" })));
    let applied = done(step(&[whole, one, changed, tagged]));
    let EffectState::Refused(why) = &applied.states[0] else { panic!("{:?}", applied.states) };
    assert_eq!(why, "setting Issue type: the platform answered parameter_invalid");
    assert_eq!(applied.states[1..], [EffectState::Applied, EffectState::Applied]);
}

#[test]
fn where_each_is_rejected_the_whole_is() {
    let plan = [field("Issue type", "sales"), Effect::SetPriority(Priority::Low)];
    let no = || rejected("Priority");
    let Next::Refused(Refusal::Invalid(why)) = act("2.14", &plan, &[no(), no(), no()]) else { panic!() };
    assert!(why.starts_with("setting Issue type"), "{why}");
}

#[test]
fn a_native_priority_goes_by_itself_too() {
    let plan = [field("Issue type", "sales"), Effect::SetPriority(Priority::Low)];
    let step = |written: &[Answer]| act("Preview", &plan, written);
    let both =
        json!({ "custom_attributes": { "Issue type": "Sales" }, "priority": "low", "admin_id": "9608801" });
    assert_eq!(step(&[]), write(Verb::Put, BASE, both));
    assert_eq!(step(&[rejected("priority")]), put(json!({ "Issue type": "Sales" })));
    let changed = ok(&json!({ "type": "conversation", "updated_at": 1_768_030_501 }));
    let priority = json!({ "priority": "low", "admin_id": "9608801" });
    assert_eq!(step(&[rejected("priority"), changed]), write(Verb::Put, BASE, priority));
}
