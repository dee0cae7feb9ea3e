//! Webhook to write: from a platform's sending to its answer to our first write, through the whole daemon.
//!
//! Three stand-ins, the real daemon in this process, tickets at a steady rate. The ceiling is the same journey with one
//! ticket at a time, so the ratio says what the load costs.

#[expect(dead_code, reason = "the tests use more of the house than this benchmark")]
#[path = "../it/harness.rs"]
mod harness;

use std::sync::Arc;
use std::time::Duration;

use deskbridge_standins::{Desk, NewTicket};
use harness::{House, ONE_OF_EVERYTHING, billing_ticket};
use hdrhistogram::Histogram;

/// Tickets a second, over all desks.
const RATE: u32 = 20;
/// Tickets under load.
const LOADED: usize = 400;
/// Tickets one at a time.
const ALONE: usize = 60;

fn main() {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
        let mut house = House::start("live", ONE_OF_EVERYTHING).await;
        house.desks.iter().for_each(|desk| desk.raise_limit());
        let alone = one_at_a_time(&house).await;
        let loaded = at_a_rate(&house).await;
        for (name, share) in [("p50", 50.0), ("p99", 99.0)] {
            let value = loaded.value_at_percentile(share) as f64;
            let ceiling = alone.value_at_percentile(share) as f64;
            print(&format!("webhook_to_write_{name}_at_{RATE}"), value, ceiling);
        }
        house.stop().await;
    });
}

async fn one_at_a_time(house: &House) -> Histogram<u64> {
    let mut opened = Vec::new();
    for at in 0..ALONE {
        let desk = &house.desks[at % house.desks.len()];
        opened.push((Arc::clone(desk), desk.open(ticket(at)).await));
        house.settle().await;
    }
    latencies(&opened)
}

async fn at_a_rate(house: &House) -> Histogram<u64> {
    let mut every = tokio::time::interval(Duration::from_secs(1) / RATE);
    let mut opening = Vec::new();
    for at in 0..LOADED {
        every.tick().await;
        let desk = Arc::clone(&house.desks[at % house.desks.len()]);
        opening.push(tokio::spawn(async move {
            let id = desk.open(ticket(ALONE + at)).await;
            (desk, id)
        }));
    }
    let mut opened = Vec::new();
    for one in opening {
        opened.push(one.await.unwrap());
    }
    house.settle().await;
    latencies(&opened)
}

/// Tickets of different lengths, so that the model's work varies as it does in life.
fn ticket(at: usize) -> NewTicket {
    let ticket = billing_ticket();
    let more = " I have waited for an answer since last week and would like to know when the money is back."
        .repeat(at % 6);
    NewTicket { body: format!("{}{more}", ticket.body), ..ticket }
}

/// Milliseconds from each webhook to the first accepted write.
fn latencies(opened: &[(Arc<dyn Desk>, String)]) -> Histogram<u64> {
    let mut all = Histogram::new(3).unwrap();
    for (desk, id) in opened {
        let sent = desk.deliveries().into_iter().find(|sent| &sent.ticket == id).expect("its webhook").at_ms;
        let written = desk
            .requests()
            .into_iter()
            .find(|request| {
                request.is_write()
                    && request.status < 300
                    && request.path.split(['/', '.', '?']).any(|part| part == id)
            })
            .expect("its first write");
        all.record(u64::try_from(written.at_ms - sent).unwrap_or_default()).unwrap();
    }
    all
}

#[expect(clippy::print_stdout, reason = "a benchmark's result is its output")]
fn print(name: &str, value: f64, ceiling: f64) {
    let ratio = value / ceiling.max(1.0);
    println!("BENCH name={name} value={value:.0} unit=ms ceiling={ceiling:.0} ratio={ratio:.2}");
}
