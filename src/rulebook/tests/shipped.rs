//! The rulebook a new desk starts from.

use super::*;

const TEXT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/routing-rules/support.yaml"));

fn shipped() -> Rulebook {
    let loaded = load("support.yaml", TEXT, Some(&vocabulary()), &Platform::ALL);
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
            r#"shipping: set_field {"Category":"shipping"} (live)"#,
            r#"shipping: assign_group "Logistics" (live)"#,
            r#"shipping: add_tags ["shipping"] (live)"#,
        ],
    );
}

#[test]
fn leaves_to_a_person_what_is_not() {
    let prediction = prediction(&[("shipping", 0.5), ("returns", 0.4)], &[("low", 0.5), ("high", 0.4)]);
    check(&Case { prediction, ..Case::default() }, &[r#"needs-triage: add_tags ["needs-triage"] (live)"#]);
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
