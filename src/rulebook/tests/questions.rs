//! Look-ups: what is asked, and what the answer becomes.

use deskbridge_connectors::ticket::{Author, Message};
use serde_json::json;

use super::*;
use crate::domain::decision::Lookup;

const RULES: &str = "rules:
  - id: order
    then:
      - lookup:
          url: 'https://Orders.example/api/{{ order }}?by={{ who }}'
          order: '#?(\\d{5,})'
          who: 'by (.+)'
          note: '{{ category.label }} {{ result.id }}: {{ result.status }}'
";

fn case(body: &str) -> Case {
    let message = Message { author: Author::Customer, public: true, text: body.to_owned() };
    Case { ticket: Ticket { messages: vec![message], ..ticket() }, ..Case::default() }
}

fn asked(case: &Case) -> Vec<Lookup> {
    case.explained(&compiled(RULES)).decision.lookups
}

#[test]
fn what_is_found_fills_the_address_and_nothing_else() {
    let found = asked(&case("order #1234567 by ../a?b=&c d"));
    assert_eq!(found[0].url, "https://Orders.example/api/1234567?by=..%2Fa%3Fb%3D%26c%20d");
    assert_eq!(found[0].pattern, "https://Orders.example/api/{{ order }}?by={{ who }}");
    assert!(!found[0].private);
    for nothing in
        ["order 12 by x", "order 12345", "order 12345 by ..", &format!("12345 by {}", "x".repeat(200))]
    {
        let explanation = case(nothing).explained(&compiled(RULES));
        assert!(explanation.decision.lookups.is_empty(), "{nothing}");
        assert!(
            explanation.rules[0].effects[0].left_out.as_ref().unwrap().starts_with("the ticket has no `")
        );
    }
}

#[test]
fn a_listed_host_may_be_private() {
    let rules = format!("lookups: {{ allow_private: [orders.EXAMPLE] }}\n{RULES}");
    let explanation = case("12345 by x").explained(&compiled(&rules));
    assert!(explanation.decision.lookups[0].private);
    assert!(explanation.to_string().contains("→ lookup https://Orders.example/api/12345?by=x"));
}

#[test]
fn an_answer_becomes_a_note_once() {
    let rulebook = compiled(RULES);
    let given = case("12345 by x");
    let directory = directory();
    let facts = given.facts(&directory);
    let lookup = &decide(&rulebook, &facts).lookups[0];
    let planned = answered(&rulebook, &facts, lookup, &json!({ "id": "A-7", "status": "sent" })).unwrap();
    let Effect::Note(note) = &planned.effect else { panic!("{planned:?}") };
    assert_eq!((note.text.as_str(), &note.marker), ("billing A-7: sent", &lookup.marker));
    assert_eq!((planned.mode, planned.held_back), (Mode::Live, None));
    assert!(answered(&rulebook, &facts, lookup, &json!({ "id": 1 })).is_err(), "nothing is written half");
    assert!(answered(&rulebook, &facts, lookup, &json!([])).is_err());
    let applied = crate::domain::outcome::EffectOutcome::Applied;
    let entry = super::deciding::wrote(&[("note", lookup.marker.as_str().into(), applied)]);
    let again = Case { history: History { entries: vec![entry] }, ..case("12345 by x") };
    assert!(asked(&again)[0].held_back.is_some(), "not even asked again");
}

#[test]
fn shadow_mode_asks_nothing() {
    let found = asked(&Case { ceiling: Mode::Shadow, ..case("12345 by x") });
    assert!(found[0].mode.permit().is_none());
}
