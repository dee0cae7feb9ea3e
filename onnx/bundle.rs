//! A bundle on disk: encoder, tokenizer, lexicon, heads and the manifest that holds them together.
//!
//! The manifest names the digest of every other file, so that one digest, its own, stands for the whole model.
//! Whatever does not fit is refused, all of it at once and with the remedy; a bundle is never used in part.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::blend::Blend;
use crate::digest::{Digest, ModelDigest};
use crate::encode::Manners;
use crate::error::{BundleProblem, Error};
use crate::metrics::HeadMetrics;
use crate::prediction::{Confidence, HeadKind, OUT_OF_SCOPE};

/// The format this code writes and reads.
pub const FORMAT: u32 = 2;
/// File names inside a bundle.
pub const ENCODER: &str = "encoder.onnx";
/// The tokenizer's file.
pub const TOKENIZER: &str = "tokenizer.json";
/// The heads' file.
pub const HEADS: &str = "heads.onnx";
/// The lexicon's file: terms, and their weights for every label.
pub const LEXICON: &str = "lexicon.bin";
/// Every file that the manifest answers for.
pub const FILES: [&str; 4] = [ENCODER, TOKENIZER, HEADS, LEXICON];
/// The manifest's file.
pub const MANIFEST: &str = "manifest.json";

/// What `manifest.json` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this format.
    pub format: u32,
    /// The encoder's name, for people.
    pub encoder: String,
    /// The longest text, in tokens.
    pub max_length: usize,
    /// What stands before each text, where the encoder was taught with such words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prompt: String,
    /// The heads, in the order of the graph's outputs.
    pub heads: Vec<HeadEntry>,
    /// Digest of every other file, by its name.
    pub files: BTreeMap<String, Digest>,
    /// Where the model comes from and how good it is.
    pub training: Training,
    /// Texts with the scores they had when the bundle was made.
    pub golden: Vec<Golden>,
}

impl Manifest {
    /// What a reader of its confidences must know first; `None` where they were measured.
    pub fn caveat(&self) -> Option<&'static str> {
        match self.training.made {
            Made::ZeroShot => Some(
                "zero-shot: made from descriptions alone, so that nothing is known of how often it is right; train on your \
                 own tickets before anything runs live",
            ),
            Made::Imported if self.training.tickets == 0 => Some(
                "imported without labelled tickets, so that its confidences are not calibrated; import it again with \
                 `--tickets`",
            ),
            Made::Trained | Made::Imported => None,
        }
    }

    /// How texts are put to the encoder.
    pub(crate) fn manners(&self) -> Manners {
        Manners { prompt: self.prompt.clone(), max_length: self.max_length }
    }
}

/// One head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadEntry {
    /// Its name.
    pub name: String,
    /// One label or several.
    pub kind: HeadKind,
    /// In the order of the graph's columns.
    pub labels: Vec<String>,
    /// What encoder and lexicon weigh; already part of graph and lexicon, kept for people.
    pub blend: Blend,
    /// The head that it hears, where one lies under the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tie: Option<Tie>,
    /// The confidence each label needs to be chosen.
    pub thresholds: BTreeMap<String, Confidence>,
    /// How far the best label must be ahead of the next; single heads only.
    pub margin: Confidence,
}

/// Two heads of which one is finer: every label of it lies under one of the coarser head. Already part of the graph; kept because
/// a finer label is only named under the coarser label that is most probable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tie {
    /// The other head.
    pub head: String,
    /// What the other head's log-probabilities weigh.
    pub weight: f64,
    /// What the head's own logits are multiplied by.
    pub scale: f64,
    /// The finer head's labels, and the coarser one's that each lies under.
    pub under: BTreeMap<String, String>,
}

impl HeadEntry {
    /// The tie, where this is the finer head of the two.
    pub(crate) fn finer_tie(&self) -> Option<&Tie> {
        self.tie.as_ref().filter(|tie| self.labels.iter().all(|label| tie.under.contains_key(label)))
    }
}

/// How a model came to be, which says what its confidences are worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Made {
    /// From labelled tickets, and held against such.
    #[default]
    Trained,
    /// Somebody's own classifier; held against labelled tickets where `tickets` is not 0.
    Imported,
    /// From descriptions of labels alone: no ticket was seen, and nothing is known of how often it is right.
    ZeroShot,
}

impl Made {
    fn is_usual(&self) -> bool {
        *self == Self::Trained
    }
}

/// Where a model comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// How it came to be.
    #[serde(default, skip_serializing_if = "Made::is_usual")]
    pub made: Made,
    /// Number of tickets.
    pub tickets: usize,
    /// When, as the caller gave it.
    pub trained_at: String,
    /// What decided every shuffle.
    pub seed: u64,
    /// Held-out figures, by head.
    pub metrics: BTreeMap<String, HeadMetrics>,
    /// How well it knows what is not its business.
    pub out_of_scope: ScopeMetrics,
}

/// A text and what the model said to it: any machine must say the same, within a small tolerance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// The ticket's subject.
    pub subject: String,
    /// The ticket's first message.
    pub body: String,
    /// Head → confidences in the order of the head's labels; and the out-of-scope score under its own name.
    pub scores: BTreeMap<String, Vec<Confidence>>,
}

/// A bundle whose every file was found and checked.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The folder.
    pub folder: PathBuf,
    /// What it says about itself.
    pub manifest: Manifest,
    /// What it is called in the ledger.
    pub digest: ModelDigest,
}

impl Bundle {
    /// Reads the manifest and checks every file against it.
    ///
    /// # Errors
    /// [`Error::Bundle`] with everything that is wrong, each with the file and the remedy.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let (manifest, digest) = read_manifest(folder)?;
        let mut problems = inconsistencies(&folder.join(MANIFEST), &manifest);
        for name in FILES {
            problems
                .extend(manifest.files.get(name).and_then(|expected| check(&folder.join(name), expected)));
        }
        if problems.is_empty() {
            Ok(Self { folder: folder.into(), manifest, digest })
        } else {
            Err(Error::Bundle(problems))
        }
    }
}

fn read_manifest(folder: &Path) -> Result<(Manifest, Digest), Error> {
    let file = folder.join(MANIFEST);
    let wrong = |what: String| Error::Bundle(vec![BundleProblem::new(&file, what)]);
    let bytes = std::fs::read(&file).map_err(|e| {
        wrong(format!(
            "{e}; `model.bundle` must name the folder of a bundle, and `deskbridge train` makes one"
        ))
    })?;
    // The version is read first: a newer format may well have other fields.
    #[derive(Deserialize)]
    struct Versioned {
        format: u32,
    }
    let unreadable =
        |e: serde_json::Error| wrong(format!("not a bundle's manifest: {e}; train the bundle again"));
    let Versioned { format } = serde_json::from_slice(&bytes).map_err(unreadable)?;
    if format != FORMAT {
        return Err(wrong(format!(
            "bundle format {format}, this version reads format {FORMAT}; train the bundle again with this version"
        )));
    }
    Ok((serde_json::from_slice(&bytes).map_err(unreadable)?, Digest::of(&bytes)))
}

fn check(file: &Path, expected: &Digest) -> Option<BundleProblem> {
    let remedy = if file.ends_with(HEADS) || file.ends_with(LEXICON) {
        "train the bundle again"
    } else {
        "`make setup` puts it there"
    };
    match Digest::of_file(file) {
        Ok(found) if found == *expected => None,
        Ok(found) => Some(BundleProblem::new(
            file,
            format!(
                "sha256 is {found}, the manifest says {expected}; {remedy}, or copy the whole bundle again"
            ),
        )),
        Err(e) => Some(BundleProblem::new(file, format!("{e}; {remedy}"))),
    }
}

fn inconsistencies(file: &Path, manifest: &Manifest) -> Vec<BundleProblem> {
    let mut problems = Vec::new();
    let mut say =
        |what: String| problems.push(BundleProblem::new(file, format!("{what}; train the bundle again")));
    for name in FILES {
        if !manifest.files.contains_key(name) {
            say(format!("no digest for {name}"));
        }
    }
    if !(3..=512).contains(&manifest.max_length) {
        say(format!("max_length is {}, 3 to 512 is possible", manifest.max_length));
    }
    if manifest.heads.is_empty() {
        say("no heads".into());
    }
    let mut names = BTreeSet::new();
    for head in &manifest.heads {
        let name = &head.name;
        if name == OUT_OF_SCOPE {
            say(format!("{name} is no name for a head"));
        }
        if !names.insert(name) {
            say(format!("head {name} is there twice"));
        }
        if let Some(tie) = &head.tie
            && !manifest.heads.iter().any(|other| other.name == tie.head && other.name != *name)
        {
            say(format!("head {name} is tied to a head {} that is not there", tie.head));
        }
        if head.labels.iter().collect::<BTreeSet<_>>().len() != head.labels.len() || head.labels.is_empty() {
            say(format!("head {name} needs labels, each once"));
        }
        if let Some(label) = head.labels.iter().find(|label| !head.thresholds.contains_key(*label)) {
            say(format!("head {name} has no threshold for {label}"));
        }
        let fractions = head.thresholds.values().chain([&head.margin]);
        if !fractions.into_iter().all(|t| (0.0..=1.0).contains(t)) {
            say(format!("head {name} has a threshold or margin outside 0 to 1"));
        }
    }
    problems
}

/// Measures how well strangers and customers are told apart, on held-out tickets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeMetrics {
    /// Out-of-scope tickets in the training files; under ten, distance alone decides.
    pub taught_by: usize,
    /// Share of the labelled tickets that would be stopped.
    pub stopped: f64,
    /// Share of the out-of-scope tickets that would be; absent where there are too few.
    pub found: Option<f64>,
    /// Probability that an out-of-scope ticket scores higher than one in scope; absent where there are too few.
    pub auroc: Option<f64>,
}

#[cfg(test)]
mod tests;
