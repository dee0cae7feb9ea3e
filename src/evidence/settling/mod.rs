//! What the agents settled on: when it is read, what is kept of it, and how it stands beside a decision.
//!
//! ```text
//!  ledger entry ─► due ─look (reads only)─► Settled ─keep─► Kept, in the store ─observe─► Observation, Course ─► report
//!                    ▲ not yet: later          │
//!                    └─────────────────────────┘
//! ```
//!
//! A ticket counts as settled when it is solved, or when nobody has touched it for a configured time. A value that we wrote
//! ourselves is evidence only once people have left it alone for that long.

use std::time::Duration;

mod keep;
mod observe;
mod task;
pub mod values;

pub use keep::{FieldStory, Kept, Story, Who, keep};
pub use observe::{Readings, Sources, courses, observations, observe, part_of, sources, sources_of, wrote};
pub use task::{Settling, run};
pub use values::label_word;

/// A ticket's values are first looked at so long after its decision.
pub const FIRST_LOOK: Duration = Duration::from_secs(3600);
