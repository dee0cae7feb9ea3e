//! The loop: ask for what is missing, keep what is new, and go on to the next label.
//!
//! Labels take turns, so that a run that is ended early leaves a balanced file.

use std::time::Duration;

use super::answer::{self, Written};
use super::ask::{Endpoint, NoAnswer};
use super::file::{FileProblem, Tickets};
use super::labels::{Label, Labels};
use super::prompt::{PER_REQUEST, request};

/// How often something that fails is tried, and how long the first pause is.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Failures in a row before the run ends, and answers in a row without a new ticket before a label is left.
    pub tries: u32,
    /// The pause after the first failure; it doubles with each, up to a minute.
    pub first: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { tries: 6, first: Duration::from_secs(1) }
    }
}

/// The longest pause that nobody asked for.
const LONGEST: Duration = Duration::from_secs(60);
/// A longer `Retry-After` is not believed.
const MOST_ASKED: Duration = Duration::from_secs(3600);

/// What is to be written, and how its progress is told.
pub struct Generate<'a> {
    /// Who writes.
    pub endpoint: &'a Endpoint,
    /// The model, where the endpoint has several.
    pub model: Option<&'a str>,
    /// What is written about.
    pub labels: &'a Labels,
    /// Tickets a label.
    pub per_label: usize,
    /// ISO 639-1 codes; at least one.
    pub languages: &'a [String],
    /// Varies the requests.
    pub seed: u64,
    /// How failures are met.
    pub patience: Patience,
    /// Told of every step.
    pub told: &'a (dyn Fn(Step) + Sync),
}

/// A step of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A label is asked for.
    Asks(String),
    /// So many rows of all wanted ones are in the file.
    Rows(usize),
    /// Something failed and is tried again after a pause.
    Waits(String, Duration),
}

/// Why a run ended early; what was written by then stays, and it can go on.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file.
    #[error(transparent)]
    File(#[from] FileProblem),
    /// The endpoint.
    #[error("{0}")]
    Endpoint(String),
    /// What the model writes.
    #[error("{0} answers in a row held no list of tickets; name a more capable model with --model")]
    Answers(u32),
}

/// What a run brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Rows this run added.
    pub written: usize,
    /// Tickets that were too much like others.
    pub duplicates: usize,
    /// Requests that were answered.
    pub requests: usize,
    /// Head, label, and its rows in the file.
    pub labels: Vec<(String, String, usize)>,
}

impl Generate<'_> {
    /// Writes until every label has its tickets, or brings no new ones any more.
    ///
    /// # Errors
    /// [`Problem`]; a run that is started again goes on from the rows in the file.
    pub async fn run(&self, tickets: &mut Tickets) -> Result<Done, Problem> {
        let mut done = Done::default();
        let mut fruitless = vec![0; self.labels.0.len()];
        let mut junk = 0;
        loop {
            let mut asked = false;
            for (label, fruitless) in self.labels.0.iter().zip(&mut fruitless) {
                let missing = self.per_label.saturating_sub(tickets.count.of(label));
                if missing == 0 || *fruitless >= self.patience.tries {
                    continue;
                }
                asked = true;
                (self.told)(Step::Asks(format!("{} {}", label.head, label.name)));
                let language = tickets.count.language(label, self.languages, *fruitless as usize);
                let turn = (tickets.count.of(label) as u64) << 8 | u64::from(*fruitless);
                let body = request(
                    self.model,
                    self.labels,
                    label,
                    language,
                    missing.min(PER_REQUEST),
                    (self.seed, turn),
                );
                let answer = self.answer(&body).await?;
                done.requests += 1;
                let found = answer::content(&answer).map(|text| answer::tickets(&text)).unwrap_or_default();
                junk = if found.is_empty() { junk + 1 } else { 0 };
                if junk >= self.patience.tries {
                    return Err(Problem::Answers(junk));
                }
                let kept = keep(found, missing, tickets, &mut done);
                *fruitless = if kept.is_empty() { *fruitless + 1 } else { 0 };
                if kept.is_empty() {
                    if junk > 0 {
                        self.pause("the answer holds no list of tickets", None, junk).await;
                    }
                    continue;
                }
                tickets.add(label, language, &kept)?;
                done.written += kept.len();
                (self.told)(Step::Rows(tickets.count.all(self.labels, self.per_label)));
            }
            if !asked {
                break;
            }
        }
        let rows = |label: &Label| (label.head.clone(), label.name.clone(), tickets.count.of(label));
        done.labels = self.labels.0.iter().map(rows).collect();
        Ok(done)
    }

    /// How many of the wanted rows are in the file.
    pub fn rows(&self, tickets: &Tickets) -> usize {
        tickets.count.all(self.labels, self.per_label)
    }

    async fn answer(&self, body: &serde_json::Value) -> Result<bytes::Bytes, Problem> {
        let mut failures = 0;
        loop {
            match self.endpoint.ask(body).await {
                Ok(answer) => return Ok(answer),
                Err(NoAnswer::Never(what)) => return Err(Problem::Endpoint(what)),
                Err(NoAnswer::Later { what, after }) => {
                    failures += 1;
                    if failures >= self.patience.tries {
                        return Err(Problem::Endpoint(format!("{what}, {failures} times in a row")));
                    }
                    self.pause(&what, after, failures).await;
                }
            }
        }
    }

    /// Waits as long as was asked for, or longer with every failure.
    async fn pause(&self, what: &str, asked: Option<Duration>, failures: u32) {
        let own = self.patience.first.saturating_mul(1 << (failures - 1).min(16)).min(LONGEST);
        let wait = asked.map_or(own, |asked| asked.min(MOST_ASKED).max(own));
        (self.told)(Step::Waits(what.to_owned(), wait));
        tokio::time::sleep(wait).await;
    }
}

/// The new ones, and no more than are missing.
fn keep(found: Vec<Written>, missing: usize, tickets: &mut Tickets, done: &mut Done) -> Vec<Written> {
    let mut kept = Vec::new();
    for ticket in found.into_iter() {
        if kept.len() == missing {
            break;
        }
        if tickets.seen.is_new(&ticket.subject, &ticket.body) {
            kept.push(ticket);
        } else {
            done.duplicates += 1;
        }
    }
    kept
}
