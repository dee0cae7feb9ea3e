//! Which labels a matching rule rests on, and so how far it may go while labels are promoted one by one.
//!
//! A rule rests on every label that made one of its conditions hold, and on the labels that its templates show. What it asks
//! to be absent (under `none`, or by `abstains`) holds nothing back: nobody can promote a silence.

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
