use std::fmt::Write as _;
use std::path::Path;

use super::*;

fn strings(of: &[&str]) -> Vec<String> {
    of.iter().map(|s| (*s).to_owned()).collect()
}

fn told(folder: &Path, file: &str, content: &str, single: &[&str], multi: &[&str]) -> Vec<String> {
    let path = folder.join(file);
    std::fs::write(&path, content).unwrap();
    let problems = load(&[path], &strings(single), &strings(multi)).unwrap_err();
    let folder = format!("{}/", folder.display());
    problems.iter().map(|p| p.to_string().replace(&folder, "")).collect()
}

fn many() -> String {
    let mut csv = String::from("id,subject,body,category,topics\n");
    for n in 0..6 {
        writeln!(csv, "a{n},Refund,\"please,\nnow {n}\",billing,money|urgent").unwrap();
        writeln!(csv, "b{n},,it is broken {n},technical,").unwrap();
        writeln!(csv, "c{n},Hm,unlabelled {n},,urgent").unwrap();
    }
    csv
}

#[test]
fn csv_and_json_lines_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("t.csv");
    std::fs::write(&csv, format!("\u{feff}{}", many())).unwrap();
    let lines = folder.path().join("t.jsonl");
    let mut json = String::new();
    for n in 0..6 {
        writeln!(json, r#"{{"id":"a{n}","subject":"Refund","body":"please,\nnow {n}","category":"billing","topics":["urgent","money"]}}"#).unwrap();
        writeln!(json, r#"{{"id":"b{n}","body":"it is broken {n}","category":"technical","topics":""}}"#)
            .unwrap();
        writeln!(json, "{{\"id\":\"c{n}\",\"subject\":\"Hm\",\"body\":\"unlabelled {n}\",\"category\":null,\"topics\":\"urgent\"}}\n").unwrap();
    }
    std::fs::write(&lines, json).unwrap();
    let [one, other] =
        [csv, lines].map(|f| load(&[f], &strings(&["category"]), &strings(&["topics"])).unwrap());
    assert_eq!(one.heads[0].labels, ["billing", "technical"]);
    assert_eq!(one.heads[1].labels, ["money", "urgent"]);
    assert_eq!(one.heads[0].answers[..3], [Some(vec![0]), Some(vec![1]), None]);
    assert_eq!(one.heads[1].answers[..3], [Some(vec![0, 1]), Some(vec![]), Some(vec![1])]);
    assert_eq!(one.examples[0].text, "Refund\nplease, now 0");
    for (a, b) in one.heads.iter().zip(&other.heads) {
        assert_eq!((&a.labels, &a.answers), (&b.labels, &b.answers));
    }
    let texts = |corpus: &Corpus| corpus.examples.iter().map(|e| e.text.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&one), texts(&other));
}

#[test]
fn all_problems_are_told_at_once_with_their_places() {
    let folder = tempfile::tempdir().unwrap();
    let content = "id,subject,body,category\n1,\"two\nlines\",x,a\n1,s,b,a\n2,, ,b\n,s,b,a|b\n3,x\n";
    assert_eq!(
        told(folder.path(), "t.csv", content, &["category"], &[]),
        [
            "t.csv:6:category: 2 labels for a single head; name it with --multi, or keep one",
            "t.csv:7: 2 cells where the header has 4; is a quote or a comma missing?",
            "t.csv:4:id: id `1` is also in t.csv:2",
            "t.csv:5: no text: subject and body are both empty; fill one or remove the row",
            "t.csv:6:id: no id; give every ticket its own",
        ]
    );
}

#[test]
fn unknown_columns_name_the_known_ones() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        told(folder.path(), "t.csv", &many(), &["categroy", "priority"], &[]),
        [
            "t.csv:1:categroy: no such column; there are: id, subject, body, category, topics",
            "t.csv:1:priority: no such column; there are: id, subject, body, category, topics",
        ]
    );
    let json = "{\"id\":\"1\",\"body\":\"x\"}\nnonsense\n[]\n";
    assert_eq!(
        told(folder.path(), "t.jsonl", json, &["category"], &[]),
        [
            "t.jsonl:2: not a JSON object (at character 2)",
            "t.jsonl:3: not a JSON object (at character 0)",
            "t.jsonl:category: no ticket has this key",
        ]
    );
}

#[test]
fn too_little_to_learn_from_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (file, content) in [("e.csv", ""), ("h.csv", "id,body,category\n"), ("e.jsonl", "\n\n")] {
        assert_eq!(
            told(folder.path(), file, content, &["category"], &[]),
            [format!("{file}: no tickets in it")]
        );
    }
    let csv = "id,body,category\n1,x,a\n2,y,a\n3,z,a\n4,w,a\n";
    assert_eq!(
        told(folder.path(), "t.csv", csv, &["category"], &[]),
        [
            "category: 1 different labels, at least 2 are needed",
            "category: label `a` has 4 examples, at least 5 are needed; add some, or merge it into another",
        ]
    );
    assert_eq!(told(folder.path(), "t.txt", csv, &["category"], &[]).len(), 1);
}

#[test]
fn heads_are_named_once_and_never_after_a_tickets_own_columns() {
    let problems = load(&[], &strings(&["id", "a", "a"]), &strings(&["a"])).unwrap_err();
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "`id` is a ticket's own column and cannot be a head",
            "head `a` is named twice",
            "head `a` is named twice",
            "no tickets file given; name one with --tickets",
        ]
    );
    assert!(load(&[], &[], &[]).unwrap_err()[0].to_string().starts_with("no head to train"));
}

#[test]
fn a_later_file_corrects_an_earlier_one_head_by_head() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second, third] =
        ["t.csv", "reviewed.jsonl", "twice.jsonl"].map(|name| folder.path().join(name));
    std::fs::write(&first, many()).unwrap();
    std::fs::write(&second, "{\"id\":\"a0\",\"body\":\"other words\",\"category\":\"technical\"}\n").unwrap();
    let heads = (strings(&["category"]), strings(&["topics"]));
    let corpus = load(&[first.clone(), second], &heads.0, &heads.1).unwrap();
    assert_eq!(corpus.examples.len(), 18);
    assert_eq!(corpus.examples[0].text, "other words");
    assert_eq!(corpus.heads[0].answers[0], Some(vec![1]), "what it says counts");
    assert_eq!(
        corpus.heads[1].answers[0],
        Some(vec![0, 1]),
        "and where it says nothing the earlier answer stays"
    );

    let line = "{\"id\":\"a0\",\"body\":\"x\",\"category\":\"technical\"}\n";
    std::fs::write(&third, line.repeat(2)).unwrap();
    let problems = load(&[first, third], &heads.0, &heads.1).unwrap_err();
    assert_eq!(problems.len(), 1, "an id twice in one file is a mistake: {problems:#?}");
}
