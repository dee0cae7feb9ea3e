//! Parses the command line, runs the command, and maps its result to an exit code.

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
            commands::complain(&error);
            ExitCode::from(2)
        }
    }
}
