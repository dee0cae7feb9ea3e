//! Printing: the one place that writes to standard output and standard error.
//!
//! Much of what is printed comes from outside: reasons, keys, labels, names on a platform. Everything passes
//! [`printable`], so that none of it can steer the terminal it is shown on.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use comfy_table::{Cell, CellAlignment, ContentArrangement, presets};
use deskbridge_connectors::printable::{one_line, printable};
use deskbridge_onnx::train::Progress;
use indicatif::{ProgressBar, ProgressStyle};

use crate::diagnostics::Diagnostic;

/// Prints text.
pub(super) fn out(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(printable(text).as_bytes())?;
    stdout.flush()
}

/// Prints a line.
pub(super) fn line(text: impl std::fmt::Display) -> io::Result<()> {
    out(&format!("{text}\n"))
}

/// Prints a line to standard error. A closed one is nobody's trouble.
pub(super) fn remark(text: impl std::fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{}", printable(&text.to_string()));
}

/// One value as it may stand in a line of others.
pub(super) fn value(text: impl std::fmt::Display) -> String {
    one_line(&text.to_string(), usize::MAX)
}

/// Prints diagnostics to standard error.
pub(super) fn diagnostics(findings: &[Diagnostic]) {
    findings.iter().for_each(|finding| remark(format!("{finding}\n")));
}

/// Returns whether standard output is a terminal.
pub(super) fn is_one() -> bool {
    io::stdout().is_terminal()
}

/// How many columns the terminal has; `None` where standard output is none.
pub(super) fn width() -> Option<u16> {
    table(&[]).0.width()
}

/// A table for people. Its columns are laid out by what is shown of a cell.
pub(super) struct Table(comfy_table::Table);

/// Makes a table. It fits the terminal, and is as wide as it likes in a file.
pub(super) fn table(header: &[&str]) -> Table {
    let mut table = comfy_table::Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_header(header.to_vec());
    if io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    Table(table)
}

impl Table {
    /// Adds a row of words.
    pub(super) fn add_row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.add_aligned(cells.into_iter().map(|cell| (cell, CellAlignment::Left)));
    }

    /// Adds a row whose cells say on which side they stand.
    pub(super) fn add_aligned<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = (T, CellAlignment)>) {
        let cells = cells.into_iter();
        self.0.add_row(cells.map(|(text, side)| Cell::new(printable(text.as_ref())).set_alignment(side)));
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A bar for work that goes through stages.
pub(super) fn stages() -> anyhow::Result<ProgressBar> {
    let style = ProgressStyle::with_template("{msg:>12} {wide_bar} {pos}/{len} {elapsed}")?;
    let bar = ProgressBar::new(0).with_style(style.progress_chars("━╸ "));
    bar.enable_steady_tick(Duration::from_millis(200));
    Ok(bar)
}

/// Shows how far a stage is.
pub(super) fn stage(bar: &ProgressBar, step: Progress) {
    bar.set_message(step.stage);
    bar.set_length(step.total as u64);
    bar.set_position(step.done as u64);
}
