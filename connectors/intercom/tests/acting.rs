//! Carrying plans out, answer by answer.

mod partly;
mod refused;

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{answer, connector, fixture, ok};
use crate::call::{Answer, Call, Next, PathAndQuery, Read, Refusal, Verb, Write};
use crate::connector::{Doubt, Looked};
use crate::delivery::{Notice, NoticeKind};
use crate::directory::{Agent, Choice, Directory, Field, FieldKind, Named};
use crate::plan::{Applied, Effect, EffectState, Note, Plan};
use crate::ticket::{FieldValue, Priority, RemoteId, Ticket, TicketId, Version};

pub(super) const CONVERSATION: &str = "215472621300001";

fn id(text: &str) -> RemoteId {
    RemoteId(text.to_owned())
}

fn list(name: &str, options: &[(&str, &str)]) -> Field {
    let choices =
        options.iter().map(|(value, label)| Choice { value: (*value).into(), label: (*label).into() });
    Field { id: id(name), name: name.into(), kind: FieldKind::One(choices.collect()) }
}

pub(super) fn names() -> Directory {
    Directory {
        brands: Vec::new(),
        presets: Default::default(),
        left_out: Vec::new(),
        me: Some(id("9608801")),
        groups: vec![Named { id: id("5017601"), name: "Billing".into() }],
        agents: vec![Agent {
            id: id("9608802"),
            name: "Grace Hopper".into(),
            email: Some("grace@desk.example".into()),
        }],
        fields: vec![
            list("Issue type", &[("Billing", "Billing"), ("Sales", "Sales")]),
            list("Priority", &[("Low", "Low"), ("Normal", "Normal"), ("High", "High"), ("Urgent", "Urgent")]),
            list("ticket-Issue type", &[("it-7", "Billing"), ("it-8", "Sales")]),
        ],
        tags: vec![
            Named { id: id("7522901"), name: "VIP".into() },
            Named { id: id("7522902"), name: "refund".into() },
        ],
    }
}

pub(super) fn seen() -> Value {
    serde_json::from_str(fixture("conversation")).unwrap()
}

pub(super) fn looked(version: &str, ticket: &str, answers: &[Answer]) -> Ticket {
    let ticket = TicketId::new(ticket).unwrap();
    let notice = Notice { kind: NoticeKind::Created, ticket, actor: None, occurred_at: None };
    match connector(version).look(&notice, answers) {
        Next::Done(Looked::Ticket(ticket)) => *ticket,
        other => panic!("no ticket: {other:?}"),
    }
}

/// The next step on the sample conversation after it was read and these writes were answered.
pub(super) fn act(version: &str, plan: &[Effect], written: &[Answer]) -> Next<Applied, Call> {
    act_on(version, plan, &seen(), written)
}

pub(super) fn act_on(version: &str, plan: &[Effect], now: &Value, written: &[Answer]) -> Next<Applied, Call> {
    let on = looked(version, CONVERSATION, &[ok(&seen())]);
    let answers: Vec<_> = std::iter::once(ok(now)).chain(written.iter().cloned()).collect();
    connector(version).act(&Plan(plan.to_vec()), &on, &names(), Doubt::None, &answers)
}

pub(super) fn done(next: Next<Applied, Call>) -> Applied {
    match next {
        Next::Done(applied) => applied,
        other => panic!("not done: {other:?}"),
    }
}

pub(super) fn write(verb: Verb, path: &str, body: Value) -> Next<Applied, Call> {
    Next::Send(Call::Write(Write { verb, path: PathAndQuery::new(path), body }))
}

fn field(name: &str, value: &str) -> Effect {
    Effect::SetField { field: name.into(), value: FieldValue::Text(value.into()) }
}

fn tags(names: &[&str]) -> Effect {
    Effect::AddTags(names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>())
}

fn note() -> Effect {
    Effect::Note(Note { text: "Predicted <sales>\n97 %".into(), marker: "deskbridge:1-a1".into() })
}

#[test]
fn the_first_call_is_a_read_in_doubt_or_not() {
    let on = looked("2.14", CONVERSATION, &[ok(&seen())]);
    for doubt in [Doubt::None, Doubt::LastWriteUnanswered] {
        let next = connector("2.14").act(&Plan(vec![note()]), &on, &names(), doubt, &[]);
        let read = Read::get(format!("/conversations/{CONVERSATION}?display_as=plaintext"));
        assert_eq!(next, Next::Send(Call::Read(read)));
        let nothing = connector("2.14").act(&Plan(vec![]), &on, &names(), doubt, &[]);
        assert_eq!(done(nothing), Applied { states: vec![], version: None });
    }
}

#[test]
fn one_request_a_change_attributes_first_and_the_note_last() {
    let plan = [
        note(),
        Effect::AssignAgent("grace@desk.example".into()),
        Effect::AssignGroup("Billing".into()),
        tags(&["vip", "refund", "late"]),
        Effect::SetPriority(Priority::Low),
        field("Issue type", "sales"),
    ];
    let base = format!("/conversations/{CONVERSATION}");
    let admin = "9608801";
    let changed = ok(&json!({ "type": "conversation", "updated_at": 1_768_030_501 }));
    let tagged = |id: &str| ok(&json!({ "type": "tag", "id": id, "name": "x" }));
    let steps = [
        (
            Verb::Put,
            base.clone(),
            json!({ "custom_attributes": { "Priority": "Low", "Issue type": "Sales" } }),
            changed.clone(),
        ),
        (
            Verb::Post,
            format!("{base}/parts"),
            json!({ "message_type": "assignment", "type": "team", "admin_id": admin, "assignee_id": "5017601" }),
            changed.clone(),
        ),
        (
            Verb::Post,
            format!("{base}/parts"),
            json!({ "message_type": "assignment", "type": "admin", "admin_id": admin, "assignee_id": "9608802" }),
            changed,
        ),
        // The directory does not know this tag: the platform makes it and tells its id.
        (Verb::Post, "/tags".into(), json!({ "name": "late" }), tagged("7522999")),
        (
            Verb::Post,
            format!("{base}/tags"),
            json!({ "id": "7522999", "admin_id": admin }),
            tagged("7522999"),
        ),
        (
            Verb::Post,
            format!("{base}/tags"),
            json!({ "id": "7522902", "admin_id": admin }),
            tagged("7522902"),
        ),
        (
            Verb::Post,
            format!("{base}/reply"),
            json!({
                "message_type": "note", "type": "admin", "admin_id": admin,
                "body": "<p>Predicted &lt;sales&gt;<br>97 %</p><p>deskbridge:1-a1</p>",
            }),
            ok(&json!({ "type": "conversation", "updated_at": 1_768_030_507 })),
        ),
    ];
    let mut written = Vec::new();
    for (verb, path, body, answered) in steps {
        assert_eq!(act("2.14", &plan, &written), write(verb, &path, body));
        written.push(answered);
    }
    let applied = done(act("2.14", &plan, &written));
    assert_eq!(applied.states, vec![EffectState::Applied; 6]);
    assert_eq!(applied.version, Some(Version("1768030507".into())));
}

#[test]
fn what_holds_already_is_not_sent() {
    let plan = [field("Issue type", "billing"), tags(&["vip"]), Effect::SetPriority(Priority::Urgent)];
    let applied = done(act("2.14", &plan, &[]));
    assert_eq!(applied, Applied { states: vec![EffectState::Unchanged; 3], version: None });
}

#[test]
fn names_that_do_not_exist_are_refused_and_the_rest_goes_on() {
    let plan = [
        field("Colour", "red"),
        field("Issue type", "Gardening"),
        Effect::AssignGroup("Bling".into()),
        note(),
    ];
    let Next::Send(Call::Write(write)) = act("2.14", &plan, &[]) else { panic!("no write") };
    assert!(write.path.as_str().ends_with("/reply"));
    let applied = done(act("2.14", &plan, &[ok(&json!({ "updated_at": 1 }))]));
    assert!(matches!(&applied.states[0], EffectState::Refused(why) if why.contains("`Colour`")));
    assert!(matches!(&applied.states[1], EffectState::Refused(why) if why.contains("`Issue type`")));
    assert!(
        matches!(&applied.states[2], EffectState::Refused(why) if why.contains("did you mean `Billing`"))
    );
    assert_eq!(applied.states[3], EffectState::Applied);
}

#[test]
fn whoever_was_faster_wins() {
    for (pointer, value) in [
        ("/updated_at", json!(1_768_030_501)),
        // Within the same second the stamp stays, so what a person sets is compared too.
        ("/admin_assignee_id", json!(9_608_802)),
        ("/team_assignee_id", json!(5_017_601)),
        ("/state", json!("closed")),
        ("/custom_attributes/Issue type", json!("Sales")),
        ("/tags/tags/0/name", json!("other")),
    ] {
        let mut now = seen();
        *now.pointer_mut(pointer).unwrap() = value;
        assert_eq!(act_on("2.14", &[note()], &now, &[]), Next::Refused(Refusal::Moved), "{pointer}");
    }
}

#[test]
fn who_took_the_ticket_while_its_attributes_were_set_keeps_it() {
    let plan = [field("Issue type", "sales"), Effect::AssignGroup("Billing".into())];
    let mut after = seen();
    after["updated_at"] = json!(1_768_030_501);
    assert!(matches!(act("2.14", &plan, &[ok(&after)]), Next::Send(Call::Write(_))), "ours alone");
    for (key, who) in [("admin_assignee_id", 9_608_802), ("team_assignee_id", 5_017_602)] {
        let mut after = after.clone();
        after[key] = json!(who);
        assert_eq!(act("2.14", &plan, &[ok(&after)]), Next::Refused(Refusal::Moved), "{key}");
    }
}

#[test]
fn a_note_that_arrived_is_not_repeated() {
    let mut now = seen();
    now["conversation_parts"]["conversation_parts"].as_array_mut().unwrap().push(json!({
        "part_type": "note", "body": "Predicted <sales>\n97 %\n\ndeskbridge:1-a1",
        "author": { "type": "admin", "id": "9608801" },
    }));
    let on = looked("2.14", CONVERSATION, &[ok(&now)]);
    let next =
        connector("2.14").act(&Plan(vec![note()]), &on, &names(), Doubt::LastWriteUnanswered, &[ok(&now)]);
    assert_eq!(done(next).states, [EffectState::Unchanged]);
}

#[test]
fn a_priority_is_written_where_the_version_can() {
    let next = act("Preview", &[Effect::SetPriority(Priority::Normal), field("Issue type", "Sales")], &[]);
    let body = json!({ "custom_attributes": { "Issue type": "Sales" }, "priority": "medium", "admin_id": "9608801" });
    assert_eq!(next, write(Verb::Put, &format!("/conversations/{CONVERSATION}"), body));
    let next = act("Unstable", &[Effect::SetPriority(Priority::High)], &[]);
    let body = json!({ "priority": "high", "admin_id": "9608801" });
    assert_eq!(next, write(Verb::Put, &format!("/conversations/{CONVERSATION}"), body));
}

#[test]
fn a_priority_without_an_attribute_is_refused_with_the_remedy() {
    let mut bare = names();
    bare.fields.retain(|field| field.name != "Priority");
    let effect = Effect::SetPriority(Priority::High);
    let reason = connector("2.16").can(&effect, &bare).unwrap_err();
    assert!(reason.contains("make a conversation attribute `Priority`"), "{reason}");
    assert_eq!(connector("Preview").can(&effect, &bare), Ok(()));
    let on = looked("2.16", CONVERSATION, &[ok(&seen())]);
    let next = connector("2.16").act(&Plan(vec![effect.clone()]), &on, &bare, Doubt::None, &[ok(&seen())]);
    assert_eq!(done(next).states, [EffectState::Refused(reason)]);

    bare.fields.push(Field { id: id("priority"), name: "priority".into(), kind: FieldKind::Text });
    assert_eq!(connector("2.16").can(&effect, &bare), Ok(()));
    bare.fields.pop();
    bare.fields.push(list("Priority", &[("P1", "P1")]));
    assert!(connector("2.16").can(&effect, &bare).unwrap_err().contains("no option for `high`"));
}

#[test]
fn can_says_what_is_missing() {
    let connector = connector("2.14");
    let can = |effect: Effect| connector.can(&effect, &names());
    assert_eq!(can(field("issue TYPE", "billing")), Ok(()));
    assert!(can(field("Issue type", "gardening")).is_err());
    assert!(can(field("Colour", "red")).is_err());
    assert_eq!(can(Effect::AssignGroup("billing".into())), Ok(()));
    assert!(can(Effect::AssignGroup("Sales".into())).is_err());
    assert_eq!(can(Effect::AssignAgent("Grace Hopper".into())), Ok(()));
    assert!(can(Effect::AssignAgent("Ada".into())).is_err());
    assert_eq!(can(tags(&["new"])), Ok(()));
    assert_eq!(can(note()), Ok(()));
}

#[test]
fn a_ticket_is_written_by_its_own_endpoints() {
    let seen = answer(200, fixture("ticket"));
    let on = looked("2.14", "ticket-627", &[seen.clone(), answer(404, "{}")]);
    let plan = Plan(vec![
        field("Issue type", "Sales"),
        tags(&["refund"]),
        Effect::AssignAgent("Grace Hopper".into()),
        note(),
    ]);
    let part = ok(&json!({ "type": "ticket_part", "id": "156" }));
    let run = |version: &str, written: &[Answer]| {
        let answers: Vec<_> = std::iter::once(seen.clone()).chain(written.iter().cloned()).collect();
        connector(version).act(&plan, &on, &names(), Doubt::None, &answers)
    };
    let whole = ok(&json!({ "type": "ticket", "updated_at": 1_768_030_950 }));
    let mut written = Vec::new();
    for (path, verb, body) in [
        (
            "/tickets/627",
            Verb::Put,
            json!({ "ticket_attributes": { "Issue type": "it-8" }, "admin_id": 9_608_801 }),
        ),
        ("/tickets/627", Verb::Put, json!({ "assignee_id": "9608802", "admin_id": 9_608_801 })),
        ("/tickets/627/tags", Verb::Post, json!({ "id": "7522902", "admin_id": "9608801" })),
    ] {
        assert_eq!(run("2.14", &written), write(verb, path, body));
        written.push(whole.clone());
    }
    let Next::Send(Call::Write(reply)) = run("2.14", &written) else { panic!("no note") };
    assert_eq!(reply.path.as_str(), "/tickets/627/reply");
    written.push(part);
    // A part's own time is not the ticket's.
    assert_eq!(done(run("2.14", &written)), Applied { states: vec![EffectState::Applied; 4], version: None });

    // Up to 2.13 the assignee stands in an object of its own, and an update names no actor.
    let attributes = json!({ "ticket_attributes": { "Issue type": "it-8" } });
    assert_eq!(run("2.13", &[]), write(Verb::Put, "/tickets/627", attributes));
    let assignment = json!({ "assignment": { "admin_id": "9608801", "assignee_id": "9608802" } });
    assert_eq!(run("2.13", &written[..1]), write(Verb::Put, "/tickets/627", assignment));
}

#[test]
fn a_ticket_attribute_that_reads_as_its_label_holds() {
    let mut seen: Value = serde_json::from_str(fixture("ticket")).unwrap();
    seen["ticket_attributes"]["Issue type"] = json!("Billing");
    let on = looked("2.14", "ticket-627", &[ok(&seen), answer(404, "{}")]);
    let plan = Plan(vec![field("Issue type", "billing")]);
    let next = connector("2.14").act(&plan, &on, &names(), Doubt::None, &[ok(&seen)]);
    assert_eq!(done(next).states, [EffectState::Unchanged]);
}

/// Any answer at all, sensible or not.
fn any_answer() -> impl Strategy<Value = Answer> {
    let bodies = prop_oneof![
        Just(fixture("conversation").to_owned()),
        Just(fixture("ticket").to_owned()),
        Just(r#"{"type":"tag","id":"7","updated_at":1}"#.to_owned()),
        Just(r#"{"type":"error.list","errors":[{"code":"not_found"}]}"#.to_owned()),
        "[ -~]{0,40}",
    ];
    let status = prop_oneof![4 => Just(200_u16), 1 => 100_u16..600];
    (status, bodies).prop_map(|(status, body)| answer(status, body))
}

proptest! {
    #[test]
    fn every_exchange_ends_whatever_is_answered(answers in proptest::collection::vec(any_answer(), 24), ticket: bool) {
        let name = if ticket { "ticket-627" } else { CONVERSATION };
        let seen = if ticket { ok(&serde_json::from_str(fixture("ticket")).unwrap()) } else { ok(&seen()) };
        let on = looked("2.14", name, &[seen.clone(), answer(404, "{}")]);
        let plan = Plan(Effect::samples());
        let with_first: Vec<_> = std::iter::once(seen).chain(answers.clone()).collect();
        for script in [answers, with_first] {
            let connector = connector("2.14");
            let ended = (0..script.len())
                .any(|at| !matches!(connector.act(&plan, &on, &names(), Doubt::None, &script[..at]), Next::Send(_)));
            prop_assert!(ended);
            let ended = (0..8).any(|at| !matches!(connector.names(&script[..at]), Next::Send(_)));
            prop_assert!(ended);
        }
    }
}
