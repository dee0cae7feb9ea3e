//! Rules that get in each other's way: the same condition and the same part of a ticket, a rule behind one that stops on
//! the same condition, and two rules that undo each other each time the ticket is decided on.

use super::super::action::Verb;
use super::super::condition::{Test, When};
use super::super::syntax::Rule;
use super::settings;
use crate::diagnostics::yaml::Problems;

/// Reports them.
pub(super) fn check(rules: &[Rule], problems: &mut Problems) {
    for (place, rule) in rules.iter().enumerate() {
        let own = settings(rule);
        for (index, (part, _, at)) in own.iter().enumerate() {
            if own.iter().take(index).any(|(earlier, ..)| earlier == part) {
                problems.warning(*at, format!("this never counts: the rule has set {part} already"), None);
            }
        }
        for earlier in rules.iter().take(place).filter(|earlier| earlier.when == rule.when) {
            if earlier.stop && rule.when.is_some() {
                let message = format!(
                    "the rule `{}` is never reached: `{}` has the same condition and stops",
                    rule.id, earlier.id
                );
                problems.warning(rule.at, message, None);
                break;
            }
            for (part, value, at) in &own {
                let clash = settings(earlier).into_iter().find(|(other, ..)| other == part);
                let Some((_, first, _)) = clash else { continue };
                let what = match (first, value) {
                    (Some(first), Some(value)) if first == *value => "sets it to the same",
                    _ => "sets it first",
                };
                let message =
                    format!("this never counts: `{}` has the same condition and {what}", earlier.id);
                problems.warning(*at, message, Some(format!("both set {part}; keep one of them")));
            }
        }
        loops(rule, rules.iter().take(place), problems);
    }
}

/// Two rules of which each makes the other's condition true: every time the ticket is decided on, it flips.
fn loops<'r>(rule: &Rule, earlier: impl Iterator<Item = &'r Rule>, problems: &mut Problems) {
    let Some(when) = &rule.when else { return };
    for other in earlier {
        let Some(before) = &other.when else { continue };
        let turns = turn(before, other, when).zip(turn(when, rule, before));
        if let Some((there, back)) = turns {
            let message = format!(
                "`{}` and `{}` undo each other: {there}, and {back}, each time the ticket is decided on",
                other.id, rule.id
            );
            problems.warning(rule.at, message, None);
        }
    }
}

/// How a rule with this condition makes the other condition true, and its own false.
fn turn(own: &When, rule: &Rule, other: &When) -> Option<String> {
    rule.then.iter().find_map(|action| {
        let fixed = |template: &super::super::template::Template| {
            template.is_fixed().then(|| template.source.trim().to_lowercase())
        };
        match &action.verb {
            Verb::AddTags(tags) => tags
                .iter()
                .filter_map(fixed)
                .find(|tag| needs(other, &tagged(tag)) && bans(own, &tagged(tag)))
                .map(|tag| format!("`{}` adds `{tag}`", rule.id)),
            Verb::RemoveTags(tags) => tags
                .iter()
                .filter_map(fixed)
                .find(|tag| bans(other, &tagged(tag)) && needs(own, &tagged(tag)))
                .map(|tag| format!("`{}` removes `{tag}`", rule.id)),
            // Without `overwrite` what is set stays as it is.
            Verb::SetPriority(value) if rule.overwrite => {
                let wanted = Test::Priority(vec![fixed(value)?.parse().ok()?]);
                (needs(other, &wanted) && !needs(own, &wanted))
                    .then(|| format!("`{}` sets the priority", rule.id))
            }
            Verb::AssignGroup(value) if rule.overwrite => {
                let wanted = Test::Group(vec![value.is_fixed().then(|| value.source.trim().to_owned())?]);
                (needs(other, &wanted) && !needs(own, &wanted))
                    .then(|| format!("`{}` assigns the group", rule.id))
            }
            _ => None,
        }
    })
}

fn tagged(tag: &str) -> Test {
    Test::Tag(vec![tag.to_owned()])
}

/// Whether the condition cannot hold without the test.
fn needs(when: &When, test: &Test) -> bool {
    match when {
        When::All(parts) => parts.iter().any(|part| needs(part, test)),
        When::Any(parts) => !parts.is_empty() && parts.iter().all(|part| needs(part, test)),
        When::None(_) => false,
        When::Is(own) => own == test,
    }
}

/// Whether the condition cannot hold while the test does.
fn bans(when: &When, test: &Test) -> bool {
    match when {
        When::All(parts) => parts.iter().any(|part| bans(part, test)),
        When::Any(parts) => !parts.is_empty() && parts.iter().all(|part| bans(part, test)),
        When::None(parts) => parts.iter().any(|part| matches!(part, When::Is(own) if own == test)),
        When::Is(_) => false,
    }
}
