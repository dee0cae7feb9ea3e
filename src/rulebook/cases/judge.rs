//! A decision held against what its case expects: what is missing, what is too much, and which rule is behind it.
//!
//! Actions are compared as the effects they become on the platform, tag by tag and in any order: which of several rules
//! adds a tag is the rulebook's business, and `rules` is there to ask for it.

use std::collections::BTreeMap;

use deskbridge_connectors::Effect;
use serde_json::Value;

use super::Expect;
use crate::domain::decision::Decision;
use crate::rulebook::action::{Action, Terms, Verb};
use crate::rulebook::{Facts, Rulebook, template};

/// Each effect in words, with the rule behind it.
type Effects = BTreeMap<String, String>;

/// What is not as expected, a line each.
pub(super) fn differences(
    expect: &Expect,
    rulebook: &Rulebook,
    facts: &Facts<'_>,
    decision: &Decision,
) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(rules) = &expect.rules
        && *rules != decision.rules
    {
        lines.push(format!("rules: expected {}; matched {}", listed(rules), listed(&decision.rules)));
    }
    for rule in expect.not_rules.iter().filter(|rule| decision.rules.contains(rule)) {
        lines.push(format!("rules: `{rule}` matched, and must not"));
    }
    let (held, free): (Vec<_>, Vec<_>) =
        decision.plan.iter().partition(|planned| planned.held_back.is_some());
    let planned = |part: &[&crate::domain::decision::Planned]| -> Effects {
        part.iter()
            .flat_map(|planned| {
                words(&planned.effect).into_iter().map(|word| (word, planned.because.clone()))
            })
            .collect()
    };
    let (mut held, mut free) = (planned(&held), planned(&free));
    for lookup in &decision.lookups {
        let part = if lookup.held_back.is_some() { &mut held } else { &mut free };
        part.insert(format!("lookup {}", lookup.pattern), lookup.because.clone());
    }
    if let Some(actions) = &expect.actions {
        compare("actions", actions, &free, rulebook, facts, &mut lines);
    }
    if let Some(actions) = &expect.held_back {
        compare("held_back", actions, &held, rulebook, facts, &mut lines);
    }
    if !lines.is_empty() && expect.held_back.is_none() {
        lines.extend(held.iter().map(|(effect, rule)| format!("  held back: {effect} (rule `{rule}`)")));
    }
    lines
}

fn compare(
    what: &str,
    expected: &[Action],
    planned: &Effects,
    rulebook: &Rulebook,
    facts: &Facts<'_>,
    lines: &mut Vec<String>,
) {
    let context = template::context(facts, rulebook.book.defaults);
    let mut wanted = Vec::new();
    for action in expected {
        if let Verb::Lookup(question) = &action.verb {
            wanted.push(format!("lookup {}", question.url));
            continue;
        }
        let effect = action.effect(&Terms {
            names: &rulebook.book.names,
            platform: facts.platform,
            replies: &rulebook.book.replies,
            language: (&facts.prediction.language.code, facts.prediction.language.confidence),
            render: &|template| rulebook.engine.render(template, &context),
            marker: &|_| String::new(),
        });
        match effect {
            Ok(effect) => wanted.extend(words(&effect)),
            Err(why) => {
                lines.push(format!("{what}: the one on line {} means nothing: {why}", action.at.line))
            }
        }
    }
    for effect in wanted.iter().filter(|effect| !planned.contains_key(*effect)) {
        lines.push(format!("{what}: - {effect} (expected, and not planned)"));
    }
    for (effect, rule) in planned.iter().filter(|(effect, _)| !wanted.contains(effect)) {
        lines.push(format!("{what}: + {effect} (planned by the rule `{rule}`, and not expected)"));
    }
}

/// An effect as a line, or as one for each tag.
fn words(effect: &Effect) -> Vec<String> {
    let kind = effect.kind();
    match effect.value() {
        Value::String(text) => vec![format!("{kind} {text}")],
        Value::Array(items) => {
            items.iter().map(|item| format!("{kind} {}", item.as_str().unwrap_or_default())).collect()
        }
        other => vec![format!("{kind} {other}")],
    }
}

fn listed(rules: &[String]) -> String {
    if rules.is_empty() { "none".to_owned() } else { rules.join(", ") }
}
