//! How fast webhooks are taken in: signed, verified, deduplicated and on disk before each 200.
//!
//! The ceiling is the same HTTP server with a handler that does nothing but append the body to a file and answer
//! after a group `fdatasync`: no signature, no index, no metrics. Both sides are measured in turn, several rounds,
//! in one process on the same disk, and medians are compared, because the machine's other load changes by the minute.
//! The clients live in that process too and take their share of its cores; figures are of the whole.
#![expect(clippy::print_stdout, reason = "a benchmark's figures go to standard output")]

mod load;
mod raw_log;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use deskbridge::clock::{Clock, SystemClock};
use deskbridge::ingress::{Door, Limits, Origins, serve};
use deskbridge::store::Store;
use deskbridge::store::sqlite::Sqlite;
use deskbridge::telemetry;
use deskbridge_connectors::account::{Credentials, WebhookConfig};
use deskbridge_connectors::{AccountConfig, AccountId, Connector, Platform, Secret};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use self::load::{Figures, SECRET};
use self::raw_log::RawLog;

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 7;
const DELIVERIES: usize = 19_200;
const PACED_PER_SECOND: u32 = 200;
const PACED_FOR: Duration = Duration::from_secs(5);

/// Where the measured files lie: beside the build, on the disk, because `/tmp` may be memory.
const SCRATCH: &str = env!("CARGO_TARGET_TMPDIR");

fn main() {
    telemetry::init_metrics().expect("the process's one recorder");
    let runtime = Runtime::new().expect("a runtime");
    let mut ours = Vec::new();
    let mut ceiling = Vec::new();
    for round in 0..=ROUNDS {
        let (daemon, raw) = (flood(&runtime, daemon), flood(&runtime, raw_log));
        eprint_round(round, &daemon, &raw);
        // The first round warms caches and the file system, and is thrown away.
        if round > 0 {
            ours.push(daemon);
            ceiling.push(raw);
        }
    }
    let per_second = |runs: &[Figures]| median(runs.iter().map(|run| run.per_second));
    let p50 = |runs: &[Figures]| median(runs.iter().map(|run| run.p50_ms));
    let p99 = |runs: &[Figures]| median(runs.iter().map(|run| run.p99_ms));
    report("ingest_durable", per_second(&ours), "deliveries/s", per_second(&ceiling));
    report("ingest_p50", p50(&ours), "ms", p50(&ceiling));
    report("ingest_p99", p99(&ours), "ms", p99(&ceiling));
    let mut paced = (Vec::new(), Vec::new());
    for _ in 0..3 {
        paced.0.push(stroll(&runtime, daemon));
        paced.1.push(stroll(&runtime, raw_log));
    }
    report("ack_p99_at_200", p99(&paced.0), "ms", p99(&paced.1));
    report("ack_p50_at_200", p50(&paced.0), "ms", p50(&paced.1));
}

fn report(name: &str, value: f64, unit: &str, ceiling: f64) {
    println!(
        "BENCH name={name} value={value:.2} unit={unit} ceiling={ceiling:.2} ratio={:.3}",
        value / ceiling
    );
}

#[expect(clippy::print_stderr, reason = "how a long run is getting on")]
fn eprint_round(round: usize, ours: &Figures, raw: &Figures) {
    eprintln!("round {round}: ours {ours}; raw log {raw}");
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A server that is being measured: opened in a folder, served until the token is cancelled.
type Open = fn(&Runtime, &Path, TcpListener, CancellationToken);

fn flood(runtime: &Runtime, open: Open) -> Figures {
    measured(runtime, open, |at| load::flood(at, CONNECTIONS, DELIVERIES / CONNECTIONS))
}

fn stroll(runtime: &Runtime, open: Open) -> Figures {
    measured(runtime, open, |at| load::stroll(at, PACED_PER_SECOND, PACED_FOR))
}

fn measured(runtime: &Runtime, open: Open, load: impl FnOnce(SocketAddr) -> Figures) -> Figures {
    let folder = tempfile::tempdir_in(SCRATCH).expect("a folder beside the build");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let at = listener.local_addr().expect("its address");
    let shutdown = CancellationToken::new();
    open(runtime, folder.path(), listener, shutdown.clone());
    let figures = load(at);
    shutdown.cancel();
    figures
}

fn daemon(runtime: &Runtime, folder: &Path, listener: TcpListener, shutdown: CancellationToken) {
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(&folder.join("inbox.db")).expect("a database"));
    let door = Door {
        accounts: HashMap::from([("acme".to_owned(), connector())]),
        store,
        clock: Arc::new(SystemClock),
        arrived: Arc::new(Notify::new()),
        origins: Origins::default(),
        certificate: None,
        limits: Limits::default(),
    };
    runtime.spawn(serve(listener, Arc::new(door), shutdown));
}

fn raw_log(runtime: &Runtime, folder: &Path, listener: TcpListener, shutdown: CancellationToken) {
    let log = RawLog::open(&folder.join("raw.log")).expect("a log");
    runtime.spawn(raw_log::serve(listener, log, shutdown));
}

fn connector() -> Arc<dyn Connector> {
    let config = AccountConfig {
        id: AccountId::new("acme").expect("a name"),
        base_url: "https://acme.zendesk.com".to_owned(),
        webhook: WebhookConfig { secrets: vec![Secret::new(SECRET)], ..WebhookConfig::default() },
        credentials: Some(Credentials::AccessToken(Secret::new("token"))),
        allow_public_replies: false,
        segment_field: None,
        api_version: None,
        app_id: None,
        admin_id: None,
    };
    Platform::Zendesk.open(&config).expect("settings in order").connector
}

/// The time that a client stamps its deliveries with.
fn stamp() -> String {
    SystemClock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
