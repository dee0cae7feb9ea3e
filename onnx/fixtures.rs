//! What the tests of this crate share: the fetched files, and a small bundle trained once.
//!
//! A missing file fails the test that needs it, with the remedy; no test is skipped for it.

use std::path::{Path, PathBuf};

use crate::runtime::Runtime;

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
    let path = Runtime::locate(None, None, Path::new("/nowhere"), project()).unwrap_or_else(|e| panic!("{e}"));
    Runtime::load(&path).unwrap_or_else(|e| panic!("{e}"))
}
