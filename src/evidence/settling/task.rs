//! The task that reads what agents settled on: reads only, a few tickets at a time, and never in the way of triage.
//!
//! A ticket is first looked at an hour after its decision and then at doubling distances, until it is solved or nobody has
//! touched it for the settling time. Where we wrote something, people get the whole settling time to object.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use deskbridge_connectors::Refusal;
use deskbridge_connectors::settled::Settled;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{FIRST_LOOK, Reading, Readings, Sources, keep};
use crate::clock::Clock;
use crate::domain::label_modes::Demotion;
use crate::domain::outcome::EffectOutcome;
use crate::evidence::gather::Pace;
use crate::evidence::promotion::{Fall, LabelWrites, Warden};
use crate::platform::account::Account;
use crate::platform::{Calls, Standing, Stopped};
use crate::settings::heads::Heads;
use crate::store::{self, Store, Unsettled};

/// Tickets taken from the store at once.
const BATCH: u32 = 100;

/// What the task works with.
pub struct Settling {
    /// Where decisions wait for their agents' values.
    pub store: Arc<dyn Store>,
    /// The accounts, by name.
    pub accounts: HashMap<String, Arc<Account>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// A ticket that nobody touched for so long has settled.
    pub after: Duration,
    /// How often the store is asked what is due.
    pub every: Duration,
    /// By account: where the agents' own choice of each head is found.
    pub sources: Sources,
    /// Whom to tell of labels that people override too often.
    pub warden: Arc<Warden>,
    /// How often they may.
    pub fall: Fall,
}

/// Runs until `shutdown`.
pub async fn run(settling: Settling, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        let round = async {
            let kept = settling.round().await?;
            if kept > 0 {
                settling.judge_labels().await?;
            }
            Ok::<_, store::Error>(kept)
        };
        match shutdown.run_until_cancelled(round).await {
            Some(Ok(kept)) if kept > 0 => tracing::info!(kept, "settled values were kept"),
            Some(Err(error)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "settled values cannot be kept");
            }
            _ => {}
        }
        let _ = shutdown.run_until_cancelled(tokio::time::sleep(settling.every)).await;
    }
}

/// What shall become of a ticket that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Settled,
    Later(Timestamp),
}

impl Settling {
    /// Looks at everything that is due. Returns how many tickets have settled.
    ///
    /// # Errors
    /// When the store cannot be used; what was kept by then stays kept.
    pub async fn round(&self) -> Result<usize, store::Error> {
        let mut kept = 0;
        loop {
            let now = self.clock.now();
            let due = self.store.unsettled(now, BATCH).await?;
            for ticket in &due {
                kept += usize::from(self.settle(ticket, now).await?);
            }
            // Every ticket of a batch was put off, kept or given up, so the next batch is another one.
            if due.is_empty() {
                return Ok(kept);
            }
        }
    }

    /// Lets the live labels fall that people override too often: durably, and loudly.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub async fn judge_labels(&self) -> Result<Vec<Demotion>, store::Error> {
        let Some(promotions) = self.warden.promotions() else { return Ok(Vec::new()) };
        let gate = Arc::clone(&self.warden.gate().borrow());
        let mut writes = LabelWrites::new(&promotions, &gate, self.fall);
        let Some(since) = writes.since() else { return Ok(Vec::new()) };
        let readings = Readings { store: Arc::clone(&self.store), sources: self.sources.clone() };
        readings
            .newest_writes(Some(since), Pace::Background, |seen| {
                writes.add(seen);
                if writes.is_full() { Reading::Enough } else { Reading::More }
            })
            .await?;
        let fallen = writes.falls(self.clock.now());
        for fall in &fallen {
            self.store.demote(fall).await?;
            self.warden.demote(fall.clone());
            metrics::counter!("deskbridge_demotions_total", "head" => fall.head.clone(), "label" => fall.label.clone())
                .increment(1);
            let (head, label, reason) = (&fall.head, &fall.label, &fall.reason);
            tracing::error!(
                head,
                label,
                reason,
                "a live label fell back to shadow; promote it again when it is mended"
            );
        }
        Ok(fallen)
    }

    async fn settle(&self, of: &Unsettled, now: Timestamp) -> Result<bool, store::Error> {
        let Some(account) = self.accounts.get(&of.ticket.account) else {
            // Its account may come back to the settings.
            self.store.settle_later(of, later(now, self.after)).await?;
            return Ok(false);
        };
        let wait = match account.line.standing() {
            Standing::Open => None,
            Standing::Paused(wait) | Standing::LockedOut(wait) | Standing::Tripped(wait) => Some(wait),
        };
        if let Some(wait) = wait {
            self.store.settle_later(of, later(now, wait.max(self.every))).await?;
            return Ok(false);
        }
        let mut calls = Calls::new();
        let names = match account.names_for(&of.ticket.ticket, &mut calls).await {
            Ok(names) => names,
            Err(_) => {
                self.store.settle_later(of, later(now, self.every)).await?;
                return Ok(false);
            }
        };
        match account.line.settled(&of.ticket.ticket, &names, &mut calls).await {
            Ok(found) => {
                let wrote =
                    self.store.history(&of.ticket).await?.entries.into_iter().find(|entry| {
                        entry.effects.iter().any(|effect| effect.state == EffectOutcome::Applied)
                    });
                match judge(&found, of.since, wrote.map(|entry| entry.decided_at), self.after, now) {
                    Verdict::Later(due) => self.store.settle_later(of, due).await.map(|()| false),
                    Verdict::Settled => {
                        let heads = self.sources.get(&of.ticket.account);
                        let watched = heads.map(Heads::fields).unwrap_or_default();
                        let kept = keep(&found, &names, &watched, now);
                        self.store.keep_settled(of, &kept).await.map(|()| true)
                    }
                }
            }
            Err(Stopped::Refused(Refusal::Gone)) => self.store.never_settled(of).await.map(|()| false),
            Err(stopped) => {
                tracing::debug!(account = of.ticket.account, ?stopped, "settled values cannot be read now");
                self.store.settle_later(of, later(now, self.every.max(FIRST_LOOK))).await.map(|()| false)
            }
        }
    }
}

/// Whether a ticket has settled, and when to look again if it has not.
fn judge(
    found: &Settled,
    since: Timestamp,
    wrote: Option<Timestamp>,
    after: Duration,
    now: Timestamp,
) -> Verdict {
    if let Some(objections_end) = wrote.map(|at| later(at, after)).filter(|end| now < *end) {
        return Verdict::Later(objections_end);
    }
    if found.closed_at.is_some() {
        return Verdict::Settled;
    }
    let changes = found.changes.iter().map(|change| change.at);
    let touched = changes.chain(found.touched_at).chain([since]).max().unwrap_or(since);
    let quiet = later(touched, after);
    if now >= quiet {
        return Verdict::Settled;
    }
    let elapsed = Duration::try_from(now.duration_since(since)).unwrap_or_default().max(FIRST_LOOK);
    Verdict::Later(later(now, elapsed).min(quiet))
}

/// `at` plus `wait`; the end of time instead of an overflow.
fn later(at: Timestamp, wait: Duration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
