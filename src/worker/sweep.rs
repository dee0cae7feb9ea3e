//! Looks each platform through, now and then, for tickets whose webhook never came: a platform gives up after some tries, suspends a
//! webhook, or was told another address for an hour.
//!
//! What is found goes through the same inbox as everything else, under a key of its own, once for ever. How far a platform was
//! looked through is kept, and moves on only when everything that was found is on disk: a restart leaves no gap. Each look
//! begins a little before the last one ended, because listings lag behind, and ends a little before the present, because
//! webhooks are late. The first look begins at the first start, not in the account's past. Reads only, in shadow mode too, and not while an account's budget or credentials forbid.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use deskbridge_connectors::AccountId;
use deskbridge_connectors::settled::{Listing, Window};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::domain::decision::TicketKey;
use crate::platform::account::Account;
use crate::platform::{Calls, Standing, Stopped};
use crate::store::{self, Accepted, Store};
use crate::telemetry::names;

/// How far a look reaches back before the end of the last one: search indexes lag minutes behind, and clocks differ.
const OVERLAP: SignedDuration = SignedDuration::from_mins(15);
/// More pages than any look needs; ends a listing that never ends.
const MOST_PAGES: usize = 1_000;

/// What the sweep works with.
pub struct Sweep {
    /// Where what is found goes.
    pub store: Arc<dyn Store>,
    /// The accounts, by name.
    pub accounts: HashMap<String, Arc<Account>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Rung for each ticket that was found.
    pub arrived: Arc<Notify>,
    /// How often each platform is looked through.
    pub every: Duration,
    /// The delay that a webhook may have. Younger tickets are not searched for.
    pub lag: Duration,
}

/// Why a look ended early; the next one begins where this one did.
#[derive(Debug, thiserror::Error)]
enum Cut {
    #[error("the platform's listing could not be read: {}", .0.about_a_listing())]
    Platform(Stopped),
    #[error("the store cannot be used")]
    Store(#[from] store::Error),
    #[error("the account's name is none")]
    Name,
}

/// Runs until `shutdown`.
pub async fn run(sweep: Sweep, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        if shutdown.run_until_cancelled(sweep.round()).await.is_none() {
            return;
        }
        let _ = shutdown.run_until_cancelled(tokio::time::sleep(sweep.every)).await;
    }
}

impl Sweep {
    /// Looks every account through once. Returns how many tickets were found.
    pub async fn round(&self) -> usize {
        let mut all = 0;
        for (name, account) in &self.accounts {
            if account.line.standing() != Standing::Open {
                continue;
            }
            account.line.begun();
            let mut found = 0;
            let mut calls = Calls::new();
            let looked = self.look_through(name, account, &mut calls, &mut found).await;
            let failing = metrics::gauge!(names::SWEEP_FAILED, "account" => name.clone());
            match looked {
                Ok(()) => {
                    failing.set(0.0);
                    metrics::gauge!(names::LAST_SWEEP, "account" => name.clone())
                        .set(self.clock.now().as_second() as f64);
                }
                Err(error) => {
                    failing.set(1.0);
                    let status = calls.last().map_or(0, |call| call.status);
                    tracing::warn!(
                        account = name,
                        status,
                        %error,
                        "the sweep failed; tickets whose webhook never came are not found until it succeeds"
                    );
                }
            }
            account.line.ended(0);
            if found > 0 {
                metrics::counter!(names::SWEPT, "account" => name.clone()).increment(found as u64);
                tracing::warn!(account = name, found, "tickets were found whose webhook never came");
            }
            all += found;
        }
        all
    }

    /// What is found is on disk and counted also where the look ends early.
    async fn look_through(
        &self,
        name: &str,
        account: &Account,
        calls: &mut Calls,
        found: &mut usize,
    ) -> Result<(), Cut> {
        let now = self.clock.now();
        let Some(mark) = self.store.swept(name).await? else {
            // Each look begins an overlap before the mark: the first one begins now.
            let mark = now.checked_add(OVERLAP).unwrap_or(Timestamp::MAX);
            self.store.sweep_to(name, mark).await?;
            return Ok(());
        };
        let id = AccountId::new(name).map_err(|_| Cut::Name)?;
        let since = mark.checked_sub(OVERLAP).unwrap_or(Timestamp::MIN);
        let until = now.checked_sub(self.lag).unwrap_or(Timestamp::MIN);
        if until <= since {
            return Ok(());
        }
        let mut window = Window { of: Listing::Opened, since, until, cursor: None };
        for _ in 0..MOST_PAGES {
            let page = account.line.listed(&window, calls).await.map_err(Cut::Platform)?;
            for (ticket, delivery) in page.tickets.iter().zip(page.deliveries(&id)) {
                let key = TicketKey { account: name.to_owned(), ticket: ticket.clone() };
                if !self.store.knows(&key).await? && self.store.accept(&delivery, now).await? == Accepted::New
                {
                    *found += 1;
                    self.arrived.notify_one();
                }
            }
            match page.next {
                Some(next) => window.cursor = Some(next),
                None => {
                    self.store.sweep_to(name, until).await?;
                    return Ok(());
                }
            }
        }
        Err(Cut::Platform(Stopped::Later(deskbridge_connectors::Later::Failed)))
    }
}
