//! Whole-file work from a connection of its own, while a daemon may go on writing: a copy for safe keeping, and a file without
//! what was deleted.

use std::fs::OpenOptions;
use std::path::Path;

use jiff::Timestamp;
use rusqlite::Connection;

use super::row::micros;
use super::{chain, schema};
use crate::store::{Chain, Error};

/// Writes a copy of the store as it is at this moment, whole and readable by its owner only, and checks it. The copy knows that it
/// is one: where it is put in the store's place, every write is taken for one that may have been made already, and looked for
/// before it is sent. Returns what the copy's chain says.
///
/// # Errors
/// When `out` is there already, cannot be written, or the copy is not sound; it is then removed.
pub fn backup(path: &Path, out: &Path, now: Timestamp) -> Result<Chain, Error> {
    let conn = schema::open_reader(path)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(out).map_err(|error| Error::Unavailable(Box::new(error)))?;
    let copied = copy(&conn, out, micros(now));
    if copied.is_err() {
        // A half copy must not be taken for a whole one.
        let _ = std::fs::remove_file(out);
    }
    copied
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
        return Err(Error::Unavailable(Box::from("the copy is damaged, and so may be the store itself")));
    }
    let file =
        OpenOptions::new().read(true).open(out).map_err(|error| Error::Unavailable(Box::new(error)))?;
    file.sync_all().map_err(|error| Error::Unavailable(Box::new(error)))?;
    chain::verify(&copy, None)
}

/// Writes the file anew without what was deleted, and empties the log. False where the log could not be emptied because
/// somebody is reading; it is emptied soon after by itself.
///
/// # Errors
/// When the store is busy for long or cannot be written.
pub fn compact(path: &Path) -> Result<bool, Error> {
    let conn = schema::open_reader(path)?;
    conn.execute_batch("PRAGMA query_only = OFF; PRAGMA secure_delete = ON; VACUUM;")?;
    let busy: i64 = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(busy == 0)
}
