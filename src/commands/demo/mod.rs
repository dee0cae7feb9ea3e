//! `demo`: the real daemon against stand-in helpdesks of all kinds, first in shadow mode, then live.
//!
//! The daemon is a process of its own, started as a user would start it; the stand-ins are real servers that sign their
//! webhooks and enforce their platforms' rules. Nothing is taken on trust: at the end the desks' own state and request
//! logs are compared with the ledger, and the exit code is 0 only if every check held.

mod checks;
mod house;
mod play;

use std::process::ExitCode;
use std::sync::Arc;

use deskbridge_standins::scenario::{self, Play};
use deskbridge_standins::{Desk, start_all};

use self::checks::Check;
use self::house::House;
use self::play::Played;
use super::{decisions, runtime, terminal};
use crate::cli::Demo;
use crate::domain::mode::Mode;

pub(super) fn run(args: &Demo) -> anyhow::Result<ExitCode> {
    runtime()?.block_on(demo(args))
}

async fn demo(args: &Demo) -> anyhow::Result<ExitCode> {
    let desks = start_all().await?;
    let plays = scenario::tickets();
    let mut house = House::build(args, &desks)?;
    let mut checks = Vec::new();

    terminal::line(format!(
        "{} tickets on {} stand-in helpdesks, classified by {}\n",
        plays.len(),
        desks.len(),
        args.bundle.display()
    ))?;
    terminal::line("1. Shadow mode: everything but the writes")?;
    house.start(Mode::Shadow).await?;
    let shadow = play::all(&plays, &desks, &house, Mode::Shadow).await?;
    print_table(&plays, &shadow)?;
    checks.extend(checks::shadow(&desks, &shadow, &house).await?);
    house.stop().await?;

    terminal::line("\n2. Live mode: the same customers write again, with accidents on the way")?;
    house.start(Mode::Live).await?;
    let live = play::all(&plays, &desks, &house, Mode::Live).await?;
    print_table(&plays, &live)?;
    checks.extend(checks::live(&plays, &desks, &live, &house).await?);

    print_calls(&desks, &shadow, &live)?;
    let held = summary(&plays, &desks, &live, &checks)?;
    if args.keep {
        terminal::line(format!(
            "\nstill running: hooks {}, dashboard {}  (Ctrl-C ends it)",
            house.hooks(),
            house.admin()
        ))?;
        tokio::signal::ctrl_c().await?;
    }
    house.stop().await?;
    Ok(if held { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn print_table(plays: &[Play], played: &[Played]) -> anyhow::Result<()> {
    let mut table = terminal::table(&["ticket", "text", "predicted", "rules", "written (or withheld)", "ms"]);
    for one in played {
        let play = &plays[one.play];
        let excerpt: String =
            if play.ticket.subject.is_empty() { &play.ticket.body } else { &play.ticket.subject }
                .chars()
                .take(28)
                .collect();
        table.add_row([
            format!("{}/{}", one.account, one.ticket),
            format!("{}\n{excerpt}", play.kind),
            one.entry.as_ref().map(decisions::predicted).unwrap_or_default(),
            one.entry.as_ref().map(|entry| entry.rules.join("\n")).unwrap_or_default(),
            one.entry.as_ref().map(decisions::effects).unwrap_or_default(),
            one.took_ms.map(|ms| ms.to_string()).unwrap_or_default(),
        ]);
    }
    terminal::line(table)?;
    Ok(())
}

/// For one ticket of each desk: the write that shadow mode withheld, and the calls that live mode made.
fn print_calls(desks: &[Arc<dyn Desk>], shadow: &[Played], live: &[Played]) -> anyhow::Result<()> {
    terminal::line("\nThe calls for one ticket on each desk")?;
    for desk in desks {
        let of = |played: &'_ [Played]| {
            let told = |one: &&Played| one.account == desk.platform() && one.effects() > 2;
            played.iter().find(told).and_then(|one| one.entry.clone())
        };
        if let Some(withheld) = of(shadow).and_then(|entry| entry.withheld) {
            let part = |name: &str| withheld[name].as_str().unwrap_or_default().to_owned();
            terminal::line(format!("  {}", desk.platform()))?;
            terminal::line(format!(
                "    shadow withheld   {} {} {}",
                part("method"),
                part("path"),
                withheld["body"]
            ))?;
        }
        for (at, call) in of(live).into_iter().flat_map(|entry| entry.calls).enumerate() {
            let what = if at == 0 { "live" } else { "" };
            terminal::line(format!("    {what:<17} {} {} → {}", call.method, call.path, call.status))?;
        }
    }
    Ok(())
}

fn summary(
    plays: &[Play],
    desks: &[Arc<dyn Desk>],
    live: &[Played],
    checks: &[Check],
) -> anyhow::Result<bool> {
    terminal::line("\nWhat came of it")?;
    let chosen = live.iter().filter_map(|one| Some((plays[one.play].about, one.chose("category")?)));
    let (agreed, said) = chosen
        .fold((0, 0), |(agreed, said), (about, label)| (agreed + usize::from(about == label), said + 1));
    terminal::line(format!(
        "  the model named a category for {said} of {} tickets, in {agreed} cases the one a person would choose; it abstained on {}",
        live.len(),
        live.len() - said
    ))?;
    let mut took: Vec<i64> = live.iter().filter_map(|one| one.took_ms).collect();
    took.sort_unstable();
    if let (Some(median), Some(longest)) = (took.get(took.len() / 2), took.last()) {
        terminal::line(format!(
            "  webhook to first write: median {median} ms, longest {longest} ms (the longest waited out a 429)"
        ))?;
    }
    for desk in desks {
        let requests = desk.requests();
        let writes = requests.iter().filter(|request| request.is_write()).count();
        terminal::line(format!(
            "  {}: {} API calls, {writes} of them writes",
            desk.platform(),
            requests.len()
        ))?;
    }
    for check in checks {
        terminal::line(format!("  {} {}", if check.held { "✓" } else { "✗" }, check.what))?;
        check.faults.iter().try_for_each(|fault| terminal::line(format!("      {fault}")))?;
    }
    let held = checks.iter().all(|check| check.held);
    terminal::line(if held {
        "\neverything came out as the rulebook says"
    } else {
        "\nsomething did not come out as it should; see ✗ above"
    })?;
    Ok(held)
}
