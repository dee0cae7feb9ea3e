//! How a plan is carried out: the order of calls, what is sent, and what is not.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{answer, answer_to, connector, ok};
use crate::call::{Answer, Call, Later, Next, PathAndQuery, Read, Refusal, Verb, Write};
use crate::connector::{Doubt, Looked};
use crate::delivery::{Notice, NoticeKind};
use crate::directory::Directory;
use crate::plan::{Applied, Effect, EffectState, Note, Plan};
use crate::ticket::{FieldValue, Priority, Status, Ticket, TicketId, Version};

pub(super) const BEFORE: &str = "2026-11-02T09:15:01Z";

pub(super) fn directory() -> Directory {
    let answers = [
        ok(include_str!("../fixtures/groups.json")),
        ok(include_str!("../fixtures/agents.json")),
        ok(include_str!("../fixtures/ticket_fields.json")),
        ok(include_str!("../fixtures/me.json")),
        ok("[]"),
    ];
    let Next::Done(directory) = connector().names(&answers) else { panic!("a directory") };
    directory
}

pub(super) fn on() -> Ticket {
    let ticket = TicketId::new("4711").unwrap();
    let notice = Notice { kind: NoticeKind::Created, ticket, actor: None, occurred_at: None };
    let answers = [ok(include_str!("../fixtures/ticket.json")), ok("[]")];
    let Next::Done(Looked::Ticket(ticket)) = connector().look(&notice, &answers) else { panic!("a ticket") };
    *ticket
}

pub(super) fn act(plan: &[Effect], answers: &[Answer]) -> Next<Applied, Call> {
    connector().act(&Plan(plan.to_vec()), &on(), &directory(), Doubt::None, answers)
}

pub(super) fn act_in_doubt(plan: &[Effect], answers: &[Answer]) -> Next<Applied, Call> {
    connector().act(&Plan(plan.to_vec()), &on(), &directory(), Doubt::LastWriteUnanswered, answers)
}

/// The ticket at a version, with these tags.
pub(super) fn ticket(version: &str, tags: &[&str]) -> Answer {
    let mut body: Value = serde_json::from_str(include_str!("../fixtures/ticket.json")).unwrap();
    body["updated_at"] = version.into();
    body["tags"] = json!(tags);
    ok(body.to_string())
}

pub(super) fn get(path: &str) -> Next<Applied, Call> {
    Next::Send(Call::Read(Read::get(path)))
}

pub(super) fn put(body: Value) -> Next<Applied, Call> {
    write(Verb::Put, "/api/v2/tickets/4711", body)
}

pub(super) fn write(verb: Verb, path: &str, body: Value) -> Next<Applied, Call> {
    Next::Send(Call::Write(Write { verb, path: PathAndQuery::new(path), body }))
}

pub(super) fn done(states: Vec<EffectState>, version: Option<&str>) -> Next<Applied, Call> {
    Next::Done(Applied { states, version: version.map(|at| Version(at.to_owned())) })
}

pub(super) fn tags(tags: &[&str]) -> Effect {
    Effect::AddTags(tags.iter().map(|tag| (*tag).to_owned()).collect::<BTreeSet<_>>())
}

fn note() -> Effect {
    Effect::Note(Note { text: "1 < 2\nand more".to_owned(), marker: "deskbridge:9-c0ffee".to_owned() })
}

fn category(value: &str) -> Effect {
    Effect::SetField { field: "Category".to_owned(), value: FieldValue::Text(value.to_owned()) }
}

#[test]
fn a_plan_is_a_read_one_put_the_note_and_a_read() {
    let plan = [
        category("billing"),
        Effect::SetField { field: "type".to_owned(), value: FieldValue::Text("incident".to_owned()) },
        Effect::SetPriority(Priority::High),
        tags(&["refund"]),
        Effect::AssignGroup("billing".to_owned()),
        Effect::AssignAgent("ada@example.com".to_owned()),
        note(),
    ];
    let mut answers = Vec::new();
    assert_eq!(act(&plan, &answers), get("/api/v2/tickets/4711"));

    // A tag that somebody set without moving the version (same second) is kept all the same.
    answers.push(ticket(BEFORE, &["newsletter", "vip"]));
    assert_eq!(
        act(&plan, &answers),
        put(json!({
            "type": "Incident", "priority": 3, "group_id": 48_000_100_001_u64, "responder_id": 82_000_200_002_u64,
            "custom_fields": { "cf_category": "Billing" }, "tags": ["newsletter", "refund", "vip"],
        }))
    );
    answers.push(ticket("v2", &["newsletter", "refund", "vip"]));
    let body = "<p>1 &lt; 2<br>and more</p><p>deskbridge:9-c0ffee</p>";
    assert_eq!(
        act(&plan, &answers),
        write(Verb::Post, "/api/v2/tickets/4711/notes", json!({ "body": body, "private": true }))
    );
    answers.push(answer(201, r#"{"id": 1}"#));
    assert_eq!(act(&plan, &answers), get("/api/v2/tickets/4711"));
    answers.push(ticket("v3", &["newsletter", "refund", "vip"]));
    assert_eq!(act(&plan, &answers), done(vec![EffectState::Applied; 7], Some("v3")));
}

#[test]
fn scalars_alone_take_two_calls_and_the_put_tells_the_version() {
    let plan = [Effect::SetPriority(Priority::Urgent)];
    let read = ticket(BEFORE, &["newsletter"]);
    assert_eq!(act(&plan, std::slice::from_ref(&read)), put(json!({ "priority": 4 })));
    assert_eq!(act(&plan, &[read, ticket("v2", &[])]), done(vec![EffectState::Applied], Some("v2")));
}

#[test]
fn what_holds_already_is_not_sent() {
    let plan = [
        Effect::SetPriority(Priority::Low),
        Effect::AssignGroup("Logistics".to_owned()),
        tags(&["Newsletter"]),
        Effect::SetField { field: "Order number".to_owned(), value: FieldValue::Text("88213".to_owned()) },
    ];
    assert_eq!(act(&plan, &[]), done(vec![EffectState::Unchanged; 4], None));
    let mixed = [plan[0].clone(), Effect::SetPriority(Priority::High)];
    assert_eq!(act(&mixed, &[ticket(BEFORE, &[])]), put(json!({ "priority": 3 })));
}

#[test]
fn a_ticket_that_moved_is_not_written_to() {
    for plan in [vec![Effect::SetPriority(Priority::High)], vec![note()]] {
        assert_eq!(act(&plan, &[ticket("2026-11-02T09:15:02Z", &[])]), Next::Refused(Refusal::Moved));
    }
}

#[test]
fn a_tag_that_somebody_took_away_meanwhile_is_put_back_once() {
    let plan = [tags(&["refund"])];
    // Another client wrote its own list after ours: our tag and an earlier one are gone, one is new.
    let lost = [
        ticket(BEFORE, &["newsletter"]),
        ticket("v2", &["newsletter", "refund"]),
        ticket("v3", &["escalated"]),
    ];
    assert_eq!(act(&plan, &lost), put(json!({ "tags": ["escalated", "newsletter", "refund"] })));
    let mut repaired = lost.to_vec();
    repaired.push(ticket("v4", &["escalated"]));
    // Once: the platform has no way to win such a race for certain.
    assert_eq!(act(&plan, &repaired), done(vec![EffectState::Applied], Some("v4")));

    let kept = [lost[0].clone(), lost[1].clone(), ticket("v3", &["newsletter", "refund", "escalated"])];
    // What came after our write is not ours: the version stays that of our own.
    assert_eq!(act(&plan, &kept), done(vec![EffectState::Applied], Some("v2")));
}

#[test]
fn in_doubt_the_note_is_sought_first() {
    let plan = [Effect::SetPriority(Priority::High), note()];
    assert_eq!(act_in_doubt(&plan, &[]), get("/api/v2/tickets/4711/conversations?page=1"));

    let other = json!({ "body": "x", "incoming": false, "private": true });
    let full = ok(Value::from(vec![other.clone(); 30]).to_string());
    assert_eq!(
        act_in_doubt(&plan, std::slice::from_ref(&full)),
        get("/api/v2/tickets/4711/conversations?page=2")
    );

    let ours = json!([{ "body": "<p>…</p><p>deskbridge:9-c0ffee</p>", "incoming": false, "private": true }]);
    let mut found = vec![full, ok(ours.to_string())];
    assert_eq!(act_in_doubt(&plan, &found), get("/api/v2/tickets/4711"));
    found.push(ticket(BEFORE, &[]));
    assert_eq!(act_in_doubt(&plan, &found), put(json!({ "priority": 3 })));
    found.push(ticket("v2", &[]));
    let states = vec![EffectState::Applied, EffectState::Unchanged];
    assert_eq!(act_in_doubt(&plan, &found), done(states, Some("v2")));

    // A customer who quotes the mark has not written our note.
    let quoted = json!([{ "body": "deskbridge:9-c0ffee", "incoming": true, "private": false }]);
    let answers = [ok(quoted.to_string()), ticket(BEFORE, &[])];
    assert!(matches!(
        act_in_doubt(&[note()], &answers),
        Next::Send(Call::Write(Write { verb: Verb::Post, .. }))
    ));
    // Nothing but the note, and it is there: nothing is left to do.
    assert_eq!(act_in_doubt(&[note()], &[ok(ours.to_string())]), done(vec![EffectState::Unchanged], None));
}

#[test]
fn a_refused_request_names_fields_and_codes_and_nothing_else() {
    let plan = [category("billing")];
    let answers = [ticket(BEFORE, &[]), answer(400, include_str!("../fixtures/rejected.json"))];
    let Next::Refused(Refusal::Invalid(reason)) = act(&plan, &answers) else { panic!("refused") };
    assert_eq!(reason, "Freshdesk rejects `cf_category` (invalid_value), `type` (missing_field)");

    let odd = answer(400, r#"{"code":"invalid_json","message":"Where is my parcel?"}"#);
    let Next::Refused(Refusal::Invalid(reason)) = act(&plan, &[ticket(BEFORE, &[]), odd]) else {
        panic!("refused")
    };
    assert_eq!(reason, "Freshdesk rejects the request (invalid_json)");

    let conflict = [ticket(BEFORE, &[]), answer(409, "")];
    assert_eq!(act(&plan, &conflict), Next::Later(Later::Failed));
    let page = [ticket(BEFORE, &[]), ok("<!doctype html>")];
    assert_eq!(act(&plan, &page), Next::Later(Later::Failed));
}

#[test]
fn an_unknown_name_is_refused_and_the_rest_proceeds() {
    let plan = [
        Effect::AssignGroup("Biling".to_owned()),
        category("Nonsense"),
        tags(&["one,two"]),
        tags(&["a-tag-that-is-longer-than-thirty-two"]),
        Effect::SetField { field: "Place".to_owned(), value: FieldValue::Text("Madrid".to_owned()) },
        Effect::SetPriority(Priority::High),
    ];
    assert_eq!(act(&plan, &[ticket(BEFORE, &[])]), put(json!({ "priority": 3 })));
    let Next::Done(applied) = act(&plan, &[ticket(BEFORE, &[]), ticket("v2", &[])]) else { panic!("done") };
    let refused = |at: usize| match &applied.states[at] {
        EffectState::Refused(reason) => reason.clone(),
        other => panic!("{at}: {other:?}"),
    };
    assert!(refused(0).contains("did you mean `Billing`"), "{}", refused(0));
    assert!(refused(1).contains("`Category`"), "{}", refused(1));
    assert!(refused(2).contains("no comma"), "{}", refused(2));
    assert!(refused(3).contains("32 characters"), "{}", refused(3));
    assert!(refused(4).contains("`Place`"), "{}", refused(4));
    assert_eq!(applied.states[5], EffectState::Applied);
    for (effect, state) in plan.iter().zip(&applied.states) {
        assert_eq!(connector().can(effect, &directory()).is_err(), matches!(state, EffectState::Refused(_)));
    }
}

/// Answers each request as the platform would, except the one after `before` others, and returns how it ended; `None`
/// when the exchange was over by then.
fn failing<T, C: Into<Asked>>(
    step: impl Fn(&[Answer]) -> Next<T, C>,
    before: usize,
    status: u16,
) -> Option<Next<T, C>> {
    let mut answers = Vec::new();
    loop {
        match step(&answers) {
            Next::Send(_) if answers.len() > before => panic!("it goes on after {status}"),
            Next::Send(_) if answers.len() == before => answers.push(answer(status, "{}")),
            Next::Send(call) => {
                let Asked(path) = call.into();
                answers.push(ok(answer_to(path.as_str(), false).to_string()));
            }
            end => return (answers.len() > before).then_some(end),
        }
    }
}

/// Where a call of either kind goes.
struct Asked(PathAndQuery);

impl From<Read> for Asked {
    fn from(read: Read) -> Self {
        Self(read.path)
    }
}

impl From<Call> for Asked {
    fn from(call: Call) -> Self {
        match call {
            Call::Read(read) => read.into(),
            Call::Write(write) => Self(write.path),
        }
    }
}

#[test]
fn wherever_the_platform_fails_the_exchange_says_what_kind_of_failure_it_is() {
    let mut seen = on();
    seen.version = Version("2026-11-20T10:00:00Z".to_owned());
    (seen.status, seen.priority) = (Status::Open, None);
    let ticket = seen.id.clone();
    let notice = Notice { kind: NoticeKind::Created, ticket, actor: None, occurred_at: None };
    let (connector, names) = (connector(), directory());
    let plan = Plan(vec![tags(&["vip"]), Effect::SetPriority(Priority::High), note()]);
    for (status, expected) in [
        (401, End::Refused(Refusal::Credentials)),
        (403, End::Refused(Refusal::Credentials)),
        (404, End::Refused(Refusal::Gone)),
        (429, End::Later(Later::Busy { after: None })),
        (500, End::Later(Later::Failed)),
        (503, End::Later(Later::Failed)),
    ] {
        let mut failed = [0; 4];
        for before in 0..12 {
            let ends = [
                // A thread that is not there leaves the ticket with its description.
                failing(|answers| connector.look(&notice, answers), before, status).map(End::of).map(|end| {
                    if (status, before, &end) == (404, 1, &End::Done) { expected.clone() } else { end }
                }),
                // A list that is not given costs the others nothing; the contract suite checks that.
                Some(status)
                    .filter(|status| !matches!(status, 403 | 404))
                    .and_then(|status| failing(|answers| connector.names(answers), before, status))
                    .map(End::of),
                failing(|answers| connector.act(&plan, &seen, &names, Doubt::None, answers), before, status)
                    .map(End::of),
                failing(
                    |answers| connector.act(&plan, &seen, &names, Doubt::LastWriteUnanswered, answers),
                    before,
                    status,
                )
                .map(End::of),
            ];
            for (count, end) in failed.iter_mut().zip(ends) {
                *count += usize::from(end.is_some());
                assert!(end.is_none_or(|end| end == expected), "{status} after {before}");
            }
        }
        // Every call of each exchange was the failing one once: this is how many calls they make.
        let lists = if matches!(status, 403 | 404) { 0 } else { 5 };
        assert_eq!(failed, [2, lists, 4, 5]);
    }
}

/// How an exchange ended, whatever it was about.
#[derive(Clone, Debug, PartialEq)]
enum End {
    Done,
    Later(Later),
    Refused(Refusal),
}

impl End {
    fn of<T, C>(next: Next<T, C>) -> Self {
        match next {
            Next::Later(later) => Self::Later(later),
            Next::Refused(refusal) => Self::Refused(refusal),
            Next::Done(_) | Next::Send(_) => Self::Done,
        }
    }
}

/// Answers of every sort that an exchange may meet, in any order.
fn any_answer() -> impl Strategy<Value = Answer> {
    let other = json!({ "body": "x", "incoming": false, "private": true });
    prop::sample::select(vec![
        ticket(BEFORE, &["newsletter"]),
        ticket("v2", &["newsletter", "refund"]),
        ticket("v3", &[]),
        ok("[]"),
        ok(Value::from(vec![other; 30]).to_string()),
        ok("{}"),
        answer(201, r#"{"id": 1}"#),
        answer(204, ""),
        answer(400, "{}"),
        answer(404, ""),
        answer(429, ""),
        answer(500, "<html>"),
    ])
}

proptest! {
    #[test]
    fn every_exchange_ends_and_reads_before_it_writes(
        answers in prop::collection::vec(any_answer(), 16),
        in_doubt: bool,
    ) {
        let plan = [tags(&["refund"]), Effect::SetPriority(Priority::High), note()];
        let step = |given: &[Answer]| if in_doubt { act_in_doubt(&plan, given) } else { act(&plan, given) };
        prop_assert!(matches!(step(&[]), Next::Send(Call::Read(_))));
        let ends = (1..=answers.len()).find(|&given| !matches!(step(&answers[..given]), Next::Send(_)));
        prop_assert!(ends.is_some());
        let end = ends.unwrap_or_default();
        if matches!(answers[end - 1].status, 429 | 500) {
            prop_assert!(matches!(step(&answers[..end]), Next::Later(_)));
        }
    }
}
