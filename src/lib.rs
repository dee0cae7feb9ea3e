//! deskbridge: a signed webhook in, a routed ticket out.
//!
//! One straight line, in the order of the modules below:
//!
//! ```text
//!  ingress ─► store ─► worker ─► dispatch(look) ─► triage(brain, rulebook) ─► mode ─► dispatch(act) ─► store
//!  verified   on disk   claim     the ticket         Decision                 Permit   calls            ledger
//! ```
//!
//! A delivery is verified, kept durably and only then acknowledged ([`ingress`], [`store`]). A worker claims it, reads the
//! ticket back, and decides ([`worker`], [`triage`]). In shadow mode there is no [`mode::Permit`], so nothing is sent;
//! otherwise the plan is carried out ([`dispatch`]) and what became of it is settled in the ledger ([`outcome`]).

pub mod ingress;
pub mod store;
pub mod worker;

pub mod account;
pub mod brain;
pub mod challenge;
pub mod decision;
pub mod dispatch;
pub mod export;
pub mod gather;
pub mod generate;
pub mod history;
pub mod mode;
pub mod outcome;
pub mod promotion;
pub mod replay;
pub mod report;
pub mod review;
pub mod rulebook;
pub mod settling;
pub mod snapshot;
pub mod sweep;
pub mod triage;
pub mod undo;

pub mod admin;
pub mod daemon;
pub mod settings;

pub mod clock;
pub mod diagnostic;
pub mod shutdown;
pub mod telemetry;
pub mod watch;
pub mod yaml;

pub mod cli;
pub mod commands;
