//! What is said to people: mentions, answers, tags taken away, nested fields, and what is known of the customer.

use serde_json::{Value, json};

use super::act::{BEFORE, act, act_in_doubt, directory, done, get, on, put, tags, ticket, write};
use super::{account, answer, ok};
use crate::account::{AccountConfig, Platform};
use crate::call::{Answer, Next, Verb};
use crate::connector::{Doubt, Looked};
use crate::delivery::{Notice, NoticeKind};
use crate::plan::{Effect, EffectState, Note, Party, Plan, Reply};
use crate::ticket::{FieldValue, RemoteId, TicketId};

const TEXT: &str = "Thank you, we have your message and look into it today.";

fn reply() -> Effect {
    Effect::Reply(Reply { template: "received".into(), text: TEXT.into() })
}

fn untag(unwanted: &[&str]) -> Effect {
    Effect::RemoveTags(unwanted.iter().map(|tag| (*tag).to_owned()).collect())
}

fn created() -> Answer {
    answer(201, r#"{"id": 1}"#)
}

#[test]
fn tags_are_taken_away_and_repaired_once_when_they_come_back() {
    let plan = [untag(&["Newsletter", "absent"]), tags(&["refund"])];
    let mut answers = vec![ticket(BEFORE, &["newsletter", "vip"])];
    assert_eq!(act(&plan, &answers), put(json!({ "tags": ["refund", "vip"] })));
    answers.push(ticket("v2", &["refund", "vip"]));
    assert_eq!(act(&plan, &answers), get("/api/v2/tickets/4711"));
    let mut lost = answers.clone();
    answers.push(ticket("v2", &["refund", "vip"]));
    assert_eq!(act(&plan, &answers), done(vec![EffectState::Applied; 2], Some("v2")));
    lost.push(ticket("v3", &["newsletter", "vip", "new"]));
    assert_eq!(act(&plan, &lost), put(json!({ "tags": ["new", "refund", "vip"] })));
    assert_eq!(act(&[untag(&["absent"])], &[]), done(vec![EffectState::Unchanged], None));
}

#[test]
fn people_are_told_in_a_note_before_the_tag_that_says_so() {
    let plan =
        [Effect::Cc(Party::Email("ADA@example.com".into())), Effect::Cc(Party::Group("Billing".into()))];
    let note = |who: &str, tag: &str| format!("<p>For the attention of {who}</p><p>deskbridge:{tag}</p>");
    let mut answers = vec![ticket(BEFORE, &["newsletter"])];
    let body = note("ADA@example.com", "cc-ada-example-com");
    let ada = json!({ "body": body, "private": true, "notify_emails": ["ada@example.com"] });
    assert_eq!(act(&plan, &answers), write(Verb::Post, "/api/v2/tickets/4711/notes", ada));
    answers.push(created());
    let billing = json!({ "body": note("Billing", "cc-billing"), "private": true });
    assert_eq!(act(&plan, &answers), write(Verb::Post, "/api/v2/tickets/4711/notes", billing));
    answers.push(created());
    let all = ["cc-ada-example-com", "cc-billing", "newsletter"];
    assert_eq!(act(&plan, &answers), put(json!({ "tags": all })));
    answers.extend([ticket("v4", &all), ticket("v4", &all)]);
    assert_eq!(act(&plan, &answers), done(vec![EffectState::Applied; 2], Some("v4")));

    // In doubt the first note is found; the other note and both tags are still to come.
    let thread = json!([{ "body": note("ADA@example.com", "cc-ada-example-com"), "incoming": false, "private": true }]);
    let in_doubt = [ok(thread.to_string()), ticket(BEFORE, &["newsletter"])];
    let billing = json!({ "body": note("Billing", "cc-billing"), "private": true });
    assert_eq!(act_in_doubt(&plan, &in_doubt), write(Verb::Post, "/api/v2/tickets/4711/notes", billing));

    let stranger = Effect::Cc(Party::Email("boss@customer.example".into()));
    let why = super::connector().can(&stranger, &directory()).unwrap_err();
    assert!(why.contains("no agent's address"), "{why}");
}

#[test]
fn an_answer_is_sent_last_and_sought_in_doubt() {
    let marker = "deskbridge:1".to_owned();
    let plan = [reply(), Effect::Note(Note { text: "Predicted".into(), marker })];
    let mut answers = vec![ticket(BEFORE, &[])];
    let note = json!({ "body": "<p>Predicted</p><p>deskbridge:1</p>", "private": true });
    assert_eq!(act(&plan, &answers), write(Verb::Post, "/api/v2/tickets/4711/notes", note));
    answers.push(created());
    let body = json!({ "body": format!("<p>{TEXT}</p>") });
    let sent = write(Verb::Post, "/api/v2/tickets/4711/reply", body);
    assert_eq!(act(&plan, &answers), sent);
    answers.extend([created(), ticket("v5", &[])]);
    assert_eq!(act(&plan, &answers), done(vec![EffectState::Applied; 2], Some("v5")));

    let part = |private: bool, incoming: bool| {
        let body = format!("<div><p>{TEXT}</p></div>");
        ok(json!([{ "body": body, "private": private, "incoming": incoming }]).to_string())
    };
    assert_eq!(act_in_doubt(&[reply()], &[part(false, false)]), done(vec![EffectState::Unchanged], None));
    for other in [part(true, false), part(false, true)] {
        assert_eq!(act_in_doubt(&[reply()], &[other, ticket(BEFORE, &[])]), sent);
    }
    let config = AccountConfig { allow_public_replies: false, ..account() };
    let mute = Platform::Freshdesk.open(&config).unwrap().connector;
    let Next::Done(applied) = mute.act(&Plan(vec![reply()]), &on(), &directory(), Doubt::None, &[]) else {
        panic!("nothing is sent")
    };
    assert!(matches!(&applied.states[0], EffectState::Refused(why) if why.contains("allow_public_replies")));
}

#[test]
fn every_level_of_a_nested_field_is_written() {
    let place = |text: &str| Effect::SetField { field: "Place".into(), value: FieldValue::Text(text.into()) };
    let fields = |value: Value| put(json!({ "custom_fields": value }));
    let read = [ticket(BEFORE, &[])];
    let madrid = json!({ "cf_place": "Europe", "cf_country": "Spain", "cf_city": "Madrid" });
    assert_eq!(act(&[place("europe > spain > madrid")], &read), fields(madrid.clone()));
    let asia = json!({ "cf_place": "Asia", "cf_country": null, "cf_city": null });
    assert_eq!(act(&[place("Asia")], &read), fields(asia));
    let mut there = on();
    for (key, value) in madrid.as_object().unwrap() {
        there.fields.insert(RemoteId(key.clone()), FieldValue::from_json(value).unwrap());
    }
    let plan = Plan(vec![place("Europe > Spain > Madrid")]);
    let held = super::connector().act(&plan, &there, &directory(), Doubt::None, &[]);
    assert_eq!(held, done(vec![EffectState::Unchanged], None));
    let why = super::connector().can(&place("Europe > Spain > Madird"), &directory()).unwrap_err();
    assert!(why.contains("did you mean `Madrid`"), "{why}");
}

#[test]
fn the_customers_company_and_own_fields_are_read_where_they_are_asked_for() {
    let look = |field: &str, answers: &[Answer]| {
        let config = AccountConfig { segment_field: Some(field.into()), ..account() };
        let ticket = TicketId::new("4711").unwrap();
        let notice = Notice { kind: NoticeKind::Created, ticket, actor: None, occurred_at: None };
        Platform::Freshdesk.open(&config).unwrap().connector.look(&notice, answers)
    };
    let path = |next: Next<Looked>| match next {
        Next::Send(read) => read.path.as_str().to_owned(),
        other => panic!("{other:?}"),
    };
    let profile = |next: Next<Looked>| match next {
        Next::Done(Looked::Ticket(ticket)) => ticket.profile,
        other => panic!("{other:?}"),
    };
    let mut answers = vec![ticket(BEFORE, &[]), ok("[]")];
    assert_eq!(path(look("company.plan", &answers)), "/api/v2/contacts/82100300001");
    answers.push(ok(r#"{ "id": 82100300001, "company_id": 51, "custom_fields": { "tier": "gold" } }"#));
    assert_eq!(profile(look("requester.tier", &answers))["requester.tier"], FieldValue::Text("gold".into()));
    assert_eq!(path(look("company.plan", &answers)), "/api/v2/companies/51");
    answers.push(ok(r#"{ "id": 51, "name": "Kestrel", "custom_fields": { "plan": "enterprise" } }"#));
    assert_eq!(
        profile(look("company.plan", &answers))["company.plan"],
        FieldValue::Text("enterprise".into())
    );
    answers[3] = answer(403, "{}");
    assert!(profile(look("company.plan", &answers)).is_empty());
}
