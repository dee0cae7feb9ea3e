//! The whole daemon: what it answered 200 over HTTP is decided after a power cut, once.

use std::collections::BTreeSet;
use std::sync::Arc;

use deskbridge::domain::decision::TicketKey;
use deskbridge::domain::outcome::Outcome;
use deskbridge::store::sqlite::Sqlite;
use deskbridge::store::{Filter, Store};
use deskbridge_connectors::TicketId;
use deskbridge_standins::Desk;

use super::{Cut, Power};
use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket, wait_until};
use crate::process::{Served, ask, stderr};

/// Tickets that customers open at most.
const TICKETS: usize = 200;

/// A desk and a ticket whose delivery was answered 200.
type Answered = (Arc<dyn Desk>, String);

/// Cuts a daemon's power and starts another on what the disk holds. Returns how many deliveries
/// were answered before the cut.
pub(super) async fn survives(seed: u64) -> u64 {
    let mut random = fastrand::Rng::with_seed(seed);
    let cut = match random.bool() {
        true => Cut::Write(random.u64(1..2000)),
        false => Cut::Sync(random.u64(1..120)),
    };
    let at = format!("seed {seed}, cut at {cut}");
    let mut house = House::without_a_daemon().await;
    house.worker = "count: 4, lease: 2s, call_timeout: 1s";
    house.desks.iter().for_each(|desk| desk.raise_limit());
    let (folder, image, armed) = (house.beside("before"), house.beside("after"), house.beside("armed"));
    std::fs::create_dir(&folder).unwrap();
    std::fs::create_dir(&image).unwrap();
    let folder = folder.canonicalize().unwrap();
    let power = Power { folder: &folder, image: &image, cut, seed, lie: None, armed: Some(&armed) };
    let answered = until_the_cut(&house, &power).await;

    // On the disk, before another daemon could find the ticket by looking through the platform.
    let path = image.join("deskbridge.db");
    let store = Sqlite::open(&path).unwrap_or_else(|error| panic!("{at}: {error}"));
    for (desk, ticket) in &answered {
        let key = TicketKey { account: desk.platform().to_owned(), ticket: TicketId::new(ticket).unwrap() };
        assert!(store.knows(&key).await.unwrap(), "{at}: {}/{ticket} was answered and is gone", key.account);
    }
    drop(store);

    let served = start(&house, ":", "after").await;
    let store = Sqlite::open(&path).unwrap();
    wait_until("the inbox is empty", async || store.depth().await.unwrap().pending == 0).await;
    for (desk, ticket) in &answered {
        decided_once(&store, desk, ticket, &at).await;
    }
    assert!(served.terminate().success(), "{at}");
    let config = house.beside("deskbridge.yaml");
    let verified =
        tokio::task::block_in_place(|| ask(&["ledger", "verify", "--config", config.to_str().unwrap()], ""));
    assert!(verified.status.success(), "{at}: {}", stderr(&verified));
    house.stop().await;
    answered.len() as u64
}

/// Starts a daemon whose store is in this folder.
async fn start(house: &House, before: &str, folder: &str) -> Served {
    let changed = |settings: String| settings.replace("/deskbridge.db", &format!("/{folder}/deskbridge.db"));
    Served::start_changed(house, "live", ONE_OF_EVERYTHING, before, changed).await
}

/// Customers write in until the power is cut; returns what was answered.
async fn until_the_cut(house: &House, power: &Power<'_>) -> Vec<Answered> {
    let set: Vec<_> =
        power.environment().iter().map(|(name, value)| format!("export {name}={value:?}")).collect();
    let mut served = start(house, &set.join("; "), "before").await;
    std::fs::write(power.armed.unwrap(), "").unwrap();
    let mut opening = tokio::task::JoinSet::new();
    wait_until("the power is cut", async || {
        if opening.len() < TICKETS {
            let desk = Arc::clone(&house.desks[opening.len() % house.desks.len()]);
            opening.spawn(async move { desk.open(billing_ticket()).await });
        }
        served.is_gone()
    })
    .await;
    // What nobody answered is told again for minutes, to nobody.
    opening.abort_all();
    let answered = |desk: &Arc<dyn Desk>| {
        let kept = desk.deliveries().into_iter().filter(|sent| sent.status == 200);
        kept.map(|sent| sent.ticket).collect::<BTreeSet<_>>()
    };
    house
        .desks
        .iter()
        .flat_map(|desk| answered(desk).into_iter().map(|ticket| (Arc::clone(desk), ticket)))
        .collect()
}

async fn decided_once(store: &Sqlite, desk: &Arc<dyn Desk>, ticket: &str, at: &str) {
    let (account, of) = (Some(desk.platform().to_owned()), Some(ticket.to_owned()));
    let entries = store.decisions(&Filter { account, ticket: of, ..Filter::default() }).await.unwrap();
    let decided: Vec<_> =
        entries.into_iter().map(|(_, entry)| entry).filter(|entry| entry.digests.is_some()).collect();
    assert_eq!(decided.len(), 1, "{at}: {}/{ticket}", desk.platform());
    assert_eq!(decided[0].outcome, Outcome::Applied, "{at}: {}/{ticket}", desk.platform());
    let state = desk.ticket(ticket).unwrap();
    assert_eq!(state.notes.len(), 1, "{at}: {}/{ticket}: {:?}", desk.platform(), state.notes);
}
