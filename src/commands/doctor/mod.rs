//! `doctor`: why something does not work. It reads, and changes nothing.

mod checkup;
mod headers;
mod signature;

use std::process::ExitCode;

use crate::cli::{About, Doctor};

pub(super) fn run(args: &Doctor) -> anyhow::Result<ExitCode> {
    match &args.about {
        Some(About::Signature(args)) => signature::run(args),
        None => checkup::run(&args.everything),
    }
}
