//! Commands about models: classify, train, generate, evaluate, convert.

use std::path::PathBuf;

use clap::Args;

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

/// `train`.
#[derive(Debug, Args)]
pub struct Train {
    /// Labelled tickets: CSV with a header, or JSON Lines. Of a ticket in several files the last one is believed.
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
    /// The base encoder: encoder.onnx + tokenizer.json, or a sentence-transformers folder with an ONNX model in it.
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

/// `suggest-labels`.
#[derive(Debug, Args)]
pub struct SuggestLabels {
    /// Tickets: CSV with a header, or JSON Lines. Labels in them are not looked at.
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    pub tickets: Vec<PathBuf>,
    /// What the labels answer: the head's name in the labels file.
    #[arg(long, value_name = "HEAD", default_value = "category")]
    pub head: String,
    /// Only tickets on which this bundle abstains.
    #[arg(long, value_name = "DIR")]
    pub abstained_by: Option<PathBuf>,
    /// A kind has at least so many tickets; one in two hundred, and 5 to 50, when left out.
    #[arg(long, value_name = "N")]
    pub smallest: Option<usize>,
    /// The labels file to write (YAML); standard output when left out.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Also write a tickets file (CSV) with each ticket's proposed label. It holds the tickets' words, redacted.
    #[arg(long, value_name = "FILE")]
    pub assigned: Option<PathBuf>,
    /// The base encoder (encoder.onnx + tokenizer.json).
    #[arg(long, value_name = "DIR", default_value = "onnx/encoder")]
    pub encoder: PathBuf,
    /// Makes the run repeatable.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The ONNX Runtime library; found by itself when left out.
    #[arg(long, value_name = "FILE")]
    pub runtime: Option<PathBuf>,
    /// Print what was found as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `zero-shot`.
#[derive(Debug, Args)]
pub struct ZeroShot {
    /// Heads, labels and what each is about (YAML).
    #[arg(long, value_name = "FILE")]
    pub labels: PathBuf,
    /// A head of which several labels may hold at once.
    #[arg(long, value_name = "HEAD", num_args = 1..)]
    pub multi: Vec<String>,
    /// Where the bundle goes.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The base encoder, as for `train`.
    #[arg(long, value_name = "DIR", default_value = "onnx/encoder")]
    pub encoder: PathBuf,
    /// The ONNX Runtime library; found by itself when left out.
    #[arg(long, value_name = "FILE")]
    pub runtime: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The exported classifier: model.onnx, config.json and tokenizer.json.
    #[arg(long, value_name = "DIR")]
    pub classifier: PathBuf,
    /// What its labels answer: the head's name in rulebook and reports.
    #[arg(long, value_name = "HEAD")]
    pub head: String,
    /// Labelled tickets that it was not tuned on, with a column of the head's name: they calibrate it.
    #[arg(long, value_name = "FILE")]
    pub tickets: Option<PathBuf>,
    /// Where the bundle goes.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Precision that a label's threshold is fitted to.
    #[arg(long, value_name = "SHARE", default_value_t = 0.96)]
    pub target_precision: f64,
    /// Makes the run repeatable.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The ONNX Runtime library; found by itself when left out.
    #[arg(long, value_name = "FILE")]
    pub runtime: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// What `generate --help` ends with.
pub(super) const GENERATE_HELP: &str = "The labels file (YAML): every head, its labels, and what each is about.
  heads:
    category:
      billing: \"Invoices, charges, refunds and payment methods.\"
      technical: \"Something does not work as it should.\"
    priority:
      high: \"Work stands still, or money is being lost.\"
      normal: \"Everything that can wait for a day.\"

Examples:
  deskbridge generate --labels labels.yaml --out synthetic.csv --endpoint http://localhost:11434/v1 --model llama3.1
  deskbridge generate --labels labels.yaml --out synthetic.csv --endpoint https://llm.example/v1 --model big --api-key-file key.txt --per-label 200 --languages en,de   # again: goes on where it was interrupted";

/// `generate`.
#[derive(Debug, Args)]
pub struct Generate {
    /// What to write about: a YAML file of heads, labels and their descriptions.
    #[arg(long, value_name = "FILE")]
    pub labels: PathBuf,
    /// The tickets file that rows are added to: .csv or .jsonl. What is in it already is counted.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The OpenAI-compatible service; /chat/completions is added. http:// to this machine only.
    #[arg(long, value_name = "URL")]
    pub endpoint: String,
    /// The model's name at the endpoint; a server of one model may need none.
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// A file that holds the endpoint's key.
    #[arg(long, value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
    /// Tickets a label.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub per_label: u32,
    /// The languages to write in, by turns (ISO 639-1).
    #[arg(long, value_name = "CODES", value_delimiter = ',', default_value = "en")]
    pub languages: Vec<String>,
    /// Varies what is asked for; the same one asks the same.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Print the result as JSON.
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

/// `convert`.
#[derive(Debug, Args)]
pub struct Convert {
    /// The folder with model.safetensors and tokenizer.json, or with the multilingual encoder as `make multilingual` fetches it.
    #[arg(long, value_name = "DIR", default_value = "onnx/encoder")]
    pub from: PathBuf,
    /// The file to write.
    #[arg(long, value_name = "FILE", default_value = "onnx/encoder/encoder.onnx")]
    pub out: PathBuf,
}
