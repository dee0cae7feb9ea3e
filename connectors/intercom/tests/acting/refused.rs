//! What the platform rejects, and what is never asked of it.

use serde_json::json;

use super::super::{answer, connector, ok};
use super::{CONVERSATION, act, done, looked, names, note, seen, tags, write};
use crate::call::{Answer, Call, Later, Next, Refusal, Verb};
use crate::connector::Doubt;
use crate::plan::{Effect, EffectState, Plan};

#[test]
fn refusals_of_a_write_name_the_step_and_quote_nothing() {
    let errors = |status: u16, code: &str, message: &str| {
        let list = json!({ "type": "error.list", "errors": [{ "code": code, "message": message, "field": "assignee_id" }] });
        act("2.14", &[Effect::AssignGroup("Billing".into())], &[answer(status, list.to_string())])
    };
    let invalid = |what: &str| Next::Refused(Refusal::Invalid(what.to_owned()));
    let said = invalid("assigning a team: the platform answered assignee_not_found (assignee_id)");
    assert_eq!(errors(404, "assignee_not_found", "Assignee not found"), said);
    let said = invalid("assigning a team: the platform answered parameter_invalid (assignee_id)");
    assert_eq!(errors(400, "parameter_invalid", "secret words"), said);
    assert_eq!(
        errors(404, "not_found", "Tag not found"),
        invalid("assigning a team: the platform answered not_found (assignee_id)")
    );
    assert_eq!(errors(404, "not_found", "Resource Not Found"), Next::Refused(Refusal::Gone));
    assert_eq!(errors(404, "ticket_not_found", "x"), Next::Refused(Refusal::Gone));
    assert_eq!(errors(403, "api_plan_restricted", "x"), Next::Refused(Refusal::Credentials));
    assert_eq!(errors(429, "rate_limit_exceeded", "x"), Next::Later(Later::Busy { after: None }));
    assert_eq!(errors(500, "server_error", "x"), Next::Later(Later::Failed));
    let html = act("2.14", &[note()], &[answer(200, "<html>")]);
    assert_eq!(html, Next::Later(Later::Failed));
    let bare = act("2.14", &[note()], &[answer(422, "")]);
    assert_eq!(bare, invalid("adding a note: the platform answered 422"));
}

#[test]
fn what_is_rejected_does_not_hold_up_the_rest() {
    let rejected =
        || answer(422, json!({ "errors": [{ "code": "parameter_invalid", "message": "x" }] }).to_string());
    let plan = [tags(&["late", "later"]), Effect::AssignGroup("Billing".into()), note()];
    let ends = |written: &[Answer]| act("2.14", &plan, written);
    // The tag cannot be made, so it is not added; the next one is, and the effect as a whole is refused.
    assert_eq!(
        ends(&[rejected(), rejected()]),
        write(Verb::Post, "/tags", json!({ "name": "later" })),
        "the next tag is made"
    );
    let made = || ok(&json!({ "id": "7" }));
    let done = done(ends(&[rejected(), rejected(), made(), ok(&json!({})), ok(&json!({ "updated_at": 9 }))]));
    assert!(
        matches!(
            &done.states[..],
            [EffectState::Refused(tag), EffectState::Refused(team), EffectState::Applied]
                if tag.contains("making a tag") && team.contains("assigning a team")
        ),
        "{done:?}"
    );
}

#[test]
fn a_closed_conversation_is_not_opened_by_assigning_it() {
    let mut now = seen();
    now["state"] = json!("closed");
    let plan = [Effect::AssignGroup("Billing".into()), note()];
    let on = looked("2.14", CONVERSATION, &[ok(&now)]);
    let act = |written: &[Answer]| {
        let answers: Vec<_> = std::iter::once(ok(&now)).chain(written.iter().cloned()).collect();
        connector("2.14").act(&Plan(plan.to_vec()), &on, &names(), Doubt::None, &answers)
    };
    let Next::Send(Call::Write(sent)) = act(&[]) else { panic!() };
    assert!(sent.path.as_str().ends_with("/reply"), "{sent:?}");
    let applied = done(act(&[ok(&json!({ "updated_at": 9 }))]));
    assert!(
        matches!(&applied.states[..], [EffectState::Refused(why), EffectState::Applied] if why.contains("closed"))
    );
}

#[test]
fn a_tag_that_was_made_without_an_id_is_tried_again() {
    for made in [json!({}), json!({ "id": null }), json!({ "id": "../x" })] {
        assert_eq!(act("2.14", &[tags(&["late"])], &[ok(&made)]), Next::Later(Later::Failed));
    }
}
