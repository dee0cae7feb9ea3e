//! `dead`: deliveries that were set aside for a person.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;

use super::{prepare, runtime, terminal};
use crate::cli::{Dead, Settings};
use crate::clock::{Clock, SystemClock};
use crate::store::{DeadFilter, DeadLetter, Store};

pub(super) fn run(command: Dead) -> anyhow::Result<ExitCode> {
    let settings = match &command {
        Dead::List { settings, .. }
        | Dead::Show { settings, .. }
        | Dead::Requeue { settings, .. }
        | Dead::Drop { settings, .. } => settings.clone(),
    };
    let store = match open(&settings) {
        Ok(store) => store,
        Err(code) => return Ok(code),
    };
    runtime()?.block_on(async move {
        match command {
            Dead::List { json, .. } => list(&*store, json).await,
            Dead::Show { id, body, json, .. } => show(&*store, id, body, json).await,
            Dead::Requeue { ids, all, .. } => requeue(&*store, ids, all).await,
            Dead::Drop { ids, .. } => drop_letters(&*store, &ids).await,
        }
    })
}

fn open(settings: &Settings) -> Result<Arc<dyn Store>, ExitCode> {
    prepare::store_or_refuse(&prepare::settings(settings)?)
}

/// Letters of a page.
const PAGE: u32 = 500;

async fn list(store: &dyn Store, json: bool) -> anyhow::Result<ExitCode> {
    let mut after = i64::MIN;
    let mut any = false;
    loop {
        let letters = store.dead(&page(after)).await?;
        let Some(last) = letters.last() else { break };
        (after, any) = (last.id, true);
        if json {
            for letter in &letters {
                terminal::line(serde_json::to_string(letter)?)?;
            }
        } else {
            terminal::line(table(&letters))?;
        }
    }
    if !any && !json {
        terminal::line("no dead letters")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn page(after: i64) -> DeadFilter {
    DeadFilter { after: Some(after), limit: Some(PAGE), ..DeadFilter::default() }
}

fn table(letters: &[DeadLetter]) -> terminal::Table {
    let mut table = terminal::table(&["id", "account", "ticket", "received", "died", "attempts", "reason"]);
    for letter in letters {
        table.add_row([
            letter.id.to_string(),
            letter.account.clone(),
            letter.ticket.clone().unwrap_or_else(|| "–".into()),
            letter.received_at.to_string(),
            letter.died_at.to_string(),
            letter.attempts.to_string(),
            letter.reason.clone(),
        ]);
    }
    table
}

async fn show(store: &dyn Store, id: i64, body: bool, json: bool) -> anyhow::Result<ExitCode> {
    let Some((letter, bytes)) = store.dead_letter(id).await? else { return Ok(none_such(id)) };
    if json {
        let mut value = serde_json::to_value(&letter)?;
        if body {
            value["body"] = String::from_utf8_lossy(&bytes).into();
        }
        terminal::line(value)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows = [
        ("id", letter.id.to_string()),
        ("account", letter.account),
        ("delivery", letter.delivery),
        ("ticket", letter.ticket.unwrap_or_else(|| "–".into())),
        ("received", letter.received_at.to_string()),
        ("died", letter.died_at.to_string()),
        ("attempts", letter.attempts.to_string()),
        ("reason", letter.reason),
        (
            "body",
            format!(
                "{} bytes{}",
                bytes.len(),
                if body { ":" } else { " (--body prints it; it may hold ticket text)" }
            ),
        ),
    ];
    for (name, value) in rows {
        terminal::line(format!("{name:>9}  {}", terminal::value(value)))?;
    }
    if body {
        terminal::line(String::from_utf8_lossy(&bytes))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn requeue(store: &dyn Store, ids: Vec<i64>, all: bool) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    let mut count = 0;
    let mut after = i64::MIN;
    let mut ids = if all { next_ids(store, &mut after).await? } else { ids };
    while !ids.is_empty() {
        for id in ids {
            let done =
                store.requeue(id, SystemClock.now()).await.with_context(|| format!("dead letter {id}"))?;
            if done { count += 1 } else { code = none_such(id) }
        }
        // Letters that die meanwhile have been tried again: each is taken once.
        ids = if all { next_ids(store, &mut after).await? } else { Vec::new() };
    }
    terminal::line(format!("{count} requeued"))?;
    Ok(code)
}

async fn next_ids(store: &dyn Store, after: &mut i64) -> anyhow::Result<Vec<i64>> {
    let letters = store.dead(&page(*after)).await?;
    *after = letters.last().map_or(*after, |letter| letter.id);
    Ok(letters.into_iter().map(|letter| letter.id).collect())
}

async fn drop_letters(store: &dyn Store, ids: &[i64]) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    let mut count = 0;
    for id in ids {
        let done = store.drop_dead(*id).await.with_context(|| format!("dead letter {id}"))?;
        if done { count += 1 } else { code = none_such(*id) }
    }
    terminal::line(format!("{count} dropped"))?;
    Ok(code)
}

fn none_such(id: i64) -> ExitCode {
    terminal::remark(format!("there is no dead letter {id}; `deskbridge dead list` shows those there are"));
    ExitCode::from(1)
}
