use fastrand::Rng;

use super::*;
use crate::lexicon::{self, Counts};
use crate::train::crossval;

/// Two clusters on a circle of eight dimensions, and strangers in a third direction.
fn points(n: usize, towards: usize, random: &mut Rng) -> Vec<[f32; 8]> {
    let one = |_| {
        let mut point: [f32; 8] =
            std::array::from_fn(|at| random.f32() * 0.5 + f32::from(u8::from(at == towards)));
        let length = point.iter().map(|v| v * v).sum::<f32>().sqrt();
        point.iter_mut().for_each(|v| *v /= length);
        point
    };
    (0..n).map(one).collect()
}

fn learnt(strangers: usize) -> (Scope, ScopeMetrics) {
    learnt_from(strangers, 2, |_| String::new())
}

/// Strangers point `towards`; `says` gives the words of the `n`th message, those in scope first.
fn learnt_from(strangers: usize, towards: usize, says: impl Fn(usize) -> String) -> (Scope, ScopeMetrics) {
    let mut random = Rng::with_seed(4);
    let inside = [points(60, 0, &mut random), points(60, 1, &mut random)].concat();
    let outside = points(strangers, towards, &mut random);
    let counts: Vec<Counts> = (0..120 + strangers).map(|n| lexicon::count(&says(n))).collect();
    let matrix = |of: &[[f32; 8]]| Array2::from_shape_fn((of.len(), 8), |(r, c)| of[r][c]);
    let (features, strange) = (matrix(&inside), matrix(&outside));
    let targets: Vec<Vec<usize>> = (0..120).map(|n| vec![n / 60]).collect();
    let data = Labelled {
        kind: HeadKind::Single,
        labels: 2,
        all_labels: 2,
        features: features.view(),
        terms: counts[..120].iter().collect(),
        targets: &targets,
        strangers: (strange.view(), counts[120..].iter().collect()),
    };
    let found = crossval::run(&data, 1);
    learn(0, &data, &found, &Lexicon::learn(&counts.iter().collect::<Vec<_>>(), 3))
}

#[test]
fn without_strangers_distance_alone_stops_two_in_a_hundred_at_most() {
    let (scope, metrics) = learnt(0);
    assert!(metrics.stopped <= STOPPED && metrics.auroc.is_none() && metrics.found.is_none());
    assert!(scope.weights[0][0] < 0.0 && scope.weights[0][1] < 0.0 && scope.weights[0][2].abs() < 1e-9);
    assert_eq!(learnt(FEWEST - 1).1.auroc, None, "too few to learn from");
}

#[test]
fn strangers_teach_what_distance_does_not_know() {
    let (scope, metrics) = learnt(40);
    assert!(metrics.auroc.unwrap() > 0.95 && metrics.found.unwrap() > 0.7, "{metrics:?}");
    assert!(metrics.stopped <= 1.5 * STOPPED && metrics.taught_by == 40);
    assert!(scope.weights[1][2] > 0.0 && scope.weights[0][2].abs() < 1e-9);
}

#[test]
fn words_tell_strangers_whose_meaning_looks_familiar() {
    let says = |n: usize| match n {
        120.. => format!("unsubscribe from this newsletter number {n}"),
        n if n % 2 == 0 => format!("my order {n} is wrong, please help"),
        n => format!("the invoice {n} has an error, can you look"),
    };
    let (_, silent) = learnt_from(40, 0, |_| String::new());
    let (scope, told) = learnt_from(40, 0, says);
    assert!(silent.found.unwrap() < 0.5, "they point where tickets do: {silent:?}");
    assert!(told.found.unwrap() > 0.9 && told.stopped <= 2.0 * STOPPED, "{told:?}");
    assert!(scope.weights[1][3] > 0.0 && scope.odd.is_some());
}
