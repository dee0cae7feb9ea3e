use super::*;

fn answers(label: usize, of: impl Iterator<Item = (f32, bool)>) -> Vec<Answer> {
    of.map(|(confidence, right)| Answer { label, confidence, right }).collect()
}

#[test]
fn a_threshold_stops_where_the_bound_falls_under_the_target() {
    let good = (0u8..100).map(|n| (1.0 - f32::from(n) / 200.0, n < 90));
    let found = thresholds(&answers(0, good), 1, 0.9);
    let kept = 1.0 - found[0];
    // Down to 0.55 all is right; the bound then allows a few errors but not ten.
    assert!(found[0] <= 0.555 && found[0] > 0.5, "{found:?} {kept}");
}

#[test]
fn a_weak_label_gets_a_higher_threshold_than_the_common_one() {
    let mut all = answers(0, (0u8..200).map(|n| (0.99 - f32::from(n) / 1000.0, true)));
    all.extend(answers(1, (0u8..20).map(|n| (0.95 - f32::from(n) / 1000.0, n < 10))));
    let found = thresholds(&all, 3, 0.9);
    assert!(found[1] > found[0], "{found:?}");
    assert!((found[2] - HIGH).abs() < 1e-6, "a label nobody was given is only for the sure");
}

#[test]
fn where_the_target_is_out_of_reach_only_the_sure_are_chosen() {
    let coin = (0u8..100).map(|n| (0.9, n % 2 == 0));
    assert_eq!(thresholds(&answers(0, coin), 2, 0.96), [HIGH, HIGH]);
    assert_eq!(thresholds(&[], 1, 0.96), [HIGH]);
}
