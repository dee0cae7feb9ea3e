//! A head's held-out answers, made into thresholds and figures.
//!
//! Coverage and precision are cross-fitted: a fold is measured at thresholds chosen on the others, since measured at
//! its own it would look better than it is.

use std::collections::BTreeMap;

use super::calibrate::{self, Answer};
use super::crossval::{FOLDS, Found};
use crate::metrics::{Counts, HeadMetrics, ece, ratio};
use crate::prediction::HeadKind;

/// How far the best label must be ahead of the next.
pub(crate) const MARGIN: f32 = 0.10;

/// Thresholds by label, and the figures.
pub(crate) fn judge(
    kind: HeadKind,
    labels: &[String],
    targets: &[Vec<usize>],
    found: &Found,
    target: f64,
) -> (Vec<f32>, HeadMetrics) {
    let rows: Vec<Vec<f32>> = found.logits.iter().map(|z| calibrate::confidences(kind, z)).collect();
    let answers: Vec<Vec<Answer>> =
        rows.iter().zip(targets).map(|(row, target)| possible(kind, row, target)).collect();
    let all: Vec<Answer> = answers.iter().flatten().copied().collect();
    let thresholds = calibrate::thresholds(&all, labels.len(), target);

    let (mut covered, mut given, mut right) = (0, 0, 0);
    for fold in 0..FOLDS {
        let of = |own: bool| {
            let found = found.folds.iter().zip(&answers);
            found.filter(move |(f, _)| (**f == fold) == own).map(|(_, answers)| answers)
        };
        let elsewhere: Vec<Answer> = of(false).flatten().copied().collect();
        let elsewhere = calibrate::thresholds(&elsewhere, labels.len(), target);
        for ticket in of(true) {
            let chosen = || ticket.iter().filter(|a| a.confidence >= elsewhere[a.label]);
            covered += usize::from(chosen().next().is_some());
            given += chosen().count();
            right += chosen().filter(|a| a.right).count();
        }
    }

    let metrics =
        figures(kind, labels, &rows, targets, &thresholds, target, Answered { covered, given, right });
    (thresholds, metrics)
}

/// What came of thresholds: tickets with an answer, answers given, answers that are right.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Answered {
    pub(crate) covered: usize,
    pub(crate) given: usize,
    pub(crate) right: usize,
}

/// A head's figures from confidences and right labels; a label over the last is one that the head does not know.
pub(crate) fn figures(
    kind: HeadKind,
    labels: &[String],
    rows: &[Vec<f32>],
    targets: &[Vec<usize>],
    thresholds: &[f32],
    target: f64,
    answered: Answered,
) -> HeadMetrics {
    let mut counts = vec![Counts::default(); labels.len()];
    let mut exact = 0;
    for (row, target) in rows.iter().zip(targets) {
        let said = said(kind, row);
        exact += usize::from(said == *target);
        for (label, count) in counts.iter_mut().enumerate() {
            count.add(said.contains(&label), target.contains(&label));
        }
    }
    let by_label: BTreeMap<_, _> = labels
        .iter()
        .zip(counts)
        .zip(thresholds)
        .map(|((label, count), threshold)| (label.clone(), count.metrics(*threshold)))
        .collect();
    let n = targets.len().max(1);
    // Labels that nobody asked for have no F1 to average.
    let seen: Vec<f64> = by_label.values().filter(|l| l.n > 0).map(|l| l.f1).collect();
    HeadMetrics {
        n: targets.len(),
        accuracy: ratio(exact, n),
        macro_f1: seen.iter().fold(0.0, |sum, f1| sum + f1) / seen.len().max(1) as f64,
        ece: ece(claims(kind, rows, targets).into_iter()),
        ece_by_chance: None,
        target_precision: target,
        coverage: ratio(answered.covered, n),
        precision: (answered.given > 0).then(|| ratio(answered.right, answered.given.max(1))),
        labels: by_label,
    }
}

/// What calibration is about: how sure each answer sounds, and whether it is right. The best label of a single head, every label of
/// a multi head.
pub(crate) fn claims(kind: HeadKind, rows: &[Vec<f32>], targets: &[Vec<usize>]) -> Vec<(f32, bool)> {
    let claim = |row: &[f32], target: &[usize], label: usize| (row[label], target.contains(&label));
    let of = |(row, target): (&Vec<f32>, &Vec<usize>)| match kind {
        HeadKind::Single => vec![claim(row, target, best(row))],
        HeadKind::Multi => (0..row.len()).map(|label| claim(row, target, label)).collect(),
    };
    rows.iter().zip(targets).flat_map(of).collect()
}

/// The answers a ticket could get, whatever the thresholds: the best label if it is far enough ahead, or any.
fn possible(kind: HeadKind, row: &[f32], target: &[usize]) -> Vec<Answer> {
    let answer = |label: usize| Answer { label, confidence: row[label], right: target.contains(&label) };
    match kind {
        HeadKind::Multi => (0..row.len()).map(answer).collect(),
        HeadKind::Single => {
            let top = best(row);
            let next = row.iter().enumerate().filter(|(n, _)| *n != top).map(|(_, c)| *c).fold(0.0, f32::max);
            if row[top] - next >= MARGIN { vec![answer(top)] } else { vec![] }
        }
    }
}

fn said(kind: HeadKind, row: &[f32]) -> Vec<usize> {
    match kind {
        HeadKind::Single => vec![best(row)],
        HeadKind::Multi => (0..row.len()).filter(|&n| row[n] >= 0.5).collect(),
    }
}

pub(crate) fn best(row: &[f32]) -> usize {
    (0..row.len()).fold(0, |top, n| if row[n] > row[top] { n } else { top })
}
