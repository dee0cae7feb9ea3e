//! What the ledger says when it is held against what the agents did: agreement, thresholds, promotion, impact, drift.
//!
//! ```text
//! ledger entry + settled values ─observe─► Observation, Course ─► sums ─► figures with intervals ─► text, JSON, HTML
//! ```
//!
//! Observations are added to sums one at a time; nothing keeps them. So a report takes as much memory for a million tickets as for a
//! thousand.
//!
//! Pure: no clock, no store, no platform. Every figure is defined beside the function that computes it, and again in
//! plain words in this folder's README.
//!
//! ```text
//! wilson ─┬─► agreement (kappa, calibration) ─┐
//!         ├─► curve                           │
//!         ├─► thresholds                      ├─► Report ─► render
//!         ├─► readiness                       │
//!         ├─► impact (middle, contrast)       │
//!         └─► drift ──────────────────────────┘
//! ```

pub mod observation;

pub mod bins;
pub mod contrast;
pub mod evidence;
pub mod kappa;
pub mod middle;
pub mod wilson;

pub mod by_label;

pub mod agreement;
pub mod backlog;
pub mod calibration;
pub mod challenge;
pub mod curve;
pub mod drift;
pub mod impact;
pub mod in_force;
pub mod readiness;
pub mod thresholds;

pub mod render;
pub mod rows;
pub mod sums;
pub mod terms;
pub mod whole;

#[cfg(test)]
mod tests;
