use fastrand::Rng;

use super::*;
use crate::lexicon::Counts;
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
    let mut random = Rng::with_seed(4);
    let inside = [points(60, 0, &mut random), points(60, 1, &mut random)].concat();
    let outside = points(strangers, 2, &mut random);
    let matrix = |of: &[[f32; 8]]| Array2::from_shape_fn((of.len(), 8), |(r, c)| of[r][c]);
    let (features, strange) = (matrix(&inside), matrix(&outside));
    let targets: Vec<Vec<usize>> = (0..120).map(|n| vec![n / 60]).collect();
    let none = Counts::new();
    let data = Labelled {
        kind: HeadKind::Single,
        labels: 2,
        all_labels: 2,
        features: features.view(),
        terms: vec![&none; 120],
        targets: &targets,
        strangers: (strange.view(), vec![&none; strangers]),
    };
    let found = crossval::run(&data, 1);
    learn(0, &data, &found)
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
    assert!(metrics.stopped <= STOPPED && metrics.taught_by == 40);
    assert!(scope.weights[1][2] > 0.0 && scope.weights[0][2].abs() < 1e-9);
}
