//! What every store promises of settled values: each decided ticket is waited for once, and what was kept comes back whole.

use deskbridge::domain::decision::{Digests, TicketKey};
use deskbridge::domain::label_modes::Demotion;
use deskbridge::domain::outcome::Entry;
use deskbridge::domain::settled::{FIRST_LOOK, FieldStory, Kept, Story, Who};
use deskbridge::store::{CaseQuery, Store, Unsettled};
use deskbridge_connectors::{TicketId, Version};
use jiff::Timestamp;

use super::Database;
use super::conformance::claimed;
use super::fixture::{at, delivery, entry};

const LOOK: i64 = FIRST_LOOK.as_secs() as i64;

/// Decides on a ticket at a moment; not `decided` is a delivery that was only skipped.
async fn decide(store: &dyn Store, ticket: u32, key: &str, seconds: i64, decided: bool) {
    store.accept(&delivery("acme", key, ticket), at(0)).await.unwrap();
    let digests = decided.then(|| Digests { model: "m1".to_owned(), rulebook: "r1".to_owned() });
    let version = Some(Version(key.to_owned()));
    let line = Entry { digests, version, ..entry("acme", ticket, key, at(seconds)) };
    store.settle(claimed(store, 0).await, &line).await.unwrap();
}

pub(super) fn kept(seconds: i64) -> Kept {
    let story = |now: &[&str]| Story {
        now: now.iter().map(|word| (*word).to_owned()).collect(),
        by: Some(Who::Person),
        at: Some(at(5)),
        first: Some(vec!["Sales".to_owned()]),
    };
    Kept {
        settled_at: at(seconds),
        created_at: Some(at(0)),
        closed_at: None,
        first_reply_at: Some(at(9)),
        priority: story(&["high"]),
        group: story(&["Billing"]),
        fields: vec![FieldStory {
            id: "77".to_owned(),
            name: "Category".to_owned(),
            story: story(&["Billing"]),
        }],
        tags: Story::default(),
        first_group: Some("Sales".to_owned()),
        routed_at: Some(at(3)),
        reassignments: Some(1),
    }
}

async fn settled(store: &dyn Store, since: Option<Timestamp>) -> Vec<(TicketKey, Kept)> {
    let cases = store.cases(&CaseQuery::Settled { after: None, since }, 100).await.unwrap();
    cases.into_iter().map(|case| (case.ticket, case.kept.unwrap())).collect()
}

async fn due(store: &dyn Store, seconds: i64) -> Vec<Unsettled> {
    store.unsettled(at(seconds), 10).await.unwrap()
}

pub(crate) async fn a_decided_ticket_is_waited_for_and_a_skipped_one_is_not(db: &dyn Database) {
    let store = db.open();
    decide(&*store, 7, "k1", 10, true).await;
    decide(&*store, 8, "k2", 20, false).await;
    assert_eq!(due(&*store, 9 + LOOK).await, []);
    let waiting = due(&*store, 10 + LOOK).await;
    let ticket = TicketKey { account: "acme".to_owned(), ticket: TicketId::new("7").unwrap() };
    assert_eq!(waiting, [Unsettled { ticket, since: at(10), looks: 0 }]);

    store.settle_later(&waiting[0], at(9_000)).await.unwrap();
    assert_eq!(due(&*store, 8_999).await, []);
    assert_eq!(due(&*store, 9_000).await[0].looks, 1);
    store.never_settled(&waiting[0]).await.unwrap();
    assert_eq!(due(&*store, 99_999).await, []);
}

pub(crate) async fn what_was_settled_on_comes_back_whole_and_is_waited_for_no_more(db: &dyn Database) {
    let store = db.open();
    decide(&*store, 7, "k1", 10, true).await;
    let of = due(&*store, 10 + LOOK).await.remove(0);
    store.keep_settled(&of, &kept(5_000)).await.unwrap();
    assert_eq!(due(&*store, 99_999).await, []);
    drop(store);
    let store = db.open();
    let expected = [(of.ticket, kept(5_000))];
    assert_eq!(settled(&*store, None).await, expected);
    assert_eq!(settled(&*store, Some(at(5_000))).await, expected);
    assert_eq!(settled(&*store, Some(at(5_001))).await, []);
}

pub(crate) async fn a_later_decision_starts_the_wait_anew(db: &dyn Database) {
    let store = db.open();
    decide(&*store, 7, "k1", 10, true).await;
    let first = due(&*store, 10 + LOOK).await.remove(0);
    decide(&*store, 7, "k2", 50, true).await;
    // Whoever looked for the earlier decision changes nothing any more.
    store.keep_settled(&first, &kept(5_000)).await.unwrap();
    store.settle_later(&first, at(9_000)).await.unwrap();
    store.never_settled(&first).await.unwrap();
    assert_eq!(settled(&*store, None).await, []);
    let again = due(&*store, 50 + LOOK).await;
    assert_eq!((again.len(), again[0].since, again[0].looks), (1, at(50), 0));
    store.keep_settled(&again[0], &kept(6_000)).await.unwrap();
    assert_eq!(settled(&*store, None).await.len(), 1);
}

pub(crate) async fn a_labels_last_fall_is_remembered(db: &dyn Database) {
    let store = db.open();
    let fall = |label: &str, seconds| Demotion {
        head: "category".to_owned(),
        label: label.to_owned(),
        at: at(seconds),
        reason: format!("at {seconds}"),
    };
    for one in [fall("billing", 1), fall("sales", 2), fall("billing", 3)] {
        store.demote(&one).await.unwrap();
    }
    drop(store);
    assert_eq!(db.open().demotions().await.unwrap(), [fall("billing", 3), fall("sales", 2)]);
}
