//! A platform that is down for a while, and one that hangs: no ticket of theirs is given up, and no ticket of others waits for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deskbridge::domain::outcome::Outcome;
use deskbridge::ingress::{Certificate, Door, Limits, Origins, serve};
use deskbridge_standins::log::FaultKind;
use deskbridge_standins::{Desk, Fault};

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket, wait_until};
use crate::process::Served;

fn everything(kind: FaultKind, times: u32) -> Fault {
    Fault { method: None, path_contains: "/".into(), kind, times }
}

/// A page of the daemon's own. These daemons are processes, because all that run in the tests' process share their gauges.
async fn page(served: &Served, path: &str) -> String {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client.get(format!("{}{path}", served.admin)).send().await.unwrap().text().await.unwrap()
}

/// Waits until the desk's breaker is open, or closed.
async fn breaker(served: &Served, desk: &dyn Desk, open: bool) {
    let gauge = format!("deskbridge_circuit_open{{account=\"{}\"}} {}", desk.platform(), u8::from(open));
    wait_until("the breaker opens or closes", async || page(served, "/metrics").await.contains(&gauge)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_costs_no_ticket_and_is_probed_by_one_at_a_time() {
    let house = House::without_a_daemon().await;
    let served = Served::start(&house, "live", ONE_OF_EVERYTHING).await;
    for desk in &house.desks {
        // The names are read before the trouble begins.
        desk.open(billing_ticket()).await;
    }
    house.settle().await;
    for desk in &house.desks {
        desk.inject(everything(FaultKind::Status { status: 500, retry_after: None }, 1000));
        let seen = desk.requests().len();
        // While they come in, because the breaker may have closed again before the last of them.
        let opening = tokio::spawn({
            let desk = Arc::clone(desk);
            async move {
                let mut tickets = Vec::new();
                for _ in 0..12 {
                    tickets.push(desk.open(billing_ticket()).await);
                }
                tickets
            }
        });
        breaker(&served, desk.as_ref(), true).await;
        let overview = page(&served, "/").await;
        let told = format!("<strong>{}:</strong> the platform gives no usable answers", desk.platform());
        assert!(overview.contains(&told), "{overview}");
        let failures = || -> Vec<i64> {
            let asked = desk.requests().split_off(seen);
            asked.iter().filter(|one| one.status == 500).map(|one| one.at_ms).collect()
        };
        let probes = |failures: &[i64]| failures.windows(2).filter(|pair| pair[1] - pair[0] >= 2_500).count();
        wait_until("a probe has failed too", async || probes(&failures()) > 0).await;
        desk.clear_faults();
        let tickets = opening.await.unwrap();
        house.settle().await;
        breaker(&served, desk.as_ref(), false).await;
        // Five failures open the breaker, and the three other workers may have a call on its way by then. Then one at a time asks, three
        // seconds later, and where that fails six seconds later, and so on.
        let failures = failures();
        let burst = failures.len() - probes(&failures);
        assert!((5..=8).contains(&burst), "{}: {failures:?}", desk.platform());
        assert_eq!(probes(&failures[burst - 1..]), failures.len() - burst, "one at a time: {failures:?}");
        for ticket in tickets {
            let decided = house.decided(desk.as_ref(), &ticket).await;
            assert_eq!(decided.len(), 1, "{}/{ticket}", desk.platform());
            assert_eq!(decided[0].outcome, Outcome::Applied, "{}/{ticket}", desk.platform());
        }
    }
    assert_eq!(house.store.depth().await.unwrap().dead, 0);
    assert!(served.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_hangs_leaves_the_other_accounts_their_workers() {
    let house = House::start("live", ONE_OF_EVERYTHING).await;
    for desk in &house.desks {
        desk.open(billing_ticket()).await;
    }
    house.settle().await;
    let (hanging, fine) = (&house.desks[0], &house.desks[1..]);
    hanging.inject(everything(FaultKind::Slow(Duration::from_secs(30)), 40));
    for _ in 0..20 {
        hanging.open(billing_ticket()).await;
    }
    let begun = Instant::now();
    for desk in fine {
        let ticket = desk.open(billing_ticket()).await;
        wait_until("it is decided", async || !house.decided(desk.as_ref(), &ticket).await.is_empty()).await;
    }
    // A call that hangs takes three seconds to be given up.
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    drop(house);
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_that_work_do_not_hide_that_no_change_does() {
    let house = House::without_a_daemon().await;
    let served = Served::start(&house, "live", ONE_OF_EVERYTHING).await;
    for desk in &house.desks {
        desk.open(billing_ticket()).await;
    }
    house.settle().await;
    for desk in &house.desks {
        let kind = FaultKind::Status { status: 503, retry_after: None };
        desk.inject(Fault { method: Some("PUT"), ..everything(kind, 10_000) });
        for _ in 0..12 {
            desk.open(billing_ticket()).await;
        }
        breaker(&served, desk.as_ref(), true).await;
        desk.clear_faults();
    }
    house.settle().await;
    for desk in &house.desks {
        breaker(&served, desk.as_ref(), false).await;
        for ticket in desk.tickets() {
            let decided = house.decided(desk.as_ref(), &ticket).await;
            assert_eq!(decided.len(), 1, "{}/{ticket}", desk.platform());
            assert_eq!(decided[0].outcome, Outcome::Applied, "{}/{ticket}", desk.platform());
        }
    }
    assert_eq!(house.store.depth().await.unwrap().dead, 0);
    assert!(served.terminate().success());
}

/// A platform's address behind a certificate that nobody vouches for.
async fn untrusted(house: &House) -> String {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (chain, key) = (house.beside("untrusted.pem"), house.beside("untrusted-key.pem"));
    std::fs::write(&chain, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let door = Door {
        accounts: HashMap::new(),
        store: Arc::clone(&house.store),
        clock: Arc::clone(&house.clock),
        arrived: Arc::default(),
        origins: Origins::default(),
        certificate: Some(Arc::new(Certificate::load(&chain, &key).unwrap())),
        limits: Limits::default(),
    };
    tokio::spawn(serve(listener, Arc::new(door), tokio_util::sync::CancellationToken::new()));
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_whose_name_or_certificate_is_wrong_loses_no_ticket_and_delays_no_other() {
    let house = House::without_a_daemon().await;
    let [zendesk, intercom, freshdesk] = &house.desks[..] else { panic!("three desks") };
    let untrusted = untrusted(&house).await;
    // A name that no server knows, and a server that is not who it says.
    let change = |settings: String| {
        settings
            .replace(&zendesk.base_url(), "https://desk.invalid")
            .replace(&intercom.base_url(), &untrusted)
    };
    let served = Served::start_changed(&house, "live", ONE_OF_EVERYTHING, ":", change).await;
    for desk in [zendesk, intercom] {
        for _ in 0..8 {
            desk.open(billing_ticket()).await;
        }
        assert!(desk.deliveries().iter().all(|sent| sent.status == 200), "{}", desk.platform());
    }
    let fine = freshdesk.open(billing_ticket()).await;
    wait_until("others go on", async || !house.decided(freshdesk.as_ref(), &fine).await.is_empty()).await;
    for desk in [zendesk, intercom] {
        breaker(&served, desk.as_ref(), true).await;
    }
    let depth = house.store.depth().await.unwrap();
    assert_eq!((depth.pending, depth.dead), (16, 0), "all of them wait");
    assert!(served.terminate().success());
    // With the right address everything is done.
    let served = Served::start(&house, "live", ONE_OF_EVERYTHING).await;
    house.settle().await;
    for desk in [zendesk, intercom] {
        for ticket in desk.tickets() {
            assert_eq!(house.decided(desk.as_ref(), &ticket).await.len(), 1, "{}/{ticket}", desk.platform());
        }
    }
    assert!(served.terminate().success());
}
