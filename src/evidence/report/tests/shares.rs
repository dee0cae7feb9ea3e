//! Intervals against published values, and by simulation against the truth.

use fastrand::Rng;

use super::{near, waits};
use crate::evidence::report::contrast::{Contrast, Known};
use crate::evidence::report::kappa::Kappa;
use crate::evidence::report::middle::{Middle, Waits};
use crate::evidence::report::wilson::{Share, Z};

#[test]
fn wilson_agrees_with_published_values() {
    // Newcombe 1998, Statistics in Medicine 17, table I, method 3: 81/263, 15/148, 0/20, 1/29.
    for (hits, n, low, high) in
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
    {
        let share = Share::of(hits, n).unwrap();
        near(share.low, low, 5e-5);
        near(share.high, high, 5e-5);
    }
    assert_eq!(Share::of(0, 0), None);
    near(Share::of(30, 30).unwrap().low, 0.8865, 5e-5);
}

#[test]
fn a_difference_of_shares_agrees_with_newcombe() {
    // Newcombe 1998, Statistics in Medicine 17, table II, method 10: 56/70 − 48/80 = 0.2 [0.0524, 0.3339].
    let known = |hits, n| Known::from(Share::of(hits, n).unwrap());
    let contrast = Contrast::between(known(48, 80), known(56, 70));
    near(contrast.value, 0.2, 1e-12);
    near(contrast.ci[0], 0.0524, 5e-5);
    near(contrast.ci[1], 0.3339, 5e-5);
    assert!(contrast.is_clear());
    assert!(!Contrast::between(known(10, 20), known(11, 20)).is_clear());
}

#[test]
fn kappa_agrees_with_a_worked_example() {
    // The usual example of two readers and fifty grant proposals: pₒ 0.7, pₑ 0.5.
    let kappa = Kappa::of(&[vec![20, 5], vec![10, 15]]).unwrap();
    near(kappa.kappa, 0.4, 1e-12);
    assert!(kappa.low > 0.1 && kappa.high < 0.7);
    assert_eq!(Kappa::of(&[vec![9, 0], vec![0, 0]]), None, "one answer only: nothing to compare");
    assert_eq!(Kappa::of(&[vec![0, 0], vec![0, 0]]), None);
    let perfect = Kappa::of(&[vec![20, 0], vec![0, 20]]).unwrap();
    near(perfect.kappa, 1.0, 1e-12);
    assert!(perfect.low < 0.9, "forty tickets prove no certainty: {perfect:?}");
}

/// The large-sample variance once more, by another road: a numeric gradient over the cells (delta method).
#[test]
fn kappas_variance_is_the_delta_methods() {
    let counts = [vec![40, 3, 2], vec![5, 30, 1], vec![4, 6, 20]];
    let n: f64 = counts.iter().flatten().sum::<usize>() as f64;
    let cells: Vec<f64> = counts.iter().flatten().map(|count| *count as f64 / n).collect();
    let kappa = |cells: &[f64]| {
        let p = |i: usize, j: usize| cells[3 * i + j];
        let sum: f64 = cells.iter().sum();
        let observed: f64 = (0..3).map(|i| p(i, i)).sum::<f64>() / sum;
        let expected: f64 = (0..3)
            .map(|i| (0..3).map(|j| p(i, j)).sum::<f64>() * (0..3).map(|j| p(j, i)).sum::<f64>())
            .sum::<f64>()
            / (sum * sum);
        (observed - expected) / (1.0 - expected)
    };
    let gradient: Vec<f64> = (0..9)
        .map(|at| {
            let (mut up, mut down) = (cells.clone(), cells.clone());
            up[at] += 1e-6;
            down[at] -= 1e-6;
            (kappa(&up) - kappa(&down)) / 2e-6
        })
        .collect();
    let mean: f64 = cells.iter().zip(&gradient).map(|(p, g)| p * g).sum();
    let square: f64 = cells.iter().zip(&gradient).map(|(p, g)| p * g * g).sum();
    let half = Z * ((square - mean * mean) / n).sqrt();
    let found = Kappa::of(&counts).unwrap();
    near(found.kappa, kappa(&cells), 1e-9);
    near((found.high - found.low) / 2.0, half, 1e-6);
}

#[test]
fn kappas_interval_holds_the_truth_in_about_95_of_100() {
    // True joint shares of two raters over three labels, and the kappa they imply.
    let joint = [[0.40, 0.04, 0.02], [0.05, 0.25, 0.03], [0.03, 0.04, 0.14]];
    let cells: Vec<f64> = joint.iter().flatten().copied().collect();
    let row = |i: usize| joint[i].iter().sum::<f64>();
    let column = |j: usize| joint.iter().map(|row| row[j]).sum::<f64>();
    let observed: f64 = (0..3).map(|i| joint[i][i]).sum();
    let expected: f64 = (0..3).map(|i| row(i) * column(i)).sum();
    let truth = (observed - expected) / (1.0 - expected);
    for (n, least) in [(80, 0.925), (400, 0.935)] {
        let (mut rng, mut holds) = (Rng::with_seed(7), 0);
        for _ in 0..4000 {
            let mut counts = vec![vec![0; 3]; 3];
            for _ in 0..n {
                let (mut left, mut at) = (rng.f64(), 0);
                while at < 8 && left >= cells[at] {
                    left -= cells[at];
                    at += 1;
                }
                counts[at / 3][at % 3] += 1;
            }
            let kappa = Kappa::of(&counts).unwrap();
            holds += usize::from(kappa.low <= truth && truth <= kappa.high);
        }
        let coverage = f64::from(u32::try_from(holds).unwrap()) / 4000.0;
        assert!((least..=0.965).contains(&coverage), "n = {n}: {coverage}");
    }
}

#[test]
fn a_medians_interval_holds_the_truth_and_needs_enough() {
    assert_eq!(Middle::of(&waits([1.0; 19])), None);
    let middle = Middle::of(&waits((1..=25).map(f64::from))).unwrap();
    near(middle.median, 13.0, 1e-12);
    near(middle.p90, 23.0, 1e-12);
    let (mut rng, mut holds) = (Rng::with_seed(11), 0);
    for _ in 0..2000 {
        // Exponential waits with a mean of 1: their median is ln 2.
        let middle = Middle::of(&waits((0..60).map(|_| -(1.0 - rng.f64()).ln()))).unwrap();
        let truth = std::f64::consts::LN_2;
        holds += usize::from(middle.low <= truth && truth <= middle.high);
    }
    assert!((1880..=1970).contains(&holds), "{holds} of 2000");
}

#[test]
fn many_waits_are_counted_in_bins_of_a_thousandth() {
    let mut rng = Rng::with_seed(13);
    // From a few milliseconds to some months.
    let exact: Vec<f64> = (0..20_000).map(|_| (rng.f64() * 23.0 - 6.0).exp()).collect();
    let binned = waits(exact.iter().copied());
    assert!(matches!(binned, Waits::Many(_)) && binned.len() == exact.len());
    let middle = Middle::of(&binned).unwrap();
    let mut sorted = exact;
    sorted.sort_by(f64::total_cmp);
    for (found, expected) in
        [(middle.median, (sorted[9_999] + sorted[10_000]) / 2.0), (middle.p90, sorted[17_999])]
    {
        assert!((found / expected - 1.0).abs() < 0.001, "{found} is not {expected}");
    }
    assert!(middle.low < middle.median && middle.median < middle.high);
}
