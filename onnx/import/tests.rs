//! With a classifier as the usual tools export one: ids, mask and segments to a logit a label, beside config.json.

use onnx_protobuf::tensor_proto::DataType;

use super::*;
use crate::classifier::Classifier;
use crate::fixtures;
use crate::graph::{Axis, Graph, int, ints};
use crate::prediction::OUT_OF_SCOPE;

/// Words of the tokenizer that speak for the one label and the other.
const MONEY: [&str; 4] = ["money", "price", "payment", "bill"];
const MACHINE: [&str; 4] = ["crash", "error", "broken", "screen"];

/// Adds up what each word says, averaged over the words that the mask lets through, far too surely.
fn model(sureness: f32) -> Vec<u8> {
    let tokenizer = tokenizers::Tokenizer::from_file(fixtures::encoder().join("tokenizer.json")).unwrap();
    let rows = 30_522;
    let mut table = vec![0f32; rows * 2];
    for (label, words) in [MONEY, MACHINE].into_iter().enumerate() {
        for word in words {
            let id = tokenizer.token_to_id(word).unwrap_or_else(|| panic!("{word} is a word of its own"));
            table[id as usize * 2 + label] = sureness;
        }
    }
    let mut graph = Graph::new("somebody's");
    let axes = || [Axis::Named("batch"), Axis::Named("tokens")];
    let ids = graph.input("input_ids", DataType::INT64, &axes());
    let mask = graph.input("attention_mask", DataType::INT64, &axes());
    graph.input("token_type_ids", DataType::INT64, &axes());
    let table = graph.floats("words", &[rows, 2], &table);
    let seen = graph.op("Gather", &[&table, &ids], vec![int("axis", 0)]);
    let last = graph.int64s("last", &[2]);
    let mask = graph.op("Cast", &[&mask], vec![int("to", DataType::FLOAT as i64)]);
    let mask = graph.op("Unsqueeze", &[&mask, &last], vec![]);
    let masked = graph.op("Mul", &[&seen, &mask], vec![]);
    let sums = vec![ints("axes", &[1]), int("keepdims", 0)];
    graph.node("", "ReduceMean", &[&masked], &["logits".to_owned()], sums);
    graph.output("logits", DataType::FLOAT, &[Axis::Named("batch"), Axis::Fixed(2)]);
    graph.into_bytes().unwrap()
}

const CONFIG_JSON: &str =
    r#"{"architectures":["BertForSequenceClassification"],"id2label":{"0":"billing","1":"technical"}}"#;

fn exported(config: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("model.onnx", &model(300.0));
    write("config.json", config.as_bytes());
    std::fs::copy(fixtures::encoder().join("tokenizer.json"), folder.path().join("tokenizer.json")).unwrap();
    folder
}

/// Tickets of which the classifier gets three in four right, and some that are none of its business.
fn tickets(folder: &Path) -> PathBuf {
    let mut csv = String::from("id,subject,body,category\n");
    for n in 0..120 {
        let (money, right) = (n % 2 == 0, n % 8 < 6);
        let word = if money { MONEY } else { MACHINE }[n / 2 % 4];
        let label = if money == right { "billing" } else { "technical" };
        csv += &format!("t{n},,please look at ticket number {n}: {word} again,{label}\n");
    }
    for n in 0..20 {
        csv += &format!("s{n},,weather report number {n} for the coast,out_of_scope\n");
    }
    let file = folder.join("tickets.csv");
    std::fs::write(&file, csv).unwrap();
    file
}

fn options(classifier: &Path, out: &Path, tickets: Option<PathBuf>) -> ImportOptions {
    ImportOptions {
        classifier: classifier.into(),
        head: "category".into(),
        tickets,
        out: out.into(),
        target_precision: 0.7,
        seed: 3,
        trained_at: "2026-01-02".into(),
    }
}

fn run(options: &ImportOptions) -> Result<Imported, Vec<Problem>> {
    import(options, &fixtures::runtime(), &|_| ())
}

#[test]
fn an_exported_classifier_serves_with_its_own_labels() {
    let (folder, out) = (exported(CONFIG_JSON), tempfile::tempdir().unwrap());
    let imported = run(&options(folder.path(), out.path(), None)).unwrap();
    assert_eq!((imported.tickets, imported.metrics), (0, None));
    let classifier = Classifier::load(out.path(), &fixtures::runtime(), 1).unwrap();
    assert!(classifier.manifest().caveat().unwrap().contains("--tickets"));
    assert_eq!(classifier.vocabulary()["category"], ["billing", "technical"]);
    let said = classifier.classify("Bill", "I want my money for the payment, the price on the bill").unwrap();
    assert_eq!(said.heads["category"].chosen, ["billing"]);
    let said = classifier.classify("", "a crash and an error on the broken screen").unwrap();
    assert_eq!(said.heads["category"].chosen, ["technical"]);
    assert!(!said.out_of_scope.unwrap().is, "nothing was learnt about that");
    let unsure = classifier.classify("", "good morning to all of you").unwrap();
    assert!(unsure.heads["category"].abstains());
}

#[test]
fn labelled_tickets_take_away_what_it_is_too_sure_of() {
    let (folder, out) = (exported(CONFIG_JSON), tempfile::tempdir().unwrap());
    let bare = tempfile::tempdir().unwrap();
    run(&options(folder.path(), bare.path(), None)).unwrap();
    let imported = run(&options(folder.path(), out.path(), Some(tickets(out.path())))).unwrap();
    let metrics = imported.metrics.unwrap();
    assert_eq!((imported.tickets, metrics.n), (140, 120));
    assert!((metrics.accuracy - 0.75).abs() < 0.01 && metrics.ece < 0.05, "{metrics:?}");
    let confidence = |bundle: &Path| {
        let classifier = Classifier::load(bundle, &fixtures::runtime(), 1).unwrap();
        let said = classifier.classify("", "please look at ticket number 7: crash again").unwrap();
        said.heads["category"].best().unwrap().1
    };
    assert!(confidence(bare.path()) > 0.95, "as exported it is all but certain");
    assert!((confidence(out.path()) - 0.75).abs() < 0.06, "{}", confidence(out.path()));
    let classifier = Classifier::load(out.path(), &fixtures::runtime(), 1).unwrap();
    assert_eq!(classifier.manifest().caveat(), None);
    let stranger = classifier.classify("", "weather report number 90 for the coast").unwrap();
    assert!(stranger.out_of_scope.unwrap().is, "{OUT_OF_SCOPE} was taught by twenty tickets");
}

#[test]
fn several_labels_may_hold_where_the_config_says_so() {
    let config = CONFIG_JSON.replace("{\"arch", "{\"problem_type\":\"multi_label_classification\",\"arch");
    let (folder, out) = (exported(&config), tempfile::tempdir().unwrap());
    assert_eq!(run(&options(folder.path(), out.path(), None)).unwrap().kind, HeadKind::Multi);
    let classifier = Classifier::load(out.path(), &fixtures::runtime(), 1).unwrap();
    let said = classifier.classify("", "money payment crash error").unwrap();
    assert_eq!(said.heads["category"].chosen, ["billing", "technical"]);
}

#[test]
fn what_cannot_be_imported_says_why() {
    let out = tempfile::tempdir().unwrap();
    let told = |config: &str, csv: Option<&str>| {
        let folder = exported(config);
        let tickets = csv.map(|csv| {
            let file = folder.path().join("t.csv");
            std::fs::write(&file, csv).unwrap();
            file
        });
        let problems = run(&options(folder.path(), out.path(), tickets)).unwrap_err();
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    assert!(told("{}", None).contains("`id2label` must name two labels or more"));
    assert!(told(r#"{"id2label":{"0":"a","1":"a"}}"#, None).contains("must differ"));
    assert!(
        told(r#"{"id2label":{"0":"a","1":"b","2":"c"}}"#, None)
            .contains("it has 2 labels, config.json names 3")
    );
    let regression = r#"{"id2label":{"0":"a","1":"b"},"problem_type":"regression"}"#;
    assert!(told(regression, None).contains("`problem_type` is regression"));
    assert!(told(CONFIG_JSON, Some("id,subject,body\n1,a,b\n")).contains("no column `category`"));
    let other = told(CONFIG_JSON, Some("id,subject,body,category\n1,a,b,sales\n2,a,b,billing\n"));
    assert!(
        other.contains("no label `sales`, which 1 tickets have") && other.contains("2 tickets have a label"),
        "{other}"
    );
    let empty = tempfile::tempdir().unwrap();
    std::fs::write(empty.path().join("config.json"), CONFIG_JSON).unwrap();
    assert!(
        run(&options(empty.path(), out.path(), None)).unwrap_err()[0]
            .to_string()
            .contains("holds no model.onnx")
    );
    assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0, "nothing is left behind");
}
