//! Which rule of a rulebook asks for something that is not known any more, so that a past ticket cannot be decided anew.
//!
//! A condition on what is unknown is neither true nor false; a rule whose answer hangs on it makes the whole decision
//! unknown, and one whose other conditions settle it does not.

use super::condition::{Test, When};
use super::{Facts, Rulebook};

/// What is not known of a past ticket, apart from its text.
#[derive(Clone, Debug, Default)]
pub struct Unseen {
    /// Ids and names of fields whose values were not kept.
    pub fields: Vec<String>,
}

/// The first rule that cannot be answered, and what it reads.
pub fn first(rulebook: &Rulebook, facts: &Facts<'_>, unseen: &Unseen) -> Option<(String, String)> {
    for rule in &rulebook.book.rules {
        let mut reads = None;
        let answer = match &rule.when {
            None => Some(true),
            Some(when) => answer(when, rulebook, facts, unseen, &mut reads),
        };
        match answer {
            None => return Some((rule.id.clone(), reads.unwrap_or_default())),
            Some(true) if rule.stop => return None,
            Some(_) => {}
        }
    }
    None
}

/// `None` where it hangs on what is unknown; `reads` then says on what.
fn answer(
    when: &When,
    rulebook: &Rulebook,
    facts: &Facts<'_>,
    unseen: &Unseen,
    reads: &mut Option<String>,
) -> Option<bool> {
    let mut any_of = |parts: &[When], wanted: bool| {
        let answers: Vec<_> = parts.iter().map(|part| answer(part, rulebook, facts, unseen, reads)).collect();
        if answers.contains(&Some(wanted)) {
            Some(true)
        } else if answers.contains(&None) {
            None
        } else {
            Some(false)
        }
    };
    match when {
        When::All(parts) => any_of(parts, false).map(|fails| !fails),
        When::Any(parts) => any_of(parts, true),
        When::None(parts) => any_of(parts, true).map(|holds| !holds),
        When::Is(test) => match unknown(test, rulebook, facts, unseen) {
            Some(what) => {
                reads.get_or_insert(what);
                None
            }
            None => Some(test.holds(facts, rulebook.book.defaults)),
        },
    }
}

/// What a condition reads that is not known.
fn unknown(_test: &Test, _rulebook: &Rulebook, _facts: &Facts<'_>, _unseen: &Unseen) -> Option<String> {
    None
}
