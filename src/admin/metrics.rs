//! `/metrics`, in Prometheus' text format.
//!
//! The inbox's gauges are read from the store at that moment: a gauge that is set on every change would cost every
//! delivery a query.

use ::metrics::gauge;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use jiff::Timestamp;
use tracing::warn;

use super::{Admin, promptly};
use crate::store::Depth;
use crate::telemetry::names;

pub(super) async fn show(State(admin): State<Admin>) -> impl IntoResponse {
    match promptly(admin.store.depth()).await {
        Ok(depth) => gauges(&depth, admin.clock.now()),
        Err(error) => warn!(%error, "the inbox's gauges keep their last values"),
    }
    if let Err(error) = admin.board.figures(&admin).await {
        warn!(%error, "the gauges of agreement and drift keep their last values");
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
