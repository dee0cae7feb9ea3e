//! What was claimed against what came true: on the diagonal a confidence means what it says.

use std::fmt::Write as _;

use super::super::super::calibration::Bin;
use super::Frame;

/// Draws the bins of a head; `title` is read out.
pub fn reliability(bins: &[Bin], title: &str) -> String {
    let from = bins.first().map_or(0.0, |bin| (bin.from * 5.0).floor() / 5.0);
    let frame = Frame {
        width: 460.0,
        height: 250.0,
        left: 48.0,
        right: 22.0,
        top: 24.0,
        bottom: 40.0,
        from: (from, 0.0),
        to: (1.0, 1.0),
    };
    let mut out = String::new();
    frame.open(&mut out, title);
    frame.rungs(&mut out, &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
    let stops: Vec<f64> = (0..=5).map(|at| f64::from(at) / 5.0).filter(|value| *value >= from).collect();
    frame.stops(&mut out, &stops);
    frame.names(&mut out, "confidence claimed", "share that was right");
    let most = bins.iter().map(|bin| bin.n).max().unwrap_or(1) as f64;
    for bin in bins {
        let (x, end, y) = (frame.x(bin.from) + 1.5, frame.x(bin.to) - 1.5, frame.y(bin.right.share));
        // Where few tickets are, the bar is pale: it says little.
        let weight = if (bin.n as f64) < most * 0.05 { "bar pale" } else { "bar" };
        let _ = write!(
            out,
            r#"<rect class="{weight}" x="{x:.1}" y="{y:.1}" width="{:.1}" height="{:.1}"><title>claimed {:.0} %, right {:.0} % ({} of {})</title></rect>"#,
            end - x,
            frame.y(0.0) - y,
            bin.confidence * 100.0,
            bin.right.share * 100.0,
            bin.right.hits,
            bin.n
        );
        let middle = (x + end) / 2.0;
        let _ = write!(
            out,
            r#"<line class="whisker" x1="{middle:.1}" x2="{middle:.1}" y1="{:.1}" y2="{:.1}"/>"#,
            frame.y(bin.right.low),
            frame.y(bin.right.high)
        );
    }
    let _ = write!(
        out,
        r#"<line class="target" x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}"/></svg>"#,
        frame.x(from),
        frame.y(from),
        frame.x(1.0),
        frame.y(1.0)
    );
    out
}
