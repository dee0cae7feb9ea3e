//! The rulebook: what people write in YAML about what a prediction shall lead to, compiled and pure.
//!
//! [`load`] reports everything that is wrong at once, [`decide`] turns one prediction into one [`Decision`], and
//! [`explain`] shows the same evaluation rule by rule. Nothing here reads a clock, a file or a socket, and no score is
//! ever altered: a rule can only ask for more confidence than the bundle did.

use std::collections::BTreeMap;
use std::time::Duration;

use deskbridge_connectors::trigger::Trigger;
use deskbridge_connectors::{Directory, Effect, Platform, Ticket};
use deskbridge_onnx::Prediction;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::diagnostics::yaml::{Problems, parse};
use crate::diagnostics::{Diagnostic, Place, Severity, Sheet};
use crate::domain::decision::{Decision, Lookup, Planned};
use crate::domain::history::History;
use crate::domain::label_modes::LabelModes;
use crate::domain::mode::Mode;
use crate::domain::texts::Texts;

mod defaults;
mod languages;
mod syntax;

mod action;
mod condition;
mod names;
mod replies;
mod template;

mod compile;
mod lint;
mod permissions;

mod decide;
mod explain;
mod person;
mod reliance;

pub mod cases;
pub mod schema;
pub mod unseen;

pub use action::ACTIONS;
pub use condition::CONDITIONS;
pub use defaults::Defaults;
pub use explain::{ConditionTrace, EffectTrace, Explanation, RuleTrace};
pub use permissions::Permissions;

/// The heads of a bundle, each with its labels.
pub type Vocabulary = BTreeMap<String, Vec<String>>;

/// A rulebook that can decide.
#[derive(Clone, Debug)]
pub struct Rulebook {
    book: syntax::Book,
    engine: template::Engine,
    /// The heads that each rule's templates show.
    shown: Vec<Vec<String>>,
    vocabulary: Option<Vocabulary>,
    sheet: Sheet,
    digest: String,
}

/// A rulebook, and what is unwise in it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The rulebook.
    pub rulebook: Rulebook,
    /// What works and should be looked at.
    pub warnings: Vec<Diagnostic>,
}

/// Compiles the text of a rulebook. `file` names it in findings; with a `vocabulary`, heads, labels and templates are
/// checked against the bundle; names must have an entry for each of `platforms`.
///
/// # Errors
/// Every problem there is; warnings among them, so that one print shows all.
pub fn load(
    file: &str,
    source: &str,
    vocabulary: Option<&Vocabulary>,
    platforms: &[Platform],
) -> Result<Loaded, Vec<Diagnostic>> {
    let sheet = Sheet::new(file, source);
    let root = parse(&sheet, source)?;
    let mut problems = Problems::new(sheet.clone(), false);
    let book = syntax::book(&root, vocabulary, &mut problems);
    let engine = compile::engine(&book);
    let rulebook = Rulebook {
        shown: reliance::shown(&book, &engine),
        engine,
        book,
        vocabulary: vocabulary.cloned(),
        sheet,
        digest: hex::encode(Sha256::digest(source.as_bytes())),
    };
    compile::check(&rulebook, platforms, &mut problems);
    lint::check(&rulebook, &mut problems);
    let failed = problems.has_errors();
    let found = problems.into_sorted();
    if failed { Err(found) } else { Ok(Loaded { rulebook, warnings: found }) }
}

impl Rulebook {
    /// SHA-256 of the text, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What stands in where a bundle has no fitted threshold of its own.
    pub fn defaults(&self) -> Defaults {
        self.book.defaults
    }

    /// The rules' ids, in order.
    pub fn rule_ids(&self) -> impl Iterator<Item = &str> {
        self.book.rules.iter().map(|rule| rule.id.as_str())
    }

    /// How far back a rule counts a requester's tickets; `None` where none does.
    pub fn contact_window(&self) -> Option<Duration> {
        self.book
            .rules
            .iter()
            .filter_map(|rule| rule.when.as_ref())
            .flat_map(condition::When::tests)
            .filter_map(|test| match test {
                condition::Test::Contacts { within, .. } => Some(*within),
                _ => None,
            })
            .max()
    }

    /// What this rulebook's expressions find in a ticket, so that it can be decided anew without its text.
    pub fn texts(&self, facts: &Facts<'_>) -> Texts {
        let book = &self.book;
        let sight = condition::Sight::new(facts, book.defaults, &book.names, &book.sieve);
        let tests = book.rules.iter().filter_map(|rule| rule.when.as_ref()).flat_map(condition::When::tests);
        let patterns = tests.filter_map(|test| match test {
            condition::Test::Text { patterns, .. } => Some(patterns),
            _ => None,
        });
        sight.texts(patterns.flatten())
    }

    /// Every effect that is known without a ticket, with names in the platform's words and the place of its action.
    /// A templated value is given once for each label of the head it shows; one that shows several heads, or none
    /// that is known, is left out. Rules that never apply to the platform are left out too.
    pub fn effects_for(&self, platform: Platform) -> Vec<(String, Place, Effect)> {
        compile::effects_for(self, platform)
    }

    /// What the rulebook asks of accounts that their settings do not give. Warnings: a rulebook may serve several
    /// installations.
    pub fn against(&self, accounts: &[Permissions]) -> Vec<Diagnostic> {
        permissions::check(self, accounts)
    }

    /// The groups, fields and brands that conditions ask for and this account does not have. Warnings: a rulebook may
    /// serve several installations.
    pub fn missing_from(&self, account: &str, platform: Platform, names: &Directory) -> Vec<Diagnostic> {
        compile::missing(self, account, platform, names)
    }

    /// What an account's own triggers and this rulebook would do to each other, as far as that can be told. Warnings.
    pub fn against_triggers(
        &self,
        account: &str,
        platform: Platform,
        names: &Directory,
        triggers: &[Trigger],
    ) -> Vec<Diagnostic> {
        lint::triggers::check(self, account, platform, names, triggers)
    }

    /// Whether `word` is listed under `names.fields`.
    pub fn names_field(&self, word: &str) -> bool {
        self.book.names.place(names::Kind::Field, word).is_some()
    }

    /// What a platform calls the field that the rulebook calls `word`; the word itself where it is not listed.
    pub fn field_on(&self, word: &str, platform: Platform) -> String {
        self.book.names.resolve(names::Kind::Field, word, platform).unwrap_or_else(|_| word.to_owned())
    }

    /// The rulebook's words for groups, each with the platform's name.
    pub fn groups_on(&self, platform: Platform) -> Vec<(String, String)> {
        let listed = self.book.names.all().filter(|(kind, ..)| *kind == names::Kind::Group);
        listed
            .filter_map(|(kind, word, _)| {
                Some((word.to_owned(), self.book.names.resolve(kind, word, platform).ok()?))
            })
            .collect()
    }

    /// A finding about a place in this rulebook, with its snippet.
    pub fn diagnostic(&self, severity: Severity, at: Place, message: impl Into<String>) -> Diagnostic {
        self.sheet.diagnostic(severity, at, message)
    }
}

/// Everything a decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The account's name.
    pub account: &'a str,
    /// Its platform.
    pub platform: Platform,
    /// The ticket as it was read back.
    pub ticket: &'a Ticket,
    /// What the model says about it.
    pub prediction: &'a Prediction,
    /// What we did to it before.
    pub history: &'a History,
    /// The account's names, which tell a person's value from our own.
    pub directory: &'a Directory,
    /// The strictest of daemon and account.
    pub ceiling: Mode,
    /// The moment of the decision.
    pub now: Timestamp,
    /// The customer's segment in our words, where the account's settings tell segments apart.
    pub segment: Option<&'a str>,
    /// When the same requester's *other* tickets on this account came in, in any order. Needed as far back as
    /// [`Rulebook::contact_window`].
    pub contacts: &'a [Timestamp],
    /// Whether the account allows answers that the customer sees.
    pub public_replies: bool,
    /// What expressions found in the text, where the text itself is not there any more.
    pub texts: Option<&'a Texts>,
    /// How far each label may go.
    pub gate: &'a LabelModes,
}

/// Decides on one ticket.
pub fn decide(rulebook: &Rulebook, facts: &Facts<'_>) -> Decision {
    decide::evaluate(rulebook, facts, false).decision
}

/// The same decision, with every rule and condition and what it saw.
pub fn explain(rulebook: &Rulebook, facts: &Facts<'_>) -> Explanation {
    decide::evaluate(rulebook, facts, true)
}

/// The note that the answer to a look-up becomes, with whatever holds it back.
///
/// # Errors
/// Why there is none: the template asks for what the answer does not have.
pub fn answered(
    rulebook: &Rulebook,
    facts: &Facts<'_>,
    lookup: &Lookup,
    answer: &serde_json::Value,
) -> Result<Planned, String> {
    decide::answered(rulebook, facts, lookup, answer)
}

#[cfg(test)]
mod tests;
