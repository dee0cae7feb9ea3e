//! `suggest-labels`: kinds of tickets that are there, proposed as labels with examples. It writes what it is asked to and nothing else.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Context;
use deskbridge_onnx::cell::defused;
use deskbridge_onnx::discover::{DiscoverOptions, Discovery, discover};
use serde_json::json;

use super::{prepare, terminal};
use crate::cli::SuggestLabels;
use crate::inference::brain;

/// Letters of an example that are shown.
const SHOWN: usize = 160;
/// Under this the clusters hardly stand apart.
const HARDLY: f64 = 0.05;

pub(super) fn run(args: SuggestLabels) -> anyhow::Result<ExitCode> {
    let runtime = match brain::onnx_runtime(args.runtime.as_deref(), &prepare::surroundings()) {
        Ok(runtime) => runtime,
        Err(error) => return Ok(prepare::refuse(&[brain::problem(&args.encoder, &error)])),
    };
    let bar = terminal::stages()?;
    let progress = |step| terminal::stage(&bar, step);
    let options = DiscoverOptions {
        tickets: args.tickets.clone(),
        encoder: args.encoder.clone(),
        abstained_by: args.abstained_by.clone(),
        smallest: args.smallest,
        seed: args.seed,
    };
    let found = discover(&options, &runtime, &progress);
    bar.finish_and_clear();
    let found = match found {
        Ok(found) => found,
        Err(problems) => {
            problems.iter().for_each(|problem| terminal::remark(format!("error: {problem}")));
            return Ok(ExitCode::from(2));
        }
    };
    if let Some(file) = &args.assigned {
        std::fs::write(file, tickets(&found, &args.head)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
        terminal::remark(format!("wrote {}: each ticket with its proposed label", file.display()));
    }
    let labels = labels_file(&found, &args.head);
    match &args.out {
        Some(file) => {
            std::fs::write(file, labels).with_context(|| format!("cannot write {}", file.display()))?;
            terminal::remark(format!("wrote {}: edit names and descriptions as you like", file.display()));
            if args.json {
                terminal::line(serde_json::to_string(&found)?)?;
            } else {
                table(&found)?;
            }
        }
        None if args.json => terminal::line(serde_json::to_string(&found)?)?,
        None => terminal::out(&labels)?,
    }
    if found.apart < HARDLY {
        terminal::remark("these tickets hardly fall into kinds; more of them, or other ones, may");
    }
    Ok(if found.clusters.is_empty() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// The labels file: names and descriptions to edit, examples as comments.
fn labels_file(found: &Discovery, head: &str) -> String {
    let mut out = format!(
        "# Proposed from {} tickets, {} of them in no group. Rename, describe, delete; give two the same name to join them.\n\
         heads:\n  {head}:\n",
        found.tickets, found.scattered
    );
    for cluster in &found.clusters {
        let words = cluster.words.join(", ");
        let description = json!(format!("Tickets about {words}."));
        // Quoted where YAML would read something else than text.
        let name = json!(cluster.name);
        let _ = writeln!(out, "    # {} tickets", cluster.size);
        for example in &cluster.examples {
            let _ = writeln!(out, "    #   {}: {}", example.id, short(&example.text));
        }
        let _ = writeln!(out, "    {name}: {description}");
    }
    out
}

/// One line, not too long.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN {
        return line;
    }
    format!("{}…", line.chars().take(SHOWN).collect::<String>())
}

/// A tickets file with the proposed label of each ticket; scattered ones have none.
fn tickets(found: &Discovery, head: &str) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["id", "subject", "body", head])?;
    for ticket in &found.assigned {
        let label = ticket.cluster.and_then(|at| found.clusters.get(at)).map_or("", |of| of.name.as_str());
        let cells = [ticket.id.as_str(), "", ticket.text.as_str(), label];
        writer.write_record(cells.map(|cell| defused(cell).into_owned()))?;
    }
    writer.into_inner().map_err(|error| anyhow::anyhow!("{error}"))
}

fn table(found: &Discovery) -> std::io::Result<()> {
    let mut table = terminal::table(&["label", "tickets", "words", "for example"]);
    for cluster in &found.clusters {
        let example = cluster.examples.first().map(|shown| short(&shown.text)).unwrap_or_default();
        table.add_row([cluster.name.clone(), cluster.size.to_string(), cluster.words.join(", "), example]);
    }
    terminal::line(table)?;
    terminal::line(format!(
        "{} kinds in {} tickets; {} belong to none of them",
        found.clusters.len(),
        found.tickets,
        found.scattered
    ))
}
