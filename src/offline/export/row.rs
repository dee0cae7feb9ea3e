//! One ticket as a row of a tickets file. Pure.

use std::collections::BTreeMap;

use deskbridge_connectors::settled::Settled;
use deskbridge_onnx::{clean, detect_language};
use serde_json::{Map, Value};

use crate::domain::history::requester;
use crate::domain::outcome::Entry;
use crate::evidence::settling::{Kept, Who, label_word, part_of, wrote};
use crate::settings::heads::{HeadSource, Heads};

/// The columns of a tickets file: the fixed ones, then one a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns(pub Vec<String>);

impl Columns {
    const FIXED: [&str; 6] = ["id", "subject", "body", "created_at", "requester", "language"];

    /// The columns for these heads.
    pub fn of(heads: &Heads) -> Self {
        Self(Self::FIXED.iter().map(|name| (*name).to_owned()).chain(heads.sources.keys().cloned()).collect())
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Account and ticket.
    pub id: String,
    /// The subject, cleaned and redacted.
    pub subject: String,
    /// The customer's first message, cleaned and redacted.
    pub body: String,
    /// When it was opened.
    pub created_at: String,
    /// A digest of who asked.
    pub requester: String,
    /// An ISO 639-1 code; empty where it is unknown.
    pub language: String,
    /// The agents' label of each head, several separated by `|`; empty where there is none.
    pub labels: BTreeMap<String, String>,
}

impl Row {
    /// A settled ticket's row. A value that deskbridge wrote and no person confirmed is left empty,
    /// unless `ours`.
    pub fn of(
        account: &str,
        settled: &Settled,
        kept: &Kept,
        heads: &Heads,
        entries: &[Entry],
        ours: bool,
    ) -> Self {
        let ticket = &settled.ticket;
        let (subject, body) = (clean(&ticket.subject), clean(&ticket.first_customer_text()));
        let language = detect_language(&format!("{subject}\n{body}")).code;
        let labels = heads.sources.iter().map(|(head, source)| {
            let story = part_of(source, kept);
            // The platform's own word, or what our ledger says where the platform does not tell.
            let by_us = story.by == Some(Who::Us)
                || (story.by != Some(Who::Person) && entries.iter().any(|entry| wrote(entry, source, kept)));
            let label = if by_us && !ours { String::new() } else { label(head, source, &story.now, heads) };
            (head.clone(), label)
        });
        Self {
            id: format!("{account}/{}", ticket.id),
            subject,
            body,
            created_at: ticket.created_at.map(|at| at.to_string()).unwrap_or_default(),
            requester: requester(account, &ticket.requester).unwrap_or_default(),
            language: if language == "und" { String::new() } else { language },
            labels: labels.collect(),
        }
    }

    /// Whether nothing was written that could be learnt from.
    pub fn is_empty(&self) -> bool {
        self.subject.is_empty() && self.body.is_empty()
    }

    /// Returns true if every head lacks a label.
    pub fn is_unlabelled(&self) -> bool {
        self.labels.values().all(String::is_empty)
    }

    /// The cells in the order of the columns.
    pub fn cells(&self) -> Vec<&str> {
        let fixed = [&self.id, &self.subject, &self.body, &self.created_at, &self.requester, &self.language];
        fixed.into_iter().chain(self.labels.values()).map(String::as_str).collect()
    }

    /// The row as a JSON object; heads without a label are left out.
    pub fn json(&self, columns: &Columns) -> Value {
        let cells = columns.0.iter().zip(self.cells()).filter(|(_, cell)| !cell.is_empty());
        Value::Object(cells.map(|(name, cell)| (name.clone(), cell.into())).collect::<Map<_, _>>())
    }
}

fn label(head: &str, source: &HeadSource, values: &[String], heads: &Heads) -> String {
    let wanted = |value: &&String| match source {
        HeadSource::Tags(tags) => tags.is_empty() || tags.iter().any(|tag| tag.eq_ignore_ascii_case(value)),
        HeadSource::Field(_) | HeadSource::Priority | HeadSource::Group => true,
    };
    let labels: Vec<String> =
        values.iter().filter(wanted).map(|value| label_word(head, value, heads)).collect();
    labels.join("|")
}
