//! The SQL of every question; run by the readers, each sees the last commit.

use jiff::Timestamp;
use rusqlite::types::{ToSql, Type};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::row::{count, micros, notice, timestamp};
use super::write::LONGEST_WAIT;
use crate::domain::decision::TicketKey;
use crate::domain::history::History;
use crate::domain::outcome::Entry;
use crate::store::{DeadLetter, Depth, Error, Filter};

/// Entries of a ticket that say something about later deliveries.
const HISTORY: u32 = 20;

/// What is known of a ticket.
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
             WHERE account = ?1 AND requester = ?2 AND ticket <> ?3 GROUP BY ticket HAVING first >= ?4",
        )?
        .query_map(params![ticket.account, requester, ticket.ticket.as_str(), since], |row| {
            timestamp(0, row.get(0)?)
        })?
        .collect::<Result<_, _>>()?;
    Ok(times)
}

/// Ledger entries, oldest first; with a limit the newest ones.
pub(super) fn decisions(conn: &Connection, filter: &Filter) -> Result<Vec<(i64, Entry)>, Error> {
    let since = filter.since.map(micros);
    let conditions: [(&str, Option<&dyn ToSql>); 5] = [
        ("decided_at >= ?", since.as_ref().map(|it| it as &dyn ToSql)),
        ("account = ?", filter.account.as_ref().map(|it| it as &dyn ToSql)),
        ("ticket = ?", filter.ticket.as_ref().map(|it| it as &dyn ToSql)),
        ("id > ?", filter.after.as_ref().map(|it| it as &dyn ToSql)),
        ("id < ?", filter.before.as_ref().map(|it| it as &dyn ToSql)),
    ];
    // Only what was asked for is in the statement, so that each of its few shapes finds its index.
    let mut sql = "SELECT id, entry FROM ledger WHERE true".to_owned();
    let mut values: Vec<&dyn ToSql> = Vec::new();
    for (condition, value) in conditions {
        if let Some(value) = value {
            sql.push_str(" AND ");
            sql.push_str(condition);
            values.push(value);
        }
    }
    sql.push_str(" ORDER BY id DESC");
    if let Some(limit) = &filter.limit {
        sql.push_str(" LIMIT ?");
        values.push(limit);
    }
    let mut entries = conn
        .prepare_cached(&sql)?
        .query_map(values.as_slice(), |row| Ok((row.get(0)?, entry(row, 1)?)))?
        .collect::<Result<Vec<_>, _>>()?;
    entries.reverse();
    Ok(entries)
}

/// Dead letters, in order of arrival.
pub(super) fn dead(conn: &Connection) -> Result<Vec<DeadLetter>, Error> {
    let letters = conn
        .prepare_cached(
            "SELECT seq, account, delivery_id, notice, received_at, died_at, attempts, reason
             FROM inbox WHERE state = 'dead' ORDER BY seq",
        )?
        .query_map([], dead_letter_row)?
        .collect::<Result<_, _>>()?;
    Ok(letters)
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

/// How full the inbox is. Counts by walking narrow indexes: some 20 ms for a million waiting deliveries.
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

/// Tells whether a claim would find anything. A delivery that is kept after this look rings for a worker itself.
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
    serde_json::from_str(row.get_ref(column)?.as_str()?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
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
