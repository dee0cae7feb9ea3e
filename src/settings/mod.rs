//! The settings: a YAML file with the environment laid over it, checked as a whole.
//!
//! What is written (`raw`) is not what is used (`resolved`): a secret may stand in a file of its own, durations
//! have units, addresses are parsed, and each account's connector is built, so that nothing later can meet a
//! setting that does not hold. All problems are reported at once, each at its place. `${VAR}` is never expanded: an
//! environment variable sets a key by its name and nothing else. Relative paths are relative to the working
//! directory.

use std::path::Path;

use crate::diagnostics::yaml::{Problems, Value, parse};
use crate::diagnostics::{Diagnostic, Severity, Sheet};

mod account;
mod env;
pub mod heads;
mod keys;
mod raw;
mod resolved;
mod schema;
mod secret;
mod server;
mod settling;

pub use raw::PROMOTIONS_FILE;
pub use schema::schema;

pub use resolved::{
    Account, Admin, Draft, Log, LogFormat, Model, Promotion, Review, Segment, Server, Settings, Settling,
    StoreUrl, TlsFiles, Unusable, Worker,
};

impl Settings {
    /// Reads a settings file and the environment's `DESKBRIDGE__…` variables.
    ///
    /// # Errors
    /// Every problem there is, with what could be read all the same.
    pub fn load(
        path: &Path,
        environment: Vec<(String, String)>,
    ) -> Result<(Self, Vec<Diagnostic>), Box<Unusable>> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            let message = format!("cannot read the settings: {error}");
            let help = "name the settings file with --config; deploy/deskbridge.example.yaml shows every key";
            let problem = Diagnostic::without_place(Severity::Error, file.as_str(), message);
            unreadable(vec![problem.with_help(Some(help.to_owned()))])
        })?;
        read(&file, &text, environment)
    }
}

/// Checks settings as text.
fn read(
    file: &str,
    text: &str,
    environment: Vec<(String, String)>,
) -> Result<(Settings, Vec<Diagnostic>), Box<Unusable>> {
    // Where the text cannot be understood, nobody knows which lines hold secrets: none is shown.
    let mut root = parse(&Sheet::new(file, ""), text).map_err(unreadable)?;
    if root.value == Value::Null {
        root.value = Value::Map(Vec::new());
    }
    let mut sheet = Sheet::new(file, text);
    secret::hide(&root, &mut sheet);
    let mut problems = Problems::new(sheet, true);
    if let Some(at) = secret::first_written(&root) {
        secret::warn_if_open(Path::new(file), "the settings hold secrets: this file", at, &mut problems);
    }
    env::overlay(&mut root, environment, &mut problems);
    let (settings, draft) = raw::settings(&root, &mut problems);
    let failed = problems.has_errors();
    let found = problems.into_sorted();
    match settings {
        Some(settings) if !failed => Ok((settings, found)),
        _ => Err(Box::new(Unusable { problems: found, draft })),
    }
}

/// Nothing at all could be read.
fn unreadable(problems: Vec<Diagnostic>) -> Box<Unusable> {
    Box::new(Unusable { problems, draft: Draft::default() })
}

#[cfg(test)]
mod tests;
