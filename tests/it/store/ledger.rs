//! What every store promises of its ledger: entries come back whole, filtered and in order.

use deskbridge::domain::decision::{Digests, TicketKey};
use deskbridge::domain::outcome::{Entry, Outcome};
use deskbridge::store::{Filter, PublicAnswer, Store};
use deskbridge_connectors::machine::{MachineMail, Recognised, Sign};
use deskbridge_connectors::{Skip, TicketId, Version};

use super::Database;
use super::conformance::claimed;
use super::fixture::{at, delivery, entry};

/// Keeps a delivery and settles it with this entry.
async fn record(store: &dyn Store, entry: &Entry) -> i64 {
    let given = delivery(&entry.account, &entry.delivery, entry.ticket.parse().unwrap());
    store.accept(&given, at(0)).await.unwrap();
    store.settle(claimed(store, 0).await, entry).await.unwrap()
}

fn decided(version: &str, rulebook: &str) -> Entry {
    let digests = Digests { model: "m1".to_owned(), rulebook: rulebook.to_owned() };
    let key = format!("{version}-{rulebook}");
    let version = Some(Version(version.to_owned()));
    Entry { digests: Some(digests), version, ..entry("acme", 7, &key, at(1)) }
}

fn ticket(account: &str, id: &str) -> TicketKey {
    TicketKey { account: account.to_owned(), ticket: TicketId::new(id).unwrap() }
}

pub(crate) async fn entries_come_back_whole(db: &dyn Database) {
    let store = db.open();
    let full = Entry {
        outcome: Outcome::Applied,
        reason: Some("because".to_owned()),
        own_version: Some(Version("v2".to_owned())),
        withheld: Some(serde_json::json!({"z": 1, "a": [1.5, "ü"]})),
        ..decided("v1", "r1")
    };
    let bare = entry("acme", 8, "bare", at(2));
    let ids = [record(&*store, &full).await, record(&*store, &bare).await];
    assert!(ids[0] < ids[1]);
    let all = store.decisions(&Filter::default()).await.unwrap();
    assert_eq!(all, [(ids[0], full), (ids[1], bare)]);
}

pub(crate) async fn entries_are_filtered(db: &dyn Database) {
    let store = db.open();
    let mut ids = Vec::new();
    for (n, (account, ticket)) in [("acme", 7), ("acme", 8), ("shop", 7), ("acme", 7)].into_iter().enumerate()
    {
        let line = entry(account, ticket, &format!("k{n}"), at(10 * i64::try_from(n).unwrap()));
        ids.push(record(&*store, &line).await);
    }
    let found = async |filter: Filter| -> Vec<usize> {
        let entries = store.decisions(&filter).await.unwrap();
        entries.iter().map(|(id, _)| ids.iter().position(|known| known == id).unwrap()).collect()
    };
    let account = Some("acme".to_owned());
    let ticket = Some("7".to_owned());
    assert_eq!(found(Filter::default()).await, [0, 1, 2, 3]);
    assert_eq!(found(Filter { since: Some(at(20)), ..Filter::default() }).await, [2, 3]);
    assert_eq!(found(Filter { account: account.clone(), ..Filter::default() }).await, [0, 1, 3]);
    assert_eq!(found(Filter { ticket: ticket.clone(), ..Filter::default() }).await, [0, 2, 3]);
    assert_eq!(found(Filter { after: Some(ids[1]), ..Filter::default() }).await, [2, 3]);
    // With a limit the newest ones, still oldest first.
    assert_eq!(found(Filter { limit: Some(2), ..Filter::default() }).await, [2, 3]);
    assert_eq!(found(Filter { before: Some(ids[2]), limit: Some(1), ..Filter::default() }).await, [1]);
    let (after, before) = (Some(ids[0]), Some(ids[3] + 1));
    let limit = Some(9);
    let all = Filter { since: Some(at(1)), account, ticket, after, before, limit, ..Filter::default() };
    assert_eq!(found(all).await, [3]);
    let other = Filter { account: Some("nobody".to_owned()), ..Filter::default() };
    assert!(found(other).await.is_empty());
}

pub(crate) async fn a_tickets_history_tells_echoes_and_repeats(db: &dyn Database) {
    let store = db.open();
    record(&*store, &decided("v1", "r1")).await;
    let wrote = Entry { own_version: Some(Version("v3".to_owned())), ..decided("v2", "r1") };
    record(&*store, &wrote).await;
    let skipped = Entry { outcome: Outcome::Skipped, ..entry("acme", 7, "echo", at(1)) };
    record(&*store, &skipped).await;
    record(&*store, &entry("shop", 7, "other", at(1))).await;

    let history = store.history(&ticket("acme", "7")).await.unwrap();
    assert_eq!(history.entries, [wrote, decided("v1", "r1")], "newest first, deciding ones only");
    let knows = |version: &str, rulebook| history.knows(&Version(version.to_owned()), "m1", rulebook);
    assert_eq!(knows("v3", "r1"), Some(Skip::OwnEcho));
    assert_eq!(knows("v1", "r1"), Some(Skip::AlreadyDecided));
    assert_eq!(knows("v1", "r2"), None);
    assert!(store.history(&ticket("shop", "8")).await.unwrap().entries.is_empty());
}

pub(crate) async fn a_line_that_no_delivery_led_to_is_part_of_the_history(db: &dyn Database) {
    let store = db.open();
    record(&*store, &decided("v1", "r1")).await;
    let back = Version("v2".to_owned());
    let undone = Entry {
        outcome: Outcome::Undone,
        own_version: Some(back.clone()),
        ..entry("acme", 7, "undo:1", at(9))
    };
    let id = store.record(&undone).await.unwrap();
    assert_eq!(store.decisions(&Filter::default()).await.unwrap()[1], (id, undone.clone()));
    let history = store.history(&ticket("acme", "7")).await.unwrap();
    assert_eq!(history.entries[0], undone);
    assert_eq!(history.knows(&back, "m1", "r1"), Some(Skip::OwnEcho), "what was put back is our own doing");
    assert_eq!(store.unsettled(at(1_000_000), 9).await.unwrap()[0].since, at(9), "people settle on it anew");
}

pub(crate) async fn a_long_history_is_cut_to_its_newest(db: &dyn Database) {
    let store = db.open();
    for n in 0..25 {
        record(&*store, &decided(&format!("v{n}"), "r1")).await;
    }
    let entries = store.history(&ticket("acme", "7")).await.unwrap().entries;
    let versions: Vec<_> = entries.iter().map(|entry| entry.version.clone().unwrap().0).collect();
    assert_eq!(versions, (5..25).rev().map(|n| format!("v{n}")).collect::<Vec<_>>());
}

pub(crate) async fn a_requesters_other_tickets_are_counted_once_each(db: &dyn Database) {
    let store = db.open();
    let from = |account: &str, ticket: u32, key: &str, second: i64, who: Option<&str>| Entry {
        requester: who.map(str::to_owned),
        digests: Some(Digests { model: "m1".to_owned(), rulebook: "r1".to_owned() }),
        ..entry(account, ticket, key, at(second))
    };
    for line in [
        from("acme", 7, "own", 50, Some("ines")),
        from("acme", 8, "first", 10, Some("ines")),
        from("acme", 8, "later", 60, Some("ines")),
        from("acme", 9, "second", 30, Some("ines")),
        from("acme", 10, "other", 30, Some("omar")),
        from("acme", 11, "nobody", 30, None),
        from("shop", 12, "elsewhere", 30, Some("ines")),
    ] {
        record(&*store, &line).await;
    }
    let since = async |second| {
        let mut times = store.contacts(&ticket("acme", "7"), "ines", at(second)).await.unwrap();
        times.sort();
        times
    };
    assert_eq!(since(0).await, [at(10), at(30)]);
    assert_eq!(since(11).await, [at(30)], "a ticket counts when it was first decided");
    assert!(since(31).await.is_empty());
    assert!(store.contacts(&ticket("acme", "7"), "omar", at(31)).await.unwrap().is_empty());
}

pub(crate) async fn what_machines_send_is_no_contact(db: &dyn Database) {
    let store = db.open();
    let sent_by = |mail| Some(Recognised { mail, sign: Sign::Subject });
    for (n, (id, machine)) in
        [(1, None), (2, sent_by(MachineMail::AutoReply)), (3, sent_by(MachineMail::Thanks)), (4, None)]
            .into_iter()
            .enumerate()
    {
        let second = 10 * i64::try_from(n).unwrap();
        let line = Entry {
            requester: Some("ines".to_owned()),
            machine,
            ..entry("acme", id, &format!("k{n}"), at(second))
        };
        record(&*store, &line).await;
    }
    let mut times = store.contacts(&ticket("acme", "9"), "ines", at(0)).await.unwrap();
    times.sort();
    assert_eq!(times, [at(0), at(30)]);
    // What it was recognised as comes back with the entry.
    let all = store.decisions(&Filter::default()).await.unwrap();
    assert_eq!(all[1].1.machine, sent_by(MachineMail::AutoReply));
}

pub(crate) async fn answers_are_bounded_by_requester_and_template(db: &dyn Database) {
    let day = 24 * 3600;
    let reserve = async |id: &str, who: &str, template: &str, second: i64, limit: u32| {
        let answer = PublicAnswer {
            ticket: ticket("acme", id),
            requester: who.to_owned(),
            template: template.to_owned(),
            at: at(second),
        };
        // A store that is opened anew for each question knows it from the disk.
        db.open().reserve_answer(&answer, at(second - day), limit).await.unwrap()
    };
    assert!(reserve("1", "ines", "hello", 0, 1).await);
    assert!(reserve("1", "ines", "hello", 5, 1).await, "a ticket keeps its place, as when it is tried again");
    assert!(!reserve("2", "ines", "hello", 10, 1).await);
    assert!(reserve("2", "ines", "hello", 10, 2).await, "the limit is that of now");
    assert!(!reserve("3", "ines", "hello", 20, 2).await);
    assert!(reserve("3", "ines", "closed", 20, 1).await, "templates count apart");
    assert!(reserve("3", "omar", "hello", 20, 1).await, "and so do requesters");
    assert!(!reserve("4", "ines", "hello", day - 1, 1).await);
    assert!(!reserve("4", "ines", "hello", day, 1).await, "the second is not a day old");
    assert!(reserve("4", "ines", "hello", day + 10, 1).await);
    assert!(reserve("5", "omar", "hello", day + 20, 1).await);
}
