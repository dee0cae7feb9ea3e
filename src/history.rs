//! What the ledger knows of one ticket: our own writes, and what was decided before. Pure.

use deskbridge_connectors::{Skip, Version};

use crate::outcome::Entry;

/// What is known of a ticket from the ledger.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Entries for this ticket that decided something, newest first, at most 20.
    pub entries: Vec<Entry>,
}

impl History {
    /// Whether the ticket was decided before.
    pub fn has_decision(&self) -> bool {
        self.entries.iter().any(|entry| entry.digests.is_some())
    }

    /// Whether this version came out of our own last write, or was decided before by the same model and rulebook.
    pub fn knows(&self, version: &Version, model: &str, rulebook: &str) -> Option<Skip> {
        if self.entries.iter().any(|entry| entry.own_version.as_ref() == Some(version)) {
            return Some(Skip::OwnEcho);
        }
        let decided = self.entries.iter().any(|entry| {
            entry.version.as_ref() == Some(version)
                && entry.digests.as_ref().is_some_and(|by| by.model == model && by.rulebook == rulebook)
        });
        decided.then_some(Skip::AlreadyDecided)
    }
}
