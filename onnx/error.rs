//! What can go wrong between text and prediction, by what the caller does next.
//!
//! Never holds ticket text: these errors reach logs.

use std::fmt;
use std::path::{Path, PathBuf};

/// Why there is no prediction.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ONNX Runtime library cannot be used: refuse to start.
    #[error("ONNX Runtime: {0}")]
    Runtime(String),
    /// The bundle cannot be used: refuse to start, or keep the one in use. Holds everything that is wrong with it.
    #[error("{}", listed(.0))]
    Bundle(Vec<BundleProblem>),
    /// The encoder cannot be converted from what was given.
    #[error("cannot convert the encoder: {0}")]
    Convert(String),
    /// This ticket could not be classified: postpone it. The next one may well be fine.
    #[error("inference: {0}")]
    Inference(String),
}

/// One thing wrong with a bundle: which file, what, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleProblem {
    /// The file or folder concerned.
    pub file: PathBuf,
    /// What is wrong, and the remedy.
    pub what: String,
}

impl BundleProblem {
    pub(crate) fn new(file: &Path, what: impl Into<String>) -> Self {
        Self { file: file.into(), what: what.into() }
    }
}

impl fmt::Display for BundleProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.what)
    }
}

fn listed(problems: &[BundleProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// ONNX Runtime's own words become ours; its errors name nodes and shapes, never input values.
pub(crate) fn inference(error: impl fmt::Display) -> Error {
    Error::Inference(error.to_string())
}
