//! One share with its interval on a line, and the target as a mark: ready is when the whole whisker lies right of it.

use std::fmt::Write as _;

/// Draws a share between `from` and 100 %; nothing where there is no share.
pub fn interval(share: Option<f64>, ci: Option<[f64; 2]>, target: f64, from: f64) -> String {
    let (Some(share), Some([low, high])) = (share, ci) else { return String::new() };
    let x = |value: f64| 4.0 + 152.0 * (value.max(from) - from) / (1.0 - from);
    let class = if low >= target {
        "reached"
    } else if high < target {
        "missed"
    } else {
        "open"
    };
    let mut out = String::new();
    let _ = write!(
        out,
        r#"<svg class="interval {class}" viewBox="0 0 160 20" aria-hidden="true"><line class="grid" x1="4" x2="156" y1="10" y2="10"/><line class="target" x1="{t:.1}" x2="{t:.1}" y1="1" y2="19"/><line class="whisker" x1="{:.1}" x2="{:.1}" y1="10" y2="10"/><circle class="dot" cx="{:.1}" cy="10" r="4"/></svg>"#,
        x(low),
        x(high),
        x(share),
        t = x(target)
    );
    out
}
