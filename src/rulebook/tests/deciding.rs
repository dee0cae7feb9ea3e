//! What a rulebook decides.

use super::*;
use crate::domain::decision::Digests;
use crate::domain::outcome::{EffectOutcome, EffectRecord, Entry, Outcome};

/// Whether a condition holds for billing 0.97 over sales 0.02, priority abstaining at urgent 0.6 over high 0.3,
/// German 0.9, tagged VIP, account acme on the first platform.
fn check(condition: &str, expected: bool) {
    let rules = format!("rules:\n  - {{ id: a, when: {condition}, then: [{{ add_tags: x }}] }}\n");
    let explanation = Case::default().explained(&compiled(&rules));
    assert_eq!(explanation.rules[0].matched, expected, "{condition}\n{explanation}");
}

#[test]
fn conditions_hold_or_not() {
    let [first, second, _] = Platform::ALL;
    for (condition, expected) in [
        ("{ category: billing }", true),
        ("{ category: [sales, billing] }", true),
        ("{ category: sales }", false),
        ("{ head: category, is: billing }", true),
        ("{ head: category, is_not: billing }", false),
        ("{ head: category, is_not: sales }", true),
        ("{ head: category, is: billing, confidence: '>=0.97' }", true),
        ("{ head: category, is: billing, confidence: '>0.97' }", false),
        ("{ head: category, is: billing, confidence: 0.98 }", false),
        ("{ head: category, confidence: '>=0.9' }", true),
        ("{ head: category, abstains: true }", false),
        ("{ head: category, abstains: false }", true),
        // The bundle abstains on priority; a rule may ask for less, and the margin still counts.
        ("{ head: priority, is: urgent }", false),
        ("{ head: priority, is_not: low }", false),
        ("{ head: priority, is: urgent, confidence: '>=0.5' }", true),
        ("{ head: priority, is: high, confidence: '>=0.2' }", false),
        ("{ head: priority, is: urgent, confidence: '<0.7' }", true),
        ("{ head: priority, abstains: true }", true),
        ("{ language: de }", true),
        ("{ language: [en, DE] }", true),
        ("{ language: de, confidence: '>=0.95' }", false),
        ("{ language: en }", false),
        ("{ tag: vip }", true),
        ("{ tag: [x, vip] }", true),
        ("{ tag: x }", false),
        ("{ account: acme }", true),
        ("{ account: [other] }", false),
        (format!("{{ platform: {first} }}").as_str(), true),
        (format!("{{ platform: {second} }}").as_str(), false),
        ("{ all: [{ category: billing }, { tag: vip }] }", true),
        ("{ all: [{ category: billing }, { tag: x }] }", false),
        ("{ any: [{ tag: x }, { tag: vip }] }", true),
        ("{ any: [{ tag: x }, { tag: y }] }", false),
        ("{ none: [{ tag: x }] }", true),
        ("{ none: [{ tag: x }, { tag: vip }] }", false),
        ("{ all: [{ category: billing }], none: [{ tag: vip }] }", false),
        ("{ any: [{ all: [{ tag: x }] }, { none: [{ all: [{ tag: vip }, { tag: y }] }] }] }", true),
    ] {
        check(condition, expected);
    }
}

#[test]
fn the_margin_stays_where_a_rule_names_a_confidence() {
    let rulebook =
        "rules: [{ id: a, when: { head: category, is: billing, confidence: 0.5 }, then: [{ add_tags: x }] }]";
    let case = Case {
        prediction: prediction(&[("billing", 0.53), ("sales", 0.44)], &[("low", 0.9)]),
        ..Case::default()
    };
    assert!(case.plan(&compiled(rulebook)).is_empty());
    let close = format!("defaults: {{ margin: 0.05 }}\n{rulebook}");
    assert_eq!(case.plan(&compiled(&close)), [r#"a: add_tags ["x"] (live)"#]);
}

#[test]
fn the_defaults_stand_in_for_thresholds_a_bundle_does_not_have() {
    let rulebook = |defaults: &str| {
        compiled(&format!(
            "defaults: {defaults}\nrules:\n  - {{ id: a, when: {{ head: priority, is: urgent }}, then: [{{ add_tags: a }}] \
             }}\n  - {{ id: b, when: {{ head: priority, abstains: true }}, then: [{{ add_tags: b }}] }}\n"
        ))
    };
    let matched = |case: &Case, defaults: &str| case.explained(&rulebook(defaults)).decision.rules.concat();
    let mut case = Case::default();
    assert_eq!(matched(&case, "{ threshold: 0.5 }"), "b", "the bundle's own threshold wins");
    case.prediction.heads.get_mut("priority").unwrap().threshold.clear();
    assert_eq!(matched(&case, "{ threshold: 0.5 }"), "a");
    assert_eq!(matched(&case, "{ threshold: 0.5, margin: 0.4 }"), "b");
    assert_eq!(matched(&case, "{ threshold: 0.7 }"), "b");
}

#[test]
fn a_head_of_several_labels_is_asked_label_by_label() {
    let mut case = Case::default();
    let mut scored = head(&[("billing", 0.9), ("sales", 0.85), ("account", 0.4)]);
    scored.kind = HeadKind::Multi;
    scored.chosen = vec!["billing".to_owned(), "sales".to_owned()];
    case.prediction.heads.insert("category".to_owned(), scored);
    for (condition, expected) in [
        ("{ category: sales }", true),
        ("{ category: account }", false),
        ("{ head: category, is: account, confidence: '>=0.3' }", true),
        ("{ head: category, is: sales, is_not: billing }", false),
    ] {
        let rules = format!("rules:\n  - {{ id: a, when: {condition}, then: [{{ add_tags: x }}] }}\n");
        assert_eq!(case.explained(&compiled(&rules)).rules[0].matched, expected, "{condition}");
    }
}

#[test]
fn the_first_to_set_a_scalar_wins_and_tags_add_up() {
    let rulebook = compiled(
        "rules:
  - { id: a, then: [{ set_priority: high }, { add_tags: [one, two] }, { assign_group: Billing }] }
  - { id: b, then: [{ set_priority: low }, { add_tags: [Two, three] }, { assign_group: Sales }, { assign_agent: Ada }] }
  - { id: c, when: { tag: vip }, then: [{ add_tags: one }], stop: true }
  - { id: d, then: [{ add_tags: four }] }
",
    );
    let explanation = Case::default().explained(&rulebook);
    assert_eq!(
        Case::default().plan(&rulebook),
        [
            r#"a: set_priority "high" (live)"#,
            r#"a: add_tags ["one","two"] (live)"#,
            r#"a: assign_group "Billing" (live)"#,
            r#"b: add_tags ["three"] (live)"#,
            r#"b: assign_agent "Ada" (live)"#,
        ]
    );
    assert_eq!(explanation.decision.rules, ["a", "b", "c"]);
    assert_eq!(
        explanation.to_string(),
        r#"a: matches
  → set_priority "high"
  → add_tags ["one","two"]
  → assign_group "Billing"
b: matches
  → set_priority "low" (left out: the rule `a` came first)
  → add_tags ["three"]
  → assign_group "Sales" (left out: the rule `a` came first)
  → assign_agent "Ada"
c: matches
  ✓ tagged vip — VIP
  → add_tags ["one"] (left out: earlier rules have these tags in hand)
d: not reached
"#
    );
}

#[test]
fn the_strictest_mode_wins() {
    let rulebook = compiled(
        "rules:
  - { id: a, mode: suggest, then: [{ add_tags: a }] }
  - { id: b, mode: live, then: [{ add_tags: b }] }
  - { id: c, then: [{ add_tags: c }] }
",
    );
    let modes = |ceiling| {
        let explained = Case { ceiling, ..Case::default() }.explained(&rulebook);
        explained.decision.plan.iter().map(|planned| planned.mode).collect::<Vec<_>>()
    };
    assert_eq!(modes(Mode::Live), [Mode::Suggest, Mode::Live, Mode::Live]);
    assert_eq!(modes(Mode::Suggest), [Mode::Suggest; 3]);
    assert_eq!(modes(Mode::Shadow), [Mode::Shadow; 3]);
}

const SETS: &str = "rules:
  - id: a
    then:
      - set_priority: high
      - assign_group: Billing
      - assign_agent: ada@desk.example
      - set_field: { Category: \"{{ category.label }}\" }
";

/// Which effects a person's values hold back.
fn held(ticket: Ticket, history: History) -> Vec<String> {
    let case = Case { ticket, history, ..Case::default() };
    case.explained(&compiled(SETS))
        .decision
        .plan
        .into_iter()
        .filter_map(|planned| planned.held_back)
        .collect()
}

#[test]
fn a_person_wins() {
    let none = History::default;
    assert!(held(ticket(), none()).is_empty());
    assert!(held(priority(Priority::Low, true), none()).is_empty(), "a default is nobody's choice");
    assert!(held(priority(Priority::High, false), none()).is_empty(), "it holds already");
    assert_eq!(held(priority(Priority::Low, false), none()), ["a person has set the priority"]);
    assert_eq!(held(Ticket { group: Some(id("2")), ..ticket() }, none()), ["a person has set the group"]);
    assert!(held(Ticket { group: Some(id("1")), ..ticket() }, none()).is_empty());
    assert_eq!(held(Ticket { assignee: Some(id("4")), ..ticket() }, none()), ["a person has set the agent"]);
    assert!(held(Ticket { assignee: Some(id("9")), ..ticket() }, none()).is_empty());
    assert_eq!(held(field("sales"), none()), ["a person has set the field `Category`"]);
    assert!(held(field("billing"), none()).is_empty());
}

#[test]
fn a_value_that_a_form_presets_is_nobodys_choice() {
    let rules = "rules:\n  - { id: a, then: [{ set_field: { Category: billing } }] }\n";
    let case = Case { ticket: field("sales"), ..Case::default() };
    let held = |presets: &[(&str, FieldValue)]| case.held_with_presets(&compiled(rules), presets);
    assert_eq!(held(&[]), [true]);
    assert_eq!(held(&[("77", FieldValue::Text("sales".into()))]), [false]);
    assert_eq!(held(&[("77", FieldValue::Text("billing".into()))]), [true], "another value is preset");
    assert_eq!(held(&[("78", FieldValue::Text("sales".into()))]), [true], "another field is preset");
}

#[test]
fn unless_the_rule_overwrites() {
    let case = Case { ticket: field("sales"), ..Case::default() };
    let rulebook = compiled(&format!("{SETS}    overwrite: true\n"));
    assert!(case.explained(&rulebook).decision.plan.iter().all(|planned| planned.held_back.is_none()));
}

pub(super) fn wrote(effects: &[(&str, serde_json::Value, EffectOutcome)]) -> Entry {
    let at = "2026-01-02T03:04:05Z".parse().unwrap();
    Entry {
        account: "acme".to_owned(),
        platform: Platform::ALL[0].to_string(),
        ticket: "17".to_owned(),
        requester: None,
        delivery: "d".to_owned(),
        received_at: at,
        decided_at: at,
        mode: Mode::Live,
        language: serde_json::Value::Null,
        heads: serde_json::Value::Null,
        rules: Vec::new(),
        effects: effects
            .iter()
            .map(|(kind, value, state)| EffectRecord {
                kind: (*kind).to_owned(),
                value: value.clone(),
                rule: "a".to_owned(),
                mode: Mode::Live,
                state: *state,
                reason: None,
            })
            .collect(),
        outcome: Outcome::Applied,
        reason: None,
        digests: Some(Digests { model: "m0".to_owned(), rulebook: "r0".to_owned() }),
        version: None,
        own_version: None,
        calls: Vec::new(),
        withheld: None,
        machine: None,
        challenger: None,
        awaiting: None,
        snapshot: None,
    }
}

#[test]
fn what_we_wrote_last_is_no_persons_choice() {
    use EffectOutcome::{Applied, Shadowed, Unchanged};
    let history = |entries: &[Entry]| History { entries: entries.to_vec() };
    let sales = wrote(&[("set_field", serde_json::json!({ "category": "Sales" }), Applied)]);
    assert!(held(field("sales"), history(std::slice::from_ref(&sales))).is_empty());
    let later = wrote(&[("set_field", serde_json::json!({ "Category": "billing" }), Applied)]);
    let reverted = held(field("sales"), history(&[later, sales]));
    assert_eq!(reverted, ["a person has set the field `Category`"], "a person put it back");
    for (state, expected) in [(Applied, 0), (Unchanged, 1), (Shadowed, 1)] {
        let low = history(&[wrote(&[("set_priority", "low".into(), state)])]);
        assert_eq!(held(priority(Priority::Low, false), low).len(), expected, "{state:?}");
    }
    let group = history(&[wrote(&[("assign_group", "sales".into(), Applied)])]);
    assert!(held(Ticket { group: Some(id("2")), ..ticket() }, group).is_empty());
    let agent = history(&[wrote(&[("assign_agent", "Ada".into(), Applied)])]);
    assert_eq!(held(Ticket { assignee: Some(id("4")), ..ticket() }, agent).len(), 1);
}

#[test]
fn a_note_is_filled_marked_and_written_once() {
    let rules = "rules:\n  - id: a\n    then:\n      - note: 'Read as {{ category.label }} ({{ category.confidence | percent }}), \
                 then {{ category.runner_up.label }}; <b>{{ language.code }}</b> on {{ ticket.account }}/{{ ticket.id }}'\n";
    let rulebook = compiled(rules);
    let explanation = Case::default().explained(&rulebook);
    let Effect::Note(note) = &explanation.decision.plan[0].effect else { panic!("no note") };
    assert_eq!(note.text, "Read as billing (97 %), then sales; <b>de</b> on acme/17");
    assert_eq!(note.marker.len(), "deskbridge:".len() + 8);
    let marker = |case: &Case| match &case.explained(&rulebook).decision.plan[0].effect {
        Effect::Note(note) => note.marker.clone(),
        other => panic!("{other:?}"),
    };
    let moved = Case { ticket: Ticket { version: Version("v2".to_owned()), ..ticket() }, ..Case::default() };
    assert_eq!(marker(&moved), note.marker, "our own write does not change it");
    let other = Case { ticket: Ticket { id: TicketId::new("18").unwrap(), ..ticket() }, ..Case::default() };
    assert_ne!(marker(&other), note.marker);
    let entries = vec![wrote(&[("note", note.marker.as_str().into(), EffectOutcome::Applied)])];
    let again = Case { history: History { entries }, ..Case::default() };
    assert!(again.plan(&rulebook)[0].ends_with("[this note was written before]"));
}

#[test]
fn field_values_keep_their_kind() {
    let rulebook = compiled(
        "rules: [{ id: a, then: [{ set_field: { A: true, B: 3, C: '3', D: [x, y], E: 'v{{ category.label }}' } }] }]",
    );
    let plan = Case::default().plan(&rulebook);
    let values: Vec<&str> =
        plan.iter().filter_map(|line| line.strip_prefix("a: set_field ")?.strip_suffix(" (live)")).collect();
    assert_eq!(
        values,
        [r#"{"A":true}"#, r#"{"B":3}"#, r#"{"C":"3"}"#, r#"{"D":["x","y"]}"#, r#"{"E":"vbilling"}"#]
    );
}

#[test]
fn a_prediction_without_the_head_matches_nothing() {
    let rulebook =
        compiled("rules: [{ id: a, when: { category: billing }, then: [{ note: '{{ category.label }}' }] }]");
    let mut case = Case::default();
    case.prediction.heads.clear();
    assert_eq!(
        case.explained(&rulebook).to_string(),
        "a: does not match\n  ✗ category is billing — the prediction has no head `category`\n"
    );
    let rulebook = compiled("rules: [{ id: a, then: [{ note: '{{ category.label }}' }] }]");
    let explanation = case.explained(&rulebook);
    assert!(explanation.decision.plan.is_empty());
    assert!(explanation.rules[0].effects[0].left_out.is_some());
}

#[test]
fn a_rule_goes_no_further_than_the_labels_it_rests_on() {
    use crate::domain::label_modes::LabelModes;
    use crate::domain::mode::Mode;

    let rulebook = compiled(
        r#"
rules:
  - id: by-label
    when: { category: billing }
    then: [{ add_tags: [one] }]
  - id: by-either
    when: { any: [{ category: shipping }, { category: billing }] }
    then: [{ add_tags: [two] }]
  - id: by-template
    then: [{ note: "{{ category.label }}" }]
  - id: by-absence
    when: { none: [{ category: shipping }] }
    then: [{ add_tags: [three] }]
  - id: by-text
    when: { text: "charged" }
    then: [{ add_tags: [four] }]
"#,
    );
    let modes = |gate: LabelModes| -> Vec<String> {
        let case = Case { gate, ..Case::default() };
        let plan = case.explained(&rulebook).decision.plan;
        plan.iter().map(|planned| format!("{} {}", planned.because, planned.mode)).collect()
    };
    let promoted = |label: &str, mode| {
        let labels = [(label.to_owned(), mode)].into();
        LabelModes::restricted([("category".to_owned(), labels)].into())
    };
    let all = |labelled: &str| {
        ["by-label", "by-either", "by-template"]
            .iter()
            .map(|rule| format!("{rule} {labelled}"))
            .chain(["by-absence live".to_owned(), "by-text live".to_owned()])
            .collect::<Vec<_>>()
    };
    assert_eq!(modes(LabelModes::OPEN), all("live"));
    assert_eq!(modes(promoted("billing", Mode::Live)), all("live"));
    assert_eq!(modes(promoted("billing", Mode::Suggest)), all("suggest"));
    assert_eq!(
        modes(promoted("shipping", Mode::Live)),
        all("shadow"),
        "what is not promoted stays in shadow"
    );
}
