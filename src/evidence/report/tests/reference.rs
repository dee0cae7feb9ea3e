//! Figures that are summed up ticket by ticket are those that a look at all tickets at once gives, by the definitions.

use std::collections::BTreeSet;

use deskbridge_onnx::HeadKind;
use proptest::prelude::*;

use super::{near, single};
use crate::evidence::report::agreement::{by_label, head};
use crate::evidence::report::calibration::BINS;
use crate::evidence::report::curve::curve;
use crate::evidence::report::evidence::HeadEvidence;
use crate::evidence::report::kappa::Kappa;
use crate::evidence::report::observation::{Influence, Observation};
use crate::evidence::report::readiness::{Bar, judge, readiness};
use crate::evidence::report::thresholds::propose;
use crate::evidence::report::wilson::Share;

const LABELS: [&str; 4] = ["account", "billing", "shipping", "technical"];

fn label() -> impl Strategy<Value = String> {
    prop::sample::select(LABELS.as_slice()).prop_map(str::to_owned)
}

fn labels(most: usize) -> impl Strategy<Value = BTreeSet<String>> {
    prop::collection::btree_set(label(), 0..=most)
}

fn influence() -> impl Strategy<Value = Influence> {
    prop_oneof![
        6 => Just(Influence::Independent),
        1 => Just(Influence::Anchored),
        1 => Just(Influence::Kept),
        1 => Just(Influence::Overridden),
        1 => Just(Influence::Unconfirmed),
    ]
}

/// Observations of one head, one per ticket. Confidences lie on the edges of bins, where both ways of counting see the same bars.
fn observations(kind: HeadKind) -> impl Strategy<Value = Vec<Observation>> {
    let most = if kind == HeadKind::Single { 1 } else { 3 };
    let one = (
        prop::collection::btree_map(label(), 0..=1000u16, 1..=4),
        labels(most),
        labels(most),
        prop::option::of(labels(most)),
        influence(),
    );
    prop::collection::vec(one, 0..60).prop_map(move |rows| {
        let row = |(ticket, (sure, named, settled, first, influence)): (usize, (_, _, _, _, _))| {
            let sure: std::collections::BTreeMap<String, u16> = sure;
            let mut ranked: Vec<(String, f32)> = sure
                .into_iter()
                .map(|(label, thousandths)| (label, f32::from(thousandths) / 1000.0))
                .collect();
            ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
            Observation { kind, ranked, named, settled, first, influence, ..single(ticket, "", 0.0, "") }
        };
        rows.into_iter().enumerate().map(row).collect()
    })
}

fn share(hits: usize, n: usize) -> Option<f64> {
    (n > 0).then(|| hits as f64 / n as f64)
}

fn confidences(seen: &Observation) -> &[(String, f32)] {
    if seen.kind == HeadKind::Single { &seen.ranked[..1] } else { &seen.ranked }
}

fn holds(all: &[Observation]) {
    let mut evidence = HeadEvidence::default();
    all.iter().for_each(|seen| evidence.add(seen));
    let own: Vec<&Observation> = all.iter().filter(|seen| seen.influence == Influence::Independent).collect();
    let count = |fits: &dyn Fn(&Observation) -> bool| own.iter().filter(|seen| fits(seen)).count();

    let figures = head(&evidence);
    let answered = count(&|seen| !seen.named.is_empty());
    let agreed = count(&|seen| !seen.named.is_empty() && seen.named == seen.settled);
    assert_eq!((figures.n, figures.answered, figures.agreed), (own.len(), answered, agreed));
    let known = count(&|seen| seen.first.is_some());
    let changed = count(&|seen| seen.first.as_ref().is_some_and(|first| *first != seen.settled));
    assert_eq!(figures.human, Share::of(changed, known));
    let apart = |influence| all.iter().filter(|seen| seen.influence == influence).count();
    let (kept, replaced) = (apart(Influence::Kept), apart(Influence::Overridden));
    assert_eq!(figures.overridden, Share::of(replaced, kept + replaced));
    assert_eq!(figures.influence.values().sum::<usize>(), all.len());
    confusion_and_kappa(all, &own, &evidence);
    calibration(&own, &figures.calibration);
    labels_and_bars(all, &own, &evidence);
}

fn confusion_and_kappa(all: &[Observation], own: &[&Observation], evidence: &HeadEvidence) {
    if all.first().is_none_or(|seen| seen.kind != HeadKind::Single) {
        return;
    }
    let figures = head(evidence);
    let confusion = figures.confusion.unwrap();
    for (row, settled) in confusion.settled.iter().enumerate() {
        for (column, named) in confusion.answered.iter().enumerate() {
            let is = |label: Option<&String>, name: &String, none: &str| match label {
                Some(label) => label == name,
                None => name == none,
            };
            let expected = own.iter().filter(|seen| {
                is(seen.settled.first(), settled, "(no label)")
                    && is(seen.named.first(), named, "(abstained)")
            });
            assert_eq!(confusion.counts[row][column], expected.count(), "{settled} as {named}");
        }
    }
    // Kappa once more, with every label down and across; a settled value that is no label is an answer that is never given.
    let place = |label: Option<&String>| {
        label.map_or(LABELS.len(), |label| LABELS.iter().position(|known| known == label).unwrap())
    };
    let mut square = vec![vec![0; LABELS.len() + 1]; LABELS.len() + 1];
    for seen in own.iter().filter(|seen| !seen.named.is_empty()) {
        square[place(seen.settled.first())][place(seen.named.first())] += 1;
    }
    match (figures.kappa, Kappa::of(&square)) {
        (Some(found), Some(expected)) => near(found, expected.kappa, 1e-9),
        (found, expected) => assert_eq!(found, expected.map(|kappa| kappa.kappa)),
    }
}

fn calibration(own: &[&Observation], bins: &[crate::evidence::report::calibration::Bin]) {
    let claims: Vec<(f64, bool)> = own
        .iter()
        .flat_map(|seen| {
            confidences(seen).iter().map(|(label, sure)| (f64::from(*sure), seen.settled.contains(label)))
        })
        .collect();
    assert_eq!(bins.iter().map(|bin| bin.n).sum::<usize>(), claims.len());
    for bin in bins {
        let of = |sure: f64| {
            (bin.from * BINS as f64).round() as usize == ((sure * BINS as f64) as usize).min(BINS - 1)
        };
        let inside: Vec<_> = claims.iter().filter(|(sure, _)| of(*sure)).collect();
        assert_eq!(bin.n, inside.len());
        assert_eq!(bin.right.hits, inside.iter().filter(|(_, right)| *right).count());
        near(bin.confidence, inside.iter().map(|(sure, _)| sure).sum::<f64>() / bin.n as f64, 1e-9);
    }
}

fn labels_and_bars(all: &[Observation], own: &[&Observation], evidence: &HeadEvidence) {
    let heads = [("category".to_owned(), evidence.clone())].into();
    let bar = Bar { min_tickets: 5, target: 0.6 };
    let ready = readiness(&heads, &bar);
    let rows = by_label(evidence);
    for (label, row) in &rows {
        let said = |seen: &&&Observation| seen.named.contains(label);
        let settled = |seen: &&&Observation| seen.settled.contains(label);
        let named = own.iter().filter(said).count();
        let right = own.iter().filter(said).filter(settled).count();
        let n = own.iter().filter(settled).count();
        assert_eq!((row.n, row.named, row.right), (n, named, right), "{label}");
        let same =
            own.iter().filter(|seen| seen.named.contains(label) == seen.settled.contains(label)).count();
        assert_eq!(row.agreement, share(same, own.len()));
        assert_eq!((row.precision, row.recall), (share(right, named), share(right, n)));
        let first = own.iter().filter(|seen| seen.first.as_ref().is_some_and(|first| first.contains(label)));
        let lost = first.clone().filter(|seen| !seen.settled.contains(label)).count();
        assert_eq!(row.human, Share::of(lost, first.count()));
        let standing = ready["category"][label];
        assert_eq!((standing.n, standing.right, standing.state), {
            let judged = judge(right, named, &bar);
            (judged.n, judged.right, judged.state)
        });
        bars(Some(label), own, evidence);
        let proposal = propose(label, evidence, bar.target);
        if let Some(threshold) = proposal.threshold {
            let through = own.iter().flat_map(|seen| confidences(seen).iter());
            let n =
                through.filter(|(known, sure)| known == label && f64::from(*sure) > threshold - 5e-4).count();
            let found = [proposal.fitted, proposal.verified].into_iter().flatten();
            assert_eq!(found.map(|share| share.n).sum::<usize>(), n, "{label} from {threshold} on");
            near(proposal.coverage.unwrap(), n as f64 / own.len() as f64, 1e-12);
            assert!(proposal.fitted.unwrap().low >= bar.target);
        }
    }
    bars(None, own, evidence);
    let seen: BTreeSet<&String> = all
        .iter()
        .flat_map(|seen| seen.ranked.iter().map(|(label, _)| label).chain(&seen.named).chain(&seen.settled))
        .collect();
    let judged = ready["category"].keys().collect::<BTreeSet<_>>();
    assert_eq!(judged, seen, "every label that anybody had to choose from");
}

fn bars(label: Option<&str>, own: &[&Observation], evidence: &HeadEvidence) {
    for point in curve("category", label, evidence) {
        let lets = |(known, sure): &&(String, f32)| {
            label.is_none_or(|label| label == known) && f64::from(*sure) > point.threshold - 5e-4
        };
        let through = |seen: &Observation| confidences(seen).iter().filter(lets).count();
        let right = |seen: &Observation| {
            confidences(seen).iter().filter(lets).filter(|(label, _)| seen.settled.contains(label)).count()
        };
        assert_eq!(point.n, own.iter().map(|seen| through(seen)).sum::<usize>());
        assert_eq!(point.right, own.iter().map(|seen| right(seen)).sum::<usize>());
        let covered = own.iter().filter(|seen| through(seen) > 0).count();
        near(point.coverage, covered as f64 / own.len() as f64, 1e-12);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_single_heads_sums_are_what_all_tickets_at_once_give(all in observations(HeadKind::Single)) {
        holds(&all);
    }

    #[test]
    fn a_heads_sums_of_several_labels_are_what_all_tickets_at_once_give(all in observations(HeadKind::Multi)) {
        holds(&all);
    }
}
