//! `replay`: see below.
use crate::cli::Replay;
use std::process::ExitCode;
pub(super) fn run(_args: &Replay) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not yet")
}
