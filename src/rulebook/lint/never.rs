//! Rules that no ticket can match, whatever the model says.
//!
//! What must hold together is gathered along `all`; an `any` can never hold where none of its parts can. Bounds that
//! leave no score, lists that share no word and demands that are excluded at once are told; the rest is not guessed at.

use std::collections::BTreeMap;

use super::super::condition::{Bound, Test, When};
use super::super::syntax::Rule;
use crate::diagnostics::yaml::Problems;

/// Reports them.
pub(super) fn check(rules: &[Rule], problems: &mut Problems) {
    for rule in rules {
        if let Some(why) = rule.when.as_ref().and_then(impossible) {
            problems.warning(rule.at, format!("the rule `{}` can never match: {why}", rule.id), None);
        }
    }
}

/// Why a condition can never hold; `None` where it may.
fn impossible(when: &When) -> Option<String> {
    let mut musts = Vec::new();
    let mut bans = Vec::new();
    gather(when, &mut musts, &mut bans);
    let mut bounds: BTreeMap<String, Vec<Bound>> = BTreeMap::new();
    let mut lists: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for must in &musts {
        let When::Is(test) = must else {
            if let When::Any(parts) = must {
                let whys: Vec<Option<String>> = parts.iter().map(impossible).collect();
                if parts.is_empty() {
                    return Some("`any` is an empty list".to_owned());
                }
                if let Some(Some(first)) = whys.iter().all(Option::is_some).then(|| whys.first()).flatten() {
                    return Some(first.clone());
                }
            }
            continue;
        };
        if bans.contains(&test) {
            return Some(format!("it asks for `{test}` and for the opposite"));
        }
        match test {
            Test::Head(asked) => {
                let of = &asked.head;
                bounds.entry(format!("the confidence of `{of}`")).or_default().extend(asked.confidence);
                bounds.entry(format!("the margin of `{of}`")).or_default().extend(asked.margin);
                if let Some(label) =
                    asked.is.first().filter(|_| asked.is.iter().all(|one| asked.is_not.contains(one)))
                {
                    return Some(format!("`{of}` shall be `{label}` and not be it"));
                }
            }
            Test::Language { is, confidence } => {
                bounds.entry("the language's confidence".to_owned()).or_default().extend(*confidence);
                if let Some(why) = narrowed(&mut lists, "language", is) {
                    return Some(why);
                }
            }
            Test::Contacts { count, .. } if !count.can_hold() => {
                return Some(format!("no ticket has a count of contacts {count}"));
            }
            _ => {
                if let Some(why) = words(test).and_then(|(what, is)| narrowed(&mut lists, what, &is)) {
                    return Some(why);
                }
            }
        }
    }
    bounds.into_iter().find(|(_, bounds)| !bounds.is_empty() && !Bound::compatible(bounds)).map(
        |(what, bounds)| {
            let all: Vec<String> = bounds.iter().map(ToString::to_string).collect();
            format!("{what} cannot be {}", all.join(" and "))
        },
    )
}

/// What must hold, and what must not, for the whole to hold.
fn gather<'w>(when: &'w When, musts: &mut Vec<&'w When>, bans: &mut Vec<&'w Test>) {
    match when {
        When::All(parts) => parts.iter().for_each(|part| gather(part, musts, bans)),
        When::None(parts) => bans.extend(parts.iter().filter_map(|part| match part {
            When::Is(test) => Some(test),
            _ => None,
        })),
        When::Any(parts) if parts.len() == 1 => parts.iter().for_each(|part| gather(part, musts, bans)),
        other => musts.push(other),
    }
}

/// The words of a test on something that a ticket has only one of.
fn words(test: &Test) -> Option<(&'static str, Vec<String>)> {
    Some(match test {
        Test::Platform(of) => ("platform", of.iter().map(ToString::to_string).collect()),
        Test::Account(of) => ("account", of.clone()),
        Test::Segment(of) => ("segment", of.clone()),
        Test::Channel(of) => ("channel", of.clone()),
        Test::Brand(of) => ("brand", of.clone()),
        Test::Priority(of) => ("priority", of.iter().map(ToString::to_string).collect()),
        Test::Status(of) => ("status", of.iter().map(|status| format!("{status:?}")).collect()),
        _ => return None,
    })
}

/// Keeps the words that earlier demands left; tells where none is left.
fn narrowed<'k>(lists: &mut BTreeMap<&'k str, Vec<String>>, what: &'k str, is: &[String]) -> Option<String> {
    let Some(left) = lists.get_mut(what) else {
        lists.insert(what, is.to_vec());
        return None;
    };
    left.retain(|word| is.iter().any(|one| one.eq_ignore_ascii_case(word)));
    (left.is_empty() && !is.is_empty()).then(|| format!("a ticket has only one {what}"))
}
