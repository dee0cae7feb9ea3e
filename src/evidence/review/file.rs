//! The file of reviewed tickets: JSON Lines that `train` takes, one line a ticket, readable by its owner only.
//!
//! Reviewing a ticket again replaces its line. The file is replaced as a whole, so that a power cut leaves the old one or
//! the new one, and lines that people have written into it by hand stay.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// A tickets file under review.
#[derive(Debug)]
pub struct Reviewed {
    path: PathBuf,
    /// One writer at a time: nobody's line is lost to another's.
    writing: Mutex<()>,
}

impl Reviewed {
    /// The file at `path`; it need not be there yet.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), writing: Mutex::new(()) }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The tickets that are in it: `account/ticket`.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn ids(&self) -> io::Result<BTreeSet<String>> {
        Ok(self.lines()?.iter().filter_map(|line| id(line)).collect())
    }

    /// How many of these tickets (`account/ticket`) are in it.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn among(&self, tickets: &[String]) -> io::Result<usize> {
        Ok(self.ids()?.iter().filter(|id| tickets.contains(id)).count())
    }

    /// Takes these tickets (`account/ticket`) out of it.
    ///
    /// # Errors
    /// When the file cannot be read or replaced; it is then as it was.
    pub fn remove(&self, tickets: &[String]) -> io::Result<()> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.among(tickets)? == 0 {
            return Ok(());
        }
        let mut lines = self.lines()?;
        lines.retain(|line| id(line).is_none_or(|id| !tickets.contains(&id)));
        self.replace(&lines)
    }

    /// Puts a row in, in place of an earlier one of the same `id`.
    ///
    /// # Errors
    /// When the file cannot be read or replaced; it is then as it was.
    pub fn put(&self, row: &Value) -> io::Result<()> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = row["id"].as_str();
        let mut lines = self.lines()?;
        lines.retain(|line| id(line).as_deref() != wanted);
        lines.push(row.to_string());
        self.replace(&lines)
    }

    fn replace(&self, lines: &[String]) -> io::Result<()> {
        let mut beside = self.path.clone().into_os_string();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside)?;
        let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, &self.path)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }

    fn lines(&self) -> io::Result<Vec<String>> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => Ok(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

fn id(line: &str) -> Option<String> {
    let row: Value = serde_json::from_str(line).ok()?;
    row["id"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_later_review_replaces_an_earlier_one_and_touches_no_other_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reviewed.jsonl");
        let reviewed = Reviewed::at(&path);
        assert!(reviewed.ids().unwrap().is_empty(), "no file is an empty one");
        std::fs::write(&path, "{\"id\":\"by hand\",\"body\":\"x\",\"category\":\"sales\"}\n").unwrap();
        for (id, label) in [("acme/1", "billing"), ("acme/2", "sales"), ("acme/1", "account")] {
            reviewed.put(&json!({ "id": id, "body": "text", "category": label })).unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let seen: Vec<_> =
            rows.iter().map(|row| (row["id"].as_str().unwrap(), row["category"].as_str().unwrap())).collect();
        assert_eq!(seen, [("by hand", "sales"), ("acme/2", "sales"), ("acme/1", "account")]);
        assert_eq!(reviewed.ids().unwrap().len(), 3);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn people_who_save_at_once_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let reviewed = Reviewed::at(&folder.path().join("reviewed.jsonl"));
        std::thread::scope(|threads| {
            for person in 0..4 {
                let reviewed = &reviewed;
                threads.spawn(move || {
                    (0..10).for_each(|n| reviewed.put(&json!({ "id": format!("{person}/{n}") })).unwrap());
                });
            }
        });
        assert_eq!(reviewed.ids().unwrap().len(), 40);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        assert!(Reviewed::at(Path::new("/nowhere/reviewed.jsonl")).put(&json!({ "id": "1" })).is_err());
    }
}
