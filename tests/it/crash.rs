//! kill -9 between acknowledgement and settle: nothing acknowledged is lost, no effect is seen twice.

use std::sync::Arc;
use std::time::Duration;

use deskbridge::outcome::Outcome;
use deskbridge_standins::Desk;

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket, wait_until};
use crate::process::Served;

/// How many times the daemon is killed in one run.
const KILLS: usize = 4;
/// Tickets opened between two kills, on each desk.
const TICKETS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_the_daemon_decides_everything_it_acknowledged_once() {
    let mut house = House::start("live", ONE_OF_EVERYTHING).await;
    house.stop().await;
    let mut acknowledged: Vec<(Arc<dyn Desk>, String)> = Vec::new();
    for round in 0..KILLS {
        let served = Served::start(&house, "live", ONE_OF_EVERYTHING).await;
        for _ in 0..TICKETS {
            for desk in &house.desks {
                let ticket = desk.open(billing_ticket()).await;
                let kept = desk.deliveries().iter().any(|sent| sent.ticket == ticket && sent.status == 200);
                assert!(kept, "the daemon was up and did not answer 200");
                acknowledged.push((Arc::clone(desk), ticket));
            }
        }
        // Each round dies at another depth of the work; the last one at once.
        tokio::time::sleep(Duration::from_millis([35, 90, 15, 0][round % 4])).await;
        served.kill();
    }
    let unsettled = house.store.depth().await.unwrap().pending;
    assert!(unsettled > 0, "the kills came too late to show anything");
    let served = Served::start(&house, "live", ONE_OF_EVERYTHING).await;
    wait_until("the backlog is worked off", async || house.store.depth().await.unwrap().pending == 0).await;
    assert!(served.terminate().success());
    assert_eq!(house.store.depth().await.unwrap().dead, 0, "{:?}", house.store.dead().await.unwrap());
    for (desk, ticket) in acknowledged {
        let at = format!("{}/{ticket}", desk.platform());
        let decided = house.decided(desk.as_ref(), &ticket).await;
        assert_eq!(decided.len(), 1, "{at}");
        assert_eq!(decided[0].outcome, Outcome::Applied, "{at}");
        let state = desk.ticket(&ticket).unwrap();
        assert_eq!(state.group.as_deref(), Some("Billing"), "{at}");
        assert_eq!(state.notes.len(), 1, "{at}: {:?}", state.notes);
        assert!(state.tags.contains("loyal") && state.tags.contains("routed"), "{at}: {:?}", state.tags);
    }
}
