//! What is said to people: mentions, answers, tags taken away, dates, and what is known of the customer.

use serde_json::{Value, json};

use super::acting::{CONVERSATION, act, act_on, done, looked, names, seen, write};
use super::{answer, config, ok};
use crate::account::AccountConfig;
use crate::call::{Answer, Call, Next, Verb, Write};
use crate::connector::{Doubt, Looked};
use crate::delivery::{Notice, NoticeKind};
use crate::directory::{Field, FieldKind};
use crate::plan::{Effect, EffectState, Party, Plan, Reply};
use crate::ticket::{FieldValue, RemoteId, TicketId};

const TEXT: &str = "Thank you, we have your message and look into it today.";

fn reply() -> Effect {
    Effect::Reply(Reply { template: "received".into(), text: TEXT.into() })
}

fn path(tail: &str) -> String {
    format!("/conversations/{CONVERSATION}{tail}")
}

fn untag(unwanted: &[&str]) -> Effect {
    Effect::RemoveTags(unwanted.iter().map(|tag| (*tag).to_owned()).collect())
}

#[test]
fn a_tag_is_taken_away_by_its_id_and_one_that_is_gone_is_gone() {
    let plan = [untag(&["vip", "absent"])];
    let id = seen()["tags"]["tags"][0]["id"].as_str().unwrap().to_owned();
    let removal = write(Verb::Delete, &path(&format!("/tags/{id}")), json!({ "admin_id": "9608801" }));
    assert_eq!(act("2.14", &plan, &[]), removal);
    assert_eq!(done(act("2.14", &[untag(&["absent"])], &[])).states, [EffectState::Unchanged]);
    let gone =
        json!({ "type": "error.list", "errors": [{ "code": "tag_not_found", "message": "Tag not found" }] });
    for fine in [ok(&json!({ "type": "tag", "id": id })), answer(200, ""), answer(404, gone.to_string())] {
        assert_eq!(done(act("2.14", &plan, &[fine])).states, [EffectState::Applied]);
    }
    let lost = json!({ "errors": [{ "code": "not_found", "message": "Conversation not found" }] });
    assert!(matches!(act("2.14", &plan, &[answer(404, lost.to_string())]), Next::Refused(_)));
    // The later effect has the last word.
    let both = [Effect::AddTags(["vip".to_owned()].into()), untag(&["VIP"])];
    assert_eq!(act("2.14", &both, &[]), removal);
}

#[test]
fn a_team_is_named_in_a_note_and_then_tagged() {
    let plan = [Effect::Cc(Party::Group("billing".into()))];
    let body = "<p>For the attention of billing</p><p>deskbridge:cc-billing</p>";
    let note = json!({ "message_type": "note", "type": "admin", "admin_id": "9608801", "body": body });
    assert_eq!(act("2.14", &plan, &[]), write(Verb::Post, &path("/reply"), note));
    let noted = ok(&seen());
    let make = write(Verb::Post, "/tags", json!({ "name": "cc-billing" }));
    assert_eq!(act("2.14", &plan, std::slice::from_ref(&noted)), make);
    let made = ok(&json!({ "type": "tag", "id": "88" }));
    let add = write(Verb::Post, &path("/tags"), json!({ "id": "88", "admin_id": "9608801" }));
    assert_eq!(act("2.14", &plan, &[noted.clone(), made.clone()]), add);
    assert_eq!(done(act("2.14", &plan, &[noted, made.clone(), made])).states, [EffectState::Applied]);

    let mut there = seen();
    let parts = there["conversation_parts"]["conversation_parts"].as_array_mut().unwrap();
    parts.push(json!({ "part_type": "note", "body": body, "author": { "type": "admin", "id": "9608801" } }));
    assert_eq!(act_on("2.14", &plan, &there, &[]), make, "the note is there, its tag is not");

    let connector = super::connector("2.14");
    let can = |address: &str| connector.can(&Effect::Cc(Party::Email(address.into())), &names());
    assert_eq!(can("Grace@desk.example"), Ok(()));
    assert!(can("boss@customer.example").unwrap_err().contains("no agent's address"));
}

#[test]
fn an_answer_is_a_comment_that_is_not_written_twice() {
    let body = json!({
        "message_type": "comment", "type": "admin", "admin_id": "9608801", "body": format!("<p>{TEXT}</p>"),
    });
    let sent = write(Verb::Post, &path("/reply"), body);
    assert_eq!(act("2.14", &[reply()], &[]), sent);
    let with = |kind: &str, author: &str| {
        let mut there = seen();
        let parts = there["conversation_parts"]["conversation_parts"].as_array_mut().unwrap();
        parts.push(json!({ "part_type": kind, "body": TEXT, "author": { "type": author, "id": "9608801" } }));
        there
    };
    let found = done(act_on("2.14", &[reply()], &with("comment", "admin"), &[]));
    assert_eq!(found.states, [EffectState::Unchanged]);
    for other in [with("note", "admin"), with("comment", "user")] {
        assert_eq!(act_on("2.14", &[reply()], &other, &[]), sent);
    }
}

#[test]
fn nobody_is_answered_where_that_is_not_allowed_or_too_late() {
    let refused = |config: &AccountConfig, now: &Value| {
        let connector = super::super::open(config).unwrap().connector;
        let notice = Notice {
            kind: NoticeKind::Created,
            ticket: TicketId::new(CONVERSATION).unwrap(),
            actor: None,
            occurred_at: None,
        };
        let Next::Done(Looked::Ticket(on)) = connector.look(&notice, &[ok(now)]) else { panic!("a ticket") };
        let next = connector.act(&Plan(vec![reply()]), &on, &names(), Doubt::None, &[ok(now)]);
        match &done(next).states[0] {
            EffectState::Refused(why) => why.clone(),
            other => panic!("{other:?}"),
        }
    };
    let mute = AccountConfig { allow_public_replies: false, ..config() };
    assert!(refused(&mute, &seen()).contains("allow_public_replies"));
    let mut closed = seen();
    closed["state"] = "closed".into();
    assert!(refused(&config(), &closed).contains("closed"));
}

#[test]
fn a_date_is_written_as_a_moment_and_known_again() {
    let mut names = names();
    names.fields.push(Field { id: RemoteId("Due".into()), name: "Due".into(), kind: FieldKind::Date });
    let plan =
        Plan(vec![Effect::SetField { field: "Due".into(), value: FieldValue::Text("2026-12-01".into()) }]);
    let next = |now: &Value| {
        let on = looked("2.14", CONVERSATION, &[ok(now)]);
        super::connector("2.14").act(&plan, &on, &names, Doubt::None, &[ok(now)])
    };
    let Next::Send(Call::Write(Write { body, .. })) = next(&seen()) else { panic!("a write") };
    assert_eq!(body, json!({ "custom_attributes": { "Due": "2026-12-01T00:00:00Z" } }));
    for held in [json!("2026-12-01T00:00:00.000Z"), json!(1_796_083_200)] {
        let mut now = seen();
        now["custom_attributes"]["Due"] = held;
        assert_eq!(done(next(&now)).states, [EffectState::Unchanged]);
    }
}

#[test]
fn the_customers_company_and_own_attributes_are_read_where_they_are_asked_for() {
    let look = |field: &str, answers: &[Answer]| {
        let config = AccountConfig { segment_field: Some(field.into()), ..config() };
        let ticket = TicketId::new(CONVERSATION).unwrap();
        let notice = Notice { kind: NoticeKind::Created, ticket, actor: None, occurred_at: None };
        super::super::open(&config).unwrap().connector.look(&notice, answers)
    };
    let asks = |next: Next<Looked>| match next {
        Next::Send(read) => read.path.as_str().to_owned(),
        other => panic!("{other:?}"),
    };
    let profile = |next: Next<Looked>| match next {
        Next::Done(Looked::Ticket(ticket)) => ticket.profile,
        other => panic!("{other:?}"),
    };
    let first = ok(&seen());
    assert_eq!(
        asks(look("company.plan", std::slice::from_ref(&first))),
        "/contacts/69620546aa74dbb9050aa701/companies"
    );
    assert_eq!(
        asks(look("requester.tier", std::slice::from_ref(&first))),
        "/contacts/69620546aa74dbb9050aa701"
    );
    let company =
        json!({ "type": "company", "plan": { "type": "plan", "name": "Pro" }, "custom_attributes": {} });
    let list = ok(&json!({ "type": "list", "data": [company] }));
    let found = profile(look("company.plan", &[first.clone(), list]));
    assert_eq!(found["company.plan"], FieldValue::Text("Pro".into()));
    let contact = ok(&json!({ "type": "contact", "custom_attributes": { "tier": "gold" } }));
    let found = profile(look("requester.tier", &[first.clone(), contact]));
    assert_eq!(found["requester.tier"], FieldValue::Text("gold".into()));
    assert!(profile(look("company.plan", &[first.clone(), ok(&json!({ "data": [] }))])).is_empty());
    assert!(profile(look("company.plan", &[first, answer(403, "{}")])).is_empty());
}
