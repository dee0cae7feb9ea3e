use super::*;

#[test]
fn a_separable_problem_is_separated_with_room() {
    let rows: Vec<Sparse> = (0..12u32).map(|n| vec![(n % 3, 0.8), (3 + n % 4, 0.6)]).collect();
    let targets: Vec<Vec<usize>> = (0..12).map(|n| vec![n % 3]).collect();
    let (rows, targets) =
        (rows.iter().collect::<Vec<_>>(), targets.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let head = fit(&rows, &targets, 7, 3);
    for (row, target) in rows.iter().zip(&targets) {
        for (label, margin) in head.of(row).iter().enumerate() {
            assert_eq!(*margin > 0.0, target.contains(&label), "{margin}");
        }
    }
}

#[test]
fn what_is_found_is_the_minimum() {
    let mut random = Rng::with_seed(1);
    let rows: Vec<Sparse> = (0..40).map(|_| (0..6).map(|place| (place, random.f32())).collect()).collect();
    let signs: Vec<f32> = (0..40).map(|_| if random.bool() { 1.0 } else { -1.0 }).collect();
    let targets: Vec<Vec<usize>> = signs.iter().map(|s| if *s > 0.0 { vec![0] } else { vec![] }).collect();
    let rows: Vec<&Sparse> = rows.iter().collect();
    let head = fit(&rows, &targets.iter().map(Vec::as_slice).collect::<Vec<_>>(), 6, 1);
    let cost = |weights: &[f32], bias: f32| {
        let size = weights.iter().map(|w| w * w).sum::<f32>() + bias * bias;
        let hinge =
            rows.iter().zip(&signs).map(|(row, s)| (1.0 - s * (dot(weights, row) + bias)).max(0.0).powi(2));
        0.5 * size + COST * hinge.sum::<f32>()
    };
    let least = cost(&head.weights[0], head.bias[0]);
    for place in 0..6 {
        for by in [-0.1, 0.1] {
            let mut moved = head.weights[0].clone();
            moved[place] += by;
            assert!(cost(&moved, head.bias[0]) > least, "{place} {by}");
        }
    }
}
