//! Whether the process lives, and whether it can do its work.
//!
//! Alive says only that the process answers: a full disk is no reason to be restarted. Ready asks the store each
//! time and remembers what the other parts last reported.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use super::{Admin, promptly};

/// What keeps the daemon from its work, by part.
#[derive(Debug, Default)]
pub struct Readiness {
    missing: Mutex<BTreeMap<&'static str, String>>,
}

impl Readiness {
    /// Not ready until each of these parts has reported with [`Self::ready`].
    pub fn waiting_for(parts: impl IntoIterator<Item = &'static str>) -> Self {
        let missing = parts.into_iter().map(|part| (part, "not ready yet".to_owned())).collect();
        Self { missing: Mutex::new(missing) }
    }

    /// This part can work.
    pub fn ready(&self, part: &'static str) {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).remove(part);
    }

    /// This part cannot work, and why. The reason is shown to anybody who asks: it names no ticket and no secret.
    pub fn not_ready(&self, part: &'static str, why: impl Into<String>) {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).insert(part, why.into());
    }

    /// Every part that cannot work, and why.
    pub fn reasons(&self) -> BTreeMap<&'static str, String> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub(super) async fn live() -> &'static str {
    "ok\n"
}

pub(super) async fn ready(State(admin): State<Admin>) -> (StatusCode, Json<serde_json::Value>) {
    let mut reasons = admin.readiness.reasons();
    if let Err(error) = promptly(admin.store.probe()).await {
        reasons.insert("store", error.to_string());
    }
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": ready, "reasons": reasons })))
}
