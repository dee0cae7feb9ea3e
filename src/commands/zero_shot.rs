//! `zero-shot`: a bundle from descriptions of labels alone, for the day before there are labelled tickets.

use std::process::ExitCode;

use deskbridge_onnx::{Described, HeadKind, zero_shot};

use super::{prepare, terminal};
use crate::cli::ZeroShot;
use crate::clock::{Clock, SystemClock};
use crate::inference::brain;
use crate::offline::generate;

pub(super) fn run(args: &ZeroShot) -> anyhow::Result<ExitCode> {
    let file = args.labels.display().to_string();
    let source = std::fs::read_to_string(&args.labels).map_err(|error| {
        anyhow::anyhow!("{file}: {error}; `deskbridge suggest-labels` writes such a file")
    })?;
    let labels = match generate::read(&file, &source) {
        Ok(labels) => labels,
        Err(problems) => return Ok(prepare::refuse(&problems)),
    };
    if let Some(unknown) = args.multi.iter().find(|head| !labels.heads().contains(&head.as_str())) {
        anyhow::bail!("--multi {unknown}: {file} has no such head; there are: {}", labels.heads().join(", "));
    }
    let runtime = match brain::onnx_runtime(args.runtime.as_deref(), &prepare::surroundings()) {
        Ok(runtime) => runtime,
        Err(error) => return Ok(prepare::refuse(&[brain::problem(&args.encoder, &error)])),
    };
    let heads: Vec<Described> =
        labels.heads().into_iter().map(|head| described(head, &labels, args)).collect();
    let today = SystemClock.now().strftime("%F").to_string();
    match zero_shot(&heads, &args.encoder, &args.out, &today, &runtime) {
        Ok(model) if args.json => {
            let heads: serde_json::Map<_, _> =
                heads.iter().map(|head| (head.name.clone(), names(head).into())).collect();
            let told = serde_json::json!({ "bundle": args.out, "model": model, "made": "zero_shot", "heads": heads });
            terminal::line(told)?;
        }
        Ok(_) => {
            for head in &heads {
                terminal::line(format!("{}: {}", head.name, names(head).join(", ")))?;
            }
            terminal::line(format!("bundle written to {}", args.out.display()))?;
            terminal::remark(
                "this is a zero-shot bundle: nobody knows how often it is right. Run it in shadow, label what it gets wrong \
                 (`deskbridge serve`, the review page), and train on your own tickets as soon as there are a hundred",
            );
        }
        Err(problems) => {
            problems.iter().for_each(|problem| terminal::remark(format!("error: {problem}")));
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn described(head: &str, labels: &generate::Labels, args: &ZeroShot) -> Described {
    let kind = if args.multi.iter().any(|multi| multi == head) { HeadKind::Multi } else { HeadKind::Single };
    let own = labels.0.iter().filter(|label| label.head == head);
    let labels = own.map(|label| (label.name.clone(), label.about.clone())).collect();
    Described { name: head.to_owned(), kind, labels }
}

fn names(head: &Described) -> Vec<String> {
    head.labels.iter().map(|(label, _)| label.clone()).collect()
}
