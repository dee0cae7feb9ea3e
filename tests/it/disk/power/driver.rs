//! A process that works on a store until its power is cut, and notes each thing that the store has
//! answered.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use deskbridge::store::sqlite::{self, Sqlite};
use deskbridge::store::{Accepted, JournalEntry, Store};
use jiff::Timestamp;
use tokio::task::JoinSet;

use super::check::Finding;
use crate::store::fixture::{at, delivery, entry, verified};

/// More steps than a cut is ever away.
const STEPS: u32 = 5000;

/// The account of every delivery, and the number of its tickets.
pub(super) const ACCOUNT: &str = "acme";
const TICKETS: u64 = 5;

const LEASE: Duration = Duration::from_secs(60);

/// Returns true if a seed writes large bodies, so that the store copies its log into the file by
/// itself.
pub(super) fn heavy(seed: u64) -> bool {
    seed.is_multiple_of(10)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the process is one of the test's own, which tells it so what to do"
)]
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Returns true if this process is the one whose power will be cut.
pub(super) fn is_asked_for() -> bool {
    told("DRIVEN_FOLDER").is_some()
}

/// Runs the process until its power is cut.
pub(super) fn run(
    mut process: Command,
    folder: &Path,
    acknowledged: &Path,
    seed: u64,
    generation: u64,
) -> Result<(), Finding> {
    let ended = process
        .env("DRIVEN_FOLDER", folder)
        .env("DRIVEN_ACKNOWLEDGED", acknowledged)
        .env("DRIVEN_SEED", seed.to_string())
        .env("DRIVEN_GENERATION", generation.to_string())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    if ended.status.signal() == Some(9) {
        return Ok(());
    }
    let said = [ended.stdout, ended.stderr].concat();
    Err(Finding::Stopped(format!("{}: {}", ended.status, String::from_utf8_lossy(&said))))
}

/// Returns the ticket of a delivery.
pub(super) fn ticket(key: &str) -> u32 {
    let number: u64 = key.rsplit('-').next().unwrap().parse().unwrap();
    u32::try_from(number % TICKETS).unwrap() + 1
}

/// The log of the store's answers, one line each. Its lines stay, because only the process dies.
#[derive(Clone)]
struct Notes(Arc<File>);

impl Notes {
    fn say(&self, what: &str) {
        (&*self.0).write_all(format!("{what}\n").as_bytes()).unwrap();
    }
}

struct Driver {
    path: PathBuf,
    /// Is `None` while it is being opened again.
    store: Option<Arc<dyn Store>>,
    notes: Notes,
    random: fastrand::Rng,
    generation: u64,
    heavy: bool,
    next: u64,
    now: i64,
    known: Vec<String>,
}

/// Works on the store until the power is cut.
pub(super) fn drive() {
    let folder = PathBuf::from(told("DRIVEN_FOLDER").unwrap());
    let notes = PathBuf::from(told("DRIVEN_ACKNOWLEDGED").unwrap());
    let [seed, generation] =
        ["DRIVEN_SEED", "DRIVEN_GENERATION"].map(|name| told(name).unwrap().parse::<u64>().unwrap());
    let file = File::options().create(true).append(true).open(&notes).unwrap();
    let known = Acknowledged::read(&notes).accepted.into_keys().collect();
    let path = folder.join("deskbridge.db");
    let mut driver = Driver {
        store: Some(Arc::new(Sqlite::open(&path).unwrap())),
        path,
        notes: Notes(Arc::new(file)),
        random: fastrand::Rng::with_seed(seed * GENERATION_STRIDE + generation),
        generation,
        heavy: heavy(seed),
        next: 0,
        // Leases and postponements of the process before have ended.
        now: i64::try_from(generation * GENERATION_STRIDE).unwrap() * 10,
        known,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for _ in 0..STEPS {
            driver.step().await;
        }
    });
    panic!("the power was not cut in {STEPS} steps");
}

const GENERATION_STRIDE: u64 = 1000;

impl Driver {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(self.store.as_ref().unwrap())
    }

    async fn step(&mut self) {
        self.now += 1;
        // A log that is to grow is left alone.
        let most = if self.heavy { 32 } else { 40 };
        match self.random.u8(..most) {
            0..14 => self.accept().await,
            14..28 => self.work().await,
            28..30 => self.redeliver().await,
            30 => {
                let mark = at(self.now);
                self.store().sweep_to(ACCOUNT, mark).await.unwrap();
                self.notes.say(&format!("swept {mark}"));
            }
            31 => {
                if let Some(head) = self.store().verify(None).await.unwrap().head {
                    self.notes.say(&format!("head {head}"));
                }
            }
            32..36 => self.checkpoint(false).await,
            36..38 => self.checkpoint(true).await,
            38 => self.open_again(),
            _ => self.whole_file(),
        }
    }

    /// Accepts some deliveries at once, which share a commit.
    async fn accept(&mut self) {
        let mut tasks = JoinSet::new();
        for _ in 0..self.random.u8(1..=6) {
            let key = format!("{}-{}", self.generation, self.next);
            self.next += 1;
            let ticket = ticket(&key);
            let given = if self.heavy {
                let text = "x".repeat(self.random.usize(..200_000));
                let body =
                    format!(r#"{{"ticket_id":"{ticket}","event":"customer_replied","text":"{text}"}}"#);
                verified(ACCOUNT, &key, body)
            } else {
                delivery(ACCOUNT, &key, ticket)
            };
            self.known.push(key.clone());
            let (store, notes, now) = (self.store(), self.notes.clone(), at(self.now));
            tasks.spawn(async move {
                assert_eq!(store.accept(&given, now).await.unwrap(), Accepted::New);
                notes.say(&format!("accepted {key}"));
            });
        }
        tasks.join_all().await;
    }

    /// Accepts a known delivery again. The check judges the answer.
    async fn redeliver(&mut self) {
        let Some(key) = self.random.choice(&self.known).cloned() else { return };
        let given = delivery(ACCOUNT, &key, ticket(&key));
        if self.store().accept(&given, at(self.now)).await.unwrap() == Accepted::New {
            self.notes.say(&format!("accepted {key}"));
        }
    }

    /// Lets some workers take one delivery each at the same time.
    async fn work(&mut self) {
        let mut tasks = JoinSet::new();
        for _ in 0..self.random.u8(1..=4) {
            let (store, notes, now) = (self.store(), self.notes.clone(), at(self.now));
            let fate = self.random.u8(..16);
            tasks.spawn(async move { work(&*store, &notes, now, fate).await });
        }
        tasks.join_all().await;
    }

    /// Copies the log into the file, as `compact` and a pause of the writer do.
    async fn checkpoint(&mut self, meanwhile: bool) {
        let path = self.path.clone();
        let mode = *self.random.choice(&["PASSIVE", "FULL", "RESTART", "TRUNCATE", "TRUNCATE"]).unwrap();
        let copying = std::thread::spawn(move || {
            let conn = rusqlite::Connection::open(path).unwrap();
            conn.busy_timeout(Duration::from_secs(5)).unwrap();
            conn.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(())).unwrap();
        });
        if meanwhile {
            self.accept().await;
        }
        copying.join().unwrap();
    }

    /// Closes and opens the store: the last connection copies the log and removes it.
    fn open_again(&mut self) {
        self.store = None;
        self.store = Some(Arc::new(Sqlite::open(&self.path).unwrap()));
    }

    fn whole_file(&mut self) {
        if self.random.bool() {
            sqlite::compact(&self.path).unwrap();
            return;
        }
        let name = format!("copy-{}-{}.db", self.generation, self.next);
        self.next += 1;
        let chain = sqlite::backup(&self.path, &self.path.with_file_name(&name), at(self.now)).unwrap();
        self.notes.say(&format!("saved {name} {}", chain.entries));
    }
}

async fn work(store: &dyn Store, notes: &Notes, now: Timestamp, fate: u8) {
    let Some(claim) = store.claim(now, LEASE).await.unwrap() else { return };
    let key = claim.work().key.as_str().to_owned();
    notes.say(&format!("claimed {key} {}", claim.work().wrote_before));
    if fate < 12 {
        let write = JournalEntry { method: "PUT".to_owned(), path: format!("/tickets/{key}"), at: now };
        store.journal(&claim, &write).await.unwrap();
        notes.say(&format!("journalled {key}"));
    }
    match fate {
        // A worker that ends: its delivery is taken again when the lease is over.
        0..2 => drop(claim),
        2..4 => store.postpone(claim, now, true, "busy").await.unwrap(),
        4 => {
            store.bury(claim, "given up", now).await.unwrap();
            notes.say(&format!("buried {key}"));
        }
        _ => {
            let id = store.settle(claim, &entry(ACCOUNT, ticket(&key), &key, now)).await.unwrap();
            notes.say(&format!("settled {key} {id}"));
        }
    }
}

/// The work that was acknowledged before the power was cut.
#[derive(Debug, Default)]
pub(super) struct Acknowledged {
    /// Deliveries, and how often each was taken for a new one.
    pub(super) accepted: BTreeMap<String, u32>,
    pub(super) journalled: BTreeSet<String>,
    /// The entry of each settled delivery.
    pub(super) settled: BTreeMap<String, i64>,
    pub(super) buried: BTreeSet<String>,
    /// Heads of the chain.
    pub(super) heads: Vec<String>,
    pub(super) swept: Option<Timestamp>,
    /// Backups, and how many entries are in them.
    pub(super) saved: BTreeMap<String, u64>,
    /// Deliveries that came back though they were done with, or without the write that was
    /// journalled.
    pub(super) undone: Vec<String>,
}

impl Acknowledged {
    pub(super) fn read(notes: &Path) -> Self {
        let mut all = Self::default();
        std::fs::read_to_string(notes).unwrap_or_default().lines().for_each(|line| all.note(line));
        all
    }

    fn note(&mut self, line: &str) {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["accepted", key] => *self.accepted.entry(key.to_owned()).or_default() += 1,
            ["claimed", key, wrote] => {
                let done = self.settled.contains_key(key) || self.buried.contains(key);
                if done || (self.journalled.contains(key) && wrote == "false") {
                    self.undone.push(line.to_owned());
                }
            }
            ["journalled", key] => _ = self.journalled.insert(key.to_owned()),
            ["settled", key, id] => _ = self.settled.insert(key.to_owned(), id.parse().unwrap()),
            ["buried", key] => _ = self.buried.insert(key.to_owned()),
            ["swept", mark] => self.swept = Some(mark.parse().unwrap()),
            ["head", head] => self.heads.push(head.to_owned()),
            ["saved", name, entries] => _ = self.saved.insert(name.to_owned(), entries.parse().unwrap()),
            _ => panic!("{line}"),
        }
    }

    /// Deliveries, journalled writes, decisions and backups.
    pub(super) fn counts(&self) -> [u64; 4] {
        [self.accepted.len(), self.journalled.len(), self.settled.len(), self.saved.len()]
            .map(|count| count as u64)
    }
}
