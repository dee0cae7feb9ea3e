//! Memory: the peak of `deskbridge serve` with the starter bundle while it works, and what a second bundle adds that has the same
//! encoder. With as many threads as `serve` takes by itself on a large machine, each of which holds the encoder once.
//!
//! The real binary as a process of its own, three stand-ins, two hundred tickets of different lengths; the peak is the
//! kernel's (`VmHWM`), so Linux only. The second bundle is the starter once more: heads and lexicon of its own, the encoder shared.

#[expect(dead_code, reason = "the tests use more of the house than this benchmark")]
#[path = "../it/harness.rs"]
mod harness;
#[expect(dead_code, reason = "the tests use more of the process than this benchmark")]
#[path = "../it/process.rs"]
mod process;

use deskbridge_standins::NewTicket;
use harness::{House, ONE_OF_EVERYTHING, billing_ticket, project};
use process::Served;

/// What it may take.
const SERVE_MIB: f64 = 250.0;
/// What a second bundle on the same encoder may add.
const SECOND_MIB: f64 = 60.0;
/// The most threads that `model.threads` is where nobody says otherwise.
const THREADS: &str = "threads: 4";
/// Tickets.
const TICKETS: usize = 200;

fn main() {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
        let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
        house.stop().await;
        house.desks.iter().for_each(|desk| desk.raise_limit());
        let alone = peak(&house).await;
        house.challenger = Some(project().join("onnx/starter"));
        let both = peak(&house).await;
        print("serve_peak_memory", alone, SERVE_MIB);
        print("second_bundle_memory", both - alone, SECOND_MIB);
    });
}

/// The peak of a fresh daemon after its tickets, in MiB.
async fn peak(house: &House) -> f64 {
    let threads = |settings: String| settings.replace("threads: 1", THREADS);
    let served = Served::start_changed(house, "shadow", ONE_OF_EVERYTHING, ":", threads).await;
    for at in 0..TICKETS {
        let ticket = billing_ticket();
        let more =
            " I have waited for an answer since last week and would like to know when the money is back."
                .repeat(at % 12);
        let ticket = NewTicket { body: format!("{}{more}", ticket.body), ..ticket };
        house.desks[at % house.desks.len()].open(ticket).await;
    }
    house.settle().await;
    let peak = served.peak_bytes() as f64 / 1024.0 / 1024.0;
    assert!(served.terminate().success());
    peak
}

#[expect(clippy::print_stdout, reason = "a benchmark's result is its output")]
fn print(name: &str, value: f64, ceiling: f64) {
    println!("BENCH name={name} value={value:.1} unit=MiB ceiling={ceiling:.0} ratio={:.2}", value / ceiling);
}
