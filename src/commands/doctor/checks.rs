//! `doctor`: every check there is, each on its own, so that what is broken hides nothing of the rest. Changes nothing.

use std::process::ExitCode;

use anyhow::bail;
use serde_json::json;

use super::check::{About, Check, State};
use super::{account, machine};
use crate::cli::Checks;
use crate::clock::{Clock, SystemClock};
use crate::commands::{BAD_SETTINGS, cases, prepare, runtime, terminal};
use crate::settings::{Account, Settings};

pub(super) fn run(args: &Checks) -> anyhow::Result<ExitCode> {
    let now = SystemClock.now();
    let prepare::Everything { settings, brain, findings } = prepare::everything(&args.settings);
    let files = About("machine");
    let mut found: Vec<Check> = findings.iter().map(|one| files.of("configuration", one)).collect();
    let Ok(settings) = settings else {
        print(&found, args.json)?;
        return Ok(ExitCode::from(BAD_SETTINGS));
    };
    let accounts = chosen(&settings, args.account.as_deref())?;
    if let Some(brain) = &brain {
        found.extend(cases::findings(&settings, brain).iter().map(|one| files.of("cases", one)));
        if found.is_empty() {
            found.push(files.fine("configuration", "settings, rulebook, cases and bundle"));
        }
        found.extend(machine::model(brain, &settings, now));
    }
    found.extend(machine::certificates(&settings, now));
    let (rows, health) = machine::store(&settings, now);
    found.extend(rows);
    let rulebook = brain.as_ref().map(|brain| &brain.rulebook);
    let asked = runtime()?.block_on(async {
        let one = async |account: &Account| {
            let (mut rows, webhook) = tokio::join!(
                account::checks(&settings, account, rulebook),
                machine::webhook(&settings, account.name())
            );
            rows.push(webhook);
            rows
        };
        // All at once: an account that hangs holds no other one up.
        let mut running: Vec<_> = accounts.iter().map(|account| Box::pin(one(account))).collect();
        let mut done: Vec<Option<Vec<Check>>> = vec![None; running.len()];
        std::future::poll_fn(|context| {
            for (task, rows) in running.iter_mut().zip(&mut done).filter(|(_, rows)| rows.is_none()) {
                if let std::task::Poll::Ready(got) = task.as_mut().poll(context) {
                    *rows = Some(got);
                }
            }
            match done.iter().all(Option::is_some) {
                true => std::task::Poll::Ready(()),
                false => std::task::Poll::Pending,
            }
        })
        .await;
        done
    });
    for (account, rows) in accounts.iter().zip(asked) {
        found.extend(rows.unwrap_or_default());
        found.extend(machine::received(account.name(), health.as_ref(), now));
    }
    let worst = print(&found, args.json)?;
    Ok(if worst == State::Wrong { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn chosen<'a>(settings: &'a Settings, only: Option<&str>) -> anyhow::Result<Vec<&'a Account>> {
    let all = settings.accounts.iter();
    let chosen: Vec<&Account> = all.filter(|one| only.is_none_or(|only| one.name() == only)).collect();
    if let (true, Some(only)) = (chosen.is_empty(), only) {
        let known: Vec<&str> = settings.accounts.iter().map(Account::name).collect();
        bail!("there is no account `{only}`; the settings have {}", known.join(", "));
    }
    Ok(chosen)
}

/// Prints the rows and says what the worst is.
fn print(found: &[Check], as_json: bool) -> anyhow::Result<State> {
    let worst = found.iter().map(|row| row.state).max().unwrap_or(State::Fine);
    if as_json {
        terminal::line(json!({ "worst": worst, "checks": found }))?;
        return Ok(worst);
    }
    let mut table = terminal::table(&["", "of", "check", "seen, and what to do"]);
    for row in found {
        let remedy = row.remedy.as_ref().map(|remedy| format!("\n→ {remedy}")).unwrap_or_default();
        table.add_row([row.state.mark(), &row.about, row.check, &format!("{}{remedy}", row.seen)]);
    }
    terminal::line(table)?;
    let count = |state| found.iter().filter(|row| row.state == state).count();
    terminal::line(format!("{} wrong, {} warning(s)", count(State::Wrong), count(State::Warning)))?;
    Ok(worst)
}
