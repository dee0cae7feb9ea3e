//! How long what waits will take, by what was done lately.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What is looked back on.
pub const LATELY: SignedDuration = SignedDuration::from_mins(15);

/// Deliveries that wait, and how fast they go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Backlog {
    /// Deliveries that wait or are being worked on.
    pub waiting: u64,
    /// Since when the oldest of them waits.
    pub oldest: Option<Timestamp>,
    /// Deliveries a minute that were done in the last quarter of an hour.
    pub per_minute: f64,
    /// How many minutes it takes at that pace; `null` where nothing was done lately.
    pub minutes: Option<f64>,
}

impl Backlog {
    /// From what waits, and how many were done in [`LATELY`].
    pub fn of(waiting: u64, oldest: Option<Timestamp>, done: usize) -> Self {
        let per_minute = done as f64 / (LATELY.as_secs_f64() / 60.0);
        let minutes = (done > 0).then(|| waiting as f64 / per_minute);
        Self { waiting, oldest, per_minute, minutes }
    }

    /// As a sentence; `None` where nothing waits.
    pub fn told(&self) -> Option<String> {
        let deliveries = match self.waiting {
            0 => return None,
            1 => "1 delivery waits".to_owned(),
            n => format!("{n} deliveries wait"),
        };
        let since = self.oldest.map(|oldest| format!(", the oldest since {}", oldest.strftime("%F %T UTC")));
        let since = since.unwrap_or_default();
        Some(match self.minutes {
            Some(minutes) => format!(
                "{deliveries}{since}; at the pace of the last quarter of an hour ({:.1} a minute) it takes {}",
                self.per_minute,
                length(minutes)
            ),
            None => format!("{deliveries}{since}, and nothing was done in the last quarter of an hour"),
        })
    }
}

fn length(minutes: f64) -> String {
    let whole = Duration::from_secs_f64((minutes * 60.0).clamp(0.0, 1e9)).as_secs().div_ceil(60);
    match (whole / 60, whole % 60) {
        (0, minutes) => format!("about {minutes} min"),
        (hours, minutes) if hours < 48 => format!("about {hours} h {minutes} min"),
        (hours, _) => format!("about {} days", hours / 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_takes_as_long_as_the_pace_says() {
        assert_eq!(Backlog::of(0, None, 9).told(), None);
        let at = Some("2026-11-20T08:00:00Z".parse().unwrap());
        assert_eq!(
            Backlog::of(8420, at, 4650).told().unwrap(),
            "8420 deliveries wait, the oldest since 2026-11-20 08:00:00 UTC; at the pace of the last quarter of an hour \
             (310.0 a minute) it takes about 28 min"
        );
        assert!(Backlog::of(1, None, 1).told().unwrap().ends_with("(0.1 a minute) it takes about 15 min"));
        assert!(Backlog::of(9000, None, 450).told().unwrap().ends_with("about 5 h 0 min"));
        assert!(Backlog::of(1_000_000, None, 15).told().unwrap().ends_with("about 694 days"));
        assert!(
            Backlog::of(3, None, 0)
                .told()
                .unwrap()
                .ends_with("nothing was done in the last quarter of an hour")
        );
    }
}
