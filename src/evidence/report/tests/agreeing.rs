//! Heads and labels: what is counted, what is not, and how calibration and curves come of it.

use deskbridge_onnx::HeadKind;
use fastrand::Rng;

use super::{evidence, near, set, single};
use crate::evidence::report::agreement::{by_label, head};
use crate::evidence::report::curve::curve;
use crate::evidence::report::evidence::by_head;
use crate::evidence::report::observation::{Influence, Observation};

fn desk() -> Vec<Observation> {
    let rows = [
        ("billing", 0.95, "billing", 6),
        ("billing", 0.90, "technical", 2),
        ("technical", 0.85, "technical", 5),
        ("technical", 0.60, "billing", 3),
        ("technical", 0.99, "", 1),
    ];
    let each = rows.iter().flat_map(|row| std::iter::repeat_n(row, row.3));
    each.enumerate().map(|(at, (said, sure, settled, _))| single(at, said, *sure, settled)).collect()
}

#[test]
fn a_heads_figures_are_counted_as_defined() {
    let observations = desk();
    let evidence = &by_head(&observations)["category"];
    let figures = head(evidence);
    assert_eq!((figures.n, figures.answered, figures.agreed), (17, 14, 11));
    near(figures.agreement.unwrap(), 11.0 / 14.0, 1e-12);
    near(figures.abstention.unwrap(), 3.0 / 17.0, 1e-12);
    let confusion = figures.confusion.unwrap();
    assert_eq!(confusion.settled, ["billing", "technical", "(no label)"]);
    assert_eq!(confusion.answered, ["billing", "technical", "(abstained)"]);
    assert_eq!(confusion.counts, [vec![6, 0, 3], vec![2, 5, 0], vec![0, 1, 0]]);
    // Answered: settled 6/7/1 of 14, said 8/6/0; pₑ = (6·8 + 7·6)/196.
    let expected = 90.0 / 196.0;
    near(figures.kappa.unwrap(), (11.0 / 14.0 - expected) / (1.0 - expected), 1e-12);
    let labels = by_label(evidence);
    let billing = &labels["billing"];
    assert_eq!((billing.n, billing.named, billing.right), (9, 8, 6));
    near(billing.precision.unwrap(), 0.75, 1e-12);
    near(billing.recall.unwrap(), 6.0 / 9.0, 1e-12);
    near(billing.agreement.unwrap(), 12.0 / 17.0, 1e-12);
    assert!(billing.precision_ci.unwrap()[0] < 0.75 && billing.kappa.is_some());
}

#[test]
fn only_independent_tickets_of_the_newest_model_count_once() {
    let mut observations = desk();
    let old = Observation {
        model: "m0".into(),
        decision: -1,
        decided_at: super::hour(-9),
        ..single(900, "billing", 0.9, "technical")
    };
    let again =
        Observation { decision: 500, decided_at: super::hour(500), ..single(0, "billing", 0.9, "technical") };
    let apart = [
        Influence::Anchored,
        Influence::Kept,
        Influence::Kept,
        Influence::Overridden,
        Influence::Unconfirmed,
    ];
    observations.extend([old, again]);
    observations.extend(apart.iter().enumerate().map(|(at, influence)| Observation {
        influence: *influence,
        ..single(100 + at, "billing", 0.9, "technical")
    }));
    let figures = head(&by_head(&observations)["category"]);
    assert_eq!((figures.n, figures.agreed), (17, 11), "as if nothing had been added");
    assert_eq!(figures.influence[&Influence::Independent], 17);
    assert_eq!(figures.influence[&Influence::Kept], 2);
    let overridden = figures.overridden.unwrap();
    assert_eq!((overridden.hits, overridden.n), (1, 3));
}

#[test]
fn the_human_baseline_is_how_often_the_first_choice_did_not_stay() {
    let mut observations = desk();
    for (at, observation) in observations.iter_mut().enumerate() {
        observation.first = match at {
            0 => Some(set(&["technical"])),
            1..=9 => Some(observation.settled.clone()),
            _ => None,
        };
    }
    let evidence = &by_head(&observations)["category"];
    let human = head(evidence).human.unwrap();
    assert_eq!((human.hits, human.n), (1, 10));
    let technical = by_label(evidence)["technical"].human.unwrap();
    assert_eq!((technical.hits, technical.n), (1, 5));
}

#[test]
fn a_head_of_several_labels_is_judged_label_by_label() {
    let row = |ticket, named: &[&str], settled: &[&str]| Observation {
        head: "topics".into(),
        kind: HeadKind::Multi,
        ranked: vec![("refund".into(), 0.9), ("urgent".into(), 0.3)],
        named: set(named),
        settled: set(settled),
        ..single(ticket, "refund", 0.9, "")
    };
    let observations = [
        row(0, &["refund"], &["refund"]),
        row(1, &["refund"], &["refund", "urgent"]),
        row(2, &["refund", "urgent"], &["refund", "urgent"]),
        row(3, &[], &[]),
    ];
    let topics = &by_head(&observations)["topics"];
    let figures = head(topics);
    assert_eq!((figures.answered, figures.agreed), (3, 2));
    assert!(figures.confusion.is_none() && figures.kappa.is_none());
    let labels = by_label(topics);
    near(labels["urgent"].recall.unwrap(), 0.5, 1e-12);
    near(labels["urgent"].agreement.unwrap(), 0.75, 1e-12);
    assert_eq!(labels["refund"].kappa, Some(1.0));
    // Two claims a ticket, eight in all.
    assert_eq!(
        evidence(&observations).calibration.calibration().bins.iter().map(|bin| bin.n).sum::<usize>(),
        8
    );
}

#[test]
fn nothing_settled_gives_no_figures_and_no_zeros() {
    let observations = [Observation { influence: Influence::Unconfirmed, ..single(0, "billing", 0.9, "") }];
    let figures = head(&by_head(&observations)["category"]);
    assert_eq!((figures.n, figures.agreement, figures.kappa, figures.ece), (0, None, None, None));
    assert!(by_head(&[]).is_empty());
}

#[test]
fn confidences_that_hold_have_no_calibration_error_and_others_do() {
    let mut rng = Rng::with_seed(3);
    let mut draw = |claimed: fn(f64) -> f64| -> f64 {
        let observations: Vec<_> = (0..4000)
            .map(|at| {
                let truth = 0.3 + 0.7 * rng.f64();
                let settled = if rng.f64() < truth { "billing" } else { "other" };
                single(at, "billing", claimed(truth) as f32, settled)
            })
            .collect();
        evidence(&observations).calibration.calibration().ece.unwrap()
    };
    assert!(draw(|truth| truth) < 0.03);
    near(draw(|truth| (truth + 0.2).min(1.0)), 0.165, 0.03);
}

#[test]
fn a_curve_trades_coverage_for_precision_and_breaks_no_ties() {
    let observations = [
        single(0, "a", 0.9, "a"),
        single(1, "a", 0.9, "b"),
        single(2, "a", 0.7, "a"),
        single(3, "b", 0.95, "b"),
    ];
    let points = curve("category", None, &evidence(&observations));
    let figures: Vec<_> = points.iter().map(|p| (p.n, p.right, p.coverage)).collect();
    assert_eq!(figures, [(4, 3, 1.0), (3, 2, 0.75), (1, 1, 0.25)]);
    let points = curve("category", Some("a"), &evidence(&observations));
    assert_eq!(points.iter().map(|p| (p.n, p.right)).collect::<Vec<_>>(), [(3, 2), (2, 1)]);
    near(points[0].coverage, 0.75, 1e-12);
    let many: Vec<_> = (0..500).map(|at| single(at, "a", 0.5 + at as f32 / 1001.0, "a")).collect();
    let points = curve("category", None, &evidence(&many));
    assert_eq!(points.len(), 40);
    assert_eq!((points[0].n, points[39].n), (500, 1));
}
