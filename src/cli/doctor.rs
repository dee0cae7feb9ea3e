//! Commands that find out why something does not work.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Settings;

/// `doctor`: every check, or one question in depth.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Doctor {
    /// One question in depth.
    #[command(subcommand)]
    pub about: Option<About>,
    /// What to check when no question is asked.
    #[command(flatten)]
    pub checks: Checks,
}

/// `doctor` without a question.
#[derive(Debug, Args)]
pub struct Checks {
    /// The settings.
    #[command(flatten)]
    pub settings: Settings,
    /// Only this account.
    #[arg(long, value_name = "A")]
    pub account: Option<String>,
    /// Print it as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `doctor …`.
#[derive(Debug, Subcommand)]
pub enum About {
    /// Explain why a delivery does not verify: its headers and its body, as they arrived. Prints no secret, no signature
    /// and no word of the body.
    #[command(
        after_help = "Examples:\n  deskbridge doctor signature --config deskbridge.yaml --account acme --headers headers.txt --body body.json\n  deskbridge doctor signature --account acme --headers headers.txt --body body.json --received-at 2026-11-20T10:00:31Z"
    )]
    Signature(Signature),
}

/// `doctor signature`.
#[derive(Debug, Args)]
pub struct Signature {
    /// The settings.
    #[command(flatten)]
    pub settings: Settings,
    /// The account it was posted to.
    #[arg(long, value_name = "A")]
    pub account: String,
    /// The headers, `Name: value` a line, as a proxy or `curl -i` prints them.
    #[arg(long, value_name = "FILE")]
    pub headers: PathBuf,
    /// The body, byte for byte.
    #[arg(long, value_name = "FILE")]
    pub body: PathBuf,
    /// When it arrived: a time (2026-03-01T12:00:00Z) or an age (2h); now when left out.
    #[arg(long, value_name = "TIME")]
    pub received_at: Option<String>,
    /// Print it as JSON.
    #[arg(long)]
    pub json: bool,
}
