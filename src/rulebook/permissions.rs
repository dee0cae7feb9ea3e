//! What a rulebook asks of the accounts it is for: answers that are allowed, accounts that exist, segments that are told.

use deskbridge_connectors::Platform;

use super::action::Verb;
use super::condition::{Test, When};
use super::{Rulebook, Severity};
use crate::diagnostics::{Diagnostic, nearest};

/// What the settings say of an account.
#[derive(Clone, Debug)]
pub struct Permissions {
    /// Its name.
    pub account: String,
    /// Its platform.
    pub platform: Platform,
    /// Whether answers may be sent that the customer sees.
    pub public_replies: bool,
    /// The number of public answers of one template that a requester gets within a day; unlimited
    /// if `None`.
    pub reply_limit: Option<u32>,
    /// Its segments in our words, the default among them; `None` where the settings tell none.
    pub segments: Option<Vec<String>>,
}

/// Reports answers that no account allows, and accounts and segments that do not exist.
pub(super) fn check(rulebook: &Rulebook, accounts: &[Permissions]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for rule in &rulebook.book.rules {
        let for_it = |account: &&Permissions| {
            rule.when
                .as_ref()
                .is_none_or(|when| when.may_apply(account.platform) && may_be_of(when, &account.account))
        };
        for action in &rule.then {
            if !matches!(action.verb, Verb::Reply(_)) {
                continue;
            }
            let without: Vec<&str> = accounts
                .iter()
                .filter(for_it)
                .filter(|account| !account.public_replies)
                .map(|account| account.account.as_str())
                .collect();
            let unbounded: Vec<&str> = accounts
                .iter()
                .filter(for_it)
                .filter(|account| account.public_replies && account.reply_limit.is_none())
                .map(|account| account.account.as_str())
                .collect();
            if !unbounded.is_empty() {
                let message = format!(
                    "`reply` has no limit on {}: a mailbox that answers with a new ticket is \
                     answered without end",
                    unbounded.join(", ")
                );
                let help = "set `reply_limit` there to a number, or leave it out for one a day".to_owned();
                let one = rulebook.diagnostic(Severity::Warning, action.at, message);
                found.push(one.with_help(Some(help)));
            }
            if !without.is_empty() {
                let message = format!("`reply` is not allowed on {}", without.join(", "));
                let help = "set `allow_public_replies: true` there, or keep the rule to other accounts";
                let one = rulebook.diagnostic(Severity::Warning, action.at, message);
                found.push(one.with_help(Some(help.to_owned())));
            }
        }
        for test in rule.when.iter().flat_map(When::tests) {
            let (what, words, known): (_, _, Vec<&str>) = match test {
                Test::Account(words) => {
                    ("account", words, accounts.iter().map(|account| account.account.as_str()).collect())
                }
                Test::Segment(words) => {
                    // Where no account tells segments apart, the rule waits for one that does.
                    let all = accounts.iter().flat_map(|account| account.segments.iter().flatten());
                    let all: Vec<&str> = all.map(String::as_str).collect();
                    if all.is_empty() {
                        continue;
                    }
                    ("segment", words, all)
                }
                _ => continue,
            };
            for word in words.iter().filter(|word| !known.iter().any(|one| one.eq_ignore_ascii_case(word))) {
                let help = nearest(word, known.iter().copied()).map_or_else(
                    || {
                        format!(
                            "the settings have: {}",
                            if known.is_empty() { "none".into() } else { known.join(", ") }
                        )
                    },
                    |near| format!("did you mean `{near}`?"),
                );
                let message = format!("rule `{}`: the settings know no {what} `{word}`", rule.id);
                found.push(rulebook.diagnostic(Severity::Warning, rule.at, message).with_help(Some(help)));
            }
        }
    }
    found
}

/// Whether the condition leaves the account a chance.
fn may_be_of(when: &When, account: &str) -> bool {
    match when {
        When::All(parts) => parts.iter().all(|part| may_be_of(part, account)),
        When::Any(parts) => parts.iter().any(|part| may_be_of(part, account)),
        When::None(parts) => !parts
            .iter()
            .any(|part| matches!(part, When::Is(Test::Account(of)) if of.iter().any(|one| one == account))),
        When::Is(Test::Account(of)) => of.iter().any(|one| one == account),
        When::Is(_) => true,
    }
}
