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

mod keep;
mod observe;
mod readings;
mod task;

pub use crate::domain::settled::{FIRST_LOOK, FieldStory, Kept, Story, Who};
pub use crate::settings::heads::label_word;
pub use keep::keep;
pub use observe::{Sources, course, observe, observe_entry, part_of, sources_of, wrote};
pub use readings::{Reading, Readings, SettledTicket};
pub use task::{Settling, run};
