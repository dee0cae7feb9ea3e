//! Bars: what came in over time, and how sure one answer was.

use std::fmt::Write as _;

use super::{Frame, escape};

/// One column of a chart over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// What stands below, where there is room.
    pub name: String,
    /// How many of each kind, with the class that colours it, from the bottom.
    pub parts: Vec<(&'static str, usize)>,
}

/// Draws stacked columns; `title` is read out.
pub fn columns(columns: &[Column], title: &str) -> String {
    let total = |column: &Column| column.parts.iter().map(|(_, n)| n).sum::<usize>();
    let most = columns.iter().map(total).max().unwrap_or_default().max(4);
    let frame = Frame {
        width: 920.0,
        height: 180.0,
        left: 40.0,
        right: 8.0,
        top: 10.0,
        bottom: 26.0,
        from: (0.0, 0.0),
        to: (columns.len().max(1) as f64, most as f64),
    };
    let mut out = String::new();
    frame.open(&mut out, title);
    for value in [0, most / 2, most] {
        let y = frame.y(value as f64);
        let _ = write!(
            out,
            r#"<line class="grid" x1="{:.1}" x2="{:.1}" y1="{y:.1}" y2="{y:.1}"/><text class="tick" x="{:.1}" y="{:.1}" text-anchor="end">{value}</text>"#,
            frame.left,
            frame.width - frame.right,
            frame.left - 6.0,
            y + 4.0
        );
    }
    let every = columns.len().div_ceil(8).max(1);
    for (at, column) in columns.iter().enumerate() {
        let (x, end) = (frame.x(at as f64) + 1.0, frame.x(at as f64 + 1.0) - 1.0);
        let said: Vec<_> =
            column.parts.iter().filter(|(_, n)| *n > 0).map(|(kind, n)| format!("{n} {kind}")).collect();
        let _ = write!(
            out,
            "<g><title>{}: {}</title>",
            escape(&column.name),
            escape(&said.join(", ").replace('_', " "))
        );
        let mut base = 0;
        for (kind, n) in column.parts.iter().filter(|(_, n)| *n > 0) {
            let (bottom, top) = (frame.y(base as f64), frame.y((base + n) as f64));
            base += n;
            let _ = write!(
                out,
                r#"<rect class="part {kind}" x="{x:.1}" y="{top:.1}" width="{:.1}" height="{:.1}"/>"#,
                end - x,
                bottom - top
            );
        }
        out.push_str("</g>");
        if at % every == 0 {
            let _ = write!(
                out,
                r#"<text class="tick" x="{x:.1}" y="{:.1}">{}</text>"#,
                frame.height - 8.0,
                escape(&column.name)
            );
        }
    }
    out.push_str("</svg>");
    out
}

/// Draws how sure an answer was, and the bar it had to reach where that is known.
pub fn score(confidence: f64, bar: Option<f64>, chosen: bool) -> String {
    let x = |value: f64| 200.0 * value.clamp(0.0, 1.0);
    let mut out = String::new();
    let class = if chosen { "score chosen" } else { "score" };
    let _ = write!(
        out,
        r#"<svg class="{class}" viewBox="0 0 200 12" preserveAspectRatio="none" aria-hidden="true"><rect class="rail" width="200" height="12" rx="2"/><rect class="bar" width="{:.1}" height="12" rx="2"/>"#,
        x(confidence)
    );
    if let Some(bar) = bar {
        let _ = write!(out, r#"<line class="target" x1="{x:.1}" x2="{x:.1}" y1="0" y2="12"/>"#, x = x(bar));
    }
    out.push_str("</svg>");
    out
}
