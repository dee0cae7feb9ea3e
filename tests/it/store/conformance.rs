//! What every store promises, one function a promise. A backend runs them all with [`conformance`].

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use deskbridge::store::{Accepted, Claim, Error, JournalEntry, Store};
use deskbridge_connectors::NoticeKind;

use super::Database;
use super::fixture::{at, delivery, entry, unreadable};

pub(crate) const LEASE: Duration = Duration::from_secs(60);

/// Makes one test of each promise for a backend.
macro_rules! conformance {
    ($new:expr; $($file:ident::$promise:ident),* $(,)?) => {$(
        #[tokio::test]
        async fn $promise() {
            let database = $new;
            $crate::store::$file::$promise(&database).await;
        }
    )*};
}
pub(crate) use conformance;

/// The next claim at a moment; there must be one.
pub(crate) async fn claimed(store: &dyn Store, seconds: i64) -> Claim {
    store.claim(at(seconds), LEASE).await.unwrap().expect("something due")
}

async fn nothing_due(store: &dyn Store, seconds: i64) -> bool {
    store.claim(at(seconds), LEASE).await.unwrap().is_none()
}

async fn settle(store: &dyn Store, claim: Claim) -> i64 {
    let account = claim.work().account.clone();
    let key = claim.work().key.as_str().to_owned();
    store.settle(claim, &entry(&account, 7, &key, at(1))).await.unwrap()
}

async fn buried(store: &dyn Store, seconds: i64) -> i64 {
    store.bury(claimed(store, seconds).await, "three attempts failed", at(seconds)).await.unwrap();
    store.dead(&Default::default()).await.unwrap().last().unwrap().id
}

fn key(claim: &Claim) -> &str {
    claim.work().key.as_str()
}

pub(crate) async fn a_delivery_is_kept_once_and_whole(db: &dyn Database) {
    let store = db.open();
    let given = delivery("acme", "k1", 7);
    assert_eq!(store.accept(&given, at(3)).await.unwrap(), Accepted::New);
    assert_eq!(store.accept(&given, at(4)).await.unwrap(), Accepted::Known);

    let claim = claimed(&*store, 5).await;
    let work = claim.work();
    assert_eq!((work.account.as_str(), work.key.as_str()), ("acme", "k1"));
    assert_eq!(work.body.as_slice(), given.body().as_ref());
    assert_eq!((work.received_at, work.lease_until), (at(3), at(65)));
    assert_eq!((work.attempts, work.wrote_before), (0, false));
    let notice = work.notice.as_ref().unwrap();
    assert_eq!((notice.ticket.as_str(), notice.kind), ("7", NoticeKind::CustomerReplied));
    assert!(nothing_due(&*store, 5).await);
}

pub(crate) async fn keys_are_an_accounts_own(db: &dyn Database) {
    let store = db.open();
    assert_eq!(store.accept(&delivery("acme", "k1", 7), at(0)).await.unwrap(), Accepted::New);
    assert_eq!(store.accept(&delivery("acme-eu", "k1", 7), at(0)).await.unwrap(), Accepted::New);
    // And so are tickets: both may be worked on at once.
    let first = claimed(&*store, 1).await;
    assert_eq!(claimed(&*store, 1).await.work().account, "acme-eu");
    assert_eq!(first.work().account, "acme");
}

pub(crate) async fn a_settled_delivery_is_still_known(db: &dyn Database) {
    let store = db.open();
    store.accept(&delivery("acme", "k1", 7), at(0)).await.unwrap();
    settle(&*store, claimed(&*store, 1).await).await;
    assert_eq!(store.accept(&delivery("acme", "k1", 7), at(2)).await.unwrap(), Accepted::Known);
    assert!(nothing_due(&*store, 1000).await);
}

pub(crate) async fn what_was_answered_survives_a_restart(db: &dyn Database) {
    let store = db.open();
    store.accept(&delivery("acme", "k1", 7), at(0)).await.unwrap();
    store.accept(&delivery("acme", "k2", 8), at(0)).await.unwrap();
    let id = settle(&*store, claimed(&*store, 1).await).await;
    drop(store);

    let store = db.open();
    assert_eq!(store.accept(&delivery("acme", "k1", 7), at(2)).await.unwrap(), Accepted::Known);
    assert_eq!(key(&claimed(&*store, 2).await), "k2");
    assert_eq!(store.decisions(&Default::default()).await.unwrap()[0].0, id);
}

pub(crate) async fn an_unreadable_delivery_becomes_a_dead_letter(db: &dyn Database) {
    let store = db.open();
    let given = unreadable("acme", "k1");
    assert_eq!(store.accept(&given, at(3)).await.unwrap(), Accepted::Dead);
    assert_eq!(store.accept(&given, at(4)).await.unwrap(), Accepted::Known);
    assert!(nothing_due(&*store, 1000).await);

    let letters = store.dead(&Default::default()).await.unwrap();
    assert_eq!(letters.len(), 1);
    let letter = &letters[0];
    assert!(letter.reason.starts_with("cannot read the delivery at $"), "{}", letter.reason);
    assert_eq!((letter.delivery.as_str(), &letter.ticket), ("k1", &None));
    assert_eq!((letter.received_at, letter.died_at, letter.attempts), (at(3), at(3), 0));
    let (same, body) = store.dead_letter(letter.id).await.unwrap().unwrap();
    assert_eq!((&same, body.as_slice()), (letter, given.body().as_ref()));

    // By hand, it may be tried with a newer program: its body is read again.
    assert!(store.requeue(letter.id, at(10)).await.unwrap());
    let claim = claimed(&*store, 10).await;
    assert_eq!((&claim.work().notice, claim.work().body.as_slice()), (&None, given.body().as_ref()));
}

pub(crate) async fn deliveries_are_taken_in_order_of_arrival(db: &dyn Database) {
    let store = db.open();
    for (key, ticket, second) in [("a", 3, 1), ("b", 1, 1), ("c", 2, 2)] {
        store.accept(&delivery("acme", key, ticket), at(second)).await.unwrap();
    }
    let mut order = Vec::new();
    while let Some(claim) = store.claim(at(5), LEASE).await.unwrap() {
        order.push(key(&claim).to_owned());
    }
    assert_eq!(order, ["a", "b", "c"]);
}

pub(crate) async fn a_ticket_has_one_live_claim(db: &dyn Database) {
    let store = db.open();
    for key in ["a", "b", "c"] {
        store.accept(&delivery("acme", key, 7), at(0)).await.unwrap();
    }
    for expected in ["a", "b", "c"] {
        let claim = claimed(&*store, 1).await;
        assert_eq!(key(&claim), expected);
        assert!(nothing_due(&*store, 1).await);
        settle(&*store, claim).await;
    }
    assert!(nothing_due(&*store, 1000).await);
}

pub(crate) async fn workers_never_share_a_delivery(db: &dyn Database) {
    let store = db.open();
    for n in 0..60 {
        store.accept(&delivery("acme", &format!("k{n}"), 1 + n % 20), at(0)).await.unwrap();
    }
    let workers = (0..8).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let mut mine = Vec::new();
            while let Some(claim) = store.claim(at(1), LEASE).await.unwrap() {
                mine.push(key(&claim).to_owned());
                settle(&*store, claim).await;
            }
            mine
        })
    });
    let mut taken = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        taken.extend(worker.await.unwrap());
    }
    // A worker may find nothing while others hold the last tickets; what is left is due once those are settled.
    while let Some(claim) = store.claim(at(1), LEASE).await.unwrap() {
        taken.push(key(&claim).to_owned());
        settle(&*store, claim).await;
    }
    assert_eq!(taken.len(), 60);
    assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), 60);
}

pub(crate) async fn a_lapsed_claim_is_taken_again_and_its_owner_told(db: &dyn Database) {
    let store = db.open();
    store.accept(&delivery("acme", "k1", 7), at(0)).await.unwrap();
    let mut stale = Vec::new();
    for round in 0..5 {
        assert!(nothing_due(&*store, 60 * round - 1).await);
        let claim = claimed(&*store, 60 * round).await;
        // A lapse counts, so that a delivery that kills its worker comes to an end.
        assert_eq!(i64::from(claim.work().attempts), round);
        stale.push(claim);
    }
    let owner = stale.pop().unwrap();
    let write = JournalEntry { method: "PUT".to_owned(), path: "/x".to_owned(), at: at(300) };
    assert!(matches!(store.renew(&stale[0], at(999)).await, Err(Error::LostClaim)));
    assert!(matches!(store.journal(&stale[0], &write).await, Err(Error::LostClaim)));
    let line = entry("acme", 7, "k1", at(300));
    assert!(matches!(store.settle(stale.remove(0), &line).await, Err(Error::LostClaim)));
    assert!(matches!(store.postpone(stale.remove(0), at(0), true, "x").await, Err(Error::LostClaim)));
    assert!(matches!(store.bury(stale.remove(0), "x", at(300)).await, Err(Error::LostClaim)));
    assert!(store.decisions(&Default::default()).await.unwrap().is_empty());
    store.settle(owner, &line).await.unwrap();
    // Nor does the settled delivery come back for the last of them.
    assert!(matches!(store.settle(stale.remove(0), &line).await, Err(Error::LostClaim)));
}

pub(crate) async fn a_claim_from_before_a_requeue_is_stale(db: &dyn Database) {
    let store = db.open();
    store.accept(&delivery("acme", "k1", 7), at(0)).await.unwrap();
    let stale = claimed(&*store, 0).await;
    let id = buried(&*store, 60).await;
    assert!(store.requeue(id, at(61)).await.unwrap());
    let owner = claimed(&*store, 61).await;
    assert!(matches!(store.bury(stale, "late", at(62)).await, Err(Error::LostClaim)));
    settle(&*store, owner).await;
}

pub(crate) async fn a_renewed_claim_lasts_longer(db: &dyn Database) {
    let store = db.open();
    store.accept(&delivery("acme", "k1", 7), at(0)).await.unwrap();
    let claim = claimed(&*store, 0).await;
    store.renew(&claim, at(200)).await.unwrap();
    assert!(nothing_due(&*store, 199).await);
    assert_eq!(store.next_due().await.unwrap(), Some(at(200)));
    settle(&*store, claim).await;
}

pub(crate) async fn a_postponed_delivery_waits_and_keeps_its_place(db: &dyn Database) {
    let store = db.open();
    store.accept(&delivery("acme", "a", 7), at(0)).await.unwrap();
    store.accept(&delivery("acme", "b", 7), at(0)).await.unwrap();
    store.postpone(claimed(&*store, 1).await, at(30), true, "502 from the platform").await.unwrap();
    assert!(nothing_due(&*store, 29).await);
    let again = claimed(&*store, 30).await;
    assert_eq!((key(&again), again.work().attempts), ("a", 1));
    store.postpone(again, at(40), false, "busy").await.unwrap();
    let again = claimed(&*store, 40).await;
    assert_eq!((key(&again), again.work().attempts), ("a", 1));
    settle(&*store, again).await;
    assert_eq!(key(&claimed(&*store, 40).await), "b");
}

pub(crate) async fn a_journalled_write_is_remembered(db: &dyn Database) {
    let store = db.open();
    store.accept(&delivery("acme", "k1", 7), at(0)).await.unwrap();
    store.accept(&delivery("acme", "k2", 7), at(0)).await.unwrap();
    let claim = claimed(&*store, 0).await;
    let write = JournalEntry { method: "PUT".to_owned(), path: "/api/v2/tickets/7".to_owned(), at: at(1) };
    store.journal(&claim, &write).await.unwrap();
    drop((claim, store));

    let store = db.open();
    let again = claimed(&*store, 60).await;
    assert!(again.work().wrote_before);
    settle(&*store, again).await;
    assert!(!claimed(&*store, 60).await.work().wrote_before);
}

pub(crate) async fn a_dead_letter_is_requeued_in_its_place(db: &dyn Database) {
    let store = db.open();
    for key in ["a", "b", "c"] {
        store.accept(&delivery("acme", key, 7), at(0)).await.unwrap();
    }
    let a = buried(&*store, 1).await;
    let letter = store.dead(&Default::default()).await.unwrap().remove(0);
    assert_eq!((letter.ticket.as_deref(), letter.reason.as_str()), (Some("7"), "three attempts failed"));
    assert_eq!((letter.received_at, letter.died_at), (at(0), at(1)));

    // While another delivery of the ticket is worked on it waits, then it comes first.
    let b = claimed(&*store, 2).await;
    assert_eq!(key(&b), "b");
    assert!(store.requeue(a, at(3)).await.unwrap());
    assert!(!store.requeue(a, at(3)).await.unwrap());
    assert!(nothing_due(&*store, 3).await);
    settle(&*store, b).await;
    let again = claimed(&*store, 4).await;
    assert_eq!((key(&again), again.work().attempts), ("a", 0));
    assert!(nothing_due(&*store, 4).await);
    settle(&*store, again).await;
    assert_eq!(key(&claimed(&*store, 5).await), "c");
}

pub(crate) async fn only_dead_letters_are_requeued_or_dropped(db: &dyn Database) {
    let store = db.open();
    store.accept(&delivery("acme", "a", 7), at(0)).await.unwrap();
    let a = buried(&*store, 1).await;
    assert!(!store.requeue(a + 1000, at(2)).await.unwrap());
    assert!(!store.drop_dead(a + 1000).await.unwrap());
    assert!(store.requeue(a, at(2)).await.unwrap());
    assert!(!store.drop_dead(a).await.unwrap());
    assert!(store.dead_letter(a).await.unwrap().is_none());

    assert_eq!(buried(&*store, 3).await, a);
    assert!(store.drop_dead(a).await.unwrap());
    assert!(!store.drop_dead(a).await.unwrap());
    assert!(store.dead(&Default::default()).await.unwrap().is_empty());
    // Forgotten for good: its key is new again, its number is never given to another one.
    assert_eq!(store.accept(&delivery("acme", "a", 7), at(4)).await.unwrap(), Accepted::New);
    assert_ne!(buried(&*store, 5).await, a);
}

pub(crate) async fn waking_an_account_ends_its_postponements_only(db: &dyn Database) {
    let store = db.open();
    for (account, key, ticket) in [("acme", "a", 1), ("acme", "b", 2), ("acme-eu", "c", 1), ("acme", "d", 3)]
    {
        store.accept(&delivery(account, key, ticket), at(0)).await.unwrap();
    }
    for _ in 0..3 {
        store.postpone(claimed(&*store, 1).await, at(500), false, "credentials").await.unwrap();
    }
    let d = claimed(&*store, 1).await;
    assert_eq!(store.wake("acme", at(2)).await.unwrap(), 2);
    assert_eq!(key(&claimed(&*store, 2).await), "a");
    assert_eq!(key(&claimed(&*store, 2).await), "b");
    assert!(nothing_due(&*store, 2).await);
    assert_eq!(store.wake("acme", at(3)).await.unwrap(), 0);
    assert_eq!(store.wake("nobody", at(3)).await.unwrap(), 0);
    settle(&*store, d).await;
}

pub(crate) async fn depth_and_the_next_wake_up_are_told(db: &dyn Database) {
    let store = db.open();
    assert_eq!(store.depth().await.unwrap(), Default::default());
    assert_eq!(store.next_due().await.unwrap(), None);
    store.accept(&delivery("acme", "a", 1), at(1)).await.unwrap();
    store.accept(&delivery("acme", "b", 2), at(2)).await.unwrap();
    store.accept(&delivery("acme", "c", 2), at(3)).await.unwrap();
    store.accept(&unreadable("acme", "d"), at(0)).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(at(1)));
    let a = claimed(&*store, 4).await;
    let depth = store.depth().await.unwrap();
    assert_eq!((depth.pending, depth.claimed, depth.dead, depth.oldest), (3, 1, 1, Some(at(1))));
    assert_eq!(store.next_due().await.unwrap(), Some(at(2)));
    settle(&*store, a).await;
    let depth = store.depth().await.unwrap();
    assert_eq!((depth.pending, depth.claimed, depth.dead, depth.oldest), (2, 0, 1, Some(at(2))));
    store.postpone(claimed(&*store, 4).await, at(99), true, "later").await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(at(99)));
}

pub(crate) async fn a_store_that_works_says_so(db: &dyn Database) {
    let store = db.open();
    store.probe().await.unwrap();
    store.probe().await.unwrap();
}

pub(crate) async fn another_process_may_requeue(db: &dyn Database) {
    let (daemon, command) = (db.open(), db.open());
    daemon.accept(&delivery("acme", "a", 7), at(0)).await.unwrap();
    let id = buried(&*daemon, 1).await;
    assert_eq!(command.dead(&Default::default()).await.unwrap().len(), 1);
    assert!(command.requeue(id, at(2)).await.unwrap());
    assert_eq!(daemon.next_due().await.unwrap(), Some(at(2)));
    settle(&*daemon, claimed(&*daemon, 2).await).await;
    assert_eq!(command.decisions(&Default::default()).await.unwrap().len(), 1);
}

pub(crate) async fn what_was_put_off_by_a_wrong_clock_is_taken_when_it_is_right(db: &dyn Database) {
    let store = db.open();
    let day = 24 * 3600;
    // The clock is a day ahead: one delivery comes in, one is postponed and one is being worked on.
    for (n, key) in ["late", "postponed", "held"].into_iter().enumerate() {
        let received = if key == "late" { day } else { 0 };
        store.accept(&delivery("acme", key, u32::try_from(n).unwrap() + 1), at(received)).await.unwrap();
    }
    let claim = claimed(&*store, 0).await;
    assert_eq!(claim.work().key.as_str(), "postponed");
    store.postpone(claim, at(day + 60), false, "slow down").await.unwrap();
    let held = store.claim(at(day), Duration::from_secs(30)).await.unwrap().unwrap();
    // It is set right. Nothing waits for a day, in whatever order it is taken.
    let mut taken = Vec::new();
    while let Some(claim) = store.claim(at(10), Duration::from_secs(30)).await.unwrap() {
        taken.push(claim.work().key.as_str().to_owned());
        store.settle(claim, &entry("acme", 1, taken.last().unwrap(), at(10))).await.unwrap();
    }
    taken.sort();
    assert_eq!(taken, ["held", "late", "postponed"]);
    // Whoever held it by the wrong clock is told.
    let late = store.settle(held, &entry("acme", 3, "held", at(11))).await;
    assert!(matches!(late, Err(Error::LostClaim)), "{late:?}");
    // A wait that is none too long is waited for.
    store.accept(&delivery("acme", "soon", 9), at(10)).await.unwrap();
    let claim = store.claim(at(10), Duration::from_secs(30)).await.unwrap().unwrap();
    store.postpone(claim, at(3600), false, "slow down").await.unwrap();
    assert!(store.claim(at(20), Duration::from_secs(30)).await.unwrap().is_none());
}
