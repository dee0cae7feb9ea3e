//! The SQL of every command: each function is one move of a delivery, run by the writer inside its
//! savepoint.
//!
//! Two things hold after every one of them: a lane exists exactly for the order keys with a pending
//! or claimed delivery, and its head is the claimed one or else the oldest pending one. Only the
//! delivery's newest claim can move it: the row's `epoch` counts its claims and never goes back,
//! not even over a requeue.

use deskbridge_connectors::DeliveryKey;
use rusqlite::{Connection, OptionalExtension, params};

use super::row::{Incoming, LONGEST_WAIT, count, micros, notice, timestamp, to_json};
use super::summary::Summarised;
use super::{answers, chain, settling};
use crate::domain::outcome::Entry;
use crate::store::{Accepted, Claim, Error, Work};

/// The time after the making of a restored copy within which an unknown write may have arrived, in
/// microseconds: 30 days.
const RESTORED_FOR: i64 = 30 * 24 * 3600 * 1_000_000;

/// Keeps a delivery, unless its key is known.
pub(super) fn accept(conn: &Connection, new: &Incoming) -> Result<Accepted, Error> {
    let (state, died_at, reason) = match &new.notice {
        Ok(_) => ("pending", None, None),
        Err(why) => ("dead", Some(new.received_at), Some(why.as_str())),
    };
    let stored = conn
        .prepare_cached(
            "INSERT INTO inbox (account, delivery_id, order_key, state, notice, received_at, died_at, reason, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (account, delivery_id) DO NOTHING",
        )?
        .execute(params![
            new.account,
            new.delivery_id,
            new.order_key,
            state,
            new.notice.as_deref().ok(),
            new.received_at,
            died_at,
            reason,
            new.body,
        ])?;
    if stored == 0 {
        return Ok(Accepted::Known);
    }
    if new.notice.is_err() {
        return Ok(Accepted::Dead);
    }
    conn.prepare_cached(
        "INSERT INTO lane (order_key, head, visible_at) VALUES (?1, ?2, ?3) ON CONFLICT (order_key) DO NOTHING",
    )?
    .execute(params![new.order_key, conn.last_insert_rowid(), new.received_at])?;
    Ok(Accepted::New)
}

/// Takes the head of the lane that has been due longest. Taking a lapsed claim counts as an
/// attempt: otherwise a delivery that kills its worker would be tried for ever.
pub(super) fn claim(conn: &Connection, now: i64, until: i64) -> Result<Option<Claim>, Error> {
    let lane = |sql: &str, at: i64| {
        conn.prepare_cached(sql)?
            .query_row([at], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))
            .optional()
    };
    let due = lane(
        "SELECT order_key, head FROM lane WHERE visible_at <= ?1 ORDER BY visible_at, head LIMIT 1",
        now,
    )?;
    let due = match due {
        Some(due) => Some(due),
        None => lane(
            "SELECT order_key, head FROM lane WHERE visible_at > ?1 ORDER BY visible_at, head LIMIT 1",
            now.saturating_add(LONGEST_WAIT),
        )?,
    };
    let Some((order_key, seq)) = due else { return Ok(None) };
    conn.prepare_cached("UPDATE lane SET visible_at = ?2 WHERE order_key = ?1")?
        .execute(params![order_key, until])?;
    let claim = conn
        .prepare_cached(
            "UPDATE inbox SET state = 'claimed', epoch = epoch + 1, attempts = attempts + (state = 'claimed')
             WHERE seq = ?1 AND state IN ('pending', 'claimed')
             RETURNING epoch, account, delivery_id, notice, received_at, attempts, body,
                       EXISTS (SELECT 1 FROM journal WHERE journal.seq = inbox.seq)
                           OR EXISTS (SELECT 1 FROM restored WHERE since > ?2)",
        )?
        .query_row([seq, now.saturating_sub(RESTORED_FOR)], |row| {
            Ok(Claim {
                id: seq,
                epoch: row.get(0)?,
                work: Work {
                    account: row.get(1)?,
                    key: DeliveryKey::new(row.get::<_, String>(2)?),
                    notice: notice(row.get_ref(3)?.as_str_or_null()?),
                    body: row.get(6)?,
                    received_at: timestamp(4, row.get(4)?)?,
                    attempts: row.get(5)?,
                    wrote_before: row.get(7)?,
                    lease_until: timestamp(0, until)?,
                },
            })
        })?;
    Ok(Some(claim))
}

/// Extends a lease.
pub(super) fn renew(conn: &Connection, id: i64, epoch: i64, until: i64) -> Result<(), Error> {
    let order_key = held(conn, id, epoch)?;
    conn.prepare_cached("UPDATE lane SET visible_at = ?2 WHERE order_key = ?1")?
        .execute(params![order_key, until])?;
    Ok(())
}

/// Notes a write that is about to be sent.
pub(super) fn journal(conn: &Connection, id: i64, epoch: i64, at: i64, entry: &str) -> Result<(), Error> {
    held(conn, id, epoch)?;
    conn.prepare_cached("INSERT INTO journal (seq, at, entry) VALUES (?1, ?2, ?3)")?
        .execute(params![id, at, entry])?;
    Ok(())
}

/// A ledger entry, ready to be written.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) decided_at: i64,
    pub(super) account: String,
    pub(super) ticket: String,
    pub(super) outcome: &'static str,
    pub(super) decided: bool,
    pub(super) json: String,
    pub(super) summary: Option<Summarised>,
    /// The requester of a ticket that a machine opened.
    pub(super) machine: Option<String>,
}

impl Line {
    pub(super) fn of(entry: &Entry) -> Result<Self, Error> {
        Ok(Self {
            decided_at: micros(entry.decided_at),
            account: entry.account.clone(),
            ticket: entry.ticket.clone(),
            outcome: entry.outcome.as_str(),
            decided: entry.digests.is_some() || entry.own_version.is_some(),
            json: to_json(entry)?,
            summary: Summarised::of(entry)?,
            machine: entry.machine.and(entry.requester.clone()),
        })
    }
}

/// Ends a delivery and writes its ledger entry; the body, the notice and the journal are forgotten.
pub(super) fn settle(conn: &Connection, id: i64, epoch: i64, line: &Line) -> Result<i64, Error> {
    let order_key = held(conn, id, epoch)?;
    conn.prepare_cached(
        "UPDATE inbox SET state = 'settled', settled_at = ?2, body = NULL, notice = NULL, last_failure = NULL
         WHERE seq = ?1",
    )?
    .execute(params![id, line.decided_at])?;
    conn.prepare_cached("DELETE FROM journal WHERE seq = ?1")?.execute([id])?;
    let entry = record(conn, line)?;
    advance(conn, &order_key)?;
    Ok(entry)
}

/// Writes a ledger entry.
pub(super) fn record(conn: &Connection, line: &Line) -> Result<i64, Error> {
    conn.prepare_cached(
        "INSERT INTO ledger (decided_at, account, ticket, outcome, decided, entry) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![line.decided_at, line.account, line.ticket, line.outcome, line.decided, line.json])?;
    let entry = conn.last_insert_rowid();
    chain::link(conn, entry, &line.json)?;
    if let Some(summary) = &line.summary {
        summary.keep(conn, entry, line.decided_at, &line.account, &line.ticket)?;
    }
    if let Some(requester) = &line.machine {
        answers::keep_machine(conn, &line.account, requester, &line.ticket)?;
    }
    if line.decided {
        settling::wait(conn, &line.account, &line.ticket, line.decided_at)?;
    }
    Ok(entry)
}

/// Puts a delivery back. The whole lane waits until then: a later delivery of the ticket does not
/// overtake.
pub(super) fn postpone(
    conn: &Connection,
    id: i64,
    epoch: i64,
    until: i64,
    counted: bool,
    why: &str,
) -> Result<(), Error> {
    let order_key = held(conn, id, epoch)?;
    conn.prepare_cached(
        "UPDATE inbox SET state = 'pending', attempts = attempts + ?2, last_failure = ?3 WHERE seq = ?1",
    )?
    .execute(params![id, counted, why])?;
    // Usually the same head; an older one where a dead letter of the ticket was requeued meanwhile.
    conn.prepare_cached(
        "UPDATE lane SET visible_at = ?2, head =
             (SELECT min(seq) FROM inbox WHERE inbox.order_key = ?1 AND state = 'pending')
         WHERE order_key = ?1",
    )?
    .execute(params![order_key, until])?;
    Ok(())
}

/// Sets a delivery aside.
pub(super) fn bury(conn: &Connection, id: i64, epoch: i64, why: &str, now: i64) -> Result<(), Error> {
    let order_key = held(conn, id, epoch)?;
    conn.prepare_cached("UPDATE inbox SET state = 'dead', died_at = ?2, reason = ?3 WHERE seq = ?1")?
        .execute(params![id, now, why])?;
    advance(conn, &order_key)
}

/// Puts a dead letter back at its place in its ticket's order. False where there is none.
pub(super) fn requeue(conn: &Connection, id: i64, now: i64) -> Result<bool, Error> {
    let revived = conn
        .prepare_cached(
            "UPDATE inbox SET state = 'pending', attempts = 0, died_at = NULL, reason = NULL, last_failure = NULL
             WHERE seq = ?1 AND state = 'dead' RETURNING order_key",
        )?
        .query_row([id], |row| row.get::<_, String>(0))
        .optional()?;
    let Some(order_key) = revived else { return Ok(false) };
    // It becomes the head of its lane unless an older one waits there or one is being worked on.
    conn.prepare_cached(
        "INSERT INTO lane (order_key, head, visible_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (order_key) DO UPDATE SET head = ?2, visible_at = min(visible_at, ?3)
         WHERE head > ?2 AND (SELECT state FROM inbox WHERE seq = lane.head) = 'pending'",
    )?
    .execute(params![order_key, id, now])?;
    Ok(true)
}

/// Forgets a dead letter, its journal and its key. False where there is none.
pub(super) fn drop_dead(conn: &Connection, id: i64) -> Result<bool, Error> {
    let gone = conn.prepare_cached("DELETE FROM inbox WHERE seq = ?1 AND state = 'dead'")?.execute([id])?;
    Ok(gone > 0)
}

/// Forgets a delivery that waits or is being worked on; whoever works on it finds its claim lost.
pub(super) fn drop_waiting(conn: &Connection, id: i64) -> Result<(), Error> {
    let gone = conn
        .prepare_cached(
            "DELETE FROM inbox WHERE seq = ?1 AND state IN ('pending', 'claimed') RETURNING order_key",
        )?
        .query_row([id], |row| row.get::<_, String>(0))
        .optional()?;
    gone.map_or(Ok(()), |order_key| advance(conn, &order_key))
}

/// Ends the postponements of an account; claimed lanes keep their leases. Returns how many were
/// ended.
pub(super) fn wake(conn: &Connection, account: &str, now: i64) -> Result<u64, Error> {
    // Accounts are the part of the key before the slash, and `0` follows `/`: a range instead of a
    // pattern.
    let woken = conn
        .prepare_cached(
            "UPDATE lane SET visible_at = ?2
             WHERE visible_at > ?2 AND order_key > ?1 || '/' AND order_key < ?1 || '0'
               AND (SELECT state FROM inbox WHERE seq = lane.head) = 'pending'",
        )?
        .execute(params![account, now])?;
    Ok(count(i64::try_from(woken).unwrap_or(i64::MAX)))
}

/// Writes something, so that a disk that cannot be written to is noticed.
pub(super) fn probe(conn: &Connection) -> Result<(), Error> {
    conn.prepare_cached("UPDATE probe SET beats = beats + 1 WHERE id = 1")?.execute([])?;
    Ok(())
}

/// The order key of a delivery whose newest claim this is.
fn held(conn: &Connection, id: i64, epoch: i64) -> Result<String, Error> {
    conn.prepare_cached("SELECT order_key FROM inbox WHERE seq = ?1 AND epoch = ?2 AND state = 'claimed'")?
        .query_row([id, epoch], |row| row.get(0))
        .optional()?
        .ok_or(Error::LostClaim)
}

/// Gives the lane its next head, due since it was kept, or removes a lane that has none.
fn advance(conn: &Connection, order_key: &str) -> Result<(), Error> {
    let next = conn
        .prepare_cached(
            "SELECT seq, received_at FROM inbox WHERE order_key = ?1 AND state = 'pending' ORDER BY seq LIMIT 1",
        )?
        .query_row([order_key], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
        .optional()?;
    match next {
        Some((head, due)) => conn
            .prepare_cached("UPDATE lane SET head = ?2, visible_at = ?3 WHERE order_key = ?1")?
            .execute(params![order_key, head, due])?,
        None => conn.prepare_cached("DELETE FROM lane WHERE order_key = ?1")?.execute([order_key])?,
    };
    Ok(())
}
