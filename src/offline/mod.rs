//! Holds work that a command does beside the daemon: replaying, undoing, exporting and generating.
//!
//! Each module is used by its own command only.

pub mod export;
pub mod generate;
pub mod replay;
pub mod undo;
