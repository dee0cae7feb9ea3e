//! Past decisions with what is known of their tickets: earlier entries, what became of them, what another model says.

use std::collections::HashMap;

use deskbridge_connectors::TicketId;

use super::Said;
use super::tell::Telling;
use crate::domain::decision::TicketKey;
use crate::domain::outcome::{EffectOutcome, EffectRecord, Entry};
use crate::evidence::report::observation::Observation;
use crate::evidence::settling::{self, Kept, Readings};
use crate::offline::replay::{self, Basis, End, MOST_HISTORY};
use crate::rulebook::Rulebook;
use crate::store::{CaseQuery, Filter};

/// Tickets whose settled values are read at once.
const TICKETS: usize = 200;

/// Entries of a ticket that are looked at; few have more than a handful.
const OF_A_TICKET: u32 = 500;

/// The past, and what it is replayed by.
pub(super) struct Past<'a> {
    pub(super) readings: &'a Readings,
    pub(super) rulebook: &'a Rulebook,
    /// What another model says; then only its decisions are replayed.
    pub(super) said: Option<&'a Said>,
    /// Tells if labels are promoted one by one.
    pub(super) gated: bool,
}

impl Past<'_> {
    /// Replays those of these entries that decided something.
    pub(super) async fn replay(&self, entries: &[(i64, Entry)], telling: &mut Telling) -> anyhow::Result<()> {
        let kept = self.kept(entries).await?;
        for (id, entry) in entries.iter().filter(|(_, entry)| entry.digests.is_some()) {
            let said = match self.said {
                Some(said) => match said.get(id) {
                    Some(said) => Some(said),
                    None => continue,
                },
                None => None,
            };
            let (earlier, acted) = self.ticket(*id, entry).await?;
            let end = key(entry).and_then(|key| {
                let heads = self.readings.sources.get(&entry.account)?;
                Some(End { kept: kept.get(&key)?, heads, acted })
            });
            let basis = Basis { earlier, end, said, gated: self.gated };
            telling.add(&replay::replay(self.rulebook, *id, entry, basis))?;
        }
        Ok(())
    }

    /// The settled tickets of these entries as the other model sees them.
    pub(super) async fn as_seen_by(&self, entries: &[(i64, Entry)]) -> anyhow::Result<Vec<Observation>> {
        let mut seen = Vec::new();
        for some in entries.chunks(TICKETS) {
            let kept = self.kept(some).await?;
            for (id, entry) in some {
                let Some(Ok(prediction)) = self.said.and_then(|said| said.get(id)) else { continue };
                let settled = key(entry).and_then(|key| kept.get(&key));
                let Some((kept, heads)) = settled.zip(self.readings.sources.get(&entry.account)) else {
                    continue;
                };
                let mut entry = entry.clone();
                if let Some(snapshot) = &mut entry.snapshot {
                    snapshot.prediction = prediction.clone();
                }
                seen.extend(settling::observe_entry(*id, &entry, kept, heads));
            }
        }
        Ok(seen)
    }

    /// The settled values of these entries' tickets.
    async fn kept(&self, entries: &[(i64, Entry)]) -> anyhow::Result<HashMap<TicketKey, Kept>> {
        let mut kept = HashMap::new();
        for some in entries.chunks(TICKETS) {
            let tickets: Vec<TicketKey> = some.iter().filter_map(|(_, entry)| key(entry)).collect();
            let limit = u32::try_from(tickets.len()).unwrap_or(u32::MAX);
            for case in self.readings.store.cases(&CaseQuery::Tickets(tickets), limit).await? {
                kept.extend(case.kept.map(|found| (case.ticket, found)));
            }
        }
        Ok(kept)
    }

    /// The entries of a ticket before this one that decided something, the newest first; and whether any entry of the ticket showed
    /// or wrote something.
    async fn ticket(&self, id: i64, entry: &Entry) -> anyhow::Result<(Vec<Entry>, bool)> {
        let filter = Filter {
            account: Some(entry.account.clone()),
            ticket: Some(entry.ticket.clone()),
            limit: Some(OF_A_TICKET),
            ..Filter::default()
        };
        let all = self.readings.store.decisions(&filter).await?;
        let did =
            |effect: &EffectRecord| matches!(effect.state, EffectOutcome::Applied | EffectOutcome::Suggested);
        let acted = all.iter().any(|(_, entry)| entry.effects.iter().any(did));
        let earlier = all.into_iter().rev().filter(|(other, entry)| *other < id && entry.digests.is_some());
        Ok((earlier.map(|(_, entry)| entry).take(MOST_HISTORY).collect(), acted))
    }
}

fn key(entry: &Entry) -> Option<TicketKey> {
    let ticket = TicketId::new(entry.ticket.as_str()).ok()?;
    Some(TicketKey { account: entry.account.clone(), ticket })
}
