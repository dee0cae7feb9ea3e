//! `convert`: a base encoder's weights to the quantised ONNX graph that `train` and the bundles use.

use std::process::ExitCode;

use super::terminal;
use crate::cli::Convert;

pub(super) fn run(args: &Convert) -> anyhow::Result<ExitCode> {
    let digest = deskbridge_onnx::convert::encoder(&args.from.join("model.safetensors"), &args.out)?;
    terminal::line(format!("{}  sha256 {digest}", args.out.display()))?;
    Ok(ExitCode::SUCCESS)
}
