//! One head: its figures, its charts, and the tables that say the same.

use serde::Serialize;

use super::super::super::agreement::{Confusion, HeadAgreement};
use super::super::super::curve::Point;
use super::super::super::observation::Influence;
use super::super::super::whole::Report;
use super::super::{chart, text, words};

/// One head.
#[derive(Debug, Serialize)]
pub struct HeadView {
    name: String,
    n: usize,
    figures: Vec<Figure>,
    apart: Option<String>,
    mixed: Option<String>,
    curve: String,
    points: Vec<PointView>,
    reliability: String,
    bins: Vec<BinView>,
    confusion: Option<ConfusionView>,
    labels: Vec<LabelView>,
}

/// One number with what it is.
#[derive(Debug, Serialize)]
struct Figure {
    name: &'static str,
    value: String,
    range: Option<String>,
    help: &'static str,
}

#[derive(Debug, Serialize)]
struct LabelView {
    name: String,
    n: usize,
    named: usize,
    precision: String,
    precision_v: Option<f64>,
    recall: String,
    recall_v: Option<f64>,
    kappa: String,
    kappa_v: Option<f64>,
    human: String,
    curve: String,
}

#[derive(Debug, Serialize)]
struct PointView {
    threshold: String,
    coverage: String,
    precision: String,
    n: usize,
}

#[derive(Debug, Serialize)]
struct BinView {
    range: String,
    n: usize,
    claimed: String,
    right: String,
}

#[derive(Debug, Serialize)]
struct ConfusionView {
    answered: Vec<String>,
    rows: Vec<ConfusionRow>,
}

#[derive(Debug, Serialize)]
struct ConfusionRow {
    settled: String,
    cells: Vec<Cell>,
    n: usize,
}

#[derive(Debug, Serialize)]
struct Cell {
    n: usize,
    /// How much of its row, in eighths.
    heat: usize,
    right: bool,
}

pub(super) fn view(report: &Report, name: &str) -> HeadView {
    let head = &report.agreement[name];
    let target = report.window.bar.target;
    let curve = |label: Option<&str>| -> Vec<&Point> {
        let mine = |point: &&Point| point.head == name && point.label.as_deref() == label;
        report.coverage_precision.iter().filter(mine).collect()
    };
    let labels = report.labels[name].iter().map(|(label, row)| {
        let points = curve(Some(label));
        let enough = points.iter().any(|point| point.n >= 10);
        let title = format!("{label}: share of right answers over the share of tickets answered");
        LabelView {
            name: label.clone(),
            n: row.n,
            named: row.named,
            precision: words::percent_ci(row.precision, row.precision_ci),
            precision_v: row.precision,
            recall: words::percent_ci(row.recall, row.recall_ci),
            recall_v: row.recall,
            kappa: words::kappa(row.kappa, row.kappa_ci),
            kappa_v: row.kappa,
            human: words::share(row.human),
            curve: if enough { chart::curve(&points, target, &title) } else { String::new() },
        }
    });
    let whole = curve(None);
    HeadView {
        name: name.to_owned(),
        n: head.n,
        figures: figures(head),
        apart: apart(head),
        mixed: head.confusion.as_ref().and_then(text::most_mixed),
        curve: chart::curve(
            &whole,
            target,
            &format!("{name}: share of right answers over the share of tickets answered"),
        ),
        points: whole.iter().map(|point| point_view(point)).collect(),
        reliability: chart::reliability(
            &head.calibration,
            &format!("{name}: share of right answers over the confidence claimed"),
        ),
        bins: head.calibration.iter().map(bin_view).collect(),
        confusion: head.confusion.as_ref().map(confusion_view),
        labels: labels.collect(),
    }
}

fn figures(head: &HeadAgreement) -> Vec<Figure> {
    let range = |ci: Option<[f64; 2]>| {
        ci.map(|[low, high]| format!("{} to {}", words::percent(Some(low)), words::percent(Some(high))))
    };
    let two =
        |value: Option<f64>| value.map_or_else(|| words::NONE.to_owned(), |value| format!("{value:.2}"));
    let human = head.human;
    let mut figures = vec![
        Figure {
            name: "agreement",
            value: words::percent(head.agreement),
            range: range(head.agreement_ci),
            help: "of the answered tickets, those answered as the agents settled",
        },
        Figure {
            name: "kappa",
            value: two(head.kappa),
            range: head.kappa_ci.map(|[low, high]| format!("{low:.2} to {high:.2}")),
            help: "agreement beyond guessing; 1 is always",
        },
        Figure {
            name: "abstains",
            value: words::percent(head.abstention),
            range: range(head.abstention_ci),
            help: "tickets it leaves to people",
        },
        Figure {
            name: "calibration error",
            value: head.ece.map_or_else(|| words::NONE.to_owned(), |ece| format!("{ece:.3}")),
            range: None,
            help: "mean gap between claimed and right",
        },
        Figure {
            name: "people change their mind",
            value: words::percent(human.map(|share| share.share)),
            range: range(human.map(|share| share.ci())),
            help: "first human choices that were changed later",
        },
    ];
    // A head of several labels has no kappa of its own.
    figures.retain(|figure| figure.name != "kappa" || head.confusion.is_some());
    figures
}

fn apart(head: &HeadAgreement) -> Option<String> {
    let parts: Vec<_> = head
        .influence
        .iter()
        .filter(|(influence, _)| **influence != Influence::Independent)
        .map(|(influence, n)| format!("{n} {}", influence.as_str()))
        .collect();
    let overridden = match head.overridden {
        Some(share) => format!(" People replaced {} of what was written.", words::share(Some(share))),
        None => String::new(),
    };
    (!parts.is_empty()).then(|| format!("Not counted: {}.{overridden}", parts.join(", ")))
}

fn point_view(point: &Point) -> PointView {
    PointView {
        threshold: format!("{:.2}", point.threshold),
        coverage: words::percent(Some(point.coverage)),
        precision: words::percent_ci(Some(point.precision), Some(point.precision_ci)),
        n: point.n,
    }
}

fn bin_view(bin: &super::super::super::calibration::Bin) -> BinView {
    BinView {
        range: format!("{:.0} to {:.0} %", bin.from * 100.0, bin.to * 100.0),
        n: bin.n,
        claimed: words::percent(Some(bin.confidence)),
        right: words::share(Some(bin.right)),
    }
}

fn confusion_view(confusion: &Confusion) -> ConfusionView {
    let rows = confusion.settled.iter().zip(&confusion.counts).map(|(settled, counts)| {
        let n: usize = counts.iter().sum();
        let cells = confusion.answered.iter().zip(counts).map(|(answered, count)| Cell {
            n: *count,
            heat: (count * 8).div_ceil(n.max(1)),
            right: settled == answered,
        });
        ConfusionRow { settled: settled.clone(), cells: cells.collect(), n }
    });
    ConfusionView { answered: confusion.answered.clone(), rows: rows.collect() }
}
