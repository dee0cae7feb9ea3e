use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use deskbridge_connectors::{Notice, NoticeKind, TicketId};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::*;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const LEASE: Duration = Duration::from_secs(60);

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("deskbridge.db")
    }

    fn store(&self) -> Sqlite {
        Sqlite::open(&self.path()).unwrap()
    }

    /// Opens a second connection, as another process would.
    fn other(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    /// Another process in the middle of a write: ours waits until it commits.
    fn locked(&self) -> Connection {
        let other = self.other();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        other
    }
}

fn incoming(key: &str, ticket: &str) -> Incoming {
    let ticket = TicketId::new(ticket).unwrap();
    let notice = Notice { kind: NoticeKind::Created, ticket, actor: None, occurred_at: None };
    Incoming::from_parts("acme", key, Ok(&notice), vec![b'x'; 2000], NOW).unwrap()
}

async fn accept(store: &Sqlite, key: &str) -> Result<Accepted, Error> {
    let new = incoming(key, key);
    store.writer.queue()?.ask(move |conn| write::accept(conn, &new)).await
}

fn rows(conn: &Connection) -> i64 {
    conn.query_row("SELECT count(*) FROM inbox", [], |row| row.get(0)).unwrap()
}

/// Lets a future queue its work, then drops it, as a caller does who hangs up.
async fn begun<T>(future: impl Future<Output = T>) {
    assert!(tokio::time::timeout(Duration::ZERO, future).await.is_err());
}

#[tokio::test]
async fn every_commit_is_synced() {
    let place = Place::new();
    let store = place.store();
    let settings = |conn: &Connection| {
        let mode: String = conn.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
        let number = |sql| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
        Ok((mode, number("PRAGMA synchronous")?, number("PRAGMA foreign_keys")?))
    };
    // On the very connection that writes. 2 is FULL: the log is synced at every commit.
    let found = store.writer.queue().unwrap().ask(settings).await.unwrap();
    assert_eq!(found, ("wal".to_owned(), 2, 1));
}

#[tokio::test]
async fn nobody_is_answered_before_the_commit() {
    let place = Place::new();
    let store = Arc::new(place.store());
    let other = place.locked();
    let mut accepting = tokio::spawn({
        let store = Arc::clone(&store);
        async move { accept(&store, "k1").await }
    });
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut accepting).await.is_err());
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(accepting.await.unwrap().unwrap(), Accepted::New);
    assert_eq!(rows(&other), 1);
}

#[tokio::test]
async fn a_command_that_fails_takes_no_neighbour_with_it() {
    let place = Place::new();
    let store = place.store();
    let other = place.locked();
    let queue = store.writer.queue().unwrap();
    let broken = queue.ask(|conn| {
        write::accept(conn, &incoming("half", "1"))?;
        Ok(conn.execute("UPDATE inbox SET state = 'lost'", []).map(drop)?)
    });
    let unlock = async { other.execute_batch("COMMIT").unwrap() };
    let (before, broken, after, ()) = tokio::join!(accept(&store, "a"), broken, accept(&store, "b"), unlock);
    assert_eq!((before.unwrap(), after.unwrap()), (Accepted::New, Accepted::New));
    assert!(broken.unwrap_err().to_string().contains("CHECK constraint failed"));
    assert_eq!(rows(&other), 2);
}

#[tokio::test]
async fn a_full_queue_refuses_and_keeps_what_it_took() {
    let place = Place::new();
    let store = Arc::new(place.store());
    let other = place.locked();
    let mut tasks = JoinSet::new();
    for n in 0..2000 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { accept(&store, &n.to_string()).await });
    }
    let unlock = async {
        // The refused ones are answered at once, while the others wait for the lock.
        let refused = tasks.join_next().await.unwrap().unwrap();
        assert!(matches!(refused, Err(Error::Busy)));
        other.execute_batch("COMMIT").unwrap();
        let mut answers = vec![refused];
        while let Some(answer) = tasks.join_next().await {
            answers.push(answer.unwrap());
        }
        answers
    };
    let (kept, refused): (Vec<_>, Vec<_>) = unlock.await.into_iter().partition(Result::is_ok);
    assert!(kept.len() >= 1024, "{} kept", kept.len());
    assert!(refused.iter().all(|answer| matches!(answer, Err(Error::Busy))));
    assert_eq!(rows(&other), i64::try_from(kept.len()).unwrap());
}

#[tokio::test]
async fn a_lock_that_is_never_let_go_makes_the_store_unavailable() {
    let place = Place::new();
    let store = place.store();
    let impatient = |conn: &Connection| Ok(conn.busy_timeout(Duration::ZERO)?);
    store.writer.queue().unwrap().ask(impatient).await.unwrap();
    let other = place.locked();
    for error in [accept(&store, "k1").await.unwrap_err(), store.probe().await.unwrap_err()] {
        assert!(matches!(error, Error::Unavailable(_)));
        assert!(std::error::Error::source(&error).unwrap().to_string().contains("locked"), "{error}");
    }
    other.execute_batch("COMMIT").unwrap();
    store.probe().await.unwrap();
    assert_eq!(accept(&store, "k1").await.unwrap(), Accepted::New);
}

#[tokio::test]
async fn a_full_disk_loses_nothing_that_was_answered() {
    let place = Place::new();
    let store = place.store();
    let limit = |pages: i64| {
        let sql = format!("PRAGMA max_page_count = {pages}");
        store.writer.queue().unwrap().ask(move |conn| Ok(conn.query_row(&sql, [], |_| Ok(()))?))
    };
    limit(40).await.unwrap();
    let mut kept = 0;
    let full = loop {
        match accept(&store, &format!("k{kept}")).await {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(full, Error::Unavailable(_)));
    assert!(full.to_string().contains("full"), "{full}");
    // What needs no room still works, and with room again everything does.
    assert!(store.claim(NOW, LEASE).await.unwrap().is_some());
    limit(1_000_000).await.unwrap();
    assert_eq!(accept(&store, "more").await.unwrap(), Accepted::New);
    assert_eq!(store.depth().await.unwrap().pending, kept + 1);
}

#[tokio::test]
async fn closing_writes_what_is_queued() {
    let place = Place::new();
    let store = place.store();
    let other = place.locked();
    begun(accept(&store, "k1")).await;
    other.execute_batch("COMMIT").unwrap();
    drop(other);
    drop(store);
    assert!(!place.0.path().join("deskbridge.db-wal").exists(), "the log is part of the file now");
    assert_eq!(rows(&place.other()), 1);
}

#[tokio::test]
async fn nothing_is_claimed_for_a_caller_who_left() {
    let place = Place::new();
    let store = place.store();
    accept(&store, "k1").await.unwrap();
    let other = place.locked();
    begun(store.claim(NOW, LEASE)).await;
    other.execute_batch("COMMIT").unwrap();
    let claim = store.claim(NOW, LEASE).await.unwrap().expect("still due");
    assert_eq!((claim.epoch, claim.work.attempts), (1, 0));
}

#[tokio::test]
async fn readers_cannot_write() {
    let store = Place::new().store();
    let wrote = store.readers.queue().unwrap().ask(write::probe).await;
    assert!(wrote.unwrap_err().to_string().contains("readonly"));
}

#[tokio::test]
async fn a_notice_that_cannot_be_read_is_left_to_the_body() {
    let place = Place::new();
    let store = place.store();
    accept(&store, "k1").await.unwrap();
    place.other().execute("UPDATE inbox SET notice = '{\"kind\":\"unheard_of\"}'", []).unwrap();
    let claim = store.claim(NOW, LEASE).await.unwrap().unwrap();
    assert_eq!((&claim.work.notice, claim.work.body.len()), (&None, 2000));
}

#[tokio::test]
async fn an_older_database_is_brought_up_and_keeps_its_ledger() {
    let place = Place::new();
    let old = place.other();
    old.execute_batch(include_str!("migrations/0001_inbox_and_ledger.sql")).unwrap();
    old.execute_batch(
        "PRAGMA application_id = 1684370283; PRAGMA user_version = 1;
         INSERT INTO ledger (decided_at, account, ticket, outcome, decided, entry)
         VALUES (1, 'acme', '7', 'applied', 1, '{\"requester\":\"ines\"}'), (2, 'acme', '8', 'applied', 1, '{}')",
    )
    .unwrap();
    drop(old);
    let store = place.store();
    let ticket = TicketKey { account: "acme".to_owned(), ticket: TicketId::new("9").unwrap() };
    assert_eq!(store.contacts(&ticket, "ines", NOW).await.unwrap().len(), 1);
    let version: i64 = place.other().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, 7);
    // What was decided before is waited for too.
    let waiting = store.unsettled(jiff::Timestamp::MAX, 10).await.unwrap();
    assert_eq!(waiting.iter().map(|of| of.ticket.ticket.as_str()).collect::<Vec<_>>(), ["7", "8"]);
}

#[test]
fn other_databases_are_refused() {
    let newer = Place::new();
    drop(newer.store());
    newer.other().execute_batch("PRAGMA user_version = 99").unwrap();
    let refused = Sqlite::open(&newer.path()).unwrap_err();
    assert!(matches!(refused, Error::TooNew { found: 99, known: 7 }), "{refused}");

    let foreign = Place::new();
    foreign.other().execute_batch("CREATE TABLE letters (id INTEGER)").unwrap();
    let refused = Sqlite::open(&foreign.path()).unwrap_err();
    assert!(refused.to_string().contains("another program's"), "{refused}");
    let tables = "SELECT count(*) FROM sqlite_schema";
    assert_eq!(foreign.other().query_row(tables, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
}

#[tokio::test]
async fn states_and_their_columns_go_together() {
    let place = Place::new();
    let store = place.store();
    accept(&store, "k1").await.unwrap();
    let other = place.other();
    for illegal in [
        "state = 'lost'",
        "state = 'claimed'",
        "state = 'settled'",
        "state = 'settled', settled_at = 1",
        "state = 'settled', settled_at = 1, body = NULL",
        "state = 'dead'",
        "state = 'dead', died_at = 1",
        "body = NULL",
        "reason = 'x'",
        "settled_at = 1",
        "attempts = -1",
    ] {
        assert!(other.execute(&format!("UPDATE inbox SET {illegal}"), []).is_err(), "{illegal}");
    }
    for legal in ["state = 'claimed', epoch = 1", "state = 'dead', died_at = 1, reason = 'x'"] {
        other.execute(&format!("UPDATE inbox SET {legal}"), []).unwrap();
    }
}

/// Checks the indexes that keep a claim as fast at a million rows as at ten.
#[test]
fn hot_statements_find_their_index() {
    let place = Place::new();
    drop(place.store());
    let other = place.other();
    for (sql, plan) in [
        (
            "SELECT order_key, head FROM lane WHERE visible_at <= 1 ORDER BY visible_at, head LIMIT 1",
            "SEARCH lane USING COVERING INDEX lane_due (visible_at<?)",
        ),
        ("SELECT min(visible_at) FROM lane", "SEARCH lane USING COVERING INDEX lane_due"),
        (
            "SELECT seq FROM inbox WHERE order_key = 'x' AND state = 'pending' ORDER BY seq LIMIT 1",
            "SEARCH inbox USING COVERING INDEX inbox_pending (order_key=?)",
        ),
        (
            "SELECT count(*), min(seq) FROM inbox WHERE state = 'pending'",
            "SCAN inbox USING COVERING INDEX inbox_pending",
        ),
        (
            "SELECT seq FROM inbox WHERE state = 'dead' ORDER BY seq",
            "SCAN inbox USING COVERING INDEX inbox_dead",
        ),
        (
            "SELECT entry FROM ledger WHERE account = 'a' AND ticket = 'b' AND decided = 1 ORDER BY id DESC",
            "SEARCH ledger USING INDEX ledger_ticket (account=? AND ticket=? AND decided=?)",
        ),
    ] {
        let explain = format!("EXPLAIN QUERY PLAN {sql}");
        let found: String = other.query_row(&explain, [], |row| row.get(3)).unwrap();
        assert!(found.contains(plan), "{sql}: {found}");
    }
}
