//! Holds the pure data that several rooms share: modes, decisions, ledger entries and their
//! summaries, a ticket's history, and the snapshot that a decision leaves.
//!
//! Nothing here reads a clock, a file, a socket or the store.

pub mod bar;
pub mod decision;
pub mod history;
pub mod label_modes;
pub mod mode;
pub mod outcome;
pub mod settled;
pub mod snapshot;
pub mod summary;
pub mod texts;
pub mod trial;
