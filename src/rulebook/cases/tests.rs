use super::*;
use crate::rulebook::tests::compiled;

/// Platforms are named by the vocabulary of connectors, never here.
fn third() -> &'static str {
    Platform::ALL[2].as_str()
}

const RULES: &str = r#"
names: { groups: { billing: Billing }, fields: { category: Category } }
rules:
  - id: billing
    when: { category: billing }
    then:
      - set_field: { category: "{{ category.label }}" }
      - set_priority: high
      - add_tags: [billing, money]
      - assign_group: billing
      - note: "Read as {{ category.label }}"
  - id: german
    when: { language: de, confidence: 0.7 }
    then: [{ add_tags: [german] }]
  - id: unsure
    when: { head: category, abstains: true }
    then: [{ add_tags: unsure }]
"#;

fn cases(text: &str) -> Vec<Case> {
    read("c.yaml", text, &compiled(RULES))
        .unwrap_or_else(|found| panic!("{}", found.iter().map(ToString::to_string).collect::<String>()))
}

fn differences(text: &str) -> Vec<String> {
    let [case] = cases(text).try_into().unwrap();
    let [platform, ..] = Platform::ALL;
    case.run(&compiled(RULES), None, platform).differences
}

#[test]
fn a_case_holds_when_rules_and_actions_come_as_expected_in_any_order_of_tags() {
    let text = r#"
- name: sure
  given: { predicted: { category: { billing: 0.97, sales: 0.01 } } }
  expect:
    rules: [billing]
    not_rules: [unsure]
    actions:
      - add_tags: money
      - add_tags: billing
      - assign_group: billing
      - note: Read as billing
      - set_priority: high
      - set_field: { category: billing }
    held_back: []
"#;
    assert_eq!(differences(text), [""; 0]);
}

#[test]
fn a_person_holds_back_what_the_case_says_is_held_back() {
    let text = r#"
- name: somebody chose
  given: { priority: low, group: billing, fields: { category: sales }, predicted: { category: { billing: 0.97 } } }
  expect:
    actions: [{ add_tags: [billing, money] }, { assign_group: billing }, { note: Read as billing }]
    held_back: [{ set_priority: high }, { set_field: { category: billing } }]
"#;
    assert_eq!(differences(text), [""; 0]);
}

#[test]
fn what_is_missing_and_what_is_too_much_is_named_with_its_rule() {
    let text = r#"
- name: wrong
  given: { predicted: { category: { billing: 0.6, sales: 0.39 } } }
  expect: { rules: [billing], not_rules: [unsure], actions: [{ set_priority: urgent }] }
"#;
    assert_eq!(
        differences(text),
        [
            "rules: expected billing; matched unsure",
            "rules: `unsure` matched, and must not",
            "actions: - set_priority urgent (expected, and not planned)",
            "actions: + add_tags unsure (planned by the rule `unsure`, and not expected)",
        ]
    );
}

#[test]
fn platform_and_language_are_the_cases_own() {
    let text = format!(
        "- name: german\n  given: {{ platform: {}, language: {{ code: de, confidence: 0.8 }}, predicted: {{ category: {{ billing: 0.9 }} }} }}\n  expect: {{ rules: [billing, german] }}\n",
        third()
    );
    assert_eq!(differences(&text), [""; 0]);
    assert_eq!(platforms(&text), [Platform::ALL[2]]);
    let [case] = cases(&text).try_into().unwrap();
    assert_eq!(case.run(&compiled(RULES), None, Platform::ALL[0]).platform, third());
}

#[test]
fn scores_over_one_are_a_head_that_gives_several_labels() {
    let text = r#"
- name: several
  given: { predicted: { category: { billing: 0.9, sales: 0.85 } } }
  expect: { rules: [billing] }
"#;
    assert_eq!(differences(text), [""; 0]);
}

#[test]
fn every_mistake_is_reported_at_once_with_its_place() {
    let text = "
- name: a
  given: { predicted: { categry: {}, category: { biling: 0.9, sales: 2 } }, staus: new, status: nwe, platform: zen }
  expect: { rules: [biling], actions: { x: y } }
- name: a
  given: {}
  expect: {}
- 3
- name: no parts
";
    let found = read("c.yaml", text, &compiled(RULES)).unwrap_err();
    let all: String = found.iter().map(|one| format!("{one}\n")).collect();
    for wanted in [
        "no head `categry`",
        "did you mean `category`",
        "no label `biling`",
        "0 to 1",
        "unknown key `staus`",
        "`status` is one of",
        "no rule `biling`",
        "did you mean `billing`",
        "list of actions",
        "c.yaml:5:",
        "stands twice",
        "nothing to decide on",
        "expects nothing",
        "a case is a map",
        "`given` is missing",
    ] {
        assert!(all.contains(wanted), "{wanted} is missing in:\n{all}");
    }
}

#[test]
fn a_failed_case_is_a_finding_at_its_place_and_a_file_may_be_empty() {
    let [case] =
        cases("- name: x\n  given: { predicted: {} }\n  expect: { rules: [billing] }\n").try_into().unwrap();
    let [platform, ..] = Platform::ALL;
    let verdict = case.run(&compiled(RULES), None, platform);
    let finding = verdict.finding().unwrap().to_string();
    assert!(finding.starts_with("c.yaml:1:9: error: the case `x` fails"), "{finding}");
    assert!(cases("").is_empty());
}
