//! A typed reader over the tree that goes on after every mistake and collects them all.
//!
//! Its messages name keys and say what was expected; they never quote a value, because the value may be a secret.
//! A caller that knows its values to be harmless quotes them itself.

use std::str::FromStr;

use super::{Key, Node, Value};
use crate::diagnostics::{Diagnostic, Place, Severity, Sheet, nearest};

/// Everything found so far.
#[derive(Debug)]
pub(crate) struct Problems {
    pub(crate) sheet: Sheet,
    found: Vec<Diagnostic>,
    /// Whether the snippet of an unknown key is withheld: a misspelt key may hold a secret.
    guarded: bool,
}

impl Problems {
    pub(crate) fn new(sheet: Sheet, guarded: bool) -> Self {
        Self { sheet, found: Vec::new(), guarded }
    }

    pub(crate) fn error(&mut self, at: Place, message: impl Into<String>) {
        self.error_with(at, message, None);
    }

    pub(crate) fn error_with(&mut self, at: Place, message: impl Into<String>, help: Option<String>) {
        self.found.push(self.sheet.diagnostic(Severity::Error, at, message).with_help(help));
    }

    pub(crate) fn warning(&mut self, at: Place, message: impl Into<String>, help: Option<String>) {
        self.found.push(self.sheet.diagnostic(Severity::Warning, at, message).with_help(help));
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    /// How many errors there are so far.
    pub(crate) fn errors(&self) -> usize {
        self.found.iter().filter(|found| found.is_error()).count()
    }

    /// Everything, in the order of the file; the same finding once.
    pub(crate) fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|found| (found.line, found.column));
        let mut once: Vec<Diagnostic> = Vec::new();
        for found in self.found {
            if !once.contains(&found) {
                once.push(found);
            }
        }
        once
    }

    /// A scalar's text. Numbers and truth values are text too, as written.
    pub(crate) fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match &node.value {
            Value::Scalar { text, .. } => Some(text),
            _ => {
                self.error(node.at, format!("{what} takes one value, this is {}", node.kind()));
                None
            }
        }
    }

    /// Text that is not empty.
    pub(crate) fn word<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        let text = self.text(node, what)?;
        if text.trim().is_empty() {
            self.error(node.at, format!("{what} is empty"));
            return None;
        }
        Some(text)
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, node: &Node, what: &str) -> Option<bool> {
        let flag = match &node.value {
            Value::Scalar { text, plain: true } => text.parse::<bool>().ok(),
            _ => None,
        };
        if flag.is_none() {
            self.error(node.at, format!("{what} is `true` or `false`"));
        }
        flag
    }

    /// A value that is parsed from text; `expected` says what it must be.
    pub(crate) fn parsed<T: FromStr>(&mut self, node: &Node, what: &str, expected: &str) -> Option<T> {
        let value = self.text(node, what)?.trim().parse().ok();
        if value.is_none() {
            self.error(node.at, format!("{what} is {expected}"));
        }
        value
    }

    /// A number from 0 to 1.
    pub(crate) fn fraction(&mut self, node: &Node, what: &str) -> Option<f32> {
        let value = self.parsed::<f32>(node, what, "a number from 0 to 1")?;
        if (0.0..=1.0).contains(&value) {
            Some(value)
        } else {
            self.error(node.at, format!("{what} is a number from 0 to 1"));
            None
        }
    }

    /// One value or a list of them; an empty list is a mistake.
    pub(crate) fn one_or_many(&mut self, node: &Node, what: &str) -> Vec<(Place, String)> {
        let items = match &node.value {
            Value::List(items) if items.is_empty() => {
                self.error(node.at, format!("{what} is an empty list"));
                return Vec::new();
            }
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        items.iter().filter_map(|item| Some((item.at, self.word(item, what)?.to_owned()))).collect()
    }

    /// The items of a list.
    pub(crate) fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.value {
            Value::List(items) => items,
            _ => {
                self.error(node.at, format!("{what} is a list, this is {}", node.kind()));
                &[]
            }
        }
    }

    /// The entries of a map.
    pub(crate) fn entries<'n>(&mut self, node: &'n Node, what: &str) -> &'n [(Key, Node)] {
        match &node.value {
            Value::Map(entries) => entries,
            Value::Null => &[],
            _ => {
                self.error(node.at, format!("{what} is a map, this is {}", node.kind()));
                &[]
            }
        }
    }
}

/// A map with known keys. Reading a key makes it known; [`Table::close`] reports the others.
#[derive(Debug)]
pub(crate) struct Table<'n> {
    /// Where the map stands (its key, where it has one).
    pub(crate) at: Place,
    what: String,
    entries: &'n [(Key, Node)],
    known: Vec<&'static str>,
}

impl<'n> Table<'n> {
    /// Reads a node as a map; `what` names it in messages, empty for the whole file.
    pub(crate) fn open(node: &'n Node, what: &str, problems: &mut Problems) -> Self {
        let named = if what.is_empty() { "the file" } else { what };
        let entries = problems.entries(node, named);
        Self { at: node.at, what: what.to_owned(), entries, known: Vec::new() }
    }

    /// A map that is not there at all.
    pub(crate) fn absent(at: Place, what: &str) -> Self {
        Self { at, what: what.to_owned(), entries: &[], known: Vec::new() }
    }

    /// A nested map that may be missing.
    pub(crate) fn table(&mut self, key: &'static str, problems: &mut Problems) -> Table<'n> {
        let what = self.path(key);
        match self.optional(key) {
            Some((_, node)) => Table::open(node, &what, problems),
            None => Table::absent(self.at, &what),
        }
    }

    /// Whether nothing stands in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The dotted name of a key, for messages.
    pub(crate) fn path(&self, key: &str) -> String {
        if self.what.is_empty() { key.to_owned() } else { format!("{}.{key}", self.what) }
    }

    /// Where a key stands, whether or not it holds anything.
    pub(crate) fn place_of(&self, key: &str) -> Option<Place> {
        self.entries.iter().find(|(known, _)| known.name == key).map(|(known, _)| known.at)
    }

    /// A key's value; `None` where the key is missing or holds nothing.
    pub(crate) fn optional(&mut self, key: &'static str) -> Option<(&'n Key, &'n Node)> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.entries
            .iter()
            .find(|(known, node)| known.name == key && node.value != Value::Null)
            .map(|(known, node)| (known, node))
    }

    /// A key's value; a missing key is a mistake at the map.
    pub(crate) fn required(&mut self, key: &'static str, problems: &mut Problems) -> Option<&'n Node> {
        let found = self.optional(key).map(|(_, node)| node);
        if found.is_none() {
            let path = self.path(key);
            match self.place_of(key) {
                Some(at) => problems.error(at, format!("`{path}` is empty")),
                None => problems.error(self.at, format!("`{path}` is missing")),
            }
        }
        found
    }

    /// Makes keys known without reading them.
    pub(crate) fn accept(&mut self, keys: &[&'static str]) {
        self.known.extend_from_slice(keys);
    }

    /// Reports every key that nobody asked for.
    pub(crate) fn close(self, problems: &mut Problems) {
        for (key, node) in self.entries.iter().filter(|(key, _)| !self.known.contains(&key.name.as_str())) {
            let place = if self.what.is_empty() { String::new() } else { format!(" in `{}`", self.what) };
            let help = match nearest(&key.name, self.known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", self.known.join(", ")),
            };
            if problems.guarded && key.at.variable == 0 {
                problems.sheet.hide(key.at.line..=node.last_line.max(key.at.line));
            }
            problems.error_with(key.at, format!("unknown key `{}`{place}", key.name), Some(help));
        }
    }
}
