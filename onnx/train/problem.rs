//! One thing that keeps a model from being trained, by file, row and column.
//!
//! Never quotes ticket text; labels and ids are quoted, since they are what the reader must look for.

use std::fmt;
use std::path::{Path, PathBuf};

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, where one is to blame.
    pub file: Option<PathBuf>,
    /// The line in it, from 1.
    pub row: Option<u64>,
    /// The column's name.
    pub column: Option<String>,
    /// What is wrong and what to do.
    pub what: String,
}

impl Problem {
    pub(crate) fn general(what: impl Into<String>) -> Self {
        Self { file: None, row: None, column: None, what: what.into() }
    }

    pub(crate) fn file(file: &Path, what: impl Into<String>) -> Self {
        Self { file: Some(file.into()), ..Self::general(what) }
    }

    pub(crate) fn at(mut self, row: u64) -> Self {
        self.row = Some(row);
        self
    }

    pub(crate) fn column(mut self, column: &str) -> Self {
        self.column = Some(column.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}:", file.display())?;
        }
        if let Some(row) = self.row {
            write!(f, "{row}:")?;
        }
        if let Some(column) = &self.column {
            write!(f, "{column}:")?;
        }
        let space = if self.file.is_some() || self.column.is_some() { " " } else { "" };
        write!(f, "{space}{}", self.what)
    }
}
