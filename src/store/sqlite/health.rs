//! Facts about the database, for a person who looks for a fault. Nothing is migrated or changed,
//! but SQLite may create its own log beside a store that nobody has open.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;

use super::row::timestamp;
use super::{read, schema};
use crate::store::{Depth, Error};

/// The facts found in a database.
#[derive(Debug)]
pub struct Health {
    /// The schema's version, and the newest that this program knows.
    pub schema: (i64, i64),
    /// The first line of SQLite's `quick_check`; `ok` where all is well.
    pub integrity: String,
    /// The number of waiting deliveries; `None` before the first schema.
    pub depth: Option<Depth>,
    /// When each account's last authentic delivery was kept, as far back as deliveries are
    /// remembered.
    pub received: BTreeMap<String, Timestamp>,
}

/// Looks at a database that is there. Blocks for as long as SQLite takes to read it once.
///
/// # Errors
/// [`Error`] where it cannot be opened or read, is no database, another program's or a newer one's.
pub fn inspect(path: &Path) -> Result<Health, Error> {
    let conn = schema::open_reader(path)?;
    let (version, known) = (schema::check(&conn)?, schema::known());
    let integrity = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    let mut received = BTreeMap::new();
    let depth = if version > 0 { Some(read::depth(&conn)?) } else { None };
    if version > 0 {
        let mut rows = conn.prepare("SELECT account, max(received_at) FROM inbox GROUP BY account")?;
        let found = rows.query_map([], |row| Ok((row.get(0)?, timestamp(1, row.get(1)?)?)))?;
        received = found.collect::<Result<_, _>>()?;
    }
    Ok(Health { schema: (version, known), integrity, depth, received })
}
