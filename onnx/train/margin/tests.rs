use super::*;

#[test]
fn a_separable_problem_is_separated_with_room() {
    let rows: Vec<Sparse> = (0..12u32).map(|n| vec![(n % 3, 0.8), (3 + n % 4, 0.6)]).collect();
    let targets: Vec<Vec<usize>> = (0..12).map(|n| vec![n % 3]).collect();
    let (rows, targets) =
        (rows.iter().collect::<Vec<_>>(), targets.iter().map(Vec::as_slice).collect::<Vec<_>>());
    for emphasis in Emphasis::ALL {
        let head = fit(&rows, &targets, 7, 3, emphasis);
        for (row, target) in rows.iter().zip(&targets) {
            for (label, margin) in head.of(row).iter().enumerate() {
                assert_eq!(*margin > 0.0, target.contains(&label), "{emphasis:?}: {margin}");
            }
        }
    }
}

#[test]
fn what_is_found_is_the_minimum() {
    let mut random = Rng::with_seed(1);
    let rows: Vec<Sparse> = (0..40).map(|_| (0..6).map(|place| (place, random.f32())).collect()).collect();
    let signs: Vec<f32> = (0..40).map(|_| if random.bool() { 1.0 } else { -1.0 }).collect();
    let (found, bias) = one(&rows, &signs, 6);
    let cost = |weights: &[f32], bias: f32| {
        let size = weights.iter().map(|w| w * w).sum::<f32>() + bias * bias;
        let hinge =
            rows.iter().zip(&signs).map(|(row, s)| (1.0 - s * (dot(weights, row) + bias)).max(0.0).powi(2));
        0.5 * size + COST * hinge.sum::<f32>()
    };
    let least = cost(&found, bias);
    for place in 0..6 {
        for by in [-0.1, 0.1] {
            let mut moved = found.clone();
            moved[place] += by;
            assert!(cost(&moved, bias) > least, "{place} {by}");
        }
    }
}

#[test]
fn a_term_of_the_label_alone_tells_more_than_one_that_all_have() {
    let rows: Vec<Sparse> = (0..8u32).map(|n| vec![(0, 0.6), (1 + n % 2, 0.8)]).collect();
    let rows: Vec<&Sparse> = rows.iter().collect();
    let signs: Vec<f32> = (0..8).map(|n| if n % 2 == 0 { 1.0 } else { -1.0 }).collect();
    let ratios = ratios(&rows, &signs, 3);
    assert!(ratios[1] > 1.0 && ratios[2] < -1.0, "{ratios:?}");
    assert!(ratios[0].abs() < 1e-3, "{ratios:?}");
    let length: f32 = rows.iter().flat_map(|row| times(row, &ratios)).map(|(_, value)| value * value).sum();
    assert!((length - 8.0).abs() < 1e-3, "rows keep their length on average: {length}");
    let nothing = super::ratios(&[&vec![]], &[1.0], 2);
    assert!(nothing.iter().all(|ratio| ratio.is_finite()));
}
