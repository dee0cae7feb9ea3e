//! Tickets in, bundle out.
//!
//! ```text
//! files ─corpus─► tickets ─features─► numbers ─crossval─► held-out logits ─judge─► thresholds, figures
//!                                        │                       └─blend─► what encoder and lexicon weigh
//!                                        └──────fit on all──────► heads, lexicon, scope ─export─► bundle
//! ```
//! The same tickets, options and library give the same bundle. Reads no clock: the date is an option.

pub(crate) mod assemble;
pub(crate) mod blend;
mod calibrate;
pub(crate) mod corpus;
pub(crate) mod crossval;
mod export;
pub(crate) mod features;
pub(crate) mod fit;
mod hierarchy;
pub(crate) mod judge;
mod lbfgs;
mod learn;
pub(crate) mod margin;
mod page;
mod problem;
mod report;
pub(crate) mod scope;
mod study;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use self::assemble::Parts;
pub use self::problem::Problem;
pub use self::report::TrainReport;
pub use self::study::{Forecast, Overlap, Point, Small, Study, Suspect};
use crate::bundle::{ENCODER, Made, TOKENIZER, Training};
use crate::convert;
use crate::encode::Tokens;
use crate::error::Error;
use crate::lexicon::{self, Counts};
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
    /// Folder with `tokenizer.json` and `model.safetensors`, or an `encoder.onnx` converted before, or a folder as
    /// sentence-transformers lays it out with an ONNX model in it.
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

/// The report's page, beside the bundle's own files.
const REPORT: &str = "report.html";

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
    assemble::in_a_folder_of_its_own(&options.out, |building| {
        build(options, &corpus, building, runtime, progress)
    })
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
    let manners = convert::manners::of(&options.encoder).map_err(|what| vec![Problem::general(what)])?;
    let encoder = put_encoder(&options.encoder, building)?;
    progress(Progress { stage: "convert", done: 1, total: 1 });
    let tokens = Tokens::open(&building.join(TOKENIZER), manners.clone()).map_err(general)?;
    let texts: Vec<&str> = corpus.examples.iter().map(|e| e.text.as_str()).collect();
    let told = |done| progress(Progress { stage: "embed", done, total: texts.len() });
    let features =
        features::embed(&texts, &building.join(ENCODER), &tokens, runtime, &told).map_err(general)?;

    let counts: Vec<Counts> = texts.iter().map(|text| lexicon::count(text)).collect();
    let learnt = learn::learn(corpus, &features, &counts, options, progress);

    progress(Progress { stage: "write", done: 0, total: 1 });
    let tickets = corpus.examples.len();
    let training = Training {
        made: Made::Trained,
        tickets,
        trained_at: options.trained_at.clone(),
        seed: options.seed,
        metrics: learnt.metrics.clone(),
        out_of_scope: learnt.scope.1.clone(),
    };
    let parts = Parts {
        encoder,
        manners,
        heads: learnt.heads,
        margins: learnt.margins,
        lexicon: learnt.lexicon,
        scope: learnt.scope.0,
        training,
    };
    let model = assemble::assemble(parts, building, &options.out, runtime)?;
    progress(Progress { stage: "write", done: 1, total: 1 });
    let report = TrainReport {
        bundle: options.out.clone(),
        model,
        tickets,
        seed: options.seed,
        heads: learnt.metrics,
        out_of_scope: learnt.scope.1,
        studies: learnt.studies,
    };
    let place = options.out.join(REPORT);
    crate::files::write_whole(&place, page::page(&report, &options.trained_at).as_bytes())
        .map_err(|e| vec![Problem::file(&place, e.to_string())])?;
    Ok(report)
}

/// Puts tokenizer and encoder in place; returns the encoder's name, for people.
pub(crate) fn put_encoder(from: &Path, building: &Path) -> Result<String, Vec<Problem>> {
    let copy = |name: &str| {
        let source = from.join(name);
        std::fs::copy(&source, building.join(name))
            .map(|_| ())
            .map_err(|e| vec![Problem::file(&source, format!("{e}; `make setup` fetches the base encoder"))])
    };
    copy(TOKENIZER)?;
    let weights = from.join("model.safetensors");
    let name =
        || from.file_name().map_or_else(|| from.display().to_string(), |name| name.display().to_string());
    if let Some(model) = convert::adopt::model_in(from) {
        // Somebody's own, in ONNX already: its weights stay as they are.
        let place = building.join(ENCODER);
        let bytes = convert::adopt::adopt(from, &model).map_err(|what| vec![Problem::general(what)])?;
        crate::files::write_whole(&place, &bytes).map_err(|e| vec![Problem::file(&place, e.to_string())])?;
        return Ok(name());
    }
    if weights.is_file() || !from.join(ENCODER).is_file() {
        convert::encoder(&weights, &building.join(ENCODER))
            .map(|_| ())
            .map_err(|e| vec![Problem::general(e.to_string())])?;
        return Ok("all-MiniLM-L6-v2, int8".to_owned());
    }
    copy(ENCODER)?;
    Ok(name())
}
