//! What a long ledger costs: the figures are the same as ever, and memory does not grow with it.

mod ledger;
mod template;
mod visitor;

use std::path::Path;
use std::time::Duration;

use deskbridge::store::Store;
use deskbridge::store::sqlite::Sqlite;
use rusqlite::Connection;

use crate::harness::{House, asked, billing_ticket, wait_until};
use crate::process::Served;
use ledger::{Patterns, now, rulebook};
use visitor::Visitor;

/// Decisions of the long ledger.
const DECISIONS: u64 = 100_000;
/// How much more memory a daemon may have had with them than with none.
const MOST_GROWTH_MIB: f64 = 60.0;

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_the_same_with_a_hundred_thousand_decisions_as_with_none() {
    let patterns = Patterns::make().await;
    let decisions = u32::try_from(asked("DESKBRIDGE_FIGURES_DECISIONS", DECISIONS)).unwrap();
    let none = peak_of_a_visited_daemon(&patterns, 0).await;
    let many = peak_of_a_visited_daemon(&patterns, decisions).await;
    let growth = many - none;
    eprintln!("{growth:.0} MiB: {none:.0} → {many:.0}");
    assert!(
        growth <= MOST_GROWTH_MIB,
        "{decisions} decisions cost {growth:.0} MiB: {none:.0} MiB with none, {many:.0} MiB with them"
    );
}

/// The most memory that `serve` had, in MiB, with so many decisions, while somebody opened everything and tickets came in.
async fn peak_of_a_visited_daemon(patterns: &Patterns, decisions: u32) -> f64 {
    let house = House::without_a_daemon().await;
    let path = house.beside("long.db");
    patterns.fill(&path, decisions, now());
    let elsewhere = |settings: String| settings.replace("deskbridge.db", "long.db");
    let served = Served::start_changed(&house, "shadow", &rulebook(), ":", elsewhere).await;
    let visitor = Visitor::of(&served);
    let visiting = tokio::spawn(visitor.clone().stay());
    for desk in &house.desks {
        let ticket = desk.open(billing_ticket()).await;
        wait_until("a ticket is decided while pages are made", async || {
            is_decided(&path, desk.platform(), &ticket)
        })
        .await;
    }
    visitor.open_every_page().await;
    assert!(!visiting.is_finished(), "the visitor is content");
    visiting.abort();
    let peak = served.peak_bytes() as f64 / 1024.0 / 1024.0;
    assert!(served.terminate().success());
    peak
}

fn is_decided(path: &Path, account: &str, ticket: &str) -> bool {
    let conn = Connection::open(path).unwrap();
    conn.busy_timeout(Duration::from_secs(5)).unwrap();
    let found = "SELECT EXISTS (SELECT 1 FROM ledger WHERE account = ?1 AND ticket = ?2 AND decided = 1)";
    conn.query_row(found, [account, ticket], |row| row.get(0)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_copies_are_a_ledger_that_the_program_takes_for_its_own() {
    let patterns = Patterns::make().await;
    let house = House::without_a_daemon().await;
    let path = house.beside("long.db");
    patterns.fill(&path, 2_000, now());
    let store = Sqlite::open(&path).unwrap();
    let chain = store.verify(None).await.unwrap();
    assert_eq!((chain.entries, chain.broken), (2_000, None));
}
