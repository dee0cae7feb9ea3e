//! Whole-file work from a connection of its own, while a daemon may go on writing: a copy for safe
//! keeping, and a file without what was deleted.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::Connection;

use super::row::micros;
use super::{chain, schema};
use crate::store::{Chain, Error};

/// Writes a copy of the store as it is at this moment, whole and readable by its owner only, and
/// checks it. The copy knows that it is one: where it is put in the store's place, every write is
/// taken for one that may have been made already, and looked for before it is sent. It has its name
/// only once it is whole; until then it is `<out>.part`. When this returns, the copy and its name
/// survive a power cut. Returns what the copy's chain says.
///
/// # Errors
/// When `out` or its part is there already, cannot be written, or the copy is not sound; the part is then removed.
pub fn backup(path: &Path, out: &Path, now: Timestamp) -> Result<Chain, Error> {
    let name = out.to_str().ok_or_else(|| unavailable("the name of the file is not UTF-8"))?;
    if std::fs::symlink_metadata(out).is_ok() {
        return Err(unavailable("the file is there already, and a backup writes over nothing"));
    }
    let part = PathBuf::from(format!("{name}.part"));
    let conn = schema::open_reader(path)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&part).map_err(|error| {
        unavailable(format!(
            "{}: {error}; where an earlier backup was cut short, remove this file",
            part.display()
        ))
    })?;
    // A link, because a rename would write over what came there meanwhile.
    let copied = copy(&conn, &part, micros(now)).and_then(|chain| {
        std::fs::hard_link(&part, out)
            .and_then(|()| sync_folder(out))
            .map(|()| chain)
            .map_err(|error| Error::Unavailable(Box::new(error)))
    });
    // Whole, it has its name now; half, it must not be taken for a whole one.
    let _ = std::fs::remove_file(&part);
    copied
}

/// Syncs the folder of a new file: the sync of the file does not cover its name.
fn sync_folder(of: &Path) -> std::io::Result<()> {
    let folder = of.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn copy(conn: &Connection, out: &Path, now: i64) -> Result<Chain, Error> {
    // A reader may not write, and this writes to another file only.
    conn.execute_batch("PRAGMA query_only = OFF")?;
    conn.execute("VACUUM INTO ?1", [out.to_string_lossy()])?;
    let copy = schema::open_reader(out)?;
    copy.execute_batch("PRAGMA query_only = OFF")?;
    copy.execute("INSERT OR REPLACE INTO restored (id, since) VALUES (1, ?1)", [now])?;
    let sound: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if sound != "ok" {
        return Err(unavailable("the copy is damaged, and so may be the store itself"));
    }
    let file =
        OpenOptions::new().read(true).open(out).map_err(|error| Error::Unavailable(Box::new(error)))?;
    file.sync_all().map_err(|error| Error::Unavailable(Box::new(error)))?;
    chain::verify(&copy, None)
}

/// Writes the file anew without what was deleted, and empties the log. False where the log could
/// not be emptied because somebody is reading; it is emptied soon after by itself.
///
/// # Errors
/// When the store is busy for long or cannot be written.
pub fn compact(path: &Path) -> Result<bool, Error> {
    let conn = schema::open_reader(path)?;
    conn.execute_batch("PRAGMA query_only = OFF; PRAGMA secure_delete = ON; VACUUM;")?;
    let busy: i64 = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(busy == 0)
}

fn unavailable(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Unavailable(why.into())
}
