//! Every action of the rulebook, on every desk: what a rule asks for, an agent then sees.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::Path;
use axum::routing::get;
use axum::{Json, Router};
use deskbridge::domain::outcome::{EffectOutcome, Entry, Outcome};
use deskbridge_standins::intercom::Intercom;
use deskbridge_standins::{Desk, NewTicket};
use serde_json::json;

use crate::harness::{House, billing_ticket};

/// Starts an order service of the user's own; returns its port and how often it was asked.
async fn order_service() -> (u16, Arc<AtomicUsize>) {
    order_service_saying("on its way").await
}

/// The same with another answer.
async fn order_service_saying(status: &'static str) -> (u16, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let answer = move |Path(order): Path<String>| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move { Json(json!({ "id": order, "status": status })) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let service = Router::new().route("/api/{order}", get(answer));
    tokio::spawn(async move { axum::serve(listener, service).await });
    (port, asked)
}

fn every_action(port: u16) -> String {
    format!(
        r##"
version: 1
lookups: {{ allow_private: [127.0.0.1] }}
names:
  groups: {{ billing: Billing, technical: Technical Support }}
  fields: {{ category: {{ zendesk: Category, intercom: Issue type, freshdesk: cf_category }} }}
  agents: {{ ada: Ada Lovelace }}
templates:
  acknowledge:
    default: en
    en: "Thank you. Your question about {{{{ category.label }}}} is with our billing team."
rules:
  - id: everything
    when: {{ text: "charged twice" }}
    then:
      - set_field: {{ category: billing }}
      - set_priority: high
      - add_tags: [routed]
      - remove_tags: [unsorted]
      - assign_group: billing
      - assign_agent: ada
      - cc: {{ group: technical }}
      - note: "Predicted {{{{ category.label }}}}"
      - lookup:
          url: "http://127.0.0.1:{port}/api/{{{{ order }}}}"
          order: "#(\\d{{5,}})"
          note: "Order {{{{ result.id }}}}: {{{{ result.status }}}}"
      - reply: acknowledge
"##
    )
}

fn ticket() -> NewTicket {
    let ticket = billing_ticket();
    let body = format!("{} It is about order #88213, which was charged twice.", ticket.body);
    NewTicket { body, tags: vec!["loyal".into(), "unsorted".into()], ..ticket }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_action_reaches_every_desk_once() {
    let (port, asked) = order_service().await;
    let mut house = House::start_answering("live", &every_action(port)).await;
    for (at, desk) in house.desks.iter().enumerate() {
        let name = desk.platform();
        let id = desk.open(ticket()).await;
        house.settle().await;
        let state = desk.ticket(&id).unwrap();
        let decided = house.decided(desk.as_ref(), &id).await;
        assert_eq!(decided.len(), 1, "{name}");
        for effect in &decided[0].effects {
            assert_eq!(effect.state, EffectOutcome::Applied, "{name}: {effect:?}");
        }
        // Ten actions, and the note that the look-up brought.
        assert_eq!(decided[0].effects.len(), 11, "{name}: {:?}", decided[0].effects);
        assert_eq!(state.priority.as_deref(), Some("high"), "{name}");
        assert_eq!(state.group.as_deref(), Some("Billing"), "{name}");
        assert_eq!(state.agent.as_deref(), Some("Ada Lovelace"), "{name}");
        assert!(state.tags.contains("loyal") && state.tags.contains("routed"), "{name}: {:?}", state.tags);
        assert!(!state.tags.contains("unsorted"), "{name}: {:?}", state.tags);
        assert!(state.tags.iter().any(|tag| tag.starts_with("cc-")), "{name}: {:?}", state.tags);
        let said = |public: bool, what: &str| {
            state.notes.iter().filter(|note| note.public == public && note.body.contains(what)).count()
        };
        assert_eq!(said(false, "Predicted billing"), 1, "{name}: {:?}", state.notes);
        assert_eq!(said(false, "Order 88213: on its way"), 1, "{name}: {:?}", state.notes);
        assert_eq!(said(false, "Technical Support"), 1, "{name}: {:?}", state.notes);
        assert_eq!(said(true, "with our billing team"), 1, "{name}: {:?}", state.notes);
        assert_eq!(asked.load(Ordering::SeqCst), at + 1, "{name}: the order service is asked once a ticket");
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_fills_nothing_into_what_a_look_up_answered() {
    let answer = "held {{ticket.requester.email}} {%if ticket%}paid{%endif%} {\u{200b}{ current_user.name }}";
    let (port, _) = order_service_saying(answer).await;
    let mut house = House::start_answering("live", &every_action(port)).await;
    for desk in &house.desks {
        let name = desk.platform();
        let id = desk.open(ticket()).await;
        house.settle().await;
        let notes = desk.ticket(&id).unwrap().notes;
        let note =
            notes.iter().find(|note| note.body.contains("Order 88213: held")).expect("the answer's note");
        assert!(!note.body.contains("ines@mail.example"), "{name}: {note:?}");
        // It is all there, as text.
        for part in ["ticket.requester.email}}", "paid", "current_user.name"] {
            assert!(note.body.contains(part), "{name}: {note:?}");
        }
        for sent in desk.requests().iter().filter(|request| request.is_write()) {
            let body = sent.body.to_string().replace('\u{200b}', "");
            let own = ["{{", "{%"].iter().any(|open| body.contains(open));
            assert!(!own, "{name}: {body}");
        }
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shadow_mode_asks_no_order_service_and_answers_nobody() {
    let (port, asked) = order_service().await;
    let mut house = House::start_answering("shadow", &every_action(port)).await;
    for desk in &house.desks {
        let id = desk.open(ticket()).await;
        house.settle().await;
        let writes: Vec<_> = desk.requests().into_iter().filter(|request| request.is_write()).collect();
        assert!(writes.is_empty(), "{}: {writes:?}", desk.platform());
        assert!(desk.ticket(&id).unwrap().notes.is_empty(), "{}", desk.platform());
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_the_customer_and_the_hour_decide_too() {
    let rules = r#"
version: 1
rules:
  - id: enterprise
    when: { segment: enterprise }
    then: [{ add_tags: from-enterprise }]
  - id: writes-again
    when: { repeat_contacts: ">=2", within: 7d }
    then: [{ add_tags: writes-again }]
  - id: awake
    when: { hours: { zone: Europe/Berlin, open: "Mon-Sun 00:00-24:00", is: open } }
    then: [{ add_tags: awake }]
  - id: fresh
    when: { age: "<1h" }
    then: [{ add_tags: fresh }]
"#;
    let mut house = House::start_answering("live", rules).await;
    for desk in &house.desks {
        let name = desk.platform();
        let mut tags = Vec::new();
        for email in ["ann@kestrel.example", "ann@kestrel.example", "bob@mail.example"] {
            let id = desk.open(NewTicket { email: email.into(), ..billing_ticket() }).await;
            house.settle().await;
            tags.push(desk.ticket(&id).unwrap().tags);
        }
        let has = |at: usize, tag: &str| tags[at].contains(tag);
        assert!(has(0, "from-enterprise") && has(1, "from-enterprise"), "{name}: {tags:?}");
        assert!(!has(2, "from-enterprise"), "{name}: {tags:?}");
        assert!(has(1, "writes-again"), "{name}: {tags:?}");
        assert!(!has(0, "writes-again") && !has(2, "writes-again"), "{name}: {tags:?}");
        assert!((0..3).all(|at| has(at, "awake") && has(at, "fresh")), "{name}: {tags:?}");
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_is_no_conversation_is_routed_too() {
    let (port, _) = order_service().await;
    let rules = every_action(port);
    let mut house = House::start_answering("live", &rules).await;
    house.stop().await;
    let desk = Arc::new(Intercom::start().await.unwrap());
    house.desks = vec![desk.clone()];
    house.open("live", &rules).await;
    let id = desk.open_ticket(ticket()).await;
    house.settle().await;
    let state = desk.ticket(&id).unwrap();
    let decided = house.decided(desk.as_ref(), &id).await;
    assert_eq!(decided.len(), 1, "{:?}", house.store.dead(&Default::default()).await.unwrap());
    for effect in &decided[0].effects {
        assert_eq!(effect.state, EffectOutcome::Applied, "{effect:?}");
    }
    assert_eq!(state.priority.as_deref(), Some("high"));
    assert_eq!(state.group.as_deref(), Some("Billing"));
    assert_eq!(state.agent.as_deref(), Some("Ada Lovelace"));
    assert_eq!(state.fields.get("Issue type").map(String::as_str), Some("Billing"));
    assert!(state.tags.contains("loyal") && state.tags.contains("routed"), "{:?}", state.tags);
    assert!(!state.tags.contains("unsorted"), "{:?}", state.tags);
    assert_eq!(state.notes.iter().filter(|note| note.public).count(), 1, "{:?}", state.notes);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_whose_rule_may_change_nothing_is_not_told_as_one_that_no_rule_matched() {
    let rules = r#"
version: 1
templates: { thanks: "We have your message." }
rules:
  - { id: answered, when: { text: "charged twice" }, then: [{ reply: thanks }] }
  - { id: seen, when: { text: "no such words" }, then: [{ add_tags: seen }] }
"#;
    // Public answers are not allowed, so that the only change is held back.
    let mut house = House::start("live", rules).await;
    for desk in &house.desks {
        let held = desk.open(ticket()).await;
        let other = desk.open(NewTicket { body: "Hello, where is my parcel?".into(), ..ticket() }).await;
        house.settle().await;
        let [held, other] =
            [house.decided(desk.as_ref(), &held).await, house.decided(desk.as_ref(), &other).await];
        let told = |entry: &Entry| (entry.outcome, entry.reason.clone());
        let why = Some("every change was held back".to_owned());
        assert_eq!(told(&held[0]), (Outcome::Shadowed, why), "{}", desk.platform());
        assert_eq!(told(&other[0]), (Outcome::NoRule, None), "{}", desk.platform());
    }
    house.stop().await;
}

/// Opens a house whose only desk is this one.
async fn with_only(desk: Arc<dyn Desk>, rules: &str) -> House {
    let mut house = House::start_answering("live", rules).await;
    house.stop().await;
    house.desks = vec![desk];
    house.open("live", rules).await;
    house
}

#[tokio::test(flavor = "multi_thread")]
async fn one_rejected_attribute_costs_no_other_value() {
    let (port, _) = order_service().await;
    let desk = Arc::new(Intercom::start().await.unwrap());
    let mut house = with_only(desk.clone(), &every_action(port)).await;
    desk.reject_attribute("Issue type");
    // Two customers, because one gets an answer once a day.
    let other = NewTicket { email: "omar@mail.example".into(), ..ticket() };
    for id in [desk.open(ticket()).await, desk.open_ticket(other).await] {
        house.settle().await;
        let state = desk.ticket(&id).unwrap();
        assert_eq!(state.priority.as_deref(), Some("high"), "{id}: {state:?}");
        assert_eq!(state.fields.get("Issue type"), None, "{id}");
        let decided = house.decided(desk.as_ref(), &id).await;
        assert_eq!(decided.len(), 1, "{id}: {:?}", house.store.dead(&Default::default()).await.unwrap());
        for effect in &decided[0].effects {
            let refused = effect.state == EffectOutcome::Refused;
            assert_eq!(refused, effect.kind == "set_field", "{id}: {effect:?}");
        }
        let why = decided[0].effects.iter().find_map(|effect| effect.reason.as_deref());
        assert_eq!(why, Some("setting Issue type: the platform answered parameter_invalid"), "{id}");
    }
    house.stop().await;
}
