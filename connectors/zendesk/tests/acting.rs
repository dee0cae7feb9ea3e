//! Plans: what is sent, what is left out, and what is made of the answers.

use serde_json::{Value, json};

use super::open;
use crate::call::{Answer, Call, Later, Next, Refusal, Verb, Write};
use crate::connector::Doubt;
use crate::contract::{answer, names, ticket};
use crate::directory::{Directory, Field, FieldKind};
use crate::plan::{Applied, Effect, EffectState, Note, Plan};
use crate::ticket::{FieldValue, Priority, RemoteId, Ticket};

const CATEGORY: &str = "9007199254741001";

fn act(effects: &[Effect], on: &Ticket, answers: &[Answer]) -> Next<Applied, Call> {
    open().act(&Plan(effects.to_vec()), on, &names(), Doubt::None, answers)
}

fn writes(effects: &[Effect], on: &Ticket) -> Value {
    match act(effects, on, &[]) {
        Next::Send(Call::Write(Write { verb: Verb::Put, path, body })) => {
            assert_eq!(path.as_str(), "/api/v2/tickets/35436");
            body["ticket"].clone()
        }
        other => panic!("{other:?}"),
    }
}

fn set(value: &str) -> Effect {
    Effect::SetField { field: "Category".into(), value: FieldValue::Text(value.into()) }
}

fn tag(tags: &[&str]) -> Effect {
    Effect::AddTags(tags.iter().map(|tag| (*tag).to_owned()).collect())
}

fn note(text: &str, marker: &str) -> Effect {
    Effect::Note(Note { text: text.into(), marker: marker.into() })
}

/// A ticket that already is technical, in Sales, low, and tagged.
fn routed() -> Ticket {
    let mut ticket = ticket();
    ticket.tags = ["vip".to_owned(), "technical".to_owned()].into();
    ticket.fields.insert(RemoteId(CATEGORY.into()), FieldValue::Text("technical".into()));
    ticket.group = Some(RemoteId("9007199254740997".into()));
    ticket.assignee = Some(RemoteId("9007199254740999".into()));
    ticket.priority = Some(Priority::Low);
    ticket
}

/// The platform's answer to a write, with the ticket as given on top of what every ticket has.
fn written(ticket: Value) -> Answer {
    let mut shown = json!({ "id": 35436, "updated_at": "2026-11-20T10:00:31Z", "status": "open" });
    shown.as_object_mut().unwrap().extend(ticket.as_object().unwrap().clone());
    answer(200, &json!({ "ticket": shown, "audit": { "events": [{ "type": "Comment", "public": false }] } }))
}

#[test]
fn a_whole_plan_but_the_answer_is_one_guarded_update() {
    let body = writes(&Effect::samples(), &ticket());
    assert_eq!(
        body,
        json!({
            "priority": "high",
            "group_id": 9007199254740995_u64,
            "assignee_id": 9007199254740999_u64,
            "tags": ["billing", "cc-sales", "refund"],
            "followers": [{ "user_id": 9007199254740999_u64, "action": "put" }],
            "custom_fields": [{ "id": 9007199254741001_u64, "value": "billing" }],
            "comment": {
                "html_body": "<p>For the attention of Sales</p><p><small>deskbridge:cc-sales</small></p><p>Predicted billing (97 %)</p><p><small>deskbridge:1-a1b2c3</small></p>",
                "public": false,
            },
            "safe_update": true,
            "updated_stamp": "2026-11-20T10:00:00Z",
        })
    );
}

#[test]
fn what_holds_already_is_not_sent() {
    let holds = [
        set("Technical"),
        Effect::SetPriority(Priority::Low),
        tag(&["vip", "Technical"]),
        Effect::AssignGroup("sales".into()),
        Effect::AssignAgent("Ada Lovelace".into()),
    ];
    let Next::Done(applied) = act(&holds, &routed(), &[]) else { panic!() };
    assert_eq!(applied, Applied { states: vec![EffectState::Unchanged; 5], version: None });
    let body = writes(&[set("technical"), Effect::SetPriority(Priority::Urgent)], &routed());
    assert_eq!(
        body,
        json!({ "priority": "urgent", "safe_update": true, "updated_stamp": "2026-11-20T10:00:00Z" })
    );
}

#[test]
fn tags_follow_the_dropdown() {
    // Only the dropdown: the platform swaps its tag itself, so no list is sent that could undo it.
    assert!(writes(&[set("billing")], &routed()).get("tags").is_none());
    assert_eq!(
        writes(&[set("billing"), tag(&["refund"])], &routed())["tags"],
        json!(["billing", "refund", "vip"])
    );
    assert_eq!(writes(&[tag(&["refund"])], &routed())["tags"], json!(["refund", "technical", "vip"]));
    assert_eq!(writes(&[tag(&["Needs Refund "])], &ticket())["tags"], json!(["needs_refund", "vip"]));
}

#[test]
fn a_tag_that_would_turn_a_dropdown_is_refused() {
    let states =
        |effects: &[Effect], on: &Ticket| match act(effects, on, &[written(json!({ "priority": "high" }))]) {
            Next::Done(applied) => applied.states,
            other => panic!("{other:?}"),
        };
    let states = states(&[tag(&["billing"]), Effect::SetPriority(Priority::High)], &routed());
    let EffectState::Refused(why) = &states[0] else { panic!("{states:?}") };
    assert!(why.contains("`billing`") && why.contains("`Category`"), "{why}");
    assert_eq!(states[1], EffectState::Applied);
    // Together with the dropdown, or while it is unset, it says the same as the dropdown.
    assert_eq!(writes(&[set("billing"), tag(&["billing"])], &routed())["tags"], json!(["billing", "vip"]));
    assert_eq!(writes(&[tag(&["billing"])], &ticket())["tags"], json!(["billing", "vip"]));
}

#[test]
fn moving_to_a_group_names_its_agent_again() {
    let both = [Effect::AssignGroup("Billing".into()), Effect::AssignAgent("ada@example.com".into())];
    assert_eq!(writes(&both, &routed())["assignee_id"], json!(9007199254740999_u64));
}

#[test]
fn an_unknown_name_does_not_hold_up_the_rest() {
    let plan = [
        Effect::AssignGroup("Biling".into()),
        set("weather"),
        Effect::AssignAgent("nobody".into()),
        Effect::SetPriority(Priority::High),
    ];
    assert_eq!(writes(&plan, &ticket())["priority"], "high");
    let Next::Done(applied) = act(&plan, &ticket(), &[written(json!({ "priority": "high" }))]) else {
        panic!()
    };
    assert!(
        matches!(&applied.states[0], EffectState::Refused(why) if why.contains("did you mean `Billing`"))
    );
    assert!(matches!(&applied.states[1], EffectState::Refused(why) if why.contains("option")));
    assert!(matches!(&applied.states[2], EffectState::Refused(_)));
    assert_eq!(applied.states[3], EffectState::Applied);
    let Next::Done(nothing) = act(&plan[..3], &ticket(), &[]) else { panic!() };
    assert!(nothing.states.iter().all(|state| matches!(state, EffectState::Refused(_))));
}

#[test]
fn the_answer_says_what_took_effect() {
    // The answer behind the note is an update of its own, tested beside this.
    let mut effects = Effect::samples();
    effects.pop();
    let all = json!({
        "follower_ids": [9007199254740999_u64], "priority": "high", "group_id": 9007199254740995_u64, "assignee_id": 9007199254740999_u64,
        "tags": ["cc-sales", "billing", "refund"],
        "custom_fields": [{ "id": 9007199254741001_u64, "value": "billing" }],
    });
    let Next::Done(applied) = act(&effects, &ticket(), &[written(all.clone())]) else { panic!() };
    assert_eq!(applied.states, vec![EffectState::Applied; effects.len()]);
    assert_eq!(applied.version.unwrap().0, "2026-11-20T10:00:31Z");

    for (at, key, value) in [
        (0, "custom_fields", json!([])),
        (1, "priority", json!("low")),
        (2, "tags", json!(["cc-sales", "billing"])),
        (3, "tags", json!(["cc-sales", "billing", "refund", "vip"])),
        (4, "group_id", Value::Null),
        (5, "assignee_id", json!(9007199254740998_u64)),
        (6, "tags", json!(["billing", "refund"])),
        (7, "follower_ids", json!([])),
    ] {
        let mut shown = all.clone();
        shown[key] = value;
        let Next::Done(applied) = act(&effects, &ticket(), &[written(shown)]) else { panic!() };
        for (index, state) in applied.states.iter().enumerate() {
            assert_eq!(matches!(state, EffectState::Refused(_)), index == at, "{key}: {state:?}");
        }
    }
}

#[test]
fn a_note_is_escaped_and_its_audit_is_looked_for() {
    let hostile = note("<script>&\n\"x\"", "deskbridge:2-<b>");
    let html = writes(std::slice::from_ref(&hostile), &ticket())["comment"]["html_body"].to_string();
    assert!(!html.contains("<script") && !html.contains("<b>") && html.contains("&lt;script&gt;"), "{html}");
    let without = json!({ "ticket": { "id": 35436, "updated_at": "x" }, "audit": { "events": [{ "type": "Change" }] } });
    let Next::Done(applied) = act(&[hostile], &ticket(), &[answer(200, &without)]) else { panic!() };
    assert!(matches!(applied.states[0], EffectState::Refused(_)));
    let two = writes(&[note("One", "deskbridge:1"), note("Two", "deskbridge:2")], &ticket());
    let html = two["comment"]["html_body"].as_str().unwrap();
    assert!(html.contains("One") && html.contains("deskbridge:1") && html.contains("Two"), "{html}");
}

#[test]
fn refusals_say_what_the_platform_says_and_no_more() {
    let plan = [Effect::SetPriority(Priority::High)];
    let end = |status, body: Value| act(&plan, &ticket(), &[answer(status, &body)]);
    let conflict = json!({ "error": "UpdateConflict", "description": "Safe Update prevented it" });
    assert_eq!(end(409, conflict), Next::Refused(Refusal::Moved));
    assert_eq!(end(409, json!({ "error": "DatabaseConflict" })), Next::Refused(Refusal::Moved));
    let invalid = json!({
        "error": "RecordInvalid", "description": "secret ticket text",
        "details": { "group": [{ "description": "Charged twice is bad", "error": "InvalidValue" }], "b a\ns<e>": [{}] },
    });
    let said = "RecordInvalid: group (InvalidValue), base".to_owned();
    assert_eq!(end(422, invalid), Next::Refused(Refusal::Invalid(said)));
    let odd = json!({ "error": { "title": "Oops", "message": "text" } });
    assert_eq!(end(400, odd), Next::Refused(Refusal::Invalid("status 400".into())));
    assert_eq!(end(404, json!({})), Next::Refused(Refusal::Gone));
    assert_eq!(end(200, json!({ "ticket": { "id": 1, "updated_at": "x" } })), Next::Later(Later::Failed));
}

#[test]
fn in_doubt_the_note_is_sought_before_it_is_repeated() {
    let plan = Plan(vec![Effect::SetPriority(Priority::High), note("Predicted", "deskbridge:1-abc")]);
    let act =
        |answers: &[Answer]| open().act(&plan, &ticket(), &names(), Doubt::LastWriteUnanswered, answers);
    let Next::Send(Call::Read(read)) = act(&[]) else { panic!() };
    assert_eq!(read.path.as_str(), "/api/v2/tickets/35436/comments?page%5Bsize%5D=100&sort=-created_at");
    let thread = |public: bool| {
        let comment = json!({ "author_id": 7, "public": public, "body": "Predicted deskbridge:1-abc" });
        answer(200, &json!({ "comments": [comment], "meta": { "has_more": false } }))
    };
    let Next::Send(Call::Write(rest)) = act(&[thread(false)]) else { panic!() };
    assert!(rest.body["ticket"].get("comment").is_none(), "the note is there");
    assert_eq!(rest.body["ticket"]["priority"], "high");
    let Next::Done(applied) = act(&[thread(false), written(json!({ "priority": "high" }))]) else { panic!() };
    assert_eq!(applied.states, vec![EffectState::Applied; 2]);
    // Only a note counts: a customer may quote the marker.
    let Next::Send(Call::Write(whole)) = act(&[thread(true)]) else { panic!() };
    assert!(whole.body["ticket"].get("comment").is_some());

    let only_note = Plan(vec![note("Predicted", "deskbridge:1-abc")]);
    let end = open().act(&only_note, &ticket(), &names(), Doubt::LastWriteUnanswered, &[thread(false)]);
    assert_eq!(end, Next::Done(Applied { states: vec![EffectState::Applied], version: None }));
}

#[test]
fn in_doubt_without_a_note_the_stamp_tells() {
    let plan = Plan(vec![Effect::SetPriority(Priority::High)]);
    let act =
        |answers: &[Answer]| open().act(&plan, &ticket(), &names(), Doubt::LastWriteUnanswered, answers);
    let Next::Send(Call::Read(read)) = act(&[]) else { panic!() };
    assert_eq!(read.path.as_str(), "/api/v2/tickets/35436");
    let stamped = |stamp: &str| answer(200, &json!({ "ticket": { "id": 35436, "updated_at": stamp } }));
    assert!(matches!(act(&[stamped("2026-11-20T10:00:00Z")]), Next::Send(Call::Write(_))));
    assert_eq!(act(&[stamped("2026-11-20T10:00:31Z")]), Next::Refused(Refusal::Moved));
}

#[test]
fn values_are_compared_as_the_platform_writes_them() {
    let field = |kind: FieldKind| Directory {
        fields: vec![Field { id: RemoteId("5".into()), name: "F".into(), kind }],
        ..Directory::default()
    };
    let holds = |kind: FieldKind, there: Option<FieldValue>, wanted: FieldValue| {
        let mut on = ticket();
        on.fields = there.map(|there| (RemoteId("5".into()), there)).into_iter().collect();
        let plan = Plan(vec![Effect::SetField { field: "F".into(), value: wanted }]);
        matches!(open().act(&plan, &on, &field(kind), Doubt::None, &[]), Next::Done(_))
    };
    let text = |text: &str| FieldValue::Text(text.into());
    let seven = || FieldValue::Number(7.into());
    assert!(holds(FieldKind::Number, Some(text("7")), seven()));
    assert!(holds(FieldKind::Number, Some(text("7.0")), seven()));
    assert!(!holds(FieldKind::Number, Some(text("8")), seven()));
    assert!(!holds(FieldKind::Number, None, seven()));
    assert!(holds(FieldKind::Text, Some(text("a")), text("a ")));
    assert!(!holds(FieldKind::Text, Some(text("007")), text("7")), "an order number is no number");
    assert!(holds(FieldKind::Flag, None, FieldValue::Flag(false)));
    assert!(!holds(FieldKind::Flag, None, FieldValue::Flag(true)));
    assert!(holds(FieldKind::Date, Some(text("2026-11-20")), text("2026-11-20")));
}

#[test]
fn check_says_what_an_account_lacks() {
    let can = |effect: Effect| open().can(&effect, &names());
    assert_eq!(can(set("Billing")), Ok(()));
    assert!(can(set("weather")).is_err());
    assert!(can(Effect::AssignGroup("Weather".into())).unwrap_err().contains("Weather"));
    assert!(can(Effect::AssignAgent("eve".into())).is_err());
    assert!(can(tag(&[" "])).is_err());
    assert_eq!(can(note("x", "y")), Ok(()));
}
