//! What is found before any ticket comes.

use super::*;

fn found(rules: &str) -> Vec<String> {
    let text = format!("version: 1\n{rules}");
    let found = match load("r.yaml", &text, Some(&vocabulary()), &Platform::ALL) {
        Ok(loaded) => loaded.warnings,
        Err(found) => found,
    };
    assert!(found.iter().all(|one| one.line > 1 && one.column > 0 && one.snippet.is_some()), "{found:?}");
    found.iter().map(|one| format!("{}:{} {}", one.line, one.column, one.message)).collect()
}

fn never(when: &str, why: &str) {
    let rules = format!("rules:\n  - {{ id: a, when: {when}, then: [{{ add_tags: x }}] }}\n");
    let expected: Vec<String> =
        (!why.is_empty()).then(|| format!("3:11 the rule `a` can never match: {why}")).into_iter().collect();
    assert_eq!(found(&rules), expected, "{when}");
}

#[test]
fn rules_that_never_match() {
    never("{ head: category, is: billing, confidence: '>1' }", "the confidence of `category` cannot be >1");
    never("{ head: category, confidence: '<0' }", "the confidence of `category` cannot be <0");
    never("{ head: category, confidence: '>=1' }", "");
    never(
        "{ all: [{ head: category, confidence: '>=0.9' }, { head: category, confidence: '<0.5' }] }",
        "the confidence of `category` cannot be >=0.9 and <0.5",
    );
    never("{ all: [{ head: category, confidence: '>=0.5' }, { head: category, confidence: '<0.9' }] }", "");
    never("{ all: [{ head: category, confidence: '>=0.9' }, { head: priority, confidence: '<0.5' }] }", "");
    never("{ head: category, is: billing, is_not: billing }", "`category` shall be `billing` and not be it");
    never("{ all: [{ language: de }, { language: [en, fr] }] }", "a ticket has only one language");
    never("{ all: [{ language: de }, { language: [en, DE] }] }", "");
    never("{ all: [{ segment: a }, { any: [{ segment: b }] }] }", "a ticket has only one segment");
    never("{ all: [{ tag: x }], none: [{ tag: X }] }", "it asks for `tagged x` and for the opposite");
    never("{ any: [{ head: category, confidence: '>1' }, { tag: x }] }", "");
    never("{ any: [] }", "`any` is an empty list");
    never("{ repeat_contacts: '<0', within: 1d }", "no ticket has a count of contacts <0");
}

#[test]
fn values_that_never_count() {
    let rules = "rules:
  - { id: a, when: { tag: x }, then: [{ set_priority: high }, { set_field: { Category: billing } }] }
  - { id: b, when: { tag: X }, then: [{ set_priority: low }, { set_field: { Category: billing } }, { add_tags: y }] }
  - { id: c, when: { tag: z }, then: [{ set_priority: low }, { set_priority: high }] }
";
    assert_eq!(
        found(rules),
        [
            "4:41 this never counts: `a` has the same condition and sets it first",
            "4:64 this never counts: `a` has the same condition and sets it to the same",
            "5:64 this never counts: the rule has set the priority already",
        ]
    );
}

#[test]
fn rules_behind_one_that_stops() {
    let rules = "rules:
  - { id: a, when: { tag: x }, stop: true }
  - { id: b, when: { tag: x }, then: [{ add_tags: y }] }
";
    assert_eq!(found(rules), ["4:11 the rule `b` is never reached: `a` has the same condition and stops"]);
}

#[test]
fn rules_that_undo_each_other() {
    let rules = "rules:
  - { id: a, when: { tag: new }, then: [{ remove_tags: new }] }
  - { id: b, when: { none: [{ tag: new }] }, then: [{ add_tags: new }] }
  - { id: c, when: { priority: low }, overwrite: true, then: [{ set_priority: high }] }
  - { id: d, when: { priority: high }, overwrite: true, then: [{ set_priority: low }] }
";
    assert_eq!(
        found(rules),
        [
            "4:11 `a` and `b` undo each other: `a` removes `new`, and `b` adds `new`, each time the ticket is decided on",
            "6:11 `c` and `d` undo each other: `c` sets the priority, and `d` sets the priority, each time the ticket is \
             decided on",
        ]
    );
}

#[test]
fn answers_that_nobody_sends_and_that_are_not_there() {
    let rules = "templates: { thanks: Hello, more: Hello }
rules:
  - { id: a, then: [{ reply: thank }] }
";
    assert_eq!(
        found(rules),
        [
            "2:14 no rule uses `templates.thanks`",
            "2:29 no rule uses `templates.more`",
            "4:23 there is no template `thank`",
        ]
    );
}

#[test]
fn what_the_accounts_do_not_have() {
    let text = "version: 1
templates: { thanks: Hello }
rules:
  - { id: a, when: { segment: premum }, then: [{ reply: thanks }] }
  - { id: b, when: { account: shop }, then: [{ reply: thanks }] }
  - { id: c, when: { account: acne }, then: [{ add_tags: x }] }
";
    let rulebook = load("r.yaml", text, Some(&vocabulary()), &Platform::ALL).unwrap().rulebook;
    let account = |name: &str, public_replies| Permissions {
        account: name.to_owned(),
        platform: Platform::ALL[0],
        public_replies,
        reply_limit: Some(1),
        segments: Some(vec!["premium".to_owned()]),
    };
    let found = rulebook.against(&[account("acme", false), account("shop", true)]);
    let found: Vec<String> =
        found.iter().map(|one| format!("{}:{} {}", one.line, one.column, one.message)).collect();
    assert_eq!(
        found,
        [
            "4:50 `reply` is not allowed on acme",
            "4:11 rule `a`: the settings know no segment `premum`",
            "6:11 rule `c`: the settings know no account `acne`",
        ]
    );
}

#[test]
fn answers_without_a_limit_are_warned_about() {
    let rulebook = compiled("templates: { thanks: Hello }\nrules: [{ id: a, then: [{ reply: thanks }] }]");
    let account = |name: &str, public_replies, reply_limit| Permissions {
        account: name.to_owned(),
        platform: Platform::ALL[0],
        public_replies,
        reply_limit,
        segments: None,
    };
    let found = |accounts: &[Permissions]| -> Vec<String> {
        rulebook.against(accounts).into_iter().map(|one| one.message).collect()
    };
    assert_eq!(
        found(&[account("acme", true, Some(1)), account("shop", true, Some(30))]),
        Vec::<String>::new()
    );
    assert_eq!(
        found(&[account("acme", true, Some(1)), account("shop", true, None), account("chat", true, None)]),
        ["`reply` has no limit on shop, chat: a mailbox that answers with a new ticket is \
             answered without end"]
    );
    // Where no answer is allowed, no limit is needed.
    assert_eq!(found(&[account("shop", false, None)]), ["`reply` is not allowed on shop"]);
}

#[test]
fn mistakes_in_conditions_and_actions() {
    let rules = r#"rules:
  - { id: a, when: { text: "(", in: body }, stop: true }
  - { id: b, when: { text: "(?:a{999}){999}", in: head }, stop: true }
  - { id: c, when: { repeat_contacts: many, within: 7 }, stop: true }
  - { id: d, when: { repeat_contacts: 3 }, stop: true }
  - { id: e, when: { hours: { zone: Mars/One, open: "9-5" } }, stop: true }
  - { id: f, when: { age: old }, stop: true }
  - { id: g, when: { status: opened }, stop: true }
  - { id: h, when: { requester: {} }, stop: true }
  - { id: i, when: { field: { x: {} } }, stop: true }
  - { id: j, when: { priority: hihg }, stop: true }
  - { id: k, then: [{ cc: { email: nobody } }, { cc: {} }] }
  - { id: l, then: [{ lookup: { url: "https://{{ host }}/x", host: x, note: n } }] }
  - { id: m, then: [{ lookup: { url: "http://a.example/{{ x }}", x: x, y: y, note: "{{ resul.x }}" } }] }
  - { id: n, then: [{ lookup: { url: "https://a.example/{{ z }}", note: n } }] }
"#;
    assert_eq!(
        found(rules),
        [
            "3:28 the expression is not valid: unclosed group",
            "4:28 the expression is too large; name fewer repetitions",
            "4:51 `in` is subject, body or any",
            "5:39 `repeat_contacts` is a count, as in \">=3\"",
            "5:53 `within` is a duration with its unit, as in 24h or 7d",
            "6:20 `within` is missing",
            "7:37 there is no time zone `Mars/One`; write it as in Europe/Berlin",
            "7:53 hours are days and times of one day, as in \"Mon-Fri 09:00-17:30\"",
            "8:27 `age` is a duration with its unit, as in \">2h\", \"<30m\" or \">=1d\"",
            "9:30 `status` is one of new, open, pending, hold, solved, closed",
            "10:33 `requester` asks nothing; add `email` or `domain`",
            "11:34 the condition asks nothing of its field; add `is`, `is_not` or `exists`",
            "12:32 `priority` is one of urgent, high, normal, low; for a head of the model write { head: priority, is: … }",
            "13:36 `cc.email` is an address, as in lead@desk.example",
            "13:54 `cc` names nobody; write { group: … } or { email: … }",
            "14:38 the host of `lookup.url` is fixed: no template and no credentials before the path",
            "15:23 the template uses `resul`, which is not known",
            "15:23 `lookup.url` with http:// is for hosts of your own network only",
            "15:72 the address does not use `y`; write {{ y }} into it",
            "16:38 nothing says where `z` comes from",
        ]
    );
}

#[test]
fn language_tags_are_read_as_the_detectors_codes() {
    let rule = |tag: &str| {
        format!("rules:\n  - {{ id: a, when: {{ language: {tag} }}, then: [{{ add_tags: x }}] }}\n")
    };
    for quiet in ["no", "nn", "nob", "DE", "ger", "iw", "[zh, cmn]"] {
        assert_eq!(found(&rule(quiet)), [] as [String; 0], "{quiet}");
    }
    assert_eq!(
        found(&rule("es-419")),
        ["3:32 `es-419` matches every `es`: regions and scripts are not told apart"]
    );
    for unknown in ["dothraki", "hi", "en-", "german"] {
        assert_eq!(found(&rule(unknown)), [format!("3:32 unknown language `{unknown}`")]);
    }
    let text = format!("version: 1\n{}", rule("[fr, german, xq]"));
    let found = load("r.yaml", &text, Some(&vocabulary()), &Platform::ALL).unwrap_err();
    let helps: Vec<_> = found.iter().map(|one| one.help.clone().unwrap_or_default()).collect();
    assert!(helps[0].starts_with("did you mean `de`? known languages: en, de, fr,"), "{helps:?}");
    assert!(helps[1].ends_with(", und"), "{helps:?}");
}

#[test]
fn a_rule_on_a_language_by_another_of_its_codes_matches() {
    let rules = "version: 1\nrules:\n  - { id: a, when: { language: nno }, then: [{ add_tags: x }] }\n";
    let cases =
        "- { name: norsk, given: { subject: Hei, language: nb, predicted: {} }, expect: { rules: [a] } }\n";
    let rulebook = load("r.yaml", rules, Some(&vocabulary()), &Platform::ALL).unwrap().rulebook;
    let cases = crate::rulebook::cases::read("c.yaml", cases, &rulebook).unwrap();
    let verdict = cases[0].run(&rulebook, None, Platform::ALL[0]);
    assert!(verdict.differences.is_empty(), "{:?}", verdict.differences);
}

#[test]
fn a_template_has_one_text_a_language() {
    let book = |texts: &str| {
        format!("rules: [{{ id: a, then: [{{ reply: hello }}] }}]\ntemplates:\n  hello: {{ {texts} }}\n")
    };
    assert_eq!(found(&book("default: no, nb: Hei, en: Hi")), [] as [String; 0]);
    assert_eq!(
        found(&book("default: en, en: Hi, nb: Hei, nn: Hallo")),
        ["4:42 the template `hello` has a second text for the language `nb`"]
    );
    assert_eq!(
        found(&book("default: klingon, en: Hi")),
        ["2:27 there is no template `hello`", "4:21 unknown language `klingon`"]
    );
}

#[test]
fn expressions_that_yaml_has_changed_are_warned_about() {
    let rule = |text: &str| {
        format!("rules:\n  - {{ id: a, when: {{ text: {text} }}, then: [{{ add_tags: x }}] }}\n")
    };
    for quiet in [r"'\bparcel\b'", r#""\\bparcel\\b""#, r#""one\ttwo""#, "parcel"] {
        assert_eq!(found(&rule(quiet)), [] as [String; 0], "{quiet}");
    }
    for (text, letter) in [
        (r#""\bparcel""#, "U+0008, which is what YAML makes of `\\b` in double quotes"),
        (r#""a\_b""#, "U+00A0, which is what YAML makes of `\\_` in double quotes"),
        (r#""a\x01b""#, "U+0001"),
        (r#"[ok, "a\eb"]"#, "U+001B, which is what YAML makes of `\\e` in double quotes"),
    ] {
        let said = found(&rule(text));
        assert_eq!(said.len(), 1, "{text}: {said:?}");
        assert!(said[0].ends_with(&format!("the character {letter}; no text contains it")), "{said:?}");
    }
    for block in [">", "|", "|+"] {
        let rules = format!(
            "rules:\n  - id: a\n    when:\n      text: {block}\n        parcel\n    then: [{{ add_tags: x }}]\n"
        );
        let said = found(&rules);
        assert!(said.len() == 1 && said[0].contains("ends in a line break"), "{block}: {said:?}");
    }
    let stripped =
        "rules:\n  - id: a\n    when:\n      text: >-\n        parcel\n    then: [{ add_tags: x }]\n";
    assert_eq!(found(stripped), [] as [String; 0]);
}
