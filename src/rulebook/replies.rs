//! The answers a rulebook may send to a customer: texts by name and language.
//!
//! An answer is written once, by people, and only filled with scores and ids: nothing that a customer wrote comes back
//! in it. The language is the ticket's own where that is sure and there is a text, else the template's default.

use std::collections::BTreeMap;

use super::languages;
use super::template::Template;
use crate::diagnostics::Place;
use crate::diagnostics::yaml::{Node, Problems, Value};

/// Below this the language of a ticket is a guess, and the default answers.
const SURE: f32 = 0.5;

/// Every template, by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Replies(BTreeMap<String, Reply>);

/// One template.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) at: Place,
    default: String,
    /// By ISO 639-1 code.
    pub(super) texts: BTreeMap<String, (Place, Template)>,
}

impl Replies {
    pub(super) fn read(node: &Node, problems: &mut Problems) -> Self {
        let mut replies = BTreeMap::new();
        for (key, value) in problems.entries(node, "`templates`") {
            if let Some(reply) = reply(value, key.at, &key.name, problems) {
                replies.insert(key.name.clone(), reply);
            }
        }
        Self(replies)
    }

    /// The text for a language.
    pub(super) fn text(&self, name: &str, code: &str, confidence: f32) -> Option<&Template> {
        let reply = self.0.get(name)?;
        let own = reply.texts.get(code).filter(|_| confidence >= SURE);
        own.or_else(|| reply.texts.get(&reply.default)).map(|(_, text)| text)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &Reply)> {
        self.0.iter().map(|(name, reply)| (name.as_str(), reply))
    }
}

fn reply(node: &Node, at: Place, name: &str, problems: &mut Problems) -> Option<Reply> {
    let what = format!("the template `{name}`");
    if !matches!(node.value, Value::Map(_)) {
        let text = Template::new(problems.word(node, &what)?);
        return Some(Reply {
            at,
            default: "en".to_owned(),
            texts: [("en".to_owned(), (node.at, text))].into(),
        });
    }
    let (mut default, mut texts) = (None, BTreeMap::new());
    let before = problems.errors();
    for (key, value) in problems.entries(node, &what) {
        let Some(text) = problems.word(value, &what) else { continue };
        if key.name == "default" {
            default =
                languages::read(value.at, text.trim(), problems).map(|code| (value.at, code.to_owned()));
        } else if let Some(code) = languages::read(key.at, &key.name, problems)
            && texts.insert(code.to_owned(), (value.at, Template::new(text))).is_some()
        {
            problems.error(key.at, format!("{what} has a second text for the language `{code}`"));
        }
    }
    match default {
        // The default itself could not be read.
        None if problems.errors() > before => {}
        None => {
            problems.error(at, format!("{what} needs `default`, the language that stands in for all others"))
        }
        Some((at, code)) if !texts.contains_key(&code) => {
            problems.error(at, format!("{what} has no text for its default `{code}`"));
        }
        Some((_, default)) => return Some(Reply { at, default, texts }),
    }
    None
}
