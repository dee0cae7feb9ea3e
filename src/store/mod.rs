//! Where deliveries wait (the inbox) and what was decided (the ledger). The only SQL of the project lives below here.
//!
//! [`Store`] is the whole surface: nothing above it knows which backend it is. A delivery's life:
//!
//! ```text
//!  accept ─► pending ─claim─► claimed ─settle─► settled
//!               ▲ ▲              │ └─bury────► dead ─requeue, by hand─► pending
//!               │ └─ postpone ───┤             dead ─drop, by hand─► (gone)
//!               └─ lease ended ──┘
//! ```
//!
//! One live claim a ticket: deliveries for one ticket are worked on in arrival order, one at a time. A claim is not
//! `Clone`; `settle`, `postpone` and `bury` consume it, so it is spent once. A claim whose lease has lapsed is taken
//! again by the next `claim`, and the late owner's `settle` then fails with [`Error::LostClaim`].

use std::time::Duration;

use async_trait::async_trait;
use deskbridge_connectors::{DeliveryKey, Notice, VerifiedDelivery};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::decision::TicketKey;
use crate::domain::history::History;
use crate::domain::label_modes::Demotion;
use crate::domain::outcome::Entry;
use crate::domain::settled::Kept;
use crate::domain::summary::SummarisedDecision;

pub mod query;
pub mod sqlite;

pub use query::{
    CaseQuery, DeadFilter, Decisions, Filter, Headline, LimitFrom, MOST_ENTRIES, Pages, TicketCase,
};

/// A durable inbox and ledger.
#[async_trait]
pub trait Store: Send + Sync {
    /// Keeps a delivery, durably: when this returns, it survives a power cut. A delivery whose key is known is not
    /// stored again. A malformed one goes straight to the dead letters.
    async fn accept(&self, delivery: &VerifiedDelivery, received_at: Timestamp) -> Result<Accepted, Error>;

    /// Takes the next delivery that is due: the oldest of a ticket without a live claim. `None` when nothing is due.
    async fn claim(&self, now: Timestamp, lease: Duration) -> Result<Option<Claim>, Error>;

    /// Extends a claim's lease.
    async fn renew(&self, claim: &Claim, until: Timestamp) -> Result<(), Error>;

    /// Notes, durably, that a write is about to be sent for this claim, before it is sent.
    async fn journal(&self, claim: &Claim, write: &JournalEntry) -> Result<(), Error>;

    /// Spends the claim: the delivery is done and the ledger has its entry. Its body is forgotten. Returns the
    /// entry's id.
    async fn settle(&self, claim: Claim, entry: &Entry) -> Result<i64, Error>;

    /// Writes a ledger entry that no delivery led to: what a person had done by command. The wait for the ticket's values
    /// begins anew. Returns the entry's id.
    async fn record(&self, entry: &Entry) -> Result<i64, Error>;

    /// Puts the delivery back until `until`. `counted` says whether this was an attempt.
    async fn postpone(&self, claim: Claim, until: Timestamp, counted: bool, why: &str) -> Result<(), Error>;

    /// Sets the delivery aside for a person.
    async fn bury(&self, claim: Claim, why: &str, now: Timestamp) -> Result<(), Error>;

    /// Puts a dead letter back into the inbox, with its attempts forgotten. False when there is no such dead letter.
    async fn requeue(&self, id: i64, now: Timestamp) -> Result<bool, Error>;

    /// Forgets a dead letter for good. False when there is no such dead letter.
    async fn drop_dead(&self, id: i64) -> Result<bool, Error>;

    /// Makes every postponed delivery of an account due now (its credentials work again).
    async fn wake(&self, account: &str, now: Timestamp) -> Result<u64, Error>;

    /// What is known of a ticket.
    async fn history(&self, ticket: &TicketKey) -> Result<History, Error>;

    /// When the same requester's other tickets on the account were first decided, those since `since`. `requester` is
    /// the digest that [`crate::domain::history::requester`] gives.
    async fn contacts(
        &self,
        ticket: &TicketKey,
        requester: &str,
        since: Timestamp,
    ) -> Result<Vec<Timestamp>, Error>;

    /// Returns ledger entries, oldest first: at most [`MOST_ENTRIES`]; [`Pages`] reads more.
    async fn decisions(&self, filter: &Filter) -> Result<Vec<(i64, Entry)>, Error>;

    /// Returns the id of the fitting entry that `newest - 1` fitting ones follow; `None` where fewer fit.
    async fn place(&self, filter: &Filter, newest: u32) -> Result<Option<i64>, Error>;

    /// Returns the newest entries in one line each, oldest first.
    async fn headlines(&self, limit: u32) -> Result<Vec<Headline>, Error>;

    /// Counts the ledger entries since a time.
    async fn decided_since(&self, since: Timestamp) -> Result<u64, Error>;

    /// Returns decisions in a few words, oldest first, under the same bound as [`Self::decisions`].
    async fn summaries(&self, filter: &Filter) -> Result<Vec<SummarisedDecision>, Error>;

    /// Returns tickets with their settled values and their last decision, at most `limit`.
    async fn cases(&self, query: &CaseQuery, limit: u32) -> Result<Vec<TicketCase>, Error>;

    /// Summarises up to `limit` entries that were written by a program which made no summaries. Returns how many are left;
    /// figures are complete at 0.
    async fn summarise(&self, limit: u32) -> Result<u64, Error>;

    /// Returns dead letters, oldest first: at most [`MOST_ENTRIES`].
    async fn dead(&self, filter: &DeadFilter) -> Result<Vec<DeadLetter>, Error>;

    /// One dead letter with its body.
    async fn dead_letter(&self, id: i64) -> Result<Option<(DeadLetter, Vec<u8>)>, Error>;

    /// How full the inbox is.
    async fn depth(&self) -> Result<Depth, Error>;

    /// When the next postponed or leased delivery becomes due; `None` when the inbox is empty. Workers sleep until
    /// then or until a delivery arrives.
    async fn next_due(&self) -> Result<Option<Timestamp>, Error>;

    /// Decided tickets whose agents' values are to be looked at by now, those due longest first.
    async fn unsettled(&self, now: Timestamp, limit: u32) -> Result<Vec<Unsettled>, Error>;

    /// Keeps what the agents settled on, unless the ticket was decided again since `of` was read.
    async fn keep_settled(&self, of: &Unsettled, kept: &Kept) -> Result<(), Error>;

    /// Looks at a ticket's values again later, unless it was decided again since `of` was read.
    async fn settle_later(&self, of: &Unsettled, due: Timestamp) -> Result<(), Error>;

    /// Waits for a ticket's values no more: it is gone.
    async fn never_settled(&self, of: &Unsettled) -> Result<(), Error>;

    /// Notes, durably, that a label fell back to shadow.
    async fn demote(&self, fallen: &Demotion) -> Result<(), Error>;

    /// The labels that fell back to shadow; one entry a label, its latest.
    async fn demotions(&self) -> Result<Vec<Demotion>, Error>;

    /// Counts what the store holds of a requester and, with `erase`, forgets it: ledger entries keep their place in the chain and
    /// lose what can be tied to anybody.
    async fn forget(&self, who: &Forget, now: Timestamp, erase: bool) -> Result<Forgotten, Error>;

    /// Checks the ledger's chain from its first entry to its last, and whether a digest that was noted earlier is in it.
    async fn verify(&self, head: Option<&str>) -> Result<Chain, Error>;

    /// Up to when an account's platform was looked through for tickets whose webhook never came; `None` before the first time.
    async fn swept(&self, account: &str) -> Result<Option<Timestamp>, Error>;

    /// Notes, durably, that it was looked through up to `mark`. A mark never goes back.
    async fn sweep_to(&self, account: &str, mark: Timestamp) -> Result<(), Error>;

    /// Whether anything about a ticket was ever kept: a delivery, or a line of the ledger.
    async fn knows(&self, ticket: &TicketKey) -> Result<bool, Error>;

    /// Whether the store can be written to right now; for readiness.
    async fn probe(&self) -> Result<(), Error>;
}

/// What became of an accepted delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// Stored now.
    New,
    /// Known already; nothing was stored.
    Known,
    /// Stored as a dead letter, because its body cannot be read.
    Dead,
}

/// The right to work on one delivery until its lease ends. Spent once.
#[derive(Debug)]
#[must_use = "a claim that is not settled, postponed or buried waits for its lease to end"]
pub struct Claim {
    /// The inbox row.
    pub(crate) id: i64,
    /// Fences: only the newest claim of a ticket may spend.
    pub(crate) epoch: i64,
    /// What the delivery is about.
    pub(crate) work: Work,
}

impl Claim {
    /// What there is to do.
    pub fn work(&self) -> &Work {
        &self.work
    }
}

/// A claimed delivery.
#[derive(Clone, Debug)]
pub struct Work {
    /// The account's name.
    pub account: String,
    /// The delivery's key.
    pub key: DeliveryKey,
    /// What it says; `None` for a requeued malformed one, which is to be read again from [`Self::body`].
    pub notice: Option<Notice>,
    /// The raw body.
    pub body: Vec<u8>,
    /// When it was kept.
    pub received_at: Timestamp,
    /// Counted attempts so far, this one not included.
    pub attempts: u32,
    /// Whether an earlier attempt journalled a write: it may have arrived.
    pub wrote_before: bool,
    /// When the lease ends.
    pub lease_until: Timestamp,
}

/// A write about to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// When.
    pub at: Timestamp,
}

/// A decided ticket whose agents' values are not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsettled {
    /// The ticket.
    pub ticket: TicketKey,
    /// When it was last decided.
    pub since: Timestamp,
    /// How often it was looked at.
    pub looks: u32,
}

/// A delivery set aside for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The inbox row; what `dead show` takes.
    pub id: i64,
    /// The account's name.
    pub account: String,
    /// The delivery's key.
    pub delivery: String,
    /// The ticket, where the body could be read.
    pub ticket: Option<String>,
    /// When it was kept.
    pub received_at: Timestamp,
    /// When it was set aside.
    pub died_at: Timestamp,
    /// Counted attempts.
    pub attempts: u32,
    /// Why it died.
    pub reason: String,
}

/// Whom to forget.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forget {
    /// The accounts that are looked through.
    pub accounts: Vec<String>,
    /// Account, and the digest that [`crate::domain::history::requester`] gives there; more than one where the platform knows them by
    /// address and by id.
    pub digests: Vec<(String, String)>,
    /// Their address or id as it stands in a delivery's body.
    pub named: String,
}

/// What there was of somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// Their tickets, as `account/ticket`, sorted.
    pub tickets: Vec<String>,
    /// Ledger entries about these.
    pub entries: u64,
    /// Settled values of these.
    pub settled: u64,
    /// Deliveries that wait, whose body names them or is about their tickets.
    pub waiting: u64,
    /// Such dead letters.
    pub dead: u64,
}

/// What a look at the ledger's chain found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// Entries that were checked and found whole.
    pub entries: u64,
    /// Of these, the ones that were erased because somebody asked to be forgotten.
    pub erased: u64,
    /// The digest of the last of them: what may be noted elsewhere.
    pub head: Option<String>,
    /// Whether the digest that was asked about is in the chain; `None` where none was.
    pub head_known: Option<bool>,
    /// The first entry that does not fit, and how.
    pub broken: Option<(i64, Break)>,
}

/// How an entry does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// Its digest is not that of itself and the entry before: it or its neighbour was changed, removed or put in.
    Link,
    /// Its text was changed.
    Content,
}

/// How full the inbox is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Deliveries waiting or being worked on.
    pub pending: u64,
    /// Of these, under a live claim.
    pub claimed: u64,
    /// Dead letters.
    pub dead: u64,
    /// When the oldest waiting one was kept.
    pub oldest: Option<Timestamp>,
}

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The claim's lease ended and somebody else has the delivery: drop what was being done.
    #[error("the claim has lapsed and was taken over")]
    LostClaim,
    /// More waits than the store takes in: refuse and let the platform try again.
    #[error("the store is busy")]
    Busy,
    /// The store cannot be used (disk full, locked, damaged).
    #[error("the store cannot be used: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A file of the database is not the one that was opened: what is written now is lost with the process.
    #[error(
        "the store's file `{0}` was deleted or replaced while deskbridge had it open; move it back, or stop deskbridge, put a backup in its place and start it again"
    )]
    Displaced(String),
    /// The database was written by a newer deskbridge.
    #[error(
        "the database has schema version {found}, this program knows up to {known}; run the newer program"
    )]
    TooNew {
        /// The version found.
        found: i64,
        /// The newest version known.
        known: i64,
    },
}
