//! How fast deliveries are kept and claimed, beside what the disk allows.
//!
//! The ceiling for keeping is a bare log with the same group commit and nothing else: no index, no duplicate found. The
//! ceiling for a claim is one append and sync; with a million deliveries waiting it is the claim with ten thousand.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "../it/store/fixture.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod fixture;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use deskbridge::store::Store;
use deskbridge::store::sqlite::Sqlite;
use deskbridge_connectors::VerifiedDelivery;
use fixture::{at, delivery, verified};
use hdrhistogram::Histogram;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

const SENDERS: usize = 64;
const KEPT: usize = 40_000;
const CLAIMS: usize = 2_000;
const LEASE: Duration = Duration::from_secs(3600);

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let limit = bare_log(&folder.path().join("log")).await;
    let kept = keep(&folder.path().join("keep.db")).await;
    print("store_accept", kept.0, "per_s", limit.0);
    print(
        "store_accept_p50",
        kept.1.value_at_quantile(0.5) as f64,
        "us",
        limit.1.value_at_quantile(0.5) as f64,
    );
    print(
        "store_accept_p99",
        kept.1.value_at_quantile(0.99) as f64,
        "us",
        limit.1.value_at_quantile(0.99) as f64,
    );

    let sync = syncs(&folder.path().join("sync"));
    let few = claims(&folder.path().join("few.db"), 10_000, 10_000).await;
    let many = claims(&folder.path().join("many.db"), 1_000_000, 1_000_000).await;
    let one = claims(&folder.path().join("one.db"), 50_000, 50).await;
    print("store_claim_10k_p50", few, "us", sync);
    print("store_claim_1m_p50", many, "us", few);
    print("store_claim_1000_a_ticket_p50", one, "us", few);
}

fn print(name: &str, value: f64, unit: &str, ceiling: f64) {
    let ratio = value / ceiling;
    println!("BENCH name={name} value={value:.0} unit={unit} ceiling={ceiling:.0} ratio={ratio:.2}");
}

fn histogram() -> Histogram<u64> {
    Histogram::new(3).unwrap()
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap()
}

/// Deliveries with bodies of 2 KB, as 64 senders post them: a second and the latencies in microseconds.
async fn keep(path: &Path) -> (f64, Histogram<u64>) {
    let store = Arc::new(Sqlite::open(path).unwrap());
    let mut senders = JoinSet::new();
    let mut prepared: Vec<Vec<VerifiedDelivery>> = (0..SENDERS).map(|_| Vec::new()).collect();
    let text = "x".repeat(1950);
    for n in 0..KEPT {
        let body = format!(r#"{{"ticket_id":"{}","event":"customer_replied","text":"{text}"}}"#, 1 + n / 3);
        prepared[n % SENDERS].push(verified("acme", &format!("delivery-{n}"), body));
    }
    let start = Instant::now();
    for mine in prepared {
        let store = Arc::clone(&store);
        senders.spawn(async move {
            let mut took = histogram();
            for delivery in &mine {
                let start = Instant::now();
                store.accept(delivery, at(0)).await.unwrap();
                took.record(micros(start)).unwrap();
            }
            took
        });
    }
    finish(senders, start).await
}

async fn finish(mut senders: JoinSet<Histogram<u64>>, start: Instant) -> (f64, Histogram<u64>) {
    let mut took = histogram();
    while let Some(one) = senders.join_next().await {
        took.add(one.unwrap()).unwrap();
    }
    (KEPT as f64 / start.elapsed().as_secs_f64(), took)
}

/// The same load on a file that is only appended to, synced once for all that wait.
async fn bare_log(path: &Path) -> (f64, Histogram<u64>) {
    let mut file = File::create(path).unwrap();
    let (sender, waiting) = sync_channel::<oneshot::Sender<()>>(1024);
    let writer = std::thread::spawn(move || {
        let body = [b'x'; 2048];
        while let Ok(first) = waiting.recv() {
            let batch: Vec<_> = std::iter::once(first).chain(waiting.try_iter().take(511)).collect();
            batch.iter().for_each(|_| file.write_all(&body).unwrap());
            file.sync_data().unwrap();
            batch.into_iter().for_each(|reply| reply.send(()).unwrap());
        }
    });
    let mut senders = JoinSet::new();
    let start = Instant::now();
    for _ in 0..SENDERS {
        let sender = sender.clone();
        senders.spawn(async move {
            let mut took = histogram();
            for _ in 0..KEPT / SENDERS {
                let start = Instant::now();
                let (reply, answer) = oneshot::channel();
                sender.send(reply).unwrap();
                answer.await.unwrap();
                took.record(micros(start)).unwrap();
            }
            took
        });
    }
    drop(sender);
    let limit = finish(senders, start).await;
    writer.join().unwrap();
    limit
}

/// One append and sync, in microseconds.
fn syncs(path: &Path) -> f64 {
    let mut file = File::create(path).unwrap();
    let mut took = histogram();
    for _ in 0..CLAIMS {
        let start = Instant::now();
        file.write_all(&[b'x'; 2048]).unwrap();
        file.sync_data().unwrap();
        took.record(micros(start)).unwrap();
    }
    took.value_at_quantile(0.5) as f64
}

/// The median of a claim by a lone worker, in microseconds, with so many deliveries of so many tickets waiting.
async fn claims(path: &Path, waiting: u32, tickets: u32) -> f64 {
    let store = Arc::new(Sqlite::open(path).unwrap());
    let mut fillers = JoinSet::new();
    const FILLERS: u32 = 512;
    for first in 0..FILLERS {
        let store = Arc::clone(&store);
        fillers.spawn(async move {
            for n in (first..waiting).step_by(FILLERS as usize) {
                let given = delivery("acme", &format!("delivery-{n}"), 1 + n % tickets);
                store.accept(&given, at(0)).await.unwrap();
            }
        });
    }
    fillers.join_all().await;
    let mut took = histogram();
    let claims = CLAIMS.min(tickets as usize);
    for _ in 0..claims {
        let start = Instant::now();
        let claim = store.claim(at(1), LEASE).await.unwrap().expect("something due");
        took.record(micros(start)).unwrap();
        drop(claim);
    }
    took.value_at_quantile(0.5) as f64
}
