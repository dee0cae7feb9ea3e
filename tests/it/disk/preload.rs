//! Libraries in C that a process loads before libc, so that a test stands between SQLite and the
//! kernel.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::project;

/// Compiles these files of this folder into a library, with the compiler that SQLite is compiled
/// with too.
pub(super) fn preloaded(name: &str, sources: &[&str]) -> PathBuf {
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lib{name}.so"));
    // Renamed into place: another process may have the one of an earlier run loaded.
    let made = library.with_extension(format!("{}.so", std::process::id()));
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&made)
        .args(sources.iter().map(|source| project().join("tests/it/disk").join(source)))
        .arg("-ldl")
        .status()
        .expect("a C compiler, which building this project needs anyway");
    assert!(compiled.success());
    std::fs::rename(&made, &library).unwrap();
    library
}
