//! Resolved tickets with the values their agents settled on, as a tickets file that `train` takes.
//!
//! ```text
//!  resolved (a page of ids) ─► settled (one ticket) ─row─► file ─fsync─► state (cursor, length) ─► next page
//! ```
//!
//! An interrupted run goes on where its last whole page ended: the file is cut to the length the
//! state knows, so that no row is there twice or in part. Reads only. What the file holds are
//! customers' words, cleaned and redacted; nobody but its owner may read it.

mod row;
mod sink;

use std::collections::BTreeSet;
use std::time::Duration;

use deskbridge_connectors::settled::{Listing, Page, Settled, Window};
use deskbridge_connectors::{Directory, Later, Refusal, TicketId};
use jiff::Timestamp;

pub use row::{Columns, Row};
pub use sink::{Sink, SinkProblem};

use crate::evidence::settling::keep;
use crate::platform::account::Account;
use crate::platform::{Calls, Standing, Stopped};
use crate::settings::heads::Heads;
use crate::store::{self, Store};

/// What is exported, and how its progress is told.
pub struct Export<'a> {
    /// The account.
    pub account: &'a Account,
    /// Tells what deskbridge wrote itself; without one only the platform tells.
    pub store: Option<&'a dyn Store>,
    /// Where the agents' own choice of each head is found.
    pub heads: &'a Heads,
    /// True if values also count that deskbridge wrote and nobody confirmed.
    pub ours: bool,
    /// From when on.
    pub since: Timestamp,
    /// Before when.
    pub until: Timestamp,
    /// Told of every step.
    pub told: &'a (dyn Fn(Step) + Sync),
}

/// A step of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// How many tickets a page brought to look at, and how many there are in all where that is
    /// known.
    Listed {
        /// On this page.
        tickets: usize,
        /// In all.
        total: Option<u64>,
    },
    /// A ticket was looked at.
    Looked,
    /// The platform asks to wait so long.
    Waits(Duration),
}

/// Why an export ended early; what was written by then stays, and it can go on.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file.
    #[error(transparent)]
    Sink(#[from] SinkProblem),
    /// The store.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The platform.
    #[error("{0}")]
    Platform(String),
}

/// The result of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Rows in the file.
    pub rows: usize,
    /// Of these, rows with no label at all.
    pub unlabelled: usize,
}

/// How often a platform that fails is asked again.
const TRIES: u32 = 6;
/// The pause where the platform names none.
const PAUSE: Duration = Duration::from_secs(5);

impl Export<'_> {
    /// Exports everything into `sink`, from where it stands.
    ///
    /// # Errors
    /// [`Problem`]; a run that is started again goes on from the last whole page.
    pub async fn run(&self, sink: &mut Sink) -> Result<Done, Problem> {
        let mut calls = Calls::new();
        let names = loop {
            match self.account.names(&mut calls).await {
                Ok(names) => break names,
                Err(stopped) => self.wait(stopped, 0).await?,
            };
        };
        let mut cursor = sink.cursor().map(str::to_owned);
        let mut resumed = cursor.is_some();
        loop {
            let of = Listing::Resolved;
            let window = Window { of, since: self.since, until: self.until, cursor: cursor.clone() };
            let page = match self.page(&window, resumed).await? {
                Some(page) => page,
                None => {
                    // A cursor of long ago means nothing to the platform any more; what is there
                    // already is not written twice.
                    (cursor, resumed) = (None, false);
                    continue;
                }
            };
            resumed = false;
            let fresh: Vec<&TicketId> = page.tickets.iter().filter(|id| !sink.has(&self.key(id))).collect();
            (self.told)(Step::Listed { tickets: fresh.len(), total: page.total });
            let mut seen = BTreeSet::new();
            for id in fresh {
                if seen.insert(id) {
                    self.ticket(id, &names, sink).await?;
                }
                (self.told)(Step::Looked);
            }
            sink.page_done(page.next.as_deref())?;
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(sink.done()?),
            }
        }
    }

    fn key(&self, id: &TicketId) -> String {
        format!("{}/{id}", self.account.line.account())
    }

    /// A page; `None` where a resumed cursor is refused.
    async fn page(&self, window: &Window, resumed: bool) -> Result<Option<Page>, Problem> {
        for tried in 0.. {
            self.until_open().await;
            match self.account.line.listed(window, &mut Calls::new()).await {
                Ok(page) => return Ok(Some(page)),
                Err(Stopped::Refused(Refusal::Invalid(_) | Refusal::Gone)) if resumed => return Ok(None),
                Err(stopped) => self.wait(stopped, tried).await?,
            }
        }
        Ok(None)
    }

    async fn ticket(&self, id: &TicketId, names: &Directory, sink: &mut Sink) -> Result<(), Problem> {
        for tried in 0.. {
            self.until_open().await;
            match self.account.line.settled(id, names, &mut Calls::new()).await {
                Ok(settled) => {
                    let names = self.account.line.connector().names_for(id, names);
                    return self.add(&settled, &names, sink).await;
                }
                // Deleted between the listing and the look.
                Err(Stopped::Refused(Refusal::Gone)) => return Ok(()),
                Err(stopped) => self.wait(stopped, tried).await?,
            }
        }
        Ok(())
    }

    async fn add(&self, settled: &Settled, names: &Directory, sink: &mut Sink) -> Result<(), Problem> {
        // A platform may list what merely changed in the window.
        if settled.closed_at.is_none_or(|at| at < self.since || at >= self.until) {
            return Ok(());
        }
        let account = self.account.line.account();
        let entries = match self.store {
            Some(store) => {
                let ticket = crate::domain::decision::TicketKey {
                    account: account.to_owned(),
                    ticket: settled.ticket.id.clone(),
                };
                store.history(&ticket).await?.entries
            }
            None => Vec::new(),
        };
        let kept = keep(settled, names, &self.heads.fields(), self.until);
        let row = Row::of(account, settled, &kept, self.heads, &entries, self.ours);
        if !row.is_empty() {
            sink.add(&row)?;
        }
        Ok(())
    }

    async fn until_open(&self) {
        loop {
            match self.account.line.standing() {
                Standing::Open => return,
                Standing::Paused(wait) | Standing::LockedOut(wait) | Standing::Tripped(wait) => {
                    self.sleep(wait).await
                }
            }
        }
    }

    /// Waits where the platform says "later", and gives up on what will not change.
    async fn wait(&self, stopped: Stopped, tried: u32) -> Result<(), Problem> {
        match stopped {
            Stopped::Later(Later::Busy { after }) => self.sleep(after.unwrap_or(PAUSE)).await,
            Stopped::Later(Later::Failed) if tried < TRIES => {
                self.sleep(PAUSE * 2u32.pow(tried.min(4))).await
            }
            Stopped::Later(Later::Failed) => {
                return Err(Problem::Platform("the platform gave no usable answer, again and again".into()));
            }
            Stopped::Refused(Refusal::Credentials) => {
                return Err(Problem::Platform(
                    "the platform does not accept the credentials, or they may not search; check their role and scopes".into(),
                ));
            }
            Stopped::Refused(Refusal::Invalid(what)) => {
                return Err(Problem::Platform(format!("the platform rejects the request: {what}")));
            }
            Stopped::Refused(refusal) => {
                return Err(Problem::Platform(format!("the platform refuses: {refusal:?}")));
            }
            Stopped::Store(error) => return Err(error.into()),
        }
        Ok(())
    }

    async fn sleep(&self, wait: Duration) {
        (self.told)(Step::Waits(wait));
        tokio::time::sleep(wait).await;
    }
}
