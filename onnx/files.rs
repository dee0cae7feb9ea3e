//! Files that are whole or not there: written beside their place, then renamed into it.
//!
//! Never leaves a half-written model that a later start would take for a whole one.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes all the bytes, to disk, and only then gives the file its name.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let part = part_of(path);
    let written = File::create(&part)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&part, path));
    if written.is_err() {
        // The first error is the one to report; what cannot be removed either is named `.part`.
        let _ = std::fs::remove_file(&part);
    }
    written
}

/// A process of its own writes to a name of its own: two trainings into one folder do not mix.
fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}
