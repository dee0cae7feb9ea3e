//! Forgets a requester: what of them is in the inbox, in the settled values and in the ledger.
//!
//! Deleted and replaced bytes are overwritten (`secure_delete`), so that they are in no free page
//! either; what was deleted before that was switched on goes when the file is compacted.

use rusqlite::{Connection, params};

use super::{answers, chain, mention, write};
use crate::domain::outcome::Entry;
use crate::store::{Error, Forget, Forgotten};

/// Counts what there is of a requester, and with `erase` forgets it.
pub(super) fn forget(conn: &Connection, who: &Forget, now: i64, erase: bool) -> Result<Forgotten, Error> {
    let mut found = Forgotten::default();
    for (account, digest) in &who.digests {
        let tickets: Vec<String> = conn
            .prepare_cached("SELECT DISTINCT ticket FROM ledger WHERE account = ?1 AND requester = ?2")?
            .query_map(params![account, digest], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        if erase {
            answers::forget(conn, account, digest)?;
        }
        for ticket in tickets {
            found.entries += ledger(conn, account, &ticket, now, erase)?;
            found.settled += settled(conn, account, &ticket, erase)?;
            found.tickets.push(format!("{account}/{ticket}"));
        }
    }
    found.tickets.sort();
    found.tickets.dedup();
    for account in &who.accounts {
        inbox(conn, who, account, &mut found, erase)?;
    }
    Ok(found)
}

/// The entries of a ticket that are not erased yet. What is left of one says that something was
/// decided, and counts in no report.
fn ledger(conn: &Connection, account: &str, ticket: &str, now: i64, erase: bool) -> Result<u64, Error> {
    let rows: Vec<(i64, String)> = conn
        .prepare_cached(
            "SELECT id, entry FROM ledger
             WHERE account = ?1 AND ticket = ?2 AND erased_at IS NULL AND outcome <> 'forgotten'",
        )?
        .query_map(params![account, ticket], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (id, entry) in rows.iter().filter(|_| erase) {
        let entry: Entry = super::row::from_json(entry)?;
        let left = entry.erased();
        let rest = super::row::to_json(&left)?;
        conn.prepare_cached("UPDATE ledger SET entry = ?2, erased_at = ?3 WHERE id = ?1")?
            .execute(params![id, rest, now])?;
        conn.prepare_cached("DELETE FROM summary WHERE id = ?1")?.execute([id])?;
        let proof = chain::tombstone_of(*id, &rest);
        let tombstone = Entry::tombstone(&left, proof, super::row::timestamp(0, now)?);
        write::record(conn, &write::Line::of(&tombstone)?)?;
    }
    Ok(rows.len() as u64)
}

fn settled(conn: &Connection, account: &str, ticket: &str, erase: bool) -> Result<u64, Error> {
    let sql = if erase {
        "DELETE FROM settling WHERE account = ?1 AND ticket = ?2"
    } else {
        "SELECT count(*) FROM settling WHERE account = ?1 AND ticket = ?2"
    };
    let mut statement = conn.prepare_cached(sql)?;
    if erase {
        return Ok(statement.execute(params![account, ticket])? as u64);
    }
    let count: i64 = statement.query_row(params![account, ticket], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Deliveries about their tickets, or that name them. Waiting ones lose their body, which nobody
/// needs any more; dead letters go, and so does what waits to be read again from its body.
fn inbox(
    conn: &Connection,
    who: &Forget,
    account: &str,
    found: &mut Forgotten,
    erase: bool,
) -> Result<(), Error> {
    let rows: Vec<(i64, String, String, Vec<u8>, bool)> = conn
        .prepare_cached(
            "SELECT seq, state, order_key, body, notice IS NULL FROM inbox
             WHERE account = ?1 AND body IS NOT NULL AND length(body) > 0",
        )?
        .query_map([account], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?
        .collect::<Result<_, _>>()?;
    for (seq, state, order_key, body, unread) in rows {
        if found.tickets.binary_search(&order_key).is_err() && !mention::names(&body, &who.named) {
            continue;
        }
        let dead = state == "dead";
        *(if dead { &mut found.dead } else { &mut found.waiting }) += 1;
        match (erase, dead, unread) {
            (false, ..) => {}
            (true, true, _) => _ = write::drop_dead(conn, seq)?,
            (true, false, true) => write::drop_waiting(conn, seq)?,
            (true, false, false) => {
                conn.prepare_cached("UPDATE inbox SET body = x'' WHERE seq = ?1")?.execute([seq])?;
            }
        }
    }
    Ok(())
}
