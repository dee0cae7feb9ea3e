//! Whether a piece of work that stopped is tried again, when, and when it is given up. Pure.

use std::time::Duration;

use deskbridge_connectors::Later;

/// How long and how often work is tried.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Counted attempts before it is given up.
    pub max_attempts: u32,
    /// Age, from arrival, at which it is given up.
    pub max_age: Duration,
}

/// What to do with work that stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Try again after this long.
    Again {
        /// From now.
        after: Duration,
        /// Whether this was an attempt.
        counted: bool,
    },
    /// Set it aside for a person, with this reason.
    GiveUp(String),
}

/// The first pause after a failure; doubles with each attempt up to [`LONGEST`].
const FIRST: Duration = Duration::from_secs(1);
/// The longest pause after a failure.
const LONGEST: Duration = Duration::from_secs(300);
/// The shortest and the longest `Retry-After` that is believed.
const BUSY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(3600));

/// Decides for work that has had `attempts` counted attempts before this one and is `age` old. `jitter` is a random
/// number from 0 to 1; it spreads the pause over its upper half, so that work that failed together does not come
/// back together.
pub fn judge(later: Later, attempts: u32, age: Duration, patience: Patience, jitter: f64) -> Verdict {
    if age >= patience.max_age {
        return Verdict::GiveUp(format!("not done within {}", told(patience.max_age)));
    }
    match later {
        Later::Busy { after } => Verdict::Again {
            after: after.unwrap_or(Duration::from_secs(5)).clamp(BUSY.0, BUSY.1)
                + spread(Duration::from_secs(1), jitter),
            counted: false,
        },
        Later::Failed if attempts + 1 >= patience.max_attempts => {
            Verdict::GiveUp(format!("failed {} times", attempts + 1))
        }
        Later::Failed => {
            let pause = FIRST.saturating_mul(1 << attempts.min(16)).min(LONGEST);
            Verdict::Again { after: pause / 2 + spread(pause / 2, jitter), counted: true }
        }
    }
}

fn told(age: Duration) -> String {
    match age.as_secs() {
        seconds if seconds >= 3600 && seconds.is_multiple_of(3600) => format!("{} h", seconds / 3600),
        seconds if seconds >= 60 && seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

fn spread(range: Duration, jitter: f64) -> Duration {
    range.mul_f64(jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { max_attempts: 4, max_age: Duration::from_secs(7200) };

    fn check(later: Later, attempts: u32, age_s: u64, expected: Verdict) {
        assert_eq!(judge(later, attempts, Duration::from_secs(age_s), PATIENCE, 1.0), expected);
    }

    #[test]
    fn failures_back_off_and_end() {
        check(Later::Failed, 0, 0, Verdict::Again { after: Duration::from_secs(1), counted: true });
        check(Later::Failed, 2, 0, Verdict::Again { after: Duration::from_secs(4), counted: true });
        check(Later::Failed, 3, 0, Verdict::GiveUp("failed 4 times".into()));
    }

    #[test]
    fn busy_is_no_attempt_and_ends_by_age_alone() {
        let busy = |s| Later::Busy { after: Some(Duration::from_secs(s)) };
        check(busy(7), 3, 0, Verdict::Again { after: Duration::from_secs(8), counted: false });
        check(busy(999_999), 0, 0, Verdict::Again { after: Duration::from_secs(3601), counted: false });
        check(busy(7), 0, 7200, Verdict::GiveUp("not done within 2 h".into()));
    }

    #[test]
    fn jitter_stays_in_the_upper_half() {
        let Verdict::Again { after, .. } =
            judge(Later::Failed, 3, Duration::ZERO, Patience { max_attempts: 9, ..PATIENCE }, 0.0)
        else {
            panic!("tried again")
        };
        assert_eq!(after, Duration::from_secs(4));
    }
}
