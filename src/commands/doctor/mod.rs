//! `doctor`: why something does not work. It reads, and changes nothing.

mod headers;
mod signature;

use std::process::ExitCode;

use crate::cli::Doctor;

pub(super) fn run(about: &Doctor) -> anyhow::Result<ExitCode> {
    match about {
        Doctor::Signature(args) => signature::run(args),
    }
}
