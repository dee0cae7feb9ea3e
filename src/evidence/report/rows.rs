//! What a report is made of, as it was gathered; and the same as JSON Lines, for looking at a desk elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::challenge::Duel;
use super::drift::Glimpse;
use super::observation::{Course, Influence, Observation};
use crate::domain::outcome::Entry;

/// How long the reference of drift lasts, from a model's first decision on.
const FIRST_WEEKS: SignedDuration = SignedDuration::from_hours(28 * 24);
/// How far back "now" reaches.
const LAST_DAYS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Everything a report is made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Answers beside settled values.
    pub observations: Vec<Observation>,
    /// How tickets went.
    pub courses: Vec<Course>,
    /// Every answer, settled or not.
    pub glimpses: Vec<Glimpse>,
    /// A challenger's answers beside the live ones.
    pub duels: Vec<Duel>,
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
    /// Of settled rows and of the ledger.
    pub fn new(observations: Vec<Observation>, courses: Vec<Course>, ledger: &[(i64, Entry)]) -> Self {
        let judged: BTreeMap<(i64, &str), bool> = observations.iter().filter_map(judged).collect();
        let known: BTreeSet<i64> = ledger.iter().map(|(id, _)| *id).collect();
        let mut glimpses = Vec::new();
        for (id, entry) in ledger {
            for mut glimpse in Glimpse::of(entry) {
                glimpse.overridden = judged.get(&(*id, glimpse.head.as_str())).copied();
                glimpses.push(glimpse);
            }
        }
        let elsewhere = observations.iter().filter(|observation| !known.contains(&observation.decision));
        glimpses.extend(elsewhere.filter_map(glimpse));
        glimpses.sort_by(|a, b| (a.at, &a.ticket, &a.head).cmp(&(b.at, &b.ticket, &b.head)));
        let duels = Duel::all(ledger, &observations);
        Self { observations, courses, glimpses, duels }
    }

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
        Ok(Self::new(observations, courses, &[]))
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

    /// The newest model's answers of the last days, and of its first weeks without those; each ticket once.
    pub(super) fn now_and_then(&self, now: Timestamp) -> (Vec<Glimpse>, Vec<Glimpse>) {
        let Some(model) = self.glimpses.last().map(|glimpse| glimpse.model.as_str()) else {
            return (Vec::new(), Vec::new());
        };
        let mut seen = BTreeSet::new();
        let own = self.glimpses.iter().filter(|glimpse| glimpse.model == model);
        let once = own.filter(|glimpse| seen.insert((&glimpse.ticket, &glimpse.head)));
        let once: Vec<_> = once.collect();
        let (Some(first), recent) = (once.first().map(|glimpse| glimpse.at), now - LAST_DAYS) else {
            return (Vec::new(), Vec::new());
        };
        let is_now = |glimpse: &Glimpse| glimpse.at >= recent && glimpse.at <= now;
        let (now, then): (Vec<_>, Vec<_>) = once.into_iter().cloned().partition(is_now);
        let then = then.into_iter().filter(|glimpse| glimpse.at < first + FIRST_WEEKS);
        (now, then.collect())
    }
}

/// Why a line is no row; serde's own words might quote it.
fn kind(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Data => "a key or a value is not as it should be",
        _ => "this is not JSON",
    }
}

fn judged(observation: &Observation) -> Option<((i64, &str), bool)> {
    let replaced = match observation.influence {
        Influence::Kept => false,
        Influence::Overridden => true,
        _ => return None,
    };
    Some(((observation.decision, observation.head.as_str()), replaced))
}

fn glimpse(observation: &Observation) -> Option<Glimpse> {
    let (label, confidence) = observation.ranked.first()?;
    Some(Glimpse {
        at: observation.decided_at,
        ticket: format!("{}/{}", observation.account, observation.ticket),
        model: observation.model.clone(),
        head: observation.head.clone(),
        label: label.clone(),
        confidence: f64::from(*confidence),
        abstained: observation.named.is_empty(),
        language: observation.language.clone(),
        overridden: judged(observation).map(|(_, replaced)| replaced),
    })
}
