//! The workers: claim → look → triage → act → settle, as many at a time as configured.
//!
//! A worker that finds nothing sleeps until a delivery arrives or the next postponed one is due; it does not poll. Work
//! runs in a task of its own, so that a panic buries one delivery and nothing else. While work goes on its lease is
//! renewed; when the lease is lost, the work is dropped, because somebody else has it.

pub mod heard;
pub mod sweep;

mod answers;
mod record;
mod urgency;
mod work;

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use deskbridge_connectors::{Later, Write};
use jiff::Timestamp;
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::domain::label_modes::LabelModes;
use crate::domain::outcome::Entry;
use crate::inference::brain::Brain;
use crate::platform::account::Account;
use crate::platform::{Journal, Standing, retry};
use crate::store::{self, Claim, JournalEntry, Store};
pub use urgency::Urgency;

/// What all workers share.
pub struct Crew {
    /// Where work comes from.
    pub store: Arc<dyn Store>,
    /// The accounts, by name.
    pub accounts: HashMap<String, Arc<Account>>,
    /// What decides; replaced on reload.
    pub brain: watch::Receiver<Arc<Brain>>,
    /// How far each label may go; replaced on reload and when a label falls.
    pub gate: watch::Receiver<Arc<LabelModes>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Rung at the door for each delivery that was kept.
    pub arrived: Arc<Notify>,
    /// How long a claim is ours before it must be renewed.
    pub lease: Duration,
    /// How long and how often work is tried.
    pub patience: retry::Patience,
    /// Who goes first where not all can.
    pub urgency: Urgency,
    /// The messages of conversations whose words come with deliveries alone.
    pub heard: Arc<heard::Conversations>,
}

/// A worker looks at the inbox at least this often, because another process may have requeued a dead letter.
const LONGEST_SLEEP: Duration = Duration::from_secs(2);

/// How long a delivery waits for which its account has no free worker.
const CROWDED: Duration = Duration::from_secs(1);

/// What shall become of a claim.
#[derive(Debug)]
enum Verdict {
    Settle(Box<Entry>),
    Later(Later, String),
    Bury(String),
    /// The store could not journal: leave the claim to its lease.
    Leave(store::Error),
}

impl Crew {
    /// Starts `count` workers for each account on `tracker`. They end when `shutdown` is cancelled and the work in hand is done.
    ///
    /// Any worker takes up any account's work, but no account holds more than `count` of them at once: one whose platform hangs
    /// leaves the others theirs.
    pub fn start(self: &Arc<Self>, count: usize, tracker: &TaskTracker, shutdown: &CancellationToken) {
        let places = self.accounts.keys().map(|account| (account.clone(), Semaphore::new(count)));
        let places: Arc<HashMap<String, Semaphore>> = Arc::new(places.collect());
        for _ in 0..count * self.accounts.len().max(1) {
            let (crew, places, shutdown) = (Arc::clone(self), Arc::clone(&places), shutdown.clone());
            tracker.spawn(async move { crew.run(&places, &shutdown).await });
        }
    }

    async fn run(&self, places: &HashMap<String, Semaphore>, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            let Some(claim) = self.next(shutdown).await else { continue };
            let place = places.get(&claim.work().account).map(Semaphore::try_acquire);
            match place {
                Some(Err(_)) => self.crowded(claim).await,
                Some(Ok(_)) | None => self.handle(claim).await,
            }
        }
    }

    /// All of the account's workers are at work. Put back for so long that the inbox is not turned over again and again meanwhile.
    async fn crowded(&self, claim: Claim) {
        let account = claim.work().account.clone();
        let until = add(self.clock.now(), CROWDED);
        if let Err(error) =
            self.store.postpone(claim, until, false, "the account's workers are all at work").await
        {
            tracing::error!(account, error = &error as &dyn std::error::Error, "the inbox took nothing back");
        }
    }

    /// The next claim; `None` after a sleep that ended for whatever reason.
    async fn next(&self, shutdown: &CancellationToken) -> Option<Claim> {
        // Registered before the inbox is asked: without `enable`, two deliveries that arrive in between leave one
        // permit, and one of them waits for the end of a nap. A ring that is not waited for goes to another worker.
        let mut arrived = pin!(self.arrived.notified());
        arrived.as_mut().enable();
        let nap = match self.store.claim(self.clock.now(), self.lease).await {
            Ok(Some(claim)) => return Some(claim),
            Ok(None) => self.nap().await,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the inbox cannot be read");
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                    () = shutdown.cancelled() => {}
                }
                return None;
            }
        };
        tokio::select! {
            () = arrived => {}
            () = tokio::time::sleep(nap) => {}
            () = shutdown.cancelled() => {}
        }
        None
    }

    async fn nap(&self) -> Duration {
        match self.store.next_due().await {
            Ok(Some(due)) => until(self.clock.now(), due).clamp(Duration::from_millis(5), LONGEST_SLEEP),
            _ => LONGEST_SLEEP,
        }
    }

    async fn handle(&self, claim: Claim) {
        let account = self.accounts.get(&claim.work().account).cloned();
        let Some(account) = account else {
            let why = format!("account `{}` is not in the settings any more", claim.work().account);
            return self.spend(claim, Verdict::Bury(why)).await;
        };
        // A lapsed lease counts as an attempt, so work that takes the whole process down comes to an end too.
        if claim.work().attempts >= self.patience.max_attempts {
            let why = format!("taken up {} times and never finished", claim.work().attempts);
            return self.spend(claim, Verdict::Bury(why)).await;
        }
        match account.line.standing() {
            Standing::Open => {}
            Standing::Paused(wait) => {
                let brain = Arc::clone(&self.brain.borrow());
                let wait = wait + self.urgency.behind(&claim, &account, &brain).await;
                return self.spend(claim, wait_for(wait, "the account's budget is used up")).await;
            }
            Standing::LockedOut(wait) => {
                let why = "the platform does not accept the account's credentials";
                return self.spend(claim, wait_for(wait, why)).await;
            }
            Standing::Tripped(wait) => {
                return self.spend(claim, wait_for(wait, "the platform gives no usable answers")).await;
            }
        }
        let claim = Arc::new(claim);
        account.line.begun();
        let verdict = self.watch(&claim, Arc::clone(&account)).await;
        account.line.ended(match &verdict {
            Some(Verdict::Settle(entry)) => entry.calls.len(),
            _ => 0,
        });
        // While the platform is down for everybody, it is no attempt of this delivery's.
        let verdict = match (verdict, account.line.tripped()) {
            (Some(Verdict::Later(Later::Failed, why)), Some(wait)) => Some(wait_for(wait, &why)),
            (verdict, _) => verdict,
        };
        if account.line.take_restored() {
            let woken = self.store.wake(account.line.account(), self.clock.now()).await;
            tracing::info!(
                account = account.line.account(),
                woken = woken.unwrap_or_default(),
                "waiting work goes on"
            );
        }
        // The task that shared the claim has ended, whichever way.
        if let (Some(verdict), Some(claim)) = (verdict, Arc::into_inner(claim)) {
            self.spend(claim, verdict).await;
        }
    }

    /// Runs the work in its own task and renews the lease meanwhile. `None` when the lease was lost.
    async fn watch(&self, claim: &Arc<Claim>, account: Arc<Account>) -> Option<Verdict> {
        let journal = ClaimJournal {
            store: Arc::clone(&self.store),
            claim: Arc::clone(claim),
            clock: Arc::clone(&self.clock),
        };
        let brain = Arc::clone(&self.brain.borrow());
        let gate = Arc::clone(&self.gate.borrow());
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let (work, heard) = (claim.work().clone(), Arc::clone(&self.heard));
        let mut task = tokio::spawn(async move {
            let desk = work::Desk {
                account: &account,
                brain: &brain,
                gate: &gate,
                store: &*store,
                clock: &*clock,
                heard: &heard,
            };
            desk.work(&work, &journal).await
        });
        let mut renewal = tokio::time::interval(self.lease / 3);
        renewal.tick().await;
        loop {
            tokio::select! {
                done = &mut task => return Some(done.unwrap_or_else(|failure| {
                    tracing::error!(account = claim.work().account, "work on a delivery panicked");
                    metrics::counter!("deskbridge_panics_total").increment(1);
                    drop(failure);
                    Verdict::Bury("a fault in deskbridge (panic); please report it".into())
                })),
                _ = renewal.tick() => {
                    let until = add(self.clock.now(), self.lease);
                    if let Err(store::Error::LostClaim) = self.store.renew(claim, until).await {
                        tracing::warn!(account = claim.work().account, "a lease was lost; the work is dropped");
                        task.abort();
                        let _ = (&mut task).await;
                        return None;
                    }
                }
            }
        }
    }

    async fn spend(&self, claim: Claim, verdict: Verdict) {
        let now = self.clock.now();
        let account = claim.work().account.clone();
        let spent = match verdict {
            // Counted once it is on disk: work that comes back is not counted twice.
            Verdict::Settle(entry) => self.store.settle(claim, &entry).await.map(|_| record::count(&entry)),
            Verdict::Later(later, why) => self.put_off(claim, later, &why, now).await,
            Verdict::Bury(why) => self.bury(claim, &why, now).await,
            Verdict::Leave(error) => Err(error),
        };
        if let Err(error) = spent {
            let error = &error as &dyn std::error::Error;
            tracing::error!(
                account,
                error,
                "the inbox did not take the result; the lease will bring the work back"
            );
        }
    }

    async fn put_off(
        &self,
        claim: Claim,
        later: Later,
        why: &str,
        now: Timestamp,
    ) -> Result<(), store::Error> {
        let age = until(claim.work().received_at, now);
        match retry::judge(later, claim.work().attempts, age, self.patience, fastrand::f64()) {
            retry::Verdict::Again { after, counted } => {
                let (account, after_ms) = (&claim.work().account, after.as_millis());
                tracing::info!(account, after_ms, counted, why, "postponed");
                self.store.postpone(claim, add(now, after), counted, why).await
            }
            retry::Verdict::GiveUp(bound) => self.bury(claim, &format!("{why}; {bound}"), now).await,
        }
    }

    async fn bury(&self, claim: Claim, why: &str, now: Timestamp) -> Result<(), store::Error> {
        tracing::warn!(account = claim.work().account, why, "a delivery became a dead letter");
        self.store.bury(claim, why, now).await
    }
}

fn wait_for(wait: Duration, why: &str) -> Verdict {
    Verdict::Later(Later::Busy { after: Some(wait) }, why.to_owned())
}

/// Journals the writes of one claim.
struct ClaimJournal {
    store: Arc<dyn Store>,
    claim: Arc<Claim>,
    clock: Arc<dyn Clock>,
}

#[async_trait::async_trait]
impl Journal for ClaimJournal {
    async fn about_to(&self, write: &Write) -> Result<(), store::Error> {
        let entry = JournalEntry {
            method: write.verb.as_str().to_owned(),
            path: write.path.as_str().to_owned(),
            at: self.clock.now(),
        };
        self.store.journal(&self.claim, &entry).await
    }
}

/// The time from `now` to `due`; nothing when it has passed.
fn until(now: Timestamp, due: Timestamp) -> Duration {
    Duration::try_from(due.duration_since(now)).unwrap_or(Duration::ZERO)
}

/// `now` plus `wait`; the end of time instead of an overflow.
fn add(now: Timestamp, wait: Duration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}
