//! Tickets whose webhook never came are found by looking, once, through restarts and troubles, on every desk.

use std::sync::Arc;
use std::time::Duration;

use deskbridge::domain::outcome::Outcome;
use deskbridge::worker::sweep::Sweep;
use deskbridge_standins::log::FaultKind;
use deskbridge_standins::{Desk, Fault};

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket, wait_until};
use crate::process::Served;

async fn house() -> House {
    let mut house = House::without_a_daemon().await;
    house.sections = "sweep: { every: 300ms, lag: 1ms }\n";
    house.open("live", ONE_OF_EVERYTHING).await;
    // From here on the desks are looked through; what is older is not this daemon's.
    for desk in &house.desks {
        wait_until("the first look", async || house.store.swept(desk.platform()).await.unwrap().is_some())
            .await;
    }
    house
}

async fn routed_once(house: &House, desk: &Arc<dyn Desk>, ticket: &str) {
    let at = format!("{}/{ticket}", desk.platform());
    wait_until(&at, async || !house.decided(desk.as_ref(), ticket).await.is_empty()).await;
    house.settle().await;
    let decided = house.decided(desk.as_ref(), ticket).await;
    assert_eq!(decided.len(), 1, "{at}");
    assert_eq!(decided[0].outcome, Outcome::Applied, "{at}");
    let state = desk.ticket(ticket).unwrap();
    assert_eq!((state.group.as_deref(), state.notes.len()), (Some("Billing"), 1), "{at}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_whose_webhook_never_came_is_found_and_a_late_one_changes_nothing() {
    let mut house = house().await;
    for desk in &house.desks {
        // The platform was told another address, for an hour.
        desk.deliver_to(&format!("{}/elsewhere", house.hooks));
        let ticket = desk.open(billing_ticket()).await;
        routed_once(&house, desk, &ticket).await;
        // It tries again after all, now that the address is mended.
        desk.deliver_to(&format!("{}/hooks/{}", house.hooks, desk.platform()));
        assert_eq!(desk.redeliver(&ticket).await, 200);
        house.settle().await;
        routed_once(&house, desk, &ticket).await;
        // And one that came is not looked at a second time.
        let ticket = desk.open(billing_ticket()).await;
        routed_once(&house, desk, &ticket).await;
    }
    let metrics = reqwest::Client::builder().no_proxy().build().unwrap();
    let metrics = metrics.get(format!("{}/metrics", house.admin)).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("deskbridge_last_sweep_timestamp_seconds"), "{metrics}");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_in_while_nothing_was_running_is_found_at_the_next_start() {
    let mut house = house().await;
    house.stop().await;
    let missed: Vec<String> = house.desks.iter().map(|desk| desk.open_quietly(billing_ticket())).collect();
    house.open("live", ONE_OF_EVERYTHING).await;
    for (desk, ticket) in house.desks.iter().zip(&missed) {
        routed_once(&house, desk, ticket).await;
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_before_the_first_start_is_left_alone() {
    let house = House::without_a_daemon().await;
    for desk in &house.desks {
        desk.open_quietly(billing_ticket());
    }
    let sweep = house.sweep();
    // Listings compare whole seconds.
    let opened = house.clock.now().as_second();
    wait_until("the second is over", async || house.clock.now().as_second() > opened).await;
    assert_eq!(sweep.round().await, 0, "the first look only says from when on");
    assert_eq!(sweep.round().await, 0, "and the next one begins there");
    assert_eq!(house.store.depth().await.unwrap().pending, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_over_many_pages_that_is_cut_short_leaves_no_gap_and_doubles_nothing() {
    let house = House::without_a_daemon().await;
    let sweep = house.sweep();
    sweep.round().await;
    const TICKETS: usize = 230;
    for desk in &house.desks {
        desk.raise_limit();
        (0..TICKETS).for_each(|_| drop(desk.open_quietly(billing_ticket())));
        // The second page of the listing meets trouble.
        desk.inject(Fault {
            method: None,
            path_contains: if desk.platform() == "freshdesk" {
                "updated_since".into()
            } else {
                "search".into()
            },
            kind: FaultKind::Status { status: 500, retry_after: None },
            times: 1,
        });
    }
    // Listings compare whole seconds.
    let opened = house.clock.now().as_second();
    wait_until("the second is over", async || house.clock.now().as_second() > opened).await;
    let first = sweep.round().await;
    assert!(first < TICKETS * house.desks.len(), "{first}");
    let second = sweep.round().await;
    assert_eq!(first + second, TICKETS * house.desks.len());
    assert_eq!(house.store.depth().await.unwrap().pending, (TICKETS * house.desks.len()) as u64);
    assert_eq!(sweep.round().await, 0, "each is found once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_is_told_to_slow_down_waits_and_goes_on() {
    let house = House::without_a_daemon().await;
    let sweep = house.sweep();
    sweep.round().await;
    for desk in &house.desks {
        drop(desk.open_quietly(billing_ticket()));
        let kind = FaultKind::Status { status: 429, retry_after: Some(1) };
        desk.inject(Fault { method: None, path_contains: "/".into(), kind, times: 1 });
    }
    let opened = house.clock.now().as_second();
    wait_until("the second is over", async || house.clock.now().as_second() > opened).await;
    let asked = || house.desks.iter().map(|desk| desk.requests().len()).sum::<usize>();
    assert_eq!(sweep.round().await, 0, "every desk says no");
    let before = asked();
    assert_eq!(sweep.round().await, 0);
    assert_eq!(asked(), before, "nobody is asked before the second is over");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(sweep.round().await, house.desks.len(), "and then each is found");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_by_webhook_while_it_is_looked_for_is_routed_once() {
    let mut house = House::without_a_daemon().await;
    // Without a pause: there is always somebody looking.
    house.sections = "sweep: { every: 20ms, lag: 1ms }\n";
    house.open("live", ONE_OF_EVERYTHING).await;
    let mut opened = Vec::new();
    for desk in &house.desks {
        desk.raise_limit();
        wait_until("the first look", async || house.store.swept(desk.platform()).await.unwrap().is_some())
            .await;
    }
    for _ in 0..12 {
        for desk in &house.desks {
            opened.push((Arc::clone(desk), desk.open_quietly(billing_ticket())));
            opened.push((Arc::clone(desk), desk.open(billing_ticket()).await));
        }
    }
    for (desk, ticket) in &opened {
        routed_once(&house, desk, ticket).await;
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_may_still_come_is_not_called_missing() {
    let house = House::without_a_daemon().await;
    let sweep = Sweep { lag: Duration::from_secs(3600), ..house.sweep() };
    sweep.round().await;
    house.desks.iter().for_each(|desk| drop(desk.open_quietly(billing_ticket())));
    let opened = house.clock.now().as_second();
    wait_until("the second is over", async || house.clock.now().as_second() > opened).await;
    assert_eq!(sweep.round().await, 0, "an hour is not over");
    assert_eq!(house.sweep().round().await, house.desks.len(), "without the margin they are found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_fails_is_told_with_its_status_until_it_succeeds() {
    let house = House::without_a_daemon().await;
    let change = |settings: String| format!("{settings}\nsweep: {{ every: 200ms, lag: 1ms }}\n");
    let served = Served::start_changed(&house, "live", ONE_OF_EVERYTHING, ":", change).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let failing = async |desk: &Arc<dyn Desk>| {
        let metrics = client.get(format!("{}/metrics", served.admin)).send().await.unwrap();
        let metrics = metrics.text().await.unwrap();
        let wanted = format!("deskbridge_sweep_failed{{account=\"{}\"}} ", desk.platform());
        metrics.lines().find_map(|line| line.strip_prefix(&wanted)).map(str::to_owned)
    };
    for desk in &house.desks {
        wait_until("it is looked through", async || failing(desk).await.as_deref() == Some("0")).await;
        let listing = if desk.platform() == "freshdesk" { "updated_since" } else { "search" };
        let kind = FaultKind::Status { status: 500, retry_after: None };
        desk.inject(Fault { method: None, path_contains: listing.into(), kind, times: 2 });
        let account = format!("account=\"{}\" status=500", desk.platform());
        let told = |line: &str| line.contains("the sweep failed") && line.contains(&account);
        wait_until("it fails", async || served.log().lines().any(told)).await;
        wait_until("it is over", async || failing(desk).await.as_deref() == Some("0")).await;
    }
    assert!(served.terminate().success());
}
