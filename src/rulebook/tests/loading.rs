//! What a rulebook may not say, and how it is told.

use super::*;

fn check(rules: &str, expected: &str) {
    let text = format!("version: 1\n{rules}");
    let found = match load("r.yaml", &text, Some(&vocabulary()), &Platform::ALL) {
        Ok(loaded) => loaded.warnings,
        Err(found) => found,
    };
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.join("\n"), expected);
}

#[test]
fn all_problems_come_at_once() {
    check(
        "rules:
  - id: a
    when: { catgory: billing }
    then:
      - set_prioritty: high
  - id: a
    when: { head: category, is: biling }
    then:
      - set_priority: soon
    stopp: true
",
        "r.yaml:4:13: error: `catgory` is neither a condition nor a head of the bundle
 4 |     when: { catgory: billing }
   |             ^
   help: did you mean `category`?
r.yaml:6:9: error: there is no action `set_prioritty`
 6 |       - set_prioritty: high
   |         ^
   help: did you mean `set_priority`?
r.yaml:7:9: error: the rule id `a` stands twice
 7 |   - id: a
   |         ^
   help: the first one is on line 3
r.yaml:8:33: error: the head `category` has no label `biling`
 8 |     when: { head: category, is: biling }
   |                                 ^
   help: did you mean `billing`?
r.yaml:10:23: error: a priority is one of urgent, high, normal, low
 10 |       - set_priority: soon
    |                       ^
r.yaml:11:5: error: unknown key `stopp`
 11 |     stopp: true
    |     ^
   help: did you mean `stop`?",
    );
}

#[test]
fn conditions_say_one_thing_each() {
    check(
        "rules:
  - { id: a, when: { category: billing, tag: vip }, stop: true }
  - { id: b, when: { all: [{ tag: vip }], tag: x }, stop: true }
  - { id: c, when: { head: category }, stop: true }
  - { id: d, when: { head: category, is: billing, confidence: high }, stop: true }
  - { id: e, when: { head: category, is: billing, abstains: true }, stop: true }
  - { id: f, when: { head: team, is: x }, stop: true }
",
        "r.yaml:3:41: error: `tag` is a second condition in one
 3 |   - { id: a, when: { category: billing, tag: vip }, stop: true }
   |                                         ^
   help: write each into a list under `all`
r.yaml:4:43: error: `tag` stands beside `all`, `any` or `none`
 4 |   - { id: b, when: { all: [{ tag: vip }], tag: x }, stop: true }
   |                                           ^
   help: write it into the list: all: [{ tag: … }]
r.yaml:5:22: error: the condition asks nothing of its head
 5 |   - { id: c, when: { head: category }, stop: true }
   |                      ^
   help: add `is`, `is_not`, `confidence` or `abstains`
r.yaml:6:63: error: `confidence` is a number from 0 to 1 with >=, >, <= or < before it, as in \">=0.8\"
 6 |   - { id: d, when: { head: category, is: billing, confidence: high }, stop: true }
   |                                                               ^
r.yaml:7:22: error: `abstains` stands alone: a head that abstains has no label to compare
 7 |   - { id: e, when: { head: category, is: billing, abstains: true }, stop: true }
   |                      ^
r.yaml:8:28: error: the bundle has no head `team`
 8 |   - { id: f, when: { head: team, is: x }, stop: true }
   |                            ^
   help: its heads: category, priority",
    );
}

#[test]
fn templates_are_tried_with_every_label() {
    check(
        "rules:
  - { id: a, then: [{ note: '{{ catgory.label }}' }] }
  - { id: b, then: [{ note: '{{ category.lable }}' }] }
  - { id: c, then: [{ note: '{{ category.label' }] }
  - { id: d, then: [{ set_priority: '{{ category.label }}' }] }
  - { id: e, then: [{ set_priority: '{{ priority.label }}' }] }
  - { id: f, then: [{ note: '{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}' }] }
",
        &[
            "r.yaml:3:23: error: the template uses `catgory`, which is neither a head nor a known name
 3 |   - { id: a, then: [{ note: '{{ catgory.label }}' }] }
   |                       ^
   help: did you mean `category`?
r.yaml:4:23: error: the template fails: undefined value
 4 |   - { id: b, then: [{ note: '{{ category.lable }}' }] }
   |                       ^
   help: a head has label, confidence, margin, abstained, labels, runner_up.label and runner_up.confidence
r.yaml:5:23: error: the template is not valid: syntax error: unexpected end of input, expected end of variable block
 5 |   - { id: c, then: [{ note: '{{ category.label' }] }
   |                       ^",
            &["billing", "technical", "account", "shipping", "returns", "sales", "feedback"]
                .map(|label| {
                    format!(
                        "\nr.yaml:6:23: error: `{label}`: a priority is one of urgent, high, normal, low\n 6 |   - {{ id: d, \
                         then: [{{ set_priority: '{{{{ category.label }}}}' }}] }}\n   |                       ^"
                    )
                })
                .concat(),
            "
r.yaml:8:23: error: the template fails: engine ran out of fuel
 8 |   - { id: f, then: [{ note: '{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}' }] }
   |                       ^",
        ]
        .concat(),
    );
}

#[test]
fn names_need_an_entry_for_every_platform() {
    let [first, second, third] = Platform::ALL;
    check(
        &format!(
            "names:\n  groups:\n    billing: {{ {first}: Billing }}\n    sales: Sales\nrules:\n  - {{ id: a, then: [{{ \
             assign_group: billing }}] }}\n  - {{ id: b, then: [{{ assign_group: bilings }}] }}\n"
        ),
        &format!(
            "r.yaml:4:5: error: `names.groups.billing` has no name for {second}
 4 |     billing: {{ {first}: Billing }}
   |     ^
r.yaml:4:5: error: `names.groups.billing` has no name for {third}
 4 |     billing: {{ {first}: Billing }}
   |     ^
r.yaml:5:5: warning: no rule uses `names.groups.sales`
 5 |     sales: Sales
   |     ^
r.yaml:8:23: error: `bilings` is not listed under `names.groups`
 8 |   - {{ id: b, then: [{{ assign_group: bilings }}] }}
   |                       ^
   help: did you mean `billing`?"
        ),
    );
}

#[test]
fn a_rule_for_one_platform_needs_names_for_that_one_only() {
    let first = Platform::ALL[0];
    check(
        &format!(
            "names: {{ groups: {{ billing: {{ {first}: Billing }} }} }}\nrules:\n  - {{ id: a, when: {{ platform: {first} \
             }}, then: [{{ assign_group: billing }}] }}\n"
        ),
        "",
    );
}

#[test]
fn what_is_never_reached_is_warned_about() {
    check(
        "rules:\n  - { id: a, stop: true }\n  - { id: b, then: [{ add_tags: x }] }\n",
        "r.yaml:4:11: warning: the rule `b` is never reached: `a` always matches and stops
 4 |   - { id: b, then: [{ add_tags: x }] }
   |           ^",
    );
}

#[test]
fn the_file_itself_has_a_shape() {
    let found = load("r.yaml", "rules: x\nrule: []\n", None, &Platform::ALL).unwrap_err();
    let found: Vec<String> =
        found.iter().map(|one| format!("{}:{} {}", one.line, one.column, one.message)).collect();
    assert_eq!(
        found,
        [
            "1:1 `version` is missing",
            "1:8 `rules` is a list, this is a single value",
            "2:1 unknown key `rule`"
        ]
    );
    let found = load("r.yaml", "version: 2\nrules: []\n", None, &Platform::ALL).unwrap_err();
    assert_eq!(found[0].message, "this program knows rulebooks of version 1, this is version 2");
}

#[test]
fn without_a_bundle_any_word_may_be_a_head() {
    let text =
        "version: 1\nrules:\n  - { id: a, when: { mood: angry }, then: [{ note: '{{ mood.label }}' }] }\n";
    assert!(load("r.yaml", text, None, &Platform::ALL).is_ok());
    let text = text.replace("}}' }", "' }");
    assert_eq!(load("r.yaml", &text, None, &Platform::ALL).unwrap_err().len(), 1);
}
