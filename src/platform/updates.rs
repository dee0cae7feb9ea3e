//! When the next ticket may be changed, on a platform that limits changes apart from requests.
//!
//! The platform counts its people's edits too and seldom says how many are left, so that our own
//! changes of the last window are counted here, against the share of the limit that is not left to
//! the agents. An answer that does say it is believed.

use std::collections::VecDeque;
use std::time::Duration;

use deskbridge_connectors::Pace;
use deskbridge_connectors::call::Allowance;
use tokio::time::Instant;

/// The changes that were sent within the last window.
#[derive(Debug, Default)]
pub(super) struct Updates {
    allowance: Option<Allowance>,
    sent: VecDeque<Instant>,
    /// The limit as the platform told it last, and until when it holds.
    told: Option<(Pace, Instant)>,
}

impl Updates {
    /// Counts against this limit; against none where there is none.
    pub(super) fn within(allowance: Option<Allowance>) -> Self {
        Self { allowance, ..Self::default() }
    }

    /// A change is sent.
    pub(super) fn sent(&mut self, now: Instant) {
        if let Some(allowance) = self.allowance {
            self.forget(allowance, now);
            self.sent.push_back(now);
        }
    }

    /// Learns what an answer to a change says of the limit.
    pub(super) fn learn(&mut self, pace: Pace, now: Instant) {
        let Some(allowance) = &mut self.allowance else { return };
        allowance.calls = pace.limit;
        let until = now + pace.reset.unwrap_or(allowance.window).min(allowance.window);
        self.told = match self.told.take() {
            // Answers overtake each other: within a window the least counts.
            Some((known, ends))
                if ends > now && known.limit == pace.limit && known.remaining < pace.remaining =>
            {
                Some((known, ends))
            }
            _ => Some((pace, until)),
        };
    }

    /// Returns how long work must wait that usually takes `usual` changes while `in_hand` pieces of
    /// it are under way; `None` where it may start.
    pub(super) fn used_up(
        &mut self,
        left_to_agents: f64,
        in_hand: u32,
        usual: f64,
        now: Instant,
    ) -> Option<Duration> {
        let allowance = self.allowance?;
        self.forget(allowance, now);
        // With nothing in hand one may always try what there is.
        let needed = if in_hand == 0 { f64::MIN_POSITIVE } else { usual * (f64::from(in_hand) + 1.0) };
        let kept = f64::from(allowance.calls) * left_to_agents;
        if let Some((pace, until)) = &self.told {
            let used_up = f64::from(pace.remaining) - kept < needed && *until > now;
            return used_up.then(|| until.saturating_duration_since(now));
        }
        let ours = f64::from(allowance.calls) - kept;
        if ours - self.sent.len() as f64 >= needed {
            return None;
        }
        // Not for every single place that becomes free: until a quarter of them are.
        let leaves = ((ours / 4.0) as usize).min(self.sent.len().saturating_sub(1));
        let until = *self.sent.get(leaves)? + allowance.window;
        Some(until.saturating_duration_since(now)).filter(|wait| !wait.is_zero())
    }

    fn forget(&mut self, allowance: Allowance, now: Instant) {
        while self.sent.front().is_some_and(|at| *at + allowance.window <= now) {
            self.sent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn updates(calls: u32) -> Updates {
        Updates::within(Some(Allowance { calls, window: MINUTE }))
    }

    #[tokio::test]
    async fn the_agents_keep_their_share_of_the_changes() {
        let (mut updates, begun) = (updates(100), Instant::now());
        let mut sent = 0;
        while updates.used_up(0.5, 0, 1.0, begun + Duration::from_millis(sent * 100)).is_none() {
            updates.sent(begun + Duration::from_millis(sent * 100));
            sent += 1;
        }
        assert_eq!(sent, 50);
        let now = begun + Duration::from_secs(5);
        let wait = updates.used_up(0.5, 0, 1.0, now).unwrap();
        assert_eq!(wait, MINUTE - Duration::from_millis(3_800), "until the first thirteen are a minute old");
        assert_eq!(updates.used_up(0.5, 0, 1.0, now + wait), None);
        assert_eq!(Updates::default().used_up(0.5, 9, 1.0, now), None, "most platforms know no such limit");
    }

    #[tokio::test]
    async fn what_is_in_hand_is_reckoned_with() {
        let (mut updates, now) = (updates(10), Instant::now());
        (0..6).for_each(|_| updates.sent(now));
        assert_eq!(updates.used_up(0.2, 1, 1.0, now), None, "two are left for two");
        assert!(updates.used_up(0.2, 2, 1.0, now).is_some());
        assert!(updates.used_up(0.2, 1, 1.5, now).is_some(), "answers to customers take a second one");
    }

    #[tokio::test]
    async fn an_answer_that_tells_what_is_left_is_believed() {
        let (mut updates, now) = (updates(100), Instant::now());
        let pace = |limit, remaining| Pace { limit, remaining, reset: Some(Duration::from_secs(12)) };
        updates.learn(pace(100, 40), now);
        assert_eq!(
            updates.used_up(0.5, 0, 1.0, now),
            Some(Duration::from_secs(12)),
            "people have changed sixty tickets"
        );
        assert_eq!(updates.used_up(0.5, 0, 1.0, now + Duration::from_secs(12)), None);
        updates.learn(pace(300, 299), now);
        (0..149).for_each(|_| updates.sent(now));
        assert_eq!(updates.used_up(0.5, 0, 1.0, now), None, "the account has a larger plan");
    }

    #[tokio::test]
    async fn no_window_of_the_platforms_sees_more_than_its_limit() {
        for (limit, share) in [(100_u32, 0.5), (100, 0.05), (30, 0.0), (3, 0.9)] {
            let (mut updates, begun) = (updates(limit), Instant::now());
            let (mut at, mut all) = (Duration::ZERO, Vec::new());
            while all.len() < 400 {
                match updates.used_up(share, 0, 1.0, begun + at) {
                    None => {
                        updates.sent(begun + at);
                        all.push(at);
                        at += Duration::from_millis(70);
                    }
                    Some(wait) => at += wait,
                }
            }
            let ours = (f64::from(limit) * (1.0 - share)).ceil() as usize;
            for (n, first) in all.iter().enumerate() {
                let within = all[n..].iter().take_while(|later| **later < *first + MINUTE).count();
                assert!(within <= ours, "{limit}, {share}: {within} changes in a minute");
            }
            let at_best = (all.len() as f64 / ours as f64 - 1.0) * 60.0;
            assert!(at.as_secs_f64() < at_best * 1.4 + 70.0, "{limit}, {share}: {at:?}, at best {at_best} s");
        }
    }
}
