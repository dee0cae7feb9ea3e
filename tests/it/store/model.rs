//! Random histories against a model: whatever happens in whatever order, nothing accepted is lost or done twice.
//!
//! The model is a list of deliveries and, for each ticket, a moment until which it rests. It does not say which of
//! several due tickets is taken, since that is each backend's own affair.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use deskbridge::store::{Accepted, Claim, Error, JournalEntry, Store};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use super::Database;
use super::fixture::{at, delivery, entry, unreadable};
use super::step::{Step, step};

const LEASE: i64 = 60;
const ACCOUNTS: [&str; 2] = ["acme", "acme-eu"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Pending,
    Claimed,
    Settled,
    Dead,
}

/// A delivery as the model sees it.
#[derive(Clone, Debug)]
struct Kept {
    account: usize,
    key: String,
    lane: String,
    state: State,
    attempts: u32,
    wrote: bool,
    received: i64,
    /// How often it was claimed.
    epoch: u32,
}

#[derive(Debug)]
struct Held {
    claim: Claim,
    kept: usize,
    epoch: u32,
}

/// The store under test beside what it should be.
struct Run<'a> {
    database: &'a dyn Database,
    store: Arc<dyn Store>,
    now: i64,
    /// In order of arrival; `None` where a dead letter was dropped.
    kept: Vec<Option<Kept>>,
    resting: BTreeMap<String, i64>,
    held: Vec<Held>,
    settled: usize,
}

/// Runs random histories on fresh databases.
pub(crate) fn histories_agree<D: Database>(new: impl Fn() -> D) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let config = Config { cases: 64, failure_persistence: None, ..Config::default() };
    let steps = prop::collection::vec(step(), 1..80);
    TestRunner::new(config)
        .run(&steps, |steps| {
            let database = new();
            runtime.block_on(async {
                let store = database.open();
                let mut run = Run {
                    database: &database,
                    store,
                    now: 0,
                    kept: Vec::new(),
                    resting: BTreeMap::new(),
                    held: Vec::new(),
                    settled: 0,
                };
                for step in steps {
                    run.take(step).await;
                    run.compare().await;
                }
                run.drain().await;
            });
            Ok(())
        })
        .unwrap();
}

impl Run<'_> {
    async fn take(&mut self, step: Step) {
        match step {
            Step::Accept { account, key, ticket } => {
                let given = delivery(ACCOUNTS[account], &format!("k{key}"), ticket);
                let lane = format!("{account}/{ticket}");
                self.accept(&given, account, key, lane, State::Pending).await;
            }
            Step::Unreadable { account, key } => {
                let given = unreadable(ACCOUNTS[account], &format!("k{key}"));
                self.accept(&given, account, key, format!("{account}/!{key}"), State::Dead).await;
            }
            Step::Claim => _ = self.claim().await,
            Step::Renew(index, seconds) => self.renew(index, seconds).await,
            Step::Journal(index) => self.journal(index).await,
            Step::Settle(index) => {
                let Some(held) = self.spend(index) else { return };
                let line = entry("acme", 7, held.claim.work().key.as_str(), self.moment());
                let answer = self.store.settle(held.claim, &line).await.map(drop);
                if self.agrees(held.kept, held.epoch, answer) {
                    self.settled += 1;
                    self.leave(held.kept, State::Settled);
                }
            }
            Step::Postpone(index, seconds, counted) => {
                let Some(held) = self.spend(index) else { return };
                let until = at(self.now + seconds);
                let answer = self.store.postpone(held.claim, until, counted, "busy").await;
                if self.agrees(held.kept, held.epoch, answer) {
                    let kept = self.kept[held.kept].as_mut().unwrap();
                    kept.state = State::Pending;
                    kept.attempts += u32::from(counted);
                    self.resting.insert(kept.lane.clone(), self.now + seconds);
                }
            }
            Step::Bury(index) => {
                let Some(held) = self.spend(index) else { return };
                let answer = self.store.bury(held.claim, "given up", self.moment()).await;
                if self.agrees(held.kept, held.epoch, answer) {
                    self.leave(held.kept, State::Dead);
                }
            }
            Step::Forget(index) => drop(self.spend(index)),
            Step::Requeue(index) => self.requeue(index).await,
            Step::Drop(index) => {
                let Some((id, kept)) = self.dead_one(index).await else { return };
                assert!(self.store.drop_dead(id).await.unwrap());
                assert!(!self.store.drop_dead(id).await.unwrap());
                self.kept[kept] = None;
            }
            Step::Wake(account) => self.wake(account).await,
            Step::Pass(seconds) => self.now += seconds,
            Step::Restart => {
                // Nothing is told to the store: its claims are found when their leases have ended.
                self.held.clear();
                self.store = self.database.open();
            }
        }
    }

    async fn accept(
        &mut self,
        given: &deskbridge_connectors::VerifiedDelivery,
        account: usize,
        key: u8,
        lane: String,
        state: State,
    ) {
        let key = format!("k{key}");
        let known = self.kept.iter().flatten().any(|kept| kept.account == account && kept.key == key);
        let expected = match state {
            _ if known => Accepted::Known,
            State::Dead => Accepted::Dead,
            _ => Accepted::New,
        };
        assert_eq!(self.store.accept(given, self.moment()).await.unwrap(), expected);
        if known {
            return;
        }
        if state == State::Pending && self.head(&lane).is_none() {
            self.resting.insert(lane.clone(), self.now);
        }
        let received = self.now;
        let kept = Kept { account, key, lane, state, attempts: 0, wrote: false, received, epoch: 0 };
        self.kept.push(Some(kept));
    }

    /// Claims, and says whether there was something.
    async fn claim(&mut self) -> bool {
        let due: BTreeSet<usize> = self.lanes().into_iter().filter_map(|lane| self.due(&lane)).collect();
        let lease = Duration::from_secs(LEASE.unsigned_abs());
        let Some(claim) = self.store.claim(self.moment(), lease).await.unwrap() else {
            assert!(due.is_empty(), "nothing was claimed though {due:?} are due");
            return false;
        };
        let work = claim.work();
        let which = self
            .kept
            .iter()
            .position(|kept| kept.as_ref().is_some_and(|kept| same(kept, &work.account, work.key.as_str())))
            .expect("a delivery that was accepted");
        assert!(due.contains(&which), "{which} was claimed, due are {due:?}");
        let kept = self.kept[which].as_mut().unwrap();
        kept.attempts += u32::from(kept.state == State::Claimed);
        kept.state = State::Claimed;
        kept.epoch += 1;
        assert_eq!((work.attempts, work.wrote_before), (kept.attempts, kept.wrote));
        assert_eq!((work.received_at, work.lease_until), (at(kept.received), at(self.now + LEASE)));
        assert_eq!(work.notice.is_none(), kept.lane.contains('!'));
        self.resting.insert(kept.lane.clone(), self.now + LEASE);
        self.held.push(Held { claim, kept: which, epoch: kept.epoch });
        true
    }

    async fn renew(&mut self, index: Index, seconds: i64) {
        let Some(held) = self.pick(index) else { return };
        let answer = self.store.renew(&held.claim, at(self.now + seconds)).await;
        let (which, epoch) = (held.kept, held.epoch);
        if self.agrees(which, epoch, answer) {
            let lane = self.kept[which].as_ref().unwrap().lane.clone();
            self.resting.insert(lane, self.now + seconds);
        }
    }

    async fn journal(&mut self, index: Index) {
        let Some(held) = self.pick(index) else { return };
        let write = JournalEntry { method: "PUT".to_owned(), path: "/x".to_owned(), at: self.moment() };
        let answer = self.store.journal(&held.claim, &write).await;
        let (which, epoch) = (held.kept, held.epoch);
        if self.agrees(which, epoch, answer) {
            self.kept[which].as_mut().unwrap().wrote = true;
        }
    }

    async fn requeue(&mut self, index: Index) {
        let Some((id, which)) = self.dead_one(index).await else { return };
        assert!(self.store.requeue(id, self.moment()).await.unwrap());
        assert!(!self.store.requeue(id, self.moment()).await.unwrap());
        let lane = self.kept[which].as_ref().unwrap().lane.clone();
        let first = match self.head(&lane) {
            None => true,
            Some(head) => {
                which < head && self.kept[head].as_ref().is_some_and(|kept| kept.state == State::Pending)
            }
        };
        let now = self.now;
        if first {
            let was = if self.head(&lane).is_some() { self.resting[&lane] } else { now };
            self.resting.insert(lane, was.min(now));
        }
        let kept = self.kept[which].as_mut().unwrap();
        (kept.state, kept.attempts) = (State::Pending, 0);
    }

    async fn wake(&mut self, account: usize) {
        let mut woken = 0;
        for lane in self.lanes() {
            let Some(head) = self.head(&lane).and_then(|head| self.kept[head].as_ref()) else { continue };
            let rests = self.resting[&lane] > self.now && head.state == State::Pending;
            if rests && head.account == account {
                woken += 1;
                self.resting.insert(lane, self.now);
            }
        }
        assert_eq!(self.store.wake(ACCOUNTS[account], self.moment()).await.unwrap(), woken);
    }

    /// What can be asked at any time agrees with the model.
    async fn compare(&self) {
        let in_state = |state| self.kept.iter().flatten().filter(move |kept| kept.state == state);
        let claimed = in_state(State::Claimed).count();
        let waiting = in_state(State::Pending).count() + claimed;
        let depth = self.store.depth().await.unwrap();
        assert_eq!((depth.pending, depth.claimed), (waiting as u64, claimed as u64));
        let live = |kept: &&Kept| matches!(kept.state, State::Pending | State::Claimed);
        assert_eq!(depth.oldest, self.kept.iter().flatten().find(live).map(|kept| at(kept.received)));
        let dead: Vec<_> = in_state(State::Dead).map(|kept| kept.key.clone()).collect();
        let found: Vec<_> =
            self.store.dead(&Default::default()).await.unwrap().into_iter().map(|it| it.delivery).collect();
        assert_eq!((depth.dead, found), (dead.len() as u64, dead));
        let due = self.lanes().iter().map(|lane| at(self.resting[lane])).min();
        assert_eq!(self.store.next_due().await.unwrap(), due);
    }

    /// Lets every lease end and works off what is left, in order.
    async fn drain(&mut self) {
        loop {
            self.now += 1000;
            if !self.claim().await {
                break;
            }
            let newest = self.held.len() - 1;
            let held = self.held.remove(newest);
            let line = entry("acme", 7, held.claim.work().key.as_str(), self.moment());
            self.store.settle(held.claim, &line).await.unwrap();
            self.settled += 1;
            self.leave(held.kept, State::Settled);
            self.compare().await;
        }
        let ended = |kept: &Kept| matches!(kept.state, State::Settled | State::Dead);
        assert!(self.kept.iter().flatten().all(ended), "something accepted is lost");
        assert_eq!(self.store.decisions(&Default::default()).await.unwrap().len(), self.settled);
    }

    fn moment(&self) -> Timestamp {
        at(self.now)
    }

    /// Tickets with work.
    fn lanes(&self) -> BTreeSet<String> {
        let live = |kept: &&Kept| matches!(kept.state, State::Pending | State::Claimed);
        self.kept.iter().flatten().filter(live).map(|kept| kept.lane.clone()).collect()
    }

    /// The delivery of a ticket whose turn it is: the claimed one, else the oldest.
    fn head(&self, lane: &str) -> Option<usize> {
        let find = |state| {
            self.kept
                .iter()
                .position(|kept| kept.as_ref().is_some_and(|kept| kept.lane == lane && kept.state == state))
        };
        find(State::Claimed).or_else(|| find(State::Pending))
    }

    fn due(&self, lane: &str) -> Option<usize> {
        self.head(lane).filter(|_| self.resting[lane] <= self.now)
    }

    /// After a delivery has ended, the next one of its ticket has been waiting since it came.
    fn leave(&mut self, which: usize, state: State) {
        let kept = self.kept[which].as_mut().unwrap();
        kept.state = state;
        kept.wrote &= state == State::Dead;
        let lane = kept.lane.clone();
        if let Some(next) = self.head(&lane) {
            let received = self.kept[next].as_ref().unwrap().received;
            self.resting.insert(lane, received);
        }
    }

    fn pick(&self, index: Index) -> Option<&Held> {
        (!self.held.is_empty()).then(|| index.get(&self.held))
    }

    fn spend(&mut self, index: Index) -> Option<Held> {
        (!self.held.is_empty()).then(|| self.held.remove(index.index(self.held.len())))
    }

    /// Whether the store took it; it must exactly when the claim is the delivery's newest and unspent.
    fn agrees(&self, which: usize, epoch: u32, answer: Result<(), Error>) -> bool {
        let owner =
            self.kept[which].as_ref().is_some_and(|kept| kept.state == State::Claimed && kept.epoch == epoch);
        match answer {
            Ok(()) => assert!(owner, "a stale claim was taken"),
            Err(Error::LostClaim) => assert!(!owner, "the owner was told that its claim is lost"),
            Err(error) => panic!("{error}"),
        }
        owner
    }

    /// A dead letter, by the store's number and the model's.
    async fn dead_one(&self, index: Index) -> Option<(i64, usize)> {
        let letters = self.store.dead(&Default::default()).await.unwrap();
        let letter = (!letters.is_empty()).then(|| index.get(&letters))?;
        let which = self
            .kept
            .iter()
            .position(|kept| kept.as_ref().is_some_and(|kept| same(kept, &letter.account, &letter.delivery)));
        Some((letter.id, which.expect("a dead letter that was accepted")))
    }
}

fn same(kept: &Kept, account: &str, key: &str) -> bool {
    ACCOUNTS[kept.account] == account && kept.key == key
}
