//! Heads that depend on each other: a subcategory lies under a category, and what is known of one says something of the other.
//!
//! Nobody has to say so: where nearly every ticket of a finer label has the same coarser one, the heads are tied. The coarser head
//! then also hears the finer one's probabilities, added up, and the finer one hears the coarser one's: `logit = a · own + w · ln
//! P(other)`, both numbers fitted on held-out answers. Where hearing the other brings nothing, `w` is zero and the heads stay apart.

use std::collections::BTreeMap;

use super::calibrate::{confidences, log_loss};
use super::crossval::Found;
use crate::bundle::Tie;
use crate::prediction::HeadKind;

/// Share of the tickets with both labels that must lie under their label's usual parent.
const PURE: f64 = 0.97;
/// Fewer tickets with both labels say nothing.
const FEWEST: usize = 50;
/// What the other head may weigh, and what the own logits may be multiplied by.
const WEIGHTS: [f64; 8] = [0.0, 0.15, 0.3, 0.45, 0.6, 0.8, 1.0, 1.3];
const SCALES: [f64; 8] = [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1];
/// What a probability of nothing at all is taken for.
pub(crate) const LEAST: f32 = 1e-4;

/// One head's tickets, as the ties are looked for.
pub(crate) struct Member<'a> {
    pub(crate) name: &'a str,
    pub(crate) labels: &'a [String],
    pub(crate) kind: HeadKind,
    /// By ticket of the corpus: the place in the head's own rows.
    pub(crate) places: BTreeMap<usize, usize>,
    pub(crate) targets: &'a [Vec<usize>],
}

/// The finer labels' places to the coarser ones': `under[finer]`.
pub(crate) type Under = Vec<usize>;

/// A pair of heads of which one lies under the other.
pub(crate) struct Pair {
    /// The places of the heads.
    pub(crate) coarse: usize,
    pub(crate) fine: usize,
    pub(crate) under: Under,
}

/// The pairs there are; each head is part of one at most, the finest pairing first.
pub(crate) fn pairs(members: &[Member<'_>]) -> Vec<Pair> {
    let mut found: Vec<Pair> = Vec::new();
    let single = |n: &usize| members[*n].kind == HeadKind::Single;
    for fine in (0..members.len()).filter(single) {
        for coarse in (0..members.len()).filter(single) {
            if members[fine].labels.len() > members[coarse].labels.len() {
                found.extend(under(&members[fine], &members[coarse]).map(|under| Pair {
                    coarse,
                    fine,
                    under,
                }));
            }
        }
    }
    found.sort_by_key(|pair| std::cmp::Reverse(members[pair.fine].labels.len()));
    let mut taken = Vec::new();
    found.retain(|pair| {
        let free = !taken.contains(&pair.coarse) && !taken.contains(&pair.fine);
        if free {
            taken.extend([pair.coarse, pair.fine]);
        }
        free
    });
    found
}

fn under(fine: &Member<'_>, coarse: &Member<'_>) -> Option<Under> {
    let mut seen = vec![vec![0usize; coarse.labels.len()]; fine.labels.len()];
    for (ticket, place) in &fine.places {
        let Some(other) = coarse.places.get(ticket) else { continue };
        for (&own, &above) in fine.targets[*place].iter().zip(&coarse.targets[*other]) {
            seen[own][above] += 1;
        }
    }
    let total: usize = seen.iter().flatten().sum();
    let usual: usize = seen.iter().filter_map(|row| row.iter().max()).sum();
    // A label that no ticket ties to any other leaves nothing to put it under.
    let every = seen.iter().all(|row| row.iter().any(|n| *n > 0));
    if total < FEWEST || !every || (usual as f64) < PURE * total as f64 {
        return None;
    }
    let parent =
        |row: &Vec<usize>| (0..row.len()).max_by_key(|n| (row[*n], std::cmp::Reverse(*n))).unwrap_or(0);
    Some(seen.iter().map(parent).collect())
}

/// What a head hears of another: for each of its own labels, the other's probabilities that belong to it, added up.
pub(crate) fn heard(other: &[f32], belongs: &dyn Fn(usize, usize) -> bool, labels: usize) -> Vec<f32> {
    (0..labels)
        .map(|own| other.iter().enumerate().filter(|(at, _)| belongs(*at, own)).map(|(_, p)| *p).sum())
        .collect()
}

/// How a head listens, and what it says then.
pub(crate) struct Tied {
    /// What the head's own logits are multiplied by.
    pub(crate) scale: f64,
    /// What the other head weighs.
    pub(crate) weight: f64,
    /// Held-out logits with the other head heard.
    pub(crate) logits: Vec<Vec<f32>>,
}

/// Fits both numbers on held-out answers. `others` is what each ticket hears; `None` where the other head has no answer, and the
/// ticket is judged by its own logits.
pub(crate) fn tie(own: &[Vec<f32>], others: &[Option<Vec<f32>>], targets: &[Vec<usize>]) -> Tied {
    let apart = Tied { scale: 1.0, weight: 0.0, logits: own.to_vec() };
    let mut best = (log_loss(HeadKind::Single, own, targets), apart);
    for weight in WEIGHTS {
        for scale in SCALES {
            let logits: Vec<Vec<f32>> = own
                .iter()
                .zip(others)
                .map(|(own, other)| mixed(own, other.as_deref(), scale, weight))
                .collect();
            let loss = log_loss(HeadKind::Single, &logits, targets);
            if loss < best.0 {
                best = (loss, Tied { scale, weight, logits });
            }
        }
    }
    best.1
}

fn mixed(own: &[f32], other: Option<&[f32]>, scale: f64, weight: f64) -> Vec<f32> {
    let (scale, weight) = (scale as f32, weight as f32);
    match other {
        None => own.to_vec(),
        Some(other) => own.iter().zip(other).map(|(z, p)| z * scale + weight * p.max(LEAST).ln()).collect(),
    }
}

/// Ties a pair's heads, first the coarser to the finer as it is, then the finer to the coarser as it is then.
pub(crate) fn tie_pair(pair: &Pair, members: &[Member<'_>], found: &[Found]) -> [(usize, Tied, Tie); 2] {
    let (coarse, fine) = (&members[pair.coarse], &members[pair.fine]);
    let names = fine.labels.iter().zip(&pair.under);
    let under: BTreeMap<String, String> =
        names.map(|(label, &above)| (label.clone(), coarse.labels[above].clone())).collect();
    let below = |at: usize, own: usize| pair.under[at] == own;
    let above = |at: usize, own: usize| pair.under[own] == at;
    let fine_says: Vec<Vec<f32>> = says(&found[pair.fine].logits);
    let up = tie(&found[pair.coarse].logits, &hear(coarse, fine, &fine_says, &below), coarse.targets);
    let coarse_says = says(&up.logits);
    let down = tie(&found[pair.fine].logits, &hear(fine, coarse, &coarse_says, &above), fine.targets);
    let tie = |other: &Member<'_>, tied: &Tied| Tie {
        head: other.name.to_owned(),
        weight: tied.weight,
        scale: tied.scale,
        under: under.clone(),
    };
    let (up_tie, down_tie) = (tie(fine, &up), tie(coarse, &down));
    [(pair.coarse, up, up_tie), (pair.fine, down, down_tie)]
}

fn says(logits: &[Vec<f32>]) -> Vec<Vec<f32>> {
    logits.iter().map(|row| confidences(HeadKind::Single, row)).collect()
}

/// What each ticket of a head hears of another head, ticket by ticket in the order of its own rows.
fn hear(
    own: &Member<'_>,
    other: &Member<'_>,
    says: &[Vec<f32>],
    belongs: &dyn Fn(usize, usize) -> bool,
) -> Vec<Option<Vec<f32>>> {
    let mut heard_by = vec![None; own.targets.len()];
    for (ticket, place) in &own.places {
        heard_by[*place] = other.places.get(ticket).map(|at| heard(&says[*at], belongs, own.labels.len()));
    }
    heard_by
}

#[cfg(test)]
mod tests;
