//! When the next piece of work for an account may start: learned from the platform's own rate headers, its 429s and
//! its view of our credentials.
//!
//! A share of an account's calls, half where nothing else is said, is left to its agents. Work that must wait is put
//! back, so that no worker sleeps on it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use deskbridge_connectors::Pace;
use tokio::time::Instant;

/// The share of an account's calls that is left to the people who work there, where the settings do not say.
const LEFT_TO_AGENTS: f64 = 0.5;
/// Platforms count by the minute; used where an answer does not say when its window ends.
const WINDOW: Duration = Duration::from_secs(60);
/// The first wait after refused credentials; doubles up to [`LONGEST_LOCK`].
const FIRST_LOCK: Duration = Duration::from_secs(15);
/// The longest wait between two tries with refused credentials.
const LONGEST_LOCK: Duration = Duration::from_secs(300);
/// An absurd `Retry-After` is not believed beyond this.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Whether work may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Open,
    /// The budget is used up for this long.
    Paused(Duration),
    /// The platform refuses our credentials; tried again after this long.
    LockedOut(Duration),
    /// The platform gives no usable answers; tried again after this long.
    Tripped(Duration),
}

/// What is known of an account's budget.
#[derive(Debug)]
pub(super) struct Budget {
    state: Mutex<State>,
    left_to_agents: f64,
}

impl Default for Budget {
    fn default() -> Self {
        Self::leaving(LEFT_TO_AGENTS)
    }
}

#[derive(Debug, Default)]
struct State {
    paused_until: Option<Instant>,
    locked_until: Option<Instant>,
    lock_outs: u32,
    restored: bool,
}

impl Budget {
    /// A budget that leaves this share of the calls to the agents.
    pub(super) fn leaving(share: f64) -> Self {
        Self { state: Mutex::default(), left_to_agents: share }
    }

    pub(super) fn standing(&self, now: Instant) -> Standing {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let left = |until: Option<Instant>| {
            until.map(|until| until.saturating_duration_since(now)).filter(|d| !d.is_zero())
        };
        if let Some(wait) = left(state.locked_until) {
            Standing::LockedOut(wait)
        } else if let Some(wait) = left(state.paused_until) {
            Standing::Paused(wait)
        } else {
            Standing::Open
        }
    }

    /// Pauses once our half of the window is used.
    pub(super) fn learn(&self, pace: Pace, now: Instant) {
        let spent = f64::from(pace.remaining) <= f64::from(pace.limit) * self.left_to_agents;
        if pace.limit > 1 && spent {
            self.pause(Some(pace.reset.unwrap_or(WINDOW)), now);
        }
    }

    /// Pauses because the platform said so.
    pub(super) fn pause(&self, after: Option<Duration>, now: Instant) {
        let until = now + after.unwrap_or(Duration::from_secs(5)).min(LONGEST_PAUSE);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.paused_until = state.paused_until.max(Some(until));
    }

    /// Locks the account; the wait doubles each time. Returns it. Calls that were on their way when the account was
    /// locked lock it no longer than the first.
    pub(super) fn lock_out(&self, now: Instant) -> Duration {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = state.locked_until.map(|until| until.saturating_duration_since(now))
            && !left.is_zero()
        {
            return left;
        }
        let wait = FIRST_LOCK.saturating_mul(1 << state.lock_outs.min(8)).min(LONGEST_LOCK);
        state.lock_outs += 1;
        state.locked_until = Some(now + wait);
        wait
    }

    /// Our credentials work. True when they did not before.
    pub(super) fn restore(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.locked_until = None;
        let restored = std::mem::take(&mut state.lock_outs) > 0;
        state.restored |= restored;
        restored
    }

    /// Waiting work may go on at once, for whatever reason.
    pub(super) fn mark_restored(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).restored = true;
    }

    /// Whether the account was unlocked since this was last asked.
    pub(super) fn take_restored(&self) -> bool {
        std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).restored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(remaining: u32) -> Pace {
        Pace { limit: 100, remaining, reset: Some(Duration::from_secs(20)) }
    }

    #[tokio::test]
    async fn half_of_the_budget_is_left_to_the_agents() {
        let (budget, now) = (Budget::default(), Instant::now());
        budget.learn(pace(51), now);
        assert_eq!(budget.standing(now), Standing::Open);
        budget.learn(pace(50), now);
        assert_eq!(budget.standing(now), Standing::Paused(Duration::from_secs(20)));
        assert_eq!(budget.standing(now + Duration::from_secs(21)), Standing::Open);
    }

    #[tokio::test]
    async fn another_share_is_left_where_the_settings_say_so() {
        let (budget, now) = (Budget::leaving(0.2), Instant::now());
        budget.learn(pace(21), now);
        assert_eq!(budget.standing(now), Standing::Open);
        budget.learn(pace(20), now);
        assert!(matches!(budget.standing(now), Standing::Paused(_)));
    }

    #[tokio::test]
    async fn an_absurd_retry_after_is_clamped() {
        let (budget, now) = (Budget::default(), Instant::now());
        budget.pause(Some(Duration::from_secs(86_400)), now);
        assert_eq!(budget.standing(now), Standing::Paused(LONGEST_PAUSE));
    }

    #[tokio::test]
    async fn refused_credentials_lock_longer_each_time_and_one_success_unlocks() {
        let (budget, now) = (Budget::default(), Instant::now());
        assert_eq!(budget.lock_out(now), Duration::from_secs(15));
        assert_eq!(budget.lock_out(now), Duration::from_secs(15), "one refusal seen by two workers");
        let now = now + Duration::from_secs(15);
        assert_eq!(budget.lock_out(now), Duration::from_secs(30));
        assert_eq!(budget.standing(now), Standing::LockedOut(Duration::from_secs(30)));
        assert!(budget.restore());
        assert!(!budget.restore());
        assert_eq!(budget.standing(now), Standing::Open);
        (0..20).for_each(|i| assert!(budget.lock_out(now + LONGEST_LOCK * i) <= LONGEST_LOCK));
    }
}
