//! The rulebook's tools over the real binary: cases, replay and reload; and texts that nobody would write.

use std::path::Path;

use deskbridge::rulebook::{self, cases};
use deskbridge_connectors::Platform;
use proptest::prelude::*;
use serde_json::Value;

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket, project, wait_until};
use crate::process::{Served, ask, stderr, stdout};

/// A rulebook that gives every ticket one tag.
fn tagging(tag: &str) -> String {
    format!("version: 1\nrules:\n  - id: tagging\n    then: [{{ add_tags: {tag} }}]\n")
}

/// A rulebook with its cases in a folder, and what `test` says of them.
fn tested(rules: &str, cases: &str, more: &[&str]) -> (Option<i32>, String, String, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("cases")).unwrap();
    std::fs::write(folder.path().join("rules.yaml"), rules).unwrap();
    std::fs::write(folder.path().join("cases/all.yaml"), cases).unwrap();
    let file = folder.path().join("rules.yaml");
    let arguments: Vec<&str> = [&["test", file.to_str().unwrap()], more].concat();
    let output = ask(&arguments, "");
    (output.status.code(), stdout(&output), stderr(&output), folder)
}

#[test]
fn the_shipped_rulebook_passes_its_cases_and_every_rule_has_one() {
    let output = ask(&["test", "--json"], "");
    assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
    let lines: Vec<Value> = stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (sum, cases) = lines.split_last().unwrap();
    assert_eq!(sum["cases"], cases.len());
    assert_eq!(sum["failed"], 0);
    assert_eq!(sum["uncovered"], serde_json::json!([]), "rules that no case matches");
    assert!(cases.iter().all(|case| case["passed"] == true && case["line"].as_u64().unwrap() > 0));
}

#[test]
fn a_case_that_fails_shows_the_difference_and_where_it_stands() {
    let cases = "- name: <sold> & gone\n  given: { predicted: { category: { sales: 0.9 } } }\n  expect:\n    rules: [tagging]\n    actions: [{ add_tags: bought }]\n";
    let report = tempfile::NamedTempFile::new().unwrap();
    let (code, out, _, folder) =
        tested(&tagging("sold"), cases, &["--junit", report.path().to_str().unwrap()]);
    assert_eq!(code, Some(1), "{out}");
    for wanted in [
        "cases/all.yaml:1: the case `<sold> & gone` fails",
        "- add_tags bought (expected, and not planned)",
        "+ add_tags sold (planned by the rule `tagging`, and not expected)",
        "1 cases, 1 failed",
    ] {
        assert!(out.contains(wanted), "{wanted} is missing in:\n{out}");
    }
    let report = std::fs::read_to_string(report.path()).unwrap();
    assert!(
        report.contains("failures=\"1\"") && report.contains("name=\"&lt;sold&gt; &amp; gone\""),
        "{report}"
    );
    drop(folder);
}

#[test]
fn a_rule_that_no_case_matches_is_named() {
    let rules = format!(
        "{}  - id: lonely\n    when: {{ tag: never }}\n    then: [{{ add_tags: x }}]\n",
        tagging("sold")
    );
    let cases = "- name: any\n  given: { predicted: {} }\n  expect: { not_rules: [lonely] }\n";
    let (code, out, _, _) = tested(&rules, cases, &[]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("1 of 2 rules are matched by no case: lonely"), "{out}");
}

#[test]
fn a_broken_file_of_cases_is_reported_as_a_whole() {
    let cases = "- name: a\n  given: { predictd: {} }\n  expect: { rules: [taging] }\n- given: {}\n";
    let (code, _, error, _) = tested(&tagging("sold"), cases, &[]);
    assert_eq!(code, Some(78), "{error}");
    for wanted in [
        "all.yaml:2:",
        "did you mean `predicted`",
        "all.yaml:3:",
        "did you mean `tagging`",
        "`name` is missing",
    ] {
        assert!(error.contains(wanted), "{wanted} is missing in:\n{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_runs_the_cases_beside_the_rulebook() {
    let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
    house.stop().await;
    let config = house.write_settings("shadow", &tagging("sold"), "127.0.0.1:1", "127.0.0.1:2");
    let folder = config.with_file_name("cases");
    std::fs::create_dir(&folder).unwrap();
    let case = |tag| {
        format!(
            "- name: tagged\n  given: {{ predicted: {{}} }}\n  expect: {{ actions: [{{ add_tags: {tag} }}] }}\n"
        )
    };
    let check = || ask(&["check", "--config", config.to_str().unwrap()], "");
    std::fs::write(folder.join("a.yaml"), case("sold")).unwrap();
    assert!(check().status.success());
    std::fs::write(folder.join("a.yaml"), case("bought")).unwrap();
    let output = check();
    assert_eq!(output.status.code(), Some(78));
    assert!(stderr(&output).contains("the case `tagged` fails"), "{}", stderr(&output));
}

/// Puts a file in place as editors do: written beside it, then renamed over it.
fn replace(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, text).unwrap();
    std::fs::rename(beside, path).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_rulebook_is_taken_up_and_a_broken_one_is_not() {
    let mut house = House::start("live", ONE_OF_EVERYTHING).await;
    house.stop().await;
    let served = Served::start(&house, "live", &tagging("one")).await;
    let rules = served.beside("rules.yaml");
    let desk = &house.desks[0];
    let tags = async || {
        let ticket = desk.open(billing_ticket()).await;
        house.settle().await;
        desk.ticket(&ticket).unwrap().tags
    };
    let said = async |times: usize, words: &str| {
        wait_until(words, async || served.log().matches(words).count() >= times).await;
    };
    assert!(tags().await.contains("one"));

    replace(&rules, &tagging("two"));
    said(1, "rulebook and bundle reloaded").await;
    assert!(tags().await.contains("two"), "{}", served.log());

    replace(&rules, "version: 1\nrules:\n  - id: x\n    then: [{ add_tag: three }]\n");
    said(1, "is refused").await;
    assert!(served.log().contains("rules.yaml:4:") && served.log().contains("did you mean `add_tags`"));
    assert!(tags().await.contains("two"), "the old one stays");

    std::fs::write(&rules, tagging("four")).unwrap();
    served.hang_up();
    said(2, "rulebook and bundle reloaded").await;
    assert!(served.log().contains("SIGHUP"), "{}", served.log());
    assert!(tags().await.contains("four"));

    // What `check` refuses, a reload refuses: here the rulebook's own case.
    std::fs::create_dir(served.beside("cases")).unwrap();
    let case =
        "- name: always four\n  given: { predicted: {} }\n  expect: { actions: [{ add_tags: four }] }\n";
    std::fs::write(served.beside("cases").join("tags.yaml"), case).unwrap();
    replace(&rules, &tagging("five"));
    said(2, "is refused").await;
    assert!(served.log().contains("the case `always four` fails"), "{}", served.log());
    assert!(tags().await.contains("four"));
    assert!(served.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn past_decisions_replay_by_another_rulebook() {
    let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
    for desk in &house.desks {
        desk.open(billing_ticket()).await;
    }
    house.settle().await;
    house.stop().await;
    let config = house.write_settings("shadow", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let config = config.to_str().unwrap();
    let same = ask(&["replay", "--config", config], "");
    assert_eq!(same.status.code(), Some(0), "{}{}", stdout(&same), stderr(&same));
    assert!(stdout(&same).contains("3 decisions replayed: 0 differ, 0 cannot be told, 3 are the same"));

    let other = Path::new(config).with_file_name("other.yaml");
    std::fs::write(&other, ONE_OF_EVERYTHING.replace("set_priority: high", "set_priority: urgent")).unwrap();
    let arguments = ["replay", "--config", config, "--rulebook", other.to_str().unwrap()];
    let differs = ask(&arguments, "");
    assert_eq!(differs.status.code(), Some(1), "{}", stderr(&differs));
    let out = stdout(&differs);
    assert!(out.contains("rule `billing`: 3 decisions"), "{out}");
    assert!(
        out.contains("): set_priority high (shadow)") && out.contains("): set_priority urgent (shadow)"),
        "{out}"
    );
    assert!(!out.contains("assign_group") && !out.contains("note"), "what is the same is not shown: {out}");

    let json = ask(&[&arguments[..], &["--json", "--since", "1h"]].concat(), "");
    let lines: Vec<Value> = stdout(&json).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0]["state"], "differs");
    assert_eq!(lines[0]["changes"].as_array().unwrap().len(), 2);
    assert_eq!(lines[3]["differ"], 3);
    let future = ask(&["replay", "--config", config, "--since", "2999-01-01"], "");
    assert!(stdout(&future).contains("0 decisions replayed"));

    let ledger = std::fs::read(Path::new(config).with_file_name("deskbridge.db")).unwrap();
    let ledger = String::from_utf8_lossy(&ledger);
    assert!(!ledger.contains("charged twice for the same invoice"), "no text of the ticket is kept");
    assert!(!ledger.contains("ines@mail.example"), "nor the customer's address");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_expressions_found_is_known_without_the_text() {
    let rules = |found: &str, lost: &str| {
        format!(
            "{ONE_OF_EVERYTHING}  - id: reader
    when: {{ any: [{{ text: ['(?i)CHARGED twice', 'chargeback'] }}, {{ tag: never }}] }}
    then: [{{ add_tags: {found} }}]
  - id: other
    when: {{ text: chargeback, in: body }}
    then: [{{ add_tags: {lost} }}]
"
        )
    };
    let mut house = House::start("shadow", &rules("found", "lost")).await;
    house.desks[0].open(billing_ticket()).await;
    house.settle().await;
    house.stop().await;
    let config = house.write_settings("shadow", &rules("found", "lost"), "127.0.0.1:1", "127.0.0.1:2");
    let replayed = |rules: &str| {
        let other = config.with_file_name("other.yaml");
        std::fs::write(&other, rules).unwrap();
        let arguments =
            ["replay", "--config", config.to_str().unwrap(), "--rulebook", other.to_str().unwrap()];
        stdout(&ask(&arguments, ""))
    };
    assert!(replayed(&rules("found", "lost")).contains("0 differ, 0 cannot be told, 1 are the same"));
    let out = replayed(&rules("seen", "gone"));
    assert!(out.contains("add_tags seen") && !out.contains("gone"), "{out}");
    // An expression that finds the same in other words was not sought then.
    let out = replayed(&rules("found", "lost").replace("text: chargeback", "text: charge-?back"));
    assert!(out.contains("1 not replayable: the rule `other` reads the text"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_that_hangs_on_the_text_is_not_guessed() {
    let mut house = House::start("shadow", ONE_OF_EVERYTHING).await;
    house.desks[0].open(billing_ticket()).await;
    house.settle().await;
    house.stop().await;
    let config = house.write_settings("shadow", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let replayed = |condition: &str| {
        let other = config.with_file_name("other.yaml");
        let rule = format!("  - id: reader\n    when: {condition}\n    then: [{{ add_tags: read }}]\n");
        std::fs::write(&other, format!("{ONE_OF_EVERYTHING}{rule}")).unwrap();
        let arguments =
            ["replay", "--config", config.to_str().unwrap(), "--rulebook", other.to_str().unwrap()];
        let output = ask(&arguments, "");
        (output.status.code(), stdout(&output) + &stderr(&output))
    };
    let (code, out) = replayed("{ text: twice }");
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("not replayable: the rule `reader` reads the text"), "{out}");
    // What other conditions settle hangs on nothing.
    let (code, out) = replayed("{ all: [{ text: twice }, { tag: never }] }");
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("1 are the same"), "{out}");
    // The address is not kept, and can still be asked about.
    for (condition, expected) in [
        ("{ requester: { email: ines@mail.example } }", 1),
        ("{ requester: { domain: mail.example } }", 1),
        ("{ requester: { domain: example } }", 0),
    ] {
        let (code, out) = replayed(condition);
        assert_eq!(code, Some(expected), "{condition}: {out}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_on_the_ticket_and_removed_tags_work_on_every_platform() {
    let rules = r##"
version: 1
templates: { thanks: "Thank you, we are on it." }
rules:
  - id: reads
    when:
      all:
        - { text: "(?i)charged\\s+twice" }
        - { tag: LOYAL }
        - { requester: { domain: mail.example } }
      none: [{ status: [solved, closed] }, { group: Billing }]
    then:
      - add_tags: [read]
      - note: "In {{ language.code }} on {{ ticket.platform }}"
      - reply: thanks
  - id: unties
    when: { all: [{ tag: loyal }, { platform: [zendesk, freshdesk] }] }
    then: [{ remove_tags: [loyal, never-there] }]
  - id: reads-not
    when: { text: "parcel" }
    then: [{ add_tags: parcel }]
"##;
    let mut house = House::start("live", rules).await;
    for desk in &house.desks {
        let ticket = desk.open(billing_ticket()).await;
        house.settle().await;
        let (name, state) = (desk.platform(), desk.ticket(&ticket).unwrap());
        let decided = house.decided(desk.as_ref(), &ticket).await;
        let dead = house.store.dead(&Default::default()).await.unwrap();
        assert!(!decided.is_empty(), "{name}: {dead:?}");
        let unties = decided[0].rules.iter().any(|rule| rule == "unties");
        assert!(
            decided[0].rules[0] == "reads" && decided[0].rules.len() == 1 + usize::from(unties),
            "{name}"
        );
        assert!(state.tags.contains("read"), "{name}: {:?}", state.tags);
        assert_eq!(!state.tags.contains("loyal"), unties, "{name}: {:?}", state.tags);
        assert_eq!(state.notes.len(), 1, "{name}: {:?}", state.notes);
        assert!(!state.notes[0].public && state.notes[0].body.contains(name), "{name}");
        let reply = decided[0].effects.iter().find(|effect| effect.kind == "reply").unwrap();
        assert_eq!(
            reply.state,
            deskbridge::domain::outcome::EffectOutcome::Refused,
            "{name}: nobody allowed answers"
        );
    }
    house.stop().await;
}

/// Pieces that rulebooks and cases are made of, and some that they are not.
fn text() -> impl Strategy<Value = String> {
    let files = [
        "routing-rules/support.yaml",
        "routing-rules/cases/categories.yaml",
        "routing-rules/cases/priorities.yaml",
    ];
    let lines: Vec<String> = files
        .iter()
        .flat_map(|file| {
            std::fs::read_to_string(project().join(file))
                .unwrap()
                .lines()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    let odd = prop::sample::select(vec![
        "- ",
        "  ",
        "{",
        "}",
        "[",
        "]",
        ":",
        "given: ",
        "expect: ",
        "rules:\n",
        "when: { all: [] }\n",
        "&a ",
        "*a",
        "\"",
        "{{ x }}",
        "version: 1\n",
        "then: [{}]\n",
        "1e999",
        "\t",
        "ü",
        "\u{0}",
        "predicted: { category: { billing: -1 } }\n",
        "hours: {}\n",
        "text: \"(\"\n",
        "- name: x\n  given: {}\n  expect: {}\n",
    ]);
    let piece = prop_oneof![
        prop::sample::select(lines).prop_map(|line| line + "\n"),
        odd.prop_map(str::to_owned),
        "[ -~]{0,12}\n?",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_makes_rulebook_or_cases_panic(text in text()) {
        let vocabulary = rulebook::Vocabulary::from([("category".to_owned(), vec!["billing".to_owned()])]);
        for vocabulary in [None, Some(&vocabulary)] {
            if let Err(found) = rulebook::load("r.yaml", &text, vocabulary, &Platform::ALL) {
                prop_assert!(found.iter().any(deskbridge::diagnostics::Diagnostic::is_error));
            }
        }
        let rules = rulebook::load("r.yaml", &tagging("x"), Some(&vocabulary), &Platform::ALL).unwrap().rulebook;
        cases::platforms(&text);
        match cases::read("c.yaml", &text, &rules) {
            Ok(cases) => cases.iter().for_each(|case| drop(case.run(&rules, None, Platform::ALL[0]))),
            Err(found) => prop_assert!(!found.is_empty()),
        }
    }
}
