//! The desk's latest decisions in a real store, with dead letters and work in hand, behind a real operator's door.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deskbridge::admin::{Access, Admin, Board, Readiness, serve};
use deskbridge::domain::decision::Digests;
use deskbridge::domain::label_modes::Demotion;
use deskbridge::domain::mode::Mode;
use deskbridge::domain::outcome::{CallRecord, EffectOutcome, EffectRecord, Entry, Outcome};
use deskbridge::domain::snapshot::Snapshot;
use deskbridge::evidence::gather::{EvidenceSource, Pace};
use deskbridge::evidence::promotion::{Promoted, Promotions, Warden};
use deskbridge::evidence::report::impact::Split;
use deskbridge::evidence::report::observation::Observation;
use deskbridge::evidence::report::readiness::Bar;
use deskbridge::evidence::report::rows::Rows;
use deskbridge::evidence::report::sums::ReportSums;
use deskbridge::evidence::report::terms::Terms;
use deskbridge::evidence::report::whole::Report;
use deskbridge::evidence::settling::{Readings, Sources};
use deskbridge::store::sqlite::Sqlite;
use deskbridge::store::{Error, Store};
use deskbridge_connectors::Status;
use deskbridge_onnx::{HeadKind, Language, Prediction, Scored, contract_json};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::sample::{self, BAR, NOW, Seen};
use crate::ingress::rig::ManualClock;
use crate::store::fixture::delivery;

/// Decisions that the store holds.
pub(crate) const KEPT: usize = 320;

/// What the agents settled on, as the tests say.
pub(crate) struct Told(pub(crate) Rows);

#[async_trait]
impl EvidenceSource for Told {
    async fn sums(&self, terms: &Terms, _: Pace) -> Result<ReportSums, Error> {
        let mut rows = self.0.clone();
        rows.observations.retain(|seen| terms.since.is_none_or(|since| seen.decided_at >= since));
        Ok(rows.sums(terms))
    }

    async fn observed(&self, decisions: &[i64]) -> Result<BTreeMap<i64, Vec<Observation>>, Error> {
        let mut found = BTreeMap::<i64, Vec<Observation>>::new();
        for seen in self.0.observations.iter().filter(|seen| decisions.contains(&seen.decision)) {
            found.entry(seen.decision).or_default().push(seen.clone());
        }
        Ok(found)
    }
}

/// A dashboard over the made-up desk.
pub(crate) struct Dashboard {
    pub(crate) at: SocketAddr,
    _folder: tempfile::TempDir,
    stop: CancellationToken,
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Dashboard {
    /// Fills a store and opens the door; without settled values where `settled` is false.
    pub(crate) async fn open(settled: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(&folder.path().join("deskbridge.db")).unwrap());
        let tickets = sample::tickets();
        let kept = if settled { &tickets[tickets.len() - KEPT..] } else { &[] };
        let ids = fill(&store, kept).await;
        let mut observations = sample::observations(&tickets);
        for observation in &mut observations {
            let at = kept.iter().position(|seen| seen.decision == observation.decision);
            // Decisions that are not in the store keep numbers that it never gives.
            observation.decision = at.map_or(1_000_000 + observation.decision, |at| ids[at]);
        }
        let rows =
            if settled { Rows { observations, courses: sample::courses(&tickets) } } else { Rows::default() };
        let accounts = [("acme", Mode::Live), ("chat", Mode::Suggest), ("shop", Mode::Shadow)]
            .map(|(n, m)| (n.to_owned(), m));
        let admin = Admin {
            store,
            metrics: crate::harness::recorder(),
            readiness: Arc::new(Readiness::default()),
            clock: Arc::new(ManualClock::at(NOW)),
            token: None,
            board: Arc::new(
                Board::new(accounts.into(), Arc::new(Told(rows)), None, Bar::default())
                    .guarded_by(Arc::new(warden(settled))),
            ),
            access: Access::default(),
        };
        metrics::gauge!("deskbridge_api_budget_remaining", "account" => "acme").set(377.0);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, admin, stop.clone()));
        Self { at, _folder: folder, stop }
    }
}

/// Billing is live, shipping was and has fallen, and nobody promoted the rest.
fn warden(promoted: bool) -> Warden {
    let at: Timestamp = NOW.parse().unwrap();
    let live = |label: &str, days: i64| {
        let at = at - jiff::SignedDuration::from_hours(24 * days);
        let promoted = Promoted { mode: Mode::Live, threshold: None, at, evidence: None };
        (("category".to_owned(), label.to_owned()), promoted)
    };
    let promotions = Promotions([live("billing", 20), live("shipping", 9)].into());
    let fall = Demotion {
        head: "category".to_owned(),
        label: "shipping".to_owned(),
        at,
        reason: "people overrode 8 of its last 21 writes".to_owned(),
    };
    Warden::new(promoted.then_some(promotions), promoted.then_some(fall).into_iter().collect())
}

#[tokio::test]
async fn drift_is_measured_on_the_models_first_weeks_and_on_the_last_days() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(&folder.path().join("deskbridge.db")).unwrap());
    let tickets = sample::tickets();
    let now: Timestamp = NOW.parse().unwrap();
    let days = |seen: &Seen| now.duration_since(seen.at).as_secs_f64() / 86_400.0;
    // Seventy days; an older model decided in the first fourteen.
    let is_older = |seen: &Seen| days(seen) > 56.0;
    for (at, seen) in tickets.iter().enumerate().step_by(7) {
        let key = format!("01K{at}");
        let mut entry = entry(seen, key.clone());
        if is_older(seen) {
            let digests = entry.digests.as_mut().unwrap();
            digests.model = "an older model".to_owned();
            entry.snapshot.as_mut().unwrap().prediction.model = "an older model".to_owned();
        }
        // Deliveries that were not about triage lie between.
        if at % 5 == 0 {
            entry = Entry { digests: None, snapshot: None, outcome: Outcome::Skipped, ..entry };
        }
        store.accept(&delivery(seen.account, &key, seen.ticket.parse().unwrap()), now).await.unwrap();
        let claim = store.claim(now, Duration::from_secs(60)).await.unwrap().unwrap();
        store.settle(claim, &entry).await.unwrap();
    }
    let readings = Readings { store, sources: Sources::default() };
    let terms = Terms {
        since: None,
        now,
        bar: Bar::default(),
        split: Split::Mode,
        training: None,
        in_force: None,
        backlog: None,
    };
    let report = Report::of(&readings.sums(&terms, Pace::Foreground).await.unwrap(), &terms);
    let own: Vec<&Seen> =
        tickets.iter().enumerate().step_by(7).filter(|(at, _)| at % 5 != 0).map(|(_, seen)| seen).collect();
    let own: Vec<&Seen> = own.into_iter().filter(|seen| !is_older(seen)).collect();
    let first = own[0].at;
    let then = own.iter().filter(|seen| {
        days(seen) > 7.0 && now.duration_since(first).as_secs_f64() / 86_400.0 - days(seen) < 28.0
    });
    let lately = own.iter().filter(|seen| days(seen) <= 7.0);
    let row = report.drift.iter().find(|row| row.head.as_deref() == Some("category")).unwrap();
    assert_eq!((row.n_then, row.n_now), (then.count(), lately.count()));
    assert!(row.n_then > 30 && row.n_now > 10, "{row:?}");
    assert_eq!(report.window.answers, 3 * (row.n_then + row.n_now));
}

/// Settles these decisions; then three dead letters and two deliveries that wait. Returns the decisions' ids.
async fn fill(store: &Arc<dyn Store>, tickets: &[Seen]) -> Vec<i64> {
    let mut ids = Vec::new();
    let lease = Duration::from_secs(60);
    let now: Timestamp = NOW.parse().unwrap();
    for seen in tickets {
        let key = format!("01K{}", seen.decision);
        store.accept(&delivery(seen.account, &key, seen.ticket.parse().unwrap()), seen.at).await.unwrap();
        let claim = store.claim(now, lease).await.unwrap().expect("what was just kept");
        ids.push(store.settle(claim, &entry(seen, key)).await.unwrap());
    }
    if !tickets.is_empty() {
        for (at, why) in
            ["the platform answered 500 eight times", "the ticket is gone", "the credentials are refused"]
                .into_iter()
                .enumerate()
        {
            store.accept(&delivery("shop", &format!("dead-{at}"), 900 + at as u32), now).await.unwrap();
            store.bury(store.claim(now, lease).await.unwrap().unwrap(), why, now).await.unwrap();
        }
        for at in 0..2 {
            store.accept(&delivery("acme", &format!("waits-{at}"), 800 + at), now).await.unwrap();
        }
    }
    ids
}

fn prediction(seen: &Seen) -> Prediction {
    let heads = seen.answers.iter().map(|answer| {
        let scored = Scored {
            kind: answer.kind,
            ranked: answer.ranked.clone(),
            chosen: answer.named().into_iter().collect(),
            threshold: answer.ranked.iter().map(|(label, _)| (label.clone(), BAR)).collect(),
        };
        (answer.head.to_owned(), scored)
    });
    Prediction {
        heads: heads.collect(),
        language: Language { code: seen.language.to_owned(), confidence: 0.97 },
        model: "3f9a61c0d2b84e77".repeat(4),
        out_of_scope: None,
    }
}

fn entry(seen: &Seen, delivery: String) -> Entry {
    let prediction = prediction(seen);
    let line = contract_json("1", &prediction);
    let named = seen.answers[0].named();
    let label = named.first();
    let (state, outcome) = match (label, seen.mode) {
        (None, _) => (EffectOutcome::Planned, Outcome::NoRule),
        (_, Mode::Shadow) => (EffectOutcome::Shadowed, Outcome::Shadowed),
        (_, Mode::Suggest) => (EffectOutcome::Suggested, Outcome::Suggested),
        (_, Mode::Live) => (EffectOutcome::Applied, Outcome::Applied),
    };
    let rule = label.map(|label| format!("route-{label}"));
    let effect = |kind: &str, value: Value| EffectRecord {
        kind: kind.to_owned(),
        value,
        rule: rule.clone().unwrap_or_default(),
        mode: seen.mode,
        state,
        reason: None,
    };
    let effects = label.map(|label| {
        vec![
            effect("set_field", json!({ "category": label })),
            effect("assign_group", json!(label)),
            effect("add_tags", json!([label, "routed"])),
        ]
    });
    let get = CallRecord {
        method: "GET".into(),
        path: format!("/api/v2/tickets/{}.json", seen.ticket),
        status: 200,
    };
    let put = CallRecord { method: "PUT".into(), ..get.clone() };
    let path = put.path.clone();
    let withheld = (outcome == Outcome::Shadowed)
        .then(|| json!({ "method": "PUT", "path": path, "body": { "ticket": { "additional_tags": [label, "routed"] } } }));
    Entry {
        account: seen.account.to_owned(),
        platform: seen.platform.to_owned(),
        ticket: seen.ticket.clone(),
        requester: None,
        delivery,
        received_at: seen.at,
        decided_at: seen.at + jiff::SignedDuration::from_millis(840),
        mode: seen.mode,
        language: line["language"].clone(),
        heads: line["heads"].clone(),
        rules: rule.iter().cloned().collect(),
        effects: effects.unwrap_or_default(),
        outcome,
        reason: None,
        digests: Some(Digests { model: prediction.model.clone(), rulebook: "81c4d90a".repeat(8) }),
        version: None,
        own_version: None,
        calls: if outcome == Outcome::Applied { vec![get, put] } else { vec![get] },
        withheld,
        machine: None,
        challenger: None,
        awaiting: None,
        snapshot: Some(Box::new(snapshot(prediction))),
    }
}

fn snapshot(prediction: Prediction) -> Snapshot {
    assert!(prediction.heads.values().any(|scored| scored.kind == HeadKind::Multi));
    Snapshot {
        prediction,
        status: Status::New,
        priority: None,
        priority_is_default: false,
        tags: Vec::new(),
        group: None,
        assignee: None,
        fields: Vec::new(),
        text_fields: Vec::new(),
        channel: Some("email".to_owned()),
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
    }
}
