//! Contacts and companies, whom a desk reads to know which plan a customer pays for.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::Shared;
use crate::seed;

const FIRST_COMPANY: u64 = 83_000_500_001;

/// The company of the person at this address.
pub(super) fn company_id(email: &str) -> Option<u64> {
    seed::company(email).map(|index| FIRST_COMPANY + index as u64)
}

/// <https://developers.freshdesk.com/api/#view_contact>
pub(super) async fn contact(State(shared): State<Arc<Shared>>, Path(id): Path<u64>) -> Response {
    let state = shared.state();
    let Some(email) =
        state.tickets.values().find(|ticket| ticket.requester == id).map(|ticket| &ticket.email)
    else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let plan = seed::company(email).map(|index| seed::COMPANIES[index].2);
    Json(json!({
        "id": id, "active": true, "name": email.split('@').next(), "email": email, "company_id": company_id(email),
        "custom_fields": { "plan": plan }, "tags": [],
    }))
    .into_response()
}

/// <https://developers.freshdesk.com/api/#view_company>
pub(super) async fn company(Path(id): Path<u64>) -> Response {
    let known =
        id.checked_sub(FIRST_COMPANY).and_then(|index| seed::COMPANIES.get(usize::try_from(index).ok()?));
    match known {
        Some((name, domain, plan)) => {
            let shown: Value =
                json!({ "id": id, "name": name, "domains": [domain], "custom_fields": { "plan": plan } });
            Json(shown).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
