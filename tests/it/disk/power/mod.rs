//! The power is cut: what was acknowledged is on the disk, and not only in the kernel's memory.
//!
//! A killed process loses nothing that it has written, synced or not. So a library (`calls.c`,
//! `disk.c`) keeps what each sync has covered, cuts the power at a call that the seed chooses, and
//! leaves the folder as a disk may hold it then: of the changes that no sync has covered, any are
//! missing, and writes are torn. The store starts again on that folder. A sync that lies must be
//! found out by the same test.
//!
//! `DESKBRIDGE_SEED` and `DESKBRIDGE_POWER_CUTS` ask for other seeds and for more of them (`make
//! soak` does).

mod check;
mod daemon;
mod driver;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use self::check::Finding;
use self::driver::Acknowledged;
use super::preload::preloaded;
use crate::harness::asked;

/// Seeds for the store alone where nothing else is said; a tenth of them writes so much that the
/// log is copied by itself.
const CUTS: u64 = 50;

/// Seeds for the whole daemon.
const DAEMONS: u64 = 5;

/// Seeds for each sync that lies.
const LIED_TO: u64 = 9;

/// More bytes than a database has before its log was copied for the first time.
const GROWN: u64 = 1024 * 1024;

/// The power is cut so often for one seed: the recovery from a cut meets the next one.
const GENERATIONS: u64 = 2;

/// A sync that does nothing.
#[derive(Clone, Copy, Debug)]
enum Lie {
    Log,
    Database,
    Folder,
}

/// A call at which the power is cut.
#[derive(Clone, Copy, Debug)]
enum Cut {
    Write(u64),
    Sync(u64),
    Truncation(u64),
    Name(u64),
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(at) => write!(f, "w{at}"),
            Self::Sync(at) => write!(f, "s{at}"),
            Self::Truncation(at) => write!(f, "t{at}"),
            Self::Name(at) => write!(f, "n{at}"),
        }
    }
}

/// A power cut that a process will meet.
struct Power<'a> {
    folder: &'a Path,
    image: &'a Path,
    cut: Cut,
    seed: u64,
    lie: Option<Lie>,
    armed: Option<&'a Path>,
}

impl Power<'_> {
    /// Returns the environment variables for the process.
    fn environment(&self) -> Vec<(&'static str, String)> {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let mut set = vec![
            ("POWER_FOLDER", text(self.folder)),
            ("POWER_IMAGE", text(self.image)),
            ("POWER_CUT", self.cut.to_string()),
            ("POWER_SEED", self.seed.to_string()),
            ("LD_PRELOAD", text(library())),
        ];
        set.extend(self.armed.map(|armed| ("POWER_ARMED", text(armed))));
        set.extend(self.lie.map(|lie| ("POWER_IGNORE", format!("{lie:?}").to_lowercase())));
        set
    }
}

fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| preloaded("power", &["power/calls.c", "power/disk.c"]))
}

/// Chooses the call at which the power is cut. One of four is early, while a store is created or
/// recovers.
fn cut(random: &mut fastrand::Rng, generation: u64, heavy: bool) -> Cut {
    let early = random.u8(..4) == 0;
    let most = match (early, heavy, generation) {
        (true, _, 0) => [150, 12, 2, 6],
        (true, ..) => [20, 4, 1, 3],
        (false, true, _) => [25_000, 600, 0, 0],
        (false, false, _) => [2500, 150, 6, 14],
    };
    // Where the log is left to grow, names and lengths are left alone.
    match random.u8(..if heavy { 6 } else { 8 }) {
        0..4 => Cut::Write(random.u64(1..=most[0])),
        4..6 => Cut::Sync(random.u64(1..=most[1])),
        6 => Cut::Truncation(random.u64(1..=most[2])),
        _ => Cut::Name(random.u64(1..=most[3])),
    }
}

/// A seed that found no fault.
struct Survived {
    acknowledged: Acknowledged,
    /// True if the store had copied its log into the file by itself.
    copied: bool,
}

/// The cuts of a seed, and the fault they led to.
type Failed = (String, Finding);

/// Drives a store through power cuts and checks what is left of it.
fn survives(seed: u64, lie: Option<Lie>) -> Result<Survived, Failed> {
    let place = tempfile::tempdir().unwrap();
    let beside = |name: &str| place.path().canonicalize().unwrap().join(name);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut cuts = String::new();
    std::fs::create_dir(beside("0")).unwrap();
    for generation in 0..GENERATIONS {
        let cut = cut(&mut random, generation, driver::heavy(seed));
        cuts.push_str(&format!(" {cut}"));
        let (folder, image) = (beside(&generation.to_string()), beside(&(generation + 1).to_string()));
        std::fs::create_dir(&image).unwrap();
        let power = Power { folder: &folder, image: &image, cut, seed: random.u64(..), lie, armed: None };
        let mut process = Command::new(std::env::current_exe().unwrap());
        process.args(["--exact", "disk::power::what_was_acknowledged_survives_power_cuts", "--nocapture"]);
        process.envs(power.environment());
        driver::run(process, &folder, &beside("acknowledged"), seed, generation)
            .map_err(|finding| (cuts.clone(), finding))?;
    }
    let acknowledged = Acknowledged::read(&beside("acknowledged"));
    let left = beside(&GENERATIONS.to_string());
    // The driver of such a seed copies nothing, so that a file that has grown was written by the
    // store's own threshold.
    let length = std::fs::metadata(left.join("deskbridge.db")).map_or(0, |file| file.len());
    let copied = driver::heavy(seed) && length > GROWN;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(check::check(&left, &acknowledged)).map_err(|finding| (cuts, finding))?;
    Ok(Survived { acknowledged, copied })
}

/// Runs seeds on two threads and returns their results.
fn all<T: Send>(seeds: std::ops::Range<u64>, each: impl Fn(u64) -> T + Sync) -> Vec<(u64, T)> {
    let next = AtomicU64::new(seeds.start);
    let one = || {
        std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed))
            .take_while(|seed| *seed < seeds.end)
            .map(|seed| (seed, each(seed)))
            .collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(one);
        let mut found = one();
        found.extend(other.join().unwrap());
        found
    })
}

#[test]
#[expect(clippy::print_stdout, reason = "a longer run says what it did")]
fn what_was_acknowledged_survives_power_cuts() {
    // This test's own executable is the process whose power is cut.
    if driver::is_asked_for() {
        return driver::drive();
    }
    let (first, cuts) = (asked("DESKBRIDGE_SEED", 7), asked("DESKBRIDGE_POWER_CUTS", CUTS));
    let (mut total, mut copied) = ([0; 4], 0);
    let mut faults = Vec::new();
    for (seed, result) in all(first..first + cuts, |seed| survives(seed, None)) {
        match result {
            Ok(survived) => {
                copied += u64::from(survived.copied);
                for (sum, count) in total.iter_mut().zip(survived.acknowledged.counts()) {
                    *sum += count;
                }
            }
            Err((cuts, finding)) => faults.push(format!("seed {seed}, cut at{cuts}: {finding}")),
        }
    }
    println!("{cuts} seeds from {first}: {total:?} deliveries, writes, decisions, backups acknowledged");
    println!("{copied} of the seeds that let the log grow were cut after the store had copied it by itself");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // A single seed, asked for again, may be cut before it has done anything.
    if cuts >= CUTS {
        assert!(total[0] >= 10 * cuts && total[1] >= cuts && total[2] >= cuts, "{total:?}");
        assert!(total[3] > 0 && copied > 0, "{total:?}, {copied}");
    }
}

/// Returns the faults that the first seeds find with a sync that lies; there must be some.
#[expect(clippy::print_stdout, reason = "how many seeds notice it is worth knowing")]
fn is_found_out(lie: Lie) -> Vec<Finding> {
    let results = all(1..1 + LIED_TO, |seed| survives(seed, Some(lie)));
    let found: Vec<_> = results.into_iter().filter_map(|(_, result)| Some(result.err()?.1)).collect();
    println!("{lie:?}: {} of {LIED_TO} seeds find something", found.len());
    assert!(!found.is_empty(), "{lie:?}: no seed notices that its sync did nothing");
    found
}

#[test]
fn a_sync_of_the_log_that_lies_is_found_out() {
    let found = is_found_out(Lie::Log);
    let lost = found.iter().filter(|finding| matches!(finding, Finding::Lost(_))).count() as u64;
    assert!(lost * 4 > LIED_TO, "acknowledged deliveries were never synced, and {lost} seeds miss some");
}

#[test]
fn a_sync_of_the_database_that_lies_is_found_out() {
    is_found_out(Lie::Database);
}

#[test]
fn a_sync_of_the_folder_that_lies_is_found_out() {
    is_found_out(Lie::Folder);
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "a longer run says what it did")]
async fn what_a_daemon_answered_survives_a_power_cut() {
    let (first, daemons) = (asked("DESKBRIDGE_SEED", 7), asked("DESKBRIDGE_POWER_DAEMONS", DAEMONS));
    let mut kept = 0;
    for seed in first..first + daemons {
        kept += daemon::survives(seed).await;
    }
    println!("{daemons} daemons from seed {first}: {kept} deliveries answered before the power was cut");
    assert!(kept >= daemons, "only {kept} deliveries were answered before the power was cut");
}
