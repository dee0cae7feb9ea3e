//! The store in one SQLite file, for one daemon on one machine.
//!
//! One thread writes, with group commit; two read for the work, and two, at a lower priority, for
//! reports and lists. The library is the bundled one: distributions still ship versions whose
//! write-ahead log can be damaged by a reset at the wrong moment. Other processes (the command
//! line) may open the same file at the same time; SQLite's locks keep them apart. Nothing outside
//! this folder knows any of this.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use deskbridge_connectors::VerifiedDelivery;
use jiff::Timestamp;

use self::place::Place;
use self::reader::{Readers, Share};
use self::row::{Incoming, micros, micros_after, to_json};
use self::write::Line;
use self::writer::Writer;
use crate::domain::decision::TicketKey;
use crate::domain::history::History;
use crate::domain::label_modes::Demotion;
use crate::domain::outcome::Entry;
use crate::domain::settled::Kept;
use crate::domain::summary::SummarisedDecision;
use crate::store::{
    Accepted, CaseQuery, Chain, Claim, DeadFilter, DeadLetter, Depth, Error, Filter, Forget, Forgotten,
    Headline, JournalEntry, MOST_ENTRIES, PublicAnswer, Store, TicketCase, Unsettled,
};

pub use self::compact::{backup, compact};

mod answers;
mod cases;
mod chain;
mod compact;
mod forget;
pub mod health;
mod mention;
mod place;
mod queue;
mod read;
mod reader;
mod row;
mod schema;
mod settling;
mod summary;
mod sweep;
mod write;
mod writer;

#[cfg(test)]
mod tests;

/// Threads that read for the work: a ticket's history, what is due, how full the inbox is.
const READERS: usize = 2;
/// Threads that read for reports and lists, so that the work waits behind neither.
const REPORT_READERS: usize = 2;

/// A store in an SQLite file. Dropping it writes what is queued and closes the file.
#[derive(Debug)]
pub struct Sqlite {
    // Dropped in this order: whoever closes last moves the log into the file, and a reader may not
    // write.
    readers: Readers,
    reports: Readers,
    writer: Writer,
}

impl Sqlite {
    /// Opens the file, creates it where there is none, and brings it to the newest schema. Blocks
    /// for as long as that takes.
    ///
    /// # Errors
    /// [`Error::TooNew`] for a newer program's database; [`Error::Unavailable`] where the file cannot be opened, is
    /// no database or is another program's.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let conn = schema::open_writer(path)?;
        let readers = (0..READERS).map(|_| schema::open_reader(path)).collect::<Result<_, _>>()?;
        let place = Place::of(path, &conn)?;
        let reports = (0..REPORT_READERS).map(|_| schema::open_report_reader(path));
        Ok(Self {
            readers: Readers::start("store-reader", Share::Full, readers)?,
            reports: Readers::start("report-reader", Share::Leftover, reports.collect::<Result<_, _>>()?)?,
            writer: Writer::start(conn, place)?,
        })
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn accept(&self, delivery: &VerifiedDelivery, received_at: Timestamp) -> Result<Accepted, Error> {
        let new = Incoming::new(delivery, received_at)?;
        self.writer.queue()?.ask(move |conn| write::accept(conn, &new)).await
    }

    async fn claim(&self, now: Timestamp, lease: Duration) -> Result<Option<Claim>, Error> {
        let (now, until) = (micros(now), micros_after(now, lease));
        // Idle workers ask every few seconds. They must not keep the writer from its rest, in which
        // it empties the log.
        if !self.readers.queue()?.ask(move |conn| read::is_due(conn, now)).await? {
            return Ok(None);
        }
        // Not for a caller who has left: its delivery would wait for the lease to end.
        self.writer.queue()?.ask_while_waiting(move |conn| write::claim(conn, now, until)).await
    }

    async fn renew(&self, claim: &Claim, until: Timestamp) -> Result<(), Error> {
        let (id, epoch, until) = (claim.id, claim.epoch, micros(until));
        self.writer.queue()?.ask(move |conn| write::renew(conn, id, epoch, until)).await
    }

    async fn journal(&self, claim: &Claim, write: &JournalEntry) -> Result<(), Error> {
        let (id, epoch, at, entry) = (claim.id, claim.epoch, micros(write.at), to_json(write)?);
        self.writer.queue()?.ask(move |conn| write::journal(conn, id, epoch, at, &entry)).await
    }

    async fn settle(&self, claim: Claim, entry: &Entry) -> Result<i64, Error> {
        let line = Line::of(entry)?;
        self.writer.queue()?.ask(move |conn| write::settle(conn, claim.id, claim.epoch, &line)).await
    }

    async fn record(&self, entry: &Entry) -> Result<i64, Error> {
        let line = Line::of(entry)?;
        self.writer.queue()?.ask(move |conn| write::record(conn, &line)).await
    }

    async fn postpone(&self, claim: Claim, until: Timestamp, counted: bool, why: &str) -> Result<(), Error> {
        let (until, why) = (micros(until), row::reason(why));
        self.writer
            .queue()?
            .ask(move |conn| write::postpone(conn, claim.id, claim.epoch, until, counted, &why))
            .await
    }

    async fn bury(&self, claim: Claim, why: &str, now: Timestamp) -> Result<(), Error> {
        let (why, now) = (row::reason(why), micros(now));
        self.writer.queue()?.ask(move |conn| write::bury(conn, claim.id, claim.epoch, &why, now)).await
    }

    async fn requeue(&self, id: i64, now: Timestamp) -> Result<bool, Error> {
        self.writer.queue()?.ask(move |conn| write::requeue(conn, id, micros(now))).await
    }

    async fn drop_dead(&self, id: i64) -> Result<bool, Error> {
        self.writer.queue()?.ask(move |conn| write::drop_dead(conn, id)).await
    }

    async fn wake(&self, account: &str, now: Timestamp) -> Result<u64, Error> {
        let account = account.to_owned();
        self.writer.queue()?.ask(move |conn| write::wake(conn, &account, micros(now))).await
    }

    async fn history(&self, ticket: &TicketKey) -> Result<History, Error> {
        let ticket = ticket.clone();
        self.readers
            .queue()?
            .ask(move |conn| read::history(conn, &ticket.account, ticket.ticket.as_str()))
            .await
    }

    async fn contacts(
        &self,
        ticket: &TicketKey,
        requester: &str,
        since: Timestamp,
    ) -> Result<Vec<Timestamp>, Error> {
        let (ticket, requester, since) = (ticket.clone(), requester.to_owned(), micros(since));
        self.readers.queue()?.ask(move |conn| read::contacts(conn, &ticket, &requester, since)).await
    }

    async fn reserve_answer(
        &self,
        answer: &PublicAnswer,
        since: Timestamp,
        limit: u32,
    ) -> Result<bool, Error> {
        let (answer, since) = (answer.clone(), micros(since));
        self.writer.queue()?.ask(move |conn| answers::reserve(conn, &answer, since, limit)).await
    }

    async fn decisions(&self, filter: &Filter) -> Result<Vec<(i64, Entry)>, Error> {
        let filter = filter.clone();
        self.reports.queue()?.ask(move |conn| read::decisions(conn, &filter)).await
    }

    async fn place(&self, filter: &Filter, newest: u32) -> Result<Option<i64>, Error> {
        let filter = filter.clone();
        self.reports.queue()?.ask(move |conn| read::place(conn, &filter, newest)).await
    }

    async fn headlines(&self, limit: u32) -> Result<Vec<Headline>, Error> {
        self.reports.queue()?.ask(move |conn| read::headlines(conn, limit.min(MOST_ENTRIES))).await
    }

    async fn decided_since(&self, since: Timestamp) -> Result<u64, Error> {
        self.reports.queue()?.ask(move |conn| read::decided_since(conn, micros(since))).await
    }

    async fn summaries(&self, filter: &Filter) -> Result<Vec<SummarisedDecision>, Error> {
        let filter = filter.clone();
        self.reports.queue()?.ask(move |conn| summary::list(conn, &filter)).await
    }

    async fn cases(&self, query: &CaseQuery, limit: u32) -> Result<Vec<TicketCase>, Error> {
        let (query, limit) = (query.clone(), limit.min(MOST_ENTRIES));
        self.reports.queue()?.ask(move |conn| cases::list(conn, &query, limit)).await
    }

    async fn summarise(&self, limit: u32) -> Result<u64, Error> {
        let missing = self.reports.queue()?.ask(move |conn| summary::missing(conn, limit)).await?;
        match missing {
            Some(missing) => self.writer.queue()?.ask(move |conn| summary::complete(conn, &missing)).await,
            None => Ok(0),
        }
    }

    async fn dead(&self, filter: &DeadFilter) -> Result<Vec<DeadLetter>, Error> {
        let filter = *filter;
        self.reports.queue()?.ask(move |conn| read::dead(conn, &filter)).await
    }

    async fn dead_letter(&self, id: i64) -> Result<Option<(DeadLetter, Vec<u8>)>, Error> {
        self.readers.queue()?.ask(move |conn| read::dead_letter(conn, id)).await
    }

    async fn depth(&self) -> Result<Depth, Error> {
        self.readers.queue()?.ask(read::depth).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, Error> {
        self.readers.queue()?.ask(read::next_due).await
    }

    async fn unsettled(&self, now: Timestamp, limit: u32) -> Result<Vec<Unsettled>, Error> {
        self.readers.queue()?.ask(move |conn| settling::due(conn, micros(now), limit)).await
    }

    async fn keep_settled(&self, of: &Unsettled, kept: &Kept) -> Result<(), Error> {
        let (of, at, json) = (of.clone(), micros(kept.settled_at), to_json(kept)?);
        self.writer.queue()?.ask(move |conn| settling::keep(conn, &of, at, &json)).await
    }

    async fn settle_later(&self, of: &Unsettled, due: Timestamp) -> Result<(), Error> {
        let (of, due) = (of.clone(), micros(due));
        self.writer.queue()?.ask_aside(move |conn| settling::later(conn, &of, due)).await
    }

    async fn never_settled(&self, of: &Unsettled) -> Result<(), Error> {
        let of = of.clone();
        self.writer.queue()?.ask(move |conn| settling::never(conn, &of)).await
    }

    async fn demote(&self, fallen: &Demotion) -> Result<(), Error> {
        let fallen = fallen.clone();
        self.writer.queue()?.ask(move |conn| settling::demote(conn, &fallen)).await
    }

    async fn demotions(&self) -> Result<Vec<Demotion>, Error> {
        self.readers.queue()?.ask(settling::demotions).await
    }

    async fn forget(&self, who: &Forget, now: Timestamp, erase: bool) -> Result<Forgotten, Error> {
        let (who, now) = (who.clone(), micros(now));
        self.writer.queue()?.ask(move |conn| forget::forget(conn, &who, now, erase)).await
    }

    async fn verify(&self, head: Option<&str>) -> Result<Chain, Error> {
        let head = head.map(str::to_owned);
        self.reports.queue()?.ask(move |conn| chain::verify(conn, head.as_deref())).await
    }

    async fn swept(&self, account: &str) -> Result<Option<Timestamp>, Error> {
        let account = account.to_owned();
        self.readers.queue()?.ask(move |conn| sweep::mark(conn, &account)).await
    }

    async fn sweep_to(&self, account: &str, mark: Timestamp) -> Result<(), Error> {
        let (account, mark) = (account.to_owned(), micros(mark));
        self.writer.queue()?.ask_aside(move |conn| sweep::set(conn, &account, mark)).await
    }

    async fn knows(&self, ticket: &TicketKey) -> Result<bool, Error> {
        let ticket = ticket.clone();
        self.readers.queue()?.ask(move |conn| sweep::knows(conn, &ticket)).await
    }

    async fn probe(&self) -> Result<(), Error> {
        self.writer.queue()?.ask_aside(write::probe).await
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unavailable(Box::new(error))
    }
}
