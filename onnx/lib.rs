//! Text to prediction, and how a model comes to be.
//!
//! ```text
//! serving    subject, body ─normalise, redact─► text ─encode─► token ids ─session─► embedding ─┐
//!                                            └──────lexicon──────► terms ─► margins ─┴heads─► confidences ─► Prediction
//! training   tickets file ─train─► bundle (encoder.onnx, tokenizer.json, lexicon.bin, heads.onnx, manifest.json)
//! before     published weights ─convert─► encoder.onnx, 8-bit, three times as fast
//! ```
//!
//! Inference is plain CPU work on threads of its own: no async runtime, no environment, no clock. Paths, dates and
//! seeds are arguments. Ticket text goes in and never comes out: not in an error, not in a [`Prediction`].

mod blend;
pub mod bundle;
pub mod cell;
mod classifier;
pub mod convert;
mod digest;
pub mod discover;
mod encode;
mod engine;
mod error;
mod evaluate;
mod files;
mod graph;
mod import;
mod language;
mod lexicon;
mod metrics;
mod normalise;
mod pool;
mod prediction;
mod redact;
mod runtime;
mod session;
pub mod train;
mod weights;
mod zero_shot;

#[cfg(test)]
mod fixtures;

pub use crate::bundle::{Bundle, Made, Manifest};
pub use crate::classifier::{Classifier, Done};
pub use crate::digest::{Digest, ModelDigest};
pub use crate::encode::MAX_LENGTH;
pub use crate::error::{BundleProblem, Error};
pub use crate::evaluate::{Evaluation, evaluate};
pub use crate::import::{ImportOptions, Imported, import};
pub use crate::language::{Language, codes as language_codes, detect as detect_language, known_code};
pub use crate::metrics::{HeadMetrics, LabelMetrics};
pub use crate::normalise::{clean, text_of};
pub use crate::prediction::{
    Confidence, Head, HeadKind, Label, OUT_OF_SCOPE, OutOfScope, Prediction, Scored, contract_json,
};
pub use crate::runtime::{LIBRARY, Runtime};
pub use crate::train::{Problem, Progress, TrainOptions, TrainReport, train};
pub use crate::zero_shot::{Described, zero_shot};
