//! A challenger beside the live bundle: where they part, and which of the two the agents agreed with.
//!
//! Only tickets that both were asked about, and of the newest challenger alone. A ticket counts once, by its last decision. Who
//! is right is told on tickets whose agents chose on their own; on the others the live answer had a say in what they chose.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Ways of parting that are listed for a head.
const LISTED: usize = 5;

/// One head's two answers to one ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duel {
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

/// Sums of duels, added one at a time, each ticket by its last decision, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct ChallengeSums {
    newest: Option<(String, String)>,
    /// By live bundle and challenger: few, because each is a bundle that somebody trained.
    by_models: BTreeMap<(String, String), BTreeMap<String, HeadDuels>>,
}

/// Sums of one head.
#[derive(Clone, Debug, Default)]
struct HeadDuels {
    counts: HeadChallenge,
    pairs: BTreeMap<(BTreeSet<String>, BTreeSet<String>), usize>,
}

/// Ways of parting that are counted for a head. A head with one label per ticket has fewer; of one with several, rare ways beyond
/// these are left out of the list, and stay in every count.
const COUNTED: usize = 4096;

impl ChallengeSums {
    /// Adds one head's two answers.
    pub fn add(&mut self, duel: &Duel) {
        if self.newest.as_ref() != Some(&duel.models) {
            self.newest = Some(duel.models.clone());
        }
        if !self.by_models.contains_key(&duel.models) {
            self.by_models.insert(duel.models.clone(), BTreeMap::new());
        }
        if let Some(heads) = self.by_models.get_mut(&duel.models) {
            heads.entry(duel.head.clone()).or_default().add(duel);
        }
    }

    /// Returns the standing of the newest challenger against the bundle that it was last compared with; `None` where there is none.
    pub fn challenge(&self) -> Option<Challenge> {
        let models = self.newest.as_ref()?;
        let heads = self.by_models.get(models)?.iter();
        let heads = heads.map(|(head, duels)| (head.clone(), duels.standing())).collect();
        Some(Challenge { live: models.0.clone(), challenger: models.1.clone(), heads })
    }
}

impl HeadDuels {
    fn add(&mut self, duel: &Duel) {
        let head = &mut self.counts;
        head.n += 1;
        match (duel.live.is_empty(), duel.challenger.is_empty()) {
            _ if duel.live == duel.challenger => head.same += 1,
            (false, true) => head.only_live += 1,
            (true, false) => head.only_challenger += 1,
            _ => head.other += 1,
        }
        if duel.live == duel.challenger {
            return;
        }
        if let Some(settled) = &duel.settled {
            head.settled += 1;
            head.live_right += usize::from(duel.live == *settled);
            head.challenger_right += usize::from(duel.challenger == *settled);
        }
        let pair = (duel.live.clone(), duel.challenger.clone());
        if self.pairs.len() < COUNTED || self.pairs.contains_key(&pair) {
            *self.pairs.entry(pair).or_default() += 1;
        }
    }

    fn standing(&self) -> HeadChallenge {
        let mut pairs: Vec<_> = self.pairs.iter().collect();
        pairs.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
        let names = |labels: &BTreeSet<String>| labels.iter().cloned().collect();
        let listed = pairs.into_iter().take(LISTED);
        let listed = listed.map(|((live, challenger), n)| Parting {
            live: names(live),
            challenger: names(challenger),
            n: *n,
        });
        HeadChallenge { pairs: listed.collect(), ..self.counts.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duel(live: &[&str], challenger: &[&str], settled: Option<&[&str]>) -> Duel {
        let set = |labels: &[&str]| labels.iter().map(|label| (*label).to_owned()).collect::<BTreeSet<_>>();
        Duel {
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
            duel(&["billing"], &["billing"], Some(&["sales"])),
            duel(&["billing"], &["sales"], Some(&["sales"])),
            duel(&["billing"], &["sales"], Some(&["billing"])),
            duel(&["billing"], &["sales"], None),
            duel(&[], &["sales"], Some(&["sales"])),
            duel(&["billing"], &[], Some(&["sales"])),
            duel(&[], &[], None),
        ];
        duels.insert(0, Duel { models: ("older".into(), "new".into()), ..duel(&["a"], &["b"], None) });
        let sums = |duels: &[Duel]| {
            let mut sums = ChallengeSums::default();
            duels.iter().for_each(|duel| sums.add(duel));
            sums.challenge()
        };
        let found = sums(&duels).unwrap();
        let head = &found.heads["category"];
        assert_eq!((head.n, head.same, head.only_live, head.only_challenger, head.other), (7, 2, 1, 1, 3));
        assert_eq!((head.settled, head.live_right, head.challenger_right), (4, 1, 2));
        let most = &head.pairs[0];
        assert_eq!(
            (&most.live[..], &most.challenger[..], most.n),
            (&["billing".into()][..], &["sales".into()][..], 3)
        );
        assert_eq!(sums(&[]), None);
    }
}
