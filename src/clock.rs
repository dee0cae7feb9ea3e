//! The one place that reads the wall clock.
//!
//! Everything else takes a [`Clock`] or a [`Timestamp`], so that a test says what time it is and a replay decides
//! as it would have decided then. It never sleeps: waiting is the runtime's business.

use jiff::Timestamp;

/// Says what time it is.
pub trait Clock: Send + Sync {
    /// The wall clock's time, in UTC.
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
