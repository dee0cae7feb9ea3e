//! Holds the challenger's answer beside the live one, and reads an answer's labels back from the
//! ledger's format.

use std::collections::BTreeSet;

use deskbridge_onnx::{Prediction, contract_json};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The challenger's answer about a ticket, kept in the ledger beside the live answer. It decides
/// nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Digest of the challenger.
    pub model: String,
    /// Scores per head, in the format of `classify`.
    pub heads: Value,
}

impl Trial {
    /// Returns the ledger's record of a prediction.
    pub fn of(prediction: &Prediction) -> Self {
        let heads = contract_json("", prediction).get("heads").cloned().unwrap_or_default();
        Self { model: prediction.model.clone(), heads }
    }
}

/// Returns the labels that a head names in the ledger's format; none if it abstained.
pub fn named(head: &Value) -> BTreeSet<String> {
    let label = |value: &Value| value.get("label").and_then(Value::as_str).map(str::to_owned);
    match head.get("labels").and_then(Value::as_array) {
        Some(labels) => labels.iter().filter_map(label).collect(),
        None if head.get("abstained") == Some(&Value::Bool(true)) => BTreeSet::new(),
        None => label(head).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use deskbridge_onnx::{HeadKind, Language, Scored};
    use serde_json::json;

    use super::*;

    fn prediction(category: &[&str], topics: &[&str]) -> Prediction {
        let scored = |kind, chosen: &[&str]| Scored {
            kind,
            ranked: vec![("billing".into(), 0.9), ("sales".into(), 0.1)],
            chosen: chosen.iter().map(|label| (*label).to_owned()).collect(),
            threshold: BTreeMap::new(),
        };
        let heads = [
            ("category".to_owned(), scored(HeadKind::Single, category)),
            ("topics".to_owned(), scored(HeadKind::Multi, topics)),
        ];
        let language = Language { code: "en".into(), confidence: 1.0 };
        Prediction { heads: heads.into(), language, model: "m".into(), out_of_scope: None }
    }

    #[test]
    fn what_a_head_names_is_read_back_from_the_ledger() {
        let trial = Trial::of(&prediction(&["billing"], &["sales"]));
        assert_eq!(named(&trial.heads["category"]), ["billing".to_owned()].into());
        assert_eq!(named(&trial.heads["topics"]), ["sales".to_owned()].into());
        assert!(named(&Trial::of(&prediction(&[], &[])).heads["category"]).is_empty());
        assert!(named(&json!(null)).is_empty());
    }
}
