//! What is wrong between rules, though each of them is sound: ids that stand twice, rules that nothing reaches or that can
//! never match, values that never count, rules that undo each other, names and answers that nobody uses.
//!
//! Only what can be told without a ticket is told: a warning is never a guess about what customers write.

use std::collections::{BTreeMap, BTreeSet};

use super::action::{FieldSource, Verb};
use super::names::Kind;
use super::syntax::Rule;
use super::{Rulebook, compile};
use crate::diagnostics::Place;
use crate::diagnostics::yaml::Problems;

mod clash;
mod never;
pub(super) mod triggers;

/// Reports them all.
pub(super) fn check(rulebook: &Rulebook, problems: &mut Problems) {
    let rules = &rulebook.book.rules;
    let mut seen: BTreeMap<&str, Place> = BTreeMap::new();
    for rule in rules {
        if let Some(first) = seen.get(rule.id.as_str()) {
            let help = format!("the first one is on line {}", first.line);
            problems.error_with(rule.at, format!("the rule id `{}` stands twice", rule.id), Some(help));
        }
        seen.entry(&rule.id).or_insert(rule.at);
    }
    if let Some(last) = rules.iter().position(|rule| rule.stop && rule.when.is_none()) {
        for (rule, ender) in rules.iter().skip(last + 1).zip(std::iter::repeat(&rules[last])) {
            let message =
                format!("the rule `{}` is never reached: `{}` always matches and stops", rule.id, ender.id);
            problems.warning(rule.at, message, None);
        }
    }
    // A condition that could not be read is as good as none: what would be said about it would be wrong.
    if !problems.has_errors() {
        never::check(rules, problems);
        clash::check(rules, problems);
    }
    unused(rulebook, problems);
}

fn unused(rulebook: &Rulebook, problems: &mut Problems) {
    let rules = &rulebook.book.rules;
    let actions = || rules.iter().flat_map(|rule| &rule.then);
    let mut used: BTreeSet<(Kind, String)> =
        actions().flat_map(|action| compile::used(rulebook, action)).collect();
    used.extend(rules.iter().flat_map(compile::asked).map(|(kind, word)| (kind, word.to_owned())));
    // Without a bundle a templated name may stand for anything.
    let open = |kind: Kind| {
        rulebook.vocabulary.is_none()
            && rules
                .iter()
                .flat_map(|rule| &rule.then)
                .filter_map(|action| action.named())
                .any(|(of, template)| of == kind && !template.is_fixed())
    };
    for (kind, word, at) in rulebook.book.names.all() {
        if !open(kind) && !used.contains(&(kind, word.to_owned())) {
            problems.warning(at, format!("no rule uses `names.{}.{word}`", kind.section()), None);
        }
    }
    for (name, reply) in rulebook.book.replies.all() {
        if !actions().any(|action| matches!(&action.verb, Verb::Reply(of) if of == name)) {
            problems.warning(reply.at, format!("no rule uses `templates.{name}`"), None);
        }
    }
}

/// The parts of a ticket that a rule sets, each with what it sets where that is fixed, and where.
fn settings(rule: &Rule) -> Vec<(String, Option<String>, Place)> {
    let fixed =
        |template: &super::template::Template| template.is_fixed().then(|| template.source.trim().to_owned());
    rule.then
        .iter()
        .filter_map(|action| {
            let (part, value) = match &action.verb {
                Verb::SetPriority(value) => ("the priority".to_owned(), fixed(value)),
                Verb::AssignGroup(value) => ("the group".to_owned(), fixed(value)),
                Verb::AssignAgent(value) => ("the agent".to_owned(), fixed(value)),
                Verb::SetField { field, value } => {
                    let value = match value {
                        FieldSource::Fixed(value) => Some(value.to_string()),
                        FieldSource::Text(_) => None,
                    };
                    (format!("the field `{field}`"), value)
                }
                Verb::Reply(name) => ("the answer".to_owned(), Some(name.clone())),
                _ => return None,
            };
            Some((part, value, action.at))
        })
        .collect()
}
