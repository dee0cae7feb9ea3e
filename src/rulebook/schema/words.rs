//! The words of the language with what they mean and the shape of what follows them: the rows that the schema is made of.

use deskbridge_connectors::{Platform, Priority};
use serde_json::{Value, json};

use super::{choice, text, words_of};

/// One word of the language.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// The word.
    pub word: &'static str,
    /// What it means.
    pub means: &'static str,
    /// The schema of its value.
    shape: Value,
}

impl Word {
    fn new(word: &'static str, means: &'static str, shape: Value) -> Self {
        Self { word, means, shape }
    }

    /// The schema of its value, with the description.
    pub fn schema(&self) -> Value {
        let mut schema = self.shape.clone();
        if let Value::Object(map) = &mut schema {
            map.insert("description".to_owned(), self.means.into());
        }
        schema
    }
}

/// Every condition, in the order of `CONDITIONS`.
pub fn conditions() -> Vec<Word> {
    vec![
        Word::new(
            "head",
            "A head of the model: its name, with `is`, `is_not`, `confidence` or `abstains`.",
            text(""),
        ),
        Word::new(
            "language",
            "The text is in one of these languages (ISO 639-1), also with `confidence`.",
            words_of(""),
        ),
        Word::new(
            "platform",
            "The ticket is on one of these platforms.",
            one_or_many(Platform::ALL.map(Platform::as_str)),
        ),
        Word::new("account", "The ticket is of one of these accounts.", words_of("")),
        Word::new("tag", "The ticket has one of these tags, upper and lower case alike.", words_of("")),
    ]
}

/// Every action, in the order of `ACTIONS`.
pub fn actions() -> Vec<Word> {
    let template = || text("");
    vec![
        Word::new(
            "set_field",
            "Sets fields: our word for each, and its value.",
            json!({ "type": "object", "minProperties": 1, "additionalProperties": { "$ref": "#/$defs/value" } }),
        ),
        Word::new(
            "set_priority",
            "Sets the priority.",
            json!({ "anyOf": [choice("", Priority::ALL.map(Priority::as_str)), { "type": "string", "pattern": "\\{" }] }),
        ),
        Word::new("add_tags", "Adds tags and removes none.", words_of("")),
        Word::new("assign_group", "Assigns a group or team: our word for it.", template()),
        Word::new("assign_agent", "Assigns an agent: our word, name or address.", template()),
        Word::new("note", "Adds a note that the customer cannot see; a template.", template()),
    ]
}

/// What stands beside `head`, and beside some other conditions.
pub(super) fn head_details() -> [(&'static str, Value); 4] {
    [
        ("is", words_of("The head says one of these labels.")),
        ("is_not", words_of("The head says something, and none of these labels.")),
        (
            "confidence",
            json!({
                "description": "A bound on the confidence, as in \">=0.8\"; a number alone means at least.",
                "anyOf": [
                    { "type": "number", "minimum": 0, "maximum": 1 },
                    { "type": "string", "pattern": "^\\s*(>=|<=|>|<)?\\s*[01]?\\.?[0-9]*\\s*$" }
                ]
            }),
        ),
        (
            "abstains",
            json!({ "description": "Whether no label was sure enough. Stands alone.", "type": "boolean" }),
        ),
    ]
}

fn one_or_many<'a>(of: impl IntoIterator<Item = &'a str>) -> Value {
    let one = choice("", of);
    json!({ "anyOf": [one, { "type": "array", "minItems": 1, "items": one }] })
}
