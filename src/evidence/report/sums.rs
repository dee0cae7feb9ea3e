//! Sums that a whole report is made of, added up one decision, one ticket and one course at a time.
//!
//! What is kept grows with heads, labels, accounts and languages, and never with the number of decisions. Answers are added before
//! the tickets that were settled, because overrides are counted on the side that their answer is on.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::challenge::{ChallengeSums, Duel};
use super::drift::{AnswerMix, RecentAnswer};
use super::evidence::HeadEvidence;
use super::impact::ImpactSums;
use super::observation::{Course, Influence, Observation};
use super::terms::Terms;

/// How long the reference of drift lasts, from a model's first decision on.
pub const FIRST_WEEKS: SignedDuration = SignedDuration::from_hours(28 * 24);
/// How far back "now" reaches.
pub const LAST_DAYS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Sums of everything that is reported.
#[derive(Clone, Debug)]
pub struct ReportSums {
    pub(super) heads: BTreeMap<String, HeadEvidence>,
    pub(super) seen: SeenSums,
    pub(super) impact: ImpactSums,
    pub(super) challenge: ChallengeSums,
    pub(super) answers: AnswerDays,
}

/// What was held against a settled value.
#[derive(Clone, Debug, Default)]
pub(super) struct SeenSums {
    /// The model that agreement is about.
    pub(super) model: Option<String>,
    pub(super) tickets: usize,
    pub(super) decided: Option<[Timestamp; 2]>,
    pub(super) accounts: BTreeSet<String>,
    /// Observations of each model.
    pub(super) models: BTreeMap<String, usize>,
}

/// Answers of a model's first weeks and of the last days.
#[derive(Clone, Debug)]
pub(super) struct AnswerDays {
    model: Option<String>,
    until: Timestamp,
    first: Option<Timestamp>,
    pub(super) now: AnswerMix,
    pub(super) then: AnswerMix,
}

impl AnswerDays {
    fn side(&mut self, at: Timestamp) -> Option<&mut AnswerMix> {
        let first = self.first?;
        if at >= self.until - LAST_DAYS && at <= self.until {
            return Some(&mut self.now);
        }
        (at < first + FIRST_WEEKS).then_some(&mut self.then)
    }
}

impl ReportSums {
    /// Begins with nothing. Agreement is about `model`, drift about `answering`, the model that decides now.
    pub fn new(terms: &Terms, model: Option<String>, answering: Option<String>) -> Self {
        let (now, then) = (AnswerMix::default(), AnswerMix::default());
        Self {
            heads: BTreeMap::new(),
            seen: SeenSums { model, ..SeenSums::default() },
            impact: ImpactSums::new(terms.split),
            challenge: ChallengeSums::default(),
            answers: AnswerDays { model: answering, until: terms.now, first: None, now, then },
        }
    }

    /// Adds the answers of a ticket's first decision by the model that decides now; tickets come the oldest first.
    pub fn add_answers<'a>(
        &mut self,
        at: Timestamp,
        language: Option<&str>,
        answers: impl IntoIterator<Item = RecentAnswer<'a>>,
    ) {
        self.answers.first.get_or_insert(at);
        if let Some(side) = self.answers.side(at) {
            side.add(language, answers);
        }
    }

    /// Adds a ticket that settled, by its observations; `is_first` says whether they are of the model's first decision on it.
    pub fn add_ticket(&mut self, observations: &[Observation], is_first: bool) {
        for (at, seen) in observations.iter().enumerate() {
            self.note(seen, at == 0);
            self.count(seen);
            if is_first {
                self.judge(seen);
            }
        }
    }

    /// Adds how a ticket went.
    pub fn add_course(&mut self, course: &Course) {
        self.impact.add(course);
    }

    /// Adds one head's two answers; see [`ChallengeSums::add`].
    pub fn add_duel(&mut self, duel: &Duel) {
        self.challenge.add(duel);
    }

    /// Notes when, where and by what model an observation was made.
    pub(super) fn note(&mut self, seen: &Observation, is_new_ticket: bool) {
        let of = &mut self.seen;
        of.tickets += usize::from(is_new_ticket);
        let at = seen.decided_at;
        of.decided = Some(of.decided.map_or([at, at], |[first, last]| [first.min(at), last.max(at)]));
        if !of.accounts.contains(&seen.account) {
            of.accounts.insert(seen.account.clone());
        }
        match of.models.get_mut(&seen.model) {
            Some(n) => *n += 1,
            None => drop(of.models.insert(seen.model.clone(), 1)),
        }
    }

    /// Counts an observation as evidence, where it is of the model that agreement is about.
    pub(super) fn count(&mut self, seen: &Observation) {
        if Some(&seen.model) != self.seen.model.as_ref() {
            return;
        }
        if !self.heads.contains_key(&seen.head) {
            self.heads.insert(seen.head.clone(), HeadEvidence::default());
        }
        if let Some(head) = self.heads.get_mut(&seen.head) {
            head.add(seen);
        }
    }

    /// Counts whether people replaced what we wrote, on the side of drift that the decision is on.
    pub(super) fn judge(&mut self, seen: &Observation) {
        let replaced = match seen.influence {
            Influence::Kept => false,
            Influence::Overridden => true,
            Influence::Independent | Influence::Anchored | Influence::Unconfirmed => return,
        };
        if Some(&seen.model) == self.answers.model.as_ref()
            && let Some(side) = self.answers.side(seen.decided_at)
        {
            side.judge(&seen.head, replaced);
        }
    }
}
