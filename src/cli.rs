//! The command line as typed: one variant a command, nothing else; arguments in a file a subject. Each command's work is in `commands/`.

mod doctor;
mod ledger;
mod model;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use doctor::{About, Checks, Doctor, Signature};
pub use ledger::{
    Backup, Dead, Decisions, Export, Forget, Ledger, Promote, Replay, Report, ReportFormat, Undo,
};
pub use model::{Classify, Convert, Evaluate, Generate, Import, SuggestLabels, Train, ZeroShot};

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
    /// Put past decisions through another rulebook or bundle, on paper: which would come out differently, and whether that is
    /// nearer to what the agents settled on.
    #[command(
        after_help = "Examples:\n  deskbridge replay --config deskbridge.yaml --since 7d\n  deskbridge replay --config deskbridge.yaml --rulebook new-rules.yaml --json\n  deskbridge replay --config deskbridge.yaml --bundle my-bundle --since 30d"
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
    /// Find the kinds of tickets there are, and propose labels for them with examples; for tickets that nobody has labelled.
    #[command(
        after_help = "Examples:\n  deskbridge suggest-labels --tickets tickets.csv --out labels.yaml\n  deskbridge suggest-labels --tickets tickets.csv --abstained-by my-bundle   # what the bundle has no label for\n  deskbridge suggest-labels --tickets tickets.csv --out labels.yaml --assigned proposed.csv   # a tickets file to look through and train on"
    )]
    SuggestLabels(SuggestLabels),
    /// Train a bundle from labelled tickets.
    #[command(
        after_help = "Example:\n  deskbridge train --tickets tickets.csv --single category --single priority --out my-bundle"
    )]
    Train(Train),
    /// Make a bundle from descriptions of labels alone, for the day before there are labelled tickets.
    #[command(
        after_help = "The labels file is that of `generate`; `suggest-labels` writes one.\n\nExamples:\n  deskbridge zero-shot --labels labels.yaml --out first-bundle\n  deskbridge zero-shot --labels labels.yaml --multi topics --encoder onnx/multilingual --out first-bundle"
    )]
    ZeroShot(ZeroShot),
    /// Make a bundle of a classifier that you tuned yourself and exported to ONNX.
    #[command(
        after_help = "Examples:\n  optimum-cli export onnx --model my-classifier --task text-classification exported\n  deskbridge import --classifier exported --head category --tickets labelled.csv --out my-bundle"
    )]
    Import(Import),
    /// Have a language model write training tickets from label descriptions. The endpoint that you name is told the
    /// descriptions and nothing of any ticket.
    #[command(after_help = model::GENERATE_HELP)]
    Generate(Generate),
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
    /// Find out why something does not work: checks everything from the disk to each account, and says what to do. Changes
    /// nothing.
    #[command(
        after_help = "Examples:\n  deskbridge doctor --config deskbridge.yaml\n  deskbridge doctor --account acme --json\n  deskbridge doctor signature --config deskbridge.yaml --account acme --headers headers.txt --body body.json"
    )]
    Doctor(Doctor),
    /// Export resolved tickets with the values the agents settled on, as a tickets file for `train`. The file holds
    /// customers' words, cleaned and redacted.
    #[command(
        after_help = "Examples:\n  deskbridge export --config deskbridge.yaml --account acme --since 2026-01-01 --out tickets.csv\n  deskbridge export --config deskbridge.yaml --account acme --since 90d --out tickets.csv   # again: goes on where it was interrupted"
    )]
    Export(Export),
    /// Let a label act, or stop it: writes it to the promotions file, with the figures that earned it.
    #[command(
        after_help = "Examples:\n  deskbridge promote --config deskbridge.yaml --list\n  deskbridge promote --config deskbridge.yaml --label billing\n  deskbridge promote --config deskbridge.yaml --head category --label billing --mode shadow   # takes it back"
    )]
    Promote(Promote),
    /// Put back what a live decision changed, where nobody touched it since; exit 1 where something had to be left.
    #[command(
        after_help = "Examples:\n  deskbridge undo --config deskbridge.yaml --decision 4711 --dry-run\n  deskbridge undo --config deskbridge.yaml --decision 4711"
    )]
    Undo(Undo),
    /// Remove what is kept of one requester: ledger, settled values, deliveries, reviewed tickets. Says what there is, and asks.
    #[command(
        after_help = "Examples:\n  deskbridge forget --config deskbridge.yaml --requester ines@mail.example\n  deskbridge forget --config deskbridge.yaml --requester 4471 --account acme --yes"
    )]
    Forget(Forget),
    /// Whether the ledger is whole: every entry follows from the one before.
    #[command(subcommand)]
    Ledger(Ledger),
    /// Copy the store while the daemon runs, and check the copy.
    #[command(
        after_help = "Example:\n  deskbridge backup --config deskbridge.yaml --out backup-$(date +%F).db"
    )]
    Backup(Backup),
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
