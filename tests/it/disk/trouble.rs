//! A disk that stalls, and one that turns read-only, under a daemon that runs: the calls that change the store's files go through
//! `trouble.c`, which does to them what the test says.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use deskbridge_standins::Desk;
use reqwest::StatusCode;

use super::preload::preloaded;
use super::{closed, nothing_is_lost};
use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket, wait_until};
use crate::process::Served;

/// How long Zendesk waits for an answer at least. The daemon's own patience with its disk is four seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the disk does.
#[derive(Clone, Copy)]
enum Disk {
    Works,
    Stalls,
    ReadOnly,
}

/// A daemon whose store is on a disk that the test can trouble.
struct Troubled {
    house: House,
    served: Served,
    desk: Arc<dyn Desk>,
    control: PathBuf,
    client: reqwest::Client,
}

impl Troubled {
    async fn start() -> Self {
        let house = closed().await;
        let control = house.beside("disk");
        set(&control, Disk::Works);
        let before = format!("export DISK_TROUBLE={control:?} LD_PRELOAD={:?}", library());
        let served = Served::start_under(&house, "live", ONE_OF_EVERYTHING, &before).await;
        let desk = Arc::clone(&house.desks[0]);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { house, served, desk, control, client }
    }

    /// The answer to whoever asks whether the daemon can take work.
    async fn ready(&self) -> StatusCode {
        self.client.get(format!("{}/readyz", self.served.admin)).send().await.unwrap().status()
    }

    /// Customers who write in now, each from a task of their own, since the platform's own retries wait for seconds.
    fn open(&self, count: usize) -> Vec<tokio::task::JoinHandle<String>> {
        (0..count)
            .map(|_| {
                let desk = Arc::clone(&self.desk);
                tokio::spawn(async move { desk.open(billing_ticket()).await })
            })
            .collect()
    }

    /// Tickets come in before and while the disk does `this`: what must hold meanwhile, and when the trouble is over.
    async fn suffers(mut self, this: Disk) {
        let known = self.desk.open(billing_ticket()).await;
        assert_eq!(self.ready().await, StatusCode::OK);
        let before = self.open(20);
        set(&self.control, this);
        // Whether the daemon had this one before the trouble does not matter: what it cannot write it does not take.
        let begun = Instant::now();
        assert_eq!(self.desk.redeliver(&known).await, 503);
        assert!(begun.elapsed() < PATIENCE, "the platform waited {:?}", begun.elapsed());
        let during = self.open(20);
        wait_until("it says that it is not ready", async || {
            self.ready().await == StatusCode::SERVICE_UNAVAILABLE
        })
        .await;
        let alive = self.client.get(format!("{}/livez", self.served.admin)).send().await.unwrap();
        assert_eq!(alive.status(), StatusCode::OK, "a restart would not help");
        assert!(!self.served.is_gone());

        set(&self.control, Disk::Works);
        wait_until("it is ready again", async || self.ready().await == StatusCode::OK).await;
        wait_until("it takes deliveries again", async || self.desk.redeliver(&known).await == 200).await;
        // The platform says again what was refused, as far as its patience goes; what it gave up is told once more.
        let mut tickets = vec![known];
        for opened in before.into_iter().chain(during) {
            tickets.push(opened.await.unwrap());
        }
        for ticket in &tickets {
            assert_eq!(self.desk.redeliver(ticket).await, 200);
        }
        wait_until("all are decided", async || self.house.store.depth().await.unwrap().pending == 0).await;
        for ticket in &tickets {
            assert_eq!(self.house.decided(self.desk.as_ref(), ticket).await.len(), 1, "{ticket}");
            assert_eq!(self.desk.ticket(ticket).unwrap().notes.len(), 1, "{ticket}");
        }
        assert!(self.served.terminate().success());
        nothing_is_lost(&self.house, &self.desk).await;
        self.house.stop().await;
    }
}

fn set(control: &Path, disk: Disk) {
    let says = match disk {
        Disk::Works => "-",
        Disk::Stalls => "s",
        Disk::ReadOnly => "r",
    };
    // Renamed into place: a reader never finds an empty file.
    let next = control.with_extension("next");
    std::fs::write(&next, says).unwrap();
    std::fs::rename(&next, control).unwrap();
}

fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| preloaded("disktrouble", &["trouble.c"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_stalls_is_told_of_and_waited_for() {
    Troubled::start().await.suffers(Disk::Stalls).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_turns_read_only_is_told_of_and_works_again_without_a_restart() {
    Troubled::start().await.suffers(Disk::ReadOnly).await;
}
