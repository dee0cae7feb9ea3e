//! Tickets as a graph of nearest neighbours, and clusters of it held against the embeddings.

use ndarray::{Array2, Axis};

use crate::lexicon::Sparse;

/// Neighbours of each ticket.
const NEIGHBOURS: usize = 12;
/// Candidates by meaning, of which the words decide.
const CANDIDATES: usize = 40;
/// What shared words count beside meaning.
const WORDS: f32 = 0.4;
/// Rows that are compared with all others at once.
const BLOCK: usize = 256;

/// By ticket: its neighbours and how near they are, 0 to 1.
pub(super) type Graph = Vec<Vec<(usize, f64)>>;

/// Links every ticket with those nearest to it, both ways.
pub(super) fn neighbours(meaning: &Array2<f32>, terms: &[Sparse]) -> Graph {
    let n = meaning.nrows();
    let mut graph: Graph = vec![Vec::new(); n];
    for start in (0..n).step_by(BLOCK) {
        let end = (start + BLOCK).min(n);
        let near = meaning.slice_axis(Axis(0), (start..end).into()).dot(&meaning.t());
        for (row, near) in near.axis_iter(Axis(0)).enumerate() {
            let own = start + row;
            let mut candidates: Vec<(usize, f32)> =
                near.iter().copied().enumerate().filter(|(other, _)| *other != own).collect();
            let most = CANDIDATES.min(candidates.len());
            if most > 0 && most < candidates.len() {
                candidates.select_nth_unstable_by(most - 1, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            }
            candidates.truncate(most);
            for (other, near) in &mut candidates {
                *near = (1.0 - WORDS) * *near + WORDS * overlap(&terms[own], &terms[*other]);
            }
            candidates.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            for &(other, near) in candidates.iter().take(NEIGHBOURS).filter(|(_, near)| *near > 0.0) {
                // Far neighbours are neighbours for want of nearer ones: they count little.
                let weight = f64::from(near).powi(2);
                graph[own].push((other, weight));
                graph[other].push((own, weight));
            }
        }
    }
    graph
}

/// Cosine of two texts' words; both parts of the lexicon have length one, so that two is the most.
fn overlap(a: &Sparse, b: &Sparse) -> f32 {
    let (mut i, mut j, mut sum) = (0, 0, 0f32);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        match x.0.cmp(&y.0) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                sum += x.1 * y.1;
                (i, j) = (i + 1, j + 1);
            }
        }
    }
    sum / 2.0
}

/// Communities as clusters: the small ones dissolve, every ticket goes to the nearest middle, and what is near none is
/// scattered. Clusters are numbered without gaps.
pub(super) fn settle(meaning: &Array2<f32>, communities: &[usize], smallest: usize) -> Vec<Option<usize>> {
    let mut sizes = std::collections::BTreeMap::<usize, usize>::new();
    communities.iter().for_each(|community| *sizes.entry(*community).or_default() += 1);
    let large: Vec<usize> =
        sizes.iter().filter(|(_, size)| **size >= smallest).map(|(community, _)| *community).collect();
    if large.is_empty() {
        return vec![None; communities.len()];
    }
    let first = communities.iter().map(|community| large.iter().position(|known| known == community));
    let mut clusters: Vec<Option<usize>> = first.collect();
    let middles = middles(meaning, &clusters, large.len());
    let near = meaning.dot(&middles.t());
    for (cluster, near) in clusters.iter_mut().zip(near.axis_iter(Axis(0))) {
        let best = near.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        *cluster = best.filter(|(_, near)| *near >= NEAR).map(|(at, _)| at);
    }
    // Whoever lost too many is no cluster any more.
    let size = |at: usize| clusters.iter().filter(|of| **of == Some(at)).count();
    let kept: Vec<usize> = (0..large.len()).filter(|at| size(*at) >= smallest).collect();
    clusters.iter().map(|of| of.and_then(|at| kept.iter().position(|known| *known == at))).collect()
}

/// A ticket less like a cluster's middle than this belongs to it by accident.
const NEAR: f32 = 0.25;

fn middles(meaning: &Array2<f32>, clusters: &[Option<usize>], count: usize) -> Array2<f32> {
    let mut sums = Array2::<f32>::zeros((count, meaning.ncols()));
    for (row, cluster) in meaning.rows().into_iter().zip(clusters) {
        if let Some(at) = cluster {
            sums.row_mut(*at).scaled_add(1.0, &row);
        }
    }
    for mut row in sums.rows_mut() {
        let length = row.dot(&row).sqrt();
        if length > 0.0 {
            row /= length;
        }
    }
    sums
}

/// How well clusters stand apart, -1 to 1: how much nearer tickets are to their own middle than to the next one, where
/// scattered tickets count nothing.
pub(super) fn apart(meaning: &Array2<f32>, clusters: &[Option<usize>]) -> f64 {
    let count = clusters.iter().flatten().max().map_or(0, |last| last + 1);
    if count < 2 {
        return 0.0;
    }
    let near = meaning.dot(&middles(meaning, clusters, count).t());
    let gap = |(row, own): (ndarray::ArrayView1<'_, f32>, usize)| -> f64 {
        let next = row.iter().enumerate().filter(|(at, _)| *at != own).map(|(_, near)| *near);
        let (own, next) = (f64::from(row[own]), f64::from(next.fold(f32::NEG_INFINITY, f32::max)));
        // Distances, as a silhouette has them.
        let (own, next) = (1.0 - own, 1.0 - next);
        (next - own) / own.max(next).max(1e-9)
    };
    let rows = near.axis_iter(Axis(0)).zip(clusters).filter_map(|(row, own)| Some((row, (*own)?)));
    rows.map(gap).sum::<f64>() / clusters.len() as f64
}

/// The tickets nearest to a cluster's middle.
pub(super) fn nearest(
    meaning: &Array2<f32>,
    clusters: &[Option<usize>],
    cluster: usize,
    most: usize,
) -> Vec<usize> {
    let only: Vec<Option<usize>> =
        clusters.iter().map(|of| of.filter(|at| *at == cluster).map(|_| 0)).collect();
    let middle = middles(meaning, &only, 1);
    let mut own: Vec<(usize, f32)> = only
        .iter()
        .enumerate()
        .filter(|(_, of)| of.is_some())
        .map(|(at, _)| (at, meaning.row(at).dot(&middle.row(0))))
        .collect();
    own.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    own.into_iter().take(most).map(|(at, _)| at).collect()
}
