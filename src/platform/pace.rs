//! When the next piece of work for an account may start: learned from the platform's own rate headers, its 429s and
//! its view of our credentials.
//!
//! A share of an account's calls, half where nothing else is said, is left to its agents. Work only starts where what is left of the
//! window is enough for it and for all the work that is in hand, so that the platform need not say no. Work that must wait is
//! put back, so that no worker sleeps on it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use deskbridge_connectors::Pace;
use deskbridge_connectors::call::Allowance;
use tokio::time::Instant;

use super::updates::Updates;

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
    /// What the platform said last, and until when it holds.
    window: Option<(Pace, Instant)>,
    /// Pieces of work that have started and not ended.
    in_hand: u32,
    /// Changes of tickets, where they are limited apart.
    updates: Updates,
    /// Calls, changes and pieces of work so far, for what one of them usually takes.
    calls: u64,
    changes: u64,
    works: u64,
    locked_until: Option<Instant>,
    lock_outs: u32,
    restored: bool,
}

/// Calls that a piece of work is thought to take before some have ended.
const USUAL_CALLS: u64 = 8;
/// Pieces of work that this guess counts for.
const GUESSED: u64 = 4;
/// So many pieces of work and calls are looked back on at most: halved then, so that what is newer counts more.
const LOOKED_BACK: u64 = 256;

impl State {
    /// Calls that a piece of work usually takes.
    fn usual(&self) -> f64 {
        (self.calls + USUAL_CALLS * GUESSED) as f64 / (self.works + GUESSED) as f64
    }

    /// Returns how long changes of tickets must wait; `None` where they need not.
    fn changed_enough(&mut self, left_to_agents: f64, now: Instant) -> Option<Duration> {
        let usual = (self.changes + GUESSED) as f64 / (self.works + GUESSED) as f64;
        self.updates.used_up(left_to_agents, self.in_hand, usual, now)
    }

    /// How long the window goes on, where what is left of it is not enough for one more piece of work.
    fn used_up(&self, left_to_agents: f64, now: Instant) -> Option<Duration> {
        let (pace, until) = self.window.as_ref()?;
        let left = until.saturating_duration_since(now);
        let ours = f64::from(pace.remaining) - f64::from(pace.limit) * left_to_agents;
        let promised = f64::from(self.in_hand) * self.usual();
        // With nothing in hand one may always try what there is: the smallest plans allow less than a ticket takes.
        let enough = if self.in_hand == 0 { ours > 0.0 } else { ours >= promised + self.usual() };
        (pace.limit > 1 && !enough && !left.is_zero()).then_some(left)
    }
}

impl Budget {
    /// A budget that leaves this share of the calls to the agents.
    pub(super) fn leaving(share: f64) -> Self {
        Self { state: Mutex::default(), left_to_agents: share }
    }

    /// Counts changes too, for a platform that limits changes of tickets apart from requests.
    pub(super) fn changing_within(self, allowance: Option<Allowance>) -> Self {
        self.lock().updates = Updates::within(allowance);
        self
    }

    pub(super) fn standing(&self, now: Instant) -> Standing {
        let mut state = self.lock();
        let changes = state.changed_enough(self.left_to_agents, now);
        let left = |until: Option<Instant>| {
            until.map(|until| until.saturating_duration_since(now)).filter(|d| !d.is_zero())
        };
        if let Some(wait) = left(state.locked_until) {
            Standing::LockedOut(wait)
        } else if let Some(wait) =
            left(state.paused_until).max(state.used_up(self.left_to_agents, now)).max(changes)
        {
            Standing::Paused(wait)
        } else {
            Standing::Open
        }
    }

    /// Learns what is left of the window. Answers overtake each other: within a window the least counts.
    pub(super) fn learn(&self, pace: Pace, now: Instant) {
        let mut state = self.lock();
        let until = now + pace.reset.unwrap_or(WINDOW).min(LONGEST_PAUSE);
        state.window = match state.window.take() {
            Some((known, ends)) if ends > now && known.limit == pace.limit => {
                let more = known.remaining < pace.remaining;
                match pace.reset {
                    // One that says when its window ends has a new window only once the old one has ended.
                    Some(_) if more => Some((known, ends)),
                    Some(_) => Some((pace, until)),
                    // One that does not shows a new window by having more left. It ends a window after its first answer at the latest,
                    // not a window after each.
                    None if more => Some((pace, until)),
                    None => Some((pace, ends)),
                }
            }
            _ => Some((pace, until)),
        };
    }

    /// A ticket is about to be changed.
    pub(super) fn changing(&self, now: Instant) {
        let mut state = self.lock();
        state.changes += 1;
        state.updates.sent(now);
    }

    /// Learns what the answer to a change says of the limit on changes.
    pub(super) fn learn_of_changes(&self, pace: Pace, now: Instant) {
        self.lock().updates.learn(pace, now);
    }

    /// A piece of work has started.
    pub(super) fn begun(&self) {
        self.lock().in_hand += 1;
    }

    /// It has ended, after so many calls.
    pub(super) fn ended(&self, calls: usize) {
        let mut state = self.lock();
        state.in_hand = state.in_hand.saturating_sub(1);
        // What asked nothing was none of the platform's business.
        if calls > 0 {
            state.calls += calls as u64;
            state.works += 1;
        }
        if state.works >= LOOKED_BACK {
            state.calls /= 2;
            state.changes /= 2;
            state.works /= 2;
        }
    }

    /// Pauses because the platform said so.
    pub(super) fn pause(&self, after: Option<Duration>, now: Instant) {
        let until = now + after.unwrap_or(Duration::from_secs(5)).min(LONGEST_PAUSE);
        let mut state = self.lock();
        state.paused_until = state.paused_until.max(Some(until));
    }

    /// Locks the account; the wait doubles each time. Returns it. Calls that were on their way when the account was
    /// locked lock it no longer than the first.
    pub(super) fn lock_out(&self, now: Instant) -> Duration {
        let mut state = self.lock();
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
        let mut state = self.lock();
        state.locked_until = None;
        let restored = std::mem::take(&mut state.lock_outs) > 0;
        state.restored |= restored;
        restored
    }

    /// Waiting work may go on at once, for whatever reason.
    pub(super) fn mark_restored(&self) {
        self.lock().restored = true;
    }

    /// Whether the account was unlocked since this was last asked.
    pub(super) fn take_restored(&self) -> bool {
        std::mem::take(&mut self.lock().restored)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
    async fn what_is_in_hand_is_reckoned_with() {
        let (budget, now) = (Budget::leaving(0.5), Instant::now());
        budget.learn(pace(75), now);
        (0..2).for_each(|_| budget.begun());
        assert_eq!(budget.standing(now), Standing::Open, "25 are ours, and three take 24");
        budget.begun();
        assert!(matches!(budget.standing(now), Standing::Paused(_)), "four would take 32");
        (0..20).for_each(|_| {
            budget.begun();
            budget.ended(2);
        });
        assert_eq!(budget.standing(now), Standing::Open, "they usually take three");
        (0..3).for_each(|_| budget.ended(0));
        budget.learn(pace(51), now);
        assert_eq!(budget.standing(now), Standing::Open, "with nothing in hand one may try");
    }

    #[tokio::test]
    async fn answers_that_overtake_each_other_do_not_make_more_of_a_window() {
        let (budget, now) = (Budget::default(), Instant::now());
        budget.learn(pace(40), now);
        budget.learn(pace(90), now);
        assert!(matches!(budget.standing(now), Standing::Paused(_)));
        budget.learn(pace(90), now + Duration::from_secs(21));
        assert_eq!(budget.standing(now + Duration::from_secs(21)), Standing::Open, "a new window");
    }

    /// A platform that counts calls by the minute, and how often it had to say no.
    #[derive(Debug, Default)]
    struct Platform {
        window: u64,
        used: u32,
        refused: u32,
    }

    impl Platform {
        fn call(&mut self, since: Duration, limit: u32, tells: bool) -> Pace {
            if self.window != since.as_secs() / 60 {
                (self.window, self.used) = (since.as_secs() / 60, 0);
            }
            self.used += 1;
            self.refused += u32::from(self.used > limit);
            let reset = Duration::from_secs(60) - Duration::from_millis(since.as_millis() as u64 % 60_000);
            Pace { limit, remaining: limit.saturating_sub(self.used), reset: tells.then_some(reset) }
        }
    }

    /// What a worker does next.
    enum Step {
        Look,
        Reach { left: usize, calls: usize },
        Hear { pace: Pace, left: usize, calls: usize },
    }

    /// Eight workers on a backlog, by a clock that leaps from event to event; the minutes it takes and how often it is refused.
    fn drained(mut tickets: u32, limit: u32, left_to_agents: f64, tells: bool) -> (f64, u32) {
        let (budget, begun) = (Budget::leaving(left_to_agents), Instant::now());
        let (mut platform, mut random) = (Platform::default(), fastrand::Rng::with_seed(7));
        let mut workers: Vec<(Duration, Step)> = (0..8).map(|_| (Duration::ZERO, Step::Look)).collect();
        let mut now = Duration::ZERO;
        while tickets > 0 {
            let next = (0..workers.len()).min_by_key(|n| workers[*n].0).unwrap();
            let half = Duration::from_millis(random.u64(20..150));
            now = workers[next].0;
            workers[next] = match std::mem::replace(&mut workers[next].1, Step::Look) {
                Step::Look => match budget.standing(begun + now) {
                    Standing::Open => {
                        budget.begun();
                        let calls = random.usize(3..9);
                        (now + half, Step::Reach { left: calls, calls })
                    }
                    Standing::Paused(wait) => (now + wait + half * 5, Step::Look),
                    other => panic!("{other:?}"),
                },
                Step::Reach { left, calls } => {
                    (now + half, Step::Hear { pace: platform.call(now, limit, tells), left: left - 1, calls })
                }
                Step::Hear { pace, left, calls } => {
                    budget.learn(pace, begun + now);
                    if left == 0 {
                        budget.ended(calls);
                        tickets -= 1;
                        (now, Step::Look)
                    } else {
                        (now + half, Step::Reach { left, calls })
                    }
                }
            };
        }
        (now.as_secs_f64() / 60.0, platform.refused)
    }

    #[tokio::test]
    async fn a_backlog_of_ten_thousand_tickets_drains_at_the_limit_and_is_never_refused() {
        // A ticket takes five and a half calls on average.
        for (limit, left_to_agents, tells) in [
            (700, 0.5, true),
            (400, 0.05, true),
            (200, 0.5, true),
            (50, 0.2, true),
            (700, 0.5, false),
            (400, 0.5, false),
            (50, 0.5, false),
        ] {
            let (minutes, refused) = drained(10_000, limit, left_to_agents, tells);
            let at_best = 10_000.0 * 5.5 / (f64::from(limit) * (1.0 - left_to_agents));
            assert_eq!(refused, 0, "{limit} a minute");
            assert!(minutes < at_best * 1.25, "{limit} a minute: {minutes:.0} minutes, at best {at_best:.0}");
        }
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
