//! The files of one database: they must stay the ones that were opened, and only their owner may
//! read them.
//!
//! SQLite goes on with files that have lost their names, and says nothing. What is written there is
//! gone with the process, so that it must not be acknowledged. Files are told apart by device and
//! inode. As long as a file is open, its inode is given to no other.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::store::Error;

/// Endings of the files that SQLite keeps for a database in this mode: the database, its log, and
/// the log's index.
const ENDINGS: [&str; 3] = ["", "-wal", "-shm"];

/// Endings of every file that may lie beside a database and hold its content.
const PRIVATE: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// A database's files, as they were when it was opened.
#[derive(Debug)]
pub(super) struct Place {
    files: Vec<(PathBuf, FileId)>,
    /// Set while one of them is not there.
    displaced: bool,
}

impl Place {
    /// Remembers the files of an open database.
    pub(super) fn of(database: &Path, conn: &Connection) -> Result<Self, Error> {
        // SQLite makes the log and its index when it first reads.
        conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        let files = ENDINGS.map(|ending| with_ending(database, ending));
        let remembered = files.into_iter().map(|path| match FileId::of(&path) {
            Ok(id) => Ok((path, id)),
            Err(error) => Err(Error::Unavailable(Box::new(error))),
        });
        Ok(Self { files: remembered.collect::<Result<_, _>>()?, displaced: false })
    }

    /// Checks that every file is still the one that was opened.
    ///
    /// # Errors
    /// [`Error::Displaced`] with the first that is not.
    pub(super) fn check(&self) -> Result<(), Error> {
        let displaced = self.files.iter().find(|(path, id)| FileId::of(path).ok().as_ref() != Some(id));
        displaced.map_or(Ok(()), |(path, _)| Err(Error::Displaced(file_name(path))))
    }

    /// Looks whether anything has changed since the last look, and logs it.
    pub(super) fn watch(&mut self) {
        let found = self.check();
        if found.is_err() == self.displaced {
            return;
        }
        self.displaced = found.is_err();
        let store = self.files.first().map(|(path, _)| path.display().to_string()).unwrap_or_default();
        match found {
            Err(error) => tracing::error!(
                store,
                %error,
                "the store lost its file; every delivery is answered 503 and nothing is written until the file is back"
            ),
            Ok(()) => tracing::info!(store, "the store has its file again; deliveries are taken as before"),
        }
    }
}

/// Takes a database's files away from everybody but their owner: they hold customers' words.
#[cfg(unix)]
pub(super) fn tighten(database: &Path) {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    for ending in PRIVATE {
        let path = with_ending(database, ending);
        let Ok(found) = std::fs::metadata(&path) else { continue };
        let mode = found.permissions().mode() & 0o7777;
        if !found.is_file() || mode & 0o077 == 0 {
            continue;
        }
        let (file, was) = (path.display().to_string(), format!("{mode:04o}"));
        // By its name and not by a handle: closing a handle of a database ends the locks that this
        // process has on it.
        match std::fs::set_permissions(&path, Permissions::from_mode(0o600)) {
            Ok(()) => tracing::warn!(
                file,
                was,
                "other users could read or write the store's file; from now on only its owner can (0600)"
            ),
            Err(error) => tracing::warn!(
                file,
                was,
                %error,
                "other users can read or write the store's file, and this cannot be changed; run `chmod 600` as its owner"
            ),
        }
    }
}

/// Does nothing where files have no such modes.
#[cfg(not(unix))]
pub(super) fn tighten(_: &Path) {
    let _ = PRIVATE;
}

/// Says which file it is, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    #[cfg(unix)]
    fn of(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt;
        let found = std::fs::metadata(path)?;
        Ok(Self { device: found.dev(), inode: found.ino() })
    }

    /// Elsewhere a file that is open can be neither deleted nor replaced.
    #[cfg(not(unix))]
    fn of(path: &Path) -> io::Result<Self> {
        std::fs::metadata(path).map(|_| Self { device: 0, inode: 0 })
    }
}

fn with_ending(database: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(ending);
    PathBuf::from(name)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
