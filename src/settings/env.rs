//! The environment laid over the file: `DESKBRIDGE__SECTION__KEY` sets `section.key`.
//!
//! Names arrive in upper case and cannot hold a dash, so an account `acme-eu` is `DESKBRIDGE__ACCOUNTS__ACME_EU`. A
//! value is one word; one that begins with `[` or `{` is read as YAML, for lists and maps.

use std::collections::BTreeMap;

use config::{Environment, Source};

use crate::diagnostics::yaml::{Key, Node, Problems, Value, parse};
use crate::diagnostics::{Place, Sheet};

const PREFIX: &str = "DESKBRIDGE";
const SEPARATOR: &str = "__";

/// Sets every key that the environment names; a value from the environment wins over the file's.
pub(super) fn overlay(root: &mut Node, environment: Vec<(String, String)>, problems: &mut Problems) {
    let names: BTreeMap<String, String> =
        environment.iter().map(|(name, _)| (name.to_lowercase(), name.clone())).collect();
    let collected = Environment::with_prefix(PREFIX)
        .prefix_separator(SEPARATOR)
        .separator(SEPARATOR)
        .source(Some(environment.into_iter().collect()))
        .collect();
    let values: BTreeMap<String, String> = match collected {
        Ok(values) => {
            values.into_iter().filter_map(|(key, value)| Some((key, value.into_string().ok()?))).collect()
        }
        Err(_) => {
            problems.error(Place::default(), "the environment cannot be read");
            return;
        }
    };
    for (path, value) in values {
        let written = format!("{PREFIX}{SEPARATOR}{}", path.replace('.', SEPARATOR)).to_lowercase();
        let name = names.get(&written).cloned().unwrap_or(written);
        let at = problems.sheet.variable(&name);
        let node = leaf(&name, &value, at, problems);
        if let Some(node) = node {
            let keys: Vec<&str> = path.split('.').collect();
            set(root, &keys, node, at, problems);
        }
    }
}

fn leaf(name: &str, value: &str, at: Place, problems: &mut Problems) -> Option<Node> {
    if !value.trim_start().starts_with(['[', '{']) {
        return Some(Node { at, last_line: 0, value: Value::Scalar { text: value.to_owned(), plain: true } });
    }
    match parse(&Sheet::new(name, ""), value) {
        Ok(mut node) => {
            moved(&mut node, at);
            Some(node)
        }
        Err(_) => {
            problems.error(at, "begins like a list or a map and is not valid YAML");
            None
        }
    }
}

fn moved(node: &mut Node, at: Place) {
    node.at = at;
    node.last_line = 0;
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| moved(item, at)),
        Value::Map(entries) => entries.iter_mut().for_each(|(key, item)| {
            key.at = at;
            moved(item, at);
        }),
        Value::Null | Value::Scalar { .. } => {}
    }
}

fn set(into: &mut Node, path: &[&str], leaf: Node, at: Place, problems: &mut Problems) {
    let Some((first, rest)) = path.split_first() else {
        *into = leaf;
        return;
    };
    if into.value == Value::Null {
        into.value = Value::Map(Vec::new());
    }
    let Value::Map(entries) = &mut into.value else {
        problems.error(at, "sets a key inside something that is no map in the settings file");
        return;
    };
    let index = entries.iter().position(|(key, _)| key.name.replace('-', "_").eq_ignore_ascii_case(first));
    let index = index.unwrap_or_else(|| {
        let fresh = Node { at, last_line: 0, value: Value::Null };
        entries.push((Key { at, name: (*first).to_owned() }, fresh));
        entries.len() - 1
    });
    if let Some((key, node)) = entries.get_mut(index) {
        if rest.is_empty() {
            key.at = at;
        }
        set(node, rest, leaf, at, problems);
    }
}
