//! What a user writes, or somebody else wrote for them.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use deskbridge::rulebook;
use deskbridge::settings::Settings;
use deskbridge_connectors::Platform;
use deskbridge_onnx::{Bundle, Runtime, TrainOptions, train};
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

fn written(name: &str, data: &[u8]) -> PathBuf {
    let path = FOLDER.path().join(name);
    std::fs::write(&path, data).expect("a disk with room");
    path
}

pub(crate) fn rulebook(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(loaded) = rulebook::load("rules.yaml", text, None, &Platform::ALL) {
        assert_eq!(loaded.rulebook.digest().len(), 64);
    }
}

/// What is wrong is told with its place, and what can be used has an account.
pub(crate) fn settings(data: &[u8]) {
    match Settings::load(&written("deskbridge.yaml", data), Vec::new()) {
        Ok((settings, _)) => assert!(!settings.accounts.is_empty()),
        Err(unusable) => assert!(!unusable.problems.is_empty()),
    }
}

/// The first byte says which kind of file it is. There is no encoder, so that nothing is trained even where the tickets are fine.
pub(crate) fn tickets(data: &[u8]) {
    let (&first, rest) = data.split_first().unwrap_or((&0, &[]));
    let name = ["tickets.csv", "tickets.jsonl"][usize::from(first) % 2];
    let options = TrainOptions {
        tickets: vec![written(name, rest)],
        single: vec!["category".to_owned()],
        multi: vec!["topics".to_owned()],
        encoder: FOLDER.path().join("no-encoder"),
        out: FOLDER.path().join("bundle"),
        target_precision: 0.96,
        seed: 1,
        trained_at: "2026-11-20".to_owned(),
    };
    let problems = train(&options, &RUNTIME, &|_| ()).expect_err("there is no encoder");
    assert!(!problems.is_empty());
}

/// Loaded once; training asks for one before it looks at anything.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the project");
    let library = Runtime::locate(None, None, Path::new(""), project).expect("run `make setup` first");
    Runtime::load(&library).expect("run `make setup` first")
});

pub(crate) fn manifest(data: &[u8]) {
    written("manifest.json", data);
    // No other file of a bundle is there.
    assert!(Bundle::open(FOLDER.path()).is_err());
}
