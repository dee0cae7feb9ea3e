//! The model from the command line: trained on a few tickets, measured, asked.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

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
