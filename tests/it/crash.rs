//! kill -9 at every arrow of the straight line: nothing acknowledged is lost, no effect is seen twice, and what an agent chose stays.
//!
//! The stand-ins see the arrows, so that they strike: when a read or a write of some number arrives, before it does its work or between
//! the work and its answer. What lies between the acknowledgement and the first call is struck by the clock. Each run of the daemon is
//! killed once and the next one goes on with what it left. The seed is printed where it fails, and `DESKBRIDGE_SEED` and
//! `DESKBRIDGE_CRASHES` say otherwise than the usual (`make soak` does).

use std::sync::Arc;
use std::time::Duration;

use deskbridge::domain::outcome::Outcome;
use deskbridge_standins::log::{FaultKind, Strike};
use deskbridge_standins::{Change, Desk, Fault};

use crate::harness::{House, ONE_OF_EVERYTHING, asked, billing_ticket, wait_until};
use crate::process::Served;

/// How many times the daemon is killed where nothing else is said.
const CRASHES: u64 = 16;

/// The group that an agent chooses.
const BY_HAND: &str = "Technical Support";

/// Where the daemon is struck down.
#[derive(Debug)]
enum Arrow {
    /// So long after the last acknowledgement.
    Later(Duration),
    /// At this call of a desk: reads or writes, the how-manieth, before or after its work.
    Call { desk: usize, method: &'static str, skip: u32, before: bool },
}

fn arrow(random: &mut fastrand::Rng, desks: usize) -> Arrow {
    if random.u8(..4) == 0 {
        return Arrow::Later(Duration::from_millis(random.u64(0..80)));
    }
    let method = *random.choice(&["GET", "PUT", "POST"]).unwrap_or(&"GET");
    Arrow::Call { desk: random.usize(..desks), method, skip: random.u32(..3), before: random.bool() }
}

/// Kills the process once, whoever strikes first.
fn killer(pid: u32) -> Strike {
    Strike(Arc::new(move || {
        let _ = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_arrow_the_daemon_decides_everything_it_acknowledged_once() {
    let (seed, crashes) = (asked("DESKBRIDGE_SEED", 7), asked("DESKBRIDGE_CRASHES", CRASHES));
    let mut random = fastrand::Rng::with_seed(seed);
    let mut house = House::start("live", ONE_OF_EVERYTHING).await;
    house.stop().await;
    // What was in hand at eight crashes is taken for their cause and set aside; here the crashes are ours.
    house.worker = "count: 4, lease: 5s, call_timeout: 3s, max_attempts: 1000";
    house.desks.iter().for_each(|desk| desk.raise_limit());
    let mut acknowledged: Vec<(Arc<dyn Desk>, String, bool)> = Vec::new();
    let (mut struck, mut left) = (0, 0);
    for crash in 0..crashes {
        let arrow = arrow(&mut random, house.desks.len());
        let at = format!("seed {seed}, crash {crash}, {arrow:?}");
        let mut served = Served::start(&house, "live", ONE_OF_EVERYTHING).await;
        let pid = served.pid();
        if let Arrow::Call { desk, method, skip, before } = arrow {
            // Calls before the one that is struck meet a fault that does nothing.
            let idle = Strike(Arc::new(|| ()));
            let fault = |what, times| Fault {
                method: Some(method),
                path_contains: "/".into(),
                kind: FaultKind::Strike { before, what },
                times,
            };
            if skip > 0 {
                house.desks[desk].inject(fault(idle, skip));
            }
            house.desks[desk].inject(fault(killer(pid), 1));
        }
        for desk in &house.desks {
            let ticket = desk.open(billing_ticket()).await;
            let kept = desk.deliveries().iter().any(|sent| sent.ticket == ticket && sent.status == 200);
            // An agent is quicker now and then: their group must stand in the end.
            let by_hand = random.u8(..4) == 0;
            if by_hand {
                desk.agent_edits(&ticket, Change { group: Some(BY_HAND.into()), ..Change::default() });
            }
            if kept {
                acknowledged.push((Arc::clone(desk), ticket, by_hand));
            }
        }
        match arrow {
            Arrow::Later(pause) => tokio::time::sleep(pause).await,
            Arrow::Call { .. } => {
                let mut waited = 0;
                while !served.is_gone()
                    && (house.store.depth().await.unwrap().pending > 0 || waited < 5)
                    && waited < 400
                {
                    waited += 1;
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
        struck += u64::from(served.is_gone());
        left +=
            u64::from(house.store.depth().await.unwrap_or_else(|error| panic!("{at}: {error}")).pending > 0);
        served.kill();
    }
    assert!(struck * 4 > crashes, "seed {seed}: only {struck} of {crashes} were struck at a call");
    assert!(left > 0, "the kills came too late to show anything");
    // Faults that no call came for are spent by now or harmless: a strike at a process that is gone.
    let served = Served::start(&house, "live", ONE_OF_EVERYTHING).await;
    wait_until("the backlog is worked off", async || house.store.depth().await.unwrap().pending == 0).await;
    assert!(served.terminate().success());
    assert_eq!(
        house.store.depth().await.unwrap().dead,
        0,
        "{:?}",
        house.store.dead(&Default::default()).await.unwrap()
    );
    assert!(acknowledged.len() as u64 >= crashes, "{}", acknowledged.len());
    for (desk, ticket, by_hand) in acknowledged {
        let at = format!("seed {seed}: {}/{ticket}", desk.platform());
        let decided = house.decided(desk.as_ref(), &ticket).await;
        assert_eq!(decided.len(), 1, "{at}");
        assert_eq!(decided[0].outcome, Outcome::Applied, "{at}");
        let state = desk.ticket(&ticket).unwrap();
        let group = if by_hand { BY_HAND } else { "Billing" };
        assert_eq!(state.group.as_deref(), Some(group), "{at}: {state:?}");
        assert_eq!(state.notes.len(), 1, "{at}: {:?}", state.notes);
        assert!(state.tags.contains("loyal") && state.tags.contains("routed"), "{at}: {:?}", state.tags);
    }
    assert!(house.store.verify(None).await.unwrap().broken.is_none());
}
