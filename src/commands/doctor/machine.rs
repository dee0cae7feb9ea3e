//! The checks of this machine: the model, the store and its disk, and whether a daemon runs here.

use std::path::Path;
use std::time::Duration;

use deskbridge_connectors::diagnosis::span;
use jiff::Timestamp;
use tokio::time::Instant;

use super::check::{About, Check};
use crate::commands::prepare;
use crate::inference::brain::Brain;
use crate::ingress::Purpose;
use crate::platform::contact::hooks;
use crate::settings::{Settings, StoreUrl};
use crate::store::sqlite::health::{Health, inspect};

const MACHINE: About<'_> = About("machine");

/// A first answer warms caches; one that takes longer than this holds every ticket up.
const SLOW_MODEL: Duration = Duration::from_secs(2);

/// A log that grew past this is not being moved into the database: something reads without an end.
const LARGE_LOG_BYTES: u64 = 256 << 20;

/// Deliveries that wait longer than this wait for something.
const LONG_WAIT: Duration = Duration::from_mins(15);

/// Certificates are usually renewed a month ahead; one that is this close to its end was forgotten.
const RENEWED_BEFORE: Duration = Duration::from_hours(14 * 24);

const RENEW: &str = "renew it: the daemon takes a changed file up without a restart";

const GIB: u64 = 1 << 30;

/// Whether the model answers, and how fast. The text is made up.
pub(super) fn model(brain: &Brain, settings: &Settings, now: Timestamp) -> Vec<Check> {
    let began = Instant::now();
    let answer = brain.classifier.classify("Charged twice", "My card was charged twice for one invoice.");
    let took = began.elapsed();
    let seen = format!("the model answers a made-up text in {} ms", took.as_millis());
    let answers = match answer {
        Err(error) => MACHINE.wrong(
            "model",
            error.to_string(),
            "check the bundle and the runtime library (`make setup`)",
        ),
        Ok(_) if took > SLOW_MODEL => MACHINE.warning(
            "model",
            seen,
            "other work takes this machine's CPUs, or it has too few; `model.threads` says how many are used",
        ),
        Ok(_) => MACHINE.fine("model", seen),
    };
    let digest: String = brain.classifier.digest().as_str().chars().take(19).collect();
    let made = newest(&settings.model.bundle).and_then(|at| now.duration_since(at).try_into().ok());
    let age = made.map(|age: Duration| format!(", its files are {} old", days(age))).unwrap_or_default();
    let bundle = format!("{} ({digest}…){age}", settings.model.bundle.display());
    vec![answers, MACHINE.fine("bundle", bundle)]
}

fn days(age: Duration) -> String {
    match age.as_secs() / 86_400 {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

/// When the youngest file of a folder was written.
fn newest(folder: &Path) -> Option<Timestamp> {
    let written = |entry: std::io::Result<std::fs::DirEntry>| entry.ok()?.metadata().ok()?.modified().ok();
    std::fs::read_dir(folder).ok()?.filter_map(written).max()?.try_into().ok()
}

/// The store's folder, file and disk; and what the database says of itself, for the accounts' rows.
pub(super) fn store(settings: &Settings, now: Timestamp) -> (Vec<Check>, Option<Health>) {
    let StoreUrl::Sqlite(path) = &settings.store;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        let seen = format!("the folder {} is not there", folder.display());
        return (vec![MACHINE.wrong("store", seen, "create it, or name another one in `store.url`")], None);
    }
    let mut found = vec![writable(folder)];
    found.extend(space(folder));
    if !path.exists() {
        let seen = format!("there is no store at {} yet", path.display());
        found.push(MACHINE.warning("store", seen, "`serve` makes it when it first starts; if it ran before, check `store.url` and the working directory"));
        return (found, None);
    }
    found.extend(mode(path));
    found.extend(log(path));
    match inspect(path) {
        Ok(health) => {
            found.extend(database(&health, now));
            (found, Some(health))
        }
        Err(error) => {
            found.push(MACHINE.wrong(
                "store",
                error.to_string(),
                "check `store.url` and that this user may read and write the file",
            ));
            (found, None)
        }
    }
}

/// Whether this user may make files where the database and its log lie.
fn writable(folder: &Path) -> Check {
    let probe = folder.join(format!(".deskbridge-doctor-{}", std::process::id()));
    let made = std::fs::OpenOptions::new().write(true).create_new(true).open(&probe);
    let made = made.and_then(|_| std::fs::remove_file(&probe));
    match made {
        Ok(()) => MACHINE.fine("store folder", format!("{} is writable", folder.display())),
        Err(error) => MACHINE.wrong(
            "store folder",
            format!("{} is not writable: {error}", folder.display()),
            "give it to the user that the daemon runs as (and run the doctor as that user)",
        ),
    }
}

#[cfg(unix)]
fn space(folder: &Path) -> Option<Check> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(room(disk.f_bavail.saturating_mul(disk.f_frsize), disk.f_blocks.saturating_mul(disk.f_frsize)))
}

#[cfg(not(unix))]
fn space(_: &Path) -> Option<Check> {
    None
}

fn room(free: u64, whole: u64) -> Check {
    let percent = free.saturating_mul(100).checked_div(whole).unwrap_or(100);
    let seen = format!("{} MiB free ({percent} %)", free >> 20);
    if free < GIB || percent < 5 {
        return MACHINE.warning("disk", seen, "make room: on a full disk deliveries are refused with 503");
    }
    MACHINE.fine("disk", seen)
}

/// Bodies are people's letters: nobody else should read them.
#[cfg(unix)]
fn mode(path: &Path) -> Option<Check> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    Some(match mode & 0o077 {
        0 => MACHINE.fine("store file", format!("only its owner may read it ({mode:03o})")),
        _ => {
            let remedy = format!("chmod 600 {}", path.display());
            MACHINE.warning("store file", format!("others may read or write it ({mode:03o})"), &remedy)
        }
    })
}

#[cfg(not(unix))]
fn mode(_: &Path) -> Option<Check> {
    None
}

fn log(path: &Path) -> Option<Check> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let bytes = std::fs::metadata(log).map_or(0, |about| about.len());
    let seen = format!("the write-ahead log has {} MiB", bytes >> 20);
    Some(if bytes > LARGE_LOG_BYTES {
        MACHINE.warning(
            "store log",
            seen,
            "something reads the store without an end (a long report, a backup tool): end it",
        )
    } else {
        MACHINE.fine("store log", seen)
    })
}

fn database(health: &Health, now: Timestamp) -> Vec<Check> {
    let mut found = Vec::new();
    let (version, known) = health.schema;
    found.push(if health.integrity == "ok" {
        let seen = match version {
            _ if version == known => format!("intact, schema version {version}"),
            _ => format!("intact, schema version {version}; `serve` brings it to {known}"),
        };
        MACHINE.fine("store", seen)
    } else {
        MACHINE.wrong(
            "store",
            format!("the database is damaged: {}", health.integrity),
            "stop the daemon, keep a copy of the file, and go back to a backup; then look at the disk",
        )
    });
    let Some(depth) = &health.depth else { return found };
    let waits = depth.oldest.and_then(|at| Duration::try_from(now.duration_since(at)).ok());
    found.push(match waits.filter(|_| depth.pending > 0) {
        None => MACHINE.fine("inbox", "nothing waits"),
        Some(age) => {
            let seen = format!("{} waiting, the oldest for {}", depth.pending, span(age));
            if age > LONG_WAIT {
                MACHINE.warning("inbox", seen, "see that a daemon runs and that the accounts below are well")
            } else {
                MACHINE.fine("inbox", seen)
            }
        }
    });
    found.push(match depth.dead {
        0 => MACHINE.fine("dead letters", "none"),
        dead => MACHINE.warning(
            "dead letters",
            format!("{dead} set aside"),
            "`deskbridge dead list` says why; `dead requeue` tries again",
        ),
    });
    found
}

/// Checks how long the listeners' certificates hold. No row for a listener that has none, or one that cannot be used, which
/// `configuration` reports.
pub(super) fn certificates(settings: &Settings, now: Timestamp) -> Vec<Check> {
    let each = Purpose::ALL.iter().filter_map(|purpose| {
        let certificate = prepare::certificate(settings, *purpose).ok()??;
        Some(match (certificate.holds(), purpose) {
            (Some((from, until)), Purpose::Hooks) => holds(from, until, now, "platforms"),
            (Some((from, until)), Purpose::Admin) => {
                let row = holds(from, until, now, "browsers and probes");
                Check { check: "admin certificate", ..row }
            }
            (None, _) => MACHINE.warning("certificate", "its dates cannot be read", RENEW),
        })
    });
    each.collect()
}

fn holds(from: Timestamp, until: Timestamp, now: Timestamp, clients: &str) -> Check {
    let date = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
    let left = Duration::try_from(until.duration_since(now)).unwrap_or_default();
    if now < from {
        return MACHINE.wrong(
            "certificate",
            format!("it does not hold before {}", date(from)),
            &format!(
                "check this machine's clock, or have one made that holds now; {clients} refuse this one"
            ),
        );
    }
    match left {
        Duration::ZERO => {
            MACHINE.wrong("certificate", format!("it ended on {}: {clients} refuse it", date(until)), RENEW)
        }
        left if left < RENEWED_BEFORE => {
            MACHINE.warning("certificate", format!("it ends on {}, in {}", date(until), days(left)), RENEW)
        }
        left => MACHINE.fine("certificate", format!("it holds until {}, {}", date(until), days(left))),
    }
}

/// Whether something answers where the daemon listens, and what to enter at the platform.
pub(super) async fn webhook(settings: &Settings, account: &str) -> Check {
    let about = About(account);
    let listen = settings.server.listen;
    let enter = format!("enter https://YOUR-HOST/hooks/{account} at the platform");
    match hooks(listen, account).await {
        Ok(Some(200)) => about.fine("webhook address", format!("a daemon answers on {listen}; {enter}")),
        Ok(Some(404)) => about.wrong(
            "webhook address",
            format!("a daemon answers on {listen} and does not know this account"),
            "it runs with older settings: restart it",
        ),
        Ok(Some(status)) => about.wrong(
            "webhook address",
            format!("something answers {status} on {listen}"),
            "another program listens there: end it, or change `server.listen`",
        ),
        Ok(None) => about.fine("webhook address", format!("no daemon runs on {listen} now; {enter}")),
        Err(_) => about.wrong(
            "webhook address",
            format!("something listens on {listen} and speaks no HTTP in time"),
            "if it is the daemon, it hangs: look at its log; if not, change `server.listen`",
        ),
    }
}

/// What was received from an account, as far as the store remembers.
pub(super) fn received(account: &str, health: Option<&Health>, now: Timestamp) -> Option<Check> {
    let about = About(account);
    let health = health?;
    Some(match health.received.get(account) {
        Some(at) => {
            let age = Duration::try_from(now.duration_since(*at)).unwrap_or_default();
            about.fine("deliveries", format!("the last authentic one came {} ago", span(age)))
        }
        None => about.warning(
            "deliveries",
            "no authentic one is in the store",
            "open a test ticket; where nothing comes, compare the webhook's address and secret at the platform, and ask `doctor signature` about one that is refused",
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::super::check::State;
    use super::*;

    #[test]
    fn little_room_is_a_warning_by_size_and_by_share() {
        for (free, whole, state) in [
            (20 * GIB, 100 * GIB, State::Fine),
            (GIB - 1, 4 * GIB, State::Warning),
            (20 * GIB, 1000 * GIB, State::Warning),
            (0, 0, State::Warning),
        ] {
            assert_eq!(room(free, whole).state, state, "{free} of {whole}");
        }
    }

    #[test]
    fn a_certificate_that_ends_is_told_ahead() {
        let at = |date: &str| format!("{date}T12:00:00Z").parse::<Timestamp>().unwrap();
        let (from, until) = (at("2026-01-01"), at("2026-04-01"));
        for (now, state, says) in [
            ("2025-12-31", State::Wrong, "before 2026-01-01"),
            ("2026-02-01", State::Fine, "until 2026-04-01, 59 days"),
            ("2026-03-20", State::Warning, "in 12 days"),
            ("2026-04-01", State::Wrong, "ended on 2026-04-01"),
            ("2026-05-01", State::Wrong, "ended on 2026-04-01"),
        ] {
            let check = holds(from, until, at(now), "platforms");
            assert_eq!(check.state, state, "{now}");
            assert!(check.seen.contains(says), "{now}: {}", check.seen);
        }
    }

    #[test]
    fn a_damaged_database_and_what_waits_are_told() {
        let now: Timestamp = "2026-11-20T10:00:00Z".parse().unwrap();
        let old = "2026-11-20T09:00:00Z".parse().unwrap();
        let depth = crate::store::Depth { pending: 2, claimed: 0, dead: 1, oldest: Some(old) };
        let mut health = Health {
            schema: (1, 3),
            integrity: "ok".to_owned(),
            depth: Some(depth),
            received: [("a".to_owned(), old)].into(),
        };
        let states = |health: &Health| database(health, now).iter().map(|row| row.state).collect::<Vec<_>>();
        assert_eq!(states(&health), [State::Fine, State::Warning, State::Warning]);
        health.integrity = "row 1 missing from index".to_owned();
        assert_eq!(states(&health)[0], State::Wrong);
        assert!(received("a", Some(&health), now).unwrap().seen.contains("1 h"));
        assert_eq!(received("b", Some(&health), now).unwrap().state, State::Warning);
        assert_eq!(received("a", None, now), None);
    }
}
