//! More than ten times what it can decide, against the real process: what is acknowledged is on disk, what is not is told to come back,
//! memory stays bounded, and nobody has to help afterwards.
//!
//! `DESKBRIDGE_OVERLOAD` says for how many seconds other than the usual (`make soak` does).

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deskbridge_connectors::{Secret, signature};
use tokio::net::TcpStream;

use crate::harness::{House, ONE_OF_EVERYTHING, asked, billing_ticket, wait_until};
use crate::process::Served;

/// Seconds of overload where nothing else is said.
const SECONDS: u64 = 6;
/// Tickets that the deliveries are about, and by which the rate that can be kept up is measured.
const TICKETS: usize = 200;
/// Clients that post one delivery after the other.
const CLIENTS: usize = 700;
/// Connections that say nothing.
const IDLE: usize = 10_000;
/// More than the daemon may ever have had in memory: bundle, caches, and everything that was in its hands.
const MOST_BYTES: u64 = 250 * 1024 * 1024;

/// The secret that an account's webhooks are signed with, as its settings have it.
pub(crate) fn signing_secret(house: &House) -> Secret {
    let yaml = house.desks[0].account_yaml();
    let (_, rest) = yaml.split_once("secrets: [\"").unwrap();
    Secret::new(rest.split('"').next().unwrap())
}

/// A delivery about a ticket that the account signed now.
pub(crate) fn delivery(
    client: &reqwest::Client,
    hooks: &str,
    secret: &Secret,
    id: &str,
    ticket: &str,
) -> reqwest::RequestBuilder {
    let at = deskbridge::clock::Clock::now(&deskbridge::clock::SystemClock).to_string();
    let body = format!(
        r#"{{"type":"zen:event-type:ticket.created","id":"{id}","time":"{at}","subject":"zen:ticket:{ticket}","detail":{{"id":"{ticket}"}},"event":{{}}}}"#
    );
    let tag = STANDARD.encode(signature::hmac_sha256(secret, &[at.as_bytes(), body.as_bytes()]));
    client
        .post(format!("http://{hooks}/hooks/zendesk"))
        .header("x-zendesk-webhook-signature", tag)
        .header("x-zendesk-webhook-signature-timestamp", at)
        .header("x-zendesk-webhook-invocation-id", id)
        .body(body)
}

/// The keys of all deliveries that the store has.
fn kept(house: &House) -> HashSet<String> {
    let store = rusqlite::Connection::open(house.beside("deskbridge.db")).unwrap();
    let mut keys = store.prepare("SELECT delivery_id FROM inbox").unwrap();
    keys.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Deliveries a second that are decided when nothing else is asked of the daemon.
async fn sustainable(house: &House, hooks: &str, secret: &Secret, tickets: &[String]) -> f64 {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let begun = Instant::now();
    for ticket in tickets {
        let id = format!("alone-{ticket}");
        assert_eq!(delivery(&client, hooks, secret, &id, ticket).send().await.unwrap().status(), 200);
    }
    wait_until("they are decided", async || house.store.depth().await.unwrap().pending == 0).await;
    let rate = tickets.len() as f64 / begun.elapsed().as_secs_f64();
    for ticket in tickets {
        assert_eq!(house.decided(&*house.desks[0], ticket).await.len(), 1, "{ticket}");
    }
    rate
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "a soak says what it did")]
async fn overload_is_refused_and_loses_nothing_that_was_acknowledged() {
    let house = House::without_a_daemon().await;
    // These clients stand for many addresses, and have one.
    let change = |settings: String| settings.replacen("listen:", "max_connections_per_peer: 512, listen:", 1);
    let served = Served::start_changed(&house, "shadow", ONE_OF_EVERYTHING, ":", change).await;
    let (hooks, secret) = (served.hooks().to_owned(), signing_secret(&house));
    house.desks[0].raise_limit();
    let tickets: Arc<Vec<_>> =
        Arc::new((0..TICKETS).map(|_| house.desks[0].open_quietly(billing_ticket())).collect());
    let sustainable = sustainable(&house, &hooks, &secret, &tickets).await;
    let seconds = asked("DESKBRIDGE_OVERLOAD", SECONDS);
    let until = Instant::now() + Duration::from_secs(seconds);
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let (refused, slowest) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|n| {
            let (acknowledged, refused) = (Arc::clone(&acknowledged), Arc::clone(&refused));
            let (slowest, hooks, secret) = (Arc::clone(&slowest), hooks.clone(), secret.clone());
            let tickets = Arc::clone(&tickets);
            tokio::spawn(async move {
                let client = reqwest::Client::builder().no_proxy().build().unwrap();
                for round in 0.. {
                    if Instant::now() > until {
                        return;
                    }
                    let id = format!("{n}-{round}");
                    let begun = Instant::now();
                    let ticket = &tickets[(n + round) % TICKETS];
                    let Ok(answer) = delivery(&client, &hooks, &secret, &id, ticket).send().await else {
                        // Turned away while it was still sending: nothing was acknowledged.
                        refused.fetch_add(1, Ordering::Relaxed);
                        continue;
                    };
                    let took = u64::try_from(begun.elapsed().as_millis()).unwrap();
                    match answer.status().as_u16() {
                        200 => {
                            slowest.fetch_max(took, Ordering::Relaxed);
                            acknowledged.lock().unwrap().push(id);
                        }
                        503 => {
                            assert!(answer.headers().contains_key("retry-after"));
                            refused.fetch_add(1, Ordering::Relaxed);
                            tokio::time::sleep(Duration::from_millis(50)).await;
                        }
                        other => panic!("answered {other}"),
                    }
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    let acknowledged = std::mem::take(&mut *acknowledged.lock().unwrap());
    let (refused, slowest) = (refused.load(Ordering::Relaxed), slowest.load(Ordering::Relaxed));
    let offered = (acknowledged.len() as u64 + refused) as f64 / seconds as f64;
    let peak = served.peak_bytes();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let metrics = client.get(format!("{}/metrics", served.admin)).send().await.unwrap().text().await.unwrap();
    // As the daemon took it, from a request's head to its answer: the clients share this machine's cores and see their own wait.
    let answered = |of: &str| {
        let line =
            metrics.lines().find_map(|line| line.strip_prefix(&format!("deskbridge_ack_seconds_{of} ")));
        line.unwrap_or_else(|| panic!("no {of} in {metrics}")).trim().parse::<u64>().unwrap()
    };
    let (within, all) = (answered(r#"bucket{le="1"}"#), answered("count"));
    assert!(within * 1000 >= all * 999, "{within} of {all} within a second");
    println!(
        "{offered:.0} deliveries a second came in where {sustainable:.0} a second can be decided: {} acknowledged, {refused} refused, {within} of {all} answers within a second (the clients' slowest {slowest} ms), at most {} MiB",
        acknowledged.len(),
        peak / 1024 / 1024
    );
    let kept = kept(&house);
    let lost: Vec<_> = acknowledged.iter().filter(|id| !kept.contains(*id)).collect();
    assert!(lost.is_empty(), "{} lost, such as {:?}", lost.len(), lost.first());
    assert!(acknowledged.len() > 1000, "only {} were acknowledged", acknowledged.len());
    assert!(refused > 0 && offered > 10.0 * sustainable, "that was no overload");
    assert!(peak < MOST_BYTES, "{} MiB", peak / 1024 / 1024);

    // Nobody helps, and it goes on.
    let begun = Instant::now();
    let answer = delivery(&client, &hooks, &secret, "afterwards", &tickets[0]).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert!(served.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_idle_connections_keep_nobody_out_for_long() {
    let house = House::without_a_daemon().await;
    let served = Served::start(&house, "shadow", ONE_OF_EVERYTHING).await;
    let (hooks, secret) = (served.hooks().to_owned(), signing_secret(&house));
    let mut idle = Vec::new();
    for n in 0..IDLE {
        // Whom the daemon has cut off already gives a descriptor back, so that this process needs fewer of them.
        if n % 500 == 0 {
            idle.retain(|stream: &TcpStream| stream.try_read(&mut [0; 256]).is_err());
        }
        match TcpStream::connect(&hooks).await {
            Ok(stream) => idle.push(stream),
            // The kernel's queue is full; its place comes.
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let begun = Instant::now();
    // Those that say nothing have five seconds.
    wait_until("a delivery is let in", async || {
        delivery(&client, &hooks, &secret, "a", "1").send().await.is_ok_and(|answer| answer.status() == 200)
    })
    .await;
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
    assert!(served.peak_bytes() < MOST_BYTES);
    drop(idle);
    assert!(served.terminate().success());
}
