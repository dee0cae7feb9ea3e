//! A disk that is full, stalls, turns read-only or loses its power, a store that another process holds, one that is damaged, and no
//! file descriptor left. Nothing acknowledged is lost. What cannot be kept is refused, so that the platform tries again, and the
//! daemon goes on when the trouble is over.

mod power;
mod preload;
mod trouble;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use deskbridge::domain::outcome::Outcome;
use deskbridge_standins::Desk;

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket, wait_until};
use crate::process::{Served, ask, stderr};

async fn closed() -> House {
    let mut house = House::start("live", ONE_OF_EVERYTHING).await;
    house.stop().await;
    house.desks.iter().for_each(|desk| desk.raise_limit());
    house
}

/// How often each status was the last answer to a delivery of a desk.
fn answers(desk: &Arc<dyn Desk>) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    desk.deliveries().iter().for_each(|sent| *counts.entry(sent.status).or_default() += 1);
    counts
}

/// Everything that was answered 200 is decided once, by a daemon without the trouble.
async fn nothing_is_lost(house: &House, desk: &Arc<dyn Desk>) {
    let kept: Vec<String> =
        desk.deliveries().iter().filter(|sent| sent.status == 200).map(|sent| sent.ticket.clone()).collect();
    assert!(!kept.is_empty());
    let served = Served::start(house, "live", ONE_OF_EVERYTHING).await;
    wait_until("the inbox is empty", async || house.store.depth().await.unwrap().pending == 0).await;
    assert!(served.terminate().success());
    for ticket in kept {
        let decided = house.decided(desk.as_ref(), &ticket).await;
        assert_eq!(decided.len(), 1, "{ticket}");
        assert_eq!(decided[0].outcome, Outcome::Applied, "{ticket}");
        assert_eq!(desk.ticket(&ticket).unwrap().notes.len(), 1, "{ticket}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_what_it_cannot_keep_and_loses_nothing() {
    let mut house = closed().await;
    // The file-size limit of a shell stands for the end of a disk: the write fails, and the process lives.
    let served = Served::start_under(&house, "live", ONE_OF_EVERYTHING, "trap '' XFSZ; ulimit -f 600").await;
    let desk = Arc::clone(&house.desks[0]);
    // The platform's own retries wait for seconds, so that it opens many at once.
    let opening: Vec<_> = (0..400)
        .map(|_| {
            let desk = Arc::clone(&desk);
            tokio::spawn(async move { desk.open(billing_ticket()).await })
        })
        .collect();
    wait_until("the disk is full", async || answers(&desk).get(&503).is_some_and(|refused| *refused >= 3))
        .await;
    opening.iter().for_each(tokio::task::JoinHandle::abort);
    assert!(served.terminate().code().is_some(), "it was not killed by the full disk");
    nothing_is_lost(&house, &desk).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_another_process_holds_is_waited_for_and_then_refused() {
    let mut house = closed().await;
    let served = Served::start(&house, "live", ONE_OF_EVERYTHING).await;
    let desk = Arc::clone(&house.desks[0]);
    let ticket = desk.open(billing_ticket()).await;
    wait_until("it is decided", async || !house.decided(desk.as_ref(), &ticket).await.is_empty()).await;
    let file = house.beside("deskbridge.db");
    let holder = rusqlite::Connection::open(&file).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let held = desk.redeliver(&ticket).await;
    assert_eq!(held, 503, "nothing is acknowledged that is not on disk");
    holder.execute_batch("ROLLBACK").unwrap();
    wait_until("it is taken again", async || desk.redeliver(&ticket).await == 200).await;
    assert!(served.terminate().success());
    nothing_is_lost(&house, &desk).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_store_is_refused_at_the_start_with_what_to_do() {
    let mut house = closed().await;
    let config = house.write_settings("live", ONE_OF_EVERYTHING, "127.0.0.1:0", "127.0.0.1:0");
    let settings = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, settings.replace("deskbridge.db", "damaged.db")).unwrap();
    std::fs::write(house.beside("damaged.db"), [&b"SQLite format 3\0"[..], &[0xA5; 8192]].concat()).unwrap();
    let refused = tokio::task::block_in_place(|| ask(&["serve", "--config", config.to_str().unwrap()], ""));
    assert_eq!(refused.status.code(), Some(78), "{}", stderr(&refused));
    assert!(
        stderr(&refused).contains("damaged.db") && stderr(&refused).contains("store.url"),
        "{}",
        stderr(&refused)
    );
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_file_descriptors_it_waits_for_one_and_answers_again() {
    let mut house = closed().await;
    let served = Served::start_under(&house, "live", ONE_OF_EVERYTHING, "ulimit -n 96").await;
    let desk = Arc::clone(&house.desks[0]);
    let first = desk.open(billing_ticket()).await;
    wait_until("it is decided", async || !house.decided(desk.as_ref(), &first).await.is_empty()).await;
    assert!(served.log().contains("fewer files may be open than server.max_connections asks for"));
    let hooks = served.hooks().to_owned();
    let idle: Vec<_> = (0..150).filter_map(|_| std::net::TcpStream::connect(&hooks).ok()).collect();
    assert!(idle.len() > 90, "{}", idle.len());
    tokio::time::sleep(Duration::from_millis(500)).await;
    drop(idle);
    let again = desk.open(billing_ticket()).await;
    wait_until("it is decided", async || !house.decided(desk.as_ref(), &again).await.is_empty()).await;
    assert!(served.terminate().success());
    nothing_is_lost(&house, &desk).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_whose_pages_are_damaged_is_refused_at_the_start_too() {
    let mut house = House::start("live", ONE_OF_EVERYTHING).await;
    house.desks[0].open(billing_ticket()).await;
    house.settle().await;
    house.stop().await;
    let file = house.beside("deskbridge.db");
    let conn = rusqlite::Connection::open(&file).unwrap();
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    // Everything but the first page, which holds the schema, so that it opens as if nothing were wrong.
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[4096..].fill(0xA5);
    std::fs::write(house.beside("damaged.db"), bytes).unwrap();
    let config = house.write_settings("live", ONE_OF_EVERYTHING, "127.0.0.1:0", "127.0.0.1:0");
    let settings = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, settings.replace("/deskbridge.db", "/damaged.db")).unwrap();
    for asked in [&["serve"][..], &["ledger", "verify"], &["backup", "--out", "/dev/null/backup.db"]] {
        let arguments = [asked, &["--config", config.to_str().unwrap()]].concat();
        let refused = tokio::task::block_in_place(|| ask(&arguments, ""));
        assert!(!refused.status.success(), "{asked:?}");
    }
    let refused = tokio::task::block_in_place(|| ask(&["serve", "--config", config.to_str().unwrap()], ""));
    let said = stderr(&refused);
    assert_eq!(refused.status.code(), Some(78), "{said}");
    assert!(
        said.contains("damaged.db") && said.contains("malformed") && said.contains("store.url"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_cannot_be_written_is_refused_at_the_start() {
    let house = House::without_a_daemon().await;
    let config = house.write_settings("live", ONE_OF_EVERYTHING, "127.0.0.1:0", "127.0.0.1:0");
    let settings = std::fs::read_to_string(&config).unwrap();
    let store = house.beside("deskbridge.db").display().to_string();
    // A file system that takes no files, from anybody, and a folder that is not there.
    for place in
        ["/proc/deskbridge.db".to_owned(), house.beside("nowhere/deskbridge.db").display().to_string()]
    {
        std::fs::write(&config, settings.replace(&store, &place)).unwrap();
        let refused =
            tokio::task::block_in_place(|| ask(&["serve", "--config", config.to_str().unwrap()], ""));
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(78), "{said}");
        assert!(said.contains(&place) && said.contains("store.url"), "{said}");
    }
}
