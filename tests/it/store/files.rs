//! The files of an SQLite store: taken away, replaced, and open to others.

use std::path::{Path, PathBuf};
use std::time::Duration;

use deskbridge::store::sqlite::Sqlite;
use deskbridge::store::{Accepted, Error, Store};

use super::fixture::{at, delivery};

const FILES: [&str; 3] = ["deskbridge.db", "deskbridge.db-wal", "deskbridge.db-shm"];

async fn accept(store: &Sqlite, key: &str) -> Result<Accepted, Error> {
    store.accept(&delivery("acme", key, 7), at(0)).await
}

fn move_all(from: &Path, to: &Path) {
    for name in FILES {
        std::fs::rename(from.join(name), to.join(name)).unwrap();
    }
}

#[tokio::test]
async fn a_claim_sees_what_was_kept_the_moment_before() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&folder.path().join("deskbridge.db")).unwrap();
    for n in 0..500 {
        assert!(store.claim(at(n), Duration::from_secs(60)).await.unwrap().is_none(), "{n}");
        store.accept(&delivery("acme", &n.to_string(), 7), at(n)).await.unwrap();
        let claim = store.claim(at(n), Duration::from_secs(60)).await.unwrap().expect("it was just kept");
        store.bury(claim, "the test is over", at(n)).await.unwrap();
    }
}

#[tokio::test]
async fn nothing_is_acknowledged_in_a_file_without_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let at_name = |name: &str| folder.path().join(name);
    let store = Sqlite::open(&at_name("deskbridge.db")).unwrap();
    accept(&store, "before").await.unwrap();
    let keep = at_name("kept-elsewhere");
    for (n, name) in FILES.into_iter().enumerate() {
        for replaced in [false, true] {
            std::fs::rename(at_name(name), &keep).unwrap();
            if replaced {
                std::fs::copy(&keep, at_name(name)).unwrap();
            }
            let refused = accept(&store, &format!("during {n} {replaced}")).await.unwrap_err();
            assert!(matches!(&refused, Error::Displaced(file) if file == name), "{refused}");
            assert!(matches!(store.probe().await, Err(Error::Displaced(_))));
            assert!(store.requeue(1, at(0)).await.is_err(), "by nobody's command either");
            std::fs::rename(&keep, at_name(name)).unwrap();
            assert_eq!(accept(&store, &format!("after {n} {replaced}")).await.unwrap(), Accepted::New);
            store.probe().await.unwrap();
        }
    }
    drop(store);
    let store = Sqlite::open(&at_name("deskbridge.db")).unwrap();
    assert_eq!(store.depth().await.unwrap().pending, 7);
}

#[tokio::test]
async fn a_store_that_lost_its_files_leaves_the_new_ones_alone() {
    let (folder, away) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = folder.path().join("deskbridge.db");
    let old = Sqlite::open(&path).unwrap();
    accept(&old, "old").await.unwrap();
    move_all(folder.path(), away.path());
    let new = Sqlite::open(&path).unwrap();
    accept(&new, "new").await.unwrap();
    // Closing a database deletes its log by name, and the name is another's by now.
    drop(old);
    let copy = tempfile::tempdir().unwrap();
    for name in ["deskbridge.db", "deskbridge.db-wal"] {
        std::fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
    }
    let copy = Sqlite::open(&copy.path().join("deskbridge.db")).unwrap();
    assert_eq!(accept(&copy, "new").await.unwrap(), Accepted::Known, "as after a power cut");
    accept(&new, "newer").await.unwrap();
    // And what the old one had is where it was taken.
    let old = Sqlite::open(&away.path().join("deskbridge.db")).unwrap();
    assert_eq!(accept(&old, "old").await.unwrap(), Accepted::Known);
}

#[tokio::test]
async fn a_log_that_was_deleted_is_still_written_into_the_database_at_the_end() {
    for name in ["deskbridge.db-wal", "deskbridge.db-shm"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deskbridge.db");
        let store = Sqlite::open(&path).unwrap();
        accept(&store, "k1").await.unwrap();
        std::fs::remove_file(folder.path().join(name)).unwrap();
        assert!(matches!(accept(&store, "k2").await, Err(Error::Displaced(_))));
        drop(store);
        let store = Sqlite::open(&path).unwrap();
        assert_eq!(accept(&store, "k1").await.unwrap(), Accepted::Known, "{name}");
        assert_eq!(accept(&store, "k2").await.unwrap(), Accepted::New, "{name}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn files_that_others_may_read_are_taken_from_them() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for open in [0o644, 0o660, 0o602, 0o777] {
        let folder = tempfile::tempdir().unwrap();
        let names = FILES.iter().map(|name| folder.path().join(name)).collect::<Vec<_>>();
        let first = Sqlite::open(&names[0]).unwrap();
        accept(&first, "k1").await.unwrap();
        for name in &names {
            std::fs::set_permissions(name, std::fs::Permissions::from_mode(open)).unwrap();
        }
        let second = Sqlite::open(&names[0]).unwrap();
        for name in &names {
            assert_eq!(mode(name), 0o600, "{open:o} {}", name.display());
        }
        assert_eq!(accept(&second, "k1").await.unwrap(), Accepted::Known);
        assert_eq!(accept(&first, "k2").await.unwrap(), Accepted::New);
    }
}
