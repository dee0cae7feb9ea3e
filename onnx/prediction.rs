//! What the model says about one ticket: every head's labels with calibrated confidence, and the language.
//!
//! Abstaining is a value like any other: a head that is not sure says so, and rules can ask for it.
//! Holds no ticket text, so that predictions can be stored and logged.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::language::Language;

/// A head's name: one question the model answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Head(pub String);

/// One of a head's answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Label(pub String);

/// How probable a label is, 0 to 1, after calibration: of the answers given with 0.8, some 80 % are right.
pub type Confidence = f32;

/// Whether a head gives one label or any number of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadKind {
    /// One label; the confidences add up to one.
    Single,
    /// Any number of labels, each with a confidence of its own.
    Multi,
}

/// The name of the out-of-scope score, and the label that teaches it; so no head's name.
pub const OUT_OF_SCOPE: &str = "out_of_scope";

/// Whether a ticket is something the model was never trained for: then every head abstains, however sure it looks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutOfScope {
    /// 0 to 1, higher is stranger.
    pub score: Confidence,
    /// Whether the score reaches [`OutOfScope::BAR`].
    pub is: bool,
}

impl OutOfScope {
    /// Training puts the score where some two in a hundred of the training file's own kind of tickets reach this.
    pub const BAR: Confidence = 0.5;
}

/// Everything the model says about one ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// By head's name.
    pub heads: BTreeMap<String, Scored>,
    /// What the text is written in.
    pub language: Language,
    /// Digest of the bundle that said so.
    pub model: String,
    /// Absent in predictions stored before there was such a score.
    #[serde(default)]
    pub out_of_scope: Option<OutOfScope>,
}

/// One head's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// One label or several.
    pub kind: HeadKind,
    /// All labels, most confident first.
    pub ranked: Vec<(String, Confidence)>,
    /// The labels that pass the bundle's own thresholds and margin; none means that the head abstains.
    pub chosen: Vec<String>,
    /// The bundle's own threshold for each label.
    #[serde(default)]
    pub threshold: BTreeMap<String, Confidence>,
}

impl Scored {
    /// Whether the head gives no answer at the bundle's own thresholds.
    pub fn abstains(&self) -> bool {
        self.chosen.is_empty()
    }

    /// The most confident label.
    pub fn best(&self) -> Option<(&str, Confidence)> {
        self.ranked.first().map(|(label, confidence)| (label.as_str(), *confidence))
    }

    /// The second most confident label.
    pub fn runner_up(&self) -> Option<(&str, Confidence)> {
        self.ranked.get(1).map(|(label, confidence)| (label.as_str(), *confidence))
    }

    /// How far the best label is ahead of the next, 0 to 1.
    pub fn margin(&self) -> Confidence {
        let best = self.best().map_or(0.0, |(_, c)| c);
        best - self.runner_up().map_or(0.0, |(_, c)| c)
    }

    /// A label's confidence; 0 for a label the head does not know.
    pub fn confidence(&self, label: &str) -> Confidence {
        self.ranked.iter().find(|(l, _)| l == label).map_or(0.0, |(_, c)| *c)
    }
}

/// One line of what `classify` prints: a single head's best label and runner-up, a multi head's chosen labels.
pub fn contract_json(id: &str, prediction: &Prediction) -> Value {
    let scored = |pair: Option<(&str, f32)>| match pair {
        Some((label, confidence)) => json!({ "label": label, "confidence": rounded(confidence) }),
        None => Value::Null,
    };
    let heads: serde_json::Map<String, Value> = prediction
        .heads
        .iter()
        .map(|(name, head)| {
            let value = match head.kind {
                HeadKind::Single => json!({
                    "label": head.best().map(|(label, _)| label),
                    "confidence": head.best().map(|(_, c)| rounded(c)),
                    "runner_up": scored(head.runner_up()),
                    "abstained": head.abstains(),
                }),
                HeadKind::Multi => {
                    let labels = head.chosen.iter().map(|l| scored(Some((l, head.confidence(l)))));
                    json!({ "labels": labels.collect::<Vec<_>>(), "abstained": head.abstains() })
                }
            };
            (name.clone(), value)
        })
        .collect();
    let language = &prediction.language;
    let mut line = json!({
        "id": id,
        "language": { "code": language.code, "confidence": rounded(language.confidence) },
        "heads": heads,
    });
    if let Some(scope) = prediction.out_of_scope {
        line[OUT_OF_SCOPE] = json!({ "score": rounded(scope.score), "is": scope.is });
    }
    line
}

/// Four decimals: more is noise, and a 32-bit float printed as 64 bits shows a tail of digits that mean nothing.
fn rounded(confidence: Confidence) -> f64 {
    (f64::from(confidence) * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests;
