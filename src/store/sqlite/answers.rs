//! The SQL of public answers: who got which within the last day.

use rusqlite::{Connection, params};

use super::row::micros;
use crate::store::{Error, PublicAnswer};

/// Takes the place for an answer, unless the requester got `limit` of the same template on other
/// tickets after `since`. Whatever is older is forgotten.
pub(super) fn reserve(
    conn: &Connection,
    answer: &PublicAnswer,
    since: i64,
    limit: u32,
) -> Result<bool, Error> {
    conn.prepare_cached("DELETE FROM answer WHERE at <= ?1")?.execute([since])?;
    let (account, ticket) = (&answer.ticket.account, answer.ticket.ticket.as_str());
    let sent: u32 = conn
        .prepare_cached(
            "SELECT count(*) FROM answer WHERE account = ?1 AND requester = ?2
               AND template = ?3 AND ticket <> ?4",
        )?
        .query_row(params![account, answer.requester, answer.template, ticket], |row| row.get(0))?;
    if sent >= limit {
        return Ok(false);
    }
    conn.prepare_cached(
        "INSERT INTO answer (account, requester, template, ticket, at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (account, requester, template, ticket) DO NOTHING",
    )?
    .execute(params![account, answer.requester, answer.template, ticket, micros(answer.at)])?;
    Ok(true)
}

/// Keeps that a machine opened a requester's ticket, so that it counts for no contact.
pub(super) fn keep_machine(
    conn: &Connection,
    account: &str,
    requester: &str,
    ticket: &str,
) -> Result<(), Error> {
    conn.prepare_cached(
        "INSERT OR IGNORE INTO machine_ticket (account, requester, ticket) VALUES (?1, ?2, ?3)",
    )?
    .execute([account, requester, ticket])?;
    Ok(())
}

/// Forgets what a requester was answered, and which of their tickets machines opened.
pub(super) fn forget(conn: &Connection, account: &str, requester: &str) -> Result<(), Error> {
    conn.prepare_cached("DELETE FROM machine_ticket WHERE account = ?1 AND requester = ?2")?
        .execute(params![account, requester])?;
    conn.prepare_cached("DELETE FROM answer WHERE account = ?1 AND requester = ?2")?
        .execute(params![account, requester])?;
    Ok(())
}
