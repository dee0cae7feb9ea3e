//! The manual keeps its word: every example in its tables is part of the language.

use super::*;

const MANUAL: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/routing-rules/README.md"));

/// The rows of the table under a heading: the first and the last cell.
fn rows(heading: &str) -> Vec<(&'static str, &'static str)> {
    MANUAL
        .lines()
        .skip_while(|line| *line != heading)
        .skip_while(|line| !line.starts_with('|'))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            (cells[0], cells[cells.len() - 1].trim_matches('`'))
        })
        .collect()
}

fn loads(rule: &str) {
    let text = format!(
        "version: 1\nnames: {{ agents: {{ lead: ada@desk.example }} }}\ntemplates: {{ acknowledge-billing: Thanks }}\nrules:\n  - \
         {{ id: a, when: {{ tag: x }}, then: [{{ reply: acknowledge-billing }}, {{ assign_agent: lead }}] }}\n  - {rule}\n"
    );
    let found = match load("r.yaml", &text, Some(&vocabulary()), &Platform::ALL) {
        Ok(loaded) => loaded.warnings,
        Err(found) => found,
    };
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, Vec::<String>::new(), "{rule}");
}

fn check(heading: &str, words: &[&str], rule: impl Fn(&str) -> String) {
    let rows = rows(heading);
    for word in words {
        assert!(rows.iter().any(|(name, _)| *name == format!("`{word}`")), "`{word}` has no row");
    }
    for (name, example) in rows {
        let word = name.trim_matches('`');
        assert!(name.starts_with('*') || example.contains(word), "{name}: {example}");
        loads(&rule(example));
    }
}

#[test]
fn every_condition_has_an_example_that_loads() {
    check("## Conditions", &CONDITIONS, |example| format!("{{ id: b, when: {example}, stop: true }}"));
}

#[test]
fn every_action_has_an_example_that_loads() {
    check("## Actions", &ACTIONS, |example| format!("{{ id: b, then: [{example}] }}"));
}

#[test]
fn the_first_example_is_a_rulebook() {
    let text = MANUAL.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let found = load("r.yaml", text, Some(&vocabulary()), &Platform::ALL).unwrap().warnings;
    let unused: Vec<&str> = found.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(unused, ["no rule uses `names.groups.technical`", "no rule uses `names.agents.lead`"]);
}
