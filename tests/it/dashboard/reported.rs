//! `deskbridge report`: text, JSON by the documented keys, and one HTML file that a browser opens without asking for anything.

use deskbridge::evidence::report::rows::Rows;
use serde_json::{Value, json};

use super::browser::{Browser, LOOKS};
use super::sample;
use crate::harness::project;
use crate::process::{ask, stderr, stdout};

/// The made-up desk as a file of rows.
fn rows(folder: &tempfile::TempDir) -> String {
    let tickets = sample::tickets();
    let rows = Rows { observations: sample::observations(&tickets), courses: sample::courses(&tickets) };
    let file = folder.path().join("rows.jsonl");
    std::fs::write(&file, rows.write().unwrap()).unwrap();
    file.display().to_string()
}

#[test]
fn json_has_the_documented_keys_and_figures_that_fit_together() {
    let folder = tempfile::tempdir().unwrap();
    let output = ask(&["report", "--rows", &rows(&folder), "--format", "json"], "");
    assert!(output.status.success(), "{}", stderr(&output));
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    for key in
        ["window", "labels", "agreement", "coverage_precision", "thresholds", "promotion", "impact", "drift"]
    {
        assert!(!report[key].is_null(), "{key}");
    }
    let category = &report["agreement"]["category"];
    let (n, agreed) = (category["n"].as_u64().unwrap(), category["agreed"].as_u64().unwrap());
    assert!(n > 900 && agreed < category["answered"].as_u64().unwrap());
    let kappa = category["kappa"].as_f64().unwrap();
    let ends = &category["kappa_ci"];
    assert!(ends[0].as_f64().unwrap() < kappa && kappa < ends[1].as_f64().unwrap());
    let counted: u64 = category["confusion"]["counts"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row.as_array().unwrap())
        .map(|cell| cell.as_u64().unwrap())
        .sum();
    assert_eq!(counted, n, "every ticket is in the matrix once");
    let billing = &report["promotion"]["category"]["billing"];
    assert_eq!(billing["state"], "ready", "{billing}");
    assert_eq!(report["promotion"]["category"]["feedback"]["state"], "not_yet");
    for side in ["before", "after"] {
        for figure in ["routing_seconds", "first_response_seconds", "misrouted"] {
            assert!(report["impact"][figure][side]["n"].as_u64().unwrap() > 100, "{figure} {side}");
        }
    }
    assert!(report["impact"]["routing_seconds"]["difference"]["value"].as_f64().unwrap() < -1000.0);
    let points = report["coverage_precision"].as_array().unwrap();
    assert!(points.iter().any(|point| point["label"].is_null() && point["head"] == "category"));
    let shifted = report["drift"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["measure"] == "labels" && row["head"] == "category");
    assert_ne!(shifted.unwrap()["band"], "stable", "parcels get lost in the last week");
}

#[test]
fn text_says_what_may_go_live_and_what_moved() {
    let folder = tempfile::tempdir().unwrap();
    let file = rows(&folder);
    let output = ask(&["report", "--rows", &file], "");
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    for part in [
        "independent tickets",
        "kappa",
        "not counted:",
        "may go live",
        "ready",
        "not yet",
        "most mixed up:",
        "impact:",
        "shorter",
        "drift:",
        "category: label mix",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    let since = ask(&["report", "--rows", &file, "--since", "2026-11-19", "--format", "json"], "");
    let report: Value = serde_json::from_str(&stdout(&since)).unwrap();
    assert!(report["window"]["tickets"].as_u64().unwrap() < 60, "{}", report["window"]);
    assert_eq!(report["window"]["since"], "2026-11-19T00:00:00Z");
}

#[test]
fn rows_that_cannot_be_read_are_named_by_line_and_not_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.jsonl");
    std::fs::write(&file, "\n{\"observation\": {\"secret words\": 1}}\n").unwrap();
    let output = ask(&["report", "--rows", &file.display().to_string()], "");
    assert_eq!(output.status.code(), Some(2));
    let error = stderr(&output);
    assert!(error.contains("line 2") && !error.contains("secret words"), "{error}");
}

#[test]
fn the_file_is_whole_in_itself() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("report.html").display().to_string();
    let output = ask(&["report", "--rows", &rows(&folder), "--format", "html", "--out", &page], "");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).is_empty());
    let mut browser = Browser::start();
    for look in LOOKS {
        browser.look(look);
        browser.open(&format!("file://{page}"));
        assert_eq!(browser.value(include_str!("audit.js")), json!([]), "{}", look.name);
        assert_eq!(browser.complaints(), Vec::<String>::new());
        let others = browser.requests().into_iter().filter(|address| !address.starts_with("data:"));
        assert_eq!(others.collect::<Vec<_>>(), [format!("file://{page}")]);
        browser.picture(&project().join(format!("target/screenshots/report-{}.png", look.name)));
    }
    browser.value("document.querySelector('table[data-sort] thead th:nth-child(2) button').click()");
    let sorted = browser.value("document.querySelector('table[data-sort] thead th:nth-child(2)').ariaSort");
    assert_eq!(sorted, "ascending", "the policy lets the file's own script run");
}
