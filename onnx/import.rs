//! Somebody's own fine-tuned classifier as a bundle.
//!
//! Takes the folder that the usual Python tools export (`optimum-cli export onnx --task text-classification`): `model.onnx` from
//! token ids to logits, `config.json` with the labels' names and whether several may hold at once, `tokenizer.json`
//! (<https://huggingface.co/docs/optimum-onnx/onnx/usage_guides/export_a_model>). The whole classifier takes the encoder's place, its
//! logits that of the embedding; the lexicon stays empty. A fine-tuned classifier is nearly always surer than it is right, so
//! labelled tickets that it was not tuned on set its temperature, its thresholds and what is out of scope. Without them it
//! names a label only where it is all but certain, and the bundle says that nothing was calibrated.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2};
use serde::Deserialize;

use crate::blend::Blend;
use crate::bundle::ScopeMetrics;
use crate::bundle::{ENCODER, HeadEntry, Made, TOKENIZER, Training};
use crate::convert::{adopt, manners};
use crate::digest::ModelDigest;
use crate::encode::{Manners, Tokens};
use crate::error::Error;
use crate::lexicon::{Counts, Lexicon};
use crate::metrics::HeadMetrics;
use crate::prediction::HeadKind;
use crate::runtime::Runtime;
use crate::train::assemble::{self, Parts};
use crate::train::corpus::{self, Measured};
use crate::train::crossval::{self, Found, Labelled};
use crate::train::fit::Linear;
use crate::train::margin::Margins;
use crate::train::scope::{self, Scope};
use crate::train::{Problem, Progress, blend, features, judge};

const CONFIG: &str = "config.json";
/// The confidence that a label needs where nothing was calibrated.
const ALL_BUT_CERTAIN: f32 = 0.99;
/// Fewer labelled tickets calibrate nothing.
const FEWEST: usize = 30;
/// A logit so low that no ticket is out of scope: there was nothing to learn that from.
const NEVER: f32 = -8.0;

/// What to import, from where, to where.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The folder with `model.onnx`, `config.json` and `tokenizer.json`.
    pub classifier: PathBuf,
    /// What the labels answer.
    pub head: String,
    /// A tickets file with a column of that name, to calibrate by.
    pub tickets: Option<PathBuf>,
    /// The bundle's folder.
    pub out: PathBuf,
    /// The precision that answers are to keep, over 0 and under 1.
    pub target_precision: f64,
    /// Decides every shuffle.
    pub seed: u64,
    /// The date, as it goes into the manifest.
    pub trained_at: String,
}

/// What came of it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Imported {
    /// The bundle's folder.
    pub bundle: PathBuf,
    /// The bundle's digest.
    pub model: ModelDigest,
    /// The labels, in the classifier's order.
    pub labels: Vec<String>,
    /// One label a ticket, or several.
    pub kind: HeadKind,
    /// Tickets it was calibrated by.
    pub tickets: usize,
    /// Figures on those tickets, thresholds cross-fitted; absent where there were none.
    pub metrics: Option<HeadMetrics>,
}

/// What of `config.json` matters.
#[derive(Debug, Deserialize)]
struct Config {
    id2label: Option<BTreeMap<String, String>>,
    #[serde(default)]
    problem_type: Option<String>,
}

/// Makes the bundle.
///
/// # Errors
/// Everything that keeps it from being made; nothing is written then.
pub fn import(
    options: &ImportOptions,
    runtime: &Runtime,
    progress: &dyn Fn(Progress),
) -> Result<Imported, Vec<Problem>> {
    let general = |what: String| vec![Problem::general(what)];
    if !(options.target_precision > 0.0 && options.target_precision < 1.0) {
        return Err(general(format!(
            "target precision {} is not between 0 and 1; 0.96 is usual",
            options.target_precision
        )));
    }
    let folder = &options.classifier;
    let (labels, kind) = labels_of(&folder.join(CONFIG))?;
    let manners = manners::of(folder).map_err(general)?;
    let source = Source { options, labels, kind, manners };
    let model = adopt::model_in(folder).ok_or_else(|| {
        general(format!("{} holds no model.onnx; export the classifier to ONNX first", folder.display()))
    })?;
    let graph = adopt::adopt_classifier(&model, source.labels.len()).map_err(general)?;
    let tickets = options.tickets.as_deref().map(|file| source.tickets(file)).transpose()?;
    assemble::in_a_folder_of_its_own(&options.out, |building| {
        let tokenizer = folder.join(TOKENIZER);
        std::fs::copy(&tokenizer, building.join(TOKENIZER))
            .map_err(|e| vec![Problem::file(&tokenizer, e.to_string())])?;
        let encoder = building.join(ENCODER);
        crate::files::write_whole(&encoder, &graph)
            .map_err(|e| vec![Problem::file(&encoder, e.to_string())])?;
        let parts = match &tickets {
            Some(tickets) => source.calibrated(building, tickets, runtime, progress)?,
            None => source.uncalibrated(),
        };
        let metrics = parts.training.metrics.get(&options.head).cloned();
        let counted = parts.training.tickets;
        let model = assemble::assemble(parts, building, &options.out, runtime)?;
        let bundle = options.out.clone();
        let (labels, kind) = (source.labels.clone(), source.kind);
        Ok(Imported { bundle, model, labels, kind, tickets: counted, metrics })
    })
}

/// The labels in the order of the logits, and whether several may hold.
fn labels_of(file: &Path) -> Result<(Vec<String>, HeadKind), Vec<Problem>> {
    let wrong = |what: String| vec![Problem::file(file, what)];
    let bytes = std::fs::read(file).map_err(|e| wrong(e.to_string()))?;
    let config: Config = serde_json::from_slice(&bytes).map_err(|e| wrong(e.to_string()))?;
    let named = config.id2label.unwrap_or_default();
    let labels: Option<Vec<String>> = (0..named.len()).map(|n| named.get(&n.to_string()).cloned()).collect();
    let labels = labels.filter(|labels| labels.len() > 1).ok_or_else(|| {
        wrong(
            "`id2label` must name two labels or more, by \"0\", \"1\" and so on, in the order of the logits"
                .into(),
        )
    })?;
    let mut once = labels.clone();
    once.sort_unstable();
    once.dedup();
    if once.len() < labels.len() || once.iter().any(|label| label.trim().is_empty() || label.contains('|')) {
        return Err(wrong("the labels of `id2label` must differ, and none may be empty or hold `|`".into()));
    }
    match config.problem_type.as_deref() {
        None | Some("single_label_classification") => Ok((labels, HeadKind::Single)),
        Some("multi_label_classification") => Ok((labels, HeadKind::Multi)),
        Some(other) => Err(wrong(format!("`problem_type` is {other}; a classifier of texts is needed"))),
    }
}

/// The classifier as its folder describes it, and what to make of it.
struct Source<'a> {
    options: &'a ImportOptions,
    /// In the order of the logits.
    labels: Vec<String>,
    kind: HeadKind,
    manners: Manners,
}

impl Source<'_> {
    /// The tickets that say something about the head, all their labels known.
    fn tickets(&self, file: &Path) -> Result<Vec<Measured>, Vec<Problem>> {
        let Self { options, labels, kind, .. } = self;
        let (tickets, missing) = corpus::measured(file, &[(options.head.clone(), *kind)])?;
        if !missing.is_empty() {
            return Err(vec![Problem::file(file, format!("there is no column `{}`", options.head))]);
        }
        let mut unknown: BTreeMap<&String, usize> = BTreeMap::new();
        let said = tickets.iter().filter(|ticket| !ticket.out_of_scope);
        let said = said.filter_map(|ticket| ticket.answers.get(&options.head));
        let labelled = said.clone().count();
        said.flatten()
            .filter(|label| !labels.contains(label))
            .for_each(|label| *unknown.entry(label).or_default() += 1);
        let mut problems: Vec<Problem> = unknown
            .into_iter()
            .map(|(label, n)| {
                Problem::file(file, format!("the classifier has no label `{label}`, which {n} tickets have"))
                    .column(&options.head)
            })
            .collect();
        if labelled < FEWEST {
            let what =
                format!("{labelled} tickets have a label; at least {FEWEST} are needed to calibrate by");
            problems.push(Problem::file(file, what).column(&options.head));
        }
        if problems.is_empty() { Ok(tickets) } else { Err(problems) }
    }

    fn uncalibrated(&self) -> Parts {
        let labels = &self.labels;
        let blend = Blend { encoder: 1.0, lexicon: 0.0, shift: 0.0 };
        let thresholds = vec![ALL_BUT_CERTAIN; labels.len()];
        let scope = Scope {
            head: 0,
            centres: Array2::zeros((labels.len(), 1)),
            line: (Array1::zeros(labels.len()), 0.0),
            odd: None,
            weights: [[0.0; scope::SIGNS]; 2],
            bias: [NEVER; 2],
        };
        self.parts(blend, thresholds, (scope, ScopeMetrics::default()), None)
    }

    fn calibrated(
        &self,
        building: &Path,
        tickets: &[Measured],
        runtime: &Runtime,
        progress: &dyn Fn(Progress),
    ) -> Result<Parts, Vec<Problem>> {
        let Self { options, labels, kind, manners } = self;
        let kind = *kind;
        let general = |e: Error| vec![Problem::general(e.to_string())];
        let tokens = Tokens::open(&building.join(TOKENIZER), manners.clone()).map_err(general)?;
        let (strange, own): (Vec<&Measured>, Vec<&Measured>) = tickets
            .iter()
            .filter(|ticket| ticket.out_of_scope || ticket.answers.contains_key(&options.head))
            .partition(|ticket| ticket.out_of_scope);
        let texts: Vec<&str> = own.iter().chain(&strange).map(|ticket| ticket.text.as_str()).collect();
        let told = |done| progress(Progress { stage: "classify", done, total: texts.len() });
        let logits =
            features::embed(&texts, &building.join(ENCODER), &tokens, runtime, &told).map_err(general)?;
        let (of_own, of_strange) = logits.view().split_at(ndarray::Axis(0), own.len());
        let rows = |of: ndarray::ArrayView2<'_, f32>| -> Vec<Vec<f32>> {
            of.rows().into_iter().map(|r| r.to_vec()).collect()
        };
        let targets: Vec<Vec<usize>> =
            own.iter().map(|ticket| places(&ticket.answers[&options.head], labels)).collect();
        let own_logits = rows(of_own);
        let nothing = vec![vec![0.0; labels.len()]; own.len()];
        let blend = Blend { lexicon: 0.0, ..blend::fit(kind, &own_logits, &nothing, &targets) };
        let scaled = |logits: Vec<Vec<f32>>| -> Vec<Vec<f32>> {
            logits.iter().map(|row| blend.of(row, &vec![0.0; row.len()])).collect()
        };
        let found = Found {
            freedom: 1.0,
            emphasis: crate::train::margin::Emphasis::Even,
            blend,
            logits: scaled(own_logits),
            strange_logits: scaled(rows(of_strange)),
            folds: crossval::folds(&targets, options.seed),
        };
        let (thresholds, metrics) = judge::judge(kind, labels, &targets, &found, options.target_precision);
        let no_terms = Counts::default();
        let data = Labelled {
            kind,
            labels: labels.len(),
            all_labels: labels.len(),
            features: of_own,
            terms: vec![&no_terms; own.len()],
            targets: &targets,
            strangers: (of_strange, vec![&no_terms; strange.len()]),
        };
        let scope = scope::learn(0, &data, &found, &Lexicon::learn(&[], labels.len()));
        let measured = Some((texts.len(), metrics));
        Ok(self.parts(blend, thresholds, scope, measured))
    }

    fn parts(
        &self,
        blend: Blend,
        thresholds: Vec<f32>,
        scope: (Scope, ScopeMetrics),
        measured: Option<(usize, HeadMetrics)>,
    ) -> Parts {
        let Self { options, labels, kind, manners } = self;
        let entry = HeadEntry {
            name: options.head.clone(),
            kind: *kind,
            labels: labels.clone(),
            blend,
            tie: None,
            thresholds: labels.iter().cloned().zip(thresholds).collect(),
            margin: judge::MARGIN,
        };
        // The logits are the answer already: each label is its own number.
        let linear = Linear { weights: Array2::eye(labels.len()), bias: Array1::zeros(labels.len()) };
        let margins = Margins { weights: vec![vec![]; labels.len()], bias: vec![0.0; labels.len()] };
        let name = options.classifier.file_name().map(|name| name.display().to_string());
        let (tickets, metrics) = measured.map_or((0, BTreeMap::new()), |(tickets, metrics)| {
            (tickets, BTreeMap::from([(options.head.clone(), metrics)]))
        });
        let training = Training {
            made: Made::Imported,
            tickets,
            trained_at: options.trained_at.clone(),
            seed: options.seed,
            metrics,
            out_of_scope: scope.1,
        };
        Parts {
            encoder: name.unwrap_or_else(|| options.classifier.display().to_string()),
            manners: manners.clone(),
            heads: vec![(entry, linear)],
            margins: vec![margins],
            lexicon: Lexicon::learn(&[], labels.len()),
            scope: scope.0,
            training,
        }
    }
}

fn places(right: &[String], labels: &[String]) -> Vec<usize> {
    let mut places: Vec<usize> =
        right.iter().filter_map(|label| labels.iter().position(|known| known == label)).collect();
    places.sort_unstable();
    places
}

#[cfg(test)]
mod tests;
