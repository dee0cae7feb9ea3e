//! `schema`: the JSON Schema of a file that people write, on standard output.

use std::process::ExitCode;

use super::terminal;
use crate::cli::SchemaOf;
use crate::rulebook;
use crate::settings;

pub(super) fn run(of: SchemaOf) -> anyhow::Result<ExitCode> {
    let schema = match of {
        SchemaOf::Rulebook => rulebook::schema::rulebook(),
        SchemaOf::Cases => rulebook::schema::cases(),
        SchemaOf::Config => settings::schema(),
    };
    terminal::line(serde_json::to_string_pretty(&schema)?)?;
    Ok(ExitCode::SUCCESS)
}
