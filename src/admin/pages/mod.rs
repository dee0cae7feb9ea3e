//! The dashboard: what came in, what was decided and why, how well, and what may go live.
//!
//! Pages are rendered here and readable without a script; the script adds sorting and CSV. They load nothing from elsewhere, and
//! but for a review's labels nothing can be sent to them. Templates escape every value they print; charts come from [`crate::evidence::report::render::chart`].

mod dead;
mod decision;
mod decisions;
mod figures;
mod overview;
mod review;
mod row;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use minijinja::value::{Serde, merge_maps};
use minijinja::{Value, context};
use serde::Serialize;
use tracing::error;

use super::{Admin, promptly};
use crate::evidence::report::render::html;

/// The pages' own templates.
const TEMPLATES: [(&str, &str); 9] = [
    ("overview.html", include_str!("overview.html")),
    ("decisions.html", include_str!("decisions.html")),
    ("rows.html", include_str!("rows.html")),
    ("decision.html", include_str!("decision.html")),
    ("dead.html", include_str!("dead.html")),
    ("figures.html", include_str!("figures.html")),
    ("review.html", include_str!("review.html")),
    ("ticket.html", include_str!("ticket.html")),
    ("missing.html", include_str!("missing.html")),
];

/// A form of labels is far smaller.
const MOST_FORM_BYTES: usize = 64 * 1024;

/// Name and address of every page in the navigation.
const LINKS: [(&str, &str); 8] = [
    ("Overview", "/"),
    ("Decisions", "/decisions"),
    ("Agreement", "/agreement"),
    ("Promotion", "/promotion"),
    ("Impact", "/impact"),
    ("Drift", "/drift"),
    ("Review", "/review"),
    ("Dead letters", "/dead"),
];

#[derive(Serialize)]
struct Link {
    name: &'static str,
    href: &'static str,
    here: bool,
    count: Option<u64>,
}

pub(super) fn routes() -> Router<Admin> {
    Router::new()
        .route("/", get(overview::show))
        .route("/decisions", get(decisions::show))
        .route("/decisions.csv", get(decisions::csv))
        .route("/decisions/{id}", get(decision::show))
        .route("/agreement", get(figures::agreement))
        .route("/promotion", get(figures::promotion))
        .route("/impact", get(figures::impact))
        .route("/drift", get(figures::drift))
        .route("/review", get(review::list))
        .route(
            "/review/{id}",
            get(review::ticket::show)
                .post(review::ticket::save)
                .layer(DefaultBodyLimit::max(MOST_FORM_BYTES)),
        )
        .route("/dead", get(dead::show))
        .route("/api/report", get(figures::json))
}

/// A page with what every page shows. `problem` is why some of it cannot be read.
async fn page(admin: &Admin, template: &str, here: &str, problem: Option<String>, values: Value) -> Response {
    let depth = promptly(admin.store.depth()).await;
    let unreadable = problem.or_else(|| depth.as_ref().err().map(ToString::to_string));
    let dead = depth.map(|depth| depth.dead).unwrap_or_default();
    let link = |(name, href): (&'static str, &'static str)| Link {
        name,
        href,
        here: href == here,
        count: (href == "/dead" && dead > 0).then_some(dead),
    };
    let title = LINKS.iter().find(|(_, href)| *href == here).map_or("Decision", |(name, _)| name);
    let shared = context! {
        title,
        version => env!("CARGO_PKG_VERSION"),
        now => admin.clock.now().strftime("%Y-%m-%d %H:%M:%S").to_string(),
        links => Serde(LINKS.map(link)),
        not_ready => admin.readiness.reasons(),
        unreadable,
    };
    let rendered = html::environment(&TEMPLATES)
        .and_then(|pages| pages.get_template(template)?.render(merge_maps([values, shared])));
    match rendered {
        Ok(page) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response(),
        Err(error) => {
            error!(error = &error as &dyn std::error::Error, template, "a page cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
