//! Drift: whether the tickets, or the model's answers to them, are still what they were when the model was judged.
//!
//! | measure | what moves | how it is compared |
//! |---|---|---|
//! | `labels` | the mix of the labels that are best | PSI |
//! | `languages` | the mix of languages | PSI |
//! | `confidence` | the mean confidence of the best label | difference of means |
//! | `abstention` | the share of tickets on which the head names nothing | difference of shares |
//! | `overrides` | the share of our writes that people replaced | difference of shares |
//!
//! ```text
//! PSI = Σᵢ (nowᵢ − thenᵢ) · ln(nowᵢ / thenᵢ)         shares of each label, half a ticket added to each count
//! ```
//!
//! The population stability index's usual bands are: under 0.1 `stable`, up to 0.25 `shifting` (look at it), above
//! `shifted` (measure again before trusting old figures). For differences the bands are 5 and 10 percentage points. Small
//! numbers move by themselves: with few tickets PSI is above 0.1 by chance alone. So a measure leaves `stable` only where it is
//! also beyond what chance gives in 19 of 20 cases (for PSI: `χ²₀.₉₅(k − 1) · (1/n_then + 1/n_now)`, Yurdakul 2018; for
//! differences: an interval that does not hold 0), and under [`FEWEST`] tickets on a side it is `too_few`.
//!
//! *Then* is the first 28 days of this model on this desk; where they do not reach, the label mix and the abstention that the
//! bundle was trained on. *Now* is the last days. Drift is no fault in itself: a new product makes new tickets. It says that old
//! figures may no longer hold.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::contrast::{Contrast, Known};
use super::wilson::Share;

mod mix;
mod psi;

pub use mix::{AnswerMix, HeadMix, RecentAnswer, Reference, Trained};
pub use psi::{chance, psi};

/// Tickets that each side needs.
pub const FEWEST: usize = 50;

/// One measure, then and now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// The head; `None` for measures of the tickets themselves.
    pub head: Option<String>,
    /// What is compared.
    pub measure: Measure,
    /// What it is compared with.
    pub against: Against,
    /// Tickets then.
    pub n_then: usize,
    /// Tickets now.
    pub n_now: usize,
    /// PSI, or the difference (now minus then).
    pub value: Option<f64>,
    /// The verdict.
    pub band: Band,
    /// What moved most, in words: `billing 12 % → 31 %`.
    pub moved: Option<String>,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The mix of best labels.
    Labels,
    /// The mix of languages.
    Languages,
    /// The mean confidence of the best label.
    Confidence,
    /// How often nothing is named.
    Abstention,
    /// How often people replaced what we wrote.
    Overrides,
}

/// What today is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// This model's first weeks on this desk.
    FirstWeeks,
    /// The tickets that the bundle was trained on.
    Training,
}

/// The verdict on one measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// Too few tickets to say anything.
    TooFew,
    /// As it was.
    Stable,
    /// Worth a look.
    Shifting,
    /// Old figures may no longer hold.
    Shifted,
}

impl Measure {
    /// The word used in output and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Labels => "labels",
            Self::Languages => "languages",
            Self::Confidence => "confidence",
            Self::Abstention => "abstention",
            Self::Overrides => "overrides",
        }
    }
}

/// Compares today with the references; heads in alphabetical order, the tickets' own measures last.
pub fn drift(now: &AnswerMix, first_weeks: &AnswerMix, training: Option<&Reference>) -> Vec<Drift> {
    let mut found = Vec::new();
    let nothing = HeadMix::default();
    for (head, now) in &now.heads {
        let then = first_weeks.heads.get(head).unwrap_or(&nothing);
        let trained = training.and_then(|reference| reference.heads.get(head));
        let count = |measure, against, n_then| Drift::new(Some(head), measure, against, n_then, now.n);
        match trained.filter(|_| then.n < FEWEST) {
            Some(trained) => {
                let n = trained.labels.values().sum();
                if n > 0 {
                    found.push(
                        count(Measure::Labels, Against::Training, n).mixed(&trained.labels, &now.labels),
                    );
                }
                let share = Share::of(trained.abstained, trained.n);
                let blank = count(Measure::Abstention, Against::Training, trained.n);
                found.push(blank.differs(share.map(Known::from), now.abstention()));
            }
            None => {
                let blank = |measure| count(measure, Against::FirstWeeks, then.n);
                found.push(blank(Measure::Labels).mixed(&then.labels, &now.labels));
                found.push(blank(Measure::Abstention).differs(then.abstention(), now.abstention()));
            }
        }
        let sure = count(Measure::Confidence, Against::FirstWeeks, then.n);
        found.push(sure.differs(then.mean_confidence(), now.mean_confidence()));
        if let (Some(then), Some(now)) = (then.overrides.share(), now.overrides.share()) {
            let blank = Drift::new(Some(head), Measure::Overrides, Against::FirstWeeks, then.n, now.n);
            found.push(blank.differs(Some(then.into()), Some(now.into())));
        }
    }
    let (spoken_now, spoken_then) = (&now.languages, &first_weeks.languages);
    let tickets = |mix: &BTreeMap<String, usize>| mix.values().sum();
    let blank =
        Drift::new(None, Measure::Languages, Against::FirstWeeks, tickets(spoken_then), tickets(spoken_now));
    found.push(blank.mixed(spoken_then, spoken_now));
    found
}

impl Drift {
    fn new(head: Option<&str>, measure: Measure, against: Against, n_then: usize, n_now: usize) -> Self {
        let head = head.map(str::to_owned);
        Self { head, measure, against, n_then, n_now, value: None, band: Band::TooFew, moved: None }
    }

    fn enough(&self) -> bool {
        self.n_then.min(self.n_now) >= FEWEST
    }

    /// Compares two mixes.
    fn mixed(mut self, then: &BTreeMap<String, usize>, now: &BTreeMap<String, usize>) -> Self {
        let value = psi(then, now);
        self.value = value.filter(|_| self.enough());
        if let Some(value) = self.value {
            let by_luck = chance(psi::kinds(then, now), self.n_then, self.n_now);
            self.band = if value > by_luck { band(value, 0.1, 0.25) } else { Band::Stable };
            self.moved = psi::moved_most(then, now);
        }
        self
    }

    /// Compares two figures with intervals.
    fn differs(mut self, then: Option<Known>, now: Option<Known>) -> Self {
        if let Some((then, now)) = then.zip(now).filter(|_| self.enough()) {
            let contrast = Contrast::between(then, now);
            self.value = Some(contrast.value);
            self.band =
                if contrast.is_clear() { band(contrast.value.abs(), 0.05, 0.10) } else { Band::Stable };
            self.moved = Some(format!("{:.0} % → {:.0} %", then.value * 100.0, now.value * 100.0));
        }
        self
    }

    /// Whether somebody should look.
    pub fn warns(&self) -> bool {
        self.band >= Band::Shifting
    }
}

fn band(value: f64, shifting: f64, shifted: f64) -> Band {
    match value {
        value if value > shifted => Band::Shifted,
        value if value > shifting => Band::Shifting,
        _ => Band::Stable,
    }
}
