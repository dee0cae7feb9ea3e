//! The ledger's chain of digests: written with each entry, completed for entries from before there
//! was one, and checked.
//!
//! `digest = SHA-256("deskbridge ledger" ‖ digest before ‖ id ‖ decided_at ‖ account ‖ ticket ‖
//! outcome ‖ decided ‖ content)`, each part with its length before it, and `content =
//! SHA-256(entry)`. The first entry's digest before is empty. Whoever can write to the file can
//! also compute a new chain from any entry on; that is why the newest digest is printed, to be
//! noted elsewhere.
//!
//! An erased entry keeps the `content` of before, which its text no longer has. What holds it to
//! the chain is its tombstone: a later entry whose `delivery` names it and the digest of what is
//! left of it.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest, Sha256};

use crate::store::{Break, Chain, Error};

/// Links an entry that was just written to the one before.
pub(super) fn link(conn: &Connection, id: i64, entry: &str) -> Result<(), Error> {
    let before = conn
        .prepare_cached("SELECT digest FROM ledger WHERE id < ?1 ORDER BY id DESC LIMIT 1")?
        .query_row([id], |row| row.get::<_, Option<String>>(0))
        .optional()?
        .flatten();
    let content = content_of(entry);
    let digest = conn
        .prepare_cached("SELECT id, decided_at, account, ticket, outcome, decided FROM ledger WHERE id = ?1")?
        .query_row([id], |row| digest_of(before.as_deref().unwrap_or_default(), row, &content))?;
    conn.prepare_cached("UPDATE ledger SET content = ?2, digest = ?3 WHERE id = ?1")?
        .execute(params![id, content, digest])?;
    Ok(())
}

/// Links every entry that has no digest yet. Runs within the migration.
pub(super) fn complete(conn: &Connection) -> Result<(), Error> {
    let missing: Vec<i64> = conn
        .prepare("SELECT id FROM ledger WHERE digest IS NULL ORDER BY id")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for id in missing {
        let entry: String = conn
            .prepare_cached("SELECT entry FROM ledger WHERE id = ?1")?
            .query_row([id], |row| row.get(0))?;
        link(conn, id, &entry)?;
    }
    Ok(())
}

/// Reads the whole ledger and checks every link.
pub(super) fn verify(conn: &Connection, head: Option<&str>) -> Result<Chain, Error> {
    let mut chain = Chain { head_known: head.map(|_| false), ..Chain::default() };
    let tombstones = tombstones(conn)?;
    let mut rows = conn.prepare(
        "SELECT id, decided_at, account, ticket, outcome, decided, entry, content, digest, erased_at FROM ledger ORDER BY id",
    )?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let (entry, erased): (String, Option<i64>) = (row.get(6)?, row.get(9)?);
        let (content, digest): (Option<String>, Option<String>) = (row.get(7)?, row.get(8)?);
        let (content, digest) = (content.unwrap_or_default(), digest.unwrap_or_default());
        let before = chain.head.as_deref().unwrap_or_default();
        let whole = match erased {
            None => content_of(&entry) == content,
            Some(_) => tombstones.contains(&tombstone_of(row.get(0)?, &entry)),
        };
        let broken = match digest == digest_of(before, row, &content)? {
            false => Some(Break::Link),
            true => (!whole).then_some(Break::Content),
        };
        if let Some(broken) = broken {
            chain.broken = Some((row.get(0)?, broken));
            return Ok(chain);
        }
        chain.entries += 1;
        chain.erased += u64::from(erased.is_some());
        if head == Some(digest.as_str()) {
            chain.head_known = Some(true);
        }
        chain.head = Some(digest);
    }
    Ok(chain)
}

/// Returns the text of a tombstone: the number of the erased entry, and the digest of its remaining
/// content.
pub(super) fn tombstone_of(id: i64, left: &str) -> String {
    format!("forget:{id}:{}", content_of(left))
}

/// Returns the texts of all tombstones. Each is an entry of the chain and is checked as one.
fn tombstones(conn: &Connection) -> Result<HashSet<String>, Error> {
    let mut said = conn.prepare(
        "SELECT json_extract(entry, '$.delivery') FROM ledger WHERE outcome = 'forgotten' AND json_valid(entry)",
    )?;
    let said = said.query_map([], |row| row.get::<_, Option<String>>(0))?;
    Ok(said.filter_map(Result::transpose).collect::<Result<_, _>>()?)
}

fn content_of(entry: &str) -> String {
    hex::encode(Sha256::digest(entry))
}

/// Of the first six columns.
fn digest_of(before: &str, row: &Row<'_>, content: &str) -> rusqlite::Result<String> {
    let (id, decided_at, decided): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(5)?);
    let (account, ticket, outcome): (String, String, String) = (row.get(2)?, row.get(3)?, row.get(4)?);
    let numbers = [id, decided_at, decided].map(|number| number.to_string());
    let [id, decided_at, decided] = &numbers;
    let mut hash = Sha256::new();
    for part in ["deskbridge ledger", before, id, decided_at, &account, &ticket, &outcome, decided, content] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    Ok(hex::encode(hash.finalize()))
}
