//! What a long ledger costs: the figures are the same as ever, and memory does not grow with it.

mod ledger;
mod template;
mod visitor;

use std::time::Duration;

use deskbridge::store::Store;
use deskbridge::store::sqlite::Sqlite;

use crate::harness::{House, billing_ticket, wait_until};
use ledger::{Ledger, Patterns};
use visitor::Visitor;

/// Decisions of the long ledger.
const DECISIONS: u32 = 100_000;
/// How much more memory a daemon may have had with them than with none.
const MOST_GROWTH_MIB: f64 = 60.0;
/// How long the first figures may take, without optimisation and on a busy machine.
const FIRST_FIGURES: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_the_same_with_a_hundred_thousand_decisions_as_with_none() {
    let patterns = Patterns::make().await;
    let none = peak_of_a_visited_daemon(&patterns, 0).await;
    let many = peak_of_a_visited_daemon(&patterns, DECISIONS).await;
    let growth = many - none;
    assert!(
        growth <= MOST_GROWTH_MIB,
        "{DECISIONS} decisions cost {growth:.0} MiB: {none:.0} MiB with none, {many:.0} MiB with them"
    );
}

/// Returns the most memory that `serve` had, in MiB, with this many decisions, while somebody opened every page and tickets came in.
async fn peak_of_a_visited_daemon(patterns: &Patterns, decisions: u32) -> f64 {
    let ledger = patterns.fill(decisions);
    let house = House::without_a_daemon().await;
    let served = ledger.serve(&house, "shadow").await;
    let visitor = Visitor::of(&served);
    opens_tickets(&house, &ledger).await;
    let known = visitor.sees_figures_of(ledger.settled_categories());
    tokio::time::timeout(FIRST_FIGURES, known).await.expect("the report knows every settled ticket");
    let visiting = tokio::spawn(visitor.clone().stay());
    opens_tickets(&house, &ledger).await;
    visitor.open_every_page().await;
    assert!(!visiting.is_finished(), "every page was whole");
    visiting.abort();
    let peak = served.peak_bytes() as f64 / 1024.0 / 1024.0;
    assert!(served.terminate().success());
    peak
}

/// Opens a ticket on each desk and waits until it is decided.
async fn opens_tickets(house: &House, ledger: &Ledger) {
    for desk in &house.desks {
        let ticket = desk.open(billing_ticket()).await;
        let decided = async || ledger.decided(desk.platform(), &ticket);
        wait_until("a ticket is decided while figures and pages are made", decided).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_copies_are_a_ledger_that_the_program_takes_for_its_own() {
    let ledger = Patterns::make().await.fill(2_000);
    let store = Sqlite::open(&ledger.path).unwrap();
    let chain = store.verify(None).await.unwrap();
    assert_eq!((chain.entries, chain.broken), (2_000, None));
    let copied = ledger.derived();
    assert_eq!(copied.0.len(), 2_000);
    ledger.forget_derived();
    while store.summarise(500).await.unwrap() > 0 {}
    assert!(copied == ledger.derived(), "what is derived from the copies is what the program derives");
}
