//! What happens when the platform or the network does not do its part, on every desk.

use std::sync::Arc;
use std::time::Duration;

use deskbridge::domain::outcome::Outcome;
use deskbridge_standins::log::FaultKind;
use deskbridge_standins::{Desk, Fault};

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket};

/// A ticket that meets a fault is routed in the end, once, with one note.
async fn survives(fault: impl Fn() -> Fault) {
    let mut house = House::start("live", ONE_OF_EVERYTHING).await;
    for desk in &house.desks {
        // A first ticket sees to it that the names are read; the fault is for the second one's own calls.
        desk.open(billing_ticket()).await;
        house.settle().await;
        desk.inject(fault());
        let ticket = desk.open(billing_ticket()).await;
        house.settle().await;
        routed_once(&house, desk, &ticket).await;
    }
    house.stop().await;
}

async fn routed_once(house: &House, desk: &Arc<dyn Desk>, ticket: &str) {
    let name = desk.platform();
    let state = desk.ticket(ticket).unwrap();
    assert_eq!(state.group.as_deref(), Some("Billing"), "{name}");
    assert_eq!(state.notes.len(), 1, "{name}: {:?}", state.notes);
    assert!(state.tags.contains("loyal") && state.tags.contains("routed"), "{name}: {:?}", state.tags);
    let decided = house.decided(desk.as_ref(), ticket).await;
    assert_eq!(decided.len(), 1, "{name}");
    assert_eq!(decided[0].outcome, Outcome::Applied, "{name}");
}

fn on(method: &'static str, kind: FaultKind) -> Fault {
    Fault { method: Some(method), path_contains: "/".into(), kind, times: 1 }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_429_is_waited_out() {
    survives(|| on("GET", FaultKind::Status { status: 429, retry_after: Some(1) })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_500_is_tried_again() {
    survives(|| on("PUT", FaultKind::Status { status: 500, retry_after: None })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn html_instead_of_json_is_tried_again() {
    survives(|| on("GET", FaultKind::Html)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_before_the_write_is_tried_again() {
    survives(|| on("PUT", FaultKind::CutBeforeWork)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_after_the_update_does_not_double_it() {
    survives(|| on("PUT", FaultKind::CutAfterWork)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_after_a_post_does_not_double_the_note() {
    survives(|| Fault { times: 2, ..on("POST", FaultKind::CutAfterWork) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_hangs_costs_a_timeout_and_no_more() {
    survives(|| on("PUT", FaultKind::Slow(Duration::from_secs(4)))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_429_that_does_not_say_how_long_is_waited_out_too() {
    survives(|| on("GET", FaultKind::Status { status: 429, retry_after: None })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_an_answer_to_a_look_is_none() {
    survives(|| on("GET", FaultKind::Truncated)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_an_answer_to_a_change_does_not_double_it() {
    survives(|| Fault { times: 2, ..on("PUT", FaultKind::Truncated) }).await;
    survives(|| Fault { times: 2, ..on("POST", FaultKind::Truncated) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_drips_costs_a_timeout_and_no_more() {
    // A hundred bytes would take twenty seconds; a call may take three.
    survives(|| on("PUT", FaultKind::Drip(Duration::from_millis(200)))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_any_size_is_not_taken_into_memory() {
    survives(|| on("GET", FaultKind::Padded(9 * 1024 * 1024))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed_with_our_credentials() {
    let elsewhere = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = format!("http://{}/", elsewhere.local_addr().unwrap());
    let followed = tokio::spawn(async move { elsewhere.accept().await });
    survives(|| on("GET", FaultKind::Redirect(to.clone()))).await;
    survives(|| on("PUT", FaultKind::Redirect(to.clone()))).await;
    assert!(!followed.is_finished(), "somebody came to where the platform pointed");
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_writes_trigger_nothing() {
    let mut house = House::start("live", ONE_OF_EVERYTHING).await;
    for desk in &house.desks {
        let ticket = desk.open(billing_ticket()).await;
        house.settle().await;
        // Whatever the platform says about our own writes has arrived and is settled without another write.
        let writes = || desk.requests().iter().filter(|request| request.is_write()).count();
        let before = writes();
        assert_eq!(desk.redeliver(&ticket).await, 200);
        house.settle().await;
        assert_eq!(writes(), before, "{}", desk.platform());
        routed_once(&house, desk, &ticket).await;
    }
    house.stop().await;
}
