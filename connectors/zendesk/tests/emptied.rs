//! Values that an undo empties and the platform will not have empty.

use serde_json::{Value, json};

use super::open;
use crate::call::{Answer, Call, Next, Refusal};
use crate::connector::Doubt;
use crate::contract::{answer, names, ticket};
use crate::plan::{Applied, Effect, EffectState, Plan, Slot};
use crate::ticket::{Priority, RemoteId, Ticket};

fn act(effects: &[Effect], on: &Ticket, answers: &[Answer]) -> Next<Applied, Call> {
    open().act(&Plan(effects.to_vec()), on, &names(), Doubt::None, answers)
}

fn sent(next: Next<Applied, Call>) -> Value {
    match next {
        Next::Send(Call::Write(write)) => write.body["ticket"].clone(),
        other => panic!("{other:?}"),
    }
}

fn refusal(field: &str) -> Answer {
    let details = json!({ field: [{ "error": "InvalidValue", "description": "the customer's words" }] });
    answer(422, &json!({ "error": "RecordInvalid", "details": details }))
}

fn high() -> Ticket {
    Ticket { priority: Some(Priority::High), group: Some(RemoteId("9007199254740995".into())), ..ticket() }
}

#[test]
fn a_priority_that_cannot_be_none_again_is_left_and_the_rest_goes_out() {
    let untag = Effect::RemoveTags(["vip".to_owned()].into());
    let plan = [Effect::Clear(Slot::Priority), untag];
    let first = sent(act(&plan, &high(), &[]));
    assert_eq!(first["priority"], Value::Null);
    assert!(first.as_object().unwrap().contains_key("priority"));
    for refused in [refusal("priority"), answer(400, &json!({ "error": "InvalidAttribute" }))] {
        let second = sent(act(&plan, &high(), std::slice::from_ref(&refused)));
        assert!(!second.as_object().unwrap().contains_key("priority"), "{second}");
        assert_eq!((&second["tags"], &second["updated_stamp"]), (&json!([]), &first["updated_stamp"]));
        let written = json!({ "ticket": { "id": 35436, "updated_at": "2026-11-20T10:00:31Z", "tags": [], "priority": "high" } });
        let Next::Done(applied) = act(&plan, &high(), &[refused, answer(200, &written)]) else { panic!() };
        let EffectState::Refused(why) = &applied.states[0] else { panic!("{:?}", applied.states) };
        assert!(why.contains("does not let the priority be empty") && !why.contains("customer"), "{why}");
        assert_eq!(applied.states[1], EffectState::Applied);
    }
}

#[test]
fn only_what_is_named_is_left_first() {
    let plan = [Effect::Clear(Slot::Priority), Effect::Clear(Slot::Group)];
    let second = sent(act(&plan, &high(), &[refusal("group_id")]));
    assert_eq!(second.get("priority"), Some(&Value::Null));
    assert_eq!(second.get("group_id"), None);
    // With nothing left there is nothing to send, and no refusal of the whole.
    let Next::Done(applied) = act(&plan, &high(), &[refusal("group_id"), refusal("priority")]) else {
        panic!()
    };
    assert!(applied.states.iter().all(|state| matches!(state, EffectState::Refused(_))), "{applied:?}");
    assert_eq!(applied.version, None);
}

#[test]
fn a_refusal_of_anything_else_refuses_the_whole() {
    let plan = [Effect::SetPriority(Priority::Urgent)];
    let Next::Refused(Refusal::Invalid(why)) = act(&plan, &high(), &[refusal("priority")]) else { panic!() };
    assert!(why.contains("RecordInvalid: priority (InvalidValue)"), "{why}");
}
