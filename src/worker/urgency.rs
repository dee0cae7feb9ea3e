//! Which waiting deliveries go first when an account's calls are used up: those that sound urgent.
//!
//! Nothing may be asked of the platform then, so that the model is asked about what the delivery itself tells, where it tells
//! anything. That orders the queue and decides nothing: each ticket is read back and decided in its turn. Deliveries of one ticket
//! stay in their order.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::inference::brain::Brain;
use crate::inference::triage;
use crate::platform::account::Account;
use crate::store::Claim;

/// Deliveries that are remembered: a backlog comes by once a window.
const REMEMBERED: usize = 100_000;
/// The head that tells.
const HEAD: &str = "priority";

/// How urgent each waiting delivery sounds.
#[derive(Debug, Default)]
pub struct Urgency {
    known: Mutex<HashMap<i64, Rank>>,
}

/// In the order of their turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rank {
    First,
    Then,
    Last,
}

impl Urgency {
    /// How long after the others a delivery takes its turn.
    pub(super) async fn behind(&self, claim: &Claim, account: &Account, brain: &Brain) -> Duration {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&claim.id).copied();
        let rank = match known {
            Some(rank) => rank,
            None => {
                let rank = rank(claim, account, brain).await;
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                if known.len() >= REMEMBERED {
                    known.clear();
                }
                known.insert(claim.id, rank);
                rank
            }
        };
        match rank {
            Rank::First => Duration::ZERO,
            // Longer than what spreads the turns of one rank.
            Rank::Then => Duration::from_millis(1500),
            Rank::Last => Duration::from_millis(3000),
        }
    }
}

async fn rank(claim: &Claim, account: &Account, brain: &Brain) -> Rank {
    let Some(preview) = account.line.connector().preview(&claim.work().body) else { return Rank::Then };
    let said = triage::glance(brain, &preview.subject, &preview.text).await;
    match said.as_ref().and_then(|said| said.heads.get(HEAD)?.best()).map(|(label, _)| label) {
        Some("urgent" | "high") => Rank::First,
        Some("low") => Rank::Last,
        _ => Rank::Then,
    }
}
