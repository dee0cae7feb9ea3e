//! Precision over coverage, with the band that holds the truth and the target as a line.

use std::fmt::Write as _;

use super::super::super::curve::Point;
use super::{Frame, path};

/// Draws a curve; `title` is read out.
pub fn curve(points: &[&Point], target: f64, title: &str) -> String {
    let most = points.iter().map(|point| point.coverage).fold(0.0, f64::max);
    let least = points.iter().filter(|point| point.n >= 10).map(|point| point.precision_ci[0]);
    let floor = (least.fold(target - 0.1, f64::min) * 10.0).floor() / 10.0;
    let floor = floor.clamp(0.0, 0.9);
    let frame = Frame {
        width: 460.0,
        height: 250.0,
        left: 48.0,
        right: 22.0,
        top: 24.0,
        bottom: 40.0,
        from: (0.0, floor),
        to: (nice(most), 1.0),
    };
    let mut out = String::new();
    frame.open(&mut out, title);
    let step = if 1.0 - floor > 0.45 { 0.2 } else { 0.1 };
    let rungs: Vec<f64> =
        (0..).map(|at| 1.0 - f64::from(at) * step).take_while(|value| *value >= floor - 1e-9).collect();
    frame.rungs(&mut out, &rungs);
    frame.stops(&mut out, &[0.0, 0.25, 0.5, 0.75, 1.0].map(|part| part * frame.to.0));
    frame.names(&mut out, "share of tickets answered", "share of answers that are right");
    // A handful of answers has a band as high as the chart, which hides what is known: they are left out of it.
    let shown: Vec<_> = points.iter().rev().filter(|point| point.n >= 10).collect();
    let y = |value: f64| frame.y(value.max(floor));
    let upper = shown.iter().map(|point| (frame.x(point.coverage), y(point.precision_ci[1])));
    let lower = shown.iter().rev().map(|point| (frame.x(point.coverage), y(point.precision_ci[0])));
    let middle = shown.iter().map(|point| (frame.x(point.coverage), y(point.precision)));
    let _ = write!(out, r#"<polygon class="band" points="{}"/>"#, path(upper.chain(lower)));
    let _ = write!(
        out,
        r#"<line class="target" x1="{:.1}" x2="{:.1}" y1="{y:.1}" y2="{y:.1}"/>"#,
        frame.left,
        frame.width - frame.right,
        y = frame.y(target)
    );
    let _ = write!(out, r#"<polyline class="line" points="{}"/>"#, path(middle));
    for point in &shown {
        let _ = write!(
            out,
            r#"<circle class="dot" cx="{:.1}" cy="{:.1}" r="3"><title>from confidence {:.2}: {:.0} % answered, {:.1} % right ({} of {})</title></circle>"#,
            frame.x(point.coverage),
            y(point.precision),
            point.threshold,
            point.coverage * 100.0,
            point.precision * 100.0,
            point.right,
            point.n
        );
    }
    out.push_str("</svg>");
    out
}

/// The next round share above.
fn nice(most: f64) -> f64 {
    [0.04, 0.1, 0.2, 0.4, 0.6, 0.8].into_iter().find(|round| most <= *round).unwrap_or(1.0)
}
