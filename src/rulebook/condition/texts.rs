//! What a rulebook's expressions found in a ticket, kept so that the ticket can be decided anew without its text.
//!
//! An expression stands as a digest of itself. Another rulebook's expression is answered where the very same one was sought
//! then, and unknown otherwise: nothing is guessed from what is not there any more.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Part, Pattern};

/// Expressions that were sought, and those that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    sought: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    subject: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    body: BTreeSet<String>,
}

impl Texts {
    /// Whether nothing was sought.
    pub(crate) fn is_empty(&self) -> bool {
        self.sought.is_empty()
    }

    /// Notes where an expression was found.
    pub(super) fn note(&mut self, pattern: &Pattern, in_subject: bool, in_body: bool) {
        let digest = pattern.digest();
        if in_subject {
            self.subject.insert(digest.clone());
        }
        if in_body {
            self.body.insert(digest.clone());
        }
        self.sought.insert(digest);
    }

    /// Where one of the expressions was found: `Some(None)` where none was, `None` where that is not known.
    pub(in crate::rulebook) fn found(
        &self,
        patterns: &[Pattern],
        part: Part,
    ) -> Option<Option<&'static str>> {
        let digests: Vec<String> = patterns.iter().map(Pattern::digest).collect();
        let any = |found: &BTreeSet<String>| digests.iter().any(|digest| found.contains(digest));
        if part != Part::Body && any(&self.subject) {
            return Some(Some("the subject"));
        }
        if part != Part::Subject && any(&self.body) {
            return Some(Some("the body"));
        }
        digests.iter().all(|digest| self.sought.contains(digest)).then_some(None)
    }
}
