//! The store of a busy helpdesk after half a year: a few tickets that a real daemon decided and agents settled, copied many times.
//!
//! The patterns go through the whole daemon on the stand-ins, so that every row has the size and the shape that `serve` writes.
//! The copies have tickets, times, requesters and scores of their own, and hang together in the ledger's chain. They are written by
//! SQL in large transactions: through the store a million of them would take the better part of an hour.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use deskbridge::clock::{Clock, SystemClock};
use deskbridge::store::sqlite::Sqlite;
use deskbridge_standins::seed::CATEGORIES;
use deskbridge_standins::{Change, NewTicket};
use jiff::{SignedDuration, Timestamp};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, params};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::template::{Copy, Pattern, Scores, Template, mixed};
use crate::harness::{House, project};
use crate::process::Served;

/// Tickets that the daemon decides itself.
const PATTERNS: usize = 48;
/// How far the copies reach back: all of them lie within the 180 days of the dashboard's figures.
const DAYS: i64 = 179;
/// Rows in one transaction.
const BATCH: u32 = 5000;

/// Reads the rulebook that is shipped.
pub(crate) fn rulebook() -> String {
    std::fs::read_to_string(project().join("routing-rules/support.yaml")).unwrap()
}

/// One decision with what its agents settled on.
struct Decided {
    account: String,
    outcome: String,
    entry: Template,
    summary: Template,
    kept: Template,
    /// Microseconds from the decision until its ticket was read as settled.
    settled_after: i64,
}

/// Decisions to copy.
pub(crate) struct Patterns {
    decided: Vec<Decided>,
    /// The labels that summaries count: digest, model and labels of the one bundle there is.
    bundle: [String; 3],
}

/// A store of many decisions.
pub(crate) struct Ledger {
    /// The database.
    pub(crate) path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Ledger {
    /// Starts the daemon on this store and the house's desks.
    pub(crate) async fn serve(&self, house: &House, mode: &str) -> Served {
        let usual = house.beside("deskbridge.db").display().to_string();
        let here = self.path.display().to_string();
        Served::start_changed(house, mode, &rulebook(), ":", |settings| settings.replace(&usual, &here)).await
    }

    /// Returns true once a ticket was decided.
    pub(crate) fn decided(&self, account: &str, ticket: &str) -> bool {
        let sql = "SELECT EXISTS (SELECT 1 FROM ledger WHERE account = ?1 AND ticket = ?2 AND decided = 1)";
        self.reader().query_row(sql, [account, ticket], |row| row.get(0)).unwrap()
    }

    /// Counts the tickets whose agents settled on a category: the report must know of all of them.
    pub(crate) fn settled_categories(&self) -> u64 {
        let sql = "SELECT count(*) FROM settling WHERE settled_at IS NOT NULL AND EXISTS (SELECT 1
                   FROM json_each(kept, '$.fields') WHERE json_array_length(value, '$.story.now') > 0)";
        self.reader().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap().try_into().unwrap()
    }

    /// Returns everything that was derived from the entries: each decision's summary, and the decision of each ticket.
    pub(crate) fn derived(&self) -> (Vec<Value>, Vec<(String, i64)>) {
        let conn = self.reader();
        let mut summaries = conn.prepare("SELECT * FROM summary ORDER BY id").unwrap();
        let columns = summaries.column_count();
        let read = |row: &rusqlite::Row<'_>| {
            let value = |at: usize| {
                Ok(match row.get_ref(at)? {
                    ValueRef::Text(text) => serde_json::from_slice(text)
                        .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(text))),
                    other => Value::from(other.as_i64()?),
                })
            };
            (0..columns).map(value).collect::<rusqlite::Result<Vec<Value>>>().map(Value::Array)
        };
        let summaries = summaries.query_map([], read).unwrap().collect::<Result<_, _>>().unwrap();
        let mut tickets =
            conn.prepare("SELECT ticket, decision FROM settling ORDER BY account, ticket").unwrap();
        let tickets = tickets.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        (summaries, tickets.collect::<Result<_, _>>().unwrap())
    }

    /// Forgets everything derived, as in a store that an earlier program left.
    pub(crate) fn forget_derived(&self) {
        let sql = "DELETE FROM summary; UPDATE settling SET decision = NULL;
                   UPDATE summarised SET from_id = (SELECT max(id) + 1 FROM ledger)";
        self.reader().execute_batch(sql).unwrap();
    }

    fn reader(&self) -> Connection {
        let conn = Connection::open(&self.path).unwrap();
        conn.busy_timeout(Duration::from_secs(5)).unwrap();
        conn
    }
}

/// Some hours from now.
struct Later(i64);

impl Clock for Later {
    fn now(&self) -> Timestamp {
        SystemClock.now() + SignedDuration::from_hours(self.0)
    }
}

impl Patterns {
    /// Has a daemon decide tickets that people wrote, in shadow mode, and agents settle all of them.
    pub(crate) async fn make() -> Self {
        let rulebook = rulebook();
        let mut house = House::start("shadow", &rulebook).await;
        house.desks.iter().for_each(|desk| desk.raise_limit());
        let holdout = project().join("onnx/starter/holdout.csv");
        let mut opened = Vec::new();
        for (at, row) in csv::Reader::from_path(holdout).unwrap().records().take(PATTERNS).enumerate() {
            let row = row.unwrap();
            let desk = Arc::clone(&house.desks[at % house.desks.len()]);
            let id = desk
                .open(NewTicket {
                    subject: row[1].to_owned(),
                    body: row[2].to_owned(),
                    email: format!("customer-{at}@mail.example"),
                    tags: vec!["loyal".into()],
                    touched: None,
                })
                .await;
            let category = CATEGORIES.iter().find(|category| **category == &row[4]);
            opened.push((desk, id, category.map(|category| (*category).to_owned()), row[5].to_owned()));
        }
        house.settle().await;
        for (desk, id, category, priority) in opened {
            let change = Change {
                priority: Some(priority),
                category,
                group: Some("Billing".into()),
                reply: Some("We have looked into it.".into()),
                solved: true,
                ..Change::default()
            };
            desk.agent_edits(&id, change);
        }
        let settling = house.settling("shadow", &rulebook, Arc::new(Later(2)));
        assert_eq!(settling.round().await.unwrap(), PATTERNS, "every pattern settles");
        house.stop().await;
        Self::read(&house.beside("deskbridge.db"))
    }

    fn read(path: &Path) -> Self {
        let conn = Connection::open(path).unwrap();
        let mut rows = conn
            .prepare(
                "SELECT account, ticket, outcome, decided_at, entry, kept, settled_at, requester,
                        entry ->> '$.delivery', summary
                 FROM ledger JOIN settling USING (account, ticket)
                     JOIN (SELECT id, summary FROM summary) USING (id)
                 WHERE decided = 1 ORDER BY id",
            )
            .unwrap();
        let decided = rows.query_map([], |row| {
            let (ticket, entry, kept): (String, String, String) = (row.get(1)?, row.get(4)?, row.get(5)?);
            let (requester, delivery): (Option<String>, String) = (row.get(7)?, row.get(8)?);
            let (decided_at, summary): (i64, String) = (row.get(3)?, row.get(9)?);
            let pattern = Pattern {
                ticket: &ticket,
                delivery: &delivery,
                requester: requester.as_deref(),
                decided_at,
                scores: &Scores::of(&entry),
            };
            Ok(Decided {
                account: row.get(0)?,
                outcome: row.get(2)?,
                entry: Template::of(&entry, &pattern),
                summary: Template::of(&summary, &pattern),
                kept: Template::of(&kept, &pattern),
                settled_after: row.get::<_, i64>(6)? - decided_at,
            })
        });
        let decided: Vec<_> = decided.unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(decided.len(), PATTERNS);
        let bundle = conn.query_row("SELECT digest, model, labels FROM bundle_labels", [], |row| {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?])
        });
        Self { decided, bundle: bundle.unwrap() }
    }

    /// Makes a new store of so many decisions, the newest just now. It lies beside the build, on the disk, because `/tmp` may be
    /// memory.
    pub(crate) fn fill(&self, decisions: u32) -> Ledger {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let ledger = Ledger { path: folder.path().join("deskbridge.db"), _folder: folder };
        drop(Sqlite::open(&ledger.path).unwrap());
        let now = SystemClock.now().as_microsecond();
        let conn = Connection::open(&ledger.path).unwrap();
        // Nobody else has it open, and a store that is cut short is thrown away.
        conn.execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
             PRAGMA cache_size = -100000;",
        )
        .unwrap();
        conn.execute(
            "INSERT INTO bundle_labels (id, digest, model, labels) VALUES (1, ?1, ?2, ?3)",
            self.bundle.each_ref(),
        )
        .unwrap();
        let (sender, rows) = sync_channel::<Vec<Row>>(2);
        std::thread::scope(|scope| {
            scope.spawn(move || self.rows(decisions, now, &sender));
            let mut before = String::new();
            for batch in rows {
                conn.execute_batch("BEGIN").unwrap();
                for row in &batch {
                    before = row.insert(&conn, &before);
                }
                conn.execute_batch("COMMIT").unwrap();
            }
        });
        conn.execute_batch("PRAGMA locking_mode = NORMAL; PRAGMA journal_mode = WAL; ").unwrap();
        ledger
    }

    fn rows(&self, decisions: u32, end: i64, to: &SyncSender<Vec<Row>>) {
        let span = DAYS * 24 * 3600 * 1_000_000;
        let mut batch = Vec::new();
        for number in 0..decisions {
            let decided_at = end - span / i64::from(decisions) * i64::from(decisions - number);
            batch.push(self.row(number, decided_at, end));
            if batch.len() as u32 == BATCH {
                to.send(std::mem::take(&mut batch)).unwrap();
            }
        }
        to.send(batch).unwrap();
    }

    fn row(&self, number: u32, decided_at: i64, end: i64) -> Row {
        let count = self.decided.len() as u32;
        let pattern = &self.decided[(number % count) as usize];
        // Every twentieth is a second decision on a ticket.
        let again = number % 20 == 19 && number >= count;
        let ticket = (10_000_000 + if again { number - count } else { number }).to_string();
        let delivery = format!("01BENCH{number:019}");
        let requester = format!("{:016x}", mixed(u64::from(number / 3)));
        let copy = Copy {
            ticket: &ticket,
            delivery: &delivery,
            requester: &requester,
            decided_at,
            seed: u64::from(number),
        };
        let entry = pattern.entry.copy(&copy);
        // A tenth is still waited for; nothing of it is due before the measuring is over.
        let settled_at = (number % 10 != 7).then_some(decided_at + pattern.settled_after);
        Row {
            id: i64::from(number) + 1,
            account: pattern.account.clone(),
            outcome: pattern.outcome.clone(),
            decided_at,
            content: hex::encode(Sha256::digest(&entry)),
            entry,
            summary: pattern.summary.copy(&copy),
            kept: settled_at.map(|_| pattern.kept.copy(&copy)),
            settled_at,
            due_at: settled_at.is_none().then_some(end + 10 * 24 * 3600 * 1_000_000),
            ticket,
            delivery,
        }
    }
}

/// One decision's rows.
struct Row {
    id: i64,
    account: String,
    ticket: String,
    delivery: String,
    outcome: String,
    decided_at: i64,
    entry: String,
    content: String,
    summary: String,
    kept: Option<String>,
    settled_at: Option<i64>,
    due_at: Option<i64>,
}

impl Row {
    /// Writes the rows that `accept`, `settle` and `keep_settled` leave behind. Returns the entry's digest.
    fn insert(&self, conn: &Connection, before: &str) -> String {
        let digest = self.digest(before);
        let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
            conn.prepare_cached(sql).unwrap().execute(values).unwrap();
        };
        let order_key = format!("{}/{}", self.account, self.ticket);
        run(
            "INSERT INTO inbox (account, delivery_id, order_key, state, epoch, received_at, settled_at)
             VALUES (?1, ?2, ?3, 'settled', 1, ?4, ?4)",
            params![self.account, self.delivery, order_key, self.decided_at],
        );
        run(
            "INSERT INTO ledger (id, decided_at, account, ticket, outcome, decided, entry, content, digest)
             VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8)",
            params![
                self.id,
                self.decided_at,
                self.account,
                self.ticket,
                self.outcome,
                self.entry,
                self.content,
                digest
            ],
        );
        run(
            "INSERT INTO summary (id, decided_at, account, ticket, bundle, wrote, challenged, summary)
             VALUES (?1, ?2, ?3, ?4, 1, 0, 0, ?5)",
            params![self.id, self.decided_at, self.account, self.ticket, self.summary],
        );
        run(
            "INSERT OR REPLACE INTO settling (account, ticket, since, looks, due_at, settled_at, kept, decision)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                self.account,
                self.ticket,
                self.decided_at,
                i64::from(self.settled_at.is_some()),
                self.due_at,
                self.settled_at,
                self.kept,
                self.id
            ],
        );
        digest
    }

    /// Returns the entry's link in the chain, as `src/store/sqlite/chain.rs` describes it.
    fn digest(&self, before: &str) -> String {
        let (id, decided_at) = (self.id.to_string(), self.decided_at.to_string());
        let mut hash = Sha256::new();
        for part in [
            "deskbridge ledger",
            before,
            &id,
            &decided_at,
            &self.account,
            &self.ticket,
            &self.outcome,
            "1",
            &self.content,
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hex::encode(hash.finalize())
    }
}
