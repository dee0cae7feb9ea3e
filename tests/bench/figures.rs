//! A long ledger: memory of `serve`, pages, and the way from webhook to write, with a million decisions and with none.
//!
//! The real binary as a process of its own, three stand-ins for each of two daemons. Somebody scrapes the metrics every second and
//! opens every page in turn the whole time, of the daemon that is being measured. The journey is measured in turn on both daemons,
//! several rounds, and the median of the rounds' ratios is told, because the machine's other load changes by the minute. Linux only:
//! the peak is the kernel's (`VmHWM`). `DESKBRIDGE_FIGURES_DECISIONS` makes the ledger shorter, for a quick look.

#[expect(dead_code, reason = "the tests use more of the house than this benchmark")]
#[path = "../it/harness.rs"]
mod harness;
#[path = "../it/figures/ledger.rs"]
#[expect(dead_code, reason = "the tests use more of the ledger than this benchmark")]
mod ledger;
#[expect(dead_code, reason = "the tests use more of the process than this benchmark")]
#[path = "../it/process.rs"]
mod process;
#[path = "../it/figures/template.rs"]
mod template;
#[path = "../it/figures/visitor.rs"]
mod visitor;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deskbridge::store::sqlite::Sqlite;
use deskbridge_standins::NewTicket;
use harness::{House, asked, billing_ticket};
use hdrhistogram::Histogram;
use ledger::{Ledger, Patterns};
use process::Served;
use visitor::{PAGES, Visitor};

/// Decisions in the long ledger.
const DECISIONS: u64 = 1_000_000;
/// Rounds of the journey on both daemons.
const ROUNDS: usize = 5;
/// Webhooks in a round, at an even pace.
const WEBHOOKS: u64 = 1_000;
/// Webhooks a second, over all desks.
const RATE: u32 = 25;
/// How often each page is timed.
const LOOKS: usize = 5;
/// How long the first figures may take.
const FIRST_FIGURES: Duration = Duration::from_secs(1800);

/// What `serve` may take.
const SERVE_MIB: f64 = 250.0;
/// How long a warm overview may take.
const OVERVIEW_MS: f64 = 300.0;
/// How long a warm agreement page may take.
const AGREEMENT_MS: f64 = 1000.0;
/// How much longer a webhook's way may be than with an empty ledger.
const SLOWER: f64 = 1.5;

fn main() {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
        let decisions = u32::try_from(asked("DESKBRIDGE_FIGURES_DECISIONS", DECISIONS)).unwrap();
        let webhooks = asked("DESKBRIDGE_FIGURES_WEBHOOKS", WEBHOOKS);
        let patterns = Patterns::make().await;
        let begun = Instant::now();
        let long = Side::start(patterns.fill(decisions)).await;
        tell(&format!("{decisions} decisions are there after {:.0} s", begun.elapsed().as_secs_f64()));
        let empty = Side::start(patterns.fill(0)).await;

        let begun = Instant::now();
        let known = long.visitor.sees_figures_of(long.ledger.settled_categories());
        tokio::time::timeout(FIRST_FIGURES, known).await.expect("the report knows every settled ticket");
        tell(&format!(
            "the figures are known after {:.0} s, {:.0} MiB",
            begun.elapsed().as_secs_f64(),
            long.peak_mib()
        ));
        let visiting = tokio::spawn(long.visitor.clone().stay());
        long.visitor.open_every_page().await;
        for page in PAGES {
            let took = long.page(page).await;
            tell(&format!("{took:.0} ms {page}"));
        }
        let overview = long.page("/").await;
        let agreement = long.page("/agreement").await;
        visiting.abort();
        tell(&format!("every page was opened, {:.0} MiB", long.peak_mib()));

        let mut ratios = Vec::new();
        for round in 1..=ROUNDS {
            let (without, with) = (empty.journey(webhooks).await, long.journey(webhooks).await);
            tell(&format!("round {round}: {without} ms without, {with} ms with, {:.0} MiB", long.peak_mib()));
            ratios.push(with as f64 / (without as f64).max(1.0));
        }
        print("figures_peak_memory", long.peak_mib(), "MiB", SERVE_MIB);
        print("figures_overview_page", overview, "ms", OVERVIEW_MS);
        print("figures_agreement_page", agreement, "ms", AGREEMENT_MS);
        print("figures_webhook_to_write_p99", median(ratios), "x", SLOWER);
        tell(&format!("the daemon without decisions: {:.0} MiB", empty.peak_mib()));
        for side in [long, empty] {
            assert!(side.served.terminate().success());
        }
    });
}

#[expect(clippy::print_stdout, reason = "a benchmark's result is its output")]
fn print(name: &str, value: f64, unit: &str, ceiling: f64) {
    let ratio = value / ceiling;
    println!("BENCH name={name} value={value:.2} unit={unit} ceiling={ceiling:.1} ratio={ratio:.2}");
}

#[expect(clippy::print_stderr, reason = "how a long run is getting on")]
fn tell(what: &str) {
    eprintln!("{what}");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A daemon with its ledger and its desks.
struct Side {
    ledger: Ledger,
    house: House,
    served: Served,
    visitor: Visitor,
}

impl Side {
    /// Live, because shadow mode writes nothing that a journey could end with.
    async fn start(ledger: Ledger) -> Self {
        let mut house = House::without_a_daemon().await;
        house.store = Arc::new(Sqlite::open(&ledger.path).unwrap());
        house.desks.iter().for_each(|desk| desk.raise_limit());
        let served = ledger.serve(&house, "live").await;
        Self { visitor: Visitor::of(&served), ledger, house, served }
    }

    /// Returns the peak so far, in MiB.
    fn peak_mib(&self) -> f64 {
        self.served.peak_bytes() as f64 / 1024.0 / 1024.0
    }

    /// Returns the median time of some requests for a warm page, in milliseconds.
    async fn page(&self, page: &str) -> f64 {
        let mut took = Vec::new();
        for _ in 0..LOOKS {
            let begun = Instant::now();
            self.visitor.open(page).await;
            took.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        median(took)
    }

    /// Sends webhooks while somebody visits the daemon. Returns the 99th percentile of the milliseconds from the sending of each
    /// one to the answer to its first write.
    async fn journey(&self, webhooks: u64) -> u64 {
        let visiting = tokio::spawn(self.visitor.clone().stay());
        let mut every = tokio::time::interval(Duration::from_secs(1) / RATE);
        let mut opening = Vec::new();
        for at in 0..webhooks as usize {
            every.tick().await;
            let number = at % self.house.desks.len();
            let desk = Arc::clone(&self.house.desks[number]);
            opening.push(tokio::spawn(async move { (number, desk.open(ticket(at)).await) }));
        }
        let mut opened = Vec::new();
        for one in opening {
            opened.push(one.await.unwrap());
        }
        self.house.settle().await;
        assert!(!visiting.is_finished(), "every page was whole");
        visiting.abort();
        self.latencies(&opened).value_at_quantile(0.99)
    }

    /// Returns the milliseconds from each webhook to the first accepted write.
    fn latencies(&self, opened: &[(usize, String)]) -> Histogram<u64> {
        let mut all = Histogram::new(3).unwrap();
        for (number, desk) in self.house.desks.iter().enumerate() {
            let sent: HashMap<_, _> =
                desk.deliveries().into_iter().map(|sent| (sent.ticket, sent.at_ms)).collect();
            let mut written = HashMap::new();
            for request in desk.requests().into_iter().filter(|one| one.is_write() && one.status < 300) {
                for part in request.path.split(['/', '.', '?']) {
                    written.entry(part.to_owned()).or_insert(request.at_ms);
                }
            }
            for (_, id) in opened.iter().filter(|(at, _)| *at == number) {
                let took = written.get(id).expect("its first write") - sent[id];
                all.record(u64::try_from(took).unwrap_or_default()).unwrap();
            }
        }
        all
    }
}

/// Returns tickets of different lengths, so that the model's work varies as it does in life.
fn ticket(at: usize) -> NewTicket {
    let ticket = billing_ticket();
    let more = " I have waited for an answer since last week and would like to know when the money is back."
        .repeat(at % 6);
    NewTicket { body: format!("{}{more}", ticket.body), ..ticket }
}
