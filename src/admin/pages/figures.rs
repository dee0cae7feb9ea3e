//! `/agreement`, `/promotion`, `/impact`, `/drift` and `/api/report`: the report, a part a page.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use minijinja::context;
use serde_json::json;

use super::row::moment;
use super::{Admin, page};
use crate::evidence::report::render::html;
use crate::evidence::report::render::view::view;

pub(super) async fn agreement(State(admin): State<Admin>) -> Response {
    part(&admin, "/agreement", "agreement").await
}

pub(super) async fn promotion(State(admin): State<Admin>) -> Response {
    part(&admin, "/promotion", "promotion").await
}

pub(super) async fn impact(State(admin): State<Admin>) -> Response {
    part(&admin, "/impact", "impact").await
}

pub(super) async fn drift(State(admin): State<Admin>) -> Response {
    part(&admin, "/drift", "drift").await
}

async fn part(admin: &Admin, here: &str, part: &str) -> Response {
    match admin.board.figures(admin.clock.now()).await {
        Ok(figures) => {
            let values = context! {
                part,
                view => html::value(view(&figures.report)),
                figures_at => moment(figures.at),
            };
            page(admin, "figures.html", here, None, values).await
        }
        Err(missing) => {
            let values = context! { part };
            page(admin, "figures.html", here, Some(missing.to_string()), values).await
        }
    }
}

/// `/api/report`: what `deskbridge report --format json` prints.
pub(super) async fn json(State(admin): State<Admin>) -> Response {
    match admin.board.figures(admin.clock.now()).await {
        Ok(figures) => Json(&figures.report).into_response(),
        Err(missing) => {
            let answer = Json(json!({ "error": missing.to_string() }));
            (StatusCode::SERVICE_UNAVAILABLE, answer).into_response()
        }
    }
}
