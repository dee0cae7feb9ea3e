//! The house rules that no compiler checks: sizes, directions, words, and docs that keep step with the code.

use std::fs;
use std::path::{Path, PathBuf};

use deskbridge_connectors::{Effect, Platform};

use crate::harness::project;

/// The longest a Rust file may be.
const MOST_LINES: usize = 400;

/// Every tracked-looking file below a folder with one of these endings, with its text.
fn files(below: &str, endings: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    walk(&project().join(below), endings, &mut found);
    found.sort();
    assert!(!found.is_empty(), "there is nothing below {below}");
    found
}

fn walk(folder: &Path, endings: &[&str], found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !matches!(name.as_str(), "target" | ".git" | "runtime" | "encoder" | ".fetch") {
                walk(&path, endings, found);
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push((path.clone(), fs::read_to_string(&path).unwrap_or_default()));
        }
    }
}

fn rust_files() -> Vec<(PathBuf, String)> {
    ["src", "connectors", "onnx", "tests"].iter().flat_map(|folder| files(folder, &[".rs"])).collect()
}

/// Fails with every file below `folder` that has one of the words in a line, comments included.
fn banned(folder: &str, words: &[&str], why: &str) {
    let mut faults = Vec::new();
    for (path, text) in files(folder, &[".rs"]) {
        for (at, line) in text.lines().enumerate() {
            let lower = line.to_lowercase();
            if words.iter().any(|word| lower.contains(&word.to_lowercase())) {
                faults.push(format!("{}:{}: {}", path.display(), at + 1, line.trim()));
            }
        }
    }
    assert!(faults.is_empty(), "{why}:\n{}", faults.join("\n"));
}

#[test]
fn files_are_short() {
    let long: Vec<_> = rust_files()
        .into_iter()
        .filter(|(_, text)| text.lines().count() > MOST_LINES)
        .map(|(path, text)| format!("{} {}", text.lines().count(), path.display()))
        .collect();
    assert!(long.is_empty(), "over {MOST_LINES} lines:\n{}", long.join("\n"));
}

#[test]
fn every_module_says_first_what_it_is() {
    let silent: Vec<_> = rust_files()
        .into_iter()
        .filter(|(path, _)| !path.to_string_lossy().ends_with("tests.rs"))
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(silent.is_empty(), "without a module doc:\n{}", silent.join("\n"));
}

#[test]
fn the_daemon_does_not_know_its_platforms() {
    // Links to a vendor's page are facts, not code.
    let words: Vec<_> = Platform::ALL.iter().map(|platform| platform.as_str()).collect();
    let mut faults = Vec::new();
    for (path, text) in files("src", &[".rs"]) {
        for (at, line) in text.lines().enumerate() {
            let code = line.split("https://").next().unwrap_or_default().to_lowercase();
            if words.iter().any(|word| code.contains(word)) {
                faults.push(format!("{}:{}: {}", path.display(), at + 1, line.trim()));
            }
        }
    }
    assert!(faults.is_empty(), "platform words belong in connectors/:\n{}", faults.join("\n"));
}

#[test]
fn connectors_do_no_io_and_do_not_know_each_other() {
    let manifest = fs::read_to_string(project().join("connectors/Cargo.toml")).unwrap();
    for crate_name in ["tokio", "hyper", "reqwest", "rusqlite", "ort", "deskbridge-onnx"] {
        assert!(!manifest.contains(crate_name), "connectors depend on {crate_name}");
    }
    banned(
        "connectors",
        &["std::fs", "std::net", "std::env::", "SystemTime", "Timestamp::now"],
        "connectors are pure",
    );
    for platform in Platform::ALL {
        let others: Vec<_> = Platform::ALL
            .iter()
            .filter(|other| **other != platform)
            .map(|other| format!("crate::{other}"))
            .collect();
        let others: Vec<_> = others.iter().map(String::as_str).collect();
        banned(&format!("connectors/{platform}"), &others, "platforms do not know each other");
    }
}

#[test]
fn members_and_the_rulebook_reach_no_further_than_they_may() {
    banned("onnx", &["deskbridge_connectors", "deskbridge::"], "onnx knows no tickets");
    banned("src/rulebook", &["std::fs", "tokio"], "the rulebook is pure");
}

#[test]
fn sql_lives_in_the_store_alone() {
    for (path, text) in files("src", &[".rs"]) {
        let in_store = path.components().any(|part| part.as_os_str() == "store");
        let speaks =
            ["SELECT ", "INSERT INTO", "UPDATE inbox", "DELETE FROM"].iter().any(|word| text.contains(word));
        assert!(in_store || !speaks, "{} holds SQL", path.display());
    }
}

#[test]
fn one_file_reads_the_clock() {
    for (path, text) in files("src", &[".rs"]) {
        let reads = text.contains("Timestamp::now") || text.contains("SystemTime::now");
        assert!(path.ends_with("clock.rs") || !reads, "{} reads the clock", path.display());
    }
}

#[test]
fn nothing_is_left_open() {
    // Put together at run time, so that this file does not find itself.
    let words: Vec<String> =
        [("to", "do!("), ("unimple", "mented!("), ("#[ig", "nore"), ("FIX", "ME"), ("#[al", "low(")]
            .iter()
            .map(|(a, b)| format!("{a}{b}"))
            .collect();
    for (path, text) in rust_files() {
        for word in &words {
            assert!(!text.contains(word.as_str()), "{} holds `{word}`", path.display());
        }
    }
}

#[test]
fn every_folder_says_what_belongs_there() {
    for folder in [
        "connectors",
        "connectors/zendesk",
        "connectors/intercom",
        "connectors/freshdesk",
        "connectors/freshdesk/app",
        "onnx",
        "routing-rules",
        "src/evidence/report",
        "tests",
        "deploy",
    ] {
        assert!(project().join(folder).join("README.md").is_file(), "{folder} has no README.md");
    }
}

#[test]
fn the_rulebooks_language_is_documented_word_by_word() {
    let readme = fs::read_to_string(project().join("routing-rules/README.md")).unwrap();
    for word in deskbridge::rulebook::CONDITIONS.iter().chain(&deskbridge::rulebook::ACTIONS) {
        assert!(readme.contains(&format!("`{word}`")), "routing-rules/README.md does not explain `{word}`");
    }
    for effect in Effect::samples() {
        assert!(
            deskbridge::rulebook::ACTIONS.contains(&effect.kind()),
            "no action of the rulebook makes the effect {}",
            effect.kind()
        );
    }
}

#[test]
fn the_example_settings_show_every_key() {
    let example = fs::read_to_string(project().join("deploy/deskbridge.example.yaml")).unwrap();
    for key in [
        "listen",
        "max_body_bytes",
        "max_connections",
        "max_connections_per_peer",
        "max_connection_age",
        "header_timeout",
        "body_timeout",
        "max_buffered_bytes",
        "max_buffered_bytes_per_peer",
        "max_wrong_tokens",
        "drain",
        "url",
        "bundle",
        "runtime",
        "threads",
        "rulebook",
        "mode",
        "format",
        "level",
        "count",
        "lease",
        "max_attempts",
        "max_age",
        "call_timeout",
        "secrets_file",
        "tolerance",
        "credentials",
        "token_header",
    ] {
        assert!(example.contains(&format!("{key}:")), "deploy/deskbridge.example.yaml does not show `{key}`");
    }
}

#[test]
fn the_project_speaks_of_itself_alone() {
    let words: Vec<String> =
        [("/wo", "rk/"), ("../sha", "red"), ("py", "pi.org"), ("crates", ".io/"), ("iss", "ue #")]
            .iter()
            .map(|(a, b)| format!("{a}{b}"))
            .collect();
    let all = ["src", "connectors", "onnx", "tests", "deploy", "routing-rules"];
    let texts =
        all.iter().flat_map(|folder| files(folder, &[".rs", ".md", ".py", ".yaml", ".toml", ".js", ".json"]));
    for (path, text) in texts {
        for word in &words {
            assert!(!text.contains(word.as_str()), "{} holds `{word}`", path.display());
        }
    }
}
