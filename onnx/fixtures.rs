//! What the tests of this crate share: the fetched files, and a small bundle trained once.
//!
//! A missing file fails the test that needs it, with the remedy; no test is skipped for it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::bundle;
use crate::runtime::Runtime;
use crate::train::{TrainOptions, train};

pub(crate) fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the project")
}

/// The base encoder's folder.
pub(crate) fn encoder() -> PathBuf {
    let folder = project().join("onnx/encoder");
    assert!(folder.join("model.safetensors").is_file(), "{} is empty: run `make setup`", folder.display());
    folder
}

/// The fetched library, loaded.
pub(crate) fn runtime() -> Runtime {
    let path =
        Runtime::locate(None, None, Path::new("/nowhere"), project()).unwrap_or_else(|e| panic!("{e}"));
    Runtime::load(&path).unwrap_or_else(|e| panic!("{e}"))
}

/// Tickets of two labels that anything could tell apart, and a multi head beside them.
pub(crate) fn tickets() -> String {
    let mut csv = String::from("id,subject,body,category,topics\n");
    let billing = [
        "invoice",
        "refund",
        "card payment",
        "subscription charge",
        "receipt",
        "credit note",
        "bank transfer",
    ];
    let technical = [
        "login page",
        "mobile app",
        "error message",
        "crash report",
        "file upload",
        "browser",
        "password reset",
    ];
    for (n, (money, machine)) in billing.iter().zip(technical).enumerate() {
        csv += &format!(
            "b{n},About my {money},The {money} is wrong this month and I want my money back.,billing,money\n"
        );
        csv += &format!(
            "t{n},{machine} broken,The {machine} does not work since the update; please fix it now!,technical,urgent\n"
        );
        csv += &format!(
            "m{n},,The {machine} fails whenever I look at the {money} and it is urgent,technical,money|urgent\n"
        );
    }
    csv
}

/// Options to train the above into a folder.
pub(crate) fn options(folder: &Path) -> TrainOptions {
    let file = folder.join("tickets.csv");
    std::fs::write(&file, tickets()).unwrap();
    TrainOptions {
        tickets: vec![file],
        single: vec!["category".into()],
        multi: vec!["topics".into()],
        encoder: encoder(),
        out: folder.join("bundle"),
        target_precision: 0.7,
        seed: 5,
        trained_at: "2026-01-02".into(),
    }
}

/// A bundle of the above, trained once a test run and copied for each test that asks.
pub(crate) fn bundle() -> TempDir {
    static TRAINED: OnceLock<PathBuf> = OnceLock::new();
    let trained = TRAINED.get_or_init(|| {
        let folder = project().join("target/tmp/onnx-bundle");
        std::fs::create_dir_all(&folder).unwrap();
        let options = options(&folder);
        train(&options, &runtime(), &|_| ()).unwrap_or_else(|problems| panic!("{problems:?}"));
        options.out
    });
    let copy = tempfile::tempdir().unwrap();
    for name in bundle::FILES.into_iter().chain([bundle::MANIFEST]) {
        std::fs::copy(trained.join(name), copy.path().join(name)).unwrap();
    }
    copy
}
