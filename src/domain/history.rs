//! The ledger's history of one ticket: our own writes and earlier decisions. Pure.

use deskbridge_connectors::ticket::Requester;
use deskbridge_connectors::{Skip, Version};
use sha2::{Digest, Sha256};

use crate::domain::decision::Awaiting;
use crate::domain::outcome::{EffectOutcome, Entry};

/// Returns the digest that identifies a requester in the ledger. It is made from the address, or
/// from the platform's id if the requester has none. The ledger can count repeated contacts without
/// an address to write to.
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

/// The ledger's entries about one ticket.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The entries that decided something, newest first, at most 20.
    pub entries: Vec<Entry>,
}

impl History {
    /// Returns true if the ticket was decided before.
    pub fn has_decision(&self) -> bool {
        self.entries.iter().any(|entry| entry.digests.is_some())
    }

    /// Returns the heads that the newest decision waits for; `None` if it is final or there is
    /// none.
    pub fn awaiting(&self) -> Option<&Awaiting> {
        self.entries.iter().find(|entry| entry.digests.is_some())?.awaiting.as_ref()
    }

    /// Counts the answers to the customer that were sent in our name.
    pub fn answers_sent(&self) -> usize {
        let effects = self.entries.iter().flat_map(|entry| &entry.effects);
        effects.filter(|effect| effect.kind == "reply" && effect.state == EffectOutcome::Applied).count()
    }

    /// Returns the reason to skip this version: our own last write produced it, or the same model
    /// and rulebook decided it before.
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
