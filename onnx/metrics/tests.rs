use super::*;

#[test]
fn wilson_agrees_with_published_values() {
    // 9 of 10 at 1.96: 0.5958 (e.g. R's binom::binom.wilson).
    assert!((wilson_lower(9, 10, 1.96) - 0.5958).abs() < 1e-3);
    assert!(wilson_lower(0, 0, 1.96).abs() < 1e-12);
    assert!(wilson_lower(40, 40, 1.2816) > 0.96);
    assert!(wilson_lower(30, 30, 1.2816) < 0.96);
}

#[test]
fn calibration_error_is_the_gap_between_said_and_true() {
    let honest = (0..100).map(|n| (0.75, n % 4 != 0));
    assert!(ece(honest) < 1e-6);
    let boastful = (0..100).map(|n| (1.0, n % 2 == 0));
    assert!((ece(boastful) - 0.5).abs() < 1e-6);
}

#[test]
fn chance_is_what_an_honest_head_measures_on_few_tickets() {
    let mut random = fastrand::Rng::with_seed(7);
    for tickets in [60, 600, 6000] {
        let sure: Vec<f32> = (0..tickets).map(|_| 0.3 + 0.7 * random.f32()).collect();
        let drawn: f64 = (0..300)
            .map(|_| ece(sure.iter().map(|p| (*p, random.f32() < *p)).collect::<Vec<_>>().into_iter()))
            .sum();
        let (drawn, told) = (drawn / 300.0, ece_by_chance(sure.iter().copied()));
        assert!((told / drawn - 1.0).abs() < 0.1, "{tickets}: {told} told, {drawn} drawn");
    }
    assert!(ece_by_chance([].into_iter()).abs() < f64::EPSILON);
    assert!(
        ece_by_chance([1.0f32; 9].into_iter()).abs() < f64::EPSILON,
        "who is certain leaves nothing to chance"
    );
}

#[test]
fn counts_give_precision_recall_and_f1() {
    let mut counts = Counts::default();
    for (said, right) in [(true, true), (true, true), (true, false), (false, true), (false, false)] {
        counts.add(said, right);
    }
    let metrics = counts.metrics(0.5);
    assert_eq!(metrics.n, 3);
    for value in [metrics.precision, metrics.recall, metrics.f1] {
        assert!((value - 2.0 / 3.0).abs() < 1e-9);
    }
}

#[test]
fn auroc_counts_pairs_in_the_right_order() {
    assert!((auroc(&[1.0, 2.0, 3.0], &[2.0, 4.0]) - 4.5 / 6.0).abs() < 1e-9);
    assert!((auroc(&[], &[1.0]) - 0.5).abs() < 1e-9);
}
