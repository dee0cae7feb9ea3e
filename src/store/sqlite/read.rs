//! The SQL of every question; run by the readers, each sees the last commit.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::row::{LONGEST_WAIT, count, micros, notice, timestamp, unreadable};
use crate::domain::decision::TicketKey;
use crate::domain::history::History;
use crate::domain::outcome::Entry;
use crate::store::{DeadFilter, DeadLetter, Depth, Error, Filter, Headline, LimitFrom};

/// Entries of a ticket that say something about later deliveries.
const HISTORY: u32 = 20;

/// Returns the ledger's history of a ticket.
pub(super) fn history(conn: &Connection, account: &str, ticket: &str) -> Result<History, Error> {
    let entries = conn
        .prepare_cached(
            "SELECT entry FROM ledger WHERE account = ?1 AND ticket = ?2 AND decided = 1 ORDER BY id DESC LIMIT ?3",
        )?
        .query_map(params![account, ticket, HISTORY], |row| entry(row, 0))?
        .collect::<Result<_, _>>()?;
    Ok(History { entries })
}

/// When a requester's other tickets were first decided.
pub(super) fn contacts(
    conn: &Connection,
    ticket: &TicketKey,
    requester: &str,
    since: i64,
) -> Result<Vec<Timestamp>, Error> {
    let times = conn
        .prepare_cached(
            "SELECT min(decided_at) AS first FROM ledger
             WHERE account = ?1 AND requester = ?2 AND ticket <> ?3 AND NOT EXISTS (
                 SELECT 1 FROM machine_ticket AS m
                 WHERE m.account = ?1 AND m.requester = ?2 AND m.ticket = ledger.ticket)
             GROUP BY ticket HAVING first >= ?4",
        )?
        .query_map(params![ticket.account, requester, ticket.ticket.as_str(), since], |row| {
            timestamp(0, row.get(0)?)
        })?
        .collect::<Result<_, _>>()?;
    Ok(times)
}

/// Returns ledger entries, oldest first.
pub(super) fn decisions(conn: &Connection, filter: &Filter) -> Result<Vec<(i64, Entry)>, Error> {
    let fitting = Fitting::of(filter);
    let sql = fitting.select("id, entry", "ledger", filter.from);
    let rows = fitting.rows(conn, &sql, filter.bound(), |row| Ok((row.get(0)?, entry(row, 1)?)))?;
    Ok(oldest_first(rows, filter.from))
}

/// Returns the id of the entry that `newest - 1` fitting ones follow.
pub(super) fn place(conn: &Connection, filter: &Filter, newest: u32) -> Result<Option<i64>, Error> {
    let fitting = Fitting::of(filter);
    let newest_first = fitting.select("id", "ledger", LimitFrom::Newest);
    let whole = format!("SELECT count(*), min(id) FROM ({newest_first})");
    let rows: Vec<(u32, Option<i64>)> =
        fitting.rows(conn, &whole, newest, |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.first().filter(|(found, _)| *found == newest).and_then(|(_, first)| *first))
}

/// Returns the newest entries in one line each, oldest first.
pub(super) fn headlines(conn: &Connection, limit: u32) -> Result<Vec<Headline>, Error> {
    let rows = conn
        .prepare_cached("SELECT id, decided_at, account, outcome FROM ledger ORDER BY id DESC LIMIT ?1")?
        .query_map([limit], |row| {
            let outcome = serde_json::from_value(row.get::<_, String>(3)?.into());
            Ok(Headline {
                id: row.get(0)?,
                decided_at: timestamp(1, row.get(1)?)?,
                account: row.get(2)?,
                outcome: outcome.map_err(|error| unreadable(3, error))?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(oldest_first(rows, LimitFrom::Newest))
}

/// Counts the entries since a time.
pub(super) fn decided_since(conn: &Connection, since: i64) -> Result<u64, Error> {
    let found = conn
        .prepare_cached("SELECT count(*) FROM ledger WHERE decided_at >= ?1")?
        .query_row([since], |row| row.get(0))?;
    Ok(count(found))
}

/// The conditions of a filter. Only those that are there are in a statement, so that each of its
/// few shapes finds its index.
pub(super) struct Fitting {
    conditions: String,
    values: Vec<Value>,
}

impl Fitting {
    /// Rows are read in the order of their ids, so that a page ends as soon as it is full: a `+`
    /// keeps SQLite from an index that would find all fitting rows first and sort them. A ticket
    /// has few rows; its index is the better way.
    pub(super) fn of(filter: &Filter) -> Self {
        let mut fitting = Self { conditions: "true".to_owned(), values: Vec::new() };
        if let Some(since) = filter.since.map(micros) {
            fitting.add("+decided_at >= ?", since.into());
            if filter.after.is_none() && filter.ticket.is_none() {
                // Ids and times grow together, but for a clock that was set back: where to begin is
                // looked up in the index of times. With a bare `id` SQLite would walk the table
                // from its beginning instead.
                fitting.add(
                    "id >= (SELECT coalesce(min(id + 0), 9223372036854775807) FROM ledger WHERE decided_at >= ?)",
                    since.into(),
                );
            }
        }
        match (&filter.account, &filter.ticket) {
            (Some(account), Some(_)) => fitting.add("account = ?", account.clone().into()),
            (Some(account), None) => fitting.add("+account = ?", account.clone().into()),
            // The index begins with the account: each account's part of it is looked into.
            (None, Some(_)) => fitting.conditions.push_str(
                " AND account IN (WITH RECURSIVE accounts(name) AS (SELECT min(account) FROM ledger UNION ALL
                 SELECT (SELECT min(account) FROM ledger WHERE account > name) FROM accounts WHERE name IS NOT NULL)
                 SELECT name FROM accounts WHERE name IS NOT NULL)",
            ),
            (None, None) => {}
        }
        if let Some(ticket) = &filter.ticket {
            fitting.add("ticket = ?", ticket.clone().into());
        }
        if let Some(after) = filter.after {
            fitting.add("id > ?", after.into());
        }
        if let Some(before) = filter.before {
            fitting.add("id < ?", before.into());
        }
        fitting
    }

    fn add(&mut self, condition: &str, value: Value) {
        self.conditions.push_str(" AND ");
        self.conditions.push_str(condition);
        self.values.push(value);
    }

    /// Returns the statement; its last value is the limit.
    pub(super) fn select(&self, columns: &str, table: &str, from: LimitFrom) -> String {
        let order = match from {
            LimitFrom::Newest => "DESC",
            LimitFrom::Oldest => "ASC",
        };
        format!("SELECT {columns} FROM {table} WHERE {} ORDER BY id {order} LIMIT ?", self.conditions)
    }

    /// Runs the statement.
    fn rows<T>(
        &self,
        conn: &Connection,
        sql: &str,
        limit: u32,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Error> {
        let values = self.values.iter().cloned().chain([limit.into()]);
        let mut statement = conn.prepare_cached(sql)?;
        let rows = statement.query_map(params_from_iter(values), read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Runs a statement whose columns ask for `?1`.
    pub(super) fn rows_after<T>(
        &self,
        conn: &Connection,
        sql: &str,
        first: Value,
        limit: u32,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Error> {
        let values = [first].into_iter().chain(self.values.iter().cloned()).chain([limit.into()]);
        let mut statement = conn.prepare_cached(sql)?;
        let rows = statement.query_map(params_from_iter(values), read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Puts rows that were read from one end into order, oldest first.
pub(super) fn oldest_first<T>(mut rows: Vec<T>, from: LimitFrom) -> Vec<T> {
    if from == LimitFrom::Newest {
        rows.reverse();
    }
    rows
}

/// Returns dead letters, in order of arrival.
pub(super) fn dead(conn: &Connection, filter: &DeadFilter) -> Result<Vec<DeadLetter>, Error> {
    let (from, order) = match filter.after {
        Some(_) => (LimitFrom::Oldest, "ASC"),
        None => (LimitFrom::Newest, "DESC"),
    };
    let (after, before) = (filter.after.unwrap_or(i64::MIN), filter.before.unwrap_or(i64::MAX));
    let letters = conn
        .prepare_cached(&format!(
            "SELECT seq, account, delivery_id, notice, received_at, died_at, attempts, reason
             FROM inbox WHERE state = 'dead' AND seq > ?1 AND seq < ?2 ORDER BY seq {order} LIMIT ?3"
        ))?
        .query_map(params![after, before, filter.bound()], dead_letter_row)?
        .collect::<Result<_, _>>()?;
    Ok(oldest_first(letters, from))
}

/// One dead letter with its body.
pub(super) fn dead_letter(conn: &Connection, id: i64) -> Result<Option<(DeadLetter, Vec<u8>)>, Error> {
    let letter = conn
        .prepare_cached(
            "SELECT seq, account, delivery_id, notice, received_at, died_at, attempts, reason, body
             FROM inbox WHERE state = 'dead' AND seq = ?1",
        )?
        .query_row([id], |row| Ok((dead_letter_row(row)?, row.get(8)?)))
        .optional()?;
    Ok(letter)
}

/// Counts the deliveries in the inbox by walking narrow indexes. That takes about 20 ms for a
/// million waiting deliveries.
pub(super) fn depth(conn: &Connection) -> Result<Depth, Error> {
    // One statement, so that all numbers are of one moment.
    let depth = conn
        .prepare_cached(
            "WITH waiting AS (SELECT count(*) AS n, min(seq) AS first FROM inbox WHERE state = 'pending'),
                  claimed AS (SELECT count(*) AS n, min(seq) AS first FROM inbox WHERE state = 'claimed'),
                  dead    AS (SELECT count(*) AS n FROM inbox WHERE state = 'dead')
             SELECT waiting.n, claimed.n, dead.n,
                    (SELECT received_at FROM inbox WHERE seq =
                        min(coalesce(waiting.first, claimed.first), coalesce(claimed.first, waiting.first)))
             FROM waiting, claimed, dead",
        )?
        .query_row([], |row| {
            let (waiting, claimed) = (count(row.get(0)?), count(row.get(1)?));
            let oldest: Option<i64> = row.get(3)?;
            Ok(Depth {
                pending: waiting + claimed,
                claimed,
                dead: count(row.get(2)?),
                oldest: oldest.map(|at| timestamp(3, at)).transpose()?,
            })
        })?;
    Ok(depth)
}

/// Tells whether a claim would find anything. A delivery that is kept after this look rings for a
/// worker itself.
pub(super) fn is_due(conn: &Connection, now: i64) -> Result<bool, Error> {
    let due = conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM lane WHERE visible_at <= ?1)
                 OR EXISTS (SELECT 1 FROM lane WHERE visible_at > ?2)",
        )?
        .query_row([now, now.saturating_add(LONGEST_WAIT)], |row| row.get(0))?;
    Ok(due)
}

/// When the first lane becomes due.
pub(super) fn next_due(conn: &Connection) -> Result<Option<Timestamp>, Error> {
    let due = conn.prepare_cached("SELECT min(visible_at) FROM lane")?.query_row([], |row| {
        let at: Option<i64> = row.get(0)?;
        at.map(|at| timestamp(0, at)).transpose()
    })?;
    Ok(due)
}

fn entry(row: &Row<'_>, column: usize) -> rusqlite::Result<Entry> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|error| unreadable(column, error))
}

fn dead_letter_row(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    let notice = notice(row.get_ref(3)?.as_str_or_null()?);
    Ok(DeadLetter {
        id: row.get(0)?,
        account: row.get(1)?,
        delivery: row.get(2)?,
        ticket: notice.map(|notice| notice.ticket.into()),
        received_at: timestamp(4, row.get(4)?)?,
        died_at: timestamp(5, row.get(5)?)?,
        attempts: row.get(6)?,
        reason: row.get(7)?,
    })
}
