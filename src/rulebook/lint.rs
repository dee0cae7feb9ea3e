//! What is wrong between rules, though each of them is sound: ids that stand twice, rules that nothing reaches, names
//! that nobody uses.

use std::collections::{BTreeMap, BTreeSet};

use super::names::Kind;
use super::{Rulebook, compile};
use crate::diagnostic::Place;
use crate::yaml::Problems;

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
    let used: BTreeSet<(Kind, String)> =
        rules.iter().flat_map(|rule| &rule.then).flat_map(|action| compile::used(rulebook, action)).collect();
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
}
