//! The model from the command line: trained on a few tickets, measured, asked.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::harness::House;
use crate::process::{ask, stderr, stdout};

/// Tickets of two labels, some that are nobody's business, and a column of several labels.
fn tickets(file: &Path) {
    let mut csv = String::from("id,subject,body,category,topics\n");
    let things = ["invoice", "refund", "receipt", "card payment", "credit note", "bank transfer", "charge"];
    let faults =
        ["login page", "mobile app", "file upload", "crash report", "browser", "printer", "search box"];
    let news = ["cruise", "lottery prize", "webinar", "miracle diet", "casino bonus", "newsletter"];
    for (n, (thing, fault)) in things.iter().zip(faults).enumerate() {
        writeln!(csv, "b{n},About my {thing},The {thing} is wrong and I want my money back,billing,money")
            .unwrap();
        writeln!(csv, "t{n},,The {fault} does not work since the update and keeps failing,technical,")
            .unwrap();
        writeln!(csv, "u{n},Urgent,The {fault} fails when I look at the {thing},technical,money|urgent")
            .unwrap();
    }
    for (n, thing) in news.iter().cycle().take(12).enumerate() {
        writeln!(
            csv,
            "o{n},,Congratulations number {n}! Click here to claim your {thing} today,out_of_scope,"
        )
        .unwrap();
    }
    std::fs::write(file, csv).unwrap();
}

#[test]
fn a_bundle_is_trained_measured_and_asked() {
    let folder = tempfile::tempdir().unwrap();
    let (file, bundle) = (folder.path().join("tickets.csv"), folder.path().join("bundle"));
    tickets(&file);
    let (file, bundle) = (file.to_str().unwrap(), bundle.to_str().unwrap());
    let trained = ask(
        &[
            "train",
            "--tickets",
            file,
            "--single",
            "category",
            "--multi",
            "topics",
            "--out",
            bundle,
            "--target-precision",
            "0.7",
            "--json",
        ],
        "",
    );
    assert!(trained.status.success(), "{}", stderr(&trained));
    let report: Value = serde_json::from_str(&stdout(&trained)).unwrap();
    assert_eq!(report["heads"]["category"]["n"], 21);
    assert_eq!(report["out_of_scope"]["taught_by"], 12);
    assert!(report["out_of_scope"]["auroc"].as_f64().unwrap() > 0.9, "{report}");
    assert!(report["studies"]["category"]["suspects"].is_array());
    let page = std::fs::read_to_string(Path::new(bundle).join("report.html")).unwrap();
    assert!(page.contains("<svg") && !page.contains("money back"), "charts, and no ticket's text");

    let measured = ask(&["evaluate", "--bundle", bundle, "--tickets", file, "--json"], "");
    assert!(measured.status.success(), "{}", stderr(&measured));
    let found: Value = serde_json::from_str(&stdout(&measured)).unwrap();
    for key in ["n", "accuracy", "macro_f1", "ece", "target_precision", "coverage", "precision", "labels"] {
        assert!(found["heads"]["category"].get(key).is_some(), "{key} is missing in {found}");
        assert!(found["heads"]["topics"].get(key).is_some(), "{key} is missing in {found}");
    }
    assert!(found["heads"]["category"]["labels"]["billing"]["threshold"].is_number());
    let table = stdout(&ask(&["evaluate", "--bundle", bundle, "--tickets", file], ""));
    assert!(table.contains("category: 21 tickets") && table.contains("out of scope"), "{table}");

    let input = "{\"id\":\"1\",\"body\":\"Congratulations number 77! Click here to claim your cruise today\"}\n{\"id\":\"2\",\"body\":\"The invoice is wrong and I want my money back\"}\n";
    let asked = stdout(&ask(&["classify", "--bundle", bundle], input));
    let lines: Vec<Value> = asked.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["out_of_scope"]["is"], true, "{asked}");
    assert_eq!(lines[0]["heads"]["category"]["abstained"], true);
    assert_eq!(lines[1]["out_of_scope"]["is"], false, "{asked}");
    assert_eq!(lines[1]["heads"]["category"]["label"], "billing");
    assert_eq!(lines[1]["heads"]["topics"]["labels"][0]["label"], "money", "{asked}");
}

#[test]
fn evaluate_says_what_is_wrong_with_its_input() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("broken.csv");
    std::fs::write(&file, "id,body,category\n1,,billing\n").unwrap();
    let output = ask(&["evaluate", "--tickets", file.to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("broken.csv:2: no text"), "{}", stderr(&output));
    let output = ask(&["evaluate", "--bundle", "no/such", "--tickets", file.to_str().unwrap()], "");
    assert_eq!(output.status.code(), Some(78));
}

#[test]
fn kinds_of_tickets_are_proposed_as_labels_and_can_be_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("unlabelled.csv");
    let mut csv = String::from("id,subject,body\n");
    let endings = ["please", "today", "again", "as agreed", "once more", "thanks", "for my firm", "at home"];
    for n in 0..40 {
        let end = endings[n % endings.len()];
        writeln!(csv, "i{n},,My invoice number {n} shows the wrong amount {end} and I want a refund")
            .unwrap();
        writeln!(csv, "p{n},,The printer in room {n} prints empty pages {end} since the update").unwrap();
        writeln!(csv, "d{n},,Parcel {n} has not arrived {end} and the courier does not answer").unwrap();
    }
    std::fs::write(&file, csv).unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (file, labels, proposed, bundle) =
        (at("unlabelled.csv"), at("labels.yaml"), at("proposed.csv"), at("bundle"));
    let asked = ["suggest-labels", "--tickets", &file, "--out", &labels, "--assigned", &proposed, "--json"];
    let found = ask(&asked, "");
    assert!(found.status.success(), "{}", stderr(&found));
    let found: Value = serde_json::from_str(&stdout(&found)).unwrap();
    let clusters = found["clusters"].as_array().unwrap();
    assert_eq!(clusters.len(), 3, "{found:#}");
    for word in ["invoice", "printer", "courier"] {
        let of = |cluster: &&Value| cluster["words"].as_array().unwrap().iter().any(|own| own == word);
        let cluster =
            clusters.iter().find(of).unwrap_or_else(|| panic!("no kind is about {word}: {found:#}"));
        assert_eq!(cluster["size"], 40, "{word}");
    }
    let yaml = std::fs::read_to_string(&labels).unwrap();
    assert!(yaml.contains("heads:\n  category:\n") && yaml.contains("#   i"), "{yaml}");

    let trained = ask(
        &[
            "train",
            "--tickets",
            &proposed,
            "--single",
            "category",
            "--out",
            &bundle,
            "--target-precision",
            "0.8",
        ],
        "",
    );
    assert!(trained.status.success(), "{}", stderr(&trained));
    // What it knows it does not abstain on, so that nothing is left to find a kind in.
    let again = ask(&["suggest-labels", "--tickets", &file, "--abstained-by", &bundle], "");
    assert_eq!(again.status.code(), Some(2), "{}", stdout(&again));
    assert!(stderr(&again).contains("the bundle abstains on"), "{}", stderr(&again));
    let few = ask(&["suggest-labels", "--tickets", &at("nowhere.csv")], "");
    assert_eq!(few.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn descriptions_make_a_first_bundle_that_says_what_it_is_where_it_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (labels, bundle) = (at("labels.yaml"), at("first"));
    let yaml = "heads:\n  category:\n    billing: Invoices, charges, refunds and payments.\n    technical: The app shows an error, crashes or does not load.\n  topics:\n    refund: Money back.\n    mobile: The phone app.\n";
    std::fs::write(&labels, yaml).unwrap();
    let made = ask(&["zero-shot", "--labels", &labels, "--multi", "topics", "--out", &bundle, "--json"], "");
    assert!(made.status.success(), "{}", stderr(&made));
    let made: Value = serde_json::from_str(&stdout(&made)).unwrap();
    assert_eq!(
        (made["made"].as_str(), made["heads"]["category"][1].as_str()),
        (Some("zero_shot"), Some("technical"))
    );
    let said = ask(
        &["classify", "--bundle", &bundle],
        "{\"id\":\"1\",\"body\":\"I was charged twice, please refund the payment\"}\n",
    );
    let line: Value = serde_json::from_str(&stdout(&said)).unwrap();
    assert_eq!(line["heads"]["category"]["label"], "billing", "{line}");

    let mut house = House::start("shadow", "version: 1\nrules: []\n").await;
    house.stop().await;
    let config = house.write_settings("shadow", "version: 1\nrules: []\n", "127.0.0.1:0", "127.0.0.1:0");
    let settings = std::fs::read_to_string(&config).unwrap();
    let starter = settings.lines().find(|line| line.contains("bundle:")).unwrap().to_owned();
    let first = format!("model: {{ bundle: {bundle:?} }}");
    std::fs::write(&config, settings.replace(&starter, &first)).unwrap();
    let checked = ask(&["check", "--config", config.to_str().unwrap()], "");
    let told = format!("{}{}", stdout(&checked), stderr(&checked));
    assert!(checked.status.success() && told.contains("zero-shot: made from descriptions alone"), "{told}");

    let wrong = ask(&["zero-shot", "--labels", &labels, "--multi", "mood", "--out", &bundle], "");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("no such head; there are: category, topics"), "{}", stderr(&wrong));
    std::fs::write(&labels, "heads:\n  category: {}\n").unwrap();
    let wrong = ask(&["zero-shot", "--labels", &labels, "--out", &bundle], "");
    assert_eq!(wrong.status.code(), Some(78));
    assert!(stderr(&wrong).contains("labels.yaml:2:"), "{}", stderr(&wrong));
}

#[test]
fn what_is_no_exported_classifier_is_refused_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let classifier = folder.path().display().to_string();
    let out = folder.path().join("bundle").display().to_string();
    let asked = ["import", "--classifier", &classifier, "--head", "category", "--out", &out];
    let refused = ask(&asked, "");
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("config.json"), "{}", stderr(&refused));
    std::fs::write(folder.path().join("config.json"), r#"{"id2label":{"0":"a","1":"b"}}"#).unwrap();
    let refused = ask(&asked, "");
    assert!(stderr(&refused).contains("export the classifier to ONNX first"), "{}", stderr(&refused));
}
