use ndarray::array;

use super::*;

#[test]
fn a_separable_problem_is_separated() {
    let features = array![[1.0f32, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9], [-1.0, 0.0], [-0.9, -0.1]];
    let targets = array![
        [1.0f32, 0.0, 0.0],
        [1.0, 0.0, 0.0],
        [0.0, 1.0, 0.0],
        [0.0, 1.0, 0.0],
        [0.0, 0.0, 1.0],
        [0.0, 0.0, 1.0]
    ];
    for kind in [HeadKind::Single, HeadKind::Multi] {
        let head = fit(&Task { kind, features: features.view(), targets: targets.view() }, 100.0, None);
        let mut logits = head.logits(features.view());
        for (mut row, target) in logits.rows_mut().into_iter().zip(targets.rows()) {
            probabilities(kind, row.as_slice_mut().unwrap());
            for (p, t) in row.iter().zip(target) {
                assert!((p - t).abs() < 0.35, "{kind:?}: {row} for {target}");
            }
        }
    }
}

#[test]
fn the_gradient_is_the_slope_of_the_loss() {
    for kind in [HeadKind::Single, HeadKind::Multi] {
        let (logits, target) = ([0.3f32, -1.2, 0.8], [0.0f32, 1.0, 0.0]);
        let mut residual = logits;
        loss_and_residual(kind, &mut residual, &target);
        for n in 0..3 {
            let moved = |by: f32| {
                let mut row = logits;
                row[n] += by;
                loss_and_residual(kind, &mut row, &target)
            };
            let slope = (moved(1e-2) - moved(-1e-2)) / 2e-2;
            assert!((slope - f64::from(residual[n])).abs() < 1e-3, "{kind:?} {n}");
        }
    }
}

#[test]
fn a_minimum_has_no_slope_and_a_warm_start_leads_to_the_same() {
    let features = Array2::from_shape_fn((60, 8), |(r, c)| ((r * 7 + c * 13) % 11) as f32 / 11.0);
    let targets = Array2::from_shape_fn((60, 3), |(r, c)| f32::from(u8::from((r * 5 / 3) % 3 == c)));
    let task = Task { kind: HeadKind::Single, features: features.view(), targets: targets.view() };
    let cold = fit(&task, 10.0, None);
    let warm = fit(&task, 10.0, Some(&fit(&task, 1.0, None)));
    let apart = (&cold.weights - &warm.weights).mapv(f32::abs).fold(0f32, |a, b| a.max(*b));
    assert!(apart < 0.05, "{apart}");
}
