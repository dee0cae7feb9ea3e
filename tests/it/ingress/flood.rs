//! Floods: clients of one address that want to keep everybody else out, and what another's deliveries come to meanwhile.
//!
//! `DESKBRIDGE_FLOOD` says for how many seconds each flood lasts, instead of the usual few (`make soak` sets it).

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use deskbridge::ingress::Limits;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::rig::{Client, Rig, connect_from, created, post, sign};
use crate::harness::{asked, wait_until};

/// Seconds that a flood lasts where nothing else is said.
const SECONDS: u64 = 4;
/// Connections that a flood tries to hold.
const CONNECTIONS: usize = 600;
/// HTTP/2 connections of a flood; each has 64 requests in progress.
const WINDOWS: usize = 40;
/// How often a client with a cheap request asks.
const EVERY: Duration = Duration::from_secs(4);
/// How long a client that was cut off takes to come back.
const BACK_AFTER: Duration = Duration::from_millis(500);
/// Time between two deliveries.
const PACE: Duration = Duration::from_millis(30);

/// The door as `serve` has it where the settings say nothing.
fn limits() -> Limits {
    Limits { max_connections: 512, max_connections_per_peer: 128, ..Limits::default() }
}

/// How a client keeps others out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flood {
    /// A connection, and on it a request that is refused, again and again.
    Refused,
    /// A connection that says nothing.
    Idle,
    /// A body that does not end, a byte at a time.
    SlowBodies,
    /// 64 bodies at once over one connection, as much of each as the door takes.
    Windows,
}

const FLOODS: [Flood; 4] = [Flood::Refused, Flood::Idle, Flood::SlowBodies, Flood::Windows];

/// Where a client comes from: an address of its own, or by way of a proxy.
#[derive(Clone, Copy, Debug)]
struct From {
    host: u8,
    forwarded_for: Option<&'static str>,
}

impl From {
    fn header(self) -> String {
        self.forwarded_for.map(|sender| format!("x-forwarded-for: {sender}\r\n")).unwrap_or_default()
    }
}

/// Clients that flood until dropped.
struct Clients {
    made: Arc<AtomicUsize>,
    _all: JoinSet<()>,
}

impl Clients {
    fn start(flood: Flood, from: From, to: SocketAddr) -> Self {
        let made = Arc::new(AtomicUsize::new(0));
        let mut all = JoinSet::new();
        let number = if flood == Flood::Windows { WINDOWS } else { CONNECTIONS };
        for n in 0..number {
            let made = Arc::clone(&made);
            all.spawn(async move {
                // Requests come one after the other, not all at once.
                let first = EVERY.mul_f64(n as f64 / number as f64);
                loop {
                    if let Flood::Windows = flood {
                        hold_windows(from, to, &made).await;
                    } else if let Ok(client) = Client::try_from(from.host, to).await {
                        made.fetch_add(1, Ordering::Relaxed);
                        hold(flood, client, from, first).await;
                    }
                    sleep(BACK_AFTER).await;
                }
            });
        }
        Self { made, _all: all }
    }

    /// Waits until every client was in once.
    async fn are_there(&self, flood: Flood) {
        let number = if flood == Flood::Windows { WINDOWS } else { CONNECTIONS };
        wait_until("the flood is there", async || self.made.load(Ordering::Relaxed) >= number).await;
    }
}

/// Holds one connection as long as the door lets it.
async fn hold(flood: Flood, mut client: Client, from: From, first: Duration) {
    let header = from.header();
    match flood {
        Flood::Refused => {
            let request =
                format!("POST /hooks/nobody HTTP/1.1\r\nhost: bridge\r\n{header}content-length: 0\r\n\r\n");
            let mut wait = first;
            loop {
                if client.ended_within(wait).await
                    || !client.write(request.as_bytes()).await
                    || client.try_answer().await.is_none()
                {
                    return;
                }
                wait = EVERY;
            }
        }
        Flood::SlowBodies => {
            let head =
                format!("POST /hooks/acme HTTP/1.1\r\nhost: bridge\r\n{header}content-length: 1000\r\n\r\n");
            let mut goes_on = client.write(head.as_bytes()).await;
            while goes_on && !client.ended_within(Duration::from_secs(1)).await {
                goes_on = client.write(b"x").await;
            }
        }
        Flood::Idle | Flood::Windows => while !client.ended_within(EVERY).await {},
    }
}

/// Holds one HTTP/2 connection, and on it as much of 64 bodies as the door takes.
async fn hold_windows(from: From, to: SocketAddr, made: &AtomicUsize) {
    let Ok(stream) = connect_from(from.host, to).await else { return };
    let Ok((client, connection)) = h2::client::handshake(stream).await else { return };
    let mut connection = tokio::spawn(connection);
    let mut streams = JoinSet::new();
    for _ in 0..64 {
        let client = client.clone();
        streams.spawn(async move {
            let mut request =
                http::Request::post("http://bridge/hooks/acme").header("content-length", 120_000);
            if let Some(sender) = from.forwarded_for {
                request = request.header("x-forwarded-for", sender);
            }
            let Ok(mut client) = client.ready().await else { return };
            let Ok((answer, mut body)) = client.send_request(request.body(()).unwrap(), false) else {
                return;
            };
            let _ = body.send_data(Bytes::from_static(&[b'x'; 119_999]), false);
            let _ = answer.await;
        });
    }
    made.fetch_add(1, Ordering::Relaxed);
    drop(client);
    while streams.join_next().await.is_some() {}
    let _ = timeout(EVERY, &mut connection).await;
    connection.abort();
}

/// How many of the deliveries were answered 200 within a second.
async fn deliver(from: From, to: SocketAddr, lasts: Duration) -> (usize, usize) {
    let begun = Instant::now();
    let mut deliveries = JoinSet::new();
    while begun.elapsed() < lasts {
        let event = deliveries.len().to_string();
        deliveries.spawn(async move {
            let body = created(&event);
            let request = post(&format!("{}{}", from.header(), sign(&body)), &body);
            let asked = async {
                let mut client = Client::try_from(from.host, to).await.ok()?;
                client.write(request.as_bytes()).await.then_some(())?;
                client.try_answer().await
            };
            timeout(Duration::from_secs(1), asked).await.ok().flatten().map(|answer| answer.status)
                == Some(200)
        });
        sleep(PACE).await;
    }
    let all = deliveries.len();
    let good = deliveries.join_all().await.into_iter().filter(|good| *good).count();
    (good, all)
}

#[expect(clippy::print_stdout, reason = "a soak says what it did")]
async fn others_are_served_during(flood: Flood, rig: &Rig, attacker: From, platform: From) {
    let clients = Clients::start(flood, attacker, rig.at);
    clients.are_there(flood).await;
    let lasts = Duration::from_secs(asked("DESKBRIDGE_FLOOD", SECONDS));
    let (good, all) = deliver(platform, rig.at, lasts).await;
    println!(
        "{flood:?} by {attacker:?}: {good} of {all} deliveries by {platform:?} answered 200 within a second; {} connections",
        clients.made.load(Ordering::Relaxed)
    );
    assert!(good * 100 >= all * 99, "{flood:?}: {good} of {all}");
    assert!(all > 20, "only {all} deliveries were tried");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_from_one_address_keeps_no_other_out() {
    for flood in FLOODS {
        let rig = Rig::with(limits()).await;
        let direct = |host| From { host, forwarded_for: None };
        others_are_served_during(flood, &rig, direct(2), direct(3)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_through_a_trusted_proxy_keeps_no_other_out() {
    for flood in FLOODS {
        let rig = Rig::behind(&["127.0.0.9"], limits()).await;
        let proxied = |sender| From { host: 9, forwarded_for: Some(sender) };
        others_are_served_during(flood, &rig, proxied("203.0.113.66"), proxied("198.51.100.7")).await;
    }
}
