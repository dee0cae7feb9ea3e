//! What the ledger knows of one ticket: our own writes, and what was decided before. Pure.

use deskbridge_connectors::ticket::Requester;
use deskbridge_connectors::{Skip, Version};
use sha2::{Digest, Sha256};

use crate::domain::decision::Awaiting;
use crate::domain::outcome::{EffectOutcome, Entry};

/// A requester of an account as the ledger knows them: a digest of the address, or of the platform's id where there is no
/// address. It tells repeats apart without holding anything that a person can be written to by.
pub fn requester(account: &str, requester: &Requester) -> Option<String> {
    let who = match (&requester.email, &requester.id) {
        (Some(email), _) => email.trim().to_lowercase(),
        (None, Some(id)) => id.0.clone(),
        (None, None) => return None,
    };
    let mut hash = Sha256::new();
    for part in ["deskbridge requester", account, &who] {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    Some(hex::encode(hash.finalize()))
}

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

    /// Returns what the newest decision waits for; `None` where it is final, or where there is none.
    pub fn awaiting(&self) -> Option<&Awaiting> {
        self.entries.iter().find(|entry| entry.digests.is_some())?.awaiting.as_ref()
    }

    /// Counts the answers to the customer that were sent in our name.
    pub fn answers_sent(&self) -> usize {
        let effects = self.entries.iter().flat_map(|entry| &entry.effects);
        effects.filter(|effect| effect.kind == "reply" && effect.state == EffectOutcome::Applied).count()
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
