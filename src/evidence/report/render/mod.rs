//! A report as text for a terminal, as JSON, and as one HTML file that needs nothing else.
//!
//! Charts are SVG, drawn here and put into the page as they are: they need no script, follow the reader's light or dark mode,
//! print, and can be read out. A charting library on a canvas can do none of that without a second copy of the data.

pub mod chart;
pub mod csv;
pub mod html;
pub mod text;
pub mod view;
pub mod words;

use super::whole::Report;

#[cfg(test)]
mod tests;

/// The report as JSON, indented.
///
/// # Errors
/// When a figure is no number that JSON knows.
pub fn json(report: &Report) -> serde_json::Result<String> {
    serde_json::to_string_pretty(report)
}
