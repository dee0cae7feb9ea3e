//! What every store promises of lists and figures: pages that miss nothing and repeat nothing, and every decision in a few words.

use std::collections::BTreeMap;

use deskbridge::domain::decision::{Digests, TicketKey};
use deskbridge::domain::mode::Mode;
use deskbridge::domain::outcome::{EffectOutcome, EffectRecord, Entry, Outcome};
use deskbridge::domain::snapshot::Snapshot;
use deskbridge::domain::trial::Trial;
use deskbridge::store::{
    CaseQuery, DeadFilter, Decisions, Filter, Forget, LimitFrom, Pages, Store, TicketCase,
};
use deskbridge_connectors::{Status, TicketId, Version};
use deskbridge_onnx::{HeadKind, Language, Prediction, Scored};

use super::Database;
use super::conformance::{LEASE, claimed};
use super::fixture::{at, delivery, entry, unreadable};
use super::settling::kept;

/// A decision by a model that named billing.
pub(crate) fn decision(ticket: u32, key: &str, seconds: i64, model: &str) -> Entry {
    let scored = Scored {
        kind: HeadKind::Single,
        ranked: vec![("billing".into(), 0.9), ("sales".into(), 0.1)],
        chosen: vec!["billing".into()],
        threshold: BTreeMap::new(),
    };
    let prediction = Prediction {
        heads: [("category".to_owned(), scored)].into(),
        language: Language { code: "en".into(), confidence: 0.9 },
        model: model.to_owned(),
        out_of_scope: None,
    };
    let snapshot = Snapshot {
        prediction,
        status: Status::New,
        priority: None,
        priority_is_default: false,
        tags: Vec::new(),
        group: None,
        assignee: None,
        fields: Vec::new(),
        text_fields: Vec::new(),
        channel: None,
        brand: None,
        brand_name: None,
        created_at: None,
        requester: None,
        requester_domain: None,
        segment: None,
        public_replies: false,
        contacts: Vec::new(),
        contact_window: None,
        machine: None,
        texts: Default::default(),
        held_back: Vec::new(),
    };
    Entry {
        digests: Some(Digests { model: model.to_owned(), rulebook: "r".into() }),
        version: Some(Version(key.to_owned())),
        requester: Some("ines".into()),
        snapshot: Some(Box::new(snapshot)),
        ..entry("acme", ticket, key, at(seconds))
    }
}

/// The same after it wrote the priority.
fn written(ticket: u32, key: &str, seconds: i64, model: &str) -> Entry {
    let effect = EffectRecord {
        kind: "set_priority".into(),
        value: "high".into(),
        rule: "r".into(),
        mode: Mode::Live,
        state: EffectOutcome::Applied,
        reason: None,
    };
    Entry {
        effects: vec![effect],
        mode: Mode::Live,
        outcome: Outcome::Applied,
        ..decision(ticket, key, seconds, model)
    }
}

/// The same beside a challenger.
fn challenged(ticket: u32, key: &str, seconds: i64) -> Entry {
    let heads =
        serde_json::json!({ "category": { "label": "sales", "confidence": 0.8, "abstained": false } });
    let challenger = Some(Trial { model: "c".into(), heads });
    Entry { challenger, ..decision(ticket, key, seconds, "m1") }
}

pub(crate) async fn settle(store: &dyn Store, entry: &Entry) -> i64 {
    let ticket = entry.ticket.parse().unwrap();
    store.accept(&delivery(&entry.account, &entry.delivery, ticket), at(0)).await.unwrap();
    store.settle(claimed(store, 1).await, entry).await.unwrap()
}

/// Keeps values for every ticket that waits for them, one second apart.
async fn settle_values(store: &dyn Store) {
    for (n, of) in store.unsettled(at(1_000_000), 100).await.unwrap().iter().enumerate() {
        store.keep_settled(of, &kept(50_000 + i64::try_from(n).unwrap())).await.unwrap();
    }
}

fn ticket(id: &str) -> TicketKey {
    TicketKey { account: "acme".to_owned(), ticket: TicketId::new(id).unwrap() }
}

fn decisions(cases: &[TicketCase]) -> Vec<Option<i64>> {
    cases.iter().map(|case| case.decision.as_ref().map(|decision| decision.id)).collect()
}

pub(crate) async fn pages_hold_everything_once_and_in_order(db: &dyn Database) {
    let store = db.open();
    let mut ids = Vec::new();
    // More than a page, of two accounts.
    for n in 0..450u32 {
        let account = if n % 3 == 0 { "shop" } else { "acme" };
        ids.push(settle(&*store, &entry(account, 1 + n % 40, &format!("k{n}"), at(i64::from(n)))).await);
    }
    let read = async |filter: Filter| {
        let (mut pages, mut found) = (Pages::new(std::sync::Arc::clone(&store), &filter), Vec::new());
        while let Some(page) = pages.next().await.unwrap() {
            assert!(page.len() <= 200, "a page is a page");
            found.extend(page.into_iter().map(|(id, _)| id));
        }
        found
    };
    assert_eq!(read(Filter::default()).await, ids);
    assert_eq!(read(Filter { limit: Some(310), ..Filter::default() }).await, ids[140..]);
    assert_eq!(read(Filter { limit: Some(9_999), ..Filter::default() }).await, ids);
    assert_eq!(read(Filter { limit: Some(0), ..Filter::default() }).await, [] as [i64; 0]);
    assert_eq!(read(Filter { since: Some(at(440)), ..Filter::default() }).await, ids[440..]);
    let shop: Vec<i64> = ids.iter().step_by(3).copied().collect();
    let of_shop = Filter { account: Some("shop".into()), ..Filter::default() };
    assert_eq!(read(of_shop.clone()).await, shop);
    assert_eq!(read(Filter { limit: Some(7), ..of_shop.clone() }).await, shop[shop.len() - 7..]);
    let before = Filter { before: Some(ids[300]), limit: Some(5), ..Filter::default() };
    assert_eq!(read(before).await, ids[295..300]);
    assert_eq!(store.place(&of_shop, 3).await.unwrap(), Some(shop[shop.len() - 3]));
    assert_eq!(store.place(&of_shop, 9_999).await.unwrap(), None);
    // Of one ticket, whatever its account.
    let of_ticket = Filter { ticket: Some("5".into()), ..Filter::default() };
    let expected: Vec<i64> = ids.iter().skip(4).step_by(40).copied().collect();
    assert_eq!(read(of_ticket).await, expected);
    let oldest = Filter { limit: Some(2), from: LimitFrom::Oldest, ..Filter::default() };
    assert_eq!(
        store.decisions(&oldest).await.unwrap().iter().map(|(id, _)| *id).collect::<Vec<_>>(),
        ids[..2]
    );
    assert_eq!(store.decided_since(at(400)).await.unwrap(), 50);
    let headlines = store.headlines(3).await.unwrap();
    assert_eq!(headlines.iter().map(|line| line.id).collect::<Vec<_>>(), ids[447..]);
    assert_eq!((headlines[2].account.as_str(), headlines[2].outcome), ("acme", Outcome::NoRule));
}

pub(crate) async fn dead_letters_come_in_pages(db: &dyn Database) {
    let store = db.open();
    for n in 0..25 {
        store.accept(&unreadable("acme", &format!("k{n}")), at(n)).await.unwrap();
    }
    let all = store.dead(&DeadFilter::default()).await.unwrap();
    assert_eq!(all.len(), 25);
    let page = async |filter: DeadFilter| store.dead(&filter).await.unwrap();
    assert_eq!(page(DeadFilter { limit: Some(4), ..DeadFilter::default() }).await, all[21..], "the newest");
    let after = DeadFilter { after: Some(all[9].id), limit: Some(4), ..DeadFilter::default() };
    assert_eq!(page(after).await, all[10..14]);
    let before = DeadFilter { before: Some(all[9].id), limit: Some(4), ..DeadFilter::default() };
    assert_eq!(page(before).await, all[5..9]);
}

pub(crate) async fn a_decision_is_summarised_as_it_is_settled(db: &dyn Database) {
    let store = db.open();
    let first = settle(&*store, &decision(7, "a", 10, "m1")).await;
    let again = settle(&*store, &decision(7, "b", 20, "m1")).await;
    settle(&*store, &entry("acme", 7, "skipped", at(30))).await;
    let newer = settle(&*store, &decision(7, "c", 40, "m2")).await;
    let found = store.summaries(&Filter::default()).await.unwrap();
    let seen: Vec<_> = found.iter().map(|one| (one.id, one.bundle.model.as_str(), one.is_first)).collect();
    assert_eq!(seen, [(first, "m1", true), (again, "m1", false), (newer, "m2", true)]);
    assert_eq!((found[0].decided_at, found[0].ticket.as_str()), (at(10), "7"));
    let labels = &found[0].bundle.heads["category"].labels;
    assert_eq!(*labels, ["billing", "sales"]);
    // The first of the time asked about is the first.
    let late = store.summaries(&Filter { since: Some(at(15)), ..Filter::default() }).await.unwrap();
    assert_eq!(
        late.iter().map(|one| (one.id, one.is_first)).collect::<Vec<_>>(),
        [(again, true), (newer, true)]
    );
    assert_eq!(store.summarise(10).await.unwrap(), 0, "nothing is left to be summarised");
}

pub(crate) async fn a_ticket_comes_with_its_values_and_its_last_decision(db: &dyn Database) {
    let store = db.open();
    let plain = settle(&*store, &decision(7, "a", 10, "m1")).await;
    settle(&*store, &decision(8, "b1", 20, "m1")).await;
    let last = settle(&*store, &written(8, "b2", 30, "m2")).await;
    let tried = settle(&*store, &challenged(9, "c", 40)).await;
    settle_values(&*store).await;
    let waits = settle(&*store, &challenged(10, "d", 50)).await;
    let cases = async |query: CaseQuery, limit: u32| store.cases(&query, limit).await.unwrap();
    let settled = |after: Option<&str>, since| CaseQuery::Settled { after: after.map(ticket), since };

    let all = cases(settled(None, None), 100).await;
    assert_eq!(decisions(&all), [Some(plain), Some(last), Some(tried)]);
    assert!(all.iter().all(|case| case.kept.is_some()));
    assert_eq!(decisions(&cases(settled(None, None), 1).await), [Some(plain)]);
    assert_eq!(decisions(&cases(settled(Some("7"), None), 100).await), [Some(last), Some(tried)]);
    // Decisions from before the time asked about are none of its tickets'.
    let late = cases(settled(None, Some(at(35))), 100).await;
    assert_eq!(decisions(&late), [None, None, Some(tried)]);
    assert_eq!(cases(settled(None, Some(at(50_002))), 100).await.len(), 1, "by when values settled");

    let newest = |before, which| CaseQuery::Newest { before, since: None, which };
    let all = cases(newest(None, Decisions::All), 100).await;
    assert_eq!(decisions(&all), [Some(tried), Some(last), Some(plain)]);
    assert_eq!(decisions(&cases(newest(Some(tried), Decisions::All), 1).await), [Some(last)]);
    let wrote = cases(newest(None, Decisions::Written), 100).await;
    assert_eq!(decisions(&wrote), [Some(last)]);
    assert!(wrote[0].decision.as_ref().unwrap().is_first, "the first of its model");
    let rival = CaseQuery::Challenged { after: 0, before: i64::MAX, since: None };
    let rival = cases(rival, 100).await;
    assert_eq!(decisions(&rival), [Some(tried), Some(waits)]);
    assert_eq!(rival.iter().map(|case| case.kept.is_some()).collect::<Vec<_>>(), [true, false]);
    assert_eq!(decisions(&cases(CaseQuery::Of(vec![plain, waits, 999]), 100).await), [Some(plain)]);
    let named = CaseQuery::Tickets(vec![ticket("8"), ticket("10"), ticket("99")]);
    assert_eq!(decisions(&cases(named, 100).await), [Some(last)]);
    assert_eq!(cases(CaseQuery::Tickets(Vec::new()), 100).await, []);
}

pub(crate) async fn whoever_is_forgotten_leaves_no_summary(db: &dyn Database) {
    let store = db.open();
    settle(&*store, &decision(7, "a", 10, "m1")).await;
    let stays =
        settle(&*store, &Entry { requester: Some("omar".into()), ..decision(8, "b", 20, "m1") }).await;
    let who = Forget {
        accounts: vec!["acme".into()],
        digests: vec![("acme".into(), "ines".into())],
        named: "ines@mail.example".into(),
    };
    assert_eq!(store.forget(&who, at(90), true).await.unwrap().entries, 1);
    let left = store.summaries(&Filter::default()).await.unwrap();
    assert_eq!(left.iter().map(|one| one.id).collect::<Vec<_>>(), [stays]);
}

pub(crate) async fn a_claim_is_not_kept_waiting_by_a_report(db: &dyn Database) {
    let store = db.open();
    for n in 0..30 {
        settle(&*store, &decision(1 + n, &format!("k{n}"), 10, "m1")).await;
    }
    store.accept(&delivery("acme", "late", 99), at(0)).await.unwrap();
    // Far more questions than there are readers, none of which is waited for.
    let asked: Vec<_> = (0..200)
        .map(|_| {
            let store = std::sync::Arc::clone(&store);
            tokio::spawn(async move { store.summaries(&Filter::default()).await })
        })
        .collect();
    let claim = store.claim(at(1), LEASE).await.unwrap().unwrap();
    store.history(&ticket("1")).await.unwrap();
    let open = asked.iter().filter(|asked| !asked.is_finished()).count();
    assert_eq!(claim.work().key.as_str(), "late");
    assert!(open > 0, "the work was done while reports were still waiting");
    for asked in asked {
        // A queue that is full says so; nothing else may go wrong.
        assert!(matches!(
            asked.await.unwrap(),
            Ok(found) if found.len() == 30
        ));
    }
}
