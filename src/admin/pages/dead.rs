//! `/dead`: deliveries that were set aside for a person, and the commands that bring them back.

use axum::extract::State;
use axum::response::Response;
use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use super::row::moment;
use super::{Admin, page, promptly};
use crate::store::DeadFilter;

/// Dead letters shown; there should be none.
const SHOWN: u32 = 500;

#[derive(Serialize)]
struct Letter {
    id: i64,
    account: String,
    ticket: Option<String>,
    received_at: String,
    died_at: String,
    attempts: u32,
    reason: String,
}

pub(super) async fn show(State(admin): State<Admin>) -> Response {
    let filter = DeadFilter { limit: Some(SHOWN), ..DeadFilter::default() };
    let (depth, dead) = tokio::join!(promptly(admin.store.depth()), promptly(admin.store.dead(&filter)));
    let problem = dead.as_ref().err().map(ToString::to_string);
    let dead = dead.unwrap_or_default();
    let letters = dead.iter().rev().map(|letter| Letter {
        id: letter.id,
        account: letter.account.clone(),
        ticket: letter.ticket.clone(),
        received_at: moment(letter.received_at),
        died_at: moment(letter.died_at),
        attempts: letter.attempts,
        reason: letter.reason.clone(),
    });
    let letters: Vec<_> = letters.collect();
    let all = depth.map_or(letters.len() as u64, |depth| depth.dead);
    let values = context! { all, letters => Serde(letters) };
    page(&admin, "dead.html", "/dead", problem, values).await
}
