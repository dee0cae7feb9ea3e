use super::*;

/// Logits of two labels whose difference `z` says the truth: the second is right with probability σ(z).
fn tickets(n: usize, scale: f32) -> (Vec<Vec<f32>>, Vec<Vec<usize>>) {
    let mut random = fastrand::Rng::with_seed(7);
    let one = |_| {
        let z = random.f32() * 4.0 - 2.0;
        let target = vec![usize::from(random.f32() < 1.0 / (1.0 + (-z).exp()))];
        (vec![0.0, z * scale], target)
    };
    (0..n).map(one).unzip()
}

#[test]
fn boastful_logits_are_cooled_and_shy_ones_warmed() {
    for scale in [3.0f32, 0.4] {
        let (logits, targets) = tickets(4_000, scale);
        let silent = vec![vec![0.0; 2]; logits.len()];
        let blend = fit(HeadKind::Single, &logits, &silent, &targets);
        assert!((blend.encoder * f64::from(scale) - 1.0).abs() < 0.15, "{blend:?} for {scale}");
    }
}

#[test]
fn the_opinion_that_knows_gets_the_weight() {
    let (knowing, targets) = tickets(3_000, 1.0);
    let mut random = fastrand::Rng::with_seed(9);
    let noise: Vec<Vec<f32>> = knowing.iter().map(|_| vec![random.f32(), random.f32()]).collect();
    let blend = fit(HeadKind::Single, &noise, &knowing, &targets);
    assert!(blend.lexicon > 0.8 && blend.encoder < 0.3, "{blend:?}");
    let blend = fit(HeadKind::Single, &knowing, &noise, &targets);
    assert!(blend.encoder > 0.8 && blend.lexicon < 0.3, "{blend:?}");
}

#[test]
fn margins_of_rare_labels_are_shifted_to_their_share() {
    let margins = vec![vec![-1.0f32]; 100];
    let targets: Vec<Vec<usize>> = (0..100).map(|n| if n % 10 == 0 { vec![0] } else { vec![] }).collect();
    let blend = fit(HeadKind::Multi, &margins, &margins, &targets);
    let mut row = blend.of(&margins[0], &margins[0]);
    probabilities(HeadKind::Multi, &mut row);
    assert!((row[0] - 0.1).abs() < 0.03, "{row:?} {blend:?}");
}

#[test]
fn a_few_lucky_tickets_make_nobody_certain_and_no_tickets_harm_nobody() {
    let logits = vec![vec![1.0f32, 0.0]; 10];
    let right = vec![vec![0usize]; 10];
    let blend = fit(HeadKind::Single, &logits, &logits, &right);
    let mut row = blend.of(&logits[0], &logits[0]);
    probabilities(HeadKind::Single, &mut row);
    assert!(row[0] < 0.999, "{row:?} {blend:?}");
    let none = fit(HeadKind::Single, &[], &[], &[]);
    assert!((none.encoder - PRIOR[0]).abs() < 1e-6);
    let wrong = fit(HeadKind::Single, &logits, &logits, &vec![vec![1usize]; 10]);
    assert!(wrong.encoder >= BOUNDS.0 && wrong.lexicon >= BOUNDS.0 && wrong.encoder < 1.0);
}
