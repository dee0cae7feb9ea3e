//! Which rule of a rulebook asks for something that is not known any more, so that a past ticket cannot be decided anew.
//!
//! A condition on what is unknown is neither true nor false; a rule whose answer hangs on it makes the whole decision
//! unknown, and one whose other conditions settle it does not.

use std::time::Duration;

use super::action::Verb;
use super::condition::{Sight, Test, When, digests};
use super::names::Kind;
use super::{Facts, Rulebook};

/// What is not known of a past ticket, apart from its text.
#[derive(Clone, Debug, Default)]
pub struct Unseen {
    /// Ids and names, in lower case, of fields whose values were not kept.
    pub fields: Vec<String>,
    /// How far back the requester's tickets were counted.
    pub contact_window: Option<Duration>,
}

/// The first rule that cannot be answered, and what it reads.
pub fn first(rulebook: &Rulebook, facts: &Facts<'_>, unseen: &Unseen) -> Option<(String, String)> {
    let book = &rulebook.book;
    let sight = Sight::new(facts, book.defaults, &book.names, &book.sieve);
    for rule in &rulebook.book.rules {
        let mut reads = None;
        let answer = match &rule.when {
            None => Some(true),
            Some(when) => answer(when, &sight, &|test| unknown(test, rulebook, facts, unseen), &mut reads),
        };
        match answer {
            None => return Some((rule.id.clone(), reads.unwrap_or_default())),
            Some(true) if rule.then.iter().any(|action| matches!(action.verb, Verb::Lookup(_))) => {
                return Some((rule.id.clone(), "the text, for its look-up".to_owned()));
            }
            Some(true) if rule.stop => return None,
            Some(_) => {}
        }
    }
    None
}

/// `None` where it hangs on what is unknown; `reads` then says on what.
fn answer(
    when: &When,
    sight: &Sight<'_>,
    unknown: &dyn Fn(&Test) -> Option<String>,
    reads: &mut Option<String>,
) -> Option<bool> {
    let mut any_of = |parts: &[When], wanted: bool| {
        let answers: Vec<_> = parts.iter().map(|part| answer(part, sight, unknown, reads)).collect();
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
        When::Is(test) => match unknown(test) {
            Some(what) => {
                reads.get_or_insert(what);
                None
            }
            None => Some(sight.holds(test)),
        },
    }
}

/// What a condition reads that is not known.
fn unknown(test: &Test, rulebook: &Rulebook, facts: &Facts<'_>, unseen: &Unseen) -> Option<String> {
    match test {
        Test::Text { patterns, part } => {
            let known = facts.texts.and_then(|texts| texts.found(&digests(patterns), *part));
            known.is_none().then(|| "the text for something that was not sought then".to_owned())
        }
        Test::Field(asked) => {
            let name = rulebook.book.names.resolve(Kind::Field, &asked.field, facts.platform);
            let name = name.unwrap_or_else(|_| asked.field.clone()).to_lowercase();
            unseen.fields.contains(&name).then(|| format!("the text of the field `{}`", asked.field))
        }
        Test::Contacts { within, .. } => unseen
            .contact_window
            .is_none_or(|counted| counted < *within)
            .then(|| "how often the customer wrote, which was not counted then".to_owned()),
        _ => None,
    }
}

/// Every address and every domain that a rule asks about, in lower case.
pub fn requesters(rulebook: &Rulebook) -> (Vec<&str>, Vec<&str>) {
    let (mut emails, mut domains) = (Vec::new(), Vec::new());
    for test in rulebook.book.rules.iter().filter_map(|rule| rule.when.as_ref()).flat_map(When::tests) {
        if let Test::Requester { email, domain } = test {
            emails.extend(email.iter().map(String::as_str));
            domains.extend(domain.iter().map(String::as_str));
        }
    }
    (emails, domains)
}
