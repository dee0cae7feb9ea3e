//! The checks of one account: the way to it, its clock, its credentials, its names, and what it posts to us.

use std::time::Duration;

use deskbridge_connectors::diagnosis::span;
use deskbridge_connectors::settled::{Listing, Window};
use deskbridge_connectors::{Connector, Directory, Refusal};
use http::Uri;
use http::header::{CONTENT_TYPE, DATE, LOCATION};
use jiff::{SignedDuration, Timestamp};

use super::check::{About, Check};
use crate::clock::{Clock, SystemClock};
use crate::commands::check::{against, why};
use crate::platform::contact::{Contact, NoContact};
use crate::platform::{Calls, Line, Stopped};
use crate::rulebook::Rulebook;
use crate::settings::{Account, Settings};

/// However many lists an account has, it is not waited for longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// The time span over which the listing of tickets is tried.
const LISTED: SignedDuration = SignedDuration::from_mins(15);

/// A clock that is further off than this is worth a word, though signatures still verify.
const CLOSE: Duration = Duration::from_secs(30);

/// Every check of an account that takes its platform. One that fails hides only what cannot be known without it.
pub(super) async fn checks(
    settings: &Settings,
    account: &Account,
    rulebook: Option<&Rulebook>,
) -> Vec<Check> {
    let about = About(account.name());
    let mut found = Vec::new();
    let connector = std::sync::Arc::clone(&account.connector);
    let line =
        match Line::open(account.name(), &account.config.base_url, connector, settings.worker.call_timeout) {
            Ok(line) => line,
            Err(error) => {
                return vec![about.wrong("reachable", error.to_string(), "check the account's base_url")];
            }
        };
    match line.contact().await {
        Err(none) => found.push(no_contact(about, &none)),
        Ok(contact) => {
            let (rows, speaks) = judge(
                about,
                account.connector.tolerance(),
                &account.config.base_url,
                &contact,
                SystemClock.now(),
            );
            found.extend(rows);
            if speaks {
                let names = tokio::time::timeout(PATIENCE, names(about, &line, account, rulebook)).await;
                found.extend(names.unwrap_or_else(|_| {
                    let seen = format!("its names were not read within {}", span(PATIENCE));
                    vec![about.wrong(
                        "credentials",
                        seen,
                        "try again; if it stays so, look at the platform's status page",
                    )]
                }));
            }
        }
    }
    found
}

async fn names(about: About<'_>, line: &Line, account: &Account, rulebook: Option<&Rulebook>) -> Vec<Check> {
    let names = match line.names(&mut Calls::new()).await {
        Ok(names) => names,
        Err(stopped) => {
            let remedy = match &stopped {
                Stopped::Refused(Refusal::Credentials) => {
                    "make a new token or key at the platform, put it under `credentials`, and see that its user is not suspended"
                }
                _ => "check base_url, and look at the platform's status page",
            };
            return vec![about.wrong("credentials", why(&stopped), remedy)];
        }
    };
    let mut found = vec![accepted(about, &names), readable(about, &names), listing(about, line).await];
    let against = against(line, account, rulebook, &names).await;
    if against.is_empty() && rulebook.is_some() {
        found.push(about.fine("names", "every name in the rulebook is there, and every effect possible"));
    }
    found.extend(against.iter().map(|one| about.of("names", one)));
    found
}

/// Who the platform takes us for.
fn accepted(about: About<'_>, names: &Directory) -> Check {
    let Some(me) = &names.me else {
        return about.warning(
            "credentials",
            "they are accepted, and the platform does not say who we are",
            "own changes are then known by their version alone; let the credentials read their own user",
        );
    };
    let name = names.agents.iter().find(|agent| agent.id == *me).map(|agent| agent.name.as_str());
    about.fine(
        "credentials",
        match name {
            Some(name) => format!("accepted; we are {name} ({me})"),
            None => format!("accepted; we are user {me}"),
        },
    )
}

/// Checks that tickets can be listed, which the sweep lives on.
async fn listing(about: About<'_>, line: &Line) -> Check {
    let until = SystemClock.now();
    let since = until.checked_sub(LISTED).unwrap_or(until);
    let window = Window { of: Listing::Opened, since, until, cursor: None };
    let mut calls = Calls::new();
    match line.listed(&window, &mut calls).await {
        Ok(_) => about.fine("sweep", "tickets can be listed, so that one whose webhook never came is found"),
        Err(stopped) => {
            let status = calls.last().map_or(0, |call| call.status);
            let seen = format!("tickets cannot be listed: {} (status {status})", stopped.about_a_listing());
            about.wrong(
                "sweep",
                seen,
                "let the credentials list or search tickets; until then a ticket whose webhook never came is not found",
            )
        }
    }
}

/// Which lists these credentials may read.
fn readable(about: About<'_>, names: &Directory) -> Check {
    let lists =
        [("groups", names.groups.len()), ("fields", names.fields.len()), ("agents", names.agents.len())];
    let seen: Vec<String> = lists.iter().map(|(what, n)| format!("{n} {what}")).collect();
    let seen = format!("can read {}", seen.join(", "));
    if lists.iter().any(|(_, n)| *n == 0) {
        let remedy = "where the desk has some, its user's role or the token's scopes do not show them: widen them, or effects that need these names are refused";
        return about.warning("permissions", seen, remedy);
    }
    about.fine("permissions", seen)
}

fn no_contact(about: About<'_>, none: &NoContact) -> Check {
    let (check, remedy) = match none {
        NoContact::NoHost => ("reachable", "write base_url as https://HOST"),
        NoContact::Dns(_) => (
            "reachable",
            "check the host in base_url, this machine's name server, and HTTPS_PROXY where one is set",
        ),
        NoContact::Tcp(..) => (
            "reachable",
            "let the firewall pass outgoing connections to it, or set HTTPS_PROXY; check port and host in base_url",
        ),
        NoContact::Tls(_) => (
            "reachable",
            "a proxy that opens TLS needs its certificate in this machine's trust store; also check http or https in base_url and this machine's clock",
        ),
        NoContact::Timeout | NoContact::Broken => (
            "reachable",
            "look at the platform's status page, and at proxies on the way; `worker.call_timeout` says how long is waited",
        ),
        NoContact::ClientRefused(_) => (
            "credentials",
            "compare `client_id` and `client_secret` with the platform's OAuth client, which must be active",
        ),
        NoContact::NoToken(_) => {
            ("credentials", "check base_url, and that the platform offers client credentials")
        }
        NoContact::Busy => ("rate limit", "wait a minute and ask again"),
    };
    match none {
        NoContact::Busy => about.warning(check, none.to_string(), remedy),
        _ => about.wrong(check, none.to_string(), remedy),
    }
}

/// What a first answer says, and whether it is worth going on.
fn judge(
    about: About<'_>,
    tolerance: Option<Duration>,
    base_url: &str,
    contact: &Contact,
    now: Timestamp,
) -> (Vec<Check>, bool) {
    let Contact { answer, took, pace } = contact;
    let header = |name| answer.headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let (status, ms) = (answer.status, took.as_millis());
    let is_page = header(CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html"));
    let seen = format!("answers {status} after {ms} ms");
    let mut speaks = false;
    let mut found = Vec::new();
    found.push(if (300..400).contains(&status) {
        // Only the origin: the rest may hold what a login page was given.
        let to = header(LOCATION).and_then(origin);
        match to.filter(|to| to != base_url.trim_end_matches('/')) {
            Some(to) => {
                let remedy = format!("if that is your desk, set base_url to {to}; redirects are not followed");
                about.wrong("reachable", format!("{base_url} redirects to {to} ({status})"), &remedy)
            }
            None => about.wrong(
                "reachable",
                format!("it redirects within itself ({status}), as a login page does"),
                "check base_url: it is the platform's API without a path, and nothing in front of it may ask for a login",
            ),
        }
    } else if is_page {
        about.wrong(
            "reachable",
            format!("{seen}, with an HTML page and not the platform's API"),
            "a proxy or a login page answers in its place: let the proxy pass this host, and check base_url",
        )
    } else if status >= 500 {
        about.warning("reachable", seen, "look at the platform's status page; deliveries wait meanwhile, and none is lost")
    } else {
        speaks = true;
        about.fine("reachable", seen)
    });
    if let Some(at) = header(DATE).filter(|_| !is_page).and_then(moment) {
        found.push(clock(about, tolerance, at, *took, now));
    }
    if let Some(pace) = pace {
        let seen = format!("{} of {} calls left", pace.remaining, pace.limit);
        found.push(if pace.remaining.saturating_mul(10) < pace.limit {
            let when = pace.reset.map(|reset| format!(", again in {}", span(reset))).unwrap_or_default();
            let remedy = "other programs spend the same budget: slow them down; deskbridge waits by itself";
            about.warning("rate limit", format!("{seen}{when}"), remedy)
        } else {
            about.fine("rate limit", seen)
        });
    }
    (found, speaks)
}

/// Our clock against the platform's. It stamped its answer at some moment of the round trip, to the second.
fn clock(
    about: About<'_>,
    tolerance: Option<Duration>,
    theirs: Timestamp,
    took: Duration,
    now: Timestamp,
) -> Check {
    let halfway = now.checked_sub(took / 2).unwrap_or(now);
    let ahead = halfway.duration_since(theirs);
    let unsure = took / 2 + Duration::from_secs(1);
    let off = ahead.unsigned_abs().saturating_sub(unsure);
    let word = if ahead.is_negative() { "behind" } else { "ahead of" };
    let seen = format!("this machine is {} {word} the platform's clock", span(off));
    let remedy = "set this machine's clock by NTP";
    match tolerance {
        Some(tolerance) if off > tolerance => {
            let remedy =
                format!("{remedy}: deliveries are refused as stale; the tolerance is {}", span(tolerance));
            about.wrong("clock", seen, &remedy)
        }
        _ if off > CLOSE => about.warning("clock", seen, remedy),
        _ => about.fine("clock", format!("within {} of the platform's", span(off + unsure))),
    }
}

fn moment(text: &str) -> Option<Timestamp> {
    Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp())
}

fn origin(location: &str) -> Option<String> {
    let to: Uri = location.parse().ok()?;
    Some(format!("{}://{}", to.scheme_str()?, to.authority()?.as_str().rsplit('@').next()?))
}

#[cfg(test)]
mod tests;
