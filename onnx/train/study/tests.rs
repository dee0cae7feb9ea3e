use super::*;

fn strings(of: &[&str]) -> Vec<String> {
    of.iter().map(|s| (*s).to_owned()).collect()
}

#[test]
fn a_wrong_label_is_suspected_and_an_uncertain_one_is_not() {
    let labels = strings(&["a", "b"]);
    let mut rows = vec![vec![0.9f32, 0.1]; 5];
    rows.extend(vec![vec![0.1, 0.9]; 5]);
    let mut given = vec![0, 0, 0, 0, 0, 1, 1, 1, 1, 1];
    // One says `a` and is surely `b`; one says `a` and could be either.
    rows.extend([vec![0.05, 0.95], vec![0.45, 0.55]]);
    given.extend([0, 0]);
    let ids: Vec<String> = (0..12).map(|n| format!("t{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let found = suspects(&labels, &ids, &rows, &given, &[7, 5]);
    let expected = Suspect { id: "t10".into(), given: "a".into(), suggested: "b".into(), confidence: 0.95 };
    assert_eq!(found, [expected]);
}

#[test]
fn pairs_that_are_taken_for_each_other_are_named_worst_first() {
    let confusion = [vec![10, 6, 0], vec![4, 16, 2], vec![0, 2, 38]];
    let found = overlapping(&strings(&["a", "b", "c"]), &confusion, &[16, 22, 40]);
    let told: Vec<_> = found.iter().map(|o| (o.a.as_str(), o.b.as_str(), o.n)).collect();
    assert_eq!(told, [("a", "b", 10), ("b", "c", 4)]);
}

#[test]
fn a_curve_that_rises_is_carried_on_and_one_that_falls_says_nothing() {
    let curve = |values: [f64; 3]| {
        [200, 400, 800].into_iter().zip(values).map(|(n, accuracy)| Point { n, accuracy }).collect::<Vec<_>>()
    };
    let found = forecast(&curve([0.6, 0.7, 0.775])).unwrap();
    assert!(found.accuracy > 0.78 && found.accuracy < 0.85, "{found:?}");
    assert_eq!(forecast(&curve([0.8, 0.79, 0.78])), None);
    assert_eq!(forecast(&[]), None);
    assert_eq!(forecast(&curve([0.8, 0.8, 0.8])[..1]), None);
}
