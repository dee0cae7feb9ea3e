//! Plays the tickets: customers write, accidents happen, and the ledger is read until all is settled.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use deskbridge_standins::log::FaultKind;
use deskbridge_standins::scenario::{Play, Twist};
use deskbridge_standins::{Change, Desk, Fault, NewTicket};

use super::house::House;
use crate::domain::mode::Mode;
use crate::domain::outcome::Entry;
use crate::store::Filter;

/// How long a round may take in all.
const PATIENCE: Duration = Duration::from_secs(120);

/// A ticket that was played.
pub(super) struct Played {
    /// Index of its play.
    pub(super) play: usize,
    /// The account's name.
    pub(super) account: String,
    /// The ticket's id.
    pub(super) ticket: String,
    /// Its decision.
    pub(super) entry: Option<Entry>,
    /// How many decisions the ledger has for it.
    pub(super) decisions: usize,
    /// From the webhook's sending to the first write; in shadow mode to the decision.
    pub(super) took_ms: Option<i64>,
    /// What a second delivery was answered.
    pub(super) redelivered: Option<u16>,
    /// What a forged delivery was answered.
    pub(super) forged: Option<u16>,
}

impl Played {
    /// How many effects were planned.
    pub(super) fn effects(&self) -> usize {
        self.entry.as_ref().map_or(0, |entry| entry.effects.len())
    }

    /// The label a head chose; `None` where it abstained.
    pub(super) fn chose(&self, head: &str) -> Option<&str> {
        let scored = self.entry.as_ref()?.heads.get(head)?;
        if scored["abstained"].as_bool()? { None } else { scored["label"].as_str() }
    }
}

/// Plays every ticket once and waits until the inbox is empty.
pub(super) async fn all(
    plays: &[Play],
    desks: &[Arc<dyn Desk>],
    house: &House,
    mode: Mode,
) -> anyhow::Result<Vec<Played>> {
    let mut played = Vec::new();
    for (at, play) in plays.iter().enumerate() {
        let desk = &desks[play.desk];
        let mut ticket = play.ticket.clone();
        if mode == Mode::Live {
            arm(play.twist, desk.as_ref(), &mut ticket);
        }
        let ticket = desk.open(ticket).await;
        let mut one = Played {
            play: at,
            account: desk.platform().to_owned(),
            ticket: ticket.clone(),
            entry: None,
            decisions: 0,
            took_ms: None,
            redelivered: None,
            forged: None,
        };
        match play.twist {
            Twist::Duplicate => one.redelivered = Some(desk.redeliver(&ticket).await),
            Twist::Forged => one.forged = Some(desk.forge(&ticket).await),
            // The accidents must meet the ticket they are meant for, so it is settled before the next one comes.
            Twist::RateLimited | Twist::Moved if mode == Mode::Live => settle(house).await?,
            Twist::RateLimited | Twist::Moved | Twist::None => {}
        }
        played.push(one);
    }
    settle(house).await?;
    read_ledger(house, desks, plays, &mut played, mode).await?;
    Ok(played)
}

/// The tag that the demo's agent adds while deskbridge is at work on the ticket.
pub(super) const AGENTS_TAG: &str = "seen-by-ada";

fn arm(twist: Twist, desk: &dyn Desk, ticket: &mut NewTicket) {
    match twist {
        Twist::RateLimited => desk.inject(Fault {
            method: None,
            path_contains: "/".into(),
            kind: FaultKind::Status { status: 429, retry_after: Some(1) },
            times: 1,
        }),
        Twist::Moved => {
            ticket.touched = Some(Change { tag: Some(AGENTS_TAG.into()), ..Change::default() });
        }
        Twist::None | Twist::Duplicate | Twist::Forged => {}
    }
}

async fn settle(house: &House) -> anyhow::Result<()> {
    let store = house.store()?;
    let begun = tokio::time::Instant::now();
    while store.depth().await?.pending > 0 {
        if begun.elapsed() > PATIENCE {
            bail!("the inbox is not empty after {} s:\n{}", PATIENCE.as_secs(), house.log());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn read_ledger(
    house: &House,
    desks: &[Arc<dyn Desk>],
    plays: &[Play],
    played: &mut [Played],
    mode: Mode,
) -> anyhow::Result<()> {
    let mut decided: HashMap<(String, String), Vec<Entry>> = HashMap::new();
    for (_, entry) in house.store()?.decisions(&Filter::default()).await? {
        if entry.digests.is_some() {
            decided.entry((entry.account.clone(), entry.ticket.clone())).or_default().push(entry);
        }
    }
    for one in played {
        let entries = decided.remove(&(one.account.clone(), one.ticket.clone())).unwrap_or_default();
        one.decisions = entries.len();
        one.entry = entries.into_iter().next();
        let desk = &desks[plays[one.play].desk];
        let sent = desk.deliveries().into_iter().find(|sent| sent.ticket == one.ticket);
        let Some((sent, entry)) = sent.zip(one.entry.as_ref()) else { continue };
        let done = match mode {
            Mode::Live => first_write(desk.as_ref(), &one.ticket),
            Mode::Shadow | Mode::Suggest => Some(entry.decided_at.as_millisecond()),
        };
        one.took_ms = done.map(|done| done - sent.at_ms);
    }
    Ok(())
}

/// When the desk had answered the first accepted write to a ticket. Some ids carry a prefix that paths do not.
fn first_write(desk: &dyn Desk, ticket: &str) -> Option<i64> {
    let id = ticket.rsplit('-').next().unwrap_or(ticket);
    desk.requests()
        .into_iter()
        .find(|request| {
            request.is_write()
                && request.status < 300
                && request.path.split(['/', '.', '?']).any(|segment| segment == id)
        })
        .map(|request| request.at_ms)
}
