//! The doors over real sockets: a real connector, real signatures, and a store that fails on request.

pub(crate) mod rig;
mod shelf;

mod answers;
mod besieged;
mod crowd;
mod durable;
mod faults;
mod flood;
mod logs;
mod slow;
mod wire;

mod admin;
