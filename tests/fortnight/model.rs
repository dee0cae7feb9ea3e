//! Bundles trained for the occasion, by the command that people use.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::process::{ask, stderr};
use crate::texts::{LABELS, lessons};

/// Trains on texts that are labelled as `taught` says.
pub(crate) fn train(folder: &Path, name: &str, taught: impl Fn(&'static str) -> &'static str) -> PathBuf {
    let (file, bundle) = (folder.join(format!("{name}.csv")), folder.join(name));
    let mut csv = String::from("id,subject,body,category\n");
    for label in LABELS {
        for (n, text) in lessons(label).enumerate() {
            writeln!(csv, "{label}-{n},,\"{text}\",{}", taught(label)).unwrap();
        }
    }
    std::fs::write(&file, csv).unwrap();
    let (file, out) = (file.display().to_string(), bundle.display().to_string());
    let trained = ask(
        &[
            "train",
            "--tickets",
            &file,
            "--single",
            "category",
            "--out",
            &out,
            "--target-precision",
            "0.9",
            "--seed",
            "1",
        ],
        "",
    );
    assert!(trained.status.success(), "{}", stderr(&trained));
    bundle
}
