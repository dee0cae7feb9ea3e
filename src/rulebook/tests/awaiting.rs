//! Which decisions wait for more words of the customer's.

use deskbridge_connectors::ticket::{Author, Message};

use super::*;

/// The heads that a decision waits for.
fn waits_for(rules: &str, prediction: Prediction) -> Vec<String> {
    let case = Case { prediction, ..Case::default() };
    let awaiting = case.explained(&compiled(&format!("rules:\n{rules}"))).decision.awaiting;
    awaiting.map(|awaiting| awaiting.heads).unwrap_or_default()
}

const UNSURE: &str =
    "  - { id: unsure, when: { head: category, abstains: true }, then: [{ add_tags: unsure }] }\n";
const BILLING: &str =
    "  - { id: b, when: { category: billing }, then: [{ add_tags: b }, { assign_group: Billing }] }\n";
const URGENT: &str =
    "  - { id: u, when: { head: priority, is: urgent }, then: [{ set_priority: urgent }] }\n";
const LOW_BAR: &str = "  - { id: u, when: { head: priority, is: urgent, confidence: '>=0.5' }, then: [{ set_priority: urgent }] }\n";
const TEXT: &str = "  - { id: t, when: { text: charged }, then: [{ add_tags: t }] }\n";

fn doubtful() -> Prediction {
    prediction(&[("billing", 0.4), ("sales", 0.3)], &[("urgent", 0.6), ("high", 0.3)])
}

#[test]
fn a_rule_that_matched_by_a_silence_waits_for_its_end() {
    assert_eq!(waits_for(UNSURE, doubtful()), ["category"]);
    let denied = "  - { id: n, when: { none: [{ category: billing }] }, then: [{ add_tags: n }] }\n";
    assert_eq!(waits_for(denied, doubtful()), ["category"]);
    assert!(waits_for(&format!("{BILLING}{UNSURE}"), billing()).is_empty());
    // The branch that made it hold is another one.
    let either = "  - { id: e, when: { any: [{ text: charged }, { category: billing }] }, then: [{ assign_group: Sales }] }\n";
    assert!(waits_for(either, doubtful()).is_empty());
}

#[test]
fn without_a_rule_for_silence_the_heads_that_route_are_waited_for() {
    assert_eq!(waits_for(BILLING, doubtful()), ["category"], "no rule matched");
    assert_eq!(waits_for(&format!("{TEXT}{BILLING}"), doubtful()), ["category"], "a tag is no way");
    assert_eq!(waits_for(&format!("{LOW_BAR}{BILLING}"), doubtful()), ["category"], "nor is a priority");
    assert!(
        waits_for(&format!("{URGENT}{BILLING}"), billing()).is_empty(),
        "the way is known; a silent priority is none"
    );
    assert_eq!(waits_for(URGENT, doubtful()), ["priority"], "where nothing routes, whatever is asked");
    assert!(waits_for(TEXT, doubtful()).is_empty(), "no head is asked at all");
}

#[test]
fn a_rule_that_stops_the_others_or_names_a_label_has_decided() {
    let stops = "  - { id: s, when: { text: charged }, then: [{ add_tags: s }], stop: true }\n";
    assert!(waits_for(&format!("{stops}{BILLING}{UNSURE}"), doubtful()).is_empty());
    assert!(waits_for(LOW_BAR, doubtful()).is_empty(), "a bar of its own names a label");
}

#[test]
fn the_customers_messages_are_counted() {
    let said = |author, text: &str| Message { author, public: true, text: text.to_owned() };
    let messages =
        vec![said(Author::Customer, "Hi"), said(Author::Bot, "Hello"), said(Author::Customer, "well")];
    let case = Case { prediction: doubtful(), ticket: Ticket { messages, ..ticket() }, ..Case::default() };
    let decision = case.explained(&compiled(&format!("rules:\n{UNSURE}"))).decision;
    assert_eq!(decision.awaiting.map(|awaiting| awaiting.messages), Some(2));
}
