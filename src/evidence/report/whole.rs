//! The whole report: every figure of a desk at one moment, in the shape that `--format json` prints.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::agreement::{self, HeadAgreement, LabelAgreement};
use super::backlog::Backlog;
use super::by_label::ByLabel;
use super::challenge::{Challenge, challenge};
use super::curve::{Point, curve};
use super::drift::{Drift, Reference, drift};
use super::evidence::{by_head, labels, newest_model};
use super::impact::{Impact, Split, impact};
use super::in_force::InForce;
use super::readiness::{Bar, Readiness, State, readiness};
use super::rows::Rows;
use super::thresholds::{Proposal, thresholds};

/// What a report is asked.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What the figures are about begins here; `None` for everything there is.
    pub since: Option<Timestamp>,
    /// When it is asked.
    pub now: Timestamp,
    /// What a label has to reach.
    pub bar: Bar,
    /// How before and after are told apart.
    pub split: Split,
    /// What the bundle was trained on.
    pub training: Option<Reference>,
    /// How far labels may go; `None` where nobody knows.
    pub in_force: Option<InForce>,
    /// What waits; `None` where nobody knows.
    pub backlog: Option<Backlog>,
}

/// Every figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What it is about.
    pub window: Window,
    /// Every label's figures.
    pub labels: ByLabel<LabelAgreement>,
    /// Every head's figures.
    pub agreement: BTreeMap<String, HeadAgreement>,
    /// Curves of heads (`label` is `null`) and of labels, from the lowest bar to the highest.
    pub coverage_precision: Vec<Point>,
    /// Proposed bars.
    pub thresholds: ByLabel<Proposal>,
    /// What may go live.
    pub promotion: ByLabel<Readiness>,
    /// How far labels may go at present; `null` where that is not known.
    #[serde(default)]
    pub in_force: Option<InForce>,
    /// What waits and how long it will take; `null` where that is not known.
    #[serde(default)]
    pub backlog: Option<Backlog>,
    /// How a challenger stands beside the live bundle; `null` where there is none.
    #[serde(default)]
    pub challenge: Option<Challenge>,
    /// Before and after.
    pub impact: Impact,
    /// What moved.
    pub drift: Vec<Drift>,
}

/// What a report is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Where it was told to begin.
    pub since: Option<Timestamp>,
    /// When it was made.
    pub until: Timestamp,
    /// The first and the last decision that was held against a settled value.
    pub decided: Option<[Timestamp; 2]>,
    /// Tickets with a settled value.
    pub tickets: usize,
    /// Their accounts.
    pub accounts: BTreeSet<String>,
    /// The newest model, which agreement is about.
    pub model: Option<String>,
    /// Observations of each model; those of others than the newest are in no figure.
    pub models: BTreeMap<String, usize>,
    /// Answers that drift was measured on, settled or not.
    pub answers: usize,
    /// What labels are held to.
    pub bar: Bar,
}

impl Report {
    /// Computes everything.
    pub fn of(rows: &Rows, terms: &Terms) -> Self {
        let heads = by_head(&rows.observations);
        let mut points = Vec::new();
        for (head, evidence) in &heads {
            points.extend(curve(head, None, &evidence.independent));
            for label in labels(&evidence.independent) {
                points.extend(curve(head, Some(label), &evidence.independent));
            }
        }
        let (now, then) = rows.now_and_then(terms.now);
        Self {
            window: window(rows, terms),
            labels: heads.iter().map(|(head, e)| ((*head).to_owned(), agreement::by_label(e))).collect(),
            agreement: heads.iter().map(|(head, e)| ((*head).to_owned(), agreement::head(e))).collect(),
            coverage_precision: points,
            thresholds: thresholds(&heads, terms.bar.target),
            promotion: readiness(&heads, &terms.bar),
            in_force: terms.in_force.clone(),
            backlog: terms.backlog.clone(),
            challenge: challenge(&rows.duels),
            impact: impact(&rows.courses, terms.split),
            drift: if now.is_empty() { Vec::new() } else { drift(&now, &then, terms.training.as_ref()) },
        }
    }

    /// Whether nothing was settled yet.
    pub fn is_empty(&self) -> bool {
        self.window.tickets == 0
    }

    /// How many labels stand where.
    pub fn standings(&self) -> BTreeMap<State, usize> {
        let mut counts = BTreeMap::new();
        for label in self.promotion.values().flat_map(BTreeMap::values) {
            *counts.entry(label.state).or_default() += 1;
        }
        counts
    }

    /// What drifted, the worst first.
    pub fn warnings(&self) -> Vec<&Drift> {
        let mut rows: Vec<_> = self.drift.iter().filter(|row| row.warns()).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.band));
        rows
    }
}

fn window(rows: &Rows, terms: &Terms) -> Window {
    let times = || rows.observations.iter().map(|observation| observation.decided_at);
    let tickets: BTreeSet<_> = rows.observations.iter().map(|o| (&o.account, &o.ticket)).collect();
    let mut models = BTreeMap::new();
    for observation in &rows.observations {
        *models.entry(observation.model.clone()).or_default() += 1;
    }
    Window {
        since: terms.since,
        until: terms.now,
        decided: times().min().zip(times().max()).map(|(first, last)| [first, last]),
        tickets: tickets.len(),
        accounts: rows.observations.iter().map(|observation| observation.account.clone()).collect(),
        model: newest_model(&rows.observations).map(str::to_owned),
        models,
        answers: rows.glimpses.len(),
        bar: terms.bar,
    }
}
