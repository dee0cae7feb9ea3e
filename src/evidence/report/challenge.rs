//! A challenger beside the live bundle: where they part, and which of the two the agents agreed with.
//!
//! Only tickets that both were asked about, and of the newest challenger alone. A ticket counts once, by its last decision. Who
//! is right is told on tickets whose agents chose on their own; on the others the live answer had a say in what they chose.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::observation::{Influence, Observation};
use crate::domain::outcome::Entry;
use crate::domain::trial::named;

/// Ways of parting that are listed for a head.
const LISTED: usize = 5;

/// One head's two answers to one ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duel {
    /// When it was decided.
    pub at: Timestamp,
    /// Account and ticket.
    pub ticket: String,
    /// The live bundle and its challenger.
    pub models: (String, String),
    /// The head.
    pub head: String,
    /// What the live bundle named.
    pub live: BTreeSet<String>,
    /// What the challenger named.
    pub challenger: BTreeSet<String>,
    /// What agents settled on by themselves; `None` where nobody has yet, or where they saw an answer first.
    pub settled: Option<BTreeSet<String>>,
}

impl Duel {
    /// The duels of a ledger, beside what was settled.
    pub fn all(ledger: &[(i64, Entry)], observations: &[Observation]) -> Vec<Self> {
        let own = observations.iter().filter(|seen| seen.influence == Influence::Independent);
        let settled: BTreeMap<(i64, &str), &BTreeSet<String>> =
            own.map(|seen| ((seen.decision, seen.head.as_str()), &seen.settled)).collect();
        let mut last = BTreeMap::new();
        for (id, entry) in ledger {
            let (Some(trial), Some(digests)) = (&entry.challenger, &entry.digests) else { continue };
            let heads = trial.heads.as_object().into_iter().flatten();
            for (head, challenger) in heads {
                let Some(live) = entry.heads.get(head) else { continue };
                let ticket = format!("{}/{}", entry.account, entry.ticket);
                let duel = Self {
                    at: entry.decided_at,
                    ticket: ticket.clone(),
                    models: (digests.model.clone(), trial.model.clone()),
                    head: head.clone(),
                    live: named(live),
                    challenger: named(challenger),
                    settled: settled.get(&(*id, head.as_str())).map(|labels| (*labels).clone()),
                };
                last.insert((ticket, head.clone()), duel);
            }
        }
        let mut duels: Vec<_> = last.into_values().collect();
        duels.sort_by(|a, b| (a.at, &a.ticket, &a.head).cmp(&(b.at, &b.ticket, &b.head)));
        duels
    }
}

/// A challenger's standing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// Digest of the live bundle.
    pub live: String,
    /// Digest of the challenger.
    pub challenger: String,
    /// By head.
    pub heads: BTreeMap<String, HeadChallenge>,
}

/// One head's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadChallenge {
    /// Tickets that both were asked about.
    pub n: usize,
    /// On which both named the same, or both abstained.
    pub same: usize,
    /// On which only the live bundle named something.
    pub only_live: usize,
    /// On which only the challenger did.
    pub only_challenger: usize,
    /// On which they named different things.
    pub other: usize,
    /// Tickets that agents settled by themselves and on which the two part.
    pub settled: usize,
    /// Of those, the ones on which the agents chose what the live bundle named.
    pub live_right: usize,
    /// The ones on which they chose what the challenger named.
    pub challenger_right: usize,
    /// The commonest ways of parting.
    pub pairs: Vec<Parting>,
}

/// One way of parting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parting {
    /// What the live bundle named; empty where it abstained.
    pub live: Vec<String>,
    /// What the challenger named.
    pub challenger: Vec<String>,
    /// On how many tickets.
    pub n: usize,
}

/// The standing of the newest challenger against the bundle it was last held against; `None` where there is none.
pub fn challenge(duels: &[Duel]) -> Option<Challenge> {
    let models = &duels.last()?.models;
    let mut heads: BTreeMap<String, HeadChallenge> = BTreeMap::new();
    let mut pairs: BTreeMap<(&str, &BTreeSet<String>, &BTreeSet<String>), usize> = BTreeMap::new();
    for duel in duels.iter().filter(|duel| duel.models == *models) {
        let head = heads.entry(duel.head.clone()).or_default();
        head.n += 1;
        match (duel.live.is_empty(), duel.challenger.is_empty()) {
            _ if duel.live == duel.challenger => head.same += 1,
            (false, true) => head.only_live += 1,
            (true, false) => head.only_challenger += 1,
            _ => head.other += 1,
        }
        if duel.live == duel.challenger {
            continue;
        }
        *pairs.entry((&duel.head, &duel.live, &duel.challenger)).or_default() += 1;
        if let Some(settled) = &duel.settled {
            head.settled += 1;
            head.live_right += usize::from(duel.live == *settled);
            head.challenger_right += usize::from(duel.challenger == *settled);
        }
    }
    let mut pairs: Vec<_> = pairs.into_iter().collect();
    pairs.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    for ((head, live, challenger), n) in pairs {
        let listed = &mut heads.entry(head.to_owned()).or_default().pairs;
        if listed.len() < LISTED {
            let names = |labels: &BTreeSet<String>| labels.iter().cloned().collect();
            listed.push(Parting { live: names(live), challenger: names(challenger), n });
        }
    }
    Some(Challenge { live: models.0.clone(), challenger: models.1.clone(), heads })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duel(ticket: usize, live: &[&str], challenger: &[&str], settled: Option<&[&str]>) -> Duel {
        let set = |labels: &[&str]| labels.iter().map(|label| (*label).to_owned()).collect::<BTreeSet<_>>();
        Duel {
            at: Timestamp::from_second(i64::try_from(ticket).unwrap()).unwrap(),
            ticket: format!("acme/{ticket}"),
            models: ("old".into(), "new".into()),
            head: "category".into(),
            live: set(live),
            challenger: set(challenger),
            settled: settled.map(set),
        }
    }

    #[test]
    fn where_they_part_is_counted_and_who_was_right() {
        let mut duels = vec![
            duel(1, &["billing"], &["billing"], Some(&["sales"])),
            duel(2, &["billing"], &["sales"], Some(&["sales"])),
            duel(3, &["billing"], &["sales"], Some(&["billing"])),
            duel(4, &["billing"], &["sales"], None),
            duel(5, &[], &["sales"], Some(&["sales"])),
            duel(6, &["billing"], &[], Some(&["sales"])),
            duel(7, &[], &[], None),
        ];
        duels.insert(0, Duel { models: ("older".into(), "new".into()), ..duel(0, &["a"], &["b"], None) });
        let found = challenge(&duels).unwrap();
        let head = &found.heads["category"];
        assert_eq!((head.n, head.same, head.only_live, head.only_challenger, head.other), (7, 2, 1, 1, 3));
        assert_eq!((head.settled, head.live_right, head.challenger_right), (4, 1, 2));
        let most = &head.pairs[0];
        assert_eq!(
            (&most.live[..], &most.challenger[..], most.n),
            (&["billing".into()][..], &["sales".into()][..], 3)
        );
        assert_eq!(challenge(&[]), None);
    }
}
