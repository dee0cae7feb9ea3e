//! A store written by any earlier schema opens, is brought to the newest, and goes on where it was.

use std::path::PathBuf;
use std::time::Duration;

use deskbridge::domain::outcome::Outcome;
use deskbridge::store::sqlite::Sqlite;
use deskbridge::store::{Error, Filter, Store};
use deskbridge_connectors::NoticeKind;
use jiff::Timestamp;
use rusqlite::Connection;

use super::fixture::entry;
use crate::harness::project;

/// Every schema there was, oldest first, each with a store as it left it.
fn fixtures() -> Vec<PathBuf> {
    let folder = project().join("tests/it/store/fixtures");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

fn version(path: &std::path::Path) -> usize {
    let conn = Connection::open(path).unwrap();
    conn.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).unwrap().try_into().unwrap()
}

#[tokio::test]
async fn every_schema_there_was_is_brought_to_the_newest_and_worked_off() {
    let fixtures = fixtures();
    for (n, fixture) in fixtures.iter().enumerate() {
        let at = fixture.display();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deskbridge.db");
        Connection::open(&path).unwrap().execute_batch(&std::fs::read_to_string(fixture).unwrap()).unwrap();
        assert_eq!(version(&path), n + 1, "{at}");
        let store = Sqlite::open(&path).unwrap();
        assert_eq!(
            version(&path),
            fixtures.len(),
            "{at}: a schema needs a store of its own kept in tests/it/store/fixtures"
        );

        let ledger = store.decisions(&Filter::default()).await.unwrap();
        assert_eq!(ledger.len(), 2, "{at}");
        assert_eq!(
            (ledger[0].1.outcome, ledger[0].1.heads["category"]["label"].as_str()),
            (Outcome::Shadowed, Some("billing"))
        );
        let chain = store.verify(None).await.unwrap();
        assert_eq!((chain.entries, chain.broken), (2, None), "{at}");
        let depth = store.depth().await.unwrap();
        assert_eq!((depth.pending, depth.dead), (4, 1), "{at}");
        assert_eq!(
            store.dead(&Default::default()).await.unwrap()[0].reason,
            "cannot read the delivery at $.ticket_id: expected a number"
        );

        // Everything that waits is due by now, the oldest of each ticket first; the one that was being worked on wrote before.
        let now: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
        let mut worked = Vec::new();
        while let Some(claim) = store.claim(now, Duration::from_secs(60)).await.unwrap() {
            let work = claim.work().clone();
            assert_eq!(work.notice.as_ref().unwrap().kind, NoticeKind::Created, "{at}");
            worked.push((work.key.as_str().to_owned(), work.wrote_before));
            let ticket = work.notice.unwrap().ticket.as_str().parse().unwrap();
            store.settle(claim, &entry("acme", ticket, work.key.as_str(), now)).await.unwrap();
        }
        worked.sort();
        let expected = [("d3", false), ("d4", false), ("d5", true), ("d7", false)];
        assert_eq!(worked, expected.map(|(key, wrote)| (key.to_owned(), wrote)), "{at}");
        assert!(store.requeue(6, now).await.unwrap(), "{at}");
        assert_eq!(store.verify(None).await.unwrap().entries, 6, "{at}");
    }
}

#[tokio::test]
async fn a_migration_that_is_cut_short_leaves_the_old_schema_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deskbridge.db");
    let first = std::fs::read_to_string(&fixtures()[0]).unwrap();
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(&first).unwrap();
    // A table that a later migration makes is in the way, so that it fails after others have run.
    conn.execute_batch("CREATE TABLE demotion (x INTEGER)").unwrap();
    assert!(matches!(Sqlite::open(&path), Err(Error::Unavailable(_))));
    assert_eq!(version(&path), 1);
    let columns: i64 = conn
        .query_row("SELECT count(*) FROM pragma_table_xinfo('ledger') WHERE name = 'requester'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(columns, 0, "nothing of it stands");
    conn.execute_batch("DROP TABLE demotion").unwrap();
    drop(conn);
    assert_eq!(Sqlite::open(&path).unwrap().depth().await.unwrap().pending, 4);
}
