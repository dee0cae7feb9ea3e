//! The rulebook a new desk starts from.

use super::*;

const TEXT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/routing-rules/support.yaml"));

/// What the shipped bundle can say.
fn starter() -> Vocabulary {
    let manifest = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/onnx/starter/manifest.json"));
    let manifest: serde_json::Value = serde_json::from_str(manifest).unwrap();
    let word = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let heads = manifest["heads"].as_array().unwrap().iter();
    heads
        .map(|head| (word(&head["name"]), head["labels"].as_array().unwrap().iter().map(word).collect()))
        .collect()
}

fn shipped() -> Rulebook {
    let loaded = load("support.yaml", TEXT, Some(&starter()), &Platform::ALL);
    let loaded = loaded.unwrap_or_else(|found| panic!("{}", found[0]));
    assert_eq!(loaded.warnings, []);
    loaded.rulebook
}

fn check(case: &Case, expected: &[&str]) {
    assert_eq!(case.plan(&shipped()), expected);
}

#[test]
fn routes_what_is_sure() {
    let prediction = prediction(&[("shipping", 0.93), ("returns", 0.04)], &[("urgent", 0.9), ("high", 0.05)]);
    check(
        &Case { prediction, ..Case::default() },
        &[
            r#"urgent: set_priority "urgent" (live)"#,
            r#"urgent: add_tags ["urgent"] (live)"#,
            r#"urgent: note "Read as urgent (90 %). About: shipping (93 %)." (live)"#,
            r#"premium: add_tags ["premium"] (live)"#,
            r#"other-language: add_tags ["lang-de"] (live)"#,
            r#"shipping: set_field {"Category":"shipping"} (live)"#,
            r#"shipping: assign_group "Logistics" (live)"#,
            r#"shipping: add_tags ["shipping"] (live)"#,
        ],
    );
}

#[test]
fn leaves_to_a_person_what_is_not() {
    let prediction = prediction(&[("shipping", 0.5), ("returns", 0.4)], &[("low", 0.5), ("high", 0.4)]);
    let english = Language { code: "en".to_owned(), confidence: 0.99 };
    let prediction = Prediction { language: english, ..prediction };
    check(&Case { prediction, ..Case::default() }, &[r#"needs-triage: add_tags ["needs-triage"] (live)"#]);
}

/// The rules that match a text in the default case besides those of scores and language.
fn signs(subject: &str, case: Case) -> Vec<String> {
    let known = ["other-language", "billing", "urgent", "premium"];
    let case = Case { ticket: Ticket { subject: subject.to_owned(), ..ticket() }, ..case };
    let rules = case.explained(&shipped()).decision.rules;
    rules.into_iter().filter(|rule| !known.contains(&rule.as_str())).collect()
}

#[test]
fn sees_the_signs_of_an_escalation() {
    for (subject, expected) in [
        ("You will hear from MY LAWYER", "legal-threat"),
        ("Ich werde rechtliche Schritte einleiten", "legal-threat"),
        ("I posted about this on Reddit", "public-complaint"),
        ("Complaint to your CEO", "executive-complaint"),
        ("An die Geschäftsführung", "executive-complaint"),
    ] {
        assert_eq!(signs(subject, Case::default()), [expected], "{subject}");
    }
    for harmless in ["Lawyer software licence", "Where is my order", "Board games for sale", "ceo"] {
        assert_eq!(signs(harmless, Case::default()), Vec::<String>::new(), "{harmless}");
    }
}

#[test]
fn knows_the_customer() {
    let days = |ago: i64| at("2026-03-04T15:00:00Z") - jiff::SignedDuration::from_hours(24 * ago);
    let again = Case { contacts: vec![days(1), days(6)], ..Case::default() };
    assert_eq!(signs("x", again), ["writes-again"]);
    let seldom = Case { contacts: vec![days(1), days(8)], ..Case::default() };
    assert!(signs("x", seldom).is_empty());
    assert_eq!(signs("x", Case { segment: Some("enterprise"), ..Case::default() }), ["enterprise"]);
}

#[test]
fn every_label_has_its_rule() {
    let rulebook = shipped();
    let effects = rulebook.effects_for(Platform::ALL[2]);
    for label in &vocabulary()["category"] {
        let value = FieldValue::Text(label.clone());
        let wanted = Effect::SetField { field: "cf_category".to_owned(), value };
        assert!(effects.iter().any(|(rule, _, effect)| rule == label && *effect == wanted), "{label}");
    }
    for label in &vocabulary()["priority"] {
        let wanted = Effect::SetPriority(label.parse().unwrap());
        let (_, at, _) = effects.iter().find(|(_, _, effect)| *effect == wanted).unwrap();
        assert!(rulebook.diagnostic(Severity::Error, *at, "x").snippet.unwrap().contains(label));
    }
}

#[test]
fn the_digest_is_that_of_the_text() {
    let digest = hex::encode(Sha256::digest(TEXT.as_bytes()));
    assert_eq!(shipped().digest(), digest);
}

#[test]
fn the_language_is_documented() {
    let manual = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/routing-rules/README.md"));
    for word in CONDITIONS.iter().chain(&ACTIONS) {
        assert!(manual.lines().any(|line| line.starts_with(&format!("| `{word}`"))), "`{word}` has no row");
    }
}

#[test]
fn a_damaged_rulebook_is_reported_and_never_panics() {
    let lines: Vec<&str> = TEXT.lines().collect();
    for index in 0..lines.len() {
        let without: String = lines
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != index)
            .map(|(_, line)| format!("{line}\n"))
            .collect();
        let cut = lines[..index].join("\n") + "\n" + &lines[index][..lines[index].len() / 2];
        for text in [without, cut] {
            if let Err(found) = load("support.yaml", &text, Some(&vocabulary()), &Platform::ALL) {
                assert!(found.iter().any(Diagnostic::is_error), "{text}");
                assert!(
                    found.iter().all(|one| one.line <= text.lines().count() + 1 && !one.message.is_empty())
                );
            }
        }
    }
}
