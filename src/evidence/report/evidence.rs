//! Which observations may say how good the model is: independent ones, of the newest model, one a ticket.
//!
//! * **Independent**: an agent who saw our suggestion, or our write, before choosing is no judge of it. Such observations are
//!   counted beside the figures, by [`Influence`], and never in them.
//! * **Newest model**: a new bundle has to earn its own figures; an older one's tickets say nothing about it.
//! * **One a ticket and head**: the first decision of that model. Ten decisions on one ticket are not ten tickets.

use std::collections::BTreeMap;

use super::observation::{Influence, Observation};

/// The observations of one head, sorted by what they may be used for.
#[derive(Clone, Debug, Default)]
pub struct Evidence<'a> {
    /// Those that count.
    pub independent: Vec<&'a Observation>,
    /// Every other one, by why it does not.
    pub apart: Vec<&'a Observation>,
}

impl<'a> Evidence<'a> {
    /// How many observations there are of each influence.
    pub fn counts(&self) -> BTreeMap<Influence, usize> {
        let mut counts = BTreeMap::new();
        for observation in self.independent.iter().chain(&self.apart) {
            *counts.entry(observation.influence).or_default() += 1;
        }
        counts
    }

    /// Those that were written by us and that people have judged since, and of these the ones they replaced.
    pub fn judged(&self) -> impl Iterator<Item = (&'a Observation, bool)> + '_ {
        self.apart.iter().filter_map(|observation| match observation.influence {
            Influence::Kept => Some((*observation, false)),
            Influence::Overridden => Some((*observation, true)),
            _ => None,
        })
    }
}

/// The model that made the latest decision among these; what the figures are about.
pub fn newest_model(observations: &[Observation]) -> Option<&str> {
    let latest =
        observations.iter().max_by_key(|observation| (observation.decided_at, observation.decision))?;
    Some(&latest.model)
}

/// Sorts observations by head and by use; those of other models than the newest are left out.
pub fn by_head(observations: &[Observation]) -> BTreeMap<&str, Evidence<'_>> {
    let Some(model) = newest_model(observations) else { return BTreeMap::new() };
    let mut first = BTreeMap::new();
    for observation in observations.iter().filter(|observation| observation.model == model) {
        let key = (&observation.head, &observation.account, &observation.ticket);
        let kept = first.entry(key).or_insert(observation);
        if (observation.decided_at, observation.decision) < (kept.decided_at, kept.decision) {
            *kept = observation;
        }
    }
    let mut heads = BTreeMap::<&str, Evidence<'_>>::new();
    for observation in first.into_values() {
        let evidence = heads.entry(&observation.head).or_default();
        match observation.influence {
            Influence::Independent => evidence.independent.push(observation),
            _ => evidence.apart.push(observation),
        }
    }
    heads
}

/// Every label that was named, ranked or settled on, in alphabetical order.
pub fn labels<'a>(observations: &[&'a Observation]) -> Vec<&'a str> {
    let mut labels = std::collections::BTreeSet::new();
    for observation in observations {
        labels.extend(observation.ranked.iter().map(|(label, _)| label.as_str()));
        labels.extend(observation.named.iter().map(String::as_str));
        labels.extend(observation.settled.iter().map(String::as_str));
    }
    labels.into_iter().collect()
}
