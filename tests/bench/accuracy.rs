//! Accuracy: bundles trained on a few hundred tickets, measured on tickets they have not seen.
//!
//! Data sets are the CSV files (`body`, `category`) of the folder `DESKBRIDGE_DATA`; without it, the starter corpus.
//! Three seeds deal the tickets; with `n` tickets, as many labels are used as have ten tickets each on average, and
//! every label gets at least five. With `DESKBRIDGE_PYTHON=<python with scikit-learn and onnxruntime>` the ceiling is
//! the better of two usual recipes on the very same tickets (`onnx/baselines.py`); without, it is 1.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use deskbridge_onnx::train::{TrainOptions, train};
use deskbridge_onnx::{Classifier, Runtime, evaluate};

const SEEDS: [u64; 3] = [1, 2, 3];
/// Most tickets that are measured on: so many that little of a calibration error is chance.
const MEASURED: usize = 2000;

/// Text and label.
type Ticket = (String, String);

fn main() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project =
        project.ancestors().find(|folder| folder.join("onnx/encoder").is_dir()).expect("run `make setup`");
    let library = Runtime::locate(None, None, Path::new(""), project).expect("run `make setup` first");
    let runtime = Runtime::load(&library).unwrap();
    let (files, sizes) = data(project);
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        for &n in &sizes {
            let figures: Vec<BTreeMap<&str, f64>> =
                SEEDS.iter().map(|&seed| one(project, &runtime, &file, n, seed)).collect();
            print(&format!("{name}_{n}"), &figures);
        }
    }
}

fn one(project: &Path, runtime: &Runtime, file: &Path, n: usize, seed: u64) -> BTreeMap<&'static str, f64> {
    let folder = tempfile::tempdir().unwrap();
    let (learnt, measured) = deal(read(file), n, seed);
    let [training, test] = [("train.csv", learnt), ("test.csv", measured)].map(|(name, tickets)| {
        let path = folder.path().join(name);
        let mut writer = csv::Writer::from_path(&path).unwrap();
        writer.write_record(["id", "body", "category"]).unwrap();
        for (id, (text, label)) in tickets.iter().enumerate() {
            writer.write_record([&id.to_string(), text, label]).unwrap();
        }
        writer.flush().unwrap();
        path
    });
    let options = TrainOptions {
        tickets: vec![training.clone()],
        single: vec!["category".into()],
        multi: vec![],
        encoder: project.join("onnx/encoder"),
        out: folder.path().join("bundle"),
        target_precision: 0.9,
        seed,
        trained_at: "today".into(),
    };
    train(&options, runtime, &|_| ()).unwrap_or_else(|problems| panic!("{problems:?}"));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let classifier = Classifier::load(&options.out, runtime, cores).unwrap();
    let head = evaluate(&classifier, &test).unwrap().heads.remove("category").unwrap();
    let mut figures = BTreeMap::from([
        ("accuracy", head.accuracy),
        ("macro_f1", head.macro_f1),
        ("ece", head.ece),
        ("ece_by_chance", head.ece_by_chance.unwrap_or_default()),
        ("coverage", head.coverage),
    ]);
    figures.extend(head.precision.map(|precision| ("precision", precision)));
    figures.extend(baselines(project, &training, &test));
    figures
}

#[expect(clippy::disallowed_methods, reason = "a benchmark is told its surroundings by the environment")]
fn baselines(project: &Path, training: &Path, test: &Path) -> Vec<(&'static str, f64)> {
    let Ok(python) = std::env::var("DESKBRIDGE_PYTHON") else { return vec![] };
    let script = project.join("onnx/baselines.py");
    let output = Command::new(python).arg(script).args([training, test]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let mut numbers = said.split_whitespace().map(|number| number.parse().unwrap());
    ["svm", "svm_macro_f1", "lr", "lr_macro_f1"]
        .into_iter()
        .map(|name| (name, numbers.next().unwrap()))
        .collect()
}

/// `n` tickets to learn from, at least five a label, and others to measure on.
fn deal(tickets: Vec<Ticket>, n: usize, seed: u64) -> (Vec<Ticket>, Vec<Ticket>) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut by_label: BTreeMap<String, Vec<Ticket>> = BTreeMap::new();
    tickets.into_iter().for_each(|ticket| by_label.entry(ticket.1.clone()).or_default().push(ticket));
    let mut labels: Vec<Vec<Ticket>> = by_label.into_values().collect();
    random.shuffle(&mut labels);
    labels.truncate((n / 10).max(2));
    let (mut learnt, mut rest) = (Vec::new(), Vec::new());
    for mut tickets in labels {
        random.shuffle(&mut tickets);
        learnt.extend(tickets.drain(..5.min(tickets.len())));
        rest.extend(tickets);
    }
    random.shuffle(&mut rest);
    // At least a fifth is kept to measure on.
    let more = n.saturating_sub(learnt.len()).min(rest.len() * 4 / 5);
    learnt.extend(rest.drain(..more));
    rest.truncate(MEASURED);
    (learnt, rest)
}

fn read(file: &Path) -> Vec<Ticket> {
    let mut reader = csv::Reader::from_path(file).unwrap();
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|h| h == name).expect("columns `body` and `category`");
    let (body, category, subject) =
        (column("body"), column("category"), header.iter().position(|h| h == "subject"));
    let rows = reader.records().map(|record| record.unwrap()).map(|record| {
        let subject = subject.and_then(|at| record.get(at)).unwrap_or_default();
        (format!("{subject}\n{}", &record[body]), record[category].to_owned())
    });
    rows.filter(|(text, label)| !text.trim().is_empty() && !label.is_empty()).collect()
}

#[expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark is told its data by the environment and says so"
)]
fn data(project: &Path) -> (Vec<PathBuf>, Vec<usize>) {
    match std::env::var("DESKBRIDGE_DATA") {
        Ok(folder) => {
            let entries =
                std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("DESKBRIDGE_DATA={folder}: {e}"));
            let mut files: Vec<PathBuf> = entries
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.extension().is_some_and(|ending| ending == "csv"))
                .collect();
            files.sort();
            let sizes = std::env::var("DESKBRIDGE_SIZES").unwrap_or_else(|_| "100,300,500,2000".into());
            (files, sizes.split(',').map(|n| n.parse().expect("DESKBRIDGE_SIZES: numbers")).collect())
        }
        Err(_) => {
            println!("DESKBRIDGE_DATA is not set: the tickets are the starter corpus");
            (vec![project.join("onnx/starter/corpus.csv")], vec![100, 300])
        }
    }
}

#[expect(clippy::print_stdout, reason = "a benchmark's result is its output")]
fn print(name: &str, figures: &[BTreeMap<&str, f64>]) {
    let mean = |key: &str| {
        let values: Vec<f64> = figures.iter().filter_map(|f| f.get(key).copied()).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    for (key, ceilings) in [
        ("accuracy", ["svm", "lr"]),
        ("macro_f1", ["svm_macro_f1", "lr_macro_f1"]),
        ("coverage", [""; 2]),
        ("precision", [""; 2]),
    ] {
        let Some(value) = mean(key) else { continue };
        let ceiling = ceilings.iter().filter_map(|c| mean(c)).reduce(f64::max).unwrap_or(1.0);
        println!(
            "BENCH name={key}_{name} value={value:.4} unit=share ceiling={ceiling:.4} ratio={:.3}",
            value / ceiling
        );
    }
    let ece = mean("ece").unwrap_or_default();
    println!("BENCH name=ece_{name} value={ece:.4} unit=share ceiling=0.05 ratio={:.3}", ece / 0.05);
    let chance = mean("ece_by_chance").unwrap_or_default();
    println!(
        "  {name}: a perfectly calibrated head would show a calibration error of {chance:.4} on these tickets"
    );
    if let (Some(svm), Some(lr)) = (mean("svm"), mean("lr")) {
        println!("  {name}: TF-IDF + linear SVM {svm:.4}, encoder + logistic regression {lr:.4}");
    }
}
