//! What the ledger says when it is held against what the agents did: agreement, thresholds, promotion, impact, drift.
//!
//! ```text
//! ledger entry + settled values ─observe─► Observation, Course ─► figures with intervals ─► text, JSON, HTML
//! ```
//!
//! Pure: no clock, no store, no platform. Every figure is defined beside the function that computes it.

pub mod observation;
