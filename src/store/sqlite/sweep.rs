//! The SQL of the sweep: the mark of each account, and the look-up of known tickets.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::row::timestamp;
use crate::domain::decision::TicketKey;
use crate::store::Error;

/// Returns the time up to which an account was searched.
pub(super) fn mark(conn: &Connection, account: &str) -> Result<Option<Timestamp>, Error> {
    let mark = conn
        .prepare_cached("SELECT mark FROM sweep WHERE account = ?1")?
        .query_row([account], |row| timestamp(0, row.get(0)?))
        .optional()?;
    Ok(mark)
}

/// Moves the mark forward.
pub(super) fn set(conn: &Connection, account: &str, mark: i64) -> Result<(), Error> {
    conn.prepare_cached(
        "INSERT INTO sweep (account, mark) VALUES (?1, ?2)
         ON CONFLICT (account) DO UPDATE SET mark = max(mark, ?2)",
    )?
    .execute(params![account, mark])?;
    Ok(())
}

/// Returns true if a ledger entry or a delivery about the ticket exists: waiting, claimed or set
/// aside.
pub(super) fn knows(conn: &Connection, ticket: &TicketKey) -> Result<bool, Error> {
    let known = conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM lane WHERE order_key = ?1 || '/' || ?2)
                 OR EXISTS (SELECT 1 FROM ledger WHERE account = ?1 AND ticket = ?2)
                 OR EXISTS (SELECT 1 FROM inbox WHERE state = 'dead' AND order_key = ?1 || '/' || ?2)",
        )?
        .query_row(params![ticket.account, ticket.ticket.as_str()], |row| row.get(0))?;
    Ok(known)
}
