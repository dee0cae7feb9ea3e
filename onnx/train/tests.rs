use std::cell::RefCell;

use super::*;
use crate::bundle::MANIFEST;
use crate::{Bundle, fixtures};

#[test]
fn the_same_tickets_and_seed_give_the_same_bundle() {
    let [one, other] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let stages = RefCell::new(Vec::new());
    let seen = |progress: Progress| {
        assert!(progress.done <= progress.total);
        stages.borrow_mut().push(progress.stage);
    };
    let first = train(&fixtures::options(one.path()), &fixtures::runtime(), &seen).unwrap();
    let second = train(&fixtures::options(other.path()), &fixtures::runtime(), &|_| ()).unwrap();
    assert_eq!(first.model, second.model);
    assert_eq!(Bundle::open(&first.bundle).unwrap().digest, first.model);
    let mut stages = stages.into_inner();
    stages.dedup();
    assert_eq!(stages, ["convert", "embed", "fit", "write"]);
    let left: Vec<_> = std::fs::read_dir(&first.bundle).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 6, "{left:?}");
    let page = std::fs::read_to_string(first.bundle.join(REPORT)).unwrap();
    assert!(page.contains("<h2>category</h2>") && page.contains("What was taken for what"));
    assert!(
        !page.contains("http") && !page.contains("<script") && !page.contains("money back"),
        "self-contained, no text"
    );

    let category = &first.heads["category"];
    assert_eq!((category.n, category.labels["billing"].n), (21, 7));
    assert!(category.accuracy > 0.9, "{first}");
    let table = first.to_string();
    assert!(table.contains("category: 21 tickets, 2 labels") && table.contains("technical"), "{table}");
    assert!(table.contains("more tickets would bring") || table.contains("too flat"), "{table}");
    let json = serde_json::to_value(&first).unwrap();
    assert_eq!(json["studies"]["category"]["confusion"].as_array().unwrap().len(), 2);
    assert_eq!(json["studies"]["category"]["learning_curve"].as_array().unwrap().len(), 4);
    assert_eq!(json["out_of_scope"]["taught_by"], 0);
    assert_eq!(json["heads"]["topics"]["n"], 21);
    assert!(json["heads"]["category"]["labels"]["billing"]["threshold"].is_number());
}

#[test]
fn a_failed_training_leaves_the_old_bundle_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = fixtures::options(folder.path());
    std::fs::create_dir_all(&options.out).unwrap();
    std::fs::write(options.out.join(MANIFEST), "old").unwrap();
    options.target_precision = 1.0;
    options.single.push("mood".into());
    let told: Vec<String> =
        train(&options, &fixtures::runtime(), &|_| ()).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(told[0], "target precision 1 is not between 0 and 1; 0.96 is usual");
    assert!(
        told[1]
            .ends_with("tickets.csv:1:mood: no such column; there are: id, subject, body, category, topics")
    );

    let mut options = fixtures::options(folder.path());
    options.encoder = folder.path().join("empty");
    let told = train(&options, &fixtures::runtime(), &|_| ()).unwrap_err();
    assert!(told[0].to_string().contains("make setup"), "{told:?}");
    assert_eq!(std::fs::read(options.out.join(MANIFEST)).unwrap(), b"old");
    assert_eq!(std::fs::read_dir(&options.out).unwrap().count(), 1);
}
