//! No text can panic the reader, whatever it says, and no decision follows from a text that is refused.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const TEXT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/routing-rules/support.yaml"));
const MANUAL: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/routing-rules/README.md"));

/// Loads it and, where it loads, decides by it.
fn try_out(text: &str) {
    match load("r.yaml", text, Some(&vocabulary()), &Platform::ALL) {
        Ok(loaded) => {
            let case = Case::default();
            let explanation = case.explained(&loaded.rulebook);
            assert_eq!(explanation.rules.len(), loaded.rulebook.rule_ids().count());
            assert!(
                !explanation.to_string().contains("charged twice"),
                "an explanation holds no ticket text"
            );
        }
        Err(found) => assert!(found.iter().any(Diagnostic::is_error), "{text}"),
    }
}

/// A piece of the language: words, values and marks that belong together or do not.
fn piece() -> impl Strategy<Value = String> {
    let words: Vec<String> = CONDITIONS
        .iter()
        .chain(&ACTIONS)
        .chain(&[
            "all",
            "any",
            "none",
            "is",
            "is_not",
            "all_of",
            "confidence",
            "margin",
            "abstains",
            "in",
            "within",
        ])
        .chain(&[
            "category", "group", "email", "domain", "zone", "open", "holidays", "url", "note", "exists",
            "default",
        ])
        .map(|word| (*word).to_owned())
        .collect();
    const VALUES: [&str; 32] = [
        "billing",
        ">=0.8",
        "<0",
        "'>=1e9'",
        "[]",
        "{}",
        "~",
        "true",
        "-1",
        "99999999999999999999",
        "Mon-Fri 09:00-17:00",
        "Sun-Mon 23:59-24:00",
        "Europe/Berlin",
        "'(?i)x'",
        "'('",
        "'(?:a{999}){999}'",
        "'{{ category.label }}'",
        "'{{'",
        "'{{ category.labels[99] }}'",
        "'{% for x in y %}'",
        "'https://{{ x }}/'",
        "http://127.0.0.1/{{ n }}",
        "7d",
        "0s",
        "'\\u0000'",
        "ä",
        "2026-02-30",
        "\"\\x41\"",
        "&a",
        "*a",
        "!!str x",
        "1.0.0",
    ];
    prop_oneof![select(words), select(&VALUES[..]).prop_map(str::to_owned), "[ -~äß]{0,12}",]
}

/// A flow-style tree of pieces.
fn tree() -> impl Strategy<Value = String> {
    piece().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(", "))),
            proptest::collection::vec((piece(), inner), 0..4).prop_map(|entries| {
                let entries: Vec<_> =
                    entries.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
                format!("{{ {} }}", entries.join(", "))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_rulebook_with_bytes_changed(edits in proptest::collection::vec((any::<prop::sample::Index>(), piece(), 0usize..12), 1..6)) {
        let mut text: Vec<char> = TEXT.chars().collect();
        for (at, piece, length) in edits {
            let from = at.index(text.len());
            let to = (from + length).min(text.len());
            text.splice(from..to, piece.chars());
        }
        try_out(&text.into_iter().collect::<String>());
    }

    #[test]
    fn lines_in_another_order(lines in proptest::collection::vec(any::<prop::sample::Index>(), 1..60)) {
        let all: Vec<&str> = TEXT.lines().chain(MANUAL.lines()).collect();
        let picked: Vec<&str> = lines.iter().map(|at| all[at.index(all.len())]).collect();
        try_out(&format!("version: 1\nrules:\n{}", picked.join("\n")));
    }

    #[test]
    fn conditions_and_actions_of_any_shape(when in tree(), then in tree()) {
        try_out(&format!("version: 1\nrules:\n  - id: a\n    when: {when}\n    then: [{then}]\n"));
    }

    #[test]
    fn any_text(text in any::<String>(), yaml in tree()) {
        try_out(&text);
        try_out(&yaml);
        try_out(&format!("version: 1\nnames: {yaml}\ntemplates: {yaml}\nlookups: {yaml}\ndefaults: {yaml}\nrules: [{yaml}]\n"));
    }
}
