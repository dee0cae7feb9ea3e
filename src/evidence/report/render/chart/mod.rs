//! Charts as SVG text: no script, no colours of their own (classes, so that light and dark follow the page), and a title that
//! is read out. Whatever a chart shows stands in a table beside it too.

mod bars;
mod curve;
mod interval;
mod reliability;

pub use bars::{Column, columns, score};
pub use curve::curve;
pub use interval::interval;
pub use reliability::reliability;

use std::fmt::Write as _;

/// Where a chart's figures lie within its picture.
#[derive(Clone, Copy)]
struct Frame {
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    /// The values at the lower left corner.
    from: (f64, f64),
    /// The values at the upper right corner.
    to: (f64, f64),
}

impl Frame {
    const fn x(&self, value: f64) -> f64 {
        let span = self.width - self.left - self.right;
        self.left + span * (value - self.from.0) / (self.to.0 - self.from.0)
    }

    const fn y(&self, value: f64) -> f64 {
        let span = self.height - self.top - self.bottom;
        self.top + span * (self.to.1 - value) / (self.to.1 - self.from.1)
    }

    /// The opening tag, and what is read out.
    fn open(&self, out: &mut String, title: &str) {
        let _ = write!(
            out,
            r#"<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">"#,
            self.width,
            self.height,
            escape(title)
        );
    }

    /// Horizontal lines with percents at their left.
    fn rungs(&self, out: &mut String, values: &[f64]) {
        for value in values {
            let (y, end) = (self.y(*value), self.width - self.right);
            let _ = write!(
                out,
                r#"<line class="grid" x1="{:.1}" x2="{end:.1}" y1="{y:.1}" y2="{y:.1}"/><text class="tick" x="{:.1}" y="{:.1}" text-anchor="end">{:.0} %</text>"#,
                self.left,
                self.left - 6.0,
                y + 4.0,
                value * 100.0
            );
        }
    }

    /// Percents below.
    fn stops(&self, out: &mut String, values: &[f64]) {
        for value in values {
            let _ = write!(
                out,
                r#"<text class="tick" x="{:.1}" y="{:.1}" text-anchor="middle">{:.0} %</text>"#,
                self.x(*value),
                self.height - self.bottom + 16.0,
                value * 100.0
            );
        }
    }

    /// What the axes are.
    fn names(&self, out: &mut String, across: &str, up: &str) {
        let _ = write!(
            out,
            r#"<text class="axis" x="{:.1}" y="{:.1}" text-anchor="middle">{across}</text><text class="axis" x="{:.1}" y="12">{up}</text>"#,
            (self.left + self.width - self.right) / 2.0,
            self.height - 4.0,
            self.left - 40.0
        );
    }
}

/// Points as SVG writes them.
fn path(points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut out = String::new();
    for (x, y) in points {
        let _ = write!(out, "{x:.1},{y:.1} ");
    }
    out.truncate(out.trim_end().len());
    out
}

/// Text that may stand in an attribute or between tags.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}
