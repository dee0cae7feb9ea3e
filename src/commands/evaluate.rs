//! `evaluate`: a bundle's figures on labelled tickets, as a table or as JSON.

use std::process::ExitCode;

use deskbridge_onnx::evaluate;

use super::{prepare, terminal};
use crate::cli::Evaluate;
use crate::inference::brain;

pub(super) fn run(args: &Evaluate) -> anyhow::Result<ExitCode> {
    let around = prepare::surroundings();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let classifier = match brain::classifier(&args.bundle, args.runtime.as_deref(), &around, threads) {
        Ok(classifier) => classifier,
        Err(error) => return Ok(prepare::refuse(&[brain::problem(&args.bundle, &error)])),
    };
    match evaluate(&classifier, &args.tickets) {
        Ok(found) if args.json => terminal::line(serde_json::to_string(&found)?)?,
        Ok(found) => terminal::line(&found)?,
        Err(problems) => {
            problems.iter().for_each(|problem| terminal::remark(format!("error: {problem}")));
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}
