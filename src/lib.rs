//! placeholder

pub mod admin;
pub mod clock;
pub mod decision;
pub mod ingress;
pub mod mode;
pub mod outcome;
pub mod shutdown;
pub mod store;
pub mod telemetry;
