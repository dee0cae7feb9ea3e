use ndarray::Array2;

use super::*;

/// Tickets around three directions, some of them between all.
fn three_kinds() -> (Array2<f32>, Vec<String>) {
    let mut random = fastrand::Rng::with_seed(7);
    let mut rows = Vec::new();
    let mut texts = Vec::new();
    let says = ["refund the invoice please", "printer shows an error", "where is my parcel"];
    for n in 0..150 {
        let kind = n % 3;
        let mut row = [0f32; 8];
        row.iter_mut().for_each(|value| *value = 0.25 * (random.f32() - 0.5));
        row[kind] += 1.0;
        let length = row.iter().map(|value| value * value).sum::<f32>().sqrt();
        rows.extend(row.map(|value| value / length));
        texts.push(format!("hello team {} thank you {n}", says[kind]));
    }
    (Array2::from_shape_vec((150, 8), rows).unwrap(), texts)
}

fn options() -> DiscoverOptions {
    DiscoverOptions {
        tickets: Vec::new(),
        encoder: PathBuf::new(),
        abstained_by: None,
        smallest: None,
        seed: 1,
    }
}

#[test]
fn kinds_are_found_without_being_told_how_many() {
    let (meaning, texts) = three_kinds();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let found = clusters(&meaning, &texts, &options());
    assert_eq!(found.words.len(), 3, "{:?}", found.words);
    for kind in 0..3 {
        let of: std::collections::BTreeSet<_> = (kind..150).step_by(3).map(|n| found.clusters[n]).collect();
        assert_eq!(of.len(), 1, "all of one kind are together");
    }
    assert!(found.apart > 0.5, "{}", found.apart);
    let words: Vec<String> = found.words.concat();
    for own in ["refund", "printer", "parcel"] {
        assert!(words.iter().any(|word| word == own), "{words:?}");
    }
    assert!(!words.iter().any(|word| ["hello", "thank", "team"].contains(&word.as_str())), "{words:?}");
    let again = clusters(&meaning, &texts, &options());
    assert_eq!(again.clusters, found.clusters, "the same once more");
}

#[test]
fn what_belongs_nowhere_stays_scattered() {
    let (mut meaning, mut texts) = three_kinds();
    let lone: Vec<f32> = vec![0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.0];
    meaning.push_row(ndarray::ArrayView1::from(&lone)).unwrap();
    texts.push("something else entirely".into());
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    assert_eq!(clusters(&meaning, &texts, &options()).clusters[150], None);
}

#[test]
fn names_are_labels_and_no_two_the_same() {
    let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let clusters = [
        words(&["card", "lost", "stolen"]),
        words(&["card", "lost", "new"]),
        words(&[]),
        words(&["card", "lost"]),
    ];
    let names = words::names(clusters.iter().map(Vec::as_slice));
    assert_eq!(names, ["card_lost", "card_lost_new", "kind_3", "card_lost_4"]);
}

#[test]
fn a_grain_makes_communities_finer() {
    let ring = |n: usize| -> graph::Graph {
        (0..n).map(|at| vec![((at + 1) % n, 1.0), ((at + n - 1) % n, 1.0)]).collect()
    };
    let count = |grain: f64| community::communities(&ring(60), grain, 1).into_iter().max().unwrap() + 1;
    assert!(count(0.5) < count(3.0) && count(3.0) < 60, "{} {}", count(0.5), count(3.0));
}
