//! Completes a bundle with the files too big for version control: `complete BUNDLE ENCODER`, part of `make setup`.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let done = match arguments.as_slice() {
        [bundle, encoder] => deskbridge_onnx::bundle::complete(Path::new(bundle), Path::new(encoder))
            .map_err(|error| error.to_string()),
        _ => Err("usage: complete BUNDLE ENCODER".into()),
    };
    let Err(what) = done else { return ExitCode::SUCCESS };
    // Where stderr is closed there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "complete: {what}");
    ExitCode::FAILURE
}
