//! What a platform's own triggers and a rulebook do to each other.

use deskbridge_connectors::trigger::{Deed, Need, Subject, Trigger};

use super::*;

const RULES: &str = "rules:
  - id: money
    when: { category: billing }
    then:
      - assign_group: Billing
      - set_priority: high
      - add_tags: [money]
      - set_field: { Category: billing }
";

fn trigger(does: Vec<Deed>, needs: Vec<Need>) -> Trigger {
    Trigger { name: "Night shift".to_owned(), does, needs, on: None }
}

fn told(trigger: Trigger) -> Vec<String> {
    let found = compiled(RULES).against_triggers("acme", Platform::ALL[0], &directory(), &[trigger]);
    assert!(found.iter().all(|one| one.snippet.is_some() && one.help.is_some() && !one.is_error()));
    found
        .iter()
        .map(|one| {
            let message = one.message.strip_prefix("account `acme`: the trigger `Night shift` may ");
            format!("{}:{} {}", one.line, one.column, message.unwrap_or(&one.message))
        })
        .collect()
}

fn sets(subject: Subject, value: &str) -> Deed {
    Deed::Sets(subject, Some(value.to_owned()))
}

#[test]
fn what_a_trigger_would_undo_is_told_at_the_action() {
    let undone = |deed| told(trigger(vec![deed], vec![]));
    assert_eq!(undone(sets(Subject::Group, "2")), ["6:9 run on this update and set the group to `Sales`"]);
    assert_eq!(undone(sets(Subject::Group, "1")), Vec::<String>::new(), "the same group");
    assert_eq!(undone(sets(Subject::Agent, "9")), Vec::<String>::new(), "no rule sets the agent");
    assert_eq!(
        undone(sets(Subject::Priority, "low")),
        ["7:9 run on this update and set the priority to `low`"]
    );
    assert_eq!(
        undone(Deed::Sets(Subject::Field(id("77")), None)),
        ["9:9 run on this update and set the field `Category` to something else"]
    );
    assert_eq!(
        undone(Deed::RemovesTag("Money".into())),
        ["8:9 run on this update and remove the tag `money`".replace("`money`", "`Money`")]
    );
    assert_eq!(
        undone(Deed::ReplacesTags(vec!["night".into()])),
        ["8:9 run on this update and replace all tags, `money` among them"]
    );
    assert_eq!(undone(Deed::AddsTag("night".into())), Vec::<String>::new());
    assert_eq!(undone(Deed::Tells), ["6:9 post our own updates to a webhook, such as this one"]);
}

#[test]
fn a_trigger_that_cannot_run_after_the_rule_is_no_finding() {
    let undo = || vec![sets(Subject::Group, "2")];
    for need in [
        Need::Is(Subject::Priority, "low".into()),
        Need::IsNot(Subject::Priority, "high".into()),
        Need::IsNot(Subject::Group, "1".into()),
        Need::NotTagged(vec!["other".into(), "MONEY".into()]),
    ] {
        assert_eq!(told(trigger(undo(), vec![need.clone()])), Vec::<String>::new(), "{need:?}");
    }
    for need in [
        Need::Is(Subject::Priority, "high".into()),
        Need::Is(Subject::Agent, "9".into()),
        Need::Tagged(vec!["vip".into()]),
        Need::NotTagged(vec!["other".into()]),
    ] {
        assert_eq!(told(trigger(undo(), vec![need.clone()])).len(), 1, "{need:?}");
    }
    let on = |part| Trigger { on: Some(vec![part]), ..trigger(undo(), vec![]) };
    assert_eq!(told(on(Subject::Agent)), Vec::<String>::new(), "no rule starts it");
    assert_eq!(told(on(Subject::Priority)).len(), 1);
}
