//! Cases: tickets with what the rulebook must make of them, so that a change of a rule shows what it changes.
//!
//! A case is written beside the rulebook, in its own words, and is decided by the very function that decides real
//! tickets: there is no second interpretation that could agree with a case and not with the daemon. Scores are either
//! written down, which tests the rules alone, or asked of a bundle, which tests both. Reading folders and asking the
//! bundle are the caller's business.

use deskbridge_connectors::Platform;
use deskbridge_onnx::{Language, Prediction};
use serde::Serialize;

use super::action::Action;
use super::{Facts, Rulebook, decide};
use crate::diagnostics::yaml::{Problems, parse};
use crate::diagnostics::{Diagnostic, Place, Severity, Sheet};
use crate::domain::history::History;
use crate::domain::label_modes::LabelModes;

mod given;
mod judge;
mod read;

use given::Given;

/// The keys of a case, and of its parts `given` and `expect`.
pub const CASE_KEYS: [&str; 3] = ["name", "given", "expect"];
/// What a case may say of the ticket it begins with.
pub const GIVEN_KEYS: [&str; 21] = read::GIVEN;
/// What a case may say of the decision it wants.
pub const EXPECT_KEYS: [&str; 4] = read::EXPECT;

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    name: String,
    at: Place,
    sheet: Sheet,
    given: Given,
    expect: Expect,
}

/// What a case wants of the decision; what it does not name is not looked at.
#[derive(Clone, Debug, Default)]
struct Expect {
    rules: Option<Vec<String>>,
    not_rules: Vec<String>,
    actions: Option<Vec<Action>>,
    held_back: Option<Vec<Action>>,
}

/// What became of one case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The case.
    pub name: String,
    /// Its file.
    pub file: String,
    /// Where it begins, counted from 1.
    pub line: usize,
    /// The platform whose words it was decided in.
    pub platform: &'static str,
    /// The rules that matched, in order.
    pub rules: Vec<String>,
    /// What is not as expected, a line each; none when the case holds.
    pub differences: Vec<String>,
    #[serde(skip)]
    column: usize,
}

impl Verdict {
    /// Whether everything came as expected.
    pub fn holds(&self) -> bool {
        self.differences.is_empty()
    }

    /// A failed case as a finding at its place; `None` when it holds.
    pub fn finding(&self) -> Option<Diagnostic> {
        if self.holds() {
            return None;
        }
        let message = format!("the case `{}` fails:\n    {}", self.name, self.differences.join("\n    "));
        let finding = Diagnostic::without_place(Severity::Error, self.file.as_str(), message);
        Some(Diagnostic { line: self.line, column: self.column, ..finding })
    }
}

/// Reads a file of cases. Rules that `rulebook` does not have, and heads and labels that its bundle does not have, are
/// mistakes.
///
/// # Errors
/// Every problem there is.
pub fn read(file: &str, source: &str, rulebook: &Rulebook) -> Result<Vec<Case>, Vec<Diagnostic>> {
    let sheet = Sheet::new(file, source);
    let root = parse(&sheet, source)?;
    let mut problems = Problems::new(sheet, false);
    let cases = read::cases(&root, rulebook, &mut problems);
    if problems.has_errors() { Err(problems.into_sorted()) } else { Ok(cases) }
}

/// The platforms that a file of cases names, as far as it can be read: a rulebook needs names for these.
pub fn platforms(source: &str) -> Vec<Platform> {
    parse(&Sheet::new("", ""), source).map(|root| read::platforms(&root)).unwrap_or_default()
}

impl Case {
    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The platform it is about; `None` where any will do.
    pub fn platform(&self) -> Option<Platform> {
        self.given.platform
    }

    /// A finding about it, at its place.
    pub fn finding(&self, message: impl Into<String>) -> Diagnostic {
        self.sheet.diagnostic(Severity::Error, self.at, message)
    }

    /// Subject and body for a bundle to classify; `None` where the case says itself what was predicted.
    pub fn to_classify(&self) -> Option<(&str, &str)> {
        self.given.predicted.is_none().then_some((self.given.subject.as_str(), self.given.body.as_str()))
    }

    /// Decides it and compares. `prediction` is a bundle's answer to [`Self::to_classify`]; without one, and without
    /// scores of the case's own, no head says anything. A case that names no platform is decided on `platform`.
    pub fn run(&self, rulebook: &Rulebook, prediction: Option<Prediction>, platform: Platform) -> Verdict {
        let platform = self.given.platform.unwrap_or(platform);
        let (ticket, directory) = self.given.ticket(rulebook, platform);
        let mut prediction = self.given.prediction(prediction);
        if let Some(Language { code, confidence }) = &self.given.language {
            prediction.language = Language { code: code.clone(), confidence: *confidence };
        }
        let history = History::default();
        let contacts: Vec<_> = self.given.contacts.iter().map(|ago| self.given.before(*ago)).collect();
        let facts = Facts {
            account: &self.given.account,
            platform,
            ticket: &ticket,
            prediction: &prediction,
            history: &history,
            directory: &directory,
            ceiling: self.given.mode,
            now: self.given.now,
            segment: self.given.segment.as_deref(),
            contacts: &contacts,
            public_replies: self.given.public_replies,
            texts: None,
            gate: &LabelModes::OPEN,
        };
        let decision = decide(rulebook, &facts);
        let differences = judge::differences(&self.expect, rulebook, &facts, &decision);
        let place = self.sheet.diagnostic(Severity::Error, self.at, "");
        Verdict {
            name: self.name.clone(),
            file: place.file,
            line: self.at.line,
            column: self.at.column,
            platform: platform.as_str(),
            rules: decision.rules,
            differences,
        }
    }
}

#[cfg(test)]
mod tests;
