use super::*;
use crate::blend::Blend;
use crate::train::margin::Emphasis;

fn words(labels: &[&str]) -> Vec<String> {
    labels.iter().map(|label| (*label).to_owned()).collect()
}

fn member<'a>(name: &'a str, labels: &'a [String], targets: &'a [Vec<usize>]) -> Member<'a> {
    let places = (0..targets.len()).map(|n| (n, n)).collect();
    Member { name, labels, kind: HeadKind::Single, places, targets }
}

fn found(logits: Vec<Vec<f32>>) -> Found {
    let blend = Blend { encoder: 1.0, lexicon: 1.0, shift: 0.0 };
    Found {
        freedom: 1.0,
        emphasis: Emphasis::Even,
        blend,
        folds: vec![0; logits.len()],
        logits,
        strange_logits: vec![],
    }
}

#[test]
fn a_head_that_lies_under_another_is_found_and_one_that_does_not_is_left_alone() {
    let (category, sub, mood) = (
        words(&["billing", "technical"]),
        words(&["bug", "invoice", "outage", "refund"]),
        words(&["bad", "fine", "good"]),
    );
    let of = |n: usize| [vec![1], vec![0], vec![1], vec![0]][n % 4].clone();
    let categories: Vec<Vec<usize>> = (0..80).map(of).collect();
    let subs: Vec<Vec<usize>> = (0..80).map(|n| vec![n % 4]).collect();
    let moods: Vec<Vec<usize>> = (0..80).map(|n| vec![n % 3]).collect();
    let members = [
        member("category", &category, &categories),
        member("mood", &mood, &moods),
        member("subcategory", &sub, &subs),
    ];
    let pairs = pairs(&members);
    assert_eq!(pairs.len(), 1);
    assert_eq!((pairs[0].coarse, pairs[0].fine, &pairs[0].under[..]), (0, 2, &[1, 0, 1, 0][..]));
}

#[test]
fn each_head_hears_the_other_where_that_helps() {
    let (category, sub) = (words(&["billing", "technical"]), words(&["bug", "invoice", "outage", "refund"]));
    let subs: Vec<Vec<usize>> = (0..80).map(|n| vec![n % 4]).collect();
    let categories: Vec<Vec<usize>> = (0..80).map(|n| vec![[1, 0, 1, 0][n % 4]]).collect();
    let members = [member("category", &category, &categories), member("subcategory", &sub, &subs)];
    // The category is known for certain; the subcategory only up to its neighbour in the other category.
    let sure: Vec<Vec<f32>> =
        categories.iter().map(|c| if c[0] == 0 { vec![3.0, 0.0] } else { vec![0.0, 3.0] }).collect();
    let torn: Vec<Vec<f32>> = subs
        .iter()
        .enumerate()
        .map(|(n, own)| {
            let mut row = vec![-2.0; 4];
            row[own[0]] = 1.0;
            row[(own[0] + 1) % 4] = if n % 3 == 0 { 1.4 } else { 0.2 };
            row
        })
        .collect();
    let all = [found(sure), found(torn.clone())];
    let [(_, _, up), (at, tied, down)] = tie_pair(&pairs(&members)[0], &members, &all);
    assert_eq!((at, up.head.as_str(), down.head.as_str()), (1, "subcategory", "category"));
    assert!(down.weight > 0.0 && down.under["outage"] == "technical");
    let right = |rows: &[Vec<f32>]| {
        let best = |row: &Vec<f32>| (0..4).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap();
        rows.iter().zip(&subs).filter(|(row, own)| best(row) == own[0]).count()
    };
    assert!(
        right(&tied.logits) == 80 && right(&torn) < 60,
        "{} of 80, {} alone",
        right(&tied.logits),
        right(&torn)
    );
}

#[test]
fn a_head_that_hears_nothing_of_use_stays_as_it_is() {
    let own: Vec<Vec<f32>> =
        (0..60).map(|n| if n % 2 == 0 { vec![2.0, 0.0] } else { vec![0.0, 2.0] }).collect();
    let targets: Vec<Vec<usize>> = (0..60).map(|n| vec![n % 2]).collect();
    let nothing = vec![None; 60];
    let tied = tie(&own, &nothing, &targets);
    assert_eq!((tied.weight, tied.scale), (0.0, 1.0));
    assert_eq!(tied.logits, own);
}
