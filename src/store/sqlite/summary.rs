//! The SQL of summaries: written with each entry, made later for entries from before there were
//! any, and read for figures.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::read::{Fitting, oldest_first};
use super::row::{count, micros, timestamp, to_json, unreadable};
use crate::domain::outcome::Entry;
use crate::domain::summary::{BundleLabels, DecisionSummary, SummarisedDecision};
use crate::store::{Error, Filter};

/// The columns that [`Reading::decision`] reads, from `summary`.
pub(super) const COLUMNS: &str =
    "summary.id, summary.decided_at, summary.account, summary.ticket, summary.bundle, summary.summary";

/// Tells if no earlier decision since `?1` is the same model's on the same ticket.
pub(super) const IS_FIRST: &str = "NOT EXISTS (
    SELECT 1 FROM ledger AS l JOIN summary AS earlier ON earlier.id = l.id
        JOIN bundle_labels AS theirs ON theirs.id = earlier.bundle
    WHERE l.account = summary.account AND l.ticket = summary.ticket AND l.decided = 1 AND l.id < summary.id
        AND earlier.decided_at >= ?1
        AND theirs.model = (SELECT model FROM bundle_labels WHERE bundle_labels.id = summary.bundle))";

/// A summary, ready to be written.
#[derive(Debug)]
pub(super) struct Summarised {
    digest: String,
    model: String,
    labels: String,
    wrote: bool,
    challenged: bool,
    summary: String,
}

impl Summarised {
    /// Summarises an entry; `None` where nothing was decided.
    pub(super) fn of(entry: &Entry) -> Result<Option<Self>, Error> {
        let Some((bundle, summary)) = DecisionSummary::of(entry) else { return Ok(None) };
        Ok(Some(Self {
            digest: bundle.digest(),
            labels: to_json(&bundle)?,
            model: bundle.model,
            wrote: !summary.written.is_empty(),
            challenged: summary.challenge.is_some(),
            summary: to_json(&summary)?,
        }))
    }

    /// Writes it beside its entry.
    pub(super) fn keep(
        &self,
        conn: &Connection,
        id: i64,
        decided_at: i64,
        account: &str,
        ticket: &str,
    ) -> Result<(), Error> {
        let known = conn
            .prepare_cached("SELECT id FROM bundle_labels WHERE digest = ?1")?
            .query_row([&self.digest], |row| row.get::<_, i64>(0))
            .optional()?;
        let bundle = match known {
            Some(bundle) => bundle,
            None => {
                conn.prepare_cached("INSERT INTO bundle_labels (digest, model, labels) VALUES (?1, ?2, ?3)")?
                    .execute([&self.digest, &self.model, &self.labels])?;
                conn.last_insert_rowid()
            }
        };
        conn.prepare_cached(
            "INSERT OR REPLACE INTO summary (id, decided_at, account, ticket, bundle, wrote, challenged, summary)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            id,
            decided_at,
            account,
            ticket,
            bundle,
            self.wrote,
            self.challenged,
            self.summary
        ])?;
        Ok(())
    }
}

/// Entries without a summary.
pub(super) struct Missing {
    /// From this entry on, every one has a summary once these have.
    from_id: i64,
    entries: Vec<MissingEntry>,
}

struct MissingEntry {
    id: i64,
    decided_at: i64,
    account: String,
    ticket: String,
    summary: Summarised,
}

/// Reads the newest entries without a summary; `None` where every entry has one.
pub(super) fn missing(conn: &Connection, limit: u32) -> Result<Option<Missing>, Error> {
    let from_id: i64 =
        conn.prepare_cached("SELECT from_id FROM summarised")?.query_row([], |row| row.get(0))?;
    if from_id <= 1 {
        return Ok(None);
    }
    let mut statement = conn.prepare_cached(
        "SELECT id, decided_at, account, ticket, entry FROM ledger WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
    )?;
    let mut rows = statement.query(params![from_id, limit])?;
    let (mut missing, mut seen) = (Missing { from_id, entries: Vec::new() }, 0);
    while let Some(row) = rows.next()? {
        seen += 1;
        missing.from_id = row.get(0)?;
        let entry: Entry =
            match serde_json::from_str(row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?) {
                Ok(entry) => entry,
                Err(error) => {
                    let (entry, column) = (missing.from_id, error.column());
                    tracing::warn!(entry, column, "a ledger entry cannot be read; it is in no figure");
                    continue;
                }
            };
        if let Some(summary) = Summarised::of(&entry)? {
            missing.entries.push(MissingEntry {
                id: row.get(0)?,
                decided_at: row.get(1)?,
                account: row.get(2)?,
                ticket: row.get(3)?,
                summary,
            });
        }
    }
    if seen < limit {
        missing.from_id = 1;
    }
    Ok(Some(missing))
}

/// Writes summaries of entries that are still whole. Returns how many entries may lack one.
pub(super) fn complete(conn: &Connection, missing: &Missing) -> Result<u64, Error> {
    for MissingEntry { id, decided_at, account, ticket, summary } in &missing.entries {
        let whole =
            conn.prepare_cached("SELECT 1 FROM ledger WHERE id = ?1 AND erased_at IS NULL")?.exists([id])?;
        if !whole {
            continue;
        }
        summary.keep(conn, *id, *decided_at, account, ticket)?;
        conn.prepare_cached(
            "UPDATE settling SET decision = ?3
             WHERE account = ?1 AND ticket = ?2 AND (decision IS NULL OR decision < ?3)",
        )?
        .execute(params![account, ticket, id])?;
    }
    conn.prepare_cached("UPDATE summarised SET from_id = min(from_id, ?1)")?.execute([missing.from_id])?;
    let from_id: i64 =
        conn.prepare_cached("SELECT from_id FROM summarised")?.query_row([], |row| row.get(0))?;
    Ok(count(from_id - 1))
}

/// Returns decisions in a few words, oldest first.
pub(super) fn list(conn: &Connection, filter: &Filter) -> Result<Vec<SummarisedDecision>, Error> {
    let fitting = Fitting::of(filter);
    // `?1` is bound first, whatever the filter's own values are.
    let since = filter.since.map_or(i64::MIN, micros);
    let sql = fitting.select(&format!("{COLUMNS}, {IS_FIRST}"), "summary", filter.from);
    let mut reading = Reading::default();
    let rows = fitting.rows_after(conn, &sql, since.into(), filter.bound(), |row| {
        reading.decision(conn, row, 0, row.get(6)?)
    })?;
    Ok(oldest_first(rows, filter.from))
}

/// Reads summaries; each bundle's labels once.
#[derive(Default)]
pub(super) struct Reading {
    bundles: HashMap<i64, Arc<BundleLabels>>,
}

impl Reading {
    /// Reads the columns [`COLUMNS`] from `first` on.
    pub(super) fn decision(
        &mut self,
        conn: &Connection,
        row: &Row<'_>,
        first: usize,
        is_first: bool,
    ) -> rusqlite::Result<SummarisedDecision> {
        let summary = row.get_ref(first + 5)?.as_str()?;
        Ok(SummarisedDecision {
            id: row.get(first)?,
            decided_at: timestamp(first + 1, row.get(first + 1)?)?,
            account: row.get(first + 2)?,
            ticket: row.get(first + 3)?,
            bundle: self.bundle(conn, row.get(first + 4)?)?,
            summary: serde_json::from_str(summary).map_err(|error| unreadable(first + 5, error))?,
            is_first,
        })
    }

    fn bundle(&mut self, conn: &Connection, id: i64) -> rusqlite::Result<Arc<BundleLabels>> {
        if let Some(known) = self.bundles.get(&id) {
            return Ok(Arc::clone(known));
        }
        let labels: BundleLabels = conn
            .prepare_cached("SELECT labels FROM bundle_labels WHERE id = ?1")?
            .query_row([id], |row| {
                serde_json::from_str(row.get_ref(0)?.as_str()?).map_err(|error| unreadable(0, error))
            })?;
        let labels = Arc::new(labels);
        self.bundles.insert(id, Arc::clone(&labels));
        Ok(labels)
    }
}
