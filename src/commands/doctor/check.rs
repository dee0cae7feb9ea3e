//! What one check found: how it stands, what was seen, and what to do about it.

use serde::Serialize;

use crate::diagnostics::{Diagnostic, Severity};

/// How a check stands; the worst is the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Fine,
    Warning,
    Wrong,
}

impl State {
    pub(super) const fn mark(self) -> &'static str {
        match self {
            Self::Fine => "✓",
            Self::Warning => "!",
            Self::Wrong => "✗",
        }
    }
}

/// One row of what the doctor says. It holds no secret and no ticket text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// What it is about: `machine`, or an account.
    pub(super) about: String,
    /// Which check.
    pub(super) check: &'static str,
    pub(super) state: State,
    pub(super) seen: String,
    /// What to do; none where all is well.
    pub(super) remedy: Option<String>,
}

/// Makes the rows of one subject.
#[derive(Clone, Copy, Debug)]
pub(super) struct About<'a>(pub(super) &'a str);

impl About<'_> {
    pub(super) fn fine(self, check: &'static str, seen: impl Into<String>) -> Check {
        Check { about: self.0.to_owned(), check, state: State::Fine, seen: seen.into(), remedy: None }
    }

    pub(super) fn warning(self, check: &'static str, seen: impl Into<String>, remedy: &str) -> Check {
        Check { state: State::Warning, remedy: Some(remedy.to_owned()), ..self.fine(check, seen) }
    }

    pub(super) fn wrong(self, check: &'static str, seen: impl Into<String>, remedy: &str) -> Check {
        Check { state: State::Wrong, remedy: Some(remedy.to_owned()), ..self.fine(check, seen) }
    }

    /// What `check` would print, as a row.
    pub(super) fn of(self, check: &'static str, found: &Diagnostic) -> Check {
        let state = match found.severity {
            Severity::Error => State::Wrong,
            Severity::Warning => State::Warning,
            Severity::Note => State::Fine,
        };
        let place = match found.line {
            0 => found.file.clone(),
            line => format!("{}:{line}:{}", found.file, found.column),
        };
        let remedy = found.help.clone();
        Check { state, remedy, ..self.fine(check, format!("{place}: {}", found.message)) }
    }
}
