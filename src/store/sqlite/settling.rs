//! The SQL of settled values: which tickets wait for them, what was kept, and which labels fell
//! back to shadow.
//!
//! A row's `since` is the decision it waits for. Whoever looked for an earlier one changes nothing
//! any more.

use deskbridge_connectors::TicketId;
use rusqlite::{Connection, Row, params};

use super::row::{micros, timestamp, unreadable};
use crate::domain::decision::TicketKey;
use crate::domain::label_modes::Demotion;
use crate::domain::settled::FIRST_LOOK;
use crate::store::{Error, Unsettled};

/// A ticket was decided: its agents' values are waited for from now on.
pub(super) fn wait(conn: &Connection, account: &str, ticket: &str, decided_at: i64) -> Result<(), Error> {
    let due = decided_at.saturating_add(i64::try_from(FIRST_LOOK.as_micros()).unwrap_or(i64::MAX));
    conn.prepare_cached(
        "INSERT INTO settling (account, ticket, since, due_at, decision) VALUES (?1, ?2, ?3, ?4,
             (SELECT ledger.id FROM ledger JOIN summary ON summary.id = ledger.id
              WHERE ledger.account = ?1 AND ledger.ticket = ?2 AND ledger.decided = 1 ORDER BY ledger.id DESC LIMIT 1))
         ON CONFLICT (account, ticket) DO UPDATE SET since = ?3, due_at = ?4, looks = 0, settled_at = NULL, kept = NULL,
             decision = coalesce(excluded.decision, decision)",
    )?
    .execute(params![account, ticket, decided_at, due])?;
    Ok(())
}

/// The tickets to look at.
pub(super) fn due(conn: &Connection, now: i64, limit: u32) -> Result<Vec<Unsettled>, Error> {
    let due = conn
        .prepare_cached(
            "SELECT account, ticket, since, looks FROM settling WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2",
        )?
        .query_map(params![now, limit], |row| {
            Ok(Unsettled { ticket: key(row)?, since: timestamp(2, row.get(2)?)?, looks: row.get(3)? })
        })?
        .collect::<Result<_, _>>()?;
    Ok(due)
}

/// Keeps what was settled on.
pub(super) fn keep(conn: &Connection, of: &Unsettled, at: i64, kept: &str) -> Result<(), Error> {
    conn.prepare_cached(
        "UPDATE settling SET looks = looks + 1, due_at = NULL, settled_at = ?4, kept = ?5
         WHERE account = ?1 AND ticket = ?2 AND since = ?3",
    )?
    .execute(params![of.ticket.account, of.ticket.ticket.as_str(), micros(of.since), at, kept])?;
    Ok(())
}

/// Looks again at `due`.
pub(super) fn later(conn: &Connection, of: &Unsettled, due: i64) -> Result<(), Error> {
    conn.prepare_cached(
        "UPDATE settling SET looks = looks + 1, due_at = ?4
         WHERE account = ?1 AND ticket = ?2 AND since = ?3 AND due_at IS NOT NULL",
    )?
    .execute(params![of.ticket.account, of.ticket.ticket.as_str(), micros(of.since), due])?;
    Ok(())
}

/// Waits no more.
pub(super) fn never(conn: &Connection, of: &Unsettled) -> Result<(), Error> {
    conn.prepare_cached("DELETE FROM settling WHERE account = ?1 AND ticket = ?2 AND since = ?3")?
        .execute(params![of.ticket.account, of.ticket.ticket.as_str(), micros(of.since)])?;
    Ok(())
}

/// Notes a fall; a later one of the same label replaces it.
pub(super) fn demote(conn: &Connection, fallen: &Demotion) -> Result<(), Error> {
    conn.prepare_cached("INSERT OR REPLACE INTO demotion (head, label, at, reason) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![fallen.head, fallen.label, micros(fallen.at), fallen.reason])?;
    Ok(())
}

/// Every label's last fall.
pub(super) fn demotions(conn: &Connection) -> Result<Vec<Demotion>, Error> {
    let fallen = conn
        .prepare_cached("SELECT head, label, at, reason FROM demotion ORDER BY head, label")?
        .query_map([], |row| {
            Ok(Demotion {
                head: row.get(0)?,
                label: row.get(1)?,
                at: timestamp(2, row.get(2)?)?,
                reason: row.get(3)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(fallen)
}

/// A row's first two columns.
pub(super) fn key(row: &Row<'_>) -> rusqlite::Result<TicketKey> {
    let ticket = TicketId::new(row.get::<_, String>(1)?).map_err(|error| unreadable(1, error))?;
    Ok(TicketKey { account: row.get(0)?, ticket })
}
