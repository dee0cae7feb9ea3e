use std::collections::BTreeMap;
use std::sync::mpsc;

use super::*;
use crate::blend::Blend;
use crate::bundle::HeadEntry;
use crate::engine::judge;
use crate::fixtures;
use crate::prediction::HeadKind;

fn classifier(threads: usize) -> (tempfile::TempDir, Classifier) {
    let folder = fixtures::bundle();
    let classifier = Classifier::load(folder.path(), &fixtures::runtime(), threads).unwrap();
    (folder, classifier)
}

#[test]
fn tickets_are_classified_by_all_heads_at_once() {
    let (_folder, classifier) = classifier(1);
    let prediction =
        classifier.classify("Refund", "The invoice is wrong, I want my money back for this month.").unwrap();
    assert_eq!(prediction.heads["category"].best().unwrap().0, "billing");
    assert_eq!(prediction.heads["topics"].best().unwrap().0, "money");
    assert_eq!(prediction.language.code, "en");
    assert_eq!(prediction.model, classifier.digest().as_str());
    let sum: f32 = prediction.heads["category"].ranked.iter().map(|(_, c)| c).sum();
    assert!((sum - 1.0).abs() < 1e-4, "{sum}");
    assert!(classifier.parity().unwrap() < 0.02);
}

#[test]
fn every_submitted_ticket_is_answered_once_whatever_the_threads_and_as_if_alone() {
    let (_folder, classifier) = classifier(2);
    let texts: Vec<String> = (0..40).map(|n| format!("ticket {n}: the app {}", "fails ".repeat(n))).collect();
    let alone: Vec<Prediction> = texts.iter().map(|t| classifier.classify("", t).unwrap()).collect();
    let (sent, answers) = mpsc::channel();
    for (n, text) in texts.iter().enumerate() {
        let sent = sent.clone();
        classifier.submit(
            String::new(),
            text.clone(),
            Box::new(move |p| sent.send((n, p.unwrap())).unwrap()),
        );
    }
    drop(sent);
    drop(classifier);
    let answers: BTreeMap<usize, Prediction> = answers.iter().collect();
    assert_eq!(answers.into_values().collect::<Vec<_>>(), alone);
}

#[test]
fn a_callback_that_panics_and_input_that_fails_leave_the_classifier_whole() {
    let (_folder, classifier) = classifier(1);
    classifier.submit("a".into(), "b".into(), Box::new(|_| panic!("on purpose")));
    let error = classifier.run_raw(&[-5, 999_999_999]).unwrap_err();
    assert!(matches!(error, Error::Inference(_)), "{error}");
    classifier.classify("still", "there").unwrap();
    for text in ["", "\0\0", "🙂🙂🙂", &"x".repeat(1_000_000)] {
        classifier.classify(text, text).unwrap();
    }
}

#[test]
fn raw_runs_on_the_tokens_that_classify_uses() {
    let (_folder, classifier) = classifier(1);
    let ids = classifier.tokenise("refund  please").unwrap();
    assert_eq!(ids, classifier.tokenise("refund please").unwrap());
    let embedding = classifier.run_raw(&ids).unwrap();
    assert_eq!(embedding.len(), 384);
    assert!((embedding.iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-4);
}

#[test]
fn a_machine_that_computes_something_else_is_found_out_at_load() {
    let folder = fixtures::bundle();
    let file = folder.path().join("manifest.json");
    let mut manifest: Manifest = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let score = &mut manifest.golden[0].scores.get_mut("category").unwrap()[0];
    *score = (*score + 0.5) % 1.0;
    std::fs::write(&file, serde_json::to_vec(&manifest).unwrap()).unwrap();
    let error = Classifier::load(folder.path(), &fixtures::runtime(), 1).err().unwrap().to_string();
    assert!(error.contains("golden texts score differently"), "{error}");
}

#[test]
fn thresholds_and_margin_decide_what_is_chosen() {
    let head = |kind, thresholds: [f32; 3]| HeadEntry {
        name: "h".into(),
        kind,
        labels: ["a", "b", "c"].map(String::from).into(),
        blend: Blend { encoder: 1.0, lexicon: 1.0, shift: 0.0 },
        tie: None,
        thresholds: ["a", "b", "c"].map(String::from).into_iter().zip(thresholds).collect(),
        margin: 0.1,
    };
    let single = head(HeadKind::Single, [0.5, 0.4, 0.5]);
    for (scores, chosen) in [
        ([0.7, 0.2, 0.1], &["a"][..]),
        ([0.3, 0.45, 0.25], &["b"]),
        ([0.45, 0.3, 0.25], &[]),
        ([0.1, 0.46, 0.44], &[]),
    ] {
        assert_eq!(judge(&single, &scores, false).chosen, chosen, "{scores:?}");
    }
    let multi = judge(&head(HeadKind::Multi, [0.5, 0.9, 0.5]), &[0.6, 0.8, 0.7], false);
    assert_eq!(multi.chosen, ["c", "a"]);
    assert_eq!(multi.best(), Some(("b", 0.8)));
    for head in [single, head(HeadKind::Multi, [0.1; 3])] {
        assert!(judge(&head, &[0.9, 0.05, 0.05], true).abstains(), "out of scope");
    }
}

#[test]
fn a_second_bundle_on_the_same_encoder_shares_its_threads_and_outlives_the_first() {
    let (first_folder, first) = classifier(2);
    let second_folder = tempfile::tempdir().unwrap();
    let mut options = fixtures::options(second_folder.path());
    (options.single, options.multi) = (vec!["topics".into()], vec!["category".into()]);
    options.tickets = vec![second_folder.path().join("other.csv")];
    let other =
        fixtures::tickets().replace("category,topics", "topics,category").replace("money|urgent", "money");
    std::fs::write(&options.tickets[0], other).unwrap();
    crate::train(&options, &fixtures::runtime(), &|_| ()).unwrap_or_else(|problems| panic!("{problems:?}"));
    let second = Classifier::load_beside(&first, &options.out, &fixtures::runtime(), 2).unwrap();
    assert!(second.shares_with(&first));
    let text = "The invoice is wrong, I want my money back for this month.";
    let alone = Classifier::load(&options.out, &fixtures::runtime(), 1).unwrap();
    assert!(!alone.shares_with(&first));
    let (one, other) = (first.classify("Refund", text).unwrap(), second.classify("Refund", text).unwrap());
    assert_ne!(one.model, other.model);
    assert_eq!(other, alone.classify("Refund", text).unwrap(), "shared or alone, it says the same");
    drop((first, first_folder));
    for n in 0..8 {
        second.classify("Refund", &format!("{n} {text}")).unwrap();
    }
    assert!(second.parity().unwrap() < 0.02);
}
