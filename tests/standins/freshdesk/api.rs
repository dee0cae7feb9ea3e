//! The API under `/api/v2`, with the platform's refusals: 401, 404, 429, and 400 that names each field.
//!
//! Every request is charged to the budget first, refused ones as well, and each answer says what is left. It knows
//! no conditional write, because the platform has none.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, body::Bytes};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use super::state::{self, Stored, TYPES, Words, agent_exists, group_exists};
use super::{API_KEY, Shared, fields, people};
use crate::seed;

type Desk = State<Arc<Shared>>;
type Asked = Query<HashMap<String, String>>;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/api/v2/tickets/{id}", get(ticket).put(update))
        .route("/api/v2/tickets", get(changed))
        .route("/api/v2/tickets/{id}/conversations", get(thread))
        .route("/api/v2/tickets/{id}/notes", post(note))
        .route("/api/v2/groups", get(async |asked: Asked| Json(page(state::groups(), &asked))))
        .route("/api/v2/agents", get(async |asked: Asked| Json(page(state::agents(), &asked))))
        .route("/api/v2/agents/me", get(async || Json(state::agents().swap_remove(0))))
        .route("/api/v2/ticket_fields", get(async || Json(fields::all())))
        .route("/api/v2/tickets/{id}/reply", post(reply))
        .route("/api/v2/products", get(async |asked: Asked| Json(page(state::products(), &asked))))
        .route("/api/v2/automations/4/rules", get(automations))
        .route("/api/v2/contacts/{id}", get(people::contact))
        .route("/api/v2/companies/{id}", get(people::company))
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(from_fn_with_state(shared.clone(), gate))
        .with_state(shared)
}

/// Charges the budget, then asks for the key.
async fn gate(State(shared): Desk, request: Request, next: Next) -> Response {
    // Each embedded object costs two more. https://developers.freshdesk.com/api/#embedding
    let embedded =
        request.uri().query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("include="));
    let credits =
        1 + 2 * embedded.map_or(0, |list| list.split("%2C").flat_map(|part| part.split(',')).count() as u32);
    let (taken, limit) = {
        let mut state = shared.state();
        (state.budget.take(credits), state.budget.limit)
    };
    let mut answer = match taken {
        Err(wait) => {
            let message = json!({ "message": "You have exceeded the limit of requests per minute" });
            let mut answer = (StatusCode::TOO_MANY_REQUESTS, Json(message)).into_response();
            let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            answer
        }
        Ok(_) if !has_key(request.headers()) => {
            let message = "You have to be logged in to perform this action.";
            (StatusCode::UNAUTHORIZED, Json(json!({ "code": "invalid_credentials", "message": message })))
                .into_response()
        }
        Ok(_) => next.run(request).await,
    };
    let headers = answer.headers_mut();
    headers.insert("x-ratelimit-total", HeaderValue::from(limit));
    headers.insert("x-ratelimit-remaining", HeaderValue::from(taken.unwrap_or(0)));
    headers.insert("x-ratelimit-used-currentrequest", HeaderValue::from(credits));
    answer
}

/// The key is the user name; the password may be anything.
fn has_key(headers: &HeaderMap) -> bool {
    let pair = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
        .and_then(|encoded| STANDARD.decode(encoded).ok());
    pair.is_some_and(|pair| pair.split(|byte| *byte == b':').next() == Some(API_KEY.as_bytes()))
}

async fn ticket(State(shared): Desk, Path(id): Path<String>, asked: Asked) -> Response {
    let mut state = shared.state();
    let Some((number, ticket)) = find(&state, &id) else { return StatusCode::NOT_FOUND.into_response() };
    let mut body = ticket.json(number);
    if asked.get("include").is_some_and(|list| list.split(',').any(|word| word == "requester")) {
        body["requester"] = ticket.requester_json();
    }
    if asked.get("include").is_some_and(|list| list.split(',').any(|word| word == "stats")) {
        body["stats"] = ticket.stats();
    }
    let changed = state.after_read(&id);
    drop(state);
    changed.into_iter().for_each(|id| shared.clone().updated(id));
    Json(body).into_response()
}

/// Changed since a moment, oldest change first. <https://developers.freshdesk.com/api/#list_all_tickets>
async fn changed(State(shared): Desk, asked: Asked) -> Response {
    let since = asked.get("updated_since").and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let (Some(since), Some("asc")) = (since, asked.get("order_type").map(String::as_str)) else {
        return refused("invalid_value", "this stand-in lists by updated_since, in ascending order");
    };
    if asked.get("page").and_then(|page| page.parse::<usize>().ok()).is_some_and(|page| page > 300) {
        return refused("invalid_value", "You cannot access tickets beyond the 300th page.");
    }
    let state = shared.state();
    let mut found: Vec<_> = state
        .tickets
        .iter()
        .filter(|(_, ticket)| !ticket.spam && ticket.updated >= since.as_second())
        .collect();
    found.sort_by_key(|(id, ticket)| (ticket.updated, **id));
    let rows = found.into_iter().map(|(id, ticket)| ticket.json(*id)).collect();
    Json(page(rows, &asked)).into_response()
}

async fn automations(State(shared): Desk) -> Json<Vec<Value>> {
    Json(shared.state().automations.iter().map(state::automation).collect())
}

async fn thread(State(shared): Desk, Path(id): Path<String>, asked: Asked) -> Response {
    let state = shared.state();
    let Some((number, ticket)) = find(&state, &id) else { return StatusCode::NOT_FOUND.into_response() };
    Json(page(ticket.thread.iter().map(|part| part.json(number)).collect(), &asked)).into_response()
}

/// <https://developers.freshdesk.com/api/#update_ticket>
async fn update(State(shared): Desk, Path(id): Path<String>, body: Bytes) -> Response {
    let mut state = shared.state();
    let Some((_, ticket)) = find(&state, &id) else { return StatusCode::NOT_FOUND.into_response() };
    let now = ticket.fields.clone();
    let asked = match object(&body) {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    let errors = objections(&asked, &now);
    if !errors.is_empty() {
        return invalid(errors);
    }
    let changed = state.change(&id, |ticket| apply(ticket, &asked));
    let answer = find(&state, &id).map(|(number, ticket)| ticket.json(number));
    // After the answer was made: whoever wrote sees it at the next look.
    if let (Some((_, group)), true) = (state.automations.last().cloned(), changed.is_some()) {
        state.change(&id, |ticket| ticket.group = Some(group));
    }
    drop(state);
    if let Some(number) = changed {
        shared.clone().updated(number);
    }
    Json(answer).into_response()
}

/// <https://developers.freshdesk.com/api/#add_note_to_a_ticket>
async fn note(State(shared): Desk, Path(id): Path<String>, body: Bytes) -> Response {
    let mut state = shared.state();
    let Some((number, _)) = find(&state, &id) else { return StatusCode::NOT_FOUND.into_response() };
    let asked = match object(&body) {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    let mut errors: Vec<Value> = asked
        .iter()
        .filter_map(|(key, value)| match key.as_str() {
            "body" if value.is_string() => None,
            "private" | "incoming" if value.is_boolean() => None,
            "notify_emails" => notify_problem(value),
            "body" | "private" | "incoming" => Some(error(key, "datatype_mismatch", "Wrong type")),
            _ => Some(error(key, "invalid_field", "Unexpected/invalid field in request")),
        })
        .collect();
    if !asked.contains_key("body") {
        errors.push(error("body", "missing_field", "It should be a/an String"));
    }
    if !errors.is_empty() {
        return invalid(errors);
    }
    let text = asked["body"].as_str().unwrap_or_default().to_owned();
    // A note is private unless it says otherwise.
    let private = asked.get("private").and_then(Value::as_bool).unwrap_or(true);
    let notified = emails(asked.get("notify_emails"));
    let words = Words { body: text, incoming: false, private, notified };
    let written = state.write(&id, state::own_agent(), words).map(|part| part.json(number));
    drop(state);
    shared.clone().updated(number);
    (StatusCode::CREATED, Json(written)).into_response()
}

/// Mails the customer. <https://developers.freshdesk.com/api/#reply_ticket>
async fn reply(State(shared): Desk, Path(id): Path<String>, body: Bytes) -> Response {
    let mut state = shared.state();
    let Some((number, _)) = find(&state, &id) else { return StatusCode::NOT_FOUND.into_response() };
    let asked = match object(&body) {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    let mut errors: Vec<Value> = asked
        .keys()
        .filter(|key| !["body", "from_email", "user_id", "cc_emails", "bcc_emails"].contains(&key.as_str()))
        .map(|key| error(key, "invalid_field", "Unexpected/invalid field in request"))
        .collect();
    let text = asked.get("body").and_then(Value::as_str).unwrap_or_default().to_owned();
    if text.is_empty() {
        errors.push(error("body", "missing_field", "It should be a/an String"));
    }
    if !errors.is_empty() {
        return invalid(errors);
    }
    let notified = emails(asked.get("cc_emails"));
    let words = Words { body: text, incoming: false, private: false, notified };
    let written = state.write(&id, state::own_agent(), words).map(|part| part.json(number));
    drop(state);
    shared.clone().answered(number);
    shared.clone().updated(number);
    (StatusCode::CREATED, Json(written)).into_response()
}

/// Only people of the desk are notified of a note.
fn notify_problem(value: &Value) -> Option<Value> {
    let known = |email: &Value| email.as_str().and_then(seed::agent).is_some();
    match value.as_array() {
        None => Some(error("notify_emails", "datatype_mismatch", "It should be a/an Array")),
        Some(all) if !all.iter().all(known) => {
            Some(error("notify_emails", "invalid_value", "There is no agent matching the given email"))
        }
        Some(_) => None,
    }
}

fn emails(value: Option<&Value>) -> Vec<String> {
    let all = value.and_then(Value::as_array).into_iter().flatten();
    all.filter_map(|email| Some(email.as_str()?.to_owned())).collect()
}

fn find<'a>(state: &'a state::State, id: &str) -> Option<(u64, &'a Stored)> {
    let number = id.parse().ok()?;
    state.tickets.get(&number).map(|ticket| (number, ticket))
}

fn page(all: Vec<Value>, asked: &HashMap<String, String>) -> Vec<Value> {
    let number =
        |key: &str, otherwise: usize| asked.get(key).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let size = number("per_page", 30).clamp(1, 100);
    all.into_iter().skip((number("page", 1).max(1) - 1) * size).take(size).collect()
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Box<Response>> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) if !map.is_empty() => Ok(map),
        Ok(_) => Err(Box::new(refused("missing_params", "There is nothing to change in the request"))),
        Err(_) => Err(Box::new(refused("invalid_json", "Request body has invalid json format"))),
    }
}

fn refused(code: &str, message: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "code": code, "message": message }))).into_response()
}

fn invalid(errors: Vec<Value>) -> Response {
    let body = json!({ "description": "Validation failed", "errors": errors });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

fn error(field: &str, code: &str, message: &str) -> Value {
    json!({ "field": field, "message": message, "code": code })
}

/// What is wrong with an update, field by field.
fn objections(asked: &Map<String, Value>, now: &std::collections::BTreeMap<String, Value>) -> Vec<Value> {
    let wrong_value = |field: &str, fits: bool| {
        (!fits).then(|| error(field, "invalid_value", "It should be one of the known values"))
    };
    let mut errors = Vec::new();
    for (key, value) in asked {
        let number = value.as_u64();
        let problem = match key.as_str() {
            "priority" => wrong_value(key, number.is_some_and(|code| (1..=4).contains(&code))),
            "status" => wrong_value(key, number.is_some_and(|code| (2..=5).contains(&code))),
            "group_id" => wrong_value(key, value.is_null() || number.is_some_and(group_exists)),
            "responder_id" => wrong_value(key, value.is_null() || number.is_some_and(agent_exists)),
            "type" => {
                wrong_value(key, value.is_null() || value.as_str().is_some_and(|word| TYPES.contains(&word)))
            }
            "tags" => tags_problem(value),
            "custom_fields" => {
                match value.as_object() {
                    Some(asked) => errors.extend(
                        fields::problems(asked, now)
                            .into_iter()
                            .map(|(key, code)| error(key, code, "It should be one of the known values")),
                    ),
                    None => errors.push(error(key, "datatype_mismatch", "It should be a/an key/value pair")),
                }
                None
            }
            _ => Some(error(key, "invalid_field", "Unexpected/invalid field in request")),
        };
        errors.extend(problem);
    }
    errors
}

fn tags_problem(value: &Value) -> Option<Value> {
    let Some(tags) = value.as_array() else {
        return Some(error("tags", "datatype_mismatch", "It should be a/an Array"));
    };
    tags.iter().find_map(|tag| match tag.as_str() {
        None => Some(error("tags", "datatype_mismatch", "It should contain elements of type String only")),
        Some(tag) if tag.contains(',') => Some(error("tags", "invalid_value", "It should not contain ,")),
        Some(tag) if tag.chars().count() > 32 => {
            Some(error("tags", "invalid_value", "It should be 32 characters at most"))
        }
        Some(_) => None,
    })
}

/// Scalars are set one by one; the list of tags is replaced whole.
fn apply(ticket: &mut Stored, asked: &Map<String, Value>) {
    for (key, value) in asked {
        match key.as_str() {
            "priority" => ticket.priority = value.as_u64().unwrap_or(ticket.priority),
            "status" => ticket.status = value.as_u64().unwrap_or(ticket.status),
            "group_id" => ticket.group = value.as_u64(),
            "responder_id" => ticket.responder = value.as_u64(),
            "type" => ticket.kind = value.as_str().map(str::to_owned),
            "tags" => {
                ticket.tags.clear();
                for tag in value.as_array().into_iter().flatten().filter_map(Value::as_str) {
                    if !ticket.tags.iter().any(|known| known == tag) {
                        ticket.tags.push(tag.to_owned());
                    }
                }
            }
            "custom_fields" => {
                ticket
                    .fields
                    .extend(value.as_object().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
            }
            _ => {}
        }
    }
}
