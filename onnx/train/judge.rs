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
    let rows: Vec<Vec<f32>> =
        found.logits.iter().map(|z| calibrate::confidences(kind, z, found.temperature)).collect();
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
        .zip(&thresholds)
        .map(|((label, count), threshold)| (label.clone(), count.metrics(*threshold)))
        .collect();
    let calibration = match kind {
        HeadKind::Single => ece(rows.iter().zip(targets).map(|(row, t)| {
            let best = best(row);
            (row[best], t.contains(&best))
        })),
        HeadKind::Multi => ece(all.iter().map(|a| (a.confidence, a.right))),
    };
    let n = targets.len().max(1);
    let metrics = HeadMetrics {
        n: targets.len(),
        accuracy: ratio(exact, n),
        macro_f1: by_label.values().map(|l| l.f1).sum::<f64>() / by_label.len().max(1) as f64,
        ece: calibration,
        target_precision: target,
        coverage: ratio(covered, n),
        precision: (given > 0).then(|| ratio(right, given.max(1))),
        labels: by_label,
    };
    (thresholds, metrics)
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

fn best(row: &[f32]) -> usize {
    (0..row.len()).fold(0, |top, n| if row[n] > row[top] { n } else { top })
}
