//! What is learnt from all the tickets: every head by itself, then what tied heads hear of each other, then the rest.

use std::collections::BTreeMap;

use ndarray::{Array2, Axis};

use super::crossval::{self, Found, Labelled};
use super::fit::Linear;
use super::hierarchy::{self, Member};
use super::margin::Margins;
use super::{Progress, Study, TrainOptions, corpus, judge, scope, study};
use crate::bundle::{HeadEntry, ScopeMetrics, Tie};
use crate::lexicon::{Counts, Lexicon};
use crate::metrics::HeadMetrics;
use crate::prediction::HeadKind;

/// Everything that goes into a bundle, and what is reported.
pub(super) struct Learnt {
    pub(super) heads: Vec<(HeadEntry, Linear)>,
    pub(super) margins: Vec<Margins>,
    pub(super) lexicon: Lexicon,
    pub(super) scope: (scope::Scope, ScopeMetrics),
    pub(super) metrics: BTreeMap<String, HeadMetrics>,
    pub(super) studies: BTreeMap<String, Study>,
}

/// The tickets that answer one head.
struct Rows {
    /// Their places in the corpus.
    places: Vec<usize>,
    targets: Vec<Vec<usize>>,
    features: Array2<f32>,
}

/// Learns. `features` and `counts` are the corpus' tickets, in its order.
pub(super) fn learn(
    corpus: &corpus::Corpus,
    features: &Array2<f32>,
    counts: &[Counts],
    options: &TrainOptions,
    progress: &dyn Fn(Progress),
) -> Learnt {
    let total = corpus.heads.len();
    let all_labels = corpus.heads.iter().map(|head| head.labels.len()).sum();
    // Strangers' words are known where they teach something: what an unknown word means is nobody's guess.
    let taught = corpus.strangers.len() >= scope::FEWEST;
    let known = (0..counts.len()).filter(|n| taught || !corpus.strangers.contains(n));
    let known: Vec<&Counts> = known.map(|n| &counts[n]).collect();
    let lexicon = Lexicon::learn(&known, all_labels + usize::from(taught));
    let strangers = features.select(Axis(0), &corpus.strangers);
    let rows: Vec<Rows> = corpus.heads.iter().map(|data| rows_of(data, features)).collect();
    let labelled: Vec<Labelled<'_>> = corpus
        .heads
        .iter()
        .zip(&rows)
        .map(|(data, rows)| Labelled {
            kind: data.kind,
            labels: data.labels.len(),
            all_labels,
            features: rows.features.view(),
            terms: rows.places.iter().map(|&row| &counts[row]).collect(),
            targets: &rows.targets,
            strangers: (strangers.view(), corpus.strangers.iter().map(|&row| &counts[row]).collect()),
        })
        .collect();
    let mut found = Vec::new();
    for (done, labelled) in labelled.iter().enumerate() {
        progress(Progress { stage: "fit", done, total });
        found.push(crossval::run(labelled, options.seed));
    }
    let mut ties = tie(corpus, &rows, &found);
    // Its labels say the most about what the model is for.
    let of_scope = (0..total)
        .max_by_key(|&n| {
            let head = &corpus.heads[n];
            (head.kind == HeadKind::Single, head.labels.len(), std::cmp::Reverse(n))
        })
        .unwrap_or(0);
    let mut scope = scope::learn(of_scope, &labelled[of_scope], &found[of_scope], &lexicon);
    // It was fitted to logits as they are before they are made quieter.
    scope.0.weights.iter_mut().for_each(|weights| weights[0] /= crate::blend::QUIETER as f32);
    let (mut heads, mut margins) = (Vec::new(), Vec::new());
    let (mut metrics, mut studies) = (BTreeMap::new(), BTreeMap::new());
    for (n, data) in corpus.heads.iter().enumerate() {
        let (tie, heard) = ties.remove(&n).map_or((None, None), |(tie, logits)| (Some(tie), Some(logits)));
        let alone = &found[n];
        let found = Found { logits: heard.unwrap_or_else(|| alone.logits.clone()), ..alone.clone() };
        let (rows, labelled) = (&rows[n], &labelled[n]);
        let (thresholds, figures) =
            judge::judge(data.kind, &data.labels, &rows.targets, &found, options.target_precision);
        metrics.insert(data.name.clone(), figures);
        if data.kind == HeadKind::Single {
            let ids: Vec<&str> = rows.places.iter().map(|&row| corpus.examples[row].id.as_str()).collect();
            let study = study::study(&data.labels, &ids, labelled, &found, options.seed);
            studies.insert(data.name.clone(), study);
        }
        let entry = HeadEntry {
            name: data.name.clone(),
            kind: data.kind,
            labels: data.labels.clone(),
            blend: found.blend.for_all(),
            tie,
            thresholds: data.labels.iter().cloned().zip(thresholds).collect(),
            margin: judge::MARGIN,
        };
        heads.push((entry, labelled.fit_all(found.freedom)));
        margins.push(labelled.fit_margins(
            &(0..rows.places.len()).collect::<Vec<_>>(),
            &lexicon,
            found.emphasis,
        ));
    }
    progress(Progress { stage: "fit", done: total, total });
    Learnt { heads, margins, lexicon, scope, metrics, studies }
}

fn rows_of(data: &corpus::HeadData, features: &Array2<f32>) -> Rows {
    let answered = data.answers.iter().enumerate().filter_map(|(row, a)| a.clone().map(|a| (row, a)));
    let (places, targets): (Vec<usize>, Vec<Vec<usize>>) = answered.unzip();
    let features = features.select(Axis(0), &places);
    Rows { places, targets, features }
}

type Ties = BTreeMap<usize, (Tie, Vec<Vec<f32>>)>;

/// By head, what it is tied to and what it says then.
fn tie(corpus: &corpus::Corpus, rows: &[Rows], found: &[Found]) -> Ties {
    let members: Vec<Member<'_>> = corpus
        .heads
        .iter()
        .zip(rows)
        .map(|(data, rows)| Member {
            name: &data.name,
            labels: &data.labels,
            kind: data.kind,
            places: rows.places.iter().enumerate().map(|(at, ticket)| (*ticket, at)).collect(),
            targets: &rows.targets,
        })
        .collect();
    let mut ties = Ties::new();
    for pair in hierarchy::pairs(&members) {
        for (head, tied, tie) in hierarchy::tie_pair(&pair, &members, found) {
            if tied.weight > 0.0 {
                ties.insert(head, (tie, tied.logits));
            }
        }
    }
    ties
}
