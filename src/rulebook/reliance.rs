//! Which labels a matching rule rests on, and so how far it may go while labels are promoted one by one.
//!
//! A rule rests on every label that made one of its conditions hold, and on the labels that its
//! templates show. What it asks to be absent (under `none`, or by `abstains`) holds nothing back:
//! nobody can promote a silence. A silence may end, though: [`silent`] says which heads a decision
//! waits for.

use super::action::Verb;
use super::condition::{Sight, Test, When};
use super::syntax::{Book, Rule};
use super::template::Engine;
use super::{Facts, condition};
use crate::domain::mode::Mode;

/// The heads that each rule's templates show, in the order of the rules.
pub(super) fn shown(book: &Book, engine: &Engine) -> Vec<Vec<String>> {
    let of = |rule: &Rule| {
        let templates = rule.then.iter().flat_map(|action| action.templates());
        // A template that is broken was refused when the rulebook was loaded.
        templates.filter_map(|template| engine.names(template).ok()).flatten().collect()
    };
    book.rules.iter().map(of).collect()
}

/// How far a matching rule may go by the labels it rests on.
pub(super) fn limit(
    rule: &Rule,
    shown: &[String],
    sight: &Sight<'_>,
    facts: &Facts<'_>,
    book: &Book,
) -> Mode {
    let mut limit = Mode::Live;
    let mut rest_on = |head: &str, label: &str| limit = limit.min(facts.gate.mode(head, label));
    if let Some(when) = &rule.when {
        conditions(when, sight, &mut rest_on);
    }
    for head in shown {
        let Some(scored) = facts.prediction.heads.get(head) else { continue };
        let chosen = condition::chosen(scored, book.defaults);
        // A template shows the best label also where the head abstains.
        let best = if chosen.is_empty() {
            scored.best().map(|(label, _)| label).into_iter().collect()
        } else {
            chosen
        };
        best.into_iter().for_each(|label| rest_on(head, label));
    }
    limit
}

fn conditions(when: &When, sight: &Sight<'_>, rest_on: &mut impl FnMut(&str, &str)) {
    match when {
        When::All(parts) => parts.iter().for_each(|part| conditions(part, sight, rest_on)),
        When::Any(parts) => {
            parts.iter().filter(|part| holds(part, sight)).for_each(|part| conditions(part, sight, rest_on))
        }
        When::None(_) => {}
        When::Is(Test::Head(asked)) => {
            sight.labels(asked).into_iter().for_each(|label| rest_on(&asked.head, label));
        }
        When::Is(_) => {}
    }
}

fn holds(when: &When, sight: &Sight<'_>) -> bool {
    match when {
        When::All(parts) => parts.iter().all(|part| holds(part, sight)),
        When::Any(parts) => parts.iter().any(|part| holds(part, sight)),
        When::None(parts) => !parts.iter().any(|part| holds(part, sight)),
        When::Is(test) => sight.holds(test),
    }
}

/// A rule that was reached, and whether it matched.
#[derive(Clone, Copy)]
pub(super) struct Reached<'a> {
    pub(super) rule: &'a Rule,
    pub(super) matched: bool,
}

/// Returns the heads that named nothing although the decision hangs on them, each once.
///
/// Those are the heads that made a rule match by their silence. Where no rule that routes has
/// matched, they are the heads that such rules ask too; in a rulebook without any, the heads that
/// all its rules ask, unless one of those has matched. A rule that stops the others has decided.
pub(super) fn silent(
    reached: &[Reached<'_>],
    sight: &Sight<'_>,
    facts: &Facts<'_>,
    book: &Book,
) -> Vec<String> {
    let (mut heads, mut named) = (Vec::new(), Vec::new());
    let matched = || reached.iter().filter(|one| one.matched).map(|one| one.rule);
    for when in matched().filter_map(|rule| rule.when.as_ref()) {
        silences(when, sight, &mut heads);
        conditions(when, sight, &mut |head, _| named.push(head.to_owned()));
    }
    let any_routes = book.rules.iter().any(|rule| routes(rule) && !asked(rule).is_empty());
    let decides = |rule: &Rule| if any_routes { routes(rule) } else { !asked(rule).is_empty() };
    if !matched().any(|rule| rule.stop || decides(rule)) {
        heads.extend(reached.iter().map(|one| one.rule).filter(|rule| decides(rule)).flat_map(asked));
    }
    let abstains = |head: &str| {
        let scored = facts.prediction.heads.get(head);
        scored.is_some_and(|scored| condition::chosen(scored, book.defaults).is_empty())
    };
    // A rule with a bar of its own may name a label where the bundle names none.
    heads.retain(|head| abstains(head) && !named.iter().any(|known| known == head));
    heads.sort_unstable();
    heads.dedup();
    heads.into_iter().map(str::to_owned).collect()
}

/// Tells whether the rule says where a ticket goes: to a group, to an agent, or by a field.
fn routes(rule: &Rule) -> bool {
    rule.then.iter().any(|action| {
        matches!(action.verb, Verb::AssignGroup(_) | Verb::AssignAgent(_) | Verb::SetField { .. })
    })
}

/// Every head that the rule's conditions ask.
fn asked(rule: &Rule) -> Vec<&str> {
    let tests = rule.when.iter().flat_map(When::tests);
    let heads = tests.filter_map(|test| match test {
        Test::Head(asked) => Some(asked.head.as_str()),
        _ => None,
    });
    heads.collect()
}

/// The heads that a condition that holds asked and that gave no label to it.
fn silences<'w>(when: &'w When, sight: &Sight<'_>, heads: &mut Vec<&'w str>) {
    match when {
        When::All(parts) | When::None(parts) => parts.iter().for_each(|part| silences(part, sight, heads)),
        When::Any(parts) => {
            parts.iter().filter(|part| holds(part, sight)).for_each(|part| silences(part, sight, heads));
        }
        When::Is(Test::Head(asked)) if sight.labels(asked).is_empty() => heads.push(&asked.head),
        When::Is(_) => {}
    }
}
