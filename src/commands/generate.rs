//! `generate`: tickets that a language model writes from label descriptions, as a tickets file for `train`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use deskbridge_connectors::Secret;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{prepare, runtime, terminal};
use crate::cli;
use crate::diagnostics::Diagnostic;
use crate::offline::generate::{self, Done, Endpoint, Generate, Labels, Patience, Step, Tickets};

pub(super) fn run(args: &cli::Generate) -> anyhow::Result<ExitCode> {
    let labels = match labels(&args.labels) {
        Ok(labels) => labels,
        Err(problems) => return Ok(prepare::refuse(&problems)),
    };
    let languages = languages(&args.languages)?;
    let key = args.api_key_file.as_deref().map(key).transpose()?;
    let endpoint = Endpoint::new(&args.endpoint, key.as_ref())?;
    let mut tickets = Tickets::open(&args.out, &labels)?;
    let per_label = usize::try_from(args.per_label).unwrap_or(usize::MAX);
    let bar = bar(labels.0.len() * per_label);
    let told = |step: Step| match step {
        Step::Asks(label) => bar.set_message(terminal::value(label)),
        Step::Rows(rows) => bar.set_position(rows as u64),
        Step::Waits(what, wait) => {
            bar.set_message(terminal::value(format_args!("{what}; waits {} s", wait.as_secs())));
        }
    };
    let generate = Generate {
        endpoint: &endpoint,
        model: args.model.as_deref(),
        labels: &labels,
        per_label,
        languages: &languages,
        seed: args.seed,
        patience: Patience::default(),
        told: &told,
    };
    let there = generate.rows(&tickets);
    bar.set_position(there as u64);
    bar.reset_eta();
    let outcome = runtime()?.block_on(async {
        tokio::select! {
            done = generate.run(&mut tickets) => done.map(Some),
            _ = tokio::signal::ctrl_c() => Ok(None),
        }
    });
    bar.finish_and_clear();
    let again = "the same command goes on from there";
    match outcome {
        Ok(Some(done)) => report(args, &labels, &done),
        Ok(None) => {
            terminal::remark(format!("interrupted; {again}"));
            Ok(ExitCode::from(1))
        }
        Err(problem) => bail!("{problem}; what was written stays, and {again}"),
    }
}

fn labels(path: &Path) -> Result<Labels, Vec<Diagnostic>> {
    let file = path.display().to_string();
    let help = "it is YAML; `deskbridge generate --help` shows one";
    let source = std::fs::read_to_string(path)
        .map_err(|error| vec![Diagnostic::file(&file, format!("cannot be read: {error}"), help)])?;
    generate::read(&file, &source)
}

fn languages(given: &[String]) -> anyhow::Result<Vec<String>> {
    let mut languages: Vec<String> = Vec::new();
    for code in given.iter().map(|code| code.trim().to_ascii_lowercase()) {
        if code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_lowercase()) {
            bail!("--languages takes ISO 639-1 codes of two letters, separated by commas, as in en,de");
        }
        if !languages.contains(&code) {
            languages.push(code);
        }
    }
    Ok(languages)
}

fn key(path: &Path) -> anyhow::Result<Secret> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("--api-key-file: {} cannot be read", path.display()))?;
    Ok(Secret::new(text))
}

/// Says what came of it; a label that is short of tickets makes the answer no.
fn report(args: &cli::Generate, labels: &Labels, done: &Done) -> anyhow::Result<ExitCode> {
    let wanted = usize::try_from(args.per_label).unwrap_or(usize::MAX);
    let short: Vec<_> = done.labels.iter().filter(|(_, _, rows)| *rows < wanted).collect();
    if args.json {
        let rows = |(head, label, rows): &(String, String, usize)| json!({ "head": head, "label": label, "rows": rows, "wanted": wanted });
        terminal::line(json!({
            "file": args.out,
            "written": done.written,
            "duplicates": done.duplicates,
            "requests": done.requests,
            "labels": done.labels.iter().map(rows).collect::<Vec<_>>(),
        }))?;
    } else {
        let file = args.out.display();
        terminal::line(format!(
            "{file}: {} tickets written in {} requests, {} dropped as duplicates",
            done.written, done.requests, done.duplicates
        ))?;
        terminal::remark(format!(
            "read some of them, then: deskbridge train --tickets {file} --single {} --out my-bundle",
            labels.heads().join(" ")
        ));
    }
    for (head, label, rows) in &short {
        terminal::remark(format!(
            "{head} {label}: {rows} of {wanted}; the model wrote nothing new any more. A longer description, another --seed or another --model helps"
        ));
    }
    Ok(if short.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn bar(wanted: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} tickets · {eta} · {msg}");
    let bar = ProgressBar::new(wanted as u64);
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}
