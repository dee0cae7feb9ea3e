//! `import`: somebody's own fine-tuned classifier as a bundle, calibrated by labelled tickets.

use std::process::ExitCode;

use deskbridge_onnx::{ImportOptions, import};

use super::{prepare, terminal};
use crate::cli::Import;
use crate::clock::{Clock, SystemClock};
use crate::inference::brain;

pub(super) fn run(args: Import) -> anyhow::Result<ExitCode> {
    let runtime = match brain::onnx_runtime(args.runtime.as_deref(), &prepare::surroundings()) {
        Ok(runtime) => runtime,
        Err(error) => return Ok(prepare::refuse(&[brain::problem(&args.classifier, &error)])),
    };
    let options = ImportOptions {
        classifier: args.classifier,
        head: args.head,
        tickets: args.tickets,
        out: args.out,
        target_precision: args.target_precision,
        seed: args.seed,
        trained_at: SystemClock.now().strftime("%F").to_string(),
    };
    let bar = terminal::stages()?;
    let done = import(&options, &runtime, &|step| terminal::stage(&bar, step));
    bar.finish_and_clear();
    let imported = match done {
        Ok(imported) => imported,
        Err(problems) => {
            problems.iter().for_each(|problem| terminal::remark(format!("error: {problem}")));
            return Ok(ExitCode::from(2));
        }
    };
    if args.json {
        terminal::line(serde_json::to_string(&imported)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    terminal::line(format!("{}: {}", options.head, imported.labels.join(", ")))?;
    match &imported.metrics {
        Some(metrics) => terminal::line(metrics)?,
        None => terminal::remark(
            "nothing was calibrated: a label is named from a confidence of 0.99 on. Pass --tickets FILE with some hundred \
             labelled tickets that the classifier was not tuned on",
        ),
    }
    terminal::line(format!("bundle written to {}", imported.bundle.display()))?;
    Ok(ExitCode::SUCCESS)
}
