//! Something wrong, or unwise, in a file that people write, with the place it belongs to.
//!
//! Settings and rulebook report everything at once in this one form, so that a mistake is found by reading one line
//! of output and not by trial. A snippet never shows a line that may hold a secret; the reader of a file says which those are.

pub mod yaml;

use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It cannot be used like this.
    Error,
    /// It works, and somebody should look at it.
    Warning,
    /// Nothing is wrong; it should be known.
    Note,
}

impl Severity {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One finding. Printed as `file:line:column: error: message`, the line with a caret, and `help: …`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file, or `environment variable NAME`.
    pub file: String,
    /// Counted from 1; 0 where there is no place.
    pub line: usize,
    /// Characters, counted from 1; 0 where there is no place.
    pub column: usize,
    /// What is wrong. Never contains a secret.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The line itself; `None` where there is none or where it may hold a secret.
    pub snippet: Option<String>,
}

impl Diagnostic {
    /// An error without a place in the file (it cannot be read at all).
    pub fn without_place(severity: Severity, file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity,
            file: file.into(),
            line: 0,
            column: 0,
            message: message.into(),
            help: None,
            snippet: None,
        }
    }

    /// An error about a whole file, with advice.
    pub fn file(file: &str, message: impl Into<String>, help: &str) -> Self {
        Self::without_place(Severity::Error, file, message).with_help(Some(help.to_owned()))
    }

    /// A warning about a whole file, with advice.
    pub fn warning_about(file: &str, message: impl Into<String>, help: &str) -> Self {
        Self::without_place(Severity::Warning, file, message).with_help(Some(help.to_owned()))
    }

    /// The same with advice.
    #[must_use]
    pub fn with_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// Whether it forbids going on.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}: {}", self.severity.as_str(), self.message)?;
        if let Some(snippet) = &self.snippet {
            let number = self.line.to_string();
            let margin = " ".repeat(number.len());
            let before: String = snippet
                .chars()
                .take(self.column.saturating_sub(1))
                .map(|c| if c == '\t' { '\t' } else { ' ' })
                .collect();
            write!(f, "\n {number} | {snippet}\n {margin} | {before}^")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n   help: {help}")?;
        }
        Ok(())
    }
}

/// A place in a file as written, or in one of the environment variables laid over it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// Counted from 1; 0 in an environment variable.
    pub line: usize,
    /// Characters, counted from 1; 0 in an environment variable.
    pub column: usize,
    /// 0 for the file, else the position of the variable in the sheet, counted from 1.
    #[serde(skip)]
    pub(crate) variable: usize,
}

/// A file as written, from which diagnostics take their snippets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sheet {
    file: String,
    lines: Vec<String>,
    hidden: BTreeSet<usize>,
    variables: Vec<String>,
}

impl Sheet {
    /// A file called `file` that holds `text`.
    pub(crate) fn new(file: &str, text: &str) -> Self {
        Self { file: file.to_owned(), lines: text.lines().map(str::to_owned).collect(), ..Self::default() }
    }

    /// Never shows these lines.
    pub(crate) fn hide(&mut self, lines: RangeInclusive<usize>) {
        self.hidden.extend(lines);
    }

    /// The place of an environment variable called `name`.
    pub(crate) fn variable(&mut self, name: &str) -> Place {
        self.variables.push(name.to_owned());
        Place { line: 0, column: 0, variable: self.variables.len() }
    }

    /// A finding at a place.
    pub(crate) fn diagnostic(&self, severity: Severity, at: Place, message: impl Into<String>) -> Diagnostic {
        let variable = at.variable.checked_sub(1).and_then(|index| self.variables.get(index));
        let shown = |line: usize| variable.is_none() && line > 0 && !self.hidden.contains(&line);
        Diagnostic {
            severity,
            file: variable.map_or_else(|| self.file.clone(), |name| format!("environment variable {name}")),
            line: at.line,
            column: at.column,
            message: message.into(),
            help: None,
            snippet: shown(at.line).then(|| self.lines.get(at.line - 1)).flatten().cloned(),
        }
    }
}

/// The known word closest to a misspelt one, as advice.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let wanted = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&candidate.to_lowercase(), &wanted), candidate))
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
}

#[cfg(test)]
mod tests;
