//! One ticket's journey, on every desk: what a customer writes, what an agent then sees.

use std::sync::Arc;

use deskbridge::domain::outcome::{EffectOutcome, Outcome};
use deskbridge_standins::{Change, Desk, NewTicket};

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket};

/// Runs a journey on each desk of one house, then stops the house.
async fn on_every_desk(mode: &str, journey: impl AsyncFn(&House, &Arc<dyn Desk>)) {
    let mut house = House::start(mode, ONE_OF_EVERYTHING).await;
    for desk in &house.desks {
        journey(&house, desk).await;
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_routed_as_the_rulebook_says() {
    on_every_desk("live", async |house, desk| {
        let ticket = desk.open(billing_ticket()).await;
        house.settle().await;
        let state = desk.ticket(&ticket).unwrap();
        let name = desk.platform();
        assert_eq!(state.priority.as_deref(), Some("high"), "{name}");
        assert_eq!(state.group.as_deref(), Some("Billing"), "{name}");
        assert_eq!(state.agent.as_deref(), Some("Ada Lovelace"), "{name}");
        for tag in ["loyal", "billing", "routed"] {
            assert!(state.tags.contains(tag), "{name}: {:?}", state.tags);
        }
        assert!(
            state.fields.values().any(|value| value.eq_ignore_ascii_case("billing")),
            "{name}: {state:?}"
        );
        assert_eq!(state.notes.len(), 1, "{name}");
        assert!(!state.notes[0].public, "{name}");
        let decided = house.decided(desk.as_ref(), &ticket).await;
        assert_eq!(decided.len(), 1, "{name}");
        assert_eq!(decided[0].outcome, Outcome::Applied, "{name}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shadow_mode_decides_and_writes_nothing() {
    on_every_desk("shadow", async |house, desk| {
        let before = desk.open(billing_ticket()).await;
        house.settle().await;
        let decided = house.decided(desk.as_ref(), &before).await;
        assert_eq!(decided.len(), 1);
        assert_eq!(decided[0].outcome, Outcome::Shadowed);
        assert!(decided[0].withheld.is_some(), "the first write is shown");
        assert!(decided[0].effects.iter().all(|effect| effect.state == EffectOutcome::Shadowed));
        let writes: Vec<_> = desk.requests().into_iter().filter(|request| request.is_write()).collect();
        assert!(writes.is_empty(), "{}: {writes:?}", desk.platform());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn suggest_mode_writes_one_private_note_and_nothing_else() {
    on_every_desk("suggest", async |house, desk| {
        let ticket = desk.open(billing_ticket()).await;
        house.settle().await;
        let state = desk.ticket(&ticket).unwrap();
        let name = desk.platform();
        assert_eq!(state.notes.len(), 1, "{name}");
        assert!(!state.notes[0].public && state.notes[0].body.contains("deskbridge suggests"), "{name}");
        assert_eq!(state.group, None, "{name}");
        assert_eq!(state.tags.len(), 1, "{name}: {:?}", state.tags);
        let decided = house.decided(desk.as_ref(), &ticket).await;
        assert_eq!(decided[0].outcome, Outcome::Suggested, "{name}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_told_in_a_field_where_the_account_names_one() {
    let account = "    suggestion_field: Order number\n";
    let mut house = House::start_with("suggest", ONE_OF_EVERYTHING, account).await;
    for desk in house.desks.clone() {
        let twin = desk.open_quietly(billing_ticket());
        let before = desk.ticket(&twin).unwrap();
        let ticket = desk.open(billing_ticket()).await;
        house.settle().await;
        let name = desk.platform();
        let mut state = desk.ticket(&ticket).unwrap();
        let field = if name == "freshdesk" { "cf_order_number" } else { "Order number" };
        let told = state.fields.remove(field).unwrap_or_default();
        assert!(told.contains("set_priority: high; ") && told.contains("assign_group: Billing"), "{told}");
        assert_eq!(state, before, "{name}: nothing else was touched");
        let decided = house.decided(desk.as_ref(), &ticket).await;
        assert_eq!(decided[0].outcome, Outcome::Suggested, "{name}");
    }
    house.stop().await;

    let account = "    suggestion_field: Nowhere\n";
    let mut house = House::start_with("suggest", ONE_OF_EVERYTHING, account).await;
    let desk = Arc::clone(&house.desks[0]);
    let ticket = desk.open(billing_ticket()).await;
    house.settle().await;
    let decided = house.decided(desk.as_ref(), &ticket).await;
    let refused = decided[0].effects[0].reason.clone().unwrap_or_default();
    assert!(refused.contains("no field named `Nowhere`"), "{refused}");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_delivery_is_known_and_decides_nothing() {
    on_every_desk("live", async |house, desk| {
        let ticket = desk.open(billing_ticket()).await;
        assert_eq!(desk.redeliver(&ticket).await, 200);
        house.settle().await;
        assert_eq!(desk.redeliver(&ticket).await, 200);
        house.settle().await;
        assert_eq!(house.decided(desk.as_ref(), &ticket).await.len(), 1, "{}", desk.platform());
        assert_eq!(desk.ticket(&ticket).unwrap().notes.len(), 1, "{}", desk.platform());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_delivery_is_refused_and_leaves_no_trace() {
    on_every_desk("live", async |house, desk| {
        let ticket = desk.open(billing_ticket()).await;
        house.settle().await;
        let calls = desk.requests().len();
        assert_eq!(desk.forge(&ticket).await, 401, "{}", desk.platform());
        house.settle().await;
        assert_eq!(desk.requests().len(), calls, "{}", desk.platform());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authentic_but_unreadable_delivery_becomes_a_dead_letter_with_its_json_path() {
    on_every_desk("live", async |house, desk| {
        assert_eq!(desk.send_malformed().await, 200, "{}", desk.platform());
        let dead = house.store.dead(&Default::default()).await.unwrap();
        let letter = dead.iter().find(|letter| letter.account == desk.platform()).expect("a dead letter");
        assert!(letter.reason.contains("$"), "{}", letter.reason);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_has_set_stays() {
    on_every_desk("live", async |house, desk| {
        let change = Change { group: Some("Sales".into()), ..Change::default() };
        let ticket = desk.open(NewTicket { touched: Some(change), ..billing_ticket() }).await;
        house.settle().await;
        let state = desk.ticket(&ticket).unwrap();
        assert_eq!(state.group.as_deref(), Some("Sales"), "{}", desk.platform());
        let decided = house.decided(desk.as_ref(), &ticket).await;
        let group = decided[0].effects.iter().find(|effect| effect.kind == "assign_group").unwrap();
        assert_eq!(group.state, EffectOutcome::Refused, "{}", desk.platform());
        assert!(state.tags.contains("routed"), "the rest of the plan goes on: {}", desk.platform());
    })
    .await;
}
