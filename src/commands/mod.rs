//! One file a command. Each prints to standard output what was asked for, and to standard error all else.
//!
//! Exit codes: 0 fine · 1 the answer is no · 2 wrong use or an error · 78 bad settings or rulebook.

mod cases;
mod check;
mod classify;
mod convert;
mod dead;
mod decisions;
mod demo;
mod doctor;
mod evaluate;
mod explain;
mod export;
mod forget;
mod generate;
mod import;
mod ledger;
mod prepare;
mod promote;
mod replay;
mod report;
mod rotate;
mod schema;
mod serve;
mod suggest_labels;
mod terminal;
mod test;
mod train;
mod undo;
mod zero_shot;

use std::process::ExitCode;

use clap::CommandFactory;

use crate::cli::{Cli, Command};
use crate::daemon::descriptors;

/// Bad settings or a bad rulebook (`EX_CONFIG`).
const BAD_SETTINGS: u8 = 78;

/// Runs a command.
///
/// # Errors
/// Whatever is worth a plain sentence on standard error; the process then exits with 2.
pub fn run(command: Command) -> anyhow::Result<ExitCode> {
    descriptors::raise();
    match command {
        Command::Serve(args) => serve::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Schema { of } => schema::run(of),
        Command::Replay(args) => replay::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Classify(args) => classify::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Train(args) => train::run(args),
        Command::SuggestLabels(args) => suggest_labels::run(args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Decisions(args) => decisions::run(&args),
        Command::Dead(args) => dead::run(args),
        Command::Doctor(about) => doctor::run(&about),
        Command::Export(args) => export::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Import(args) => import::run(args),
        Command::ZeroShot(args) => zero_shot::run(&args),
        Command::Promote(args) => promote::run(&args),
        Command::Undo(args) => undo::run(&args),
        Command::Forget(args) => forget::run(&args),
        Command::Ledger(command) => ledger::run(&command),
        Command::Backup(args) => ledger::back_up(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Convert(args) => convert::run(&args),
        Command::Completions { shell } => {
            let mut out = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "deskbridge", &mut out);
            terminal::out(&String::from_utf8_lossy(&out))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Man => {
            let mut out = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut out)?;
            terminal::out(&String::from_utf8_lossy(&out))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Whether an error is only a reader that has gone away.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    })
}

/// Prints why a command failed.
pub fn complain(error: &anyhow::Error) {
    terminal::remark(format!("error: {error:#}"));
}

/// A runtime for commands that speak to platforms or the store.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
