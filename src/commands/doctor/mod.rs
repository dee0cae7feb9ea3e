//! `doctor`: why something does not work. It reads, and changes nothing.

mod account;
mod check;
mod checks;
mod headers;
mod machine;
mod signature;

use std::process::ExitCode;

use crate::cli::{About, Doctor};

pub(super) fn run(about: &Doctor) -> anyhow::Result<ExitCode> {
    match &about.about {
        None => checks::run(&about.checks),
        Some(About::Signature(args)) => signature::run(args),
    }
}
