//! Queries to a store, their results, and pages of them. Every query has a limit.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Error, Store};
use crate::domain::decision::TicketKey;
use crate::domain::outcome::{Entry, Outcome};
use crate::domain::settled::Kept;
use crate::domain::summary::SummarisedDecision;

/// The maximum number of entries that one query reads.
pub const MOST_ENTRIES: u32 = 1000;

/// The number of entries in a page. Each takes several kilobytes, so a page takes a few megabytes
/// of memory.
const PAGE: u32 = 200;

/// A filter for ledger entries.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Decided at or after this.
    pub since: Option<Timestamp>,
    /// Of this account only.
    pub account: Option<String>,
    /// Of this ticket only.
    pub ticket: Option<String>,
    /// Only entries with a larger id, to follow new ones.
    pub after: Option<i64>,
    /// Only entries with a smaller id, to page back.
    pub before: Option<i64>,
    /// At most this many, and never more than [`MOST_ENTRIES`].
    pub limit: Option<u32>,
    /// The end that the limit counts from.
    pub from: LimitFrom,
}

/// The end of a list that a limit counts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LimitFrom {
    /// The newest ones.
    #[default]
    Newest,
    /// The oldest ones.
    Oldest,
}

impl Filter {
    /// Returns the number of entries that one query reads.
    pub fn bound(&self) -> u32 {
        self.limit.unwrap_or(MOST_ENTRIES).min(MOST_ENTRIES)
    }
}

/// A filter for dead letters. It selects the newest that fit and returns them oldest first.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeadFilter {
    /// Only letters with a larger id; the oldest of these are selected.
    pub after: Option<i64>,
    /// Only letters with a smaller id.
    pub before: Option<i64>,
    /// At most this many, and never more than [`MOST_ENTRIES`].
    pub limit: Option<u32>,
}

impl DeadFilter {
    /// Returns the number of letters that one query reads.
    pub fn bound(&self) -> u32 {
        self.limit.unwrap_or(MOST_ENTRIES).min(MOST_ENTRIES)
    }
}

/// A ledger entry in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headline {
    /// The ledger's id.
    pub id: i64,
    /// The time of the decision.
    pub decided_at: Timestamp,
    /// The account's name.
    pub account: String,
    /// The outcome.
    pub outcome: Outcome,
}

/// A query for tickets with their settled values and their last decision.
#[derive(Clone, Debug)]
pub enum CaseQuery {
    /// Tickets that settled at or after `since`, in the order of account and ticket.
    Settled {
        /// Only tickets after this one.
        after: Option<TicketKey>,
        /// The beginning of the time asked about.
        since: Option<Timestamp>,
    },
    /// Settled tickets by their last decision, the newest first.
    Newest {
        /// Only decisions with a smaller id.
        before: Option<i64>,
        /// The beginning of the time asked about.
        since: Option<Timestamp>,
        /// The decisions to read.
        which: Decisions,
    },
    /// The last decision of each ticket that a challenger also answered, oldest first.
    Challenged {
        /// Only decisions with a larger id.
        after: i64,
        /// Only decisions with a smaller id.
        before: i64,
        /// The beginning of the time asked about.
        since: Option<Timestamp>,
    },
    /// The tickets whose last decision is one of these, if they have settled.
    Of(Vec<i64>),
    /// These tickets, if they have settled.
    Tickets(Vec<TicketKey>),
}

/// The decisions that a query covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decisions {
    /// All of them.
    All,
    /// Decisions that wrote a value which agents settle.
    Written,
}

/// A ticket with its settled values and the decision that they are compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct TicketCase {
    /// The ticket.
    pub ticket: TicketKey,
    /// The values that the agents settled on; `None` if they have not.
    pub kept: Option<Kept>,
    /// Its last decision within the requested time.
    pub decision: Option<SummarisedDecision>,
}

/// Reads everything that fits, oldest first, a page at a time.
pub struct Pages {
    store: Arc<dyn Store>,
    filter: Filter,
    left: Option<u32>,
    begun: bool,
}

impl Pages {
    /// Starts at the oldest entry that fits; with a limit, at the oldest of the newest entries
    /// within it.
    pub fn new(store: Arc<dyn Store>, filter: &Filter) -> Self {
        let left = filter.limit;
        let filter = Filter { limit: Some(PAGE), from: LimitFrom::Oldest, ..filter.clone() };
        Self { store, filter, left, begun: false }
    }

    /// Returns the next entries; `None` after the last.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn next(&mut self) -> Result<Option<Vec<(i64, Entry)>>, Error> {
        if !std::mem::replace(&mut self.begun, true)
            && let Some(limit) = self.left.filter(|limit| *limit > 0)
            && let Some(first) = self.store.place(&self.filter, limit).await?
        {
            self.filter.after = Some(first.saturating_sub(1));
        }
        if self.left == Some(0) {
            return Ok(None);
        }
        self.filter.limit = Some(self.left.map_or(PAGE, |left| left.min(PAGE)));
        let page = self.store.decisions(&self.filter).await?;
        let Some((last, _)) = page.last() else { return Ok(None) };
        self.filter.after = Some(*last);
        self.left = self.left.map(|left| left.saturating_sub(u32::try_from(page.len()).unwrap_or(left)));
        Ok(Some(page))
    }
}
