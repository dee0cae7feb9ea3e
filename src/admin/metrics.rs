//! `/metrics`, in Prometheus' text format.
//!
//! It computes nothing and reads no store: it shows what was counted last, and how old the figures are.

use ::metrics::gauge;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use jiff::Timestamp;

use super::Admin;
use crate::store::Depth;
use crate::telemetry::names;

pub(super) async fn show(State(admin): State<Admin>) -> impl IntoResponse {
    let now = admin.clock.now();
    let (age, depth) = admin.board.known(now);
    if let Some(depth) = depth {
        gauges(&depth, now);
    }
    if let Some(age) = age {
        gauge!(names::FIGURES_AGE_SECONDS).set(age.as_secs_f64().max(0.0));
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], admin.metrics.render())
}

#[expect(clippy::cast_precision_loss, reason = "no inbox holds 2^53 deliveries")]
fn gauges(depth: &Depth, now: Timestamp) {
    gauge!(names::INBOX_DEPTH).set(depth.pending as f64);
    gauge!(names::DEAD_LETTERS).set(depth.dead as f64);
    gauge!(names::OLDEST_PENDING_SECONDS).set(waited_seconds(depth, now));
}

/// How long the oldest waiting delivery has waited; 0 when nothing waits, or when the clock was set back.
pub(super) fn waited_seconds(depth: &Depth, now: Timestamp) -> f64 {
    depth.oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64().max(0.0))
}
