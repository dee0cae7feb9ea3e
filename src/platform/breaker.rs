//! A circuit breaker for one account: after a run of failures its work waits, one piece at a time tries whether the platform is
//! back, and the first usable answer lets everything go on. Pure, but for the lock.
//!
//! Without it an outage of a few minutes would use up the attempts of every delivery that arrives meanwhile. A failure is an
//! exchange without a usable answer: nothing came, a 5xx, or something that is no answer at all. A refusal is an answer.
//!
//! Looks and changes are counted apart: a platform in maintenance answers every look and fails every change, and a look before each
//! change would hide that. What failing changes opened, only a change that works closes.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row that open it.
const TRIPS_AT: u32 = 5;
/// The first wait is as long as a call may take, but not longer than this; it doubles with each probe that fails, up to [`LONGEST`].
const FIRST: Duration = Duration::from_secs(10);
/// The longest wait between two probes.
const LONGEST: Duration = Duration::from_secs(300);
/// How long one piece of work may take over its probe before another one is let through.
const PROBE: Duration = Duration::from_secs(60);

/// The breaker; closed at first.
#[derive(Debug)]
pub(super) struct Breaker {
    state: Mutex<State>,
    first: Duration,
}

#[derive(Debug, Default)]
struct State {
    /// In a row, of looks and of changes.
    failures: [u32; 2],
    /// Whether it was failing changes that opened it.
    by_changes: bool,
    /// How often it opened in a row; 0 while it is closed.
    opened: u32,
    until: Option<Instant>,
    probing: bool,
}

impl Breaker {
    /// A closed breaker whose first wait is `first`, within reason.
    pub(super) fn waiting(first: Duration) -> Self {
        Self { state: Mutex::default(), first: first.clamp(Duration::from_secs(1), FIRST) }
    }

    /// How long work must wait; `None` when it may start. Once a wait is over, one piece of work is let through as a probe.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        let mut state = self.lock();
        let left = state.until?.saturating_duration_since(now);
        if !left.is_zero() {
            return Some(left);
        }
        state.until = Some(now + PROBE);
        state.probing = true;
        None
    }

    /// The same without letting anything through.
    pub(super) fn open_for(&self, now: Instant) -> Option<Duration> {
        let left = self.lock().until?.saturating_duration_since(now);
        Some(left.max(Duration::from_secs(1)))
    }

    /// A piece of work has ended. Where it was the probe and asked the platform nothing, the next one is let through instead.
    pub(super) fn ended(&self, now: Instant) {
        let mut state = self.lock();
        if std::mem::take(&mut state.probing) {
            state.until = Some(now);
        }
    }

    /// An exchange, one that is to change something or one that only looks, ended without a usable answer. Returns the wait when
    /// that opens it.
    pub(super) fn failed(&self, change: bool, now: Instant) -> Option<Duration> {
        let mut state = self.lock();
        let failures = &mut state.failures[usize::from(change)];
        *failures = failures.saturating_add(1);
        let failures = *failures;
        match state.opened {
            0 if failures < TRIPS_AT => return None,
            0 => state.by_changes = change,
            // What was on its way when it opened says nothing new.
            _ if !state.probing => return None,
            _ => {}
        }
        let wait = self.first.saturating_mul(1 << state.opened.min(8)).min(LONGEST);
        state.opened = state.opened.saturating_add(1);
        state.until = Some(now + wait);
        state.probing = false;
        Some(wait)
    }

    /// The platform gave a usable answer. True when it was open.
    pub(super) fn answered(&self, change: bool) -> bool {
        let mut state = self.lock();
        if change || !state.by_changes {
            // A change that works says of the looks too that they do.
            let failing = if change { 0 } else { state.failures[1] };
            let was = std::mem::take(&mut *state);
            state.failures[1] = failing;
            return was.opened > 0;
        }
        state.failures[0] = 0;
        false
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn tripped(now: Instant) -> Breaker {
        let breaker = Breaker::waiting(FIRST);
        for _ in 1..TRIPS_AT {
            assert_eq!(breaker.failed(false, now), None);
            assert_eq!(breaker.wait(now), None);
        }
        assert_eq!(breaker.failed(false, now), Some(FIRST));
        breaker
    }

    #[tokio::test]
    async fn a_run_of_failures_opens_it_and_one_success_in_between_does_not() {
        let now = Instant::now();
        let breaker = Breaker::waiting(FIRST);
        for _ in 0..20 {
            (1..TRIPS_AT).for_each(|_| assert_eq!(breaker.failed(false, now), None));
            assert!(!breaker.answered(false));
        }
        let breaker = tripped(now);
        assert_eq!(breaker.wait(now + seconds(4)), Some(seconds(6)));
        assert_eq!(breaker.open_for(now + seconds(4)), Some(seconds(6)));
    }

    #[tokio::test]
    async fn one_piece_of_work_probes_and_the_others_wait_on() {
        let now = Instant::now();
        let breaker = tripped(now);
        let now = now + seconds(11);
        assert_eq!(breaker.wait(now), None, "the probe");
        assert_eq!(breaker.wait(now), Some(PROBE), "one at a time");
        assert_eq!(breaker.failed(false, now), Some(seconds(20)), "longer each time");
        assert_eq!(breaker.failed(false, now), None, "late failures of before say nothing");
        assert_eq!(breaker.wait(now + seconds(19)), Some(seconds(1)));
        assert_eq!(breaker.wait(now + seconds(21)), None);
        assert!(breaker.answered(false));
        assert!(!breaker.answered(false));
        assert_eq!(breaker.wait(now + seconds(21)), None);
    }

    #[tokio::test]
    async fn work_that_asks_nothing_uses_up_no_probe() {
        let now = Instant::now();
        let breaker = tripped(now);
        breaker.ended(now);
        assert_eq!(breaker.wait(now), Some(FIRST), "work of before it opened changes nothing");
        let now = now + FIRST;
        assert_eq!(breaker.wait(now), None);
        breaker.ended(now);
        assert_eq!(breaker.wait(now), None, "the next one");
        assert_eq!(breaker.failed(false, now), Some(seconds(20)));
        breaker.ended(now);
        assert_eq!(breaker.wait(now), Some(seconds(20)));
    }

    #[tokio::test]
    async fn a_probe_that_never_ends_is_followed_by_another_and_the_wait_is_bounded() {
        let mut now = Instant::now();
        let breaker = tripped(now);
        now += seconds(10);
        assert_eq!(breaker.wait(now), None);
        now += PROBE;
        assert_eq!(breaker.wait(now), None, "the first one is given up");
        for _ in 0..30 {
            let wait = breaker.failed(false, now).unwrap();
            assert!(wait <= LONGEST);
            now += wait;
            assert_eq!(breaker.wait(now), None);
        }
    }

    #[tokio::test]
    async fn looks_that_work_hide_no_changes_that_fail() {
        let now = Instant::now();
        let breaker = Breaker::waiting(FIRST);
        for n in 1..=TRIPS_AT {
            assert!(!breaker.answered(false));
            assert_eq!(breaker.failed(true, now), (n == TRIPS_AT).then_some(FIRST));
        }
        let now = now + FIRST;
        assert_eq!(breaker.wait(now), None, "the probe");
        assert!(!breaker.answered(false), "a look does not close it");
        assert_eq!(breaker.failed(true, now), Some(seconds(20)));
        let now = now + seconds(20);
        assert_eq!(breaker.wait(now), None);
        assert!(!breaker.answered(false));
        assert!(breaker.answered(true), "a change does");
        assert_eq!(breaker.wait(now), None);
    }

    #[tokio::test]
    async fn a_probe_that_only_looked_lets_the_next_one_try_a_change() {
        let now = Instant::now();
        let breaker = Breaker::waiting(FIRST);
        (0..TRIPS_AT).for_each(|_| _ = breaker.failed(true, now));
        let now = now + FIRST;
        assert_eq!(breaker.wait(now), None);
        assert!(!breaker.answered(false));
        breaker.ended(now);
        assert_eq!(breaker.wait(now), None);
        assert_eq!(breaker.failed(false, now), Some(seconds(20)), "a look that fails says enough");
    }
}
