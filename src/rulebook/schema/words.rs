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
    let words = || words_of("");
    let object = |properties: Value| json!({ "type": "object", "additionalProperties": false, "properties": properties });
    let field = json!({ "anyOf": [
        { "$ref": "#/$defs/words" },
        object(json!({ "is": words(), "is_not": words(), "exists": { "type": "boolean" } })),
    ] });
    let hours = json!({
        "type": "object",
        "required": ["zone", "open"],
        "additionalProperties": false,
        "properties": {
            "zone": text("The time zone, as in Europe/Berlin."),
            "open": words_of("Days and times, as in \"Mon-Fri 09:00-17:30\"."),
            "holidays": words_of("Dates on which the desk is closed."),
            "is": choice("Which of both is asked. Default: open.", ["open", "closed"]),
        }
    });
    let statuses = ["new", "open", "pending", "hold", "solved", "closed"];
    vec![
        Word::new(
            "head",
            "A head of the model: its name, with `is`, `is_not`, `all_of`, `confidence`, `margin` or `abstains`.",
            text(""),
        ),
        Word::new(
            "language",
            "The text is in one of these languages (ISO 639-1), also with `confidence`.",
            words(),
        ),
        Word::new(
            "segment",
            "The customer is of one of these segments, in the words of the account's settings.",
            words(),
        ),
        Word::new(
            "platform",
            "The ticket is on one of these platforms.",
            one_or_many(Platform::ALL.map(Platform::as_str)),
        ),
        Word::new("account", "The ticket is of one of these accounts.", words()),
        Word::new("channel", "It came in this way, in the platform's word.", words()),
        Word::new("brand", "It is of one of these brands, by name or by the platform's id.", words()),
        Word::new("tag", "It has one of these tags, upper and lower case alike.", words()),
        Word::new(
            "field",
            "Each of these fields holds one of its values, or is as asked.",
            json!({ "type": "object", "minProperties": 1, "additionalProperties": field }),
        ),
        Word::new("status", "It stands there now.", one_or_many(statuses)),
        Word::new(
            "priority",
            "It has one of these priorities now; for what the model thinks use `head`.",
            one_or_many(Priority::ALL.map(Priority::as_str)),
        ),
        Word::new("group", "It is in one of these groups now.", words()),
        Word::new(
            "requester",
            "The customer has one of these addresses, or one at these domains.",
            object(json!({ "email": words(), "domain": words() })),
        ),
        Word::new(
            "text",
            "One of these regular expressions is found in what the customer wrote; `in` says where.",
            words(),
        ),
        Word::new(
            "repeat_contacts",
            "The same customer has so many tickets `within` a time, this one counted.",
            text(""),
        ),
        Word::new("hours", "The desk is open, or closed, at this moment.", hours),
        Word::new("age", "The ticket was opened so long ago, as in \">2h\".", text("")),
    ]
}

/// Every action, in the order of `ACTIONS`.
pub fn actions() -> Vec<Word> {
    let template = || text("");
    let party = json!({
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": false,
        "properties": { "group": text("Our word for a group."), "email": text("An address.") }
    });
    let lookup = json!({
        "type": "object",
        "required": ["url", "note"],
        "properties": {
            "url": text("The address; what is found in the ticket goes where {{ its name }} stands."),
            "note": text("The note that the answer becomes; a template that sees `result`."),
        },
        "additionalProperties": { "type": "string", "description": "A regular expression that finds this in the ticket." }
    });
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
        Word::new("remove_tags", "Removes tags where they are, and touches no other.", words_of("")),
        Word::new("assign_group", "Assigns a group or team: our word for it.", template()),
        Word::new("assign_agent", "Assigns an agent: our word, name or address.", template()),
        Word::new(
            "cc",
            "Lets somebody follow the ticket, in the way the platform knows.",
            json!({ "anyOf": [party, { "type": "array", "minItems": 1, "items": party }] }),
        ),
        Word::new("note", "Adds a note that the customer cannot see; a template.", template()),
        Word::new(
            "reply",
            "Answers the customer with a template of the rulebook, where the account allows it.",
            template(),
        ),
        Word::new("lookup", "Asks a service of your own and writes the answer as a note.", lookup),
    ]
}

/// What stands beside `head`, and beside some other conditions.
pub(super) fn details() -> [(&'static str, Value); 8] {
    let bound = |description: &str| {
        json!({
            "description": description,
            "anyOf": [
                { "type": "number", "minimum": 0, "maximum": 1 },
                { "type": "string", "pattern": "^\\s*(>=|<=|>|<)?\\s*[01]?\\.?[0-9]*\\s*$" }
            ]
        })
    };
    [
        ("is", words_of("The head says one of these labels.")),
        ("is_not", words_of("The head says something, and none of these labels.")),
        ("all_of", words_of("The head says every one of these labels.")),
        ("confidence", bound("A bound on the confidence, as in \">=0.8\"; a number alone means at least.")),
        ("margin", bound("The same for the distance between the best label and the runner-up.")),
        (
            "abstains",
            json!({ "description": "Whether no label was sure enough. Stands alone.", "type": "boolean" }),
        ),
        ("in", choice("Where `text` looks. Default: any.", ["subject", "body", "any"])),
        ("within", text("How far back `repeat_contacts` counts, as in 7d.")),
    ]
}

fn one_or_many<'a>(of: impl IntoIterator<Item = &'a str>) -> Value {
    let one = choice("", of);
    json!({ "anyOf": [one, { "type": "array", "minItems": 1, "items": one }] })
}
