//! `replay`: past decisions through another rulebook, on paper. It reads, and changes nothing.

use std::collections::BTreeMap;
use std::process::ExitCode;

use deskbridge_connectors::Platform;
use serde_json::json;

use super::{decisions, prepare, runtime, terminal, test};
use crate::cli::Replay;
use crate::clock::{Clock, SystemClock};
use crate::replay::{self, Came, Change, Replayed};
use crate::store::Filter;

/// Decisions named of those that share a reason; `--json` names all.
const SHOWN: usize = 5;

pub(super) fn run(args: &Replay) -> anyhow::Result<ExitCode> {
    let settings = match prepare::settings(&args.settings) {
        Ok(settings) => settings,
        Err(code) => return Ok(code),
    };
    let since = args.since.as_deref().map(|text| decisions::since(text, SystemClock.now())).transpose()?;
    let used = |platform: &Platform| settings.accounts.iter().any(|account| account.platform == *platform);
    let platforms: Vec<Platform> = Platform::ALL.into_iter().filter(used).collect();
    let file = args.rulebook.as_deref().unwrap_or(&settings.rulebook);
    let loaded = test::vocabulary(&settings.model.bundle)
        .map_err(|problem| vec![problem])
        .and_then(|vocabulary| test::load(file, Some(&vocabulary), &platforms));
    let rulebook = match loaded {
        Ok((rulebook, warnings)) => {
            terminal::diagnostics(&warnings);
            rulebook
        }
        Err(problems) => return Ok(prepare::refuse(&problems)),
    };
    let past = runtime()?.block_on(prepare::store(&settings)?.decisions(&Filter::default()))?;
    let replayed =
        replay::replay(&rulebook, &past, |entry| since.is_none_or(|since| entry.decided_at >= since));
    let differ = replayed.iter().filter(|one| matches!(one.came, Came::Differs { .. })).count();
    let lost = replayed.iter().filter(|one| matches!(one.came, Came::NotReplayable { .. })).count();
    if args.json {
        for one in replayed.iter().filter(|one| one.came != Came::Same) {
            terminal::line(serde_json::to_string(one)?)?;
        }
        let same = replayed.len() - differ - lost;
        terminal::line(json!({
            "decisions": replayed.len(), "same": same, "differ": differ, "not_replayable": lost,
        }))?;
    } else {
        print(&replayed)?;
        terminal::line(format!(
            "{} decisions replayed: {differ} differ, {lost} cannot be told, {} are the same",
            replayed.len(),
            replayed.len() - differ - lost
        ))?;
    }
    Ok(if differ == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// What differs, by the rule behind it; then what cannot be told.
fn print(replayed: &[Replayed]) -> std::io::Result<()> {
    let mut by_rule: BTreeMap<&str, Vec<(&Replayed, &Change)>> = BTreeMap::new();
    for one in replayed {
        if let Came::Differs { changes, .. } = &one.came {
            for change in changes {
                by_rule.entry(&change.rule).or_default().push((one, change));
            }
        }
    }
    for (rule, changes) in by_rule {
        let mut tickets: Vec<i64> = changes.iter().map(|(one, _)| one.id).collect();
        tickets.dedup();
        terminal::line(format!("rule `{rule}`: {} decisions", tickets.len()))?;
        for (one, Change { added, what, .. }) in changes {
            let sign = if *added { '+' } else { '-' };
            terminal::line(format!("  {sign} {}/{} (decision {}): {what}", one.account, one.ticket, one.id))?;
        }
    }
    let mut by_reason: BTreeMap<&str, Vec<&Replayed>> = BTreeMap::new();
    for one in replayed {
        if let Came::NotReplayable { reason } = &one.came {
            by_reason.entry(reason).or_default().push(one);
        }
    }
    for (reason, of) in by_reason {
        let some =
            of.iter().take(SHOWN).map(|one| format!("{}/{} (decision {})", one.account, one.ticket, one.id));
        let more = if of.len() > SHOWN { ", …" } else { "" };
        terminal::line(format!("{} not replayable: {reason}", of.len()))?;
        terminal::line(format!("  {}{more}", some.collect::<Vec<_>>().join(", ")))?;
    }
    Ok(())
}
