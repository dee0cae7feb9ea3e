//! The ledger's chain: whole as the program writes it, and broken by whatever other hands do to it.

use deskbridge::domain::history::requester;
use deskbridge::store::sqlite::Sqlite;
use deskbridge::store::{Break, Chain, Forget, Store};
use deskbridge_connectors::ticket::Requester;
use rusqlite::Connection;

use super::conformance::claimed;
use super::fixture::{at, delivery, entry};

/// A store of so many entries, closed.
async fn ledger(folder: &tempfile::TempDir, entries: u32) -> std::path::PathBuf {
    let path = folder.path().join("deskbridge.db");
    let store = Sqlite::open(&path).unwrap();
    for n in 1..=entries {
        let key = format!("k{n}");
        store.accept(&delivery("acme", &key, n), at(0)).await.unwrap();
        store.settle(claimed(&store, 0).await, &entry("acme", n, &key, at(i64::from(n)))).await.unwrap();
    }
    path
}

async fn verified(path: &std::path::Path, head: Option<&str>) -> Chain {
    Sqlite::open(path).unwrap().verify(head).await.unwrap()
}

#[tokio::test]
async fn entries_follow_from_each_other_across_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deskbridge.db");
    let empty = verified(&path, None).await;
    assert_eq!((empty.entries, empty.head, empty.broken), (0, None, None));
    ledger(&folder, 3).await;
    let first = verified(&path, None).await;
    assert_eq!((first.entries, first.broken), (3, None));
    let store = Sqlite::open(&path).unwrap();
    store.record(&entry("acme", 9, "by hand", at(9))).await.unwrap();
    drop(store);
    let head = first.head.unwrap();
    let later = verified(&path, Some(&head)).await;
    assert_eq!((later.entries, later.broken, later.head_known), (4, None, Some(true)));
    assert_ne!(later.head.unwrap(), head);
}

#[tokio::test]
async fn whatever_other_hands_change_shows_at_its_entry() {
    for (sql, at_entry, how) in [
        ("UPDATE ledger SET entry = replace(entry, 'billing', 'sales') WHERE id = 3", 3, Break::Content),
        ("UPDATE ledger SET account = 'other' WHERE id = 3", 3, Break::Link),
        ("UPDATE ledger SET ticket = '77' WHERE id = 3", 3, Break::Link),
        ("UPDATE ledger SET outcome = 'applied' WHERE id = 3", 3, Break::Link),
        ("UPDATE ledger SET decided_at = decided_at + 1 WHERE id = 3", 3, Break::Link),
        ("UPDATE ledger SET decided = 1 WHERE id = 3", 3, Break::Link),
        ("UPDATE ledger SET content = upper(content) WHERE id = 3", 3, Break::Link),
        ("UPDATE ledger SET digest = NULL WHERE id = 3", 3, Break::Link),
        ("UPDATE ledger SET id = 99 WHERE id = 3", 4, Break::Link),
        ("DELETE FROM ledger WHERE id = 3", 4, Break::Link),
        ("DELETE FROM ledger WHERE id = 1", 2, Break::Link),
        (
            "INSERT INTO ledger (id, decided_at, account, ticket, outcome, decided, entry, content, digest)
             SELECT 7, decided_at, account, ticket, outcome, decided, entry, content, digest FROM ledger WHERE id = 6",
            7,
            Break::Link,
        ),
        (
            "UPDATE ledger SET entry = (SELECT entry FROM ledger WHERE id = 4), content = (SELECT content FROM ledger
             WHERE id = 4) WHERE id = 3",
            3,
            Break::Link,
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = ledger(&folder, 6).await;
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let found = verified(&path, None).await;
        assert_eq!(found.broken, Some((at_entry, how)), "{sql}");
        assert_eq!(found.entries, u64::try_from(at_entry).unwrap() - 1 - u64::from(sql.contains("id = 99") || sql.starts_with("DELETE")), "{sql}");
    }
}

#[tokio::test]
async fn what_is_cut_off_the_end_shows_against_a_noted_head() {
    let folder = tempfile::tempdir().unwrap();
    let path = ledger(&folder, 6).await;
    let head = verified(&path, None).await.head.unwrap();
    Connection::open(&path).unwrap().execute_batch("DELETE FROM ledger WHERE id > 4").unwrap();
    let cut = verified(&path, Some(&head)).await;
    assert_eq!((cut.entries, cut.broken, cut.head_known), (4, None, Some(false)));
}

/// Entries of one requester, forgotten: what is whom to forget, and the ledger.
async fn erased(folder: &tempfile::TempDir) -> (Forget, std::path::PathBuf) {
    let path = ledger(folder, 3).await;
    let store = Sqlite::open(&path).unwrap();
    let who = Requester { email: Some("ann@mail.example".into()), ..Requester::default() };
    let digest = requester("acme", &who).unwrap();
    store.accept(&delivery("acme", "theirs", 8), at(0)).await.unwrap();
    let theirs = deskbridge::domain::outcome::Entry {
        requester: Some(digest.clone()),
        rules: vec!["billing".into()],
        ..entry("acme", 8, "theirs", at(8))
    };
    store.settle(claimed(&store, 0).await, &theirs).await.unwrap();
    let who = Forget {
        accounts: vec!["acme".into()],
        digests: vec![("acme".into(), digest)],
        named: "ann@mail.example".into(),
    };
    assert_eq!(store.forget(&who, at(9), true).await.unwrap().entries, 1);
    (who, path)
}

#[tokio::test]
async fn an_erasure_leaves_a_tombstone_and_the_chain_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (who, path) = erased(&folder).await;
    let chain = verified(&path, None).await;
    assert_eq!((chain.entries, chain.erased, chain.broken), (5, 1, None));
    let store = Sqlite::open(&path).unwrap();
    let (_, tombstone) = store.decisions(&Default::default()).await.unwrap().pop().unwrap();
    assert_eq!(tombstone.outcome.as_str(), "forgotten");
    assert!(tombstone.delivery.starts_with("forget:4:"), "{}", tombstone.delivery);
    assert!(tombstone.requester.is_none() && tombstone.rules.is_empty());
    // Nothing is left to forget, and tombstones get no tombstones.
    assert_eq!(store.forget(&who, at(10), true).await.unwrap().entries, 0);
    assert_eq!(verified(&path, None).await.entries, 5);
}

#[tokio::test]
async fn a_change_is_not_passed_off_as_an_erasure() {
    for (sql, at_entry) in [
        ("UPDATE ledger SET entry = replace(entry, 'billing', 'sales'), erased_at = 1 WHERE id = 3", 3),
        ("UPDATE ledger SET entry = replace(entry, '0.91', '0.11'), erased_at = 1 WHERE id = 1", 1),
        // What is left of an erased entry is held to its tombstone, and so is that it was erased at all.
        ("UPDATE ledger SET entry = replace(entry, 'forgotten', 'nobody') WHERE id = 4", 4),
        ("UPDATE ledger SET erased_at = NULL WHERE id = 4", 4),
        ("UPDATE ledger SET entry = replace(entry, 'forget:4:', 'forget:3:') WHERE id = 5", 4),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (_, path) = erased(&folder).await;
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        assert_eq!(verified(&path, None).await.broken, Some((at_entry, Break::Content)), "{sql}");
    }
}
