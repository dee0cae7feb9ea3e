//! Tickets in, bundle out.
//!
//! ```text
//! files ─corpus─► tickets ─features─► numbers ─crossval─► held-out logits ─calibrate─► temperature, thresholds
//!                                        └──────fit on all──────► heads ─export─► bundle
//! ```
//! The same tickets, options and library give the same bundle. Reads no clock: the date is an option.

mod calibrate;
mod corpus;
mod crossval;
mod export;
mod features;
mod fit;
mod judge;
mod lbfgs;
mod problem;
mod report;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndarray::{ArrayView2, Axis};

pub use self::problem::Problem;
pub use self::report::TrainReport;
use crate::bundle::{ENCODER, FORMAT, HEADS, HeadEntry, Manifest, TOKENIZER, Training};
use crate::convert;
use crate::encode::{MAX_LENGTH, Tokens};
use crate::error::Error;
use crate::metrics::HeadMetrics;
use crate::runtime::Runtime;

/// What to train, from what, to where.
#[derive(Clone, Debug)]
pub struct TrainOptions {
    /// Tickets files: `.csv`, `.jsonl` or `.ndjson`.
    pub tickets: Vec<PathBuf>,
    /// Columns with one label a ticket.
    pub single: Vec<String>,
    /// Columns with any number of labels a ticket.
    pub multi: Vec<String>,
    /// Folder with `tokenizer.json` and `model.safetensors`, or an `encoder.onnx` converted before.
    pub encoder: PathBuf,
    /// The bundle's folder.
    pub out: PathBuf,
    /// The precision that answers are to keep, over 0 and under 1.
    pub target_precision: f64,
    /// Decides every shuffle.
    pub seed: u64,
    /// The date, as it goes into the manifest.
    pub trained_at: String,
}

/// How far a training run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done: `convert`, `embed`, `fit` or `write`.
    pub stage: &'static str,
    /// Steps done.
    pub done: usize,
    /// Steps in all.
    pub total: usize,
}

/// Trains the heads and writes the bundle. An earlier bundle in the same folder stays whole until the very end.
///
/// # Errors
/// Everything that keeps it from being trained; nothing is written then.
pub fn train(
    options: &TrainOptions,
    runtime: &Runtime,
    progress: &dyn Fn(Progress),
) -> Result<TrainReport, Vec<Problem>> {
    let mut problems = Vec::new();
    if !(options.target_precision > 0.0 && options.target_precision < 1.0) {
        problems.push(Problem::general(format!(
            "target precision {} is not between 0 and 1; 0.96 is usual",
            options.target_precision
        )));
    }
    let corpus = corpus::load(&options.tickets, &options.single, &options.multi);
    let corpus = match corpus {
        Ok(corpus) if problems.is_empty() => corpus,
        Ok(_) => return Err(problems),
        Err(found) => {
            problems.extend(found);
            return Err(problems);
        }
    };
    let building = options.out.join(format!(".building-{}", std::process::id()));
    let report = std::fs::create_dir_all(&building)
        .map_err(|e| vec![Problem::file(&building, e.to_string())])
        .and_then(|()| build(options, &corpus, &building, runtime, progress));
    // What is left there is of no use, and its going wrong is not what the caller needs to hear.
    let _ = std::fs::remove_dir_all(&building);
    report
}

fn build(
    options: &TrainOptions,
    corpus: &corpus::Corpus,
    building: &Path,
    runtime: &Runtime,
    progress: &dyn Fn(Progress),
) -> Result<TrainReport, Vec<Problem>> {
    let general = |e: Error| vec![Problem::general(e.to_string())];
    progress(Progress { stage: "convert", done: 0, total: 1 });
    put_encoder(&options.encoder, building)?;
    progress(Progress { stage: "convert", done: 1, total: 1 });
    let tokens = Tokens::open(&building.join(TOKENIZER), MAX_LENGTH).map_err(general)?;
    let texts: Vec<&str> = corpus.examples.iter().map(|e| e.text.as_str()).collect();
    let told = |done| progress(Progress { stage: "embed", done, total: texts.len() });
    let features =
        features::embed(&texts, &building.join(ENCODER), &tokens, runtime, &told).map_err(general)?;

    let mut heads = Vec::new();
    let mut metrics = BTreeMap::new();
    let total = corpus.heads.len();
    for (done, data) in corpus.heads.iter().enumerate() {
        progress(Progress { stage: "fit", done, total });
        let (entry, linear, figures) = fit_head(data, features.view(), options);
        metrics.insert(entry.name.clone(), figures);
        heads.push((entry, linear));
    }
    progress(Progress { stage: "fit", done: total, total });

    progress(Progress { stage: "write", done: 0, total: 1 });
    let graph = export::heads_graph(&heads).map_err(|e| vec![Problem::general(e)])?;
    let place = building.join(HEADS);
    let written = crate::files::write_whole(&place, &graph).and_then(|()| export::digests(building));
    let files = written.map_err(|e| vec![Problem::file(&place, e.to_string())])?;
    let heads: Vec<HeadEntry> = heads.into_iter().map(|(entry, _)| entry).collect();
    let golden = export::golden(building, &heads, &tokens, runtime).map_err(general)?;
    let tickets = corpus.examples.len();
    let training = Training {
        tickets,
        trained_at: options.trained_at.clone(),
        seed: options.seed,
        metrics: metrics.clone(),
    };
    let encoder = "all-MiniLM-L6-v2, int8".to_owned();
    let manifest =
        Manifest { format: FORMAT, encoder, max_length: MAX_LENGTH, heads, files, training, golden };
    let model = export::publish(building, &options.out, &manifest).map_err(general)?;
    progress(Progress { stage: "write", done: 1, total: 1 });
    Ok(TrainReport { bundle: options.out.clone(), model, tickets, seed: options.seed, heads: metrics })
}

fn put_encoder(from: &Path, building: &Path) -> Result<(), Vec<Problem>> {
    let copy = |name: &str| {
        let source = from.join(name);
        std::fs::copy(&source, building.join(name))
            .map(|_| ())
            .map_err(|e| vec![Problem::file(&source, format!("{e}; `make setup` fetches the base encoder"))])
    };
    copy(TOKENIZER)?;
    let weights = from.join("model.safetensors");
    if weights.is_file() || !from.join(ENCODER).is_file() {
        convert::encoder(&weights, &building.join(ENCODER))
            .map(|_| ())
            .map_err(|e| vec![Problem::general(e.to_string())])
    } else {
        copy(ENCODER)
    }
}

fn fit_head(
    data: &corpus::HeadData,
    features: ArrayView2<'_, f32>,
    options: &TrainOptions,
) -> (HeadEntry, fit::Linear, HeadMetrics) {
    let answered = data.answers.iter().enumerate().filter_map(|(row, a)| a.clone().map(|a| (row, a)));
    let (rows, targets): (Vec<usize>, Vec<Vec<usize>>) = answered.unzip();
    let features = features.select(Axis(0), &rows);
    let labelled = crossval::Labelled {
        kind: data.kind,
        labels: data.labels.len(),
        features: features.view(),
        targets: &targets,
    };
    let found = crossval::run(&labelled, options.seed);
    let (thresholds, metrics) =
        judge::judge(data.kind, &data.labels, &targets, &found, options.target_precision);
    let entry = HeadEntry {
        name: data.name.clone(),
        kind: data.kind,
        labels: data.labels.clone(),
        temperature: found.temperature,
        thresholds: data.labels.iter().cloned().zip(thresholds).collect(),
        margin: judge::MARGIN,
    };
    (entry, labelled.fit_all(found.freedom), metrics)
}
