//! `classify`: JSON Lines in, JSON Lines out.

use std::io::BufRead;
use std::process::ExitCode;

use anyhow::anyhow;
use deskbridge_onnx::contract_json;
use serde::Deserialize;

use super::{prepare, terminal};
use crate::cli::Classify;
use crate::inference::brain;

/// A line of input. Other keys are ignored, so that a tickets file can be piped in as it is.
#[derive(Deserialize)]
struct Line {
    id: Id,
    subject: Option<String>,
    body: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Text(String),
    Number(serde_json::Number),
}

pub(super) fn run(args: &Classify) -> anyhow::Result<ExitCode> {
    let around = prepare::surroundings();
    let classifier = match brain::classifier(&args.bundle, args.runtime.as_deref(), &around, 1) {
        Ok(classifier) => classifier,
        Err(error) => return Ok(prepare::refuse(&[brain::problem(&args.bundle, &error)])),
    };
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line.map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData => {
                anyhow!("standard input:{}: this line is not UTF-8", number + 1)
            }
            _ => anyhow!("standard input cannot be read: {error}"),
        })?;
        // Some editors and shells put a byte order mark before the first line.
        let line = line.strip_prefix('\u{feff}').unwrap_or(&line);
        if line.trim().is_empty() {
            continue;
        }
        let ticket: Line = serde_json::from_str(line).map_err(|error| {
            let what = if error.is_data() { "wants the keys id, subject, body" } else { "is not JSON" };
            anyhow!("standard input:{}:{}: this line {what}", number + 1, error.column())
        })?;
        let id = match ticket.id {
            Id::Text(text) => text,
            Id::Number(number) => number.to_string(),
        };
        let (subject, body) = (ticket.subject.unwrap_or_default(), ticket.body.unwrap_or_default());
        let prediction = classifier.classify(&subject, &body)?;
        terminal::line(contract_json(&id, &prediction))?;
    }
    Ok(ExitCode::SUCCESS)
}
