//! Classification: tickets a second through the classifier, against raw ONNX Runtime runs of the same encoder on input
//! that is tokenised already.
//!
//! Texts are the starter corpus; with `DESKBRIDGE_DATA=<folder>` the `body` columns of that folder's CSV files. They are measured as
//! tickets of eighty tokens, several texts put together and cut there, and as they come. The two take turns ticket by ticket, and
//! medians of some rounds are printed, because machines drift.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Instant;

use deskbridge_onnx::{Classifier, Runtime};

/// Tokens of a ticket.
const TOKENS: usize = 80;
/// Tickets a round.
const TICKETS: usize = 200;
/// Texts, and their token ids.
type Tickets = (Vec<String>, Vec<Vec<i64>>);

/// Rounds; the median of each figure is printed.
const ROUNDS: usize = 5;

#[expect(clippy::print_stdout, reason = "a benchmark's result is its output")]
fn main() {
    let project = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let library = Runtime::locate(None, None, Path::new(""), &project).expect("run `make setup` first");
    let runtime = Runtime::load(&library).unwrap();
    let texts = texts(&project);
    let one = Classifier::load(&project.join("onnx/starter"), &runtime, 1).unwrap();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let all = Classifier::load(&project.join("onnx/starter"), &runtime, cores).unwrap();
    let long = of_length(&one, &texts);
    let [short, long]: [Tickets; 2] = [texts, long].map(|texts| {
        let ids: Vec<Vec<i64>> = texts.iter().map(|text| one.tokenise(text).unwrap()).collect();
        (texts, ids)
    });
    let tokens = |ids: &[Vec<i64>]| ids.iter().map(Vec::len).sum::<usize>() as f64 / ids.len() as f64;
    println!("tickets of {:.0} tokens, and as they come of {:.0}", tokens(&long.1), tokens(&short.1));

    let mut rounds: Vec<[f64; 5]> = (0..ROUNDS)
        .map(|_| {
            let [bare, single] = in_turn(&one, &long);
            let [bare_short, single_short] = in_turn(&one, &short);
            [bare, single, rate(|| pooled(&all, &long.0)), bare_short, single_short]
        })
        .collect();
    let mut median = |at: usize| {
        rounds.sort_by(|a, b| a[at].total_cmp(&b[at]));
        rounds[ROUNDS / 2][at]
    };
    let (bare, single, pool) = (median(0), median(1), median(2));
    print("classify_one_thread", single, bare);
    print(&format!("classify_{cores}_threads"), pool, bare * cores as f64);
    beside("classify_beside_the_encoder", single, bare);
    let (bare, single) = (median(3), median(4));
    print("classify_one_thread_as_they_come", single, bare);
    beside("classify_beside_the_encoder_as_they_come", single, bare);
}

/// Text, tokens, words, heads and language together, beside a tenth of the encoder's time.
#[expect(clippy::print_stdout, reason = "a benchmark's result is its output")]
fn beside(name: &str, single: f64, bare: f64) {
    let (beside, tenth) = (1e6 / single - 1e6 / bare, 1e5 / bare);
    println!("BENCH name={name} value={beside:.0} unit=us ceiling={tenth:.0} ratio={:.2}", beside / tenth);
}

/// Tickets a second of the encoder alone and of the whole classification, each ticket by one right after the other, so that what the
/// machine does meanwhile happens to both.
fn in_turn(classifier: &Classifier, (texts, ids): &Tickets) -> [f64; 2] {
    let mut seconds = [0.0; 2];
    for (text, ids) in texts.iter().zip(ids) {
        let begun = Instant::now();
        classifier.run_raw(ids).unwrap();
        let between = Instant::now();
        classifier.classify("", text).unwrap();
        seconds[0] += (between - begun).as_secs_f64();
        seconds[1] += between.elapsed().as_secs_f64();
    }
    seconds.map(|seconds| texts.len() as f64 / seconds)
}

/// As many tickets of [`TOKENS`] tokens, or a little less: neighbours put together until there are enough words, and the last ones
/// taken off again.
fn of_length(classifier: &Classifier, texts: &[String]) -> Vec<String> {
    let tokens = |text: &str| classifier.tokenise(text).unwrap().len();
    (0..texts.len())
        .map(|first| {
            let mut text = String::new();
            let mut neighbours = texts.iter().cycle().skip(first);
            while tokens(&text) < TOKENS {
                text = format!("{text} {}", neighbours.next().unwrap()).trim().to_owned();
            }
            while tokens(&text) > TOKENS {
                text.truncate(text.trim_end().rfind(char::is_whitespace).unwrap());
            }
            text
        })
        .collect()
}

fn rate(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    TICKETS as f64 / begun.elapsed().as_secs_f64()
}

fn pooled(classifier: &Classifier, texts: &[String]) {
    let (done, answers) = mpsc::channel();
    for text in texts {
        let done = done.clone();
        classifier.submit(
            String::new(),
            text.clone(),
            Box::new(move |answer| done.send(answer.is_ok()).unwrap()),
        );
    }
    drop(done);
    assert!(answers.iter().take(texts.len()).all(|fine| fine));
}

#[expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark is told its data by the environment and says so"
)]
fn texts(project: &Path) -> Vec<String> {
    let files: Vec<PathBuf> = match std::env::var("DESKBRIDGE_DATA") {
        Ok(folder) => std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("DESKBRIDGE_DATA={folder}: {error}"))
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "csv"))
            .collect(),
        Err(_) => {
            println!("DESKBRIDGE_DATA is not set: the texts are the starter corpus");
            vec![project.join("onnx/starter/corpus.csv")]
        }
    };
    let mut texts = Vec::new();
    for file in files {
        let mut reader = csv::Reader::from_path(&file).unwrap();
        let body = reader.headers().unwrap().iter().position(|name| name == "body").expect("a column `body`");
        texts.extend(reader.records().map(|record| record.unwrap()[body].to_owned()));
    }
    let step = (texts.len() / TICKETS).max(1);
    texts.into_iter().step_by(step).cycle().take(TICKETS).collect()
}

#[expect(clippy::print_stdout, reason = "a benchmark's result is its output")]
fn print(name: &str, value: f64, ceiling: f64) {
    println!(
        "BENCH name={name} value={value:.1} unit=tickets/s ceiling={ceiling:.1} ratio={:.3}",
        value / ceiling
    );
}
