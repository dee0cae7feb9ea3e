//! Reads the wall clock; no other place does.
//!
//! Everything else takes a [`Clock`] or a [`Timestamp`]. So a test can set the time, and a replay
//! decides as it would have decided then. Nothing here sleeps: the runtime does the waiting.

use jiff::Timestamp;

/// A source of the current time.
pub trait Clock: Send + Sync {
    /// Returns the wall clock's time, in UTC.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
