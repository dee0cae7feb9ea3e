//! `/dead`: deliveries that were set aside for a person, and the commands that bring them back.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;

use super::row::moment;
use super::{Admin, page, promptly};

/// Dead letters shown; there should be none.
const SHOWN: usize = 500;

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
    let dead = promptly(admin.store.dead()).await;
    let problem = dead.as_ref().err().map(ToString::to_string);
    let dead = dead.unwrap_or_default();
    let mut reasons = BTreeMap::<&str, usize>::new();
    for letter in &dead {
        *reasons.entry(&letter.reason).or_default() += 1;
    }
    let letters = dead.iter().rev().take(SHOWN).map(|letter| Letter {
        id: letter.id,
        account: letter.account.clone(),
        ticket: letter.ticket.clone(),
        received_at: moment(letter.received_at),
        died_at: moment(letter.died_at),
        attempts: letter.attempts,
        reason: letter.reason.clone(),
    });
    let letters: Vec<_> = letters.collect();
    let values = context! { all => dead.len(), reasons, letters => Serde(letters) };
    page(&admin, "dead.html", "/dead", problem, values).await
}
