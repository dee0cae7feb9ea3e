//! The file that is being written, and the state that lets an interrupted run go on.
//!
//! Rows are on disk before the state says so. A file without a state is a finished one, and is not
//! written to again.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use deskbridge_onnx::cell::{defused, original};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Done;
use super::row::{Columns, Row};

/// Why the file cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum SinkProblem {
    /// A finished file stands there.
    #[error("{0} is there already and is complete; remove it, or choose another name")]
    Complete(PathBuf),
    /// Another export's file stands there.
    #[error("{0} was begun with other options ({1}); go on with those, or remove it and its .export-state")]
    Other(PathBuf, String),
    /// Its name says neither format.
    #[error("{0} is not a tickets file by its name: .csv or .jsonl")]
    Format(PathBuf),
    /// The disk.
    #[error("{0}: {1}")]
    Io(PathBuf, #[source] io::Error),
}

/// The progress of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    /// What is being exported, in words: another export must not go on here.
    what: String,
    since: Timestamp,
    until: Timestamp,
    cursor: Option<String>,
    /// The file's length at the end of the last whole page.
    bytes: u64,
    rows: usize,
    unlabelled: usize,
}

/// A tickets file on its way.
#[derive(Debug)]
pub struct Sink {
    path: PathBuf,
    file: BufWriter<File>,
    columns: Columns,
    json: bool,
    state: State,
    ids: BTreeSet<String>,
}

impl Sink {
    /// Opens the file: new and for tickets resolved from `since` to `until`, or where an
    /// interrupted run of the same export (`what`) left it, with that run's times.
    ///
    /// # Errors
    /// [`SinkProblem`].
    pub fn open(
        path: &Path,
        columns: Columns,
        what: &str,
        (since, until): (Timestamp, Timestamp),
    ) -> Result<Self, SinkProblem> {
        let json = match path.extension().and_then(|extension| extension.to_str()) {
            Some("csv") => false,
            Some("jsonl" | "ndjson") => true,
            _ => return Err(SinkProblem::Format(path.to_owned())),
        };
        let failed = |error| SinkProblem::Io(path.to_owned(), error);
        let state = match std::fs::read(state_path(path)) {
            Ok(bytes) => serde_json::from_slice::<State>(&bytes).map_err(|error| failed(error.into()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound && path.exists() => {
                return Err(SinkProblem::Complete(path.to_owned()));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                State { what: what.to_owned(), since, until, cursor: None, bytes: 0, rows: 0, unlabelled: 0 }
            }
            Err(error) => return Err(failed(error)),
        };
        if state.what != what {
            return Err(SinkProblem::Other(path.to_owned(), state.what));
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(failed)?;
        file.set_len(state.bytes).map_err(failed)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        let ids = ids(&text, json);
        let mut sink = Self { path: path.to_owned(), file: BufWriter::new(file), columns, json, state, ids };
        if sink.state.bytes == 0 && !json {
            let header = csv_line(&sink.columns.0).map_err(failed)?;
            sink.file.write_all(&header).map_err(failed)?;
        }
        // From here on the file is known to be unfinished.
        if sink.state.bytes == 0 {
            sink.save()?;
        }
        Ok(sink)
    }

    /// From when to when tickets were resolved.
    pub fn times(&self) -> (Timestamp, Timestamp) {
        (self.state.since, self.state.until)
    }

    /// Where the listing goes on; `None` at its start.
    pub fn cursor(&self) -> Option<&str> {
        self.state.cursor.as_deref()
    }

    /// Returns true if a row is in the file already.
    pub fn has(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.state.rows
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`SinkProblem::Io`].
    pub fn add(&mut self, row: &Row) -> Result<(), SinkProblem> {
        let line = if self.json {
            Ok(format!("{}\n", row.json(&self.columns)).into_bytes())
        } else {
            csv_line(&row.cells())
        };
        line.and_then(|line| self.file.write_all(&line))
            .map_err(|error| SinkProblem::Io(self.path.clone(), error))?;
        self.state.rows += 1;
        self.state.unlabelled += usize::from(row.is_unlabelled());
        self.ids.insert(row.id.clone());
        Ok(())
    }

    /// A whole page is written: makes it stay.
    ///
    /// # Errors
    /// [`SinkProblem::Io`].
    pub fn page_done(&mut self, next: Option<&str>) -> Result<(), SinkProblem> {
        self.state.cursor = next.map(str::to_owned);
        self.save()
    }

    /// Everything is written: the state goes, and the file is complete.
    ///
    /// # Errors
    /// [`SinkProblem::Io`].
    pub fn done(&mut self) -> Result<Done, SinkProblem> {
        let state = state_path(&self.path);
        std::fs::remove_file(&state).map_err(|error| SinkProblem::Io(state, error))?;
        Ok(Done { rows: self.state.rows, unlabelled: self.state.unlabelled })
    }

    /// Rows first, then the state, which is replaced as a whole.
    fn save(&mut self) -> Result<(), SinkProblem> {
        let state = state_path(&self.path);
        let beside = state.with_extension("export-state.new");
        let saved = self
            .file
            .flush()
            .and_then(|()| self.file.get_ref().sync_data())
            .and_then(|()| self.file.get_ref().metadata())
            .map(|metadata| self.state.bytes = metadata.len())
            .and_then(|()| Ok(serde_json::to_vec(&self.state)?))
            .and_then(|bytes| {
                let mut file = File::create(&beside)?;
                file.write_all(&bytes)?;
                file.sync_data()
            })
            .and_then(|()| std::fs::rename(&beside, &state));
        saved.map_err(|error| SinkProblem::Io(self.path.clone(), error))
    }
}

fn state_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".export-state");
    name.into()
}

fn csv_line<T: AsRef<str>>(cells: &[T]) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(cells.iter().map(|cell| defused(cell.as_ref()).into_owned()))
        .map_err(io::Error::other)?;
    writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

fn ids(text: &[u8], json: bool) -> BTreeSet<String> {
    if json {
        let lines = text.split(|byte| *byte == b'\n');
        let rows = lines.filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok());
        return rows.filter_map(|row| Some(row["id"].as_str()?.to_owned())).collect();
    }
    let mut reader = csv::Reader::from_reader(text);
    reader.records().filter_map(|row| Some(original(row.ok()?.get(0)?).to_owned())).collect()
}
