//! The review queue: which recent tickets are worth a person's look, and the tickets file that the person's labels go to.
//!
//! Nothing of a ticket's text lies on our disk until a person saves it with their labels; the page reads it from the
//! platform when it is opened.

mod file;
mod queue;

pub use file::Reviewed;
pub use queue::{Candidate, Order, queue};
