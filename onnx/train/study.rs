//! What the held-out answers say about the tickets themselves: where labels overlap, which look wrong, and what more
//! tickets would bring.
//!
//! Heads of one label only. Wrong labels are found by confident learning: a ticket whose best label is as probable as
//! it usually is on tickets that have it, while its given label is less so than usual.
//! Northcutt et al. 2021, <https://arxiv.org/abs/1911.00068>. Quotes ids and labels, never text.

use serde::Serialize;

use super::calibrate::confidences;
use super::crossval::{FOLDS, Found, Labelled, at, folds};
use super::judge::best;
use crate::metrics::ratio;

/// A label with fewer tickets is too small to say much about.
const SMALL: usize = 20;
/// Tickets that look wrongly labelled: more than these nobody reads.
const MOST_SUSPECTS: usize = 100;
/// Share of two labels' tickets that must be taken for each other to call them overlapping.
const OVERLAP: f64 = 0.1;
/// What the forecast is made for.
const MORE: usize = 400;

/// What there is to know about a head's training tickets.
#[derive(Clone, Debug, Serialize)]
pub struct Study {
    /// The labels, in the order of rows and columns.
    pub labels: Vec<String>,
    /// `confusion[given][said]`: tickets.
    pub confusion: Vec<Vec<usize>>,
    /// Pairs of labels that are often taken for each other, the worst first.
    pub overlapping: Vec<Overlap>,
    /// Labels with under twenty tickets.
    pub small: Vec<Small>,
    /// Tickets whose label looks wrong, the surest first.
    pub suspects: Vec<Suspect>,
    /// Held-out accuracy by number of tickets, ascending.
    pub learning_curve: Vec<Point>,
    /// What more tickets of the same kind would bring; absent where the curve does not say.
    pub forecast: Option<Forecast>,
}

/// Two labels that are often taken for each other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overlap {
    /// One of them.
    pub a: String,
    /// The other.
    pub b: String,
    /// Tickets of either that were taken for the other.
    pub n: usize,
    /// As a share of the smaller label's tickets, at most 1.
    pub share: f64,
}

/// A label with few tickets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Small {
    /// Its name.
    pub label: String,
    /// Its tickets.
    pub n: usize,
}

/// A ticket whose label looks wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Suspect {
    /// The ticket's id in its file.
    pub id: String,
    /// The label it has.
    pub given: String,
    /// The label it looks like.
    pub suggested: String,
    /// How probable that is, 0 to 1.
    pub confidence: f32,
}

/// A point of the learning curve.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Tickets learnt from.
    pub n: usize,
    /// Held-out accuracy.
    pub accuracy: f64,
}

/// What the curve says about tickets to come.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// So many tickets more …
    pub more: usize,
    /// … would bring about this accuracy.
    pub accuracy: f64,
}

/// Studies a head of one label.
pub(crate) fn study(labels: &[String], ids: &[&str], data: &Labelled<'_>, found: &Found, seed: u64) -> Study {
    let rows: Vec<Vec<f32>> = found.logits.iter().map(|z| confidences(data.kind, z)).collect();
    let given: Vec<usize> = data.targets.iter().map(|t| t.first().copied().unwrap_or_default()).collect();
    let mut confusion = vec![vec![0; labels.len()]; labels.len()];
    rows.iter().zip(&given).for_each(|(row, &given)| confusion[given][best(row)] += 1);
    let sizes: Vec<usize> = confusion.iter().map(|row| row.iter().sum()).collect();
    let small = labels.iter().zip(&sizes).filter(|(_, n)| **n < SMALL);
    let small = small.map(|(label, n)| Small { label: label.clone(), n: *n }).collect();
    let learning_curve = curve(data, found, &rows, &given, seed);
    Study {
        overlapping: overlapping(labels, &confusion, &sizes),
        suspects: suspects(labels, ids, &rows, &given, &sizes),
        forecast: forecast(&learning_curve),
        labels: labels.to_vec(),
        confusion,
        small,
        learning_curve,
    }
}

fn overlapping(labels: &[String], confusion: &[Vec<usize>], sizes: &[usize]) -> Vec<Overlap> {
    let mut pairs = Vec::new();
    for a in 0..labels.len() {
        for b in a + 1..labels.len() {
            let n = confusion[a][b] + confusion[b][a];
            let share = ratio(n, sizes[a].min(sizes[b]).max(1)).min(1.0);
            if n >= 3 && share >= OVERLAP {
                pairs.push(Overlap { a: labels[a].clone(), b: labels[b].clone(), n, share });
            }
        }
    }
    pairs.sort_by(|x, y| y.share.total_cmp(&x.share).then(y.n.cmp(&x.n)));
    pairs
}

fn suspects(
    labels: &[String],
    ids: &[&str],
    rows: &[Vec<f32>],
    given: &[usize],
    sizes: &[usize],
) -> Vec<Suspect> {
    let mut usual = vec![0f32; labels.len()];
    rows.iter().zip(given).for_each(|(row, &label)| usual[label] += row[label] / sizes[label] as f32);
    let mut suspects: Vec<Suspect> = rows
        .iter()
        .zip(given)
        .zip(ids)
        .filter_map(|((row, &given), id)| {
            let top = best(row);
            let wrong = top != given && row[top] >= usual[top] && row[given] < usual[given];
            wrong.then(|| Suspect {
                id: (*id).to_owned(),
                given: labels[given].clone(),
                suggested: labels[top].clone(),
                confidence: row[top],
            })
        })
        .collect();
    suspects.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    suspects.truncate(MOST_SUSPECTS);
    suspects
}

/// Cross-validates two, three and four fifths of the tickets; all of them were cross-validated before.
fn curve(data: &Labelled<'_>, found: &Found, rows: &[Vec<f32>], given: &[usize], seed: u64) -> Vec<Point> {
    // Each fold is a fair share of every label; another seed than the folds that are measured with.
    let parts = folds(data.targets, seed.wrapping_add(1));
    let point = |rows: &[Vec<f32>], given: &[usize]| {
        let right = rows.iter().zip(given).filter(|(row, given)| best(row) == **given).count();
        Point { n: rows.len(), accuracy: ratio(right, rows.len().max(1)) }
    };
    let mut points = Vec::new();
    for taken in 2..FOLDS {
        let part: Vec<usize> = (0..parts.len()).filter(|n| parts[*n] < taken).collect();
        let targets: Vec<Vec<usize>> = part.iter().map(|&n| data.targets[n].clone()).collect();
        let features = data.features.select(ndarray::Axis(0), &part);
        let part_of = Labelled {
            kind: data.kind,
            labels: data.labels,
            all_labels: data.all_labels,
            features: features.view(),
            terms: part.iter().map(|&n| data.terms[n]).collect(),
            targets: &targets,
            strangers: (data.strangers.0.slice_axis(ndarray::Axis(0), ndarray::Slice::from(0..0)), vec![]),
        };
        let logits = at(&part_of, seed, &[found.freedom], &[found.emphasis]).logits;
        points.push(point(&logits, &part.iter().map(|&n| given[n]).collect::<Vec<_>>()));
    }
    points.push(point(rows, given));
    points
}

/// Errors fall as a power of the number of tickets: a line through their logarithms, bent to pass the last point.
fn forecast(curve: &[Point]) -> Option<Forecast> {
    let last = curve.last()?;
    let logs: Vec<(f64, f64)> =
        curve.iter().map(|p| ((p.n as f64).ln(), (1.0 - p.accuracy).max(1e-3).ln())).collect();
    let n = logs.len() as f64;
    let (x, y) = (logs.iter().map(|l| l.0).sum::<f64>() / n, logs.iter().map(|l| l.1).sum::<f64>() / n);
    let spread: f64 = logs.iter().map(|l| (l.0 - x).powi(2)).sum();
    let slope = logs.iter().map(|l| (l.0 - x) * (l.1 - y)).sum::<f64>() / spread;
    // More tickets of the same kind never hurt; a curve that says so is noise and says nothing.
    if !slope.is_finite() || slope >= 0.0 {
        return None;
    }
    let growth = (last.n + MORE) as f64 / last.n as f64;
    Some(Forecast { more: MORE, accuracy: 1.0 - (1.0 - last.accuracy) * growth.powf(slope.max(-1.0)) })
}

#[cfg(test)]
mod tests;
