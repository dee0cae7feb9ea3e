//! placeholder

pub mod decision;
pub mod mode;
pub mod outcome;
pub mod store;
