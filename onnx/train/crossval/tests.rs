use super::*;
use crate::lexicon::count;

#[test]
fn every_label_is_spread_over_all_folds_and_a_seed_decides_how() {
    let targets: Vec<Vec<usize>> = (0..103).map(|n| vec![usize::from(n % 10 == 0)]).collect();
    let dealt = folds(&targets, 1);
    for label in 0..2 {
        let of_label = |fold| (0..103).filter(|&r| dealt[r] == fold && targets[r][0] == label).count();
        let counts: Vec<usize> = (0..FOLDS).map(of_label).collect();
        assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1, "{counts:?}");
    }
    assert_eq!(dealt, folds(&targets, 1));
    assert_ne!(dealt, folds(&targets, 2));
}

#[test]
fn held_out_logits_know_nothing_of_their_own_ticket() {
    // Labels by coin toss: whoever could see them would be right; held out, nobody can be.
    let mut random = Rng::with_seed(3);
    let features = Array2::from_shape_fn((200, 30), |_| random.f32() - 0.5);
    let targets: Vec<Vec<usize>> = (0..200).map(|_| vec![random.usize(0..2)]).collect();
    let words: Vec<Counts> =
        (0..200).map(|n| count(&format!("ticket {n} says {}", random.u32(..)))).collect();
    let none = Array2::zeros((0, 30));
    let data = Labelled {
        kind: HeadKind::Single,
        labels: 2,
        all_labels: 2,
        features: features.view(),
        terms: words.iter().collect(),
        targets: &targets,
        strangers: (none.view(), vec![]),
    };
    let found = run(&data, 1);
    let right = |(row, target): (&Vec<f32>, &Vec<usize>)| usize::from(row[1] > row[0]) == target[0];
    let hits = found.logits.iter().zip(&targets).filter(|pair| right(*pair)).count();
    assert!((70..130).contains(&hits), "{hits} of 200");
}
