//! Secrets in the settings: where they may stand, and which lines are never shown.
//!
//! Every secret stands either in the settings or, as `<key>_file`, in a file of its own. No message of this module
//! holds a secret's text.

use std::path::PathBuf;

use deskbridge_connectors::Secret;

use crate::diagnostics::yaml::{Node, Problems, Table, Value};
use crate::diagnostics::{Place, Sheet};

/// Parts of key names whose values are never shown, misspelt neighbours included.
const GUARDED: [&str; 8] = ["secret", "token", "password", "key", "credential", "webhook", "auth", "url"];

/// Hides every line that may hold a secret.
pub(super) fn hide(node: &Node, sheet: &mut Sheet) {
    match &node.value {
        Value::Map(entries) => {
            for (key, value) in entries {
                let name = key.name.to_lowercase();
                if name == "base_url" && !holds_userinfo(value)
                    || name == "token_header"
                    || name.ends_with("_file")
                {
                    continue;
                }
                if GUARDED.iter().any(|part| name.contains(part)) && holds_text(value) {
                    sheet.hide(key.at.line..=value.last_line.max(key.at.line));
                } else {
                    hide(value, sheet);
                }
            }
        }
        Value::List(items) => items.iter().for_each(|item| hide(item, sheet)),
        Value::Null | Value::Scalar { .. } => {}
    }
}

/// An address may carry a password, though it is refused for that.
fn holds_userinfo(node: &Node) -> bool {
    matches!(&node.value, Value::Scalar { text, .. } if text.contains('@'))
}

/// Whether anything in it may be a secret: not when it is a map of nothing but `…_file` keys and empty values.
fn holds_text(node: &Node) -> bool {
    match &node.value {
        Value::Null => false,
        Value::Scalar { .. } | Value::List(_) => true,
        Value::Map(entries) => entries.iter().any(|(key, value)| {
            let harmless =
                key.name.ends_with("_file") || key.name == "token_header" || key.name == "tolerance";
            !harmless && holds_text(value)
        }),
    }
}

/// The files that secrets stand in: what every key names that ends in `_file`.
pub(super) fn files(node: &Node) -> Vec<PathBuf> {
    let Value::Map(entries) = &node.value else { return Vec::new() };
    entries
        .iter()
        .flat_map(|(key, value)| match &value.value {
            Value::Scalar { text, .. } if key.name.ends_with("_file") => vec![PathBuf::from(text.as_str())],
            _ => files(value),
        })
        .collect()
}

/// A key and its `_file` sibling.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) key: &'static str,
    pub(super) file: &'static str,
}

impl Pair {
    pub(super) const fn new(key: &'static str, file: &'static str) -> Self {
        Self { key, file }
    }
}

/// One secret that may be missing.
pub(super) fn one(table: &mut Table<'_>, pair: Pair, problems: &mut Problems) -> Option<Secret> {
    let what = table.path(pair.key);
    let written = table.optional(pair.key).map(|(key, node)| (key.at, node));
    let content = file(table, pair, written.is_some(), problems);
    let (at, secret) = match (written, content) {
        (Some((_, node)), None) => (node.at, Secret::new(problems.text(node, &what)?)),
        (None, Some((at, text))) => (at, Secret::new(text)),
        _ => return None,
    };
    if secret.is_empty() {
        problems.error(at, format!("`{what}` is empty"));
        return None;
    }
    Some(secret)
}

/// A list of secrets, newest first; a file holds one a line.
pub(super) fn many(table: &mut Table<'_>, pair: Pair, problems: &mut Problems) -> Vec<Secret> {
    let what = table.path(pair.key);
    let written = table.optional(pair.key).map(|(_, node)| node);
    let content = file(table, pair, written.is_some(), problems);
    match (written, content) {
        (Some(node), None) => {
            problems.one_or_many(node, &what).iter().map(|(_, text)| Secret::new(text)).collect()
        }
        (None, Some((at, text))) => {
            let secrets: Vec<_> = text.lines().map(Secret::new).filter(|secret| !secret.is_empty()).collect();
            if secrets.is_empty() {
                problems.error(at, format!("the file of `{what}` holds no secret"));
            }
            secrets
        }
        _ => Vec::new(),
    }
}

fn file(
    table: &mut Table<'_>,
    pair: Pair,
    also_written: bool,
    problems: &mut Problems,
) -> Option<(Place, String)> {
    let what = table.path(pair.file);
    let (key, node) = table.optional(pair.file)?;
    let path = PathBuf::from(problems.word(node, &what)?);
    if also_written {
        problems
            .error(key.at, format!("`{what}` and `{}` exclude each other; keep one", table.path(pair.key)));
        return None;
    }
    match std::fs::read_to_string(&path) {
        Ok(text) => Some((node.at, text)),
        Err(error) => {
            problems.error(node.at, format!("`{what}`: cannot read {}: {error}", path.display()));
            None
        }
    }
}
