//! `ledger verify` and `backup`: whether the ledger is whole, and a copy of the store for safe keeping.

use std::process::ExitCode;

use anyhow::Context;
use serde_json::json;

use super::{prepare, runtime, terminal};
use crate::cli::{Backup, Ledger};
use crate::clock::{Clock, SystemClock};
use crate::settings::StoreUrl;
use crate::store::sqlite::backup;
use crate::store::{Break, Chain};

/// The answer is no.
const BROKEN: u8 = 1;

pub(super) fn run(command: &Ledger) -> anyhow::Result<ExitCode> {
    let Ledger::Verify { settings, head, json } = command;
    let settings = match prepare::settings(settings) {
        Ok(settings) => settings,
        Err(code) => return Ok(code),
    };
    let store = match prepare::store_or_refuse(&settings) {
        Ok(store) => store,
        Err(code) => return Ok(code),
    };
    let chain = runtime()?.block_on(store.verify(head.as_deref()))?;
    let whole = chain.broken.is_none() && chain.head_known != Some(false);
    if *json {
        let broken = chain.broken.map(|(id, how)| json!({ "entry": id, "what": word(how) }));
        terminal::line(json!({
            "whole": whole, "entries": chain.entries, "erased": chain.erased, "head": chain.head,
            "head_known": chain.head_known, "broken": broken,
        }))?;
    } else {
        terminal::line(told(&chain))?;
    }
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(BROKEN) })
}

fn word(how: Break) -> &'static str {
    match how {
        Break::Link => "link",
        Break::Content => "content",
    }
}

fn told(chain: &Chain) -> String {
    let head = chain.head.as_deref().unwrap_or("none");
    if let Some((id, how)) = chain.broken {
        let what = match how {
            Break::Link => {
                "does not follow from the one before: one of the two was changed, removed or put in"
            }
            Break::Content => "was changed",
        };
        return format!(
            "BROKEN at entry {id}, which {what}; the {} entries before it are whole",
            chain.entries
        );
    }
    let erased = match chain.erased {
        0 => String::new(),
        n => format!(", {n} of them erased on request"),
    };
    match chain.head_known {
        Some(false) => format!(
            "{} entries follow from each other{erased}, but the digest you noted is not among them: entries were cut off the \
             end, or the whole chain was made anew",
            chain.entries
        ),
        Some(true) => {
            format!("{} entries, unbroken{erased}, with the digest you noted\nhead {head}", chain.entries)
        }
        None => format!("{} entries, unbroken{erased}\nhead {head}", chain.entries),
    }
}

/// `backup`.
pub(super) fn back_up(args: &Backup) -> anyhow::Result<ExitCode> {
    let settings = match prepare::settings(&args.settings) {
        Ok(settings) => settings,
        Err(code) => return Ok(code),
    };
    // Opened as every command does, so that an older schema is migrated first and a newer one refused.
    match prepare::store_or_refuse(&settings) {
        Ok(store) => drop(store),
        Err(code) => return Ok(code),
    }
    let StoreUrl::Sqlite(path) = &settings.store;
    let chain = backup(path, &args.out, SystemClock.now())
        .with_context(|| format!("no backup was made to {}", args.out.display()))?;
    let bytes = std::fs::metadata(&args.out)?.len();
    if args.json {
        terminal::line(
            json!({ "file": args.out, "bytes": bytes, "entries": chain.entries, "head": chain.head }),
        )?;
    } else {
        terminal::line(format!("{}: {bytes} bytes, checked\n{}", args.out.display(), told(&chain)))?;
    }
    Ok(if chain.broken.is_none() { ExitCode::SUCCESS } else { ExitCode::from(BROKEN) })
}
