//! Measures whether decisions were right, and decides what may act.
//!
//! ```text
//!  settling ─► gather ─► report ─► promotion
//!  values of    rows      figures    labels that may act
//!  the agents
//! ```

pub mod gather;
pub mod promotion;
pub mod report;
pub mod review;
pub mod settling;
