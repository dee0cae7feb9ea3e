//! Training tickets written from label descriptions, through an endpoint that the user names.
//!
//! ```text
//!  labels file ─► wanted (label, language) ─prompt─► endpoint ─answer─► tickets ─likeness─► rows ─fsync─► file
//!                    ▲                                                                                    │
//!                    └───────────────────────── counted from the file ◄───────────────────────────────────┘
//! ```
//!
//! `labels`, `prompt`, `answer`, `likeness` and `count` are pure; `ask` speaks HTTP, `file` writes. There is no state beside the
//! file: what is in it is counted, and what is missing is asked for. The endpoint is told the descriptions in the labels file
//! and nothing of any ticket.

mod answer;
mod ask;
mod count;
mod file;
mod labels;
mod likeness;
mod prompt;
mod run;

pub use ask::{Endpoint, EndpointProblem};
pub use file::{FileProblem, Tickets};
pub use labels::{Label, Labels, read};
pub use run::{Done, Generate, Patience, Problem, Step};

/// The column that says a ticket was made up.
const SYNTHETIC: &str = "synthetic";
/// What the id of a made-up ticket begins with.
const PREFIX: &str = "synthetic/";
