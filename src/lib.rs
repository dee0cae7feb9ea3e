//! deskbridge: a signed webhook in, a routed ticket out.
//!
//! One straight line through the rooms:
//!
//! ```text
//!  ingress ─► store ─► worker ─► platform(look) ─► inference(rulebook) ─► mode ─► platform(act) ─► store
//!  verified   on disk   claim     the ticket        Decision               Permit   calls            ledger
//! ```
//!
//! A delivery is verified, kept durably and only then acknowledged ([`ingress`], [`store`]). A worker claims it, reads the
//! ticket back, and decides ([`worker`], [`inference`]). In shadow mode there is no [`domain::mode::Permit`], so nothing is
//! sent; otherwise the plan is carried out ([`platform`]) and its outcome is settled in the ledger ([`domain::outcome`]).
//!
//! The modules below are in order: a room imports only rooms above its own line.

pub mod clock;
pub mod diagnostics;
pub mod domain;
pub mod rulebook;
pub mod settings;
pub mod telemetry;

pub mod store;

pub mod platform;

pub mod evidence;

pub mod inference;

pub mod ingress;

pub mod worker;

pub mod admin;

pub mod daemon;

pub mod offline;

pub mod cli;
pub mod commands;
