//! Parses the command line, runs the command, and maps its result to an exit code.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use deskbridge::{cli, commands};

fn main() -> ExitCode {
    let arguments = cli::Cli::parse();
    match commands::run(arguments.command) {
        Ok(code) => code,
        // A reader that has seen enough (`| head`) is no failure.
        Err(error) if commands::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}
