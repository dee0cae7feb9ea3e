//! The suite and the model on SQLite, and what only a file can get wrong.

use std::path::PathBuf;
use std::sync::Arc;

use deskbridge::store::sqlite::Sqlite;
use deskbridge::store::{Accepted, CaseQuery, Error, Filter, Store};
use tempfile::TempDir;

use super::conformance::{claimed, conformance};
use super::fixture::{at, delivery};
use super::summaries::{decision, settle};
use super::{Database, model};

/// A database file in a folder of its own.
struct File(TempDir);

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("deskbridge.db")
    }
}

impl Database for File {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(Sqlite::open(&self.path()).unwrap())
    }
}

conformance! { File::new();
    conformance::a_delivery_is_kept_once_and_whole,
    conformance::keys_are_an_accounts_own,
    conformance::a_settled_delivery_is_still_known,
    conformance::what_was_answered_survives_a_restart,
    conformance::an_unreadable_delivery_becomes_a_dead_letter,
    conformance::deliveries_are_taken_in_order_of_arrival,
    conformance::a_ticket_has_one_live_claim,
    conformance::workers_never_share_a_delivery,
    conformance::a_lapsed_claim_is_taken_again_and_its_owner_told,
    conformance::a_claim_from_before_a_requeue_is_stale,
    conformance::a_renewed_claim_lasts_longer,
    conformance::a_postponed_delivery_waits_and_keeps_its_place,
    conformance::a_journalled_write_is_remembered,
    conformance::a_dead_letter_is_requeued_in_its_place,
    conformance::only_dead_letters_are_requeued_or_dropped,
    conformance::waking_an_account_ends_its_postponements_only,
    conformance::depth_and_the_next_wake_up_are_told,
    conformance::a_store_that_works_says_so,
    conformance::another_process_may_requeue,
    conformance::what_was_put_off_by_a_wrong_clock_is_taken_when_it_is_right,
    ledger::entries_come_back_whole,
    ledger::entries_are_filtered,
    ledger::a_tickets_history_tells_echoes_and_repeats,
    ledger::a_line_that_no_delivery_led_to_is_part_of_the_history,
    ledger::a_long_history_is_cut_to_its_newest,
    ledger::a_requesters_other_tickets_are_counted_once_each,
    ledger::what_machines_send_is_no_contact,
    ledger::answers_are_bounded_by_requester_and_template,
    summaries::pages_hold_everything_once_and_in_order,
    summaries::dead_letters_come_in_pages,
    summaries::a_decision_is_summarised_as_it_is_settled,
    summaries::a_ticket_comes_with_its_values_and_its_last_decision,
    summaries::whoever_is_forgotten_leaves_no_summary,
    summaries::a_claim_is_not_kept_waiting_by_a_report,
    settling::a_decided_ticket_is_waited_for_and_a_skipped_one_is_not,
    settling::what_was_settled_on_comes_back_whole_and_is_waited_for_no_more,
    settling::a_later_decision_starts_the_wait_anew,
    settling::a_labels_last_fall_is_remembered,
}

#[test]
fn histories_agree_with_the_model() {
    model::histories_agree(File::new);
}

/// What a process that dies leaves behind is the file and its log, unclosed: a copy of both must hold everything that
/// was answered.
#[tokio::test]
async fn what_was_answered_is_in_the_files_already() {
    let file = File::new();
    let store = file.open();
    for n in 1..=20 {
        let key = format!("k{n}");
        store.accept(&delivery("acme", &key, n), at(0)).await.unwrap();
        let copy = File::new();
        for name in ["deskbridge.db", "deskbridge.db-wal"] {
            std::fs::copy(file.0.path().join(name), copy.0.path().join(name)).unwrap();
        }
        let copy = copy.open();
        assert_eq!(copy.depth().await.unwrap().pending, u64::from(n));
        assert_eq!(copy.accept(&delivery("acme", &key, n), at(1)).await.unwrap(), Accepted::Known);
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let file = File::new();
    std::fs::write(file.path(), "these are not the bytes you are looking for".repeat(100)).unwrap();
    assert!(matches!(Sqlite::open(&file.path()), Err(Error::Unavailable(_))));
    let nowhere = file.0.path().join("missing/deskbridge.db");
    assert!(matches!(Sqlite::open(&nowhere), Err(Error::Unavailable(_))));
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let file = File::new();
    let store = file.open();
    store.accept(&delivery("acme", "k1", 7), at(0)).await.unwrap();
    for found in std::fs::read_dir(file.0.path()).unwrap() {
        let mode = found.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
    drop(claimed(&*store, 1).await);
}

#[tokio::test]
async fn entries_of_an_earlier_program_are_summarised_a_few_at_a_time() {
    let file = File::new();
    let store = file.open();
    for n in 1..=12u32 {
        let line = decision(1 + n % 5, &format!("k{n}"), i64::from(n), "m1");
        // Some decided nothing, and have no summary.
        let line =
            if n % 4 == 0 { deskbridge::domain::outcome::Entry { snapshot: None, ..line } } else { line };
        settle(&*store, &line).await;
    }
    for of in store.unsettled(at(1_000_000), 100).await.unwrap() {
        store.keep_settled(&of, &super::settling::kept(50_000)).await.unwrap();
    }
    let everything = CaseQuery::Settled { after: None, since: None };
    let (summaries, cases) =
        (store.summaries(&Filter::default()).await.unwrap(), store.cases(&everything, 100).await.unwrap());
    assert_eq!(summaries.len(), 9);
    drop(store);
    // As a program leaves it that knows no summaries.
    let conn = rusqlite::Connection::open(file.path()).unwrap();
    conn.execute_batch(
        "DELETE FROM summary; UPDATE settling SET decision = NULL; UPDATE summarised SET from_id = 13;",
    )
    .unwrap();
    drop(conn);
    let store = file.open();
    assert_eq!(store.summaries(&Filter::default()).await.unwrap(), []);
    // A decision that comes meanwhile has its summary at once, and it stays its ticket's last.
    let fresh = settle(&*store, &decision(2, "fresh", 90, "m1")).await;
    let mut left = Vec::new();
    while left.last() != Some(&0) {
        left.push(store.summarise(5).await.unwrap());
    }
    assert_eq!(left, [7, 2, 0], "the newest first, five at a time");
    let found = store.summaries(&Filter { before: Some(fresh), ..Filter::default() }).await.unwrap();
    assert_eq!(found, summaries);
    let expected: Vec<_> = cases.into_iter().filter(|case| case.ticket.ticket.as_str() != "2").collect();
    assert_eq!(store.cases(&everything, 100).await.unwrap(), expected, "the one that was decided anew waits");
    assert_eq!(store.summarise(5).await.unwrap(), 0);
}
