//! Holds where a rulebook's expressions were found in a ticket, so that the ticket can be decided
//! again without its text.
//!
//! An expression is kept as a digest of itself. Another rulebook's expression has an answer if the
//! very same one was sought then, and is unknown otherwise.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The part of a ticket that a text condition searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextPart {
    /// The subject.
    Subject,
    /// Everything the customer wrote.
    Body,
    /// Both.
    Any,
}

/// Expressions that were sought, and those that were found, as digests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    sought: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    subject: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    body: BTreeSet<String>,
}

impl Texts {
    /// Returns true if no expression was searched for.
    pub fn is_empty(&self) -> bool {
        self.sought.is_empty()
    }

    /// Records where an expression with this digest was found.
    pub fn note(&mut self, digest: String, in_subject: bool, in_body: bool) {
        if in_subject {
            self.subject.insert(digest.clone());
        }
        if in_body {
            self.body.insert(digest.clone());
        }
        self.sought.insert(digest);
    }

    /// Returns where one of the expressions was found: `Some(None)` if none was, `None` if that is
    /// not known.
    pub fn found(&self, digests: &[String], part: TextPart) -> Option<Option<&'static str>> {
        let any = |found: &BTreeSet<String>| digests.iter().any(|digest| found.contains(digest));
        if part != TextPart::Body && any(&self.subject) {
            return Some(Some("the subject"));
        }
        if part != TextPart::Subject && any(&self.body) {
            return Some(Some("the body"));
        }
        digests.iter().all(|digest| self.sought.contains(digest)).then_some(None)
    }
}
