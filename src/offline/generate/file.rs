//! The tickets file that rows are added to. The one place of this folder that touches the disk.
//!
//! The rows of an answer go to the file in one piece and are on disk before the next request. A row that a power cut or a
//! SIGKILL left in part is cut off when the file is opened again; a person's last row without a line break gets one.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use deskbridge_onnx::cell::{defused, original};
use serde_json::{Map, Value};

use super::answer::Written;
use super::count::Count;
use super::labels::{Label, Labels};
use super::likeness::Seen;
use super::{PREFIX, SYNTHETIC};

/// Why the file cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    /// Its name says neither format.
    #[error("{0} is not a tickets file by its name: .csv or .jsonl")]
    Format(PathBuf),
    /// A CSV file of other columns.
    #[error("{0} has no column `{1}`; add it to the header, or choose another file with --out")]
    Column(PathBuf, String),
    /// What is in it cannot be read.
    #[error("{0}:{1}: {2}; mend it first, or choose another file with --out")]
    Row(PathBuf, u64, &'static str),
    /// Another run.
    #[error("another run is writing to {0}")]
    Busy(PathBuf),
    /// The disk.
    #[error("{0}: {1}")]
    Io(PathBuf, #[source] io::Error),
}

/// A tickets file that grows.
#[derive(Debug)]
pub struct Tickets {
    path: PathBuf,
    file: File,
    /// The columns of a CSV file, in its own order; `None` for JSON Lines.
    columns: Option<Vec<String>>,
    pub(super) count: Count,
    pub(super) seen: Seen,
}

impl Tickets {
    /// Opens the file, or makes it, and reads what is there.
    ///
    /// # Errors
    /// [`FileProblem`]; the file is then as it was.
    pub fn open(path: &Path, labels: &Labels) -> Result<Self, FileProblem> {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let csv = match extension.to_ascii_lowercase().as_str() {
            "csv" => true,
            "jsonl" | "ndjson" => false,
            _ => return Err(FileProblem::Format(path.to_owned())),
        };
        let failed = |error| FileProblem::Io(path.to_owned(), error);
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(FileProblem::Busy(path.to_owned())),
            // Not every file system knows locks.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let mut tickets = Self {
            path: path.to_owned(),
            file,
            columns: None,
            count: Count::default(),
            seen: Seen::default(),
        };
        let end = if csv { tickets.read_csv(&bytes, labels)? } else { tickets.read_json(&bytes, labels)? };
        tickets.mend(&bytes, end).map_err(failed)?;
        Ok(tickets)
    }

    /// Adds the tickets of one answer, in one piece.
    pub(super) fn add(
        &mut self,
        label: &Label,
        language: &str,
        written: &[Written],
    ) -> Result<(), FileProblem> {
        let mut text = Vec::new();
        for ticket in written {
            let id = self.count.next_id(&label.name);
            let cell = |column: &str| match column {
                "id" => id.as_str(),
                "subject" => &ticket.subject,
                "body" => &ticket.body,
                "language" => language,
                SYNTHETIC => "true",
                column if column == label.head => &label.name,
                _ => "",
            };
            match &self.columns {
                Some(columns) => {
                    let cells: Vec<&str> = columns.iter().map(|column| cell(column.trim())).collect();
                    text.extend(csv_line(&cells).map_err(|error| FileProblem::Io(self.path.clone(), error))?);
                }
                None => {
                    let keys = ["id", "subject", "body", "language", label.head.as_str()];
                    let mut row: Map<String, Value> =
                        keys.iter().map(|key| ((*key).to_owned(), cell(key).into())).collect();
                    row.insert(SYNTHETIC.to_owned(), true.into());
                    text.extend(format!("{}\n", Value::Object(row)).into_bytes());
                }
            }
            self.count.add(&label.head, &label.name, language);
        }
        self.write(&text).map_err(|error| FileProblem::Io(self.path.clone(), error))
    }

    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::End(0))?;
        self.file.write_all(text)?;
        self.file.sync_data()
    }

    /// Cuts the file where its whole rows end, or ends its last row.
    fn mend(&mut self, bytes: &[u8], end: usize) -> io::Result<()> {
        if end < bytes.len() {
            self.file.set_len(end as u64)?;
        } else if !bytes.is_empty() && !bytes.ends_with(b"\n") {
            self.write(b"\n")?;
        }
        if let Some(columns) =
            self.columns.as_ref().filter(|_| bytes[..end].iter().all(u8::is_ascii_whitespace))
        {
            let header = csv_line(&columns.iter().map(String::as_str).collect::<Vec<_>>())?;
            self.write(&header)?;
        }
        Ok(())
    }

    fn row(&mut self, labels: &Labels, cell: &dyn Fn(&str) -> String) {
        let id = cell("id");
        self.count.id(id.trim());
        self.seen.add(&cell("subject"), &cell("body"));
        if !id.trim().starts_with(PREFIX) {
            return;
        }
        for head in labels.heads() {
            // A person may have corrected a row, and given it several labels.
            for label in cell(head).split('|').map(str::trim).filter(|label| !label.is_empty()) {
                self.count.add(head, label, cell("language").trim());
            }
        }
    }

    /// Reads CSV and gives the place where its whole rows end.
    fn read_csv(&mut self, bytes: &[u8], labels: &Labels) -> Result<usize, FileProblem> {
        let fixed = ["id", "subject", "body", "language", SYNTHETIC];
        let wanted: Vec<String> = fixed.into_iter().chain(labels.heads()).map(str::to_owned).collect();
        let mark = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let rows = &bytes[mark..];
        let mut reader = csv::Reader::from_reader(rows);
        let bad = |error: &csv::Error, path: &Path| {
            let what = match error.kind() {
                csv::ErrorKind::Utf8 { .. } => "not UTF-8",
                csv::ErrorKind::UnequalLengths { .. } => "another number of cells than the header",
                _ => "not CSV",
            };
            FileProblem::Row(path.to_owned(), error.position().map_or(1, csv::Position::line), what)
        };
        let header = reader.headers().map_err(|error| bad(&error, &self.path))?.clone();
        let header: Vec<String> = header.iter().map(str::to_owned).collect();
        let cut_header = !rows.contains(&b'\n') && csv_line(&wanted).is_ok_and(|line| line.starts_with(rows));
        if cut_header {
            self.columns = Some(wanted);
            return Ok(0);
        }
        if let Some(missing) = wanted.iter().find(|name| !header.iter().any(|column| column.trim() == *name))
        {
            return Err(FileProblem::Column(self.path.clone(), missing.clone()));
        }
        let mut record = csv::StringRecord::new();
        loop {
            let start = usize::try_from(reader.position().byte()).unwrap_or(rows.len()).min(rows.len());
            let read = reader.read_record(&mut record);
            if !matches!(read, Ok(false)) && is_cut(&rows[start..]) {
                self.columns = Some(header);
                return Ok(mark + start);
            }
            if !read.map_err(|error| bad(&error, &self.path))? {
                break;
            }
            let record = record.clone();
            let cell = |name: &str| {
                let at = header.iter().position(|column| column.trim() == name);
                at.and_then(|at| record.get(at)).map(original).unwrap_or_default().to_owned()
            };
            self.row(labels, &cell);
        }
        self.columns = Some(header);
        Ok(bytes.len())
    }

    /// Reads JSON Lines and gives the place where its whole rows end.
    fn read_json(&mut self, bytes: &[u8], labels: &Labels) -> Result<usize, FileProblem> {
        let mut start = 0;
        for (number, line) in (1u64..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
            let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
            if !text.is_empty() {
                let row: Map<String, Value> = match serde_json::from_slice(text) {
                    Ok(row) => row,
                    Err(_) if !line.ends_with(b"\n") && is_ours(line, b"{\"id\":\"synthetic/") => {
                        return Ok(start);
                    }
                    Err(_) => return Err(FileProblem::Row(self.path.clone(), number, "not a JSON object")),
                };
                let cell = |name: &str| match row.get(name) {
                    Some(Value::String(text)) => text.clone(),
                    Some(Value::Array(items)) => {
                        items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("|")
                    }
                    _ => String::new(),
                };
                self.row(labels, &cell);
            }
            start += line.len();
        }
        Ok(bytes.len())
    }
}

/// Whether a CSV row of ours, up to the end of the file, breaks off: within quotes, or without its line break.
fn is_cut(tail: &[u8]) -> bool {
    let tail = tail.trim_ascii_start();
    if !is_ours(tail, PREFIX.as_bytes()) {
        return false;
    }
    // Only the last row can break off: a whole one leaves a row that is put behind it alone.
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(tail);
    let mut record = csv::ByteRecord::new();
    if !reader.read_byte_record(&mut record).unwrap_or(false) || reader.position().byte() < tail.len() as u64
    {
        return false;
    }
    let probe = [tail, b"x\n"].concat();
    let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(probe.as_slice());
    reader.into_byte_records().count() < 2
}

/// Whether one is the beginning of the other.
fn is_ours(row: &[u8], ours: &[u8]) -> bool {
    let row = row.strip_prefix(b"\"").filter(|_| ours == PREFIX.as_bytes()).unwrap_or(row);
    !row.is_empty() && (row.starts_with(ours) || ours.starts_with(row))
}

fn csv_line<T: AsRef<str>>(cells: &[T]) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(cells.iter().map(|cell| defused(cell.as_ref()).into_owned()))
        .map_err(io::Error::other)?;
    writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

#[cfg(test)]
mod tests;
