//! A store in memory that works, or fails in the way a test wants.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use deskbridge::domain::decision::TicketKey;
use deskbridge::domain::history::History;
use deskbridge::domain::label_modes::Demotion;
use deskbridge::domain::outcome::Entry;
use deskbridge::domain::summary::SummarisedDecision;
use deskbridge::evidence::settling::Kept;
use deskbridge::store::{
    Accepted, CaseQuery, Chain, Claim, DeadFilter, DeadLetter, Depth, Error, Filter, Forget, Forgotten,
    Headline, JournalEntry, LimitFrom, PublicAnswer, Store, TicketCase, Unsettled,
};
use deskbridge_connectors::{Content, VerifiedDelivery};
use jiff::Timestamp;
use tokio::sync::Notify;

/// How the store behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Works,
    Busy,
    Broken,
    Panics,
    /// Answers after [`Shelf::release`] only.
    Waits,
}

/// A store in memory: `accept` is real, the rest is what the operator's door reads.
pub(crate) struct Shelf {
    manner: Mutex<Manner>,
    kept: Mutex<HashSet<(String, String)>>,
    pub(crate) entries: Mutex<Vec<(i64, Entry)>>,
    pub(crate) depth: Mutex<Depth>,
    /// Deliveries that have reached the store, answered or not.
    pub(crate) reached: Notify,
    gate: tokio::sync::Semaphore,
}

impl Shelf {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            manner: Mutex::new(Manner::Works),
            kept: Mutex::default(),
            entries: Mutex::default(),
            depth: Mutex::default(),
            reached: Notify::new(),
            gate: tokio::sync::Semaphore::new(0),
        })
    }

    pub(crate) fn behave(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    pub(crate) fn release(&self, deliveries: usize) {
        self.gate.add_permits(deliveries);
    }

    fn fitting(&self, filter: &Filter) -> Vec<(i64, Entry)> {
        let entries = self.entries.lock().unwrap();
        let fits = |(id, entry): &&(i64, Entry)| {
            filter.since.is_none_or(|since| entry.decided_at >= since)
                && filter.after.is_none_or(|after| *id > after)
                && filter.before.is_none_or(|before| *id < before)
                && filter.account.as_ref().is_none_or(|account| *account == entry.account)
        };
        entries.iter().filter(fits).cloned().collect()
    }

    pub(crate) fn kept(&self) -> usize {
        self.kept.lock().unwrap().len()
    }
}

fn broken<T>() -> Result<T, Error> {
    Err(Error::Unavailable("the disk is full".into()))
}

#[async_trait]
impl Store for Shelf {
    async fn accept(&self, delivery: &VerifiedDelivery, _: Timestamp) -> Result<Accepted, Error> {
        let manner = *self.manner.lock().unwrap();
        self.reached.notify_one();
        match manner {
            Manner::Works => {}
            Manner::Busy => return Err(Error::Busy),
            Manner::Broken => return broken(),
            Manner::Panics => panic!("the shelf falls over, as this test wants it to"),
            Manner::Waits => self.gate.acquire().await.unwrap().forget(),
        }
        let row = (delivery.account().as_str().to_owned(), delivery.key().as_str().to_owned());
        let new = self.kept.lock().unwrap().insert(row);
        Ok(match delivery.content() {
            _ if !new => Accepted::Known,
            Content::Notice(_) => Accepted::New,
            Content::Malformed(_) => Accepted::Dead,
        })
    }

    async fn contacts(&self, _: &TicketKey, _: &str, _: Timestamp) -> Result<Vec<Timestamp>, Error> {
        Ok(Vec::new())
    }

    async fn decisions(&self, filter: &Filter) -> Result<Vec<(i64, Entry)>, Error> {
        let fitting = self.fitting(filter);
        let limit = (filter.bound() as usize).min(fitting.len());
        Ok(match filter.from {
            LimitFrom::Newest => fitting[fitting.len() - limit..].to_vec(),
            LimitFrom::Oldest => fitting[..limit].to_vec(),
        })
    }

    async fn place(&self, filter: &Filter, newest: u32) -> Result<Option<i64>, Error> {
        let fitting = self.fitting(filter);
        let place = fitting.len().checked_sub(newest as usize);
        Ok(place.and_then(|place| fitting.get(place)).map(|(id, _)| *id))
    }

    async fn headlines(&self, _: u32) -> Result<Vec<Headline>, Error> {
        let headline = |(id, entry): &(i64, Entry)| Headline {
            id: *id,
            decided_at: entry.decided_at,
            account: entry.account.clone(),
            outcome: entry.outcome,
        };
        Ok(self.entries.lock().unwrap().iter().map(headline).collect())
    }

    async fn summaries(&self, _: &Filter) -> Result<Vec<SummarisedDecision>, Error> {
        Ok(Vec::new())
    }

    async fn cases(&self, _: &CaseQuery, _: u32) -> Result<Vec<TicketCase>, Error> {
        Ok(Vec::new())
    }

    async fn summarise(&self, _: u32) -> Result<u64, Error> {
        Ok(0)
    }

    async fn dead(&self, _: &DeadFilter) -> Result<Vec<DeadLetter>, Error> {
        Ok(Vec::new())
    }

    async fn depth(&self) -> Result<Depth, Error> {
        Ok(*self.depth.lock().unwrap())
    }

    async fn probe(&self) -> Result<(), Error> {
        if *self.manner.lock().unwrap() == Manner::Works { Ok(()) } else { broken() }
    }

    // Neither door calls what follows; a call fails and its test with it.
    async fn claim(&self, _: Timestamp, _: Duration) -> Result<Option<Claim>, Error> {
        broken()
    }
    async fn renew(&self, _: &Claim, _: Timestamp) -> Result<(), Error> {
        broken()
    }
    async fn journal(&self, _: &Claim, _: &JournalEntry) -> Result<(), Error> {
        broken()
    }
    async fn settle(&self, _: Claim, _: &Entry) -> Result<i64, Error> {
        broken()
    }
    async fn record(&self, _: &Entry) -> Result<i64, Error> {
        broken()
    }
    async fn postpone(&self, _: Claim, _: Timestamp, _: bool, _: &str) -> Result<(), Error> {
        broken()
    }
    async fn bury(&self, _: Claim, _: &str, _: Timestamp) -> Result<(), Error> {
        broken()
    }
    async fn requeue(&self, _: i64, _: Timestamp) -> Result<bool, Error> {
        broken()
    }
    async fn drop_dead(&self, _: i64) -> Result<bool, Error> {
        broken()
    }
    async fn wake(&self, _: &str, _: Timestamp) -> Result<u64, Error> {
        broken()
    }
    async fn history(&self, _: &TicketKey) -> Result<History, Error> {
        broken()
    }
    async fn decided_since(&self, _: Timestamp) -> Result<u64, Error> {
        broken()
    }
    async fn dead_letter(&self, _: i64) -> Result<Option<(DeadLetter, Vec<u8>)>, Error> {
        broken()
    }
    async fn next_due(&self) -> Result<Option<Timestamp>, Error> {
        broken()
    }
    async fn unsettled(&self, _: Timestamp, _: u32) -> Result<Vec<Unsettled>, Error> {
        broken()
    }
    async fn keep_settled(&self, _: &Unsettled, _: &Kept) -> Result<(), Error> {
        broken()
    }
    async fn settle_later(&self, _: &Unsettled, _: Timestamp) -> Result<(), Error> {
        broken()
    }
    async fn never_settled(&self, _: &Unsettled) -> Result<(), Error> {
        broken()
    }
    async fn demote(&self, _: &Demotion) -> Result<(), Error> {
        broken()
    }
    async fn demotions(&self) -> Result<Vec<Demotion>, Error> {
        broken()
    }
    async fn forget(&self, _: &Forget, _: Timestamp, _: bool) -> Result<Forgotten, Error> {
        broken()
    }
    async fn reserve_answer(&self, _: &PublicAnswer, _: Timestamp, _: u32) -> Result<bool, Error> {
        broken()
    }
    async fn verify(&self, _: Option<&str>) -> Result<Chain, Error> {
        broken()
    }
    async fn swept(&self, _: &str) -> Result<Option<Timestamp>, Error> {
        broken()
    }
    async fn sweep_to(&self, _: &str, _: Timestamp) -> Result<(), Error> {
        broken()
    }
    async fn knows(&self, _: &TicketKey) -> Result<bool, Error> {
        broken()
    }
}
