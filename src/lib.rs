//! placeholder

pub mod decision;
pub mod diagnostic;
pub mod mode;
pub mod outcome;
pub mod rulebook;
pub mod settings;
pub mod store;
mod yaml;
