//! The doors over real sockets: a real connector, real signatures, and a store that fails on request.

pub(crate) mod rig;
mod shelf;

mod answers;
mod durable;
mod faults;
mod logs;
mod slow;
mod wire;

mod admin;
