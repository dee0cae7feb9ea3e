//! Printing: the one place that writes to standard output and standard error.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use comfy_table::{ContentArrangement, Table, presets};
use deskbridge_onnx::train::Progress;
use indicatif::{ProgressBar, ProgressStyle};

use crate::diagnostics::Diagnostic;

/// Prints text as it is.
pub(super) fn out(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Prints a line.
pub(super) fn line(text: impl std::fmt::Display) -> io::Result<()> {
    out(&format!("{text}\n"))
}

/// Prints a line to standard error. A closed one is nobody's trouble.
pub(super) fn remark(text: impl std::fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
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
    table(&[]).width()
}

/// A table for people. It fits the terminal, and is as wide as it likes in a file.
pub(super) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_header(header.to_vec());
    if io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table
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
