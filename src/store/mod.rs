//! The inbox, where deliveries wait, and the ledger, which records decisions. This folder holds the
//! only SQL of the project.
//!
//! [`Store`] is the whole interface; callers do not know which backend they use. The states of a
//! delivery:
//!
//! ```text
//!  accept ─► pending ─claim─► claimed ─settle─► settled
//!               ▲ ▲              │ └─bury────► dead ─requeue, by hand─► pending
//!               │ └─ postpone ───┤             dead ─drop, by hand─► (gone)
//!               └─ lease ended ──┘
//! ```
//!
//! A ticket has at most one live claim. Its deliveries are worked on in order of arrival, one at a
//! time. A claim is not `Clone`, and `settle`, `postpone` and `bury` consume it, so it is used only
//! once. The next `claim` takes over a claim whose lease has ended. The late owner's `settle` then
//! fails with [`Error::LostClaim`].

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
    /// Stores a delivery durably: after this returns, it survives a power cut. A delivery whose key
    /// is known is not stored again. A malformed one goes straight to the dead letters.
    async fn accept(&self, delivery: &VerifiedDelivery, received_at: Timestamp) -> Result<Accepted, Error>;

    /// Claims the oldest due delivery whose ticket has no live claim; `None` if nothing is due.
    async fn claim(&self, now: Timestamp, lease: Duration) -> Result<Option<Claim>, Error>;

    /// Extends a claim's lease.
    async fn renew(&self, claim: &Claim, until: Timestamp) -> Result<(), Error>;

    /// Records durably that a write for this claim is about to be sent. It is called before the
    /// write is sent.
    async fn journal(&self, claim: &Claim, write: &JournalEntry) -> Result<(), Error>;

    /// Ends the claim: writes the ledger entry and deletes the delivery's body. Returns the entry's
    /// id.
    async fn settle(&self, claim: Claim, entry: &Entry) -> Result<i64, Error>;

    /// Writes a ledger entry without a delivery, for a person's command. The wait for the ticket's
    /// settled values starts again. Returns the entry's id.
    async fn record(&self, entry: &Entry) -> Result<i64, Error>;

    /// Puts the delivery back until `until`. `counted` is true if this was an attempt.
    async fn postpone(&self, claim: Claim, until: Timestamp, counted: bool, why: &str) -> Result<(), Error>;

    /// Sets the delivery aside for a person.
    async fn bury(&self, claim: Claim, why: &str, now: Timestamp) -> Result<(), Error>;

    /// Puts a dead letter back into the inbox and resets its attempts. Returns false if it does not
    /// exist.
    async fn requeue(&self, id: i64, now: Timestamp) -> Result<bool, Error>;

    /// Deletes a dead letter. Returns false if it does not exist.
    async fn drop_dead(&self, id: i64) -> Result<bool, Error>;

    /// Makes every postponed delivery of an account due now, because its credentials work again.
    async fn wake(&self, account: &str, now: Timestamp) -> Result<u64, Error>;

    /// Returns the ledger's history of a ticket.
    async fn history(&self, ticket: &TicketKey) -> Result<History, Error>;

    /// Returns the times, from `since` on, when the requester's other tickets on the account were
    /// first decided. Machine mail is left out. `requester` is the digest from
    /// [`crate::domain::history::requester`].
    async fn contacts(
        &self,
        ticket: &TicketKey,
        requester: &str,
        since: Timestamp,
    ) -> Result<Vec<Timestamp>, Error>;

    /// Takes, durably, the place for an answer that is about to be sent. False where the requester
    /// got `limit` answers of the same template on other tickets of the account after `since`; a
    /// place that this ticket holds already is taken again. What is older than `since` is
    /// forgotten.
    async fn reserve_answer(
        &self,
        answer: &PublicAnswer,
        since: Timestamp,
        limit: u32,
    ) -> Result<bool, Error>;

    /// Returns ledger entries, oldest first: at most [`MOST_ENTRIES`]; [`Pages`] reads more.
    async fn decisions(&self, filter: &Filter) -> Result<Vec<(i64, Entry)>, Error>;

    /// Returns the id of the n-th newest entry that fits, where n is `newest`; `None` if fewer fit.
    async fn place(&self, filter: &Filter, newest: u32) -> Result<Option<i64>, Error>;

    /// Returns one line for each of the newest entries, oldest first.
    async fn headlines(&self, limit: u32) -> Result<Vec<Headline>, Error>;

    /// Counts the ledger entries since a time.
    async fn decided_since(&self, since: Timestamp) -> Result<u64, Error>;

    /// Returns summaries of decisions, oldest first, with the same limit as [`Self::decisions`].
    async fn summaries(&self, filter: &Filter) -> Result<Vec<SummarisedDecision>, Error>;

    /// Returns tickets with their settled values and their last decision, at most `limit`.
    async fn cases(&self, query: &CaseQuery, limit: u32) -> Result<Vec<TicketCase>, Error>;

    /// Summarises up to `limit` entries of an earlier version that wrote no summaries. Returns the
    /// number of entries left; figures are complete at 0.
    async fn summarise(&self, limit: u32) -> Result<u64, Error>;

    /// Returns dead letters, oldest first: at most [`MOST_ENTRIES`].
    async fn dead(&self, filter: &DeadFilter) -> Result<Vec<DeadLetter>, Error>;

    /// Returns one dead letter with its body.
    async fn dead_letter(&self, id: i64) -> Result<Option<(DeadLetter, Vec<u8>)>, Error>;

    /// Counts the deliveries in the inbox.
    async fn depth(&self) -> Result<Depth, Error>;

    /// Returns the time when the next postponed or leased delivery becomes due; `None` if the inbox
    /// is empty. Workers sleep until then or until a delivery arrives.
    async fn next_due(&self) -> Result<Option<Timestamp>, Error>;

    /// Returns decided tickets whose settled values are due to be read, the longest overdue first.
    async fn unsettled(&self, now: Timestamp, limit: u32) -> Result<Vec<Unsettled>, Error>;

    /// Stores the settled values of a ticket, unless it was decided again since `of` was read.
    async fn keep_settled(&self, of: &Unsettled, kept: &Kept) -> Result<(), Error>;

    /// Postpones the reading of a ticket's values, unless it was decided again since `of` was read.
    async fn settle_later(&self, of: &Unsettled, due: Timestamp) -> Result<(), Error>;

    /// Ends the wait for a ticket's values, because the ticket is gone.
    async fn never_settled(&self, of: &Unsettled) -> Result<(), Error>;

    /// Records durably that a label fell back to shadow.
    async fn demote(&self, fallen: &Demotion) -> Result<(), Error>;

    /// Returns the labels that fell back to shadow, each with its latest fall.
    async fn demotions(&self) -> Result<Vec<Demotion>, Error>;

    /// Counts the records about a requester and, with `erase`, erases them. Ledger entries keep
    /// their place in the chain and lose everything that identifies a person.
    async fn forget(&self, who: &Forget, now: Timestamp, erase: bool) -> Result<Forgotten, Error>;

    /// Checks the ledger's chain from the first entry to the last, and looks for a digest that was
    /// noted earlier.
    async fn verify(&self, head: Option<&str>) -> Result<Chain, Error>;

    /// Returns the time up to which an account was searched for tickets without a webhook; `None`
    /// before the first search.
    async fn swept(&self, account: &str) -> Result<Option<Timestamp>, Error>;

    /// Records durably that the account was searched up to `mark`. A mark never moves back.
    async fn sweep_to(&self, account: &str, mark: Timestamp) -> Result<(), Error>;

    /// Returns true if the store ever held a delivery or a ledger entry about a ticket.
    async fn knows(&self, ticket: &TicketKey) -> Result<bool, Error>;

    /// Checks that the store can be written to now; for readiness.
    async fn probe(&self) -> Result<(), Error>;
}

/// The result of accepting a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// Stored now.
    New,
    /// Known already; nothing was stored.
    Known,
    /// Stored as a dead letter, because its body cannot be read.
    Dead,
}

/// The right to work on one delivery until its lease ends. It is used once.
#[derive(Debug)]
#[must_use = "a claim that is not settled, postponed or buried waits for its lease to end"]
pub struct Claim {
    /// The inbox row.
    pub(crate) id: i64,
    /// The fencing number: only the newest claim of a ticket is accepted.
    pub(crate) epoch: i64,
    /// The claimed delivery.
    pub(crate) work: Work,
}

impl Claim {
    /// Returns the claimed delivery.
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
    /// The parsed delivery; `None` for a requeued malformed one, which must be read again from
    /// [`Self::body`].
    pub notice: Option<Notice>,
    /// The raw body.
    pub body: Vec<u8>,
    /// The time when it was stored.
    pub received_at: Timestamp,
    /// The number of counted attempts before this one.
    pub attempts: u32,
    /// True if an earlier attempt journalled a write, which may have arrived.
    pub wrote_before: bool,
    /// The time when the lease ends.
    pub lease_until: Timestamp,
}

/// A write about to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The time.
    pub at: Timestamp,
}

/// An answer to a customer, about to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicAnswer {
    /// The ticket it answers.
    pub ticket: TicketKey,
    /// The requester who gets it, as the digest that [`crate::domain::history::requester`] gives.
    pub requester: String,
    /// The template's name.
    pub template: String,
    /// When.
    pub at: Timestamp,
}

/// A decided ticket whose agents' values are not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsettled {
    /// The ticket.
    pub ticket: TicketKey,
    /// The time of its last decision.
    pub since: Timestamp,
    /// The number of times its values were read.
    pub looks: u32,
}

/// A delivery set aside for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The inbox row; the argument of `dead show`.
    pub id: i64,
    /// The account's name.
    pub account: String,
    /// The delivery's key.
    pub delivery: String,
    /// The ticket, if the body could be read.
    pub ticket: Option<String>,
    /// The time when it was stored.
    pub received_at: Timestamp,
    /// The time when it was set aside.
    pub died_at: Timestamp,
    /// Counted attempts.
    pub attempts: u32,
    /// The reason why it was set aside.
    pub reason: String,
}

/// A person whose records are to be erased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forget {
    /// The accounts to search.
    pub accounts: Vec<String>,
    /// Pairs of an account and the digest from [`crate::domain::history::requester`]. There are
    /// several if the platform knows the person by address and by id.
    pub digests: Vec<(String, String)>,
    /// The person's address or id as a delivery's body contains it.
    pub named: String,
}

/// The records found about a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// The person's tickets, as `account/ticket`, sorted.
    pub tickets: Vec<String>,
    /// The number of ledger entries about these tickets.
    pub entries: u64,
    /// The number of settled values of these tickets.
    pub settled: u64,
    /// The number of waiting deliveries that name the person or are about these tickets.
    pub waiting: u64,
    /// The number of dead letters that do the same.
    pub dead: u64,
}

/// The result of checking the ledger's chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// The number of entries that were checked and are intact.
    pub entries: u64,
    /// The number of these that were erased because a requester asked to be forgotten.
    pub erased: u64,
    /// The digest of the last of them, which can be noted elsewhere.
    pub head: Option<String>,
    /// True if the digest to look for is in the chain; `None` if none was given.
    pub head_known: Option<bool>,
    /// The first entry that does not fit, and the kind of mismatch.
    pub broken: Option<(i64, Break)>,
}

/// The kind of mismatch in the ledger's chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// Its digest does not match the entry and the one before. One of the two was changed, removed
    /// or inserted.
    Link,
    /// Its text was changed.
    Content,
}

/// The number of deliveries in the inbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Deliveries waiting or being worked on.
    pub pending: u64,
    /// The number of these with a live claim.
    pub claimed: u64,
    /// Dead letters.
    pub dead: u64,
    /// The time when the oldest waiting delivery was stored.
    pub oldest: Option<Timestamp>,
}

/// The reason why the store failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The claim's lease ended and another worker took over the delivery; the current work must be
    /// dropped.
    #[error("the claim has lapsed and was taken over")]
    LostClaim,
    /// More requests wait than the store accepts; the delivery must be refused so that the platform
    /// tries again.
    #[error("the store is busy")]
    Busy,
    /// The store cannot be used, for example because the disk is full or the file is locked or
    /// damaged.
    #[error("the store cannot be used: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A file of the database was replaced after it was opened. Anything written now is lost when
    /// the process ends.
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
