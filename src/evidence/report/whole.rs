//! The whole report: every figure of a desk at one moment, in the shape that `--format json` prints.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::agreement::{self, HeadAgreement, LabelAgreement};
use super::backlog::Backlog;
use super::by_label::ByLabel;
use super::challenge::Challenge;
use super::curve::{Point, curve};
use super::drift::{Drift, drift};
use super::impact::Impact;
use super::in_force::InForce;
use super::readiness::{Bar, Readiness, State, readiness};
use super::sums::{AnswerDays, ReportSums};
use super::terms::Terms;
use super::thresholds::{Proposal, thresholds};

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
    /// Computes everything from its sums.
    pub fn of(sums: &ReportSums, terms: &Terms) -> Self {
        let heads = &sums.heads;
        let mut points = Vec::new();
        for (head, evidence) in heads {
            points.extend(curve(head, None, evidence));
            for (label, _) in evidence.independent_labels() {
                points.extend(curve(head, Some(label), evidence));
            }
        }
        let AnswerDays { now, then, .. } = &sums.answers;
        let nothing_new = now.answers() == 0;
        Self {
            window: window(sums, terms),
            labels: heads.iter().map(|(head, e)| (head.clone(), agreement::by_label(e))).collect(),
            agreement: heads.iter().map(|(head, e)| (head.clone(), agreement::head(e))).collect(),
            coverage_precision: points,
            thresholds: thresholds(heads, terms.bar.target),
            promotion: readiness(heads, &terms.bar),
            in_force: terms.in_force.clone(),
            backlog: terms.backlog.clone(),
            challenge: sums.challenge.challenge(),
            impact: sums.impact.impact(),
            drift: if nothing_new { Vec::new() } else { drift(now, then, terms.training.as_ref()) },
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

fn window(sums: &ReportSums, terms: &Terms) -> Window {
    let seen = &sums.seen;
    Window {
        since: terms.since,
        until: terms.now,
        decided: seen.decided,
        tickets: seen.tickets,
        accounts: seen.accounts.clone(),
        model: seen.model.clone(),
        models: seen.models.clone(),
        answers: sums.answers.now.answers() + sums.answers.then.answers(),
        bar: terms.bar,
    }
}
