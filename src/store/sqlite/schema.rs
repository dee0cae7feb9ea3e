//! Opens connections and brings the database to the newest schema.
//!
//! Migrations are numbered files that run in order, all in one transaction; `user_version` says how
//! far the database is. A published migration is never edited: a change is a new file. A database
//! from a newer program is refused rather than guessed at.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::store::Error;

/// In order; the place in the list, counted from 1, is the version it leads to.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_inbox_and_ledger.sql"),
    include_str!("migrations/0002_requester.sql"),
    include_str!("migrations/0003_settling.sql"),
    include_str!("migrations/0004_chain.sql"),
    include_str!("migrations/0005_sweep.sql"),
    include_str!("migrations/0006_summaries.sql"),
    include_str!("migrations/0007_answers.sql"),
];

/// `desk` in ASCII: marks the file as ours.
const APPLICATION_ID: i64 = 0x6465_736b;

/// Another process holds the write lock for one short transaction at a time; longer than this means
/// trouble.
pub(super) const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// Statements kept prepared: more than there are in this module.
const STATEMENTS: usize = 64;

/// Opens the database for writing, creates it where there is none, and migrates it.
pub(super) fn open_writer(path: &Path) -> Result<Connection, Error> {
    create(path)?;
    super::place::tighten(path);
    let conn = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE))?;
    conn.busy_timeout(LOCK_PATIENCE)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    let version = check(&conn)?;
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(unavailable("this file system cannot hold a write-ahead log; use a local disk"));
    }
    // secure_delete: a settled delivery's body is overwritten, not only left to a free page.
    // FULL: in WAL mode only this syncs the log at every commit, and `accept` promises that.
    // The two `fullfsync` lines matter on macOS alone. A plain fsync there leaves the data in the
    // drive's cache.
    conn.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON;
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON;
         PRAGMA wal_autocheckpoint = 4000;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA cache_size = -16000;",
    )?;
    if version < known() {
        migrate(&conn)?;
    }
    Ok(conn)
}

/// Opens a migrated database for reports: they read what nobody reads again soon, so that a small
/// cache does.
pub(super) fn open_report_reader(path: &Path) -> Result<Connection, Error> {
    let conn = open_reader(path)?;
    conn.execute_batch("PRAGMA cache_size = -2000;")?;
    Ok(conn)
}

/// Opens a migrated database for reading.
pub(super) fn open_reader(path: &Path) -> Result<Connection, Error> {
    // Not SQLITE_OPEN_READ_ONLY: a reader of a write-ahead log must be able to recover it.
    let conn = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE))?;
    conn.busy_timeout(LOCK_PATIENCE)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -8000;")?;
    Ok(conn)
}

/// Every connection has one thread, so SQLite's own locking of it is left out; a path is never read
/// as a URI.
fn flags(access: OpenFlags) -> OpenFlags {
    access | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

/// Makes an empty file that only its owner can read: bodies are people's letters. SQLite gives the
/// log the same mode.
fn create(path: &Path) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|error| Error::Unavailable(Box::new(error)))
}

pub(super) fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// The schema's version, where the file is ours or empty.
pub(super) fn check(conn: &Connection) -> Result<i64, Error> {
    let owner: i64 = conn.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let found: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if owner != APPLICATION_ID && tables > 0 {
        return Err(unavailable("the file is another program's database; name another one in store.url"));
    }
    if found > known() {
        return Err(Error::TooNew { found, known: known() });
    }
    Ok(found)
}

/// Runs what is missing. Two processes may start at once: the version is read again under the write
/// lock.
fn migrate(conn: &Connection) -> Result<(), Error> {
    conn.execute_batch("BEGIN IMMEDIATE")?;
    let done = check(conn).and_then(|found| {
        let missing = MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0));
        for migration in missing {
            conn.execute_batch(migration)?;
        }
        super::chain::complete(conn)?;
        conn.pragma_update(None, "application_id", APPLICATION_ID)?;
        conn.pragma_update(None, "user_version", known())?;
        Ok(conn.execute_batch("COMMIT")?)
    });
    if done.is_err() && !conn.is_autocommit() {
        conn.execute_batch("ROLLBACK")?;
    }
    done
}

fn unavailable(why: &'static str) -> Error {
    Error::Unavailable(Box::from(why))
}
