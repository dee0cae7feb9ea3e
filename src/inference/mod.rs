//! Turns a ticket into a decision: model and rulebook as one reloadable value, the one decision path, and the
//! challenger that answers beside the live model.

pub mod brain;
pub mod challenge;
pub mod snapshot;
pub mod triage;
