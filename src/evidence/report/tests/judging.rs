//! Verdicts: what is ready, what a threshold is worth, and what luck looks like.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::{evidence, named, near, single};
use crate::evidence::report::evidence::{HeadEvidence, by_head};
use crate::evidence::report::observation::{Influence, Observation};
use crate::evidence::report::readiness::{Bar, State, judge, readiness};
use crate::evidence::report::thresholds::{Verdict, propose, thresholds};

fn bar(min_tickets: usize, target: f64) -> Bar {
    Bar { min_tickets, target }
}

#[test]
fn a_label_is_ready_not_yet_or_never() {
    let check = |right, n, target, expected: (State, Option<usize>)| {
        let found = judge(right, n, &bar(30, target));
        assert_eq!((found.state, found.more), expected, "{right} of {n} for {target}: {found:?}");
    };
    // All right: the lower bound is n/(n + z²), so 0.96 takes 93 tickets.
    check(93, 93, 0.96, (State::Ready, None));
    check(92, 92, 0.96, (State::NotYet, Some(1)));
    check(40, 40, 0.96, (State::NotYet, Some(53)));
    check(29, 29, 0.80, (State::NotYet, Some(1)));
    check(30, 30, 0.80, (State::Ready, None));
    check(95, 100, 0.96, (State::NotYet, None));
    check(40, 60, 0.96, (State::Never, None));
    check(0, 5, 0.96, (State::NotYet, None));
    check(0, 0, 0.96, (State::NotYet, None));
}

#[test]
fn as_many_more_tickets_as_forecast_make_it_ready() {
    for (right, n) in [(98, 100), (49, 50), (300, 310)] {
        let more = judge(right, n, &bar(30, 0.95)).more.unwrap();
        let share = right as f64 / n as f64;
        let total = n + more;
        let low = |total: usize| crate::evidence::report::wilson::interval(share, total as f64).0;
        assert!(low(total) >= 0.95 && low(total - 1) < 0.95, "{right}/{n}: {more}");
    }
}

#[test]
fn what_people_kept_or_replaced_is_shown_and_does_not_count() {
    let mut observations = named("billing", 40, 40);
    for (at, influence) in
        [(0, Influence::Overridden), (1, Influence::Kept), (2, Influence::Kept), (3, Influence::Anchored)]
    {
        observations.push(Observation { influence, ..single(100 + at, "billing", 0.9, "billing") });
    }
    let billing = readiness(&by_head(&observations), &Bar::default())["category"]["billing"];
    assert_eq!((billing.n, billing.right), (40, 40));
    let overridden = billing.overridden.unwrap();
    assert_eq!((overridden.hits, overridden.n), (1, 3));
}

#[test]
fn a_label_that_is_good_enough_is_seldom_refused_and_one_that_is_not_is_seldom_ready() {
    let mut rng = Rng::with_seed(5);
    let mut ready = |truth: f64| {
        let runs = (0..1000).filter(|_| {
            let right = (0..400).filter(|_| rng.f64() < truth).count();
            judge(right, 400, &Bar::default()).state == State::Ready
        });
        runs.count()
    };
    assert!(ready(0.99) > 900);
    assert!(ready(0.955) < 25, "below the target: at most 1 of 40 by luck");
}

/// Confidences with a known truth: right with exactly the probability that is claimed.
fn calibrated(n: usize, seed: u64) -> Vec<Observation> {
    let mut rng = Rng::with_seed(seed);
    (0..n)
        .map(|at| {
            let sure = 0.5 + 0.5 * rng.f64();
            single(at, "billing", sure as f32, if rng.f64() < sure { "billing" } else { "other" })
        })
        .collect()
}

#[test]
fn a_verified_threshold_reaches_its_target_and_a_good_one_is_not_refuted() {
    let mut verified = 0;
    for seed in 0..40 {
        let observations = calibrated(6000, seed);
        let found = propose("billing", &evidence(&observations), 0.9);
        assert_eq!(found, propose("billing", &evidence(&observations), 0.9), "the same in every run");
        // Above a bar t the precision is (1 + t)/2: 0.9 takes a bar of 0.8, a little more for the lower bound.
        let threshold = found.threshold.unwrap();
        assert!((0.76..0.95).contains(&threshold), "{threshold}");
        near(found.coverage.unwrap(), (1.0 - threshold) / 0.5, 0.03);
        assert_ne!(found.verdict, Verdict::Refuted, "{found:?}");
        if found.verdict == Verdict::Verified {
            verified += 1;
            assert!(found.fitted.unwrap().low >= 0.9 && found.verified.unwrap().low >= 0.9);
            assert!(threshold >= 0.8, "seed {seed}: the true precision at {threshold} is below the target");
        }
    }
    assert!((10..=30).contains(&verified), "the lowest bar is a close call: {verified} of 40 verified");
}

#[test]
fn luck_on_the_fitted_part_is_found_out_and_few_tickets_prove_nothing() {
    // Sure and right on one part, sure and wrong on the other.
    let halves = |right_elsewhere: bool, n| -> Vec<Observation> {
        let all_right: Vec<_> = (0..n).map(|at| single(at, "billing", 0.9, "billing")).collect();
        let fitted = propose("billing", &evidence(&all_right), 0.5).fitted.unwrap().n;
        assert!((n / 3..n * 2 / 3).contains(&fitted), "{fitted} of {n} fitted");
        all_right
            .into_iter()
            .map(|mut row| {
                let alone = std::slice::from_ref(&row);
                let fits = propose("billing", &evidence(alone), 0.0).fitted.is_some();
                if !fits && !right_elsewhere {
                    row.settled = super::set(&["other"]);
                }
                row
            })
            .collect()
    };
    assert_eq!(propose("billing", &evidence(&halves(false, 400)), 0.9).verdict, Verdict::Refuted);
    assert_eq!(propose("billing", &evidence(&halves(true, 400)), 0.9).verdict, Verdict::Verified);
    let mut few = halves(true, 400);
    let mut verifying = 0;
    few.retain(|row| {
        let fits = propose("billing", &evidence(std::slice::from_ref(row)), 0.0).fitted.is_some();
        verifying += usize::from(!fits);
        fits || verifying <= 5
    });
    assert_eq!(propose("billing", &evidence(&few), 0.9).verdict, Verdict::Unproven);
    let bad = named("billing", 100, 200);
    let none = propose("billing", &evidence(&bad), 0.9);
    assert_eq!((none.verdict, none.threshold), (Verdict::None, None));
}

#[test]
fn every_label_of_every_head_gets_a_verdict() {
    let mut observations = named("billing", 150, 150);
    observations.push(Observation { head: "priority".into(), ..single(0, "high", 0.9, "low") });
    let heads: BTreeMap<String, HeadEvidence> = by_head(&observations);
    let found = thresholds(&heads, 0.9);
    assert_eq!(found["priority"].keys().collect::<Vec<_>>(), ["high", "low"]);
    assert_eq!(found["category"]["billing"].target, 0.9);
}
