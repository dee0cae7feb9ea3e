//! Reads the store's decisions beside its settled values, a page at a time, for a report.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::observe::{Sources, course, observe};
use crate::domain::summary::SummarisedDecision;
use crate::evidence::gather::{EvidenceSource, Pace};
use crate::evidence::report::challenge::Duel;
use crate::evidence::report::drift::RecentAnswer;
use crate::evidence::report::observation::{Course, Influence, Observation};
use crate::evidence::report::sums::{FIRST_WEEKS, LAST_DAYS, ReportSums};
use crate::evidence::report::terms::Terms;
use crate::store::{CaseQuery, Decisions, Error, Filter, LimitFrom, Store, TicketCase};

/// Tickets or decisions of a page: some milliseconds of reading.
const PAGE: u32 = 250;

/// The store's decisions beside its settled values.
pub struct Readings {
    /// The store that has both.
    pub store: Arc<dyn Store>,
    /// The places where the agents' own choice of each head is found, by account.
    pub sources: Sources,
}

/// A settled ticket.
pub struct SettledTicket {
    /// An observation for every head that agents choose somewhere.
    pub observations: Vec<Observation>,
    /// True where they are of the model's first decision on the ticket; told only where the decision wrote something.
    pub is_first: bool,
    /// How the ticket went.
    pub course: Course,
}

impl Readings {
    /// Hands over every ticket that settled since a time, one after the other.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn each(
        &self,
        since: Option<Timestamp>,
        pace: Pace,
        mut take: impl FnMut(SettledTicket) + Send,
    ) -> Result<(), Error> {
        let mut after = None;
        loop {
            let stretch = pace.begin();
            let page = self.store.cases(&CaseQuery::Settled { after, since }, PAGE).await?;
            after = page.last().map(|case| case.ticket.clone());
            let full = page.len() == PAGE as usize;
            page.iter().filter_map(|case| self.settled(case)).for_each(&mut take);
            stretch.end().await;
            if !full {
                return Ok(());
            }
        }
    }

    /// Hands over the observations of decisions that wrote something, the newest first, until `take` has enough.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn newest_writes(
        &self,
        since: Option<Timestamp>,
        pace: Pace,
        mut take: impl FnMut(&Observation) -> Reading + Send,
    ) -> Result<(), Error> {
        self.newest(since, Decisions::Written, pace, |observations| {
            let mut each = observations.iter().map(&mut take);
            if each.any(|reading| reading == Reading::Enough) { Reading::Enough } else { Reading::More }
        })
        .await
    }

    async fn newest(
        &self,
        since: Option<Timestamp>,
        which: Decisions,
        pace: Pace,
        mut take: impl FnMut(&[Observation]) -> Reading + Send,
    ) -> Result<(), Error> {
        let mut before = None;
        loop {
            let stretch = pace.begin();
            let page = self.store.cases(&CaseQuery::Newest { before, since, which }, PAGE).await?;
            before = page.last().and_then(|case| case.decision.as_ref()).map(|decision| decision.id);
            for case in &page {
                if take(&self.observations(case)) == Reading::Enough {
                    return Ok(());
                }
            }
            stretch.end().await;
            if page.len() < PAGE as usize {
                return Ok(());
            }
        }
    }

    /// Returns the model of the newest decision that was held against a settled value.
    async fn newest_model(&self, since: Option<Timestamp>, pace: Pace) -> Result<Option<String>, Error> {
        let mut model = None;
        self.newest(since, Decisions::All, pace, |observations| match observations.first() {
            Some(seen) => {
                model = Some(seen.model.clone());
                Reading::Enough
            }
            None => Reading::More,
        })
        .await?;
        Ok(model)
    }

    fn settled(&self, case: &TicketCase) -> Option<SettledTicket> {
        let kept = case.kept.as_ref()?;
        let mode = case.decision.as_ref().map(|decision| decision.summary.mode);
        Some(SettledTicket {
            observations: self.observations(case),
            is_first: case.decision.as_ref().is_some_and(|decision| decision.is_first),
            course: course(&case.ticket, kept, mode),
        })
    }

    fn observations(&self, case: &TicketCase) -> Vec<Observation> {
        let parts = case.kept.as_ref().zip(case.decision.as_ref());
        let heads = self.sources.get(&case.ticket.account);
        let Some(((kept, decision), heads)) = parts.zip(heads) else { return Vec::new() };
        observe(decision, kept, heads)
    }

    /// Adds the answers of the model that decides now: of its first weeks, and of the last days.
    async fn add_answers(
        &self,
        sums: &mut ReportSums,
        model: Option<&str>,
        terms: &Terms,
        pace: Pace,
    ) -> Result<(), Error> {
        let Some(model) = model else { return Ok(()) };
        let Some(first) = self.first_of(model, terms.since).await? else { return Ok(()) };
        let weeks_end = first.decided_at.saturating_add(FIRST_WEEKS).unwrap_or(Timestamp::MAX);
        let recent = terms.now - LAST_DAYS;
        let mut after = first.id - 1;
        loop {
            let stretch = pace.begin();
            let filter = Filter {
                since: terms.since,
                after: Some(after),
                limit: Some(PAGE),
                from: LimitFrom::Oldest,
                ..Filter::default()
            };
            let page = self.store.summaries(&filter).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            let own = page.iter().filter(|decision| decision.is_first && decision.bundle.model == model);
            own.for_each(|decision| add_answers(sums, decision));
            if last.decided_at >= weeks_end && last.decided_at < recent {
                // Between the first weeks and the last days there is nothing to read.
                let begin =
                    Filter { since: Some(recent.max(terms.since.unwrap_or(recent))), ..filter.clone() };
                let begin = Filter { after: None, limit: Some(1), ..begin };
                match self.store.summaries(&begin).await?.first() {
                    Some(next) => after = after.max(next.id - 1),
                    None => return Ok(()),
                }
            }
            stretch.end().await;
        }
    }

    /// Returns a model's first decision since a time.
    ///
    /// A model decides from some entry on until the next one takes over, so its first entry is found by halving: some twenty looks
    /// into a ledger of a million.
    async fn first_of(
        &self,
        model: &str,
        since: Option<Timestamp>,
    ) -> Result<Option<SummarisedDecision>, Error> {
        let oldest = Filter { since, limit: Some(1), from: LimitFrom::Oldest, ..Filter::default() };
        let newest = Filter { since, limit: Some(1), ..Filter::default() };
        let oldest = self.store.summaries(&oldest).await?.pop();
        let newest = self.store.summaries(&newest).await?.pop();
        let (Some(oldest), Some(newest)) = (oldest, newest) else { return Ok(None) };
        let (mut low, mut high) = (oldest.id - 1, newest.id);
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            let look = Filter { before: Some(middle + 1), limit: Some(1), ..Filter::default() };
            let seen = self.store.summaries(&look).await?.pop();
            if seen.is_some_and(|seen| seen.bundle.model == model) { high = middle } else { low = middle }
        }
        let first = Filter {
            since,
            after: Some(high - 1),
            limit: Some(1),
            from: LimitFrom::Oldest,
            ..Filter::default()
        };
        Ok(self.store.summaries(&first).await?.pop())
    }

    async fn add_duels(&self, sums: &mut ReportSums, terms: &Terms, pace: Pace) -> Result<(), Error> {
        let mut after = i64::MIN;
        loop {
            let stretch = pace.begin();
            let query = CaseQuery::Challenged { after, before: i64::MAX, since: terms.since };
            let page = self.store.cases(&query, PAGE).await?;
            for case in &page {
                self.duels(case).iter().for_each(|duel| sums.add_duel(duel));
            }
            match page.last().and_then(|case| case.decision.as_ref()) {
                Some(last) if page.len() == PAGE as usize => after = last.id,
                _ => return Ok(()),
            }
            stretch.end().await;
        }
    }

    /// The two answers of each head, beside the values that agents settled on by themselves.
    fn duels(&self, case: &TicketCase) -> Vec<Duel> {
        let Some(decision) = &case.decision else { return Vec::new() };
        let Some(challenge) = &decision.summary.challenge else { return Vec::new() };
        let observations = self.observations(case);
        let duels = challenge.heads.iter().map(|(head, live, challenger)| Duel {
            models: (decision.bundle.model.clone(), challenge.model.clone()),
            head: head.clone(),
            live: live.clone(),
            challenger: challenger.clone(),
            settled: observations
                .iter()
                .find(|seen| seen.head == *head && seen.influence == Influence::Independent)
                .map(|seen| seen.settled.clone()),
        });
        duels.collect()
    }
}

/// Tells if a reading goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Read on.
    More,
    /// Everything that was asked for is known.
    Enough,
}

fn add_answers(sums: &mut ReportSums, decision: &SummarisedDecision) {
    let answers = decision.answers().filter_map(|(head, labels, answer)| {
        let (label, confidence) = answer.0.first()?;
        Some(RecentAnswer {
            head,
            label: labels.name(*label),
            confidence: f64::from(*confidence),
            abstained: answer.1.is_empty(),
        })
    });
    sums.add_answers(decision.decided_at, decision.summary.language.as_deref(), answers);
}

#[async_trait]
impl EvidenceSource for Readings {
    async fn sums(&self, terms: &Terms, pace: Pace) -> Result<ReportSums, Error> {
        let newest = Filter { since: terms.since, limit: Some(1), ..Filter::default() };
        let answering = self.store.summaries(&newest).await?.pop().map(|newest| newest.bundle.model.clone());
        let model = self.newest_model(terms.since, pace).await?;
        let mut sums = ReportSums::new(terms, model, answering.clone());
        self.add_answers(&mut sums, answering.as_deref(), terms, pace).await?;
        self.add_duels(&mut sums, terms, pace).await?;
        self.each(terms.since, pace, |ticket| {
            sums.add_ticket(&ticket.observations, ticket.is_first);
            sums.add_course(&ticket.course);
        })
        .await?;
        Ok(sums)
    }

    async fn observed(&self, decisions: &[i64]) -> Result<BTreeMap<i64, Vec<Observation>>, Error> {
        let mut found = BTreeMap::new();
        for some in decisions.chunks(PAGE as usize) {
            for case in self.store.cases(&CaseQuery::Of(some.to_vec()), PAGE).await? {
                if let Some(decision) = &case.decision {
                    found.insert(decision.id, self.observations(&case));
                }
            }
        }
        Ok(found)
    }
}
