//! Commands about what was decided: the ledger, its report, and what may act.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Settings;

/// `replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// The settings.
    #[command(flatten)]
    pub settings: Settings,
    /// Only decisions since then: a time (2026-03-01T12:00:00Z), a date, or an age (2h, 7d).
    #[arg(long, value_name = "T")]
    pub since: Option<String>,
    /// The rulebook to decide by; the settings' own when left out.
    #[arg(long, value_name = "FILE")]
    pub rulebook: Option<PathBuf>,
    /// Another bundle to decide by. The ledger keeps no text, so each ticket is read from its platform again (reads only);
    /// without --since those of the last 7 days.
    #[arg(long, value_name = "DIR")]
    pub bundle: Option<PathBuf>,
    /// With --bundle: at most so many decisions, the newest.
    #[arg(long, value_name = "N", default_value_t = 500, requires = "bundle")]
    pub limit: usize,
    /// JSON Lines: one a decision that differs or cannot be replayed, then one that sums up.
    #[arg(long)]
    pub json: bool,
}

/// `decisions`.
#[derive(Debug, Args)]
pub struct Decisions {
    /// The settings.
    #[command(flatten)]
    pub settings: Settings,
    /// Only decisions since then: a time (2026-03-01T12:00:00Z), a date, or an age (2h, 7d).
    #[arg(long, value_name = "T")]
    pub since: Option<String>,
    /// Only this account.
    #[arg(long, value_name = "A")]
    pub account: Option<String>,
    /// Show only the N most recent; on a terminal 50 when left out.
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// Show all of them, also on a terminal.
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
    /// JSON Lines.
    #[arg(long)]
    pub json: bool,
}

/// `undo`.
#[derive(Debug, Args)]
pub struct Undo {
    /// The settings.
    #[command(flatten)]
    pub settings: Settings,
    /// The decision's number in the ledger.
    #[arg(long, value_name = "ID")]
    pub decision: i64,
    /// Only say what would be put back.
    #[arg(long)]
    pub dry_run: bool,
    /// Print it as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `dead …`.
#[derive(Debug, Subcommand)]
pub enum Dead {
    /// List dead letters.
    List {
        /// The settings.
        #[command(flatten)]
        settings: Settings,
        /// JSON Lines.
        #[arg(long)]
        json: bool,
    },
    /// Show one dead letter.
    Show {
        /// The settings.
        #[command(flatten)]
        settings: Settings,
        /// Its number.
        id: i64,
        /// Also print the delivery's body, which may hold ticket text.
        #[arg(long)]
        body: bool,
        /// Print it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Put dead letters back into the inbox.
    Requeue {
        /// The settings.
        #[command(flatten)]
        settings: Settings,
        /// Their numbers.
        #[arg(required_unless_present = "all")]
        ids: Vec<i64>,
        /// All of them.
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
    /// Forget dead letters for good.
    Drop {
        /// The settings.
        #[command(flatten)]
        settings: Settings,
        /// Their numbers.
        #[arg(required = true)]
        ids: Vec<i64>,
    },
}

/// `report`.
#[derive(Debug, Args)]
pub struct Report {
    /// The settings.
    #[command(flatten)]
    pub settings: Settings,
    /// Only decisions since then: a time (2026-03-01T12:00:00Z), a date, or an age (2h, 7d).
    #[arg(long, value_name = "T")]
    pub since: Option<String>,
    /// Tell before and after by when a ticket was opened, and not by whether it was decided live.
    #[arg(long, value_name = "T")]
    pub before: Option<String>,
    /// How it is written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: ReportFormat,
    /// Write to this file and not to standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Rows as JSON Lines, in place of a store's.
    #[arg(long, value_name = "FILE", hide = true)]
    pub rows: Option<PathBuf>,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ReportFormat {
    /// Tables for a terminal.
    Text,
    /// One JSON object.
    Json,
    /// One HTML file that needs nothing else.
    Html,
}

/// `promote`.
#[derive(Debug, Args)]
pub struct Promote {
    /// The settings.
    #[command(flatten)]
    pub settings: Settings,
    /// The label.
    #[arg(long, value_name = "LABEL", required_unless_present = "list")]
    pub label: Option<String>,
    /// Its head; found by itself where only one has the label.
    #[arg(long, value_name = "HEAD")]
    pub head: Option<String>,
    /// How far it may go: live, suggest, or shadow to take it back.
    #[arg(long, value_name = "MODE", default_value = "live")]
    pub mode: crate::domain::mode::Mode,
    /// Also take the threshold that the data proposes, where it was verified on tickets it was not fitted on.
    #[arg(long)]
    pub threshold: bool,
    /// Promote although the figures do not allow it yet. The file says so.
    #[arg(long)]
    pub force: bool,
    /// Show what would be written, and write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Where every label stands, and nothing else.
    #[arg(long, conflicts_with_all = ["label", "head", "threshold", "force", "dry_run"])]
    pub list: bool,
    /// Print it as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `export`.
#[derive(Debug, Args)]
pub struct Export {
    /// The settings.
    #[command(flatten)]
    pub settings: Settings,
    /// The account.
    #[arg(long, value_name = "A")]
    pub account: String,
    /// Resolved since then: a time (2026-03-01T12:00:00Z), a date, or an age (2h, 90d).
    #[arg(long, value_name = "DATE")]
    pub since: String,
    /// Resolved before then; five minutes ago when left out, because a platform's index lags.
    #[arg(long, value_name = "DATE")]
    pub until: Option<String>,
    /// The tickets file: .csv or .jsonl.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Also take values that deskbridge wrote itself and nobody confirmed.
    #[arg(long)]
    pub ours: bool,
    /// Print what was exported as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `forget`.
#[derive(Debug, Args)]
pub struct Forget {
    /// The settings.
    #[command(flatten)]
    pub settings: Settings,
    /// Their e-mail address, or the platform's id of them.
    #[arg(long, value_name = "ADDRESS|ID")]
    pub requester: String,
    /// Only on this account.
    #[arg(long, value_name = "A")]
    pub account: Option<String>,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `ledger`.
#[derive(Debug, Subcommand)]
pub enum Ledger {
    /// Check every entry against the one before. Exit code 1 where one does not follow.
    #[command(
        after_help = "Note the head that it prints somewhere else: only a noted head tells that entries were cut off the end.\n\nExamples:\n  deskbridge ledger verify --config deskbridge.yaml\n  deskbridge ledger verify --config deskbridge.yaml --head 5d41402a…"
    )]
    Verify {
        /// The settings.
        #[command(flatten)]
        settings: Settings,
        /// A head that was printed earlier: is it still in the chain?
        #[arg(long, value_name = "DIGEST")]
        head: Option<String>,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// `backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// The settings.
    #[command(flatten)]
    pub settings: Settings,
    /// The file to write; it must not be there yet.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}
