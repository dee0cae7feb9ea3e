//! The JSON Schema of rulebooks and of their cases, for editors: completion, and a wrong key underlined while it is typed.
//!
//! Built from one table of words, a row for each condition and action, so that a word without a description does not
//! pass the tests. It says less than `check` does, which knows the bundle and the accounts; a file that `check` accepts is
//! never refused here.

use deskbridge_connectors::{Platform, Priority};
use serde_json::{Map, Value, json};

use super::cases::{EXPECT_KEYS, GIVEN_KEYS};
use crate::domain::mode::Mode;

mod words;

pub use words::{Word, actions, conditions};

/// The dialect, as its own page names it: <https://json-schema.org/draft/2020-12>.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of a rulebook.
pub fn rulebook() -> Value {
    json!({
        "$schema": DIALECT,
        "title": "deskbridge rulebook",
        "description": "What a prediction shall lead to. The language is described in routing-rules/README.md.",
        "type": "object",
        "required": ["version", "rules"],
        "additionalProperties": false,
        "properties": {
            "version": { "const": 1, "description": "The version of this language." },
            "defaults": {
                "description": "What stands in where the bundle has no fitted thresholds of its own.",
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": {
                    "threshold": share("The calibrated confidence a label needs. Default: 0.80."),
                    "margin": share("How far the best label must lie ahead of the runner-up. Default: 0.10."),
                }
            },
            "names": {
                "description": "Our words, and what each platform calls them.",
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": {
                    "groups": names("Groups or teams."),
                    "fields": names("Fields of a ticket."),
                    "agents": names("Agents, by name or address."),
                }
            },
            "templates": {
                "description": "Answers to the customer, by name: a text, or one for each language and the `default` language.",
                "type": ["object", "null"],
                "additionalProperties": {
                    "anyOf": [
                        { "type": "string" },
                        {
                            "type": "object",
                            "required": ["default"],
                            "properties": { "default": text("The language that stands in for all others.") },
                            "patternProperties": { "^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*$": { "type": "string", "description": "The text in this language." } },
                            "additionalProperties": false
                        }
                    ]
                }
            },
            "lookups": {
                "description": "What look-ups may do.",
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": { "allow_private": words_of("Hosts of your own network that may be asked.") }
            },
            "rules": {
                "description": "In order; every matching rule adds its actions, and the first to set a single value wins.",
                "type": "array",
                "items": { "$ref": "#/$defs/rule" }
            }
        },
        "$defs": definitions(),
    })
}

/// The schema of a file of cases.
pub fn cases() -> Value {
    json!({
        "$schema": DIALECT,
        "title": "deskbridge cases",
        "description": "Tickets with what the rulebook must make of them; run by `deskbridge test` and `deskbridge check`.",
        "type": ["array", "null"],
        "items": {
            "type": "object",
            "required": ["name", "given", "expect"],
            "additionalProperties": false,
            "properties": {
                "name": text("What the case shows; once in the file."),
                "given": described(&GIVEN_KEYS, given, "The ticket, and what the model says of it."),
                "expect": described(&EXPECT_KEYS, expect, "What the decision must be; what is not named is not compared."),
            }
        },
        "$defs": definitions(),
    })
}

/// An object of these keys and no other.
fn described(keys: &[&str], schema: fn(&str) -> Value, description: &str) -> Value {
    let properties: Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), schema(key))).collect();
    json!({ "description": description, "type": "object", "additionalProperties": false, "properties": properties })
}

fn given(key: &str) -> Value {
    match key {
        "platform" => {
            choice("Whose words are used; any platform when left out.", Platform::ALL.map(Platform::as_str))
        }
        "account" => text("The account's name. Default: example."),
        "mode" => choice("How far decisions may go. Default: live.", Mode::ALL.map(Mode::as_str)),
        "subject" => text("The subject line."),
        "body" => text("What the customer wrote first."),
        "tags" => words_of("The tags on it."),
        "status" => {
            choice("Where it stands. Default: new.", ["new", "open", "pending", "hold", "solved", "closed"])
        }
        "priority" => choice("The priority that a person has set.", Priority::ALL.map(Priority::as_str)),
        "group" => text("The group that a person has chosen: our word, or the platform's name."),
        "agent" => text("The agent that a person has chosen: our word, name or address."),
        "fields" => json!({
            "description": "Fields that hold something: our word, and the value.",
            "type": "object",
            "additionalProperties": { "$ref": "#/$defs/value" }
        }),
        "requester" => text("The customer's address."),
        "channel" => text("How it came in, in the platform's word."),
        "brand" => text("Its brand, by name or id."),
        "language" => json!({
            "description": "The language found: a code, or { code, confidence }.",
            "anyOf": [
                { "type": "string" },
                {
                    "type": "object",
                    "required": ["code"],
                    "additionalProperties": false,
                    "properties": { "code": { "type": "string" }, "confidence": share("0 to 1. Default: 1.") }
                }
            ]
        }),
        "predicted" => json!({
            "description": "Scores by head and label; left out, the bundle reads subject and body. Scores that add up to more than one are a head that gives several labels.",
            "type": "object",
            "additionalProperties": { "type": ["object", "null"], "additionalProperties": share("A calibrated confidence.") }
        }),
        "segment" => text("The customer's segment, in our words."),
        "now" => text("The moment of the decision. Default: 2026-03-02T12:00:00Z, a Monday."),
        "age" => text("How long ago the ticket was opened, as in 2h."),
        "contacts" => words_of("How long ago the requester's other tickets came in, as in [2h, 3d]."),
        "public_replies" => {
            json!({ "description": "Whether the account allows answers to the customer. Default: true.", "type": "boolean" })
        }
        _ => json!({}),
    }
}

fn expect(key: &str) -> Value {
    let actions = |description: &str| json!({ "description": description, "type": "array", "items": { "$ref": "#/$defs/action" } });
    match key {
        "rules" => words_of("The rules that match: all of them, in order."),
        "not_rules" => words_of("Rules that must not match."),
        "actions" => actions("Everything that is to be changed, in any order, written as in the rulebook."),
        "held_back" => actions("What rules ask for and a person's choice holds back."),
        _ => json!({}),
    }
}

fn definitions() -> Value {
    let properties = |words: Vec<Word>| -> Map<String, Value> {
        words.into_iter().map(|word| (word.word.to_owned(), word.schema())).collect()
    };
    let mut conditions = properties(conditions());
    for (key, schema) in words::details() {
        conditions.insert(key.to_owned(), schema);
    }
    let list = |description: &str| json!({ "description": description, "type": "array", "items": { "$ref": "#/$defs/when" } });
    json!({
        "rule": {
            "type": "object",
            "required": ["id"],
            "additionalProperties": false,
            "properties": {
                "id": { "description": "The rule's name, once in the file.", "type": ["string", "number"], "pattern": "^[A-Za-z0-9_.-]{1,64}$" },
                "when": { "$ref": "#/$defs/when" },
                "then": { "description": "What to do.", "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/action" } },
                "stop": { "description": "No later rule is looked at once this one has matched.", "type": "boolean" },
                "mode": choice("How far this rule may go; the strictest of daemon, account and rule counts.", Mode::ALL.map(Mode::as_str)),
                "overwrite": { "description": "Whether it may replace a value that a person has set.", "type": "boolean" }
            },
            "anyOf": [{ "required": ["then"] }, { "required": ["stop"] }]
        },
        "when": {
            "description": "One condition, or all, any and none with lists of conditions.",
            "type": "object",
            "minProperties": 1,
            "if": { "anyOf": [{ "required": ["all"] }, { "required": ["any"] }, { "required": ["none"] }] },
            "then": {
                "additionalProperties": false,
                "properties": {
                    "all": list("Every one of these holds."),
                    "any": list("At least one of these holds."),
                    "none": list("None of these holds."),
                }
            },
            "else": { "$ref": "#/$defs/condition" }
        },
        "condition": {
            "description": "One question. A key that is none of the words below is the short form of a head: { category: billing }.",
            "type": "object",
            "properties": conditions,
            "additionalProperties": { "$ref": "#/$defs/words" }
        },
        "action": {
            "description": "One action.",
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": false,
            "properties": properties(actions()),
        },
        "words": words_of("One or several."),
        "value": {
            "description": "What a field holds.",
            "anyOf": [
                { "type": ["string", "number", "boolean"] },
                { "type": "array", "minItems": 1, "items": { "type": ["string", "number", "boolean"] } }
            ]
        }
    })
}

fn names(description: &str) -> Value {
    let each: Map<String, Value> = Platform::ALL
        .iter()
        .map(|platform| (platform.as_str().to_owned(), text("What this platform calls it.")))
        .collect();
    json!({
        "description": description,
        "type": ["object", "null"],
        "additionalProperties": {
            "anyOf": [
                { "type": ["string", "number"] },
                { "type": "object", "additionalProperties": false, "properties": each }
            ]
        }
    })
}

fn share(description: &str) -> Value {
    json!({ "description": description, "type": "number", "minimum": 0, "maximum": 1 })
}

/// Text; a number or a truth value is read as the text it is written as.
fn text(description: &str) -> Value {
    json!({ "description": description, "type": ["string", "number", "boolean"] })
}

fn words_of(description: &str) -> Value {
    let word = json!({ "type": ["string", "number", "boolean"] });
    json!({ "description": description, "anyOf": [word, { "type": "array", "items": word }] })
}

fn choice<'a>(description: &str, of: impl IntoIterator<Item = &'a str>) -> Value {
    json!({ "description": description, "enum": of.into_iter().collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rulebook::{ACTIONS, CONDITIONS};

    #[test]
    fn every_word_of_the_language_has_its_row() {
        let listed = |words: Vec<Word>| words.into_iter().map(|word| word.word).collect::<Vec<_>>();
        assert_eq!(listed(conditions()), CONDITIONS);
        assert_eq!(listed(actions()), ACTIONS);
        for key in GIVEN_KEYS {
            assert_ne!(given(key), json!({}), "`given.{key}` has no description");
        }
        for key in EXPECT_KEYS {
            assert_ne!(expect(key), json!({}), "`expect.{key}` has no description");
        }
    }
}
