//! The training report as one HTML page, to be opened from the bundle's folder or sent to a colleague.
//!
//! Self-contained: styles and charts are in the page, it loads nothing and runs no script. Light or dark as the reader's
//! system is. Holds labels and ids, never ticket text.

use std::fmt::Write as _;

use super::report::TrainReport;
use super::study::{Point, Study};
use crate::metrics::HeadMetrics;

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1c1e21; --paper: #fff; --soft: #6b7280; --line: #d8dbe0; --mark: #2563eb; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --paper: #15181c; --soft: #9aa3ae; --line: #343a42; --mark: #7aa7ff; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); } h3 { margin: 1.5rem 0 .3rem; }
p.soft, caption { color: var(--soft); text-align: left; } .scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; } th, td { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid var(--line); }
th:first-child, td.word { text-align: left; } svg text { fill: var(--soft); font-size: 11px; } svg .axis { stroke: var(--line); }
";

/// The page.
pub(crate) fn page(report: &TrainReport, trained_at: &str) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n<title>Training report</title><style>{STYLE}</style>\n<h1>Training report</h1>\n<p>{} tickets, {}. Model {:.12}. All figures are of tickets that the judging head had not seen.</p>\n",
        report.tickets,
        escape(trained_at),
        report.model.as_str()
    );
    for (name, metrics) in &report.heads {
        let _ = writeln!(out, "<h2>{}</h2>", escape(name));
        figures(&mut out, metrics);
        if let Some(study) = report.studies.get(name) {
            curve(&mut out, study);
            confusion(&mut out, study);
            findings(&mut out, study);
        }
    }
    let _ = writeln!(out, "<h2>Out of scope</h2><p>{}</p></html>", escape(&report.out_of_scope.to_string()));
    out
}

fn figures(out: &mut String, metrics: &HeadMetrics) {
    let precision =
        metrics.precision.map_or("no answers".into(), |p| format!("{:.1} % of them right", p * 100.0));
    let _ = writeln!(
        out,
        "<p>Accuracy <b>{:.1} %</b> · macro F1 {:.3} · calibration error {:.3}. At thresholds for {:.0} % precision: answers {:.1} % of tickets, {precision}.</p>",
        metrics.accuracy * 100.0,
        metrics.macro_f1,
        metrics.ece,
        metrics.target_precision * 100.0,
        metrics.coverage * 100.0
    );
    out.push_str("<div class=scroll><table><tr><th>label<th>tickets<th>precision<th>recall<th>F1<th><th>threshold</tr>\n");
    for (label, m) in &metrics.labels {
        let _ = writeln!(
            out,
            "<tr><td class=word>{}<td>{}<td>{:.3}<td>{:.3}<td>{:.3}<td><svg width=100 height=10 role=img aria-label=\"F1 {:.2}\"><rect width={:.0} height=10 fill=\"var(--mark)\"/></svg><td>{:.3}</tr>",
            escape(label),
            m.n,
            m.precision,
            m.recall,
            m.f1,
            m.f1,
            m.f1 * 100.0,
            m.threshold
        );
    }
    out.push_str("</table></div>\n");
}

fn curve(out: &mut String, study: &Study) {
    let mut points = study.learning_curve.clone();
    let measured = points.len();
    if let (Some(forecast), Some(last)) = (&study.forecast, study.learning_curve.last()) {
        points.push(Point { n: last.n + forecast.more, accuracy: forecast.accuracy });
    }
    let Some(most) = points.last().map(|p| p.n.max(1) as f64) else { return };
    let low = points.iter().map(|p| p.accuracy).fold(1.0, f64::min);
    let low = (low * 10.0 - 0.5).floor().max(0.0) / 10.0;
    let place =
        |p: &Point| (40.0 + p.n as f64 / most * 500.0, 170.0 - (p.accuracy - low) / (1.0 - low) * 150.0);
    let path =
        |of: &[Point]| of.iter().map(place).map(|(x, y)| format!("{x:.0},{y:.0} ")).collect::<String>();
    out.push_str("<h3>Accuracy by number of tickets</h3>\n<svg viewBox=\"0 0 600 200\" width=600 role=img aria-label=\"learning curve\"><path class=axis fill=none d=\"M40 20V170H560\"/>");
    let _ = write!(out, "<text x=2 y=24>100 %</text><text x=2 y=174>{:.0} %</text>", low * 100.0);
    let line = |of: &[Point], dash: &str| {
        format!("<polyline points=\"{}\" fill=none stroke=\"var(--mark)\" stroke-width=2 {dash}/>", path(of))
    };
    out.push_str(&line(&points[..measured], ""));
    out.push_str(&line(&points[measured.saturating_sub(1)..], "stroke-dasharray=\"4 4\""));
    for point in &points {
        let (x, y) = place(point);
        let _ = write!(
            out,
            "<circle cx={x:.0} cy={y:.0} r=3 fill=\"var(--mark)\"/><text x={x:.0} y=190 text-anchor=middle>{}</text><text x={x:.0} y={:.0} text-anchor=middle>{:.1}</text>",
            point.n,
            y - 8.0,
            point.accuracy * 100.0
        );
    }
    let _ = writeln!(out, "</svg>\n<p class=soft>{}</p>", escape(&study.outlook()));
}

fn confusion(out: &mut String, study: &Study) {
    out.push_str("<h3>What was taken for what</h3>\n<div class=scroll><table><caption>Row: the ticket's label. Column: what was said.</caption><tr><th>");
    for label in &study.labels {
        let _ = write!(out, "<th>{}", escape(label));
    }
    out.push_str("</tr>\n");
    for (label, row) in study.labels.iter().zip(&study.confusion) {
        let all = row.iter().sum::<usize>().max(1);
        let _ = write!(out, "<tr><td class=word>{}", escape(label));
        for n in row {
            let share = n * 100 / all;
            let _ = write!(
                out,
                "<td style=\"background:color-mix(in srgb,var(--mark) {share}%,transparent)\">{n}"
            );
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</table></div>\n");
}

fn findings(out: &mut String, study: &Study) {
    let mut list = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            let _ = writeln!(out, "<h3>{title}</h3><ul>");
            for line in &lines {
                let _ = writeln!(out, "<li>{}", escape(line));
            }
            out.push_str("</ul>\n");
        }
    };
    list("Labels that overlap", study.overlapping.iter().map(ToString::to_string).collect());
    list("Labels with few tickets", study.small.iter().map(ToString::to_string).collect());
    if !study.suspects.is_empty() {
        out.push_str("<h3>Tickets whose label looks wrong</h3>\n<div class=scroll><table><tr><th>ticket<th>label<th>looks like<th>confidence</tr>\n");
        for s in &study.suspects {
            let _ = writeln!(
                out,
                "<tr><td class=word>{}<td class=word>{}<td class=word>{}<td>{:.2}</tr>",
                escape(&s.id),
                escape(&s.given),
                escape(&s.suggested),
                s.confidence
            );
        }
        out.push_str("</table></div>\n");
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
