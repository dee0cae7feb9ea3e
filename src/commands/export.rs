//! `export`: resolved tickets as a tickets file. It reads from the platform, and writes the file and nothing else.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{decisions, prepare, runtime, terminal};
use crate::cli;
use crate::clock::{Clock, SystemClock};
use crate::daemon::open_accounts;
use crate::daemon::sources::sources;
use crate::offline::export::{Columns, Export, Sink, Step};

/// A platform's index lags behind by minutes.
const LAG: Duration = Duration::from_secs(300);
/// A shorter wait is not worth a word.
const WORTH_SAYING: Duration = Duration::from_secs(3);

pub(super) fn run(args: &cli::Export) -> anyhow::Result<ExitCode> {
    let prepare::Everything { settings, brain, findings } = prepare::everything(&args.settings);
    let (Ok(settings), Some(brain)) = (settings, brain) else { return Ok(prepare::refuse(&findings)) };
    let now = SystemClock.now();
    let since = decisions::since(&args.since, now)?;
    let until = match &args.until {
        Some(text) => decisions::since(text, now)?,
        None => now - LAG,
    };
    if since >= until {
        bail!("--since {since} is not before {until}: there is nothing between them");
    }
    let accounts = open_accounts(&settings)?;
    let Some(account) = accounts.get(&args.account) else {
        let known: Vec<&str> = settings.accounts.iter().map(|account| account.name()).collect();
        bail!("there is no account `{}`; the settings have {}", args.account, known.join(", "));
    };
    let sources = sources(&settings, &brain);
    let Some(heads) = sources.get(&args.account).filter(|heads| !heads.sources.is_empty()) else {
        bail!("no head's value is found on a ticket; say where under `settling.heads`");
    };
    let store = if prepare::store_is_there(&settings) { Some(prepare::store(&settings)?) } else { None };
    let end = args.until.as_ref().map(|until| format!(" --until {until}")).unwrap_or_default();
    let what = format!("--account {} --since {}{end}", args.account, args.since);
    let mut sink = Sink::open(&args.out, Columns::of(heads), &what, (since, until))?;
    // An interrupted run keeps its times, whenever it goes on.
    let (since, until) = sink.times();
    let bar = bar(sink.rows());
    let told = |step: Step| match step {
        Step::Listed { tickets, total } => {
            let listed = bar.position() + tickets as u64;
            bar.set_length(total.unwrap_or(listed).max(listed).max(bar.length().unwrap_or(0)));
        }
        Step::Looked => bar.inc(1),
        Step::Waits(wait) if wait >= WORTH_SAYING => {
            bar.set_message(format!("the platform asks to wait {} s", wait.as_secs()));
        }
        Step::Waits(_) => {}
    };
    let export = Export {
        account: &Arc::clone(account),
        store: store.as_deref(),
        heads,
        ours: args.ours,
        since,
        until,
        told: &told,
    };
    let outcome = runtime()?.block_on(async {
        tokio::select! {
            done = export.run(&mut sink) => done.map(Some),
            _ = tokio::signal::ctrl_c() => Ok(None),
        }
    });
    bar.finish_and_clear();
    let file = args.out.display();
    let again = "the same command goes on from there";
    match outcome {
        Ok(Some(done)) if args.json => {
            terminal::line(json!({ "file": args.out, "rows": done.rows, "unlabelled": done.unlabelled }))?;
        }
        Ok(Some(done)) => {
            let heads: Vec<&str> = heads.sources.keys().map(String::as_str).collect();
            terminal::line(format!(
                "{file}: {} tickets, {} of them without a label; heads: {}",
                done.rows,
                done.unlabelled,
                heads.join(", ")
            ))?;
            terminal::remark("the file holds customers' words: keep it as you keep your tickets");
        }
        Ok(None) => {
            terminal::remark(format!("interrupted; {again}"));
            return Ok(ExitCode::from(1));
        }
        Err(problem) => bail!("{problem}; {again}"),
    }
    Ok(ExitCode::SUCCESS)
}

fn bar(rows: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} tickets · {per_sec} · {msg}");
    let bar = ProgressBar::new(rows as u64).with_position(rows as u64);
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
