//! Secrets in the settings: where they may stand, and which lines are never shown.
//!
//! Every secret stands either in the settings or, as `<key>_file`, in a file of its own. No message of this module
//! holds a secret's text.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

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
    placed(table, pair, problems).map(|(_, secret)| secret)
}

/// The same for a secret that its user makes up, and that keeps others out: an easy one is warned about.
pub(super) fn made_up(table: &mut Table<'_>, pair: Pair, problems: &mut Problems) -> Option<Secret> {
    let (at, secret) = placed(table, pair, problems)?;
    warn_if_easy(&secret, &table.path(pair.key), at, problems);
    Some(secret)
}

fn placed(table: &mut Table<'_>, pair: Pair, problems: &mut Problems) -> Option<(Place, Secret)> {
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
    Some((at, secret))
}

/// A list of secrets that keep others out, newest first; a file holds one a line.
pub(super) fn many(table: &mut Table<'_>, pair: Pair, problems: &mut Problems) -> Vec<Secret> {
    let what = table.path(pair.key);
    let written = table.optional(pair.key).map(|(_, node)| node);
    let content = file(table, pair, written.is_some(), problems);
    let secrets: Vec<(Place, Secret)> = match (written, content) {
        (Some(node), None) => {
            let items = problems.one_or_many(node, &what);
            items.iter().map(|(at, text)| (*at, Secret::new(text))).collect()
        }
        (None, Some((at, text))) => {
            let lines = text.lines().map(|line| (at, Secret::new(line)));
            let secrets: Vec<_> = lines.filter(|(_, secret)| !secret.is_empty()).collect();
            if secrets.is_empty() {
                problems.error(at, format!("the file of `{what}` holds no secret"));
            }
            secrets
        }
        _ => Vec::new(),
    };
    secrets.iter().for_each(|(at, secret)| warn_if_easy(secret, &what, *at, problems));
    secrets.into_iter().map(|(_, secret)| secret).collect()
}

/// Whoever knocks may try as many secrets as the network carries. NIST asks 15 characters of a password that stands alone
/// (SP 800-63B-4, 3.1.1.2) and 112 bits of a signing key (SP 800-131A); this is enough for both.
const SHORTEST: usize = 16;

/// A secret of fewer different characters is a pattern.
const FEWEST_DIFFERENT: usize = 5;

fn warn_if_easy(secret: &Secret, what: &str, at: Place, problems: &mut Problems) {
    let text = secret.expose();
    let different = text.chars().collect::<BTreeSet<_>>().len();
    // Empty ones are refused elsewhere.
    let why = match text.chars().count() {
        1..SHORTEST => format!("is shorter than {SHORTEST} characters"),
        SHORTEST.. if different < FEWEST_DIFFERENT => "repeats a few characters".to_owned(),
        _ => return,
    };
    let help =
        "take the platform's whole signing secret, or make a random one, as with `openssl rand -hex 32`";
    problems.warning(at, format!("`{what}` {why} and can be guessed"), Some(help.to_owned()));
}

/// Keys that hold a secret itself.
const KEYS: [&str; 8] =
    ["secrets", "tokens", "password", "token", "client_secret", "api_token", "access_token", "api_key"];

/// The place of the first secret that is written into the settings themselves.
pub(super) fn first_written(node: &Node) -> Option<Place> {
    let Value::Map(entries) = &node.value else { return None };
    entries.iter().find_map(|(key, value)| {
        let here = KEYS.contains(&key.name.as_str()) && holds_text(value);
        if here { Some(key.at) } else { first_written(value) }
    })
}

/// Warns about a file with secrets that every user of the machine may read. A group is the owner's choice.
pub(super) fn warn_if_open(path: &Path, what: &str, at: Place, problems: &mut Problems) {
    let Some(mode) = open_to_others(path) else { return };
    let message = format!("{what} can be read by other users of this machine (mode {mode:04o})");
    let help = format!(
        "run `chmod 600 {}` as its owner, and replace secrets that others may have read",
        path.display()
    );
    problems.warning(at, message, Some(help));
}

#[cfg(unix)]
fn open_to_others(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let found = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    Some(found.permissions().mode() & 0o7777).filter(|mode| mode & 0o006 != 0)
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> Option<u32> {
    None
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
        Ok(text) => {
            warn_if_open(&path, &format!("`{what}`: {}", path.display()), node.at, problems);
            Some((node.at, text))
        }
        Err(error) => {
            problems.error(node.at, format!("`{what}`: cannot read {}: {error}", path.display()));
            None
        }
    }
}
