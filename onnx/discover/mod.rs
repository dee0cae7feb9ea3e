//! Labels for tickets that have none: which kinds of tickets there are, what sets each apart, and what it may be called.
//!
//! ```text
//! tickets ─embed─► meaning ─┐
//!        └─lexicon► words ──┴graph─► nearest neighbours ─community─► clusters ─words─► names, examples
//! ```
//! How many clusters there are is found, not asked: communities of the graph at several grains, and the grain whose
//! clusters stand apart best. What belongs nowhere stays scattered. The same tickets and seed give the same clusters.

mod community;
mod graph;
mod words;

use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2, Axis};
use serde::Serialize;

use crate::bundle::{ENCODER, TOKENIZER};
use crate::classifier::Classifier;
use crate::convert::manners;
use crate::encode::Tokens;
use crate::error::Error;
use crate::lexicon::{self, Lexicon};
use crate::runtime::Runtime;
use crate::train::corpus::{self, Example};
use crate::train::{Problem, Progress, features};

/// Fewer tickets show no kinds.
const FEWEST: usize = 30;
/// Grains that are tried, from coarse to fine.
const GRAINS: [f64; 9] = [0.5, 1.0, 1.5, 2.0, 3.0, 4.5, 7.0, 10.0, 15.0];
/// How much of the best grain's distance a coarser one may give up.
const ENOUGH: f64 = 0.15;
/// Examples shown of each cluster.
const EXAMPLES: usize = 4;
/// Words kept of each cluster.
const WORDS: usize = 6;

/// Where to look for kinds of tickets.
#[derive(Clone, Debug)]
pub struct DiscoverOptions {
    /// Tickets files; labels in them are not looked at.
    pub tickets: Vec<PathBuf>,
    /// Folder with `encoder.onnx` and `tokenizer.json`.
    pub encoder: PathBuf,
    /// Only the tickets on which every single-label head of this bundle names nothing.
    pub abstained_by: Option<PathBuf>,
    /// A cluster has at least so many tickets; found by itself when `None`.
    pub smallest: Option<usize>,
    /// Decides every shuffle.
    pub seed: u64,
}

/// The kinds that were found, the largest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Discovery {
    /// Tickets looked at.
    pub tickets: usize,
    /// Of these, those that belong to no cluster.
    pub scattered: usize,
    /// How well the clusters stand apart, -1 to 1: over 0.1 they are worth a look, under 0.05 they hardly are.
    pub apart: f64,
    /// The clusters.
    pub clusters: Vec<Cluster>,
    /// Each ticket's id and text, redacted, with the place of its cluster.
    #[serde(skip)]
    pub assigned: Vec<Assigned>,
}

/// One kind of tickets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cluster {
    /// A name for a label, of its most distinctive words.
    pub name: String,
    /// Tickets.
    pub size: usize,
    /// Its most distinctive words.
    pub words: Vec<String>,
    /// The tickets nearest to its middle.
    pub examples: Vec<Shown>,
}

/// A ticket as an example.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    /// Its id.
    pub id: String,
    /// Its text, redacted.
    pub text: String,
}

/// A ticket and where it belongs.
#[derive(Clone, Debug, PartialEq)]
pub struct Assigned {
    /// Its id.
    pub id: String,
    /// Its text, redacted.
    pub text: String,
    /// The place of its cluster; `None` where it is scattered.
    pub cluster: Option<usize>,
}

/// Finds the kinds of tickets there are.
///
/// # Errors
/// What is wrong with the files, the encoder or the bundle.
pub fn discover(
    options: &DiscoverOptions,
    runtime: &Runtime,
    progress: &dyn Fn(Progress),
) -> Result<Discovery, Vec<Problem>> {
    let general = |error: Error| vec![Problem::general(error.to_string())];
    let mut examples = corpus::unlabelled(&options.tickets)?;
    if let Some(bundle) = &options.abstained_by {
        let asked = examples.len();
        examples = abstained(bundle, examples, runtime, progress).map_err(general)?;
        if examples.len() < FEWEST {
            return Err(vec![Problem::general(format!(
                "the bundle abstains on {} of {asked} tickets; at least {FEWEST} are needed to show a kind",
                examples.len()
            ))]);
        }
    }
    if examples.len() < FEWEST {
        return Err(vec![Problem::general(format!(
            "{} tickets; at least {FEWEST} are needed to show kinds of them, and some hundreds are better",
            examples.len()
        ))]);
    }
    let texts: Vec<&str> = examples.iter().map(|example| example.text.as_str()).collect();
    let meaning = embedded(&options.encoder, &texts, runtime, progress).map_err(general)?;
    progress(Progress { stage: "cluster", done: 0, total: 1 });
    let found = clusters(&meaning, &texts, options);
    progress(Progress { stage: "cluster", done: 1, total: 1 });
    Ok(told(found, examples, &meaning))
}

/// The tickets on which no single-label head of the bundle names anything.
fn abstained(
    bundle: &Path,
    examples: Vec<Example>,
    runtime: &Runtime,
    progress: &dyn Fn(Progress),
) -> Result<Vec<Example>, Error> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let classifier = Classifier::load(bundle, runtime, threads)?;
    let total = examples.len();
    progress(Progress { stage: "classify", done: 0, total });
    let texts = examples.iter().map(|example| example.text.clone()).collect();
    let said = classifier.classify_texts(texts)?;
    progress(Progress { stage: "classify", done: total, total });
    let silent = said.iter().map(|said| said.heads.values().all(crate::Scored::abstains));
    Ok(examples.into_iter().zip(silent).filter_map(|(example, silent)| silent.then_some(example)).collect())
}

/// Embeddings without what all tickets have in common, each of length one: what is left tells them apart.
fn embedded(
    encoder: &Path,
    texts: &[&str],
    runtime: &Runtime,
    progress: &dyn Fn(Progress),
) -> Result<Array2<f32>, Error> {
    let manners = manners::of(encoder).map_err(Error::Convert)?;
    let tokens = Tokens::open(&encoder.join(TOKENIZER), manners)?;
    let told = |done| progress(Progress { stage: "embed", done, total: texts.len() });
    let mut rows = features::embed(texts, &encoder.join(ENCODER), &tokens, runtime, &told)?;
    let middle: Array1<f32> = rows.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(rows.ncols()));
    rows -= &middle;
    for mut row in rows.rows_mut() {
        let length = row.dot(&row).sqrt();
        if length > 0.0 {
            row /= length;
        }
    }
    Ok(rows)
}

/// What clustering found.
struct Found {
    /// By ticket.
    clusters: Vec<Option<usize>>,
    /// By cluster.
    words: Vec<Vec<String>>,
    apart: f64,
}

fn clusters(meaning: &Array2<f32>, texts: &[&str], options: &DiscoverOptions) -> Found {
    let counts: Vec<_> = texts.iter().map(|text| lexicon::count(text)).collect();
    let lexicon = Lexicon::learn(&counts.iter().collect::<Vec<_>>(), 1);
    let terms: Vec<_> = counts.iter().map(|counts| lexicon.weigh(counts)).collect();
    let graph = graph::neighbours(meaning, &terms);
    // One in two hundred, but never a handful, and never so many that a small desk shows nothing.
    let smallest = options.smallest.unwrap_or_else(|| (texts.len() / 200).clamp(5, 50));
    let tried = GRAINS.iter().map(|&grain| {
        let communities = community::communities(&graph, grain, options.seed);
        let settled = graph::settle(meaning, &communities, smallest);
        let apart = graph::apart(meaning, &settled);
        (settled, apart)
    });
    let tried: Vec<_> = tried.collect();
    let best = tried.iter().map(|(_, apart)| *apart).fold(f64::NEG_INFINITY, f64::max);
    // Ever finer clusters stand apart ever a little better; people want the fewest that are nearly as good.
    let chosen = tried.into_iter().find(|(_, apart)| *apart >= best - ENOUGH * best.abs());
    let (clusters, apart) = chosen.unwrap_or_else(|| (vec![None; texts.len()], 0.0));
    let words = words::distinctive(texts, &clusters, WORDS);
    Found { clusters, words, apart }
}

/// Names and examples, the largest cluster first.
fn told(found: Found, examples: Vec<Example>, meaning: &Array2<f32>) -> Discovery {
    let Found { clusters, words, apart } = found;
    let mut order: Vec<usize> = (0..words.len()).collect();
    let size = |cluster: usize| clusters.iter().filter(|of| **of == Some(cluster)).count();
    order.sort_by_key(|&cluster| (std::cmp::Reverse(size(cluster)), cluster));
    let names = words::names(order.iter().map(|&cluster| words[cluster].as_slice()));
    let shown = order.iter().zip(names).map(|(&cluster, name)| Cluster {
        name,
        size: size(cluster),
        words: words[cluster].clone(),
        examples: graph::nearest(meaning, &clusters, cluster, EXAMPLES)
            .into_iter()
            .map(|at| Shown { id: examples[at].id.clone(), text: examples[at].text.clone() })
            .collect(),
    });
    let shown: Vec<Cluster> = shown.collect();
    let place = |cluster: usize| order.iter().position(|known| *known == cluster);
    let scattered = clusters.iter().filter(|of| of.is_none()).count();
    let tickets = examples.len();
    let assigned = examples.into_iter().zip(&clusters).map(|(example, of)| Assigned {
        id: example.id,
        text: example.text,
        cluster: of.and_then(place),
    });
    Discovery { tickets, scattered, apart, clusters: shown, assigned: assigned.collect() }
}

#[cfg(test)]
mod tests;
