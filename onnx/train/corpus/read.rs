//! Rows of a tickets file, whichever of the two formats it is in.
//!
//! Lines are counted as an editor counts them, also across quoted line breaks. An empty cell of a single head means
//! "not labelled"; of a multi head, "none of them". Never quotes a row's text in a problem.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::Problem;
use crate::cell::original;
use crate::prediction::HeadKind;

/// A file of JSON Lines of which no ticket answers a head.
pub(super) const NO_SUCH_KEY: &str = "no ticket has this key";

/// One row.
pub(super) struct Row {
    pub(super) file: PathBuf,
    pub(super) line: u64,
    pub(super) id: String,
    pub(super) text: String,
    /// Per head, in the order asked for.
    pub(super) answers: Vec<Option<Vec<String>>>,
}

impl Row {
    pub(super) fn problem(&self, what: &str) -> Problem {
        Problem::file(&self.file, what).at(self.line)
    }
}

type Heads = [(String, HeadKind)];

pub(super) fn rows(file: &Path, heads: &Heads, problems: &mut Vec<Problem>) -> Vec<Row> {
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(e) => {
            problems.push(Problem::file(file, e.to_string()));
            return Vec::new();
        }
    };
    // Spreadsheets put a byte order mark first; it would become part of the first column's name.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let extension = file.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    let before = problems.len();
    let rows = match extension.as_str() {
        "csv" => csv(file, bytes, heads, problems),
        "jsonl" | "ndjson" => json_lines(file, bytes, heads, problems),
        _ => {
            problems.push(Problem::file(file, "not a tickets file by its name: .csv, .jsonl or .ndjson"));
            return Vec::new();
        }
    };
    if rows.is_empty() && problems.len() == before {
        problems.push(Problem::file(file, "no tickets in it"));
    }
    rows
}

/// The columns a tickets file has; none where it cannot be read, which reading its rows will say.
pub(super) fn columns(file: &Path) -> BTreeSet<String> {
    let bytes = std::fs::read(file).unwrap_or_default();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    if file.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")) {
        let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
        return reader.headers().into_iter().flatten().map(|name| name.trim().to_owned()).collect();
    }
    let lines = bytes.split(|b| *b == b'\n');
    let tickets = lines.filter_map(|line| serde_json::from_slice::<Map<String, Value>>(line).ok());
    tickets.flat_map(|ticket| ticket.keys().cloned().collect::<Vec<_>>()).collect()
}

fn csv(file: &Path, bytes: &[u8], heads: &Heads, problems: &mut Vec<Problem>) -> Vec<Row> {
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(e) => {
            problems.push(Problem::file(file, format!("the header cannot be read: {}", reason(&e))).at(1));
            return Vec::new();
        }
    };
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Vec::new();
    }
    let find = |name: &str| header.iter().position(|column| column.trim() == name);
    let needed = ["id", "body"].into_iter().chain(heads.iter().map(|(name, _)| name.as_str()));
    let missing: Vec<_> = needed.filter(|name| find(name).is_none()).collect();
    if !missing.is_empty() {
        let there = header.iter().map(str::trim).collect::<Vec<_>>().join(", ");
        problems.extend(missing.iter().map(|name| {
            Problem::file(file, format!("no such column; there are: {there}")).at(1).column(name)
        }));
        return Vec::new();
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(e) => {
                let line = e.position().map_or(1, csv::Position::line);
                problems.push(Problem::file(file, reason(&e)).at(line));
                continue;
            }
        };
        let line = record.position().map_or(1, csv::Position::line);
        let cell = |name: &str| find(name).and_then(|at| record.get(at)).map(original).unwrap_or_default();
        let answers = heads.iter().map(|(name, kind)| {
            split(cell(name), *kind).unwrap_or_else(|what| {
                problems.push(Problem::file(file, what).at(line).column(name));
                None
            })
        });
        let answers = answers.collect();
        let text = super::text(cell("subject"), cell("body"));
        rows.push(Row { file: file.into(), line, id: cell("id").trim().into(), text, answers });
    }
    rows
}

/// The library's own message without the bytes it may quote.
fn reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "not UTF-8; save the file as UTF-8".into(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} cells where the header has {expected_len}; is a quote or a comma missing?")
        }
        _ => "not CSV".into(),
    }
}

fn json_lines(file: &Path, bytes: &[u8], heads: &Heads, problems: &mut Vec<Problem>) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut columns_seen = vec![false; heads.len()];
    for (line, bytes) in (1u64..).zip(bytes.split(|b| *b == b'\n')) {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let at = |what: String| Problem::file(file, what).at(line);
        let ticket: Map<String, Value> = match serde_json::from_slice(bytes) {
            Ok(ticket) => ticket,
            Err(e) => {
                problems.push(at(format!("not a JSON object (at character {})", e.column())));
                continue;
            }
        };
        let text = |name: &str| match ticket.get(name) {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(s)) => Ok(s.clone()),
            Some(Value::Number(n)) => Ok(n.to_string()),
            Some(_) => Err(at("not a text".into()).column(name)),
        };
        let mut answers = Vec::new();
        for ((name, kind), seen) in heads.iter().zip(&mut columns_seen) {
            *seen |= ticket.contains_key(name);
            answers.push(answer(ticket.get(name), *kind).unwrap_or_else(|what| {
                problems.push(at(what).column(name));
                None
            }));
        }
        let mut take = |name| {
            text(name).unwrap_or_else(|problem| {
                problems.push(problem);
                String::new()
            })
        };
        let (id, subject, body) = (take("id"), take("subject"), take("body"));
        let text = super::text(&subject, &body);
        rows.push(Row { file: file.into(), line, id: id.trim().into(), text, answers });
    }
    if !rows.is_empty() {
        let unseen = heads.iter().zip(&columns_seen).filter(|(_, seen)| !**seen);
        problems.extend(unseen.map(|((name, _), _)| Problem::file(file, NO_SUCH_KEY).column(name)));
    }
    rows
}

fn answer(value: Option<&Value>, kind: HeadKind) -> Result<Option<Vec<String>>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(cell)) => split(cell, kind),
        Some(Value::Array(items)) if kind == HeadKind::Multi => items
            .iter()
            .map(|item| {
                item.as_str().map(|s| s.trim().to_owned()).ok_or("a list of texts is expected".to_owned())
            })
            .collect::<Result<_, _>>()
            .map(Some),
        Some(_) => Err("a text is expected".into()),
    }
}

fn split(cell: &str, kind: HeadKind) -> Result<Option<Vec<String>>, String> {
    let labels: Vec<String> =
        cell.split('|').map(str::trim).filter(|label| !label.is_empty()).map(Into::into).collect();
    match (kind, labels.len()) {
        (HeadKind::Multi, _) | (HeadKind::Single, 1) => Ok(Some(labels)),
        (HeadKind::Single, 0) => Ok(None),
        (HeadKind::Single, n) => {
            Err(format!("{n} labels for a single head; name it with --multi, or keep one"))
        }
    }
}
