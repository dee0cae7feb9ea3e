//! `doctor`: looks at everything the daemon stands on, and says of each part what was seen and what to do. One part that is broken
//! hides no other.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::cli::Checkup;
use crate::clock::{Clock, SystemClock};
use crate::commands::{cases, check, prepare, runtime, terminal};
use crate::diagnostic::Severity;
use crate::settings::{Account, Settings, StoreUrl};
use crate::store::sqlite::sound;
use crate::store::{Filter, Store};

/// Less free space than this is a warning.
const LITTLE_SPACE: u64 = 1 << 30;
/// A clock that is off by more is a warning; by more than a platform's tolerance its deliveries are refused.
const SKEW: SignedDuration = SignedDuration::from_secs(30);
/// The oldest waiting delivery may be so old.
const OLD: SignedDuration = SignedDuration::from_mins(15);
/// A log larger than this was not turned over for long.
const LARGE_LOG: u64 = 256 << 20;

/// How one part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Fine,
    Warning,
    Wrong,
}

impl State {
    const fn mark(self) -> &'static str {
        match self {
            Self::Fine => "✓",
            Self::Warning => "!",
            Self::Wrong => "✗",
        }
    }
}

/// One part, what was seen, and what to do.
#[derive(Clone, Debug, Serialize)]
struct Part {
    part: String,
    state: State,
    seen: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    todo: Option<String>,
}

fn part(part: impl Into<String>, state: State, seen: impl Into<String>, todo: Option<&str>) -> Part {
    Part { part: part.into(), state, seen: seen.into(), todo: todo.map(str::to_owned) }
}

pub(super) fn run(args: &Checkup) -> anyhow::Result<ExitCode> {
    let prepare::Everything { settings, brain, mut findings } = prepare::everything(&args.settings);
    let settings = match settings {
        Ok(settings) => settings,
        Err(_) => return Ok(prepare::refuse(&findings)),
    };
    if let Some(name) = &args.account
        && !settings.accounts.iter().any(|account| account.name() == name)
    {
        anyhow::bail!("there is no account `{name}` in the settings");
    }
    let mut parts = Vec::new();
    if let Some(brain) = &brain {
        findings.extend(cases::findings(&settings, brain));
        let begun = Instant::now();
        parts.push(
            match brain.classifier.classify("Invoice", "My last invoice is wrong, please correct it.") {
                Ok(_) => {
                    let took = begun.elapsed().as_millis();
                    let digest = brain.classifier.digest();
                    part("model", State::Fine, format!("{digest:.12}, answers in {took} ms"), None)
                }
                Err(error) => {
                    part("model", State::Wrong, error.to_string(), Some("copy or train the bundle again"))
                }
            },
        );
    }
    let told = findings.iter().filter(|finding| finding.severity != Severity::Note).map(|finding| {
        let state = if finding.is_error() { State::Wrong } else { State::Warning };
        part("settings and rulebook", state, finding.to_string().replace('\n', " "), None)
    });
    let told: Vec<Part> = told.collect();
    if told.is_empty() {
        parts.insert(
            0,
            part("settings and rulebook", State::Fine, "settings, rulebook, cases and bundle load", None),
        );
    }
    parts.extend(told);
    let rulebook = brain.as_ref().map(|brain| &brain.rulebook);
    runtime()?.block_on(async {
        parts.push(daemon(&settings).await);
        parts.extend(store(&settings, args.account.as_deref()).await);
        let accounts =
            settings.accounts.iter().filter(|a| args.account.as_deref().is_none_or(|name| name == a.name()));
        for account in accounts {
            parts.extend(address(account).await);
            let found = check::ask(&settings, account, rulebook).await;
            let told = found.iter().filter(|finding| finding.severity != Severity::Note);
            let told: Vec<Part> = told
                .map(|finding| {
                    let state = if finding.is_error() { State::Wrong } else { State::Warning };
                    part(named(account, "access"), state, finding.to_string().replace('\n', " "), None)
                })
                .collect();
            if told.is_empty() {
                let seen = "the credentials are accepted, and every name of the rulebook is there";
                parts.push(part(named(account, "access"), State::Fine, seen, None));
            }
            parts.extend(told);
        }
    });
    report(&parts, args.json)?;
    Ok(if parts.iter().any(|part| part.state == State::Wrong) {
        ExitCode::from(1)
    } else {
        ExitCode::SUCCESS
    })
}

fn named(account: &Account, what: &str) -> String {
    format!("{}: {what}", account.name())
}

fn report(parts: &[Part], json: bool) -> anyhow::Result<()> {
    if json {
        for part in parts {
            terminal::line(serde_json::to_string(part)?)?;
        }
        return Ok(());
    }
    let mut table = terminal::table(&["", "part", "seen", "what to do"]);
    for part in parts {
        table.add_row([part.state.mark(), &part.part, &part.seen, part.todo.as_deref().unwrap_or_default()]);
    }
    terminal::line(table)?;
    let count = |state| parts.iter().filter(|part| part.state == state).count();
    let (wrong, warnings) = (count(State::Wrong), count(State::Warning));
    Ok(terminal::line(match (wrong, warnings) {
        (0, 0) => "everything looks fine".to_owned(),
        _ => format!("{wrong} wrong, {warnings} to look at"),
    })?)
}

/// Whether a daemon answers on the admin address now. None need be.
async fn daemon(settings: &Settings) -> Part {
    let address = settings.admin.listen;
    let answered = match client() {
        Ok(client) => {
            client.get(format!("http://{address}/livez")).send().await.is_ok_and(|a| a.status().is_success())
        }
        Err(_) => false,
    };
    let seen =
        if answered { format!("one is running, admin on {address}") } else { "none is running".to_owned() };
    part("daemon", State::Fine, seen, None)
}

fn client() -> Result<reqwest::Client, reqwest::Error> {
    crate::dispatch::install_tls_provider();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .build()
}

async fn store(settings: &Settings, only: Option<&str>) -> Vec<Part> {
    let StoreUrl::Sqlite(path) = &settings.store;
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(std::path::Path::new("."));
    let mut parts = vec![disk(folder)];
    if !prepare::store_is_there(settings) {
        parts.push(part(
            "store",
            State::Fine,
            format!("{} is not there yet; `serve` makes it", path.display()),
            None,
        ));
        return parts;
    }
    #[cfg(unix)]
    if let Ok(about) = std::fs::metadata(path)
        && std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o077 != 0
    {
        parts.push(part(
            "store",
            State::Warning,
            "others may read the file",
            Some("chmod 600: customers' letters wait in it"),
        ));
    }
    let store = match prepare::store(settings) {
        Ok(store) => store,
        Err(error) => {
            let todo = "restore a backup, or check the folder's owner and free space";
            parts.push(part("store", State::Wrong, error.to_string(), Some(todo)));
            return parts;
        }
    };
    parts.push(match sound(path) {
        Ok(true) => part("store", State::Fine, format!("{} is sound", path.display()), None),
        Ok(false) => {
            part("store", State::Wrong, "pages are damaged", Some("stop the daemon and restore a backup"))
        }
        Err(error) => part("store", State::Wrong, error.to_string(), Some("restore a backup")),
    });
    let mut log = path.clone().into_os_string();
    log.push("-wal");
    let log = std::fs::metadata(log);
    if let Ok(log) = log
        && log.len() > LARGE_LOG
    {
        let seen = format!("the write-ahead log has {} MB", log.len() >> 20);
        parts.push(part(
            "store",
            State::Warning,
            seen,
            Some("restart the daemon; a reader may hold the log"),
        ));
    }
    parts.extend(waiting(&*store).await);
    for account in settings.accounts.iter().filter(|a| only.is_none_or(|name| name == a.name())) {
        parts.push(deliveries(&*store, account).await);
    }
    parts
}

fn disk(folder: &std::path::Path) -> Part {
    match rustix::fs::statvfs(folder) {
        Ok(space) => {
            let free = space.f_bavail.saturating_mul(space.f_frsize);
            let little = free < LITTLE_SPACE || space.f_bavail.saturating_mul(20) < space.f_blocks;
            let seen = format!("{:.1} GB free at {}", free as f64 / 1e9, folder.display());
            let todo = little.then_some("make room: with a full disk nothing is acknowledged");
            part("disk", if little { State::Warning } else { State::Fine }, seen, todo)
        }
        Err(error) => {
            part("disk", State::Wrong, format!("{}: {error}", folder.display()), Some("create the folder"))
        }
    }
}

async fn waiting(store: &dyn Store) -> Vec<Part> {
    let depth = match store.depth().await {
        Ok(depth) => depth,
        Err(error) => return vec![part("inbox", State::Wrong, error.to_string(), Some("restore a backup"))],
    };
    let age = depth.oldest.map(|oldest| SystemClock.now().duration_since(oldest));
    let late = age.is_some_and(|age| age > OLD);
    let seen = match age {
        Some(age) => format!(
            "{} waiting, the oldest for {:#}",
            depth.pending,
            age.round(jiff::Unit::Second).unwrap_or(age)
        ),
        None => format!("{} waiting", depth.pending),
    };
    let todo = late.then_some("see whether the daemon runs, and its account's state below");
    let mut parts = vec![part("inbox", if late { State::Warning } else { State::Fine }, seen, todo)];
    if depth.dead > 0 {
        let todo = "deskbridge dead list, then requeue or drop";
        parts.push(part("dead letters", State::Warning, format!("{} set aside", depth.dead), Some(todo)));
    }
    parts
}

/// When the account's last delivery came in, or what to enter at the platform where none has.
async fn deliveries(store: &dyn Store, account: &Account) -> Part {
    let filter = Filter { account: Some(account.name().to_owned()), limit: Some(1), ..Filter::default() };
    let name = named(account, "deliveries");
    match store.decisions(&filter).await.map(|found| found.into_iter().next()) {
        Ok(Some((_, entry))) => {
            part(name, State::Fine, format!("the last one came in at {}", entry.received_at), None)
        }
        Ok(None) => {
            let todo =
                format!("point the platform's webhook at https://<your host>/hooks/{}", account.name());
            part(name, State::Warning, "none has come in yet", Some(&todo))
        }
        Err(error) => part(name, State::Wrong, error.to_string(), None),
    }
}

/// Whether the platform's address answers, how fast, and by which clock.
async fn address(account: &Account) -> Vec<Part> {
    let name = named(account, "address");
    let begun = (Instant::now(), SystemClock.now());
    let answer = match client() {
        Ok(client) => client.get(&account.config.base_url).send().await,
        Err(error) => Err(error),
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            let todo = "check base_url, DNS, the firewall and the proxy";
            return vec![part(name, State::Wrong, reason(&error), Some(todo))];
        }
    };
    let took = begun.0.elapsed();
    let mut parts = vec![if answer.status().is_redirection() {
        let to = answer.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or("elsewhere");
        let host = to.split(['?', '#']).next().unwrap_or(to);
        let todo = "set base_url to where it leads: redirects are not followed, so that credentials stay where they belong";
        part(&name, State::Warning, format!("it redirects to {host}"), Some(todo))
    } else {
        part(&name, State::Fine, format!("answers in {} ms", took.as_millis()), None)
    }];
    let date = answer.headers().get("date").and_then(|date| date.to_str().ok());
    if let Some(off) = date.and_then(|date| skew(date, begun.1, SystemClock.now())) {
        let tolerance = account.connector.tolerance().and_then(|t| SignedDuration::try_from(t).ok());
        let state = match off.abs() {
            off if tolerance.is_some_and(|tolerance| off > tolerance) => State::Wrong,
            off if off > SKEW => State::Warning,
            _ => State::Fine,
        };
        let todo = (state != State::Fine)
            .then_some("set this machine's clock (NTP): signed deliveries carry a time");
        parts.push(part(named(account, "clock"), state, format!("off by {} s", off.as_secs()), todo));
    }
    parts
}

/// How far our clock is ahead of the one that wrote this `Date` header, less what the answer's way explains; nothing where that
/// explains it all. The header has whole seconds.
fn skew(date: &str, sent: Timestamp, received: Timestamp) -> Option<SignedDuration> {
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    let second = SignedDuration::from_secs(1);
    Some(if theirs > received {
        received.duration_since(theirs)
    } else if theirs + second < sent {
        sent.duration_since(theirs + second)
    } else {
        SignedDuration::ZERO
    })
}

/// What kept an answer from coming, without the address, which may hold a password.
fn reason(error: &reqwest::Error) -> String {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    let kind = if error.is_timeout() { "no answer within ten seconds" } else { "it cannot be reached" };
    format!("{kind}: {deepest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_off_by_what_the_way_does_not_explain() {
        let at = |second: i64| Timestamp::from_second(1_767_258_000 + second).unwrap();
        let date = "Thu, 01 Jan 2026 09:00:00 GMT";
        let off = |sent, received| skew(date, at(sent), at(received)).unwrap().as_secs();
        assert_eq!((off(0, 0), off(-2, 3), off(0, 5)), (0, 0, 0));
        assert_eq!(off(61, 62), 60, "ahead");
        assert_eq!(off(-62, -60), -60, "behind");
        assert_eq!(skew("nonsense", at(0), at(0)), None);
    }
}
