//! `convert`: a base encoder's weights to the quantised ONNX graph that `train` and the bundles use.

use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;
use deskbridge_onnx::convert;

use super::terminal;
use crate::cli::Convert;

pub(super) fn run(args: &Convert) -> anyhow::Result<ExitCode> {
    let packed = args.from.join(convert::PACKED);
    let digest = if packed.is_file() {
        let folder = args.out.parent().unwrap_or(Path::new("."));
        if !args.out.ends_with("encoder.onnx") {
            bail!(
                "--out must end in encoder.onnx: tokenizer.json and the encoder's prompt are written beside it"
            );
        }
        convert::multilingual(&packed, folder)?
    } else {
        convert::encoder(&args.from.join("model.safetensors"), &args.out)?
    };
    terminal::line(format!("{}  sha256 {digest}", args.out.display()))?;
    Ok(ExitCode::SUCCESS)
}
