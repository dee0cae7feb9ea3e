//! placeholder

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Whether a head gives one label or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadKind {
    /// Exactly one label is right.
    Single,
    /// Any number of labels may be right.
    Multi,
}

/// The answer of one head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// Whether one label or several.
    pub kind: HeadKind,
    /// All labels with calibrated confidence, best first.
    pub ranked: Vec<(String, f32)>,
    /// Labels over the bundle's own threshold and margin; empty when it abstains.
    pub chosen: Vec<String>,
    /// The bundle's own threshold for each label; empty where it has none.
    #[serde(default)]
    pub threshold: BTreeMap<String, f32>,
}

impl Scored {
    /// Whether no label passed.
    pub fn abstains(&self) -> bool {
        self.chosen.is_empty()
    }
    /// The best label and its confidence.
    pub fn best(&self) -> Option<(&str, f32)> {
        self.ranked.first().map(|(label, confidence)| (label.as_str(), *confidence))
    }
    /// Distance between the best and the runner-up.
    pub fn margin(&self) -> f32 {
        match self.ranked.as_slice() {
            [first, second, ..] => first.1 - second.1,
            [first] => first.1,
            [] => 0.0,
        }
    }
    /// Confidence of one label; 0 where the head does not have it.
    pub fn confidence(&self, label: &str) -> f32 {
        self.ranked.iter().find(|(known, _)| known == label).map_or(0.0, |(_, confidence)| *confidence)
    }
}

/// The language of a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Language {
    /// ISO 639-1 code, `und` when unsure.
    pub code: String,
    /// 0 to 1.
    pub confidence: f32,
}

/// What the model says about one ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// One answer per head.
    pub heads: BTreeMap<String, Scored>,
    /// The language.
    pub language: Language,
    /// Digest of the bundle.
    pub model: String,
}
