//! placeholder

pub mod account;
pub mod decision;
pub mod dispatch;
pub mod mode;
pub mod outcome;
pub mod store;
