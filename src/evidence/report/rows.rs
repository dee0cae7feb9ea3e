//! Observations and courses as JSON Lines, for looking at a desk elsewhere. A file of rows is read whole; a store never is.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::drift::RecentAnswer;
use super::evidence::{first_of_each, newest_model};
use super::observation::{Course, Observation};
use super::sums::ReportSums;
use super::terms::Terms;

/// The rows of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Answers beside settled values.
    pub observations: Vec<Observation>,
    /// How tickets went.
    pub courses: Vec<Course>,
}

/// One line of a rows file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    Observation(Observation),
    Course(Course),
}

/// A line that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}; each line is {{\"observation\": …}} or {{\"course\": …}}")]
pub struct Unreadable {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong, without quoting it.
    pub problem: String,
}

impl Rows {
    /// Reads JSON Lines; empty lines are passed over.
    ///
    /// # Errors
    /// The first line that cannot be read.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let (mut observations, mut courses) = (Vec::new(), Vec::new());
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let line = serde_json::from_str(line).map_err(|error| Unreadable {
                line: at + 1,
                problem: format!("column {}: {}", error.column(), kind(&error)),
            })?;
            match line {
                Line::Observation(observation) => observations.push(observation),
                Line::Course(course) => courses.push(course),
            }
        }
        Ok(Self { observations, courses })
    }

    /// The same as JSON Lines.
    ///
    /// # Errors
    /// When a number cannot be written as JSON.
    pub fn write(&self) -> serde_json::Result<String> {
        let observations = self.observations.iter().cloned().map(Line::Observation);
        let lines = observations.chain(self.courses.iter().cloned().map(Line::Course));
        let mut text = String::new();
        for line in lines {
            text.push_str(&serde_json::to_string(&line)?);
            text.push('\n');
        }
        Ok(text)
    }

    /// Returns when the last of them was decided.
    pub fn latest(&self) -> Option<Timestamp> {
        self.observations.iter().map(|observation| observation.decided_at).max()
    }

    /// Sums them up. Of a ticket that is there several times the model's first decision counts.
    pub fn sums(&self, terms: &Terms) -> ReportSums {
        let model = newest_model(&self.observations).map(str::to_owned);
        let mut sums = ReportSums::new(terms, model.clone(), model.clone());
        let mut decisions = BTreeMap::<_, Vec<&Observation>>::new();
        for seen in &self.observations {
            let key = (seen.decided_at, &seen.account, &seen.ticket, seen.decision);
            decisions.entry(key).or_default().push(seen);
        }
        let mut tickets = BTreeSet::new();
        for ((at, account, ticket, _), heads) in decisions {
            let own = heads.iter().filter(|seen| Some(&seen.model) == model.as_ref());
            let answers: Vec<_> = own.clone().filter_map(|seen| answer(seen)).collect();
            if !answers.is_empty() && tickets.insert((account, ticket)) {
                let language = heads.first().and_then(|seen| seen.language.as_deref());
                sums.add_answers(at, language, answers);
                own.for_each(|seen| sums.judge(seen));
            }
        }
        let mut seen = BTreeSet::new();
        for row in &self.observations {
            sums.note(row, seen.insert((&row.account, &row.ticket)));
        }
        for first in first_of_each(&self.observations, model.as_deref().unwrap_or_default()) {
            sums.count(first);
        }
        self.courses.iter().for_each(|course| sums.add_course(course));
        sums
    }
}

fn answer(seen: &Observation) -> Option<RecentAnswer<'_>> {
    let (label, confidence) = seen.ranked.first()?;
    let (confidence, abstained) = (f64::from(*confidence), seen.named.is_empty());
    Some(RecentAnswer { head: &seen.head, label, confidence, abstained })
}

/// Why a line is no row; serde's own words might quote it.
fn kind(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Data => "a key or a value is not as it should be",
        _ => "this is not JSON",
    }
}
