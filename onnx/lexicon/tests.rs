use proptest::prelude::*;

use super::*;

fn learnt(texts: &[&str]) -> Lexicon {
    let counts: Vec<Counts> = texts.iter().map(|text| count(text)).collect();
    Lexicon::learn(&counts.iter().collect::<Vec<_>>(), 3)
}

const TEXTS: [&str; 3] =
    ["Refund my invoice, please", "the app crashes; the app is slow", "Où est mon colis?"];

#[test]
fn each_part_has_length_one_and_unknown_terms_count_for_nothing() {
    let lexicon = learnt(&TEXTS);
    let features = lexicon.features("refund the APP zzzzzz");
    let mut squares = [0f32; 2];
    features.iter().for_each(|(place, v)| squares[terms::part(lexicon.terms[*place as usize].0)] += v * v);
    assert!(squares.iter().all(|sum| (sum - 1.0).abs() < 1e-5), "{squares:?}");
    assert_eq!(lexicon.features("refund the app qqqqqq"), features);
    assert!(lexicon.features("").is_empty() && lexicon.features("qqqqqq").is_empty());
}

#[test]
fn words_and_letter_groups_are_counted_as_documented() {
    let counted = |text: &str| count(text).iter().map(|(_, n)| *n as usize).sum::<usize>();
    // One word; ` ab` `ab ` and ` ab `.
    assert_eq!(counted("ab"), 1 + 2 + 1);
    // No word of one letter; the only group is ` a ` itself.
    assert_eq!(counted("a"), 1);
    // Two words and the pair; `␣abc␣` has 3 of three, 2 of four, 1 of five.
    assert_eq!(counted("abc abc"), 3 + 2 * (3 + 2 + 1));
    assert_eq!(count("Straße ÉTÉ"), count("straße été"));
}

#[test]
fn frequent_terms_are_worth_less_and_the_budget_keeps_them() {
    let lexicon = learnt(&["refund alpha", "refund beta", "refund gamma"]);
    let idf = |word: &str| {
        let hash = count(word).into_iter().find(|(hash, _)| terms::part(*hash) == 0).unwrap().0;
        lexicon.terms[lexicon.places[&hash] as usize].1
    };
    assert!((idf("refund") - 1.0).abs() < 1e-6 && idf("alpha") > 1.6);
    let counts = count("refund alpha");
    let tiny = Lexicon::learn(&[&counts, &count("refund")], BUDGET / 10);
    assert!(tiny.len() < lexicon.len());
    assert!(!tiny.features("refund").is_empty() && tiny.features("alpha").is_empty());
}

#[test]
fn rounded_weights_give_the_margins_of_the_exact_ones() {
    let exact = [vec![0.5, -1.0, 0.25], vec![2.0, 0.0, -0.1]];
    let weights = Weights::round(&exact, vec![0.1, -0.2]);
    let features = vec![(0, 0.6), (2, 0.8)];
    for (margin, expected) in weights.margins(&features).iter().zip([0.6, 0.92]) {
        assert!((margin - expected).abs() < 0.02, "{margin} {expected}");
    }
}

#[test]
fn a_file_reads_back_the_same_and_a_broken_one_is_refused() {
    let lexicon = learnt(&TEXTS);
    let row: Vec<f32> = (0..lexicon.len()).map(|n| (n as f32).sin()).collect();
    let weights = Weights::round(&[row.clone(), row], vec![0.5, -0.5]);
    let bytes = write(&lexicon, &weights);
    let (read_lexicon, read_weights) = read(&bytes).unwrap();
    assert_eq!((&read_lexicon, &read_weights), (&lexicon, &weights));
    let text = "refund the slow app";
    assert_eq!(read_weights.margins(&read_lexicon.features(text)), weights.margins(&lexicon.features(text)));
    for broken in [&bytes[..bytes.len() - 1], &bytes[8..], &bytes[..12], b"", &[&bytes[..], b"x"].concat()] {
        assert!(read(broken).is_err());
    }
    let mut huge = bytes.clone();
    huge[8..16].fill(0xff);
    assert!(read(&huge).is_err());
}

proptest! {
    #[test]
    fn any_text_gives_ascending_places_and_finite_values(text in ".{0,200}") {
        let features = learnt(&TEXTS).features(&text);
        prop_assert!(features.is_sorted_by(|a, b| a.0 < b.0));
        prop_assert!(features.iter().all(|(_, v)| v.is_finite() && *v > 0.0));
    }
}
