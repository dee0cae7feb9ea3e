//! `decisions`: the ledger, as tables or as JSON Lines, a page at a time.

use std::process::ExitCode;

use anyhow::{Context, anyhow};
use deskbridge_connectors::Skip;
use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use serde_json::Value;

use super::{prepare, runtime, terminal};
use crate::cli::Decisions;
use crate::clock::{Clock, SystemClock};
use crate::domain::outcome::Entry;
use crate::store::{Filter, Pages};

/// Decisions on a terminal where nothing else is asked for.
const SHOWN: u32 = 50;

pub(super) fn run(args: &Decisions) -> anyhow::Result<ExitCode> {
    let settings = match prepare::settings(&args.settings) {
        Ok(settings) => settings,
        Err(code) => return Ok(code),
    };
    let since = args.since.as_deref().map(|text| since(text, SystemClock.now())).transpose()?;
    let usual = terminal::is_one().then_some(SHOWN).filter(|_| !args.all && !args.json);
    let limit = args.limit.or(usual);
    let filter = Filter { since, account: args.account.clone(), limit, ..Filter::default() };
    let store = match prepare::store_or_refuse(&settings) {
        Ok(store) => store,
        Err(code) => return Ok(code),
    };
    let mut pages = Pages::new(store, &filter);
    runtime()?.block_on(async {
        let mut shown = Shown::default();
        while let Some(entries) = pages.next().await? {
            if args.json {
                for (id, entry) in &entries {
                    terminal::line(json_line(*id, entry)?)?;
                }
            } else {
                shown.show(&entries)?;
            }
        }
        if !args.json {
            shown.end(limit.filter(|_| args.limit.is_none()))?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// The tables that were printed, one per page.
#[derive(Default)]
struct Shown {
    entries: usize,
    noise: usize,
}

impl Shown {
    fn show(&mut self, entries: &[(i64, Entry)]) -> std::io::Result<()> {
        self.entries += entries.len();
        let told = |entry: &Entry| entry.reason.as_deref() != Some(Skip::NotSubscribed.as_str());
        let rows: Vec<_> = entries.iter().filter(|(_, entry)| told(entry)).collect();
        self.noise += entries.len() - rows.len();
        if rows.is_empty() {
            return Ok(());
        }
        let mut table =
            terminal::table(&["id", "decided", "ticket", "mode", "predicted", "rules", "effects", "outcome"]);
        for (id, entry) in rows {
            table.add_row([
                id.to_string(),
                entry.decided_at.strftime("%F %T").to_string(),
                format!("{}/{}", entry.account, entry.ticket),
                entry.mode.to_string(),
                predicted(entry),
                entry.rules.join("\n"),
                effects(entry),
                outcome(entry),
            ]);
        }
        terminal::line(table)
    }

    /// Says what is not in the tables; `usual` is the limit that nobody asked for.
    fn end(&self, usual: Option<u32>) -> std::io::Result<()> {
        if self.entries == 0 {
            return terminal::line("no decisions yet");
        }
        if self.noise > 0 {
            terminal::line(format!(
                "and {} deliveries that were not about triage (--json shows them)",
                self.noise
            ))?;
        }
        match usual.filter(|usual| self.entries >= *usual as usize) {
            Some(usual) => terminal::line(format!("the newest {usual}; --limit N or --all shows more")),
            None => Ok(()),
        }
    }
}

/// One ledger entry as the line that `decisions --json` prints: the entry with its id first.
pub(super) fn json_line(id: i64, entry: &Entry) -> serde_json::Result<Value> {
    let mut line = serde_json::Map::new();
    line.insert("id".into(), id.into());
    if let Value::Object(entry) = serde_json::to_value(entry)? {
        line.extend(entry);
        // Half of the entry's size, and for `replay` alone.
        line.remove("snapshot");
    }
    Ok(Value::Object(line))
}

/// What each head said, a line each: `category billing 97 %`, or `category –` where it abstained.
pub(super) fn predicted(entry: &Entry) -> String {
    let Some(heads) = entry.heads.as_object() else { return String::new() };
    let lines = heads.iter().map(|(head, scored)| {
        let percent = |scored: &Value| scored["confidence"].as_f64().unwrap_or_default() * 100.0;
        match scored["label"].as_str() {
            Some(label) if scored["abstained"] == Value::Bool(true) => {
                format!("{head} ({label} {:.0} %)", percent(scored))
            }
            Some(label) => format!("{head} {label} {:.0} %", percent(scored)),
            None => {
                let labels: Vec<_> = scored["labels"].as_array().into_iter().flatten().collect();
                let words: Vec<_> = labels.iter().filter_map(|scored| scored["label"].as_str()).collect();
                format!("{head} {}", if words.is_empty() { "–".into() } else { words.join(", ") })
            }
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Every effect and its state, a line each.
pub(super) fn effects(entry: &Entry) -> String {
    let lines = entry.effects.iter().map(|effect| {
        let value = match &effect.value {
            Value::String(text) => text.clone(),
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
            Value::Object(map) => map
                .iter()
                .map(|(k, v)| format!("{k} = {}", v.as_str().map_or_else(|| v.to_string(), str::to_owned)))
                .collect::<Vec<_>>()
                .join(", "),
            other => other.to_string(),
        };
        format!("{} {value}: {}", effect.kind, effect.state.as_str())
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn outcome(entry: &Entry) -> String {
    match &entry.reason {
        Some(reason) => format!("{}: {reason}", entry.outcome.as_str()),
        None => entry.outcome.as_str().to_owned(),
    }
}

/// Reads `2026-03-01T12:00:00Z`, `2026-03-01` (midnight UTC), or an age such as `90m`, `2h`, `7d`.
pub(super) fn since(text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    // A date is ten characters; a longer text that begins with one is a time without its zone, and not midnight.
    if let Ok(date) = text.parse::<civil::Date>()
        && text.len() == 10
    {
        return Ok(date.to_zoned(TimeZone::UTC)?.timestamp());
    }
    let help = || {
        anyhow!("`{text}` is no time; write 2026-03-01T12:00:00Z, 2026-03-01, or an age such as 90m, 2h, 7d")
    };
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(help)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(help()),
    };
    let age = number.parse::<u32>().ok().map(|number| i64::from(number) * seconds).ok_or_else(help)?;
    now.checked_sub(SignedDuration::from_secs(age)).with_context(|| format!("`{text}` is before time began"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_reads_times_dates_and_ages() {
        let now: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
        let check = |text, expected: &str| assert_eq!(since(text, now).unwrap().to_string(), expected);
        check("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z");
        check("2026-03-01", "2026-03-01T00:00:00Z");
        check("2h", "2026-03-01T22:00:00Z");
        check("1d", "2026-03-01T00:00:00Z");
        for wrong in ["", "h", "2x", "é", "yesterday", "-5h", "2026-03-01T12:00:00", "99999999999999999999d"]
        {
            assert!(since(wrong, now).is_err(), "{wrong}");
        }
    }
}
