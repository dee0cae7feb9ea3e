use std::collections::{BTreeMap, BTreeSet};

use deskbridge_onnx::{HeadKind, Language, Prediction, Scored};

use super::*;
use crate::domain::label_modes::{Demotion, LabelModes};
use crate::evidence::report::observation::{Influence, Observation};
use crate::rulebook::Vocabulary;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn billing(mode: Mode, threshold: Option<f32>) -> Promotions {
    let promoted = Promoted { mode, threshold, at: at("2026-03-01T09:00:00Z"), evidence: None };
    Promotions(BTreeMap::from([(("category".to_owned(), "billing".to_owned()), promoted)]))
}

fn fall(when: &str) -> Demotion {
    Demotion {
        head: "category".into(),
        label: "billing".into(),
        at: at(when),
        reason: "people overrode it".into(),
    }
}

#[test]
fn without_a_file_labels_hold_nothing_back_and_with_one_the_unlisted_stay_in_shadow() {
    assert_eq!(label_modes(None, &[fall("2026-03-02T00:00:00Z")]).mode("category", "billing"), Mode::Live);
    let gate = label_modes(Some(&billing(Mode::Live, None)), &[]);
    assert_eq!(gate.mode("category", "billing"), Mode::Live);
    assert_eq!(gate.mode("category", "shipping"), Mode::Shadow);
    assert_eq!(gate.mode("priority", "billing"), Mode::Shadow);
}

#[test]
fn a_fall_outranks_an_older_promotion_and_a_newer_promotion_outranks_a_fall() {
    let promotions = billing(Mode::Live, None);
    let mode = |when| label_modes(Some(&promotions), &[fall(when)]).mode("category", "billing");
    assert_eq!(mode("2026-03-02T00:00:00Z"), Mode::Shadow);
    assert_eq!(mode("2026-02-28T00:00:00Z"), Mode::Live);
}

#[test]
fn a_running_daemons_gate_follows_falls_and_new_files() {
    let warden = Warden::new(Some(billing(Mode::Live, None)), Vec::new());
    let gate = warden.gate();
    let mode = || gate.borrow().mode("category", "billing");
    assert_eq!(mode(), Mode::Live);
    warden.demote(fall("2026-03-02T00:00:00Z"));
    assert_eq!(mode(), Mode::Shadow);
    let mut again = billing(Mode::Suggest, None);
    again.0.values_mut().for_each(|promoted| promoted.at = at("2026-03-03T00:00:00Z"));
    warden.promote(Some(again));
    assert_eq!(mode(), Mode::Suggest);
    warden.promote(None);
    assert_eq!(mode(), Mode::Live);
}

#[test]
fn the_file_reads_back_as_it_was_written() {
    let mut promotions = billing(Mode::Live, Some(0.875));
    let evidence =
        Evidence { tickets: 212, agreed: 209, lower: 0.9593, target: 0.95, model: "sha256:3f".into() };
    promotions.0.values_mut().for_each(|promoted| promoted.evidence = Some(evidence.clone()));
    let odd = Promoted { mode: Mode::Suggest, threshold: None, at: Timestamp::UNIX_EPOCH, evidence: None };
    promotions.0.insert(("topics".into(), "a: \"b\" # c".into()), odd);
    let text = write(&promotions);
    assert_eq!(read("p.yaml", &text, None).unwrap(), (promotions, Vec::new()), "{text}");
    assert_eq!(read("p.yaml", &write(&Promotions::default()), None).unwrap().0, Promotions::default());
}

#[test]
fn what_is_wrong_with_a_file_is_told_at_its_place() {
    let told = |source: &str| {
        let vocabulary = Vocabulary::from([("category".into(), vec!["billing".into()])]);
        let (Ok((_, found)) | Err(found)) = read("p.yaml", source, Some(&vocabulary));
        found.iter().map(|one| format!("{}:{} {}", one.line, one.column, one.message)).collect::<Vec<_>>()
    };
    let entry = "version: 1\nlabels:\n  - head: category\n    label: biling\n    mode: alive\n    promoted_at: today\n";
    assert_eq!(
        told(entry),
        [
            "4:12 the head `category` has no label `biling`",
            "5:11 `mode` is shadow, suggest or live",
            "6:18 `promoted_at` is a time, as in 2026-03-01T09:00:00Z",
        ]
    );
    let one = "  - { head: category, label: billing, mode: live, promoted_at: 2026-03-01T09:00:00Z }\n";
    assert_eq!(
        told(&format!("version: 1\nlabels:\n{one}{one}")),
        ["4:30 `category: billing` stands here twice"]
    );
    assert_eq!(told("version: 2\n"), ["1:10 this program reads version 1 of the promotions file"]);
}

#[test]
fn a_promoted_threshold_replaces_the_bundles_and_leaves_scores_margin_and_strangers_alone() {
    let prediction = |first: f32, second: f32, stranger: bool| Prediction {
        heads: BTreeMap::from([(
            "category".to_owned(),
            Scored {
                kind: HeadKind::Single,
                ranked: vec![("billing".into(), first), ("shipping".into(), second)],
                chosen: Vec::new(),
                threshold: BTreeMap::from([("billing".into(), 0.95), ("shipping".into(), 0.95)]),
            },
        )]),
        language: Language { code: "en".into(), confidence: 1.0 },
        model: "m".into(),
        out_of_scope: Some(deskbridge_onnx::OutOfScope { score: 0.0, is: stranger }),
    };
    let margins = BTreeMap::from([("category".to_owned(), 0.1)]);
    let chosen = |mut prediction: Prediction| {
        let before = prediction.heads["category"].ranked.clone();
        billing(Mode::Live, Some(0.8)).apply(&mut prediction, &margins);
        assert_eq!(prediction.heads["category"].ranked, before);
        prediction.heads["category"].chosen.clone()
    };
    assert_eq!(chosen(prediction(0.85, 0.15, false)), ["billing"]);
    assert!(chosen(prediction(0.79, 0.21, false)).is_empty(), "under the new threshold");
    assert!(chosen(prediction(0.85, 0.80, false)).is_empty(), "too near to the next");
    assert!(chosen(prediction(0.85, 0.15, true)).is_empty(), "none of the model's business");
}

fn writes(overridden: usize, kept: usize) -> Vec<Observation> {
    let one = |n: usize, influence| Observation {
        decision: n as i64,
        account: "acme".into(),
        ticket: n.to_string(),
        decided_at: at("2026-03-05T00:00:00Z"),
        settled_at: at("2026-03-09T00:00:00Z"),
        language: None,
        model: "m".into(),
        head: "category".into(),
        kind: HeadKind::Single,
        ranked: vec![("billing".into(), 0.97)],
        named: BTreeSet::from(["billing".to_owned()]),
        settled: BTreeSet::from([if influence == Influence::Kept { "billing" } else { "sales" }.to_owned()]),
        first: None,
        influence,
        bundle: None,
    };
    (0..overridden)
        .map(|n| one(n, Influence::Overridden))
        .chain((overridden..overridden + kept).map(|n| one(n, Influence::Kept)))
        .collect()
}

/// The labels that fall by these observations, whichever comes first.
fn falls(promotions: &Promotions, gate: &LabelModes, seen: &[Observation], now: Timestamp) -> Vec<Demotion> {
    let mut writes = LabelWrites::new(promotions, gate, Fall::default());
    seen.iter().for_each(|seen| writes.add(seen));
    let forwards = writes.falls(now);
    let mut writes = LabelWrites::new(promotions, gate, Fall::default());
    seen.iter().rev().for_each(|seen| writes.add(seen));
    assert_eq!(writes.falls(now), forwards, "the newest count, in whatever order they come");
    forwards
}

#[test]
fn a_live_label_falls_once_its_overrides_are_surely_too_many() {
    let promotions = billing(Mode::Live, None);
    let gate = label_modes(Some(&promotions), &[]);
    let now = at("2026-03-10T00:00:00Z");
    let fallen = |overridden, kept| falls(&promotions, &gate, &writes(overridden, kept), now).len() == 1;
    assert!(!fallen(1, 0), "one override is no evidence");
    assert!(!fallen(4, 0), "nor are four");
    assert!(!fallen(5, 45), "ten in a hundred are allowed");
    assert!(fallen(12, 38));
    assert!(fallen(4, 1));
    // Overrides from before the promotion are another model's, or another threshold's.
    let mut old = writes(20, 0);
    old.iter_mut().for_each(|seen| seen.decided_at = at("2026-02-01T00:00:00Z"));
    assert!(falls(&promotions, &gate, &old, now).is_empty());
    // A label that is not live has nothing to fall from.
    let shadow = label_modes(Some(&promotions), &[fall("2026-03-06T00:00:00Z")]);
    assert!(falls(&promotions, &shadow, &writes(50, 0), now).is_empty());
}
