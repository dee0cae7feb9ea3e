//! Days on the desks: tickets come in through the real door, and time passes for everybody at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use deskbridge::clock::{Clock, SystemClock};
use deskbridge::store::{CaseQuery, MOST_ENTRIES};
use deskbridge_standins::NewTicket;
use deskbridge_standins::webhook::set_clock_ahead;
use jiff::{SignedDuration, Timestamp};

use crate::harness::House;
use crate::texts::Writer;

/// How far everybody's clock is from the machine's.
pub(crate) struct Calendar(Arc<AtomicI64>);

impl Calendar {
    pub(crate) fn days_ago(days: i64) -> Self {
        let calendar = Self(Arc::default());
        calendar.set(-days * 24 * 3_600_000);
        calendar
    }

    pub(crate) fn forward_hours(&self, hours: i64) {
        self.set(self.0.load(Ordering::SeqCst) + hours * 3_600_000);
    }

    /// Commands that are run as processes have the machine's time.
    pub(crate) fn return_to_now(&self) {
        self.set(0);
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(Ahead(Arc::clone(&self.0)))
    }

    fn set(&self, ahead_ms: i64) {
        self.0.store(ahead_ms, Ordering::SeqCst);
        set_clock_ahead(ahead_ms);
    }
}

struct Ahead(Arc<AtomicI64>);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now() + SignedDuration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// A ticket on its desk.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) desk: usize,
    pub(crate) id: String,
    /// What its text speaks of.
    pub(crate) says: &'static str,
    /// Which of the texts that speak of it, counted from 0.
    pub(crate) nth: usize,
}

/// So many tickets of each label come in, spread over the desks; returns when all were decided.
pub(crate) async fn arrive(
    house: &House,
    writer: &mut Writer,
    labels: &[&'static str],
    of_each: usize,
) -> Vec<Arrived> {
    let mut desks: Vec<Vec<(&'static str, usize, String)>> = vec![Vec::new(); house.desks.len()];
    for at in 0..of_each {
        for (place, label) in labels.iter().enumerate() {
            let (nth, text) = writer.write(label);
            desks[(at + place) % house.desks.len()].push((label, nth, text));
        }
    }
    let opening = house.desks.iter().cloned().zip(desks).enumerate().map(|(desk, (platform, texts))| {
        tokio::spawn(async move {
            let mut arrived = Vec::new();
            for (says, nth, body) in texts {
                let email = format!("{says}{nth}@mail.example");
                let ticket = NewTicket { body, email, ..NewTicket::default() };
                arrived.push(Arrived { desk, id: platform.open(ticket).await, says, nth });
            }
            arrived
        })
    });
    let mut arrived = Vec::new();
    for opened in opening.collect::<Vec<_>>() {
        arrived.extend(opened.await.unwrap());
    }
    house.settle().await;
    arrived
}

/// Waits until the daemon knows what the agents settled on, of so many tickets.
pub(crate) async fn settled(house: &House, tickets: usize) {
    let mut known = 0;
    loop {
        let (mut now, mut after) = (0, None);
        loop {
            let page = CaseQuery::Settled { after, since: None };
            let page = house.store.cases(&page, MOST_ENTRIES).await.unwrap();
            let Some(last) = page.last() else { break };
            now += page.len();
            after = Some(last.ticket.clone());
        }
        if now == tickets {
            return;
        }
        assert!(now > known || known == 0, "{now} of {tickets} tickets have settled, and no more come");
        known = now;
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

/// Whether deskbridge acted on it.
pub(crate) fn is_sorted(house: &House, ticket: &Arrived) -> bool {
    house.desks[ticket.desk].ticket(&ticket.id).unwrap().tags.contains("sorted")
}

/// Whether the model named a label.
pub(crate) async fn was_sure(house: &House, ticket: &Arrived) -> bool {
    let decided = house.decided(&*house.desks[ticket.desk], &ticket.id).await;
    let snapshot = decided[0].snapshot.as_ref().unwrap();
    !snapshot.prediction.heads["category"].chosen.is_empty()
}
