//! The command line as typed: one variant a command, nothing else. Each command's work is in `commands/`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Routes helpdesk tickets by a model you trained, and proves it in shadow mode first.
#[derive(Debug, Parser)]
#[command(name = "deskbridge", version, about, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Every command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon. SIGTERM drains and ends it; SIGHUP, or a changed file, reloads rulebook and bundle.
    #[command(after_help = "Example:\n  deskbridge serve --config deskbridge.yaml")]
    Serve(Settings),
    /// Check settings, rulebook, its cases and bundle: all problems at once, with file, line and column.
    #[command(
        after_help = "Examples:\n  deskbridge check --config deskbridge.yaml\n  deskbridge check --config deskbridge.yaml --online   # also credentials, groups, fields and agents"
    )]
    Check(Check),
    /// Run the rulebook's own cases, and say which rules no case covers.
    #[command(
        after_help = "Examples:\n  deskbridge test\n  deskbridge test routing-rules/support.yaml --cases routing-rules/cases --junit cases.xml"
    )]
    Test(Test),
    /// Print the JSON Schema of the rulebook, of its cases or of the settings, for editors.
    #[command(after_help = "Example:\n  deskbridge schema rulebook > routing-rules/rulebook.schema.json")]
    Schema {
        /// Of what.
        of: SchemaOf,
    },
    /// Put past decisions through another rulebook, on paper, and show which would come out differently.
    #[command(
        after_help = "Examples:\n  deskbridge replay --config deskbridge.yaml --since 7d\n  deskbridge replay --config deskbridge.yaml --rulebook new-rules.yaml --json"
    )]
    Replay(Replay),
    /// Hold the model's answers against what the agents settled on: agreement, thresholds, promotion, impact, drift.
    #[command(
        after_help = "Examples:\n  deskbridge report --config deskbridge.yaml --since 90d\n  deskbridge report --config deskbridge.yaml --format html --out report.html"
    )]
    Report(Report),
    /// Classify tickets: JSON Lines in ({"id","subject","body"}), JSON Lines out.
    #[command(
        after_help = "Example:\n  echo '{\"id\":\"1\",\"subject\":\"\",\"body\":\"I was charged twice\"}' | deskbridge classify --bundle onnx/starter"
    )]
    Classify(Classify),
    /// Show the whole decision for one ticket: scores, and every rule and why it did or did not match.
    #[command(
        after_help = "Examples:\n  deskbridge explain --config deskbridge.yaml --ticket acme/35436\n  deskbridge explain --config deskbridge.yaml --subject 'Refund' --body 'I was charged twice'"
    )]
    Explain(Explain),
    /// Train a bundle from labelled tickets.
    #[command(
        after_help = "Example:\n  deskbridge train --tickets tickets.csv --single category --single priority --out my-bundle"
    )]
    Train(Train),
    /// Measure a bundle on labelled tickets it was not trained on.
    #[command(
        after_help = "Example:\n  deskbridge evaluate --bundle my-bundle --tickets this-month.csv --json"
    )]
    Evaluate(Evaluate),
    /// Show the ledger: what was decided and what became of it.
    #[command(
        after_help = "Example:\n  deskbridge decisions --config deskbridge.yaml --since 2h --account acme --json"
    )]
    Decisions(Decisions),
    /// List, show, requeue or drop dead letters.
    #[command(
        subcommand,
        after_help = "Examples:\n  deskbridge dead list --config deskbridge.yaml\n  deskbridge dead requeue --config deskbridge.yaml 17"
    )]
    Dead(Dead),
    /// Let a label act, or stop it: writes it to the promotions file, with the figures that earned it.
    #[command(
        after_help = "Examples:\n  deskbridge promote --config deskbridge.yaml --list\n  deskbridge promote --config deskbridge.yaml --label billing\n  deskbridge promote --config deskbridge.yaml --head category --label billing --mode shadow   # takes it back"
    )]
    Promote(Promote),
    /// Show deskbridge at work against stand-in helpdesks of all three kinds, first in shadow mode, then live.
    #[command(after_help = "Example:\n  deskbridge demo --keep   # leaves it running")]
    Demo(Demo),
    /// Convert a base encoder (model.safetensors + tokenizer.json) to the quantised ONNX form that `train` takes.
    #[command(
        after_help = "Example:\n  deskbridge convert --from onnx/encoder --out onnx/encoder/encoder.onnx"
    )]
    Convert(Convert),
    /// Print completions for a shell.
    #[command(after_help = "Example:\n  deskbridge completions bash > /etc/bash_completion.d/deskbridge")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    #[command(after_help = "Example:\n  deskbridge man > deskbridge.1")]
    Man,
}

/// Where the settings are.
#[derive(Clone, Debug, Args)]
pub struct Settings {
    /// The settings file (YAML). Every key can also be set as DESKBRIDGE__SECTION__KEY.
    #[arg(short, long, value_name = "FILE", default_value = "deskbridge.yaml")]
    pub config: PathBuf,
}

/// `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The settings.
    #[command(flatten)]
    pub settings: Settings,
    /// Also ask each account: credentials, groups, fields, agents.
    #[arg(long)]
    pub online: bool,
    /// Print findings as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `test`.
#[derive(Debug, Args)]
pub struct Test {
    /// The rulebook.
    #[arg(value_name = "RULEBOOK", default_value = "routing-rules/support.yaml")]
    pub rulebook: PathBuf,
    /// The folder of the cases (*.yaml); `cases` beside the rulebook when left out.
    #[arg(long, value_name = "DIR")]
    pub cases: Option<PathBuf>,
    /// The bundle that classifies the cases without `predicted`, and whose heads the rules may name. Left out,
    /// onnx/starter where it is there.
    #[arg(long, value_name = "DIR")]
    pub bundle: Option<PathBuf>,
    /// The ONNX Runtime library; found by itself when left out.
    #[arg(long, value_name = "FILE")]
    pub runtime: Option<PathBuf>,
    /// JSON Lines: one a case, then one that sums up.
    #[arg(long)]
    pub json: bool,
    /// Also write the results as JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
}

/// What `schema` can describe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum SchemaOf {
    /// The rulebook.
    Rulebook,
    /// A file of the rulebook's cases.
    Cases,
    /// The settings.
    Config,
}

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
    /// JSON Lines: one a decision that differs or cannot be replayed, then one that sums up.
    #[arg(long)]
    pub json: bool,
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

/// `classify`.
#[derive(Debug, Args)]
pub struct Classify {
    /// The bundle.
    #[arg(long, value_name = "DIR", default_value = "onnx/starter")]
    pub bundle: PathBuf,
    /// The ONNX Runtime library; found by itself when left out.
    #[arg(long, value_name = "FILE")]
    pub runtime: Option<PathBuf>,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The settings.
    #[command(flatten)]
    pub settings: Settings,
    /// A ticket of an account, read from its platform.
    #[arg(long, value_name = "ACCOUNT/ID", conflicts_with_all = ["subject", "body"], required_unless_present_any = ["subject", "body"])]
    pub ticket: Option<String>,
    /// A subject line.
    #[arg(long, default_value = "")]
    pub subject: String,
    /// A text.
    #[arg(long, default_value = "")]
    pub body: String,
    /// The account whose words and mode apply to --subject and --body; the first one when left out.
    #[arg(long)]
    pub account: Option<String>,
    /// Print it as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `train`.
#[derive(Debug, Args)]
pub struct Train {
    /// Labelled tickets: CSV with a header, or JSON Lines.
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    pub tickets: Vec<PathBuf>,
    /// A column with one label a ticket.
    #[arg(long, value_name = "HEAD", num_args = 1..)]
    pub single: Vec<String>,
    /// A column with any number of labels a ticket, separated by `|`.
    #[arg(long, value_name = "HEAD", num_args = 1..)]
    pub multi: Vec<String>,
    /// Where the bundle goes.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The base encoder (encoder.onnx + tokenizer.json).
    #[arg(long, value_name = "DIR", default_value = "onnx/encoder")]
    pub encoder: PathBuf,
    /// Precision that a label's threshold is fitted to.
    #[arg(long, value_name = "SHARE", default_value_t = 0.96)]
    pub target_precision: f64,
    /// Makes the run repeatable.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The ONNX Runtime library; found by itself when left out.
    #[arg(long, value_name = "FILE")]
    pub runtime: Option<PathBuf>,
    /// Print the metrics as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `evaluate`.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// The bundle.
    #[arg(long, value_name = "DIR", default_value = "onnx/starter")]
    pub bundle: PathBuf,
    /// Labelled tickets: CSV with a header, or JSON Lines.
    #[arg(long, value_name = "FILE")]
    pub tickets: PathBuf,
    /// The ONNX Runtime library; found by itself when left out.
    #[arg(long, value_name = "FILE")]
    pub runtime: Option<PathBuf>,
    /// Print the metrics as JSON.
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
    /// At most so many, the newest.
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// JSON Lines.
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
    pub mode: crate::mode::Mode,
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

/// `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Leave the daemon and the stand-ins running at the end, until Ctrl-C.
    #[arg(long)]
    pub keep: bool,
    /// The bundle.
    #[arg(long, value_name = "DIR", default_value = "onnx/starter")]
    pub bundle: PathBuf,
    /// The rulebook.
    #[arg(long, value_name = "FILE", default_value = "routing-rules/support.yaml")]
    pub rulebook: PathBuf,
}

/// `convert`.
#[derive(Debug, Args)]
pub struct Convert {
    /// The folder with model.safetensors and tokenizer.json.
    #[arg(long, value_name = "DIR", default_value = "onnx/encoder")]
    pub from: PathBuf,
    /// The file to write.
    #[arg(long, value_name = "FILE", default_value = "onnx/encoder/encoder.onnx")]
    pub out: PathBuf,
}
