//! `forget`: removes what is kept of one requester, after saying what that is.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, bail};
use deskbridge_connectors::RemoteId;
use deskbridge_connectors::ticket::Requester;
use serde_json::json;

use super::{prepare, runtime, terminal};
use crate::cli::Forget as Args;
use crate::clock::{Clock, SystemClock};
use crate::domain::history::requester;
use crate::evidence::review::Reviewed;
use crate::settings::{Settings, StoreUrl};
use crate::store::sqlite::compact;
use crate::store::{Forget, Forgotten};

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let settings = match prepare::settings(&args.settings) {
        Ok(settings) => settings,
        Err(code) => return Ok(code),
    };
    let who = whom(args, &settings)?;
    let store = match prepare::store_or_refuse(&settings) {
        Ok(store) => store,
        Err(code) => return Ok(code),
    };
    let runtime = runtime()?;
    let now = SystemClock.now();
    let found = runtime.block_on(store.forget(&who, now, false))?;
    let reviewed = Reviewed::at(&settings.review.tickets);
    let lines = reviewed.among(&found.tickets).context("the file of reviewed tickets cannot be read")?;
    if found == Forgotten::default() && lines == 0 {
        return tell(args, &found, lines, false, "nothing is kept of this requester");
    }
    if !args.yes && !agreed(&found, lines)? {
        return tell(args, &found, lines, false, "nothing was removed");
    }
    let gone = runtime.block_on(store.forget(&who, now, true))?;
    reviewed.remove(&gone.tickets).context("the file of reviewed tickets cannot be replaced")?;
    drop(store);
    let StoreUrl::Sqlite(path) = &settings.store;
    let emptied =
        compact(path).context("what was deleted is overwritten, but the file could not be compacted")?;
    let told = if emptied {
        "forgotten; the file was written anew without it"
    } else {
        "forgotten; the file was written anew, and the running daemon empties its log within its next half minute without work"
    };
    tell(args, &gone, lines, true, told)
}

/// The digests that the ledger may know them by, on every account that is looked through.
fn whom(args: &Args, settings: &Settings) -> anyhow::Result<Forget> {
    let named = args.requester.trim().to_owned();
    if named.chars().count() < 3 {
        bail!("--requester must be an address or the platform's id of a person");
    }
    let accounts: Vec<String> = settings.accounts.iter().map(|account| account.name().to_owned()).collect();
    let accounts: Vec<String> = match &args.account {
        Some(one) if !accounts.contains(one) => {
            bail!("there is no account `{one}`; there are: {}", accounts.join(", "))
        }
        Some(one) => vec![one.clone()],
        None => accounts,
    };
    let known_as =
        |who: Requester| move |account: &String| Some((account.clone(), requester(account, &who)?));
    let by_address = Requester { email: Some(named.clone()), ..Requester::default() };
    let by_id = Requester { id: Some(RemoteId(named.clone())), ..Requester::default() };
    let digests =
        accounts.iter().filter_map(known_as(by_address)).chain(accounts.iter().filter_map(known_as(by_id)));
    Ok(Forget { digests: digests.collect(), accounts: accounts.clone(), named })
}

fn agreed(found: &Forgotten, lines: usize) -> anyhow::Result<bool> {
    terminal::remark(summary(found, lines));
    if !std::io::stdin().is_terminal() {
        bail!("pass --yes to remove it; nothing was removed");
    }
    terminal::remark("Remove it for good? Type `yes`:");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}

fn summary(found: &Forgotten, lines: usize) -> String {
    format!(
        "{} tickets: {} ledger entries, {} settled values, {} waiting deliveries, {} dead letters, {lines} reviewed tickets",
        found.tickets.len(),
        found.entries,
        found.settled,
        found.waiting,
        found.dead
    )
}

fn tell(args: &Args, found: &Forgotten, lines: usize, removed: bool, told: &str) -> anyhow::Result<ExitCode> {
    if args.json {
        let mut line = json!(found);
        line["reviewed"] = lines.into();
        line["removed"] = removed.into();
        terminal::line(line)?;
    } else {
        terminal::line(summary(found, lines))?;
        terminal::line(told)?;
    }
    Ok(ExitCode::SUCCESS)
}
