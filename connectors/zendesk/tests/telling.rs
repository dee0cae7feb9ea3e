//! What is said to people: followers and copies, answers, tags taken away, and what is known of the customer.

use serde_json::{Value, json};

use super::{config, open};
use crate::account::AccountConfig;
use crate::call::{Answer, Call, Next, Verb, Write};
use crate::connector::{Doubt, Looked};
use crate::contract::{answer, names, ticket};
use crate::delivery::{Notice, NoticeKind};
use crate::plan::{Applied, Effect, EffectState, Note, Party, Plan, Reply};
use crate::ticket::{FieldValue, RemoteId, Requester, Status, Ticket};

const TEXT: &str = "Thank you, we have your message and look into it today.";

fn act(effects: &[Effect], on: &Ticket, doubt: Doubt, answers: &[Answer]) -> Next<Applied, Call> {
    open().act(&Plan(effects.to_vec()), on, &names(), doubt, answers)
}

fn sent(next: Next<Applied, Call>) -> Value {
    match next {
        Next::Send(Call::Write(Write { verb: Verb::Put, body, .. })) => body["ticket"].clone(),
        other => panic!("{other:?}"),
    }
}

fn read(next: Next<Applied, Call>) -> String {
    match next {
        Next::Send(Call::Read(read)) => read.path.as_str().to_owned(),
        other => panic!("{other:?}"),
    }
}

fn states(next: Next<Applied, Call>) -> Vec<EffectState> {
    match next {
        Next::Done(applied) => applied.states,
        other => panic!("{other:?}"),
    }
}

fn reply() -> Effect {
    Effect::Reply(Reply { template: "received".into(), text: TEXT.into() })
}

fn note() -> Effect {
    Effect::Note(Note { text: "Predicted billing".into(), marker: "deskbridge:1".into() })
}

fn tags(tags: &[&str]) -> std::collections::BTreeSet<String> {
    tags.iter().map(|tag| (*tag).to_owned()).collect()
}

fn email(address: &str) -> Effect {
    Effect::Cc(Party::Email(address.into()))
}

/// The ticket after an update, at a second of the minute.
fn after(second: u32, more: Value) -> Answer {
    let mut shown =
        json!({ "id": 35436, "updated_at": format!("2026-11-20T10:00:{second:02}Z"), "status": "open" });
    shown.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    answer(200, &json!({ "ticket": shown, "audit": { "events": [{ "type": "Comment" }] } }))
}

fn comments(public: bool, author: u64, html: &str) -> Answer {
    let comment = json!({ "author_id": author, "public": public, "html_body": html, "plain_body": "" });
    answer(200, &json!({ "comments": [comment] }))
}

#[test]
fn tags_are_taken_away_and_the_others_stay() {
    let mut on = ticket();
    on.tags = tags(&["vip", "old", "billing"]);
    let remove = |unwanted: &[&str]| Effect::RemoveTags(tags(unwanted));
    let body = sent(act(&[remove(&["Old", "absent"])], &on, Doubt::None, &[]));
    assert_eq!(body["tags"], json!(["billing", "vip"]));
    assert_eq!(states(act(&[remove(&["absent"])], &on, Doubt::None, &[])), [EffectState::Unchanged]);
    // In one plan the later effect has the last word.
    let plan = [Effect::AddTags(tags(&["new", "old"])), remove(&["new", "vip"])];
    assert_eq!(sent(act(&plan, &on, Doubt::None, &[]))["tags"], json!(["billing", "old"]));
    let still = after(31, json!({ "tags": ["billing", "old", "vip"] }));
    let found = states(act(&plan, &on, Doubt::None, &[still]));
    assert_eq!(found[0], EffectState::Unchanged);
    assert!(matches!(found[1], EffectState::Refused(_)), "{found:?}");
}

#[test]
fn a_dropdowns_tag_is_not_taken_away_from_under_it() {
    let mut on = ticket();
    let category = RemoteId("9007199254741001".into());
    on.tags = tags(&["billing"]);
    on.fields.insert(category, FieldValue::Text("billing".into()));
    let found = states(act(&[Effect::RemoveTags(tags(&["billing"]))], &on, Doubt::None, &[]));
    assert!(matches!(&found[0], EffectState::Refused(why) if why.contains("`Category`")), "{found:?}");
}

#[test]
fn agents_follow_others_are_copied_and_groups_are_named_in_a_note() {
    let plan =
        [email("Ada@example.com"), email("boss@customer.example"), Effect::Cc(Party::Group("sales".into()))];
    let body = sent(act(&plan, &ticket(), Doubt::None, &[]));
    assert_eq!(body["followers"], json!([{ "user_id": 9007199254740999_u64, "action": "put" }]));
    assert_eq!(body["email_ccs"], json!([{ "user_email": "boss@customer.example", "action": "put" }]));
    assert_eq!(body["comment"]["public"], false);
    assert!(body["comment"]["html_body"].as_str().unwrap().contains("For the attention of sales"));
    assert_eq!(body["tags"], json!(["cc-sales", "vip"]));

    let mut on = ticket();
    on.tags.insert("cc-sales".into());
    on.followers = vec![
        Requester { id: Some(RemoteId("9007199254740999".into())), email: None },
        Requester { id: None, email: Some("boss@customer.example".into()) },
    ];
    assert_eq!(states(act(&plan, &on, Doubt::None, &[])), vec![EffectState::Unchanged; 3]);
    on.followers.clear();
    on.requester.email = Some("boss@customer.example".into());
    assert_eq!(states(act(&plan[1..2], &on, Doubt::None, &[])), [EffectState::Unchanged]);

    let off = after(
        31,
        json!({ "email_cc_ids": [], "follower_ids": [9007199254740999_u64], "tags": ["cc-sales"] }),
    );
    let found = states(act(&plan, &ticket(), Doubt::None, &[off]));
    assert!(matches!(found[1], EffectState::Refused(_)), "copies are switched off: {found:?}");
    assert_eq!(found[0], EffectState::Applied);
    assert!(open().can(&email("nobody"), &names()).is_err());
    assert!(open().can(&Effect::Cc(Party::Group("Sals".into())), &names()).unwrap_err().contains("Sales"));
}

#[test]
fn an_answer_goes_along_or_behind_a_note_with_a_stamp_of_its_own() {
    let alone = sent(act(&[reply()], &ticket(), Doubt::None, &[]));
    assert_eq!(alone["comment"], json!({ "html_body": format!("<p>{TEXT}</p>"), "public": true }));
    assert_eq!(alone["updated_stamp"], "2026-11-20T10:00:00Z");

    let plan = [reply(), note()];
    let first = sent(act(&plan, &ticket(), Doubt::None, &[]));
    assert_eq!(first["comment"]["public"], false);
    let noted = after(31, json!({}));
    let second = sent(act(&plan, &ticket(), Doubt::None, std::slice::from_ref(&noted)));
    assert_eq!(second["comment"]["public"], true);
    assert_eq!(second["updated_stamp"], "2026-11-20T10:00:31Z");
    let Next::Done(applied) = act(&plan, &ticket(), Doubt::None, &[noted, after(32, json!({}))]) else {
        panic!()
    };
    assert_eq!(applied.states, [EffectState::Applied, EffectState::Applied]);
    assert_eq!(applied.version.unwrap().0, "2026-11-20T10:00:32Z");
}

#[test]
fn a_ticket_that_a_trigger_touched_is_answered_and_one_that_a_person_took_is_not() {
    let plan = [note(), reply()];
    let busy = || answer(409, &json!({ "error": "UpdateConflict" }));
    let so_far = [after(31, json!({ "priority": "high" })), busy()];
    let path = read(act(&plan, &ticket(), Doubt::None, &so_far));
    assert_eq!(path, "/api/v2/tickets/35436");
    let [first, conflict] = so_far;
    let touched = [first.clone(), conflict.clone(), after(33, json!({ "priority": "high" }))];
    let again = sent(act(&plan, &ticket(), Doubt::None, &touched));
    assert_eq!(again["updated_stamp"], "2026-11-20T10:00:33Z");
    let taken = [first, conflict, after(33, json!({ "priority": "high", "assignee_id": 12 }))];
    let found = states(act(&plan, &ticket(), Doubt::None, &taken));
    assert_eq!(found[0], EffectState::Applied);
    assert!(matches!(&found[1], EffectState::Refused(why) if why.contains("not sent")), "{found:?}");
}

#[test]
fn in_doubt_an_answer_is_sought_before_it_is_sent_again() {
    let mut on = ticket();
    on.requester.id = Some(RemoteId("5".into()));
    let path = read(act(&[reply()], &on, Doubt::LastWriteUnanswered, &[]));
    assert!(path.contains("/comments?"), "{path}");
    let dressed = format!("<div class=\"zd-comment\"><p dir=\"auto\">{TEXT}</p></div>");
    let there = comments(true, 9, &dressed);
    assert_eq!(states(act(&[reply()], &on, Doubt::LastWriteUnanswered, &[there])), [EffectState::Applied]);
    for other in
        [comments(false, 9, &dressed), comments(true, 5, &dressed), comments(true, 9, "<p>Hello</p>")]
    {
        let body = sent(act(&[reply()], &on, Doubt::LastWriteUnanswered, &[other]));
        assert_eq!(
            body["comment"]["public"], true,
            "a note, the customer's words and another answer are not ours"
        );
    }
}

#[test]
fn nobody_is_answered_where_that_is_not_allowed_or_too_late() {
    let mute =
        super::super::open(&AccountConfig { allow_public_replies: false, ..config() }).unwrap().connector;
    assert!(mute.can(&reply(), &names()).unwrap_err().contains("allow_public_replies"));
    let found = states(mute.act(&Plan(vec![reply()]), &ticket(), &names(), Doubt::None, &[]));
    assert!(matches!(&found[0], EffectState::Refused(why) if why.contains("allow_public_replies")));
    let closed = Ticket { status: Status::Closed, ..ticket() };
    let found = states(act(&[reply()], &closed, Doubt::None, &[]));
    assert!(matches!(&found[0], EffectState::Refused(why) if why.contains("closed")), "{found:?}");
}

#[test]
fn the_customers_organization_and_own_fields_are_read_where_they_are_asked_for() {
    let look = |field: &str, answers: &[Answer]| {
        let config = AccountConfig { segment_field: Some(field.into()), ..config() };
        let notice =
            Notice { kind: NoticeKind::Created, ticket: ticket().id, actor: None, occurred_at: None };
        super::super::open(&config).unwrap().connector.look(&notice, answers)
    };
    let path = |next: Next<Looked>| match next {
        Next::Send(read) => read.path.as_str().to_owned(),
        other => panic!("{other:?}"),
    };
    let profile = |next: Next<Looked>| match next {
        Next::Done(Looked::Ticket(ticket)) => ticket.profile,
        other => panic!("{other:?}"),
    };
    assert_eq!(path(look("organization.plan", &[])), "/api/v2/tickets/35436?include=users,organizations");
    let shown = |more: Value| {
        let ticket = json!({ "id": 35436, "updated_at": "x", "organization_id": 77, "requester_id": 5 });
        let mut body = json!({ "ticket": ticket, "users": [{ "id": 5, "user_fields": { "tier": "gold" } }] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        answer(200, &body)
    };
    let none = || answer(200, &json!({ "comments": [] }));
    let organization = json!({ "id": 77, "organization_fields": { "plan": "enterprise" } });
    let along = [shown(json!({ "organizations": [organization] })), none()];
    let enterprise = FieldValue::Text("enterprise".into());
    assert_eq!(profile(look("organization.plan", &along))["organization.plan"], enterprise);

    let apart = [shown(json!({})), none()];
    assert_eq!(path(look("company.plan", &apart)), "/api/v2/organizations/77");
    let [first, second] = apart;
    let found = [first.clone(), second.clone(), answer(200, &json!({ "organization": organization }))];
    assert_eq!(profile(look("company.plan", &found))["company.plan"], enterprise);
    assert!(profile(look("company.plan", &[first, second, answer(404, &Value::Null)])).is_empty());
    let own = profile(look("requester.tier", &[shown(json!({})), none()]));
    assert_eq!(own["requester.tier"], FieldValue::Text("gold".into()));
}
