use std::fmt::Write as _;

use super::*;
use crate::fixtures;
use crate::graph::Graph;
use crate::session::EncoderSession;
use crate::train::{TrainOptions, train};

/// A model as such folders hold them: a row of numbers a token, masked. The mask is squared, so that forgetting it shows.
fn model(width: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(3);
    let rows = 30_522;
    let table: Vec<f32> = (0..rows * width).map(|_| random.f32() - 0.5).collect();
    let mut graph = Graph::new("somebody's");
    let axes = || [Axis::Named("batch"), Axis::Named("tokens")];
    let ids = graph.input("input_ids", DataType::INT64, &axes());
    let mask = graph.input("attention_mask", DataType::INT64, &axes());
    let segments = graph.input("token_type_ids", DataType::INT64, &axes());
    let table = graph.floats("embeddings", &[rows, width], &table);
    let seen = graph.op("Gather", &[&table, &ids], vec![int("axis", 0)]);
    let last = graph.int64s("last", &[2]);
    let float = |graph: &mut Graph, of: &str| {
        let cast = graph.op("Cast", &[of], vec![int("to", DataType::FLOAT as i64)]);
        graph.op("Unsqueeze", &[&cast, &last], vec![])
    };
    let (mask, segments) = (float(&mut graph, &mask), float(&mut graph, &segments));
    let masked = graph.op("Mul", &[&seen, &mask], vec![]);
    graph.node("", "Add", &[&masked, &segments], &["last_hidden_state".to_owned()], vec![]);
    let axes = [Axis::Named("batch"), Axis::Named("tokens"), Axis::Fixed(width as i64)];
    graph.output("last_hidden_state", DataType::FLOAT, &axes);
    graph.into_bytes().unwrap()
}

fn folder(pooling: Option<&str>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("onnx")).unwrap();
    std::fs::create_dir_all(folder.path().join("1_Pooling")).unwrap();
    std::fs::write(folder.path().join("onnx/model.onnx"), model(24)).unwrap();
    std::fs::copy(fixtures::encoder().join("tokenizer.json"), folder.path().join("tokenizer.json")).unwrap();
    if let Some(pooling) = pooling {
        std::fs::write(folder.path().join(POOLING), format!("{{\"{pooling}\": true}}")).unwrap();
    }
    folder
}

fn embedding(pooling: Option<&str>, ids: &[i64]) -> Vec<f32> {
    let folder = folder(pooling);
    let bytes = adopt(folder.path(), &model_in(folder.path()).unwrap()).unwrap();
    let file = folder.path().join("encoder.onnx");
    std::fs::write(&file, bytes).unwrap();
    EncoderSession::open(&file, &fixtures::runtime()).unwrap().run(ids).unwrap()
}

#[test]
fn what_is_pooled_is_what_the_folder_says_and_has_length_one() {
    let first = embedding(Some("pooling_mode_cls_token"), &[101]);
    let cls = embedding(Some("pooling_mode_cls_token"), &[101, 2023, 102]);
    let mean = embedding(Some("pooling_mode_mean_tokens"), &[101, 2023, 102]);
    let most = embedding(Some("pooling_mode_max_tokens"), &[101, 2023, 102]);
    for one in [&first, &cls, &mean, &most] {
        assert_eq!(one.len(), 24);
        assert!((one.iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-4);
    }
    let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
    assert!(near(&first, &cls), "the first token alone counts");
    assert!(!near(&cls, &mean) && !near(&mean, &most));
    assert!(near(&embedding(None, &[101, 2023, 102]), &mean), "the mean where nothing is said");
}

#[test]
fn what_cannot_be_adopted_says_why() {
    let other = folder(Some("pooling_mode_lasttoken"));
    let model = model_in(other.path()).unwrap();
    assert!(adopt(other.path(), &model).unwrap_err().contains("none of mean, max and cls"));
    std::fs::write(&model, b"no model at all").unwrap();
    assert!(adopt(other.path(), &model).unwrap_err().contains("model.onnx"));
    let mut graph = Graph::new("other");
    let text = graph.input("text", DataType::STRING, &[Axis::Fixed(1)]);
    graph.node("", "Identity", &[&text], &["out".to_owned()], vec![]);
    std::fs::write(&model, graph.into_bytes().unwrap()).unwrap();
    let why = adopt(other.path(), &model).unwrap_err();
    assert!(why.contains("no input `input_ids`; there are: text"), "{why}");
}

#[test]
fn a_bundle_is_trained_on_somebody_elses_encoder() {
    let own = folder(Some("pooling_mode_mean_tokens"));
    let mut csv = String::from("id,subject,body,category\n");
    for n in 0..20 {
        writeln!(csv, "b{n},,the invoice number {n} shows a wrong charge,billing").unwrap();
        writeln!(csv, "t{n},,the printer number {n} prints an error page,technical").unwrap();
    }
    let tickets = own.path().join("tickets.csv");
    std::fs::write(&tickets, csv).unwrap();
    let out = own.path().join("bundle");
    let options = TrainOptions {
        tickets: vec![tickets],
        single: vec!["category".into()],
        multi: Vec::new(),
        encoder: own.path().to_owned(),
        out: out.clone(),
        target_precision: 0.7,
        seed: 1,
        trained_at: "2026-03-01".into(),
    };
    train(&options, &fixtures::runtime(), &|_| {}).unwrap();
    let classifier = crate::Classifier::load(&out, &fixtures::runtime(), 1).unwrap();
    assert!(!classifier.manifest().encoder.contains("MiniLM"), "{}", classifier.manifest().encoder);
    let said = classifier.classify("", "the invoice shows a wrong charge").unwrap();
    assert_eq!(said.heads["category"].ranked[0].0, "billing");
}
