//! `train`: labelled tickets to a bundle, with a progress bar and the metrics of held-out tickets.

use std::process::ExitCode;

use anyhow::bail;
use deskbridge_onnx::train::{TrainOptions, train};

use super::{prepare, terminal};
use crate::cli::Train;
use crate::clock::{Clock, SystemClock};
use crate::inference::brain;

pub(super) fn run(args: Train) -> anyhow::Result<ExitCode> {
    if args.single.is_empty() && args.multi.is_empty() {
        bail!(
            "name at least one column to learn: --single category (one label a ticket) or --multi topics (several)"
        );
    }
    let runtime = match brain::onnx_runtime(args.runtime.as_deref(), &prepare::surroundings()) {
        Ok(runtime) => runtime,
        Err(error) => return Ok(prepare::refuse(&[brain::problem(&args.encoder, &error)])),
    };
    let bar = terminal::stages()?;
    let progress = |step| terminal::stage(&bar, step);
    let options = TrainOptions {
        tickets: args.tickets,
        single: args.single,
        multi: args.multi,
        encoder: args.encoder,
        out: args.out.clone(),
        target_precision: args.target_precision,
        seed: args.seed,
        trained_at: SystemClock.now().strftime("%F").to_string(),
    };
    let report = match train(&options, &runtime, &progress) {
        Ok(report) => report,
        Err(problems) => {
            bar.finish_and_clear();
            problems.iter().for_each(|problem| terminal::remark(format!("error: {problem}")));
            return Ok(ExitCode::from(2));
        }
    };
    bar.finish_and_clear();
    if args.json {
        terminal::line(serde_json::to_string(&report)?)?;
    } else {
        terminal::line(&report)?;
        terminal::line(format!("bundle written to {}", args.out.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}
