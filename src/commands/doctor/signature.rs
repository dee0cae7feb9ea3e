//! `doctor signature`: why a delivery does not verify. It reads two files, and sends and changes nothing.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use deskbridge_connectors::Delivery;
use deskbridge_connectors::diagnosis::Cause;
use deskbridge_connectors::explanation::explain;
use serde_json::json;

use super::headers;
use crate::cli::Signature;
use crate::clock::{Clock, SystemClock};
use crate::commands::{decisions, prepare, terminal};

pub(super) fn run(args: &Signature) -> anyhow::Result<ExitCode> {
    let settings = match prepare::settings(&args.settings) {
        Ok(settings) => settings,
        Err(code) => return Ok(code),
    };
    let Some(account) = settings.accounts.iter().find(|account| account.name() == args.account) else {
        let known: Vec<&str> = settings.accounts.iter().map(|account| account.name()).collect();
        bail!("there is no account `{}`; the settings have {}", args.account, known.join(", "));
    };
    let text = String::from_utf8_lossy(&file(&args.headers)?).into_owned();
    let delivery = Delivery {
        account: account.config.id.clone(),
        headers: headers::read(&text).map_err(|why| anyhow!("{}: {why}", args.headers.display()))?,
        body: file(&args.body)?.into(),
    };
    let now = SystemClock.now();
    let received_at = match &args.received_at {
        Some(text) => decisions::since(text, now).context("--received-at")?,
        None => now,
    };
    let others: Vec<_> = settings
        .accounts
        .iter()
        .filter(|other| other.name() != account.name())
        .map(|other| (other.config.id.clone(), other.connector.newest()))
        .collect();
    let explained = explain(&delivery, account.connector.as_ref(), &others, received_at);
    if args.json {
        terminal::line(json!({
            "account": account.name(),
            "platform": account.platform.as_str(),
            "received_at": received_at,
            "verifies": explained.verifies,
            "findings": explained.findings,
        }))?;
    } else {
        let verdict = if explained.verifies { "verifies" } else { "does not verify" };
        terminal::line(format!("account `{}` ({}): it {verdict}", account.name(), account.platform))?;
        for finding in &explained.findings {
            terminal::line(format!("  {}", finding.message))?;
            if finding.cause != Cause::Verifies || finding.remedy != "nothing" {
                terminal::line(format!("    → {}", finding.remedy))?;
            }
        }
    }
    Ok(if explained.verifies { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn file(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}
