//! The HTTP side of the stand-in: tokens, who may do what, rate headers, and the JSON of each resource.

mod list;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use super::store::{Kept, Refused, Said, Store, not_found, stamp_of};
use super::{
    API_TOKEN, CATEGORY, CLIENT_ID, CLIENT_SECRET, GIFT, ITEMS, Inner, ORDER_NUMBER, SHIP_BY, TOPICS, Token,
    UPDATES_A_MINUTE, agent_id, brand_id, hooks, lock, organization_id,
};
use crate::seed;
use crate::webhook::now_ms;

type Desk = State<Arc<Inner>>;
type Parameters = Query<Vec<(String, String)>>;

pub(super) fn router(desk: Arc<Inner>) -> Router {
    let guarded = Router::new()
        .route("/api/v2/tickets/{id}", get(show).put(update))
        .route("/api/v2/tickets/{id}/{part}", get(comments))
        .route("/api/v2/users/{id}", get(person))
        .route("/api/v2/organizations/{id}", get(organization))
        .route("/api/v2/search/export", get(list::export))
        .route("/api/v2/{list}", get(list::list))
        .layer(from_fn_with_state(Arc::clone(&desk), guard));
    Router::new().route("/oauth/tokens", post(token)).merge(guarded).with_state(desk)
}

fn answer(status: u16, body: Value) -> Response {
    (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), Json(body)).into_response()
}

fn refuse((status, body): Refused) -> Response {
    answer(status, body)
}

/// The client-credentials grant.
async fn token(State(desk): Desk, body: Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let said = |key: &str| asked.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    if said("grant_type") != "client_credentials" {
        return answer(400, json!({ "error": "unsupported_grant_type" }));
    }
    if said("client_id") != CLIENT_ID || said("client_secret") != CLIENT_SECRET {
        return answer(401, json!({ "error": "invalid_client" }));
    }
    let scope = said("scope");
    if scope.is_empty() {
        return answer(400, json!({ "error": "invalid_scope" }));
    }
    let seconds = desk.token_seconds.load(Ordering::Relaxed);
    let text = format!("standin-access-token-{:08}", desk.number());
    let token = Token { ends_ms: now_ms() + seconds * 1_000, scope: scope.clone() };
    lock(&desk.tokens).insert(text.clone(), token);
    answer(
        200,
        json!({ "access_token": text, "token_type": "bearer", "scope": scope, "expires_in": seconds }),
    )
}

/// Credentials first, then the rate, then the scope.
async fn guard(State(desk): Desk, request: Request, next: Next) -> Response {
    let Some(scope) = scope_of(&desk, request.headers()) else {
        return answer(401, json!({ "error": "Couldn't authenticate you" }));
    };
    let (limit, used, reset_s) = lock(&desk.window).count();
    let mut response = if used > limit {
        busy(reset_s)
    } else if !allows(&scope, request.method(), request.uri().path()) {
        answer(403, json!({ "error": "Forbidden", "description": "missing scope" }))
    } else {
        next.run(request).await
    };
    let remaining = limit.saturating_sub(used);
    for (name, value) in [
        ("x-rate-limit", i64::from(limit)),
        ("x-rate-limit-remaining", i64::from(remaining)),
        ("ratelimit-limit", i64::from(limit)),
        ("ratelimit-remaining", i64::from(remaining)),
        ("ratelimit-reset", reset_s),
    ] {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
    response
}

fn scope_of(desk: &Inner, headers: &HeaderMap) -> Option<String> {
    let sent = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    if let Some(token) = sent.strip_prefix("Bearer ") {
        let tokens = lock(&desk.tokens);
        return tokens.get(token).filter(|token| token.ends_ms > now_ms()).map(|token| token.scope.clone());
    }
    let basic = STANDARD.decode(sent.strip_prefix("Basic ")?).ok()?;
    let wanted = format!("{}/token:{API_TOKEN}", seed::AGENTS[0].1);
    (basic == wanted.as_bytes()).then(|| "read write".to_owned())
}

fn allows(scope: &str, method: &Method, path: &str) -> bool {
    let needed = if method == Method::GET { "read" } else { "write" };
    let resource = path.trim_start_matches("/api/v2/").split(['/', '.']).next().unwrap_or_default();
    scope.split_whitespace().any(|word| word == needed || word == format!("{resource}:{needed}"))
}

fn number_of(segment: &str) -> &str {
    segment.strip_suffix(".json").unwrap_or(segment)
}

async fn show(State(desk): Desk, Path(id): Path<String>, Query(asked): Parameters) -> Response {
    let id = number_of(&id);
    let mut store = lock(&desk.store);
    let Some(kept) = store.get(id) else { return refuse(not_found()) };
    let mut body = json!({ "ticket": ticket(&store, kept) });
    if includes_users(&asked) {
        let people = [Some(kept.requester), kept.assignee];
        let followers = kept.followers.iter().chain(&kept.copied).copied();
        body["users"] = people.into_iter().flatten().chain(followers).map(|id| user(&store, id)).collect();
    }
    if includes(&asked, "organizations") {
        body["organizations"] =
            organization_of(&store, kept.requester).map(organization_json).into_iter().collect();
    }
    store.looked_at(id);
    answer(200, body)
}

async fn update(State(desk): Desk, Path(id): Path<String>, body: Bytes) -> Response {
    let Ok(body) = serde_json::from_slice(&body) else {
        return answer(400, json!({ "error": "Unprocessable", "description": "no JSON" }));
    };
    let (limit, used, reset_s) = lock(&desk.updates).count();
    if used > limit {
        return busy(reset_s);
    }
    let updated = lock(&desk.store).update(number_of(&id), &body);
    let mut answer = match updated {
        Err(refused) => refuse(refused),
        Ok((kept, said)) => {
            let mut events =
                vec![json!({ "id": desk.number(), "type": "Change", "field_name": "updated_at" })];
            if let Some(said) = &said {
                events.push(json!({ "id": said.id, "type": "Comment", "public": said.public, "html_body": said.html }));
            }
            let shown = json!({ "ticket": ticket(&lock(&desk.store), &kept), "audit": { "ticket_id": kept.id, "events": events } });
            if said.as_ref().is_some_and(|said| said.public) {
                hooks::answered(&desk, kept.requester);
            }
            if let Some(said) = said {
                // The event comes on its own time, often before its cause has read the answer.
                let desk = Arc::clone(&desk);
                tokio::spawn(async move { hooks::comment_added(&desk, &kept, &said).await });
            }
            answer(200, shown)
        }
    };
    // The usual limit is told by nothing but a refusal.
    if limit != UPDATES_A_MINUTE {
        let told = format!("total={limit}; remaining={}; resets={reset_s}", limit.saturating_sub(used));
        answer.headers_mut().extend(HeaderValue::from_str(&told).map(|told| (UPDATES, told)));
    }
    answer
}

/// The header of an endpoint that has a limit of its own.
const UPDATES: HeaderName = HeaderName::from_static("zendesk-ratelimit-tickets-update");

fn busy(reset_s: i64) -> Response {
    let mut busy = answer(429, json!({ "error": "APIRateLimitExceeded" }));
    busy.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(reset_s));
    busy
}

async fn comments(
    State(desk): Desk,
    Path((id, part)): Path<(String, String)>,
    Query(asked): Parameters,
) -> Response {
    let store = lock(&desk.store);
    let kept = match store.get(&id) {
        Some(kept) if number_of(&part) == "comments" => kept,
        Some(kept) if number_of(&part) == "audits" => {
            let path = format!("/api/v2/tickets/{id}/audits.json");
            return answer(200, list::page("audits", kept.audits.clone(), &asked, &desk, &path));
        }
        _ => return refuse(not_found()),
    };
    let mut said: Vec<&Said> = kept.said.iter().collect();
    if asked.iter().any(|(key, value)| key == "sort" && value == "-created_at") {
        said.reverse();
    }
    let all = said.iter().map(|said| comment(said, kept)).collect();
    let path = format!("/api/v2/tickets/{id}/comments.json");
    let mut body = list::page("comments", all, &asked, &desk, &path);
    if includes_users(&asked) {
        let mut authors: Vec<_> = said.iter().map(|said| said.author).collect();
        authors.sort_unstable();
        authors.dedup();
        body["users"] = authors.into_iter().map(|id| user(&store, id)).collect();
    }
    answer(200, body)
}

async fn person(State(desk): Desk, Path(id): Path<String>) -> Response {
    let id = match number_of(&id) {
        "me" => Some(agent_id(0)),
        other => other.parse().ok(),
    };
    let store = lock(&desk.store);
    match id.filter(|id| store.email(*id).is_some()) {
        Some(id) => answer(200, json!({ "user": user(&store, id) })),
        None => refuse(not_found()),
    }
}

async fn organization(Path(id): Path<String>) -> Response {
    let wanted = number_of(&id).parse::<u64>().ok();
    match (0..seed::COMPANIES.len()).find(|index| Some(organization_id(*index)) == wanted) {
        Some(index) => answer(200, json!({ "organization": organization_json(index) })),
        None => refuse(not_found()),
    }
}

/// Which company a person belongs to.
fn organization_of(store: &Store, person: u64) -> Option<usize> {
    store.email(person).and_then(seed::company)
}

fn organization_json(index: usize) -> Value {
    let (name, domain, plan) = seed::COMPANIES[index];
    json!({
        "id": organization_id(index), "name": name, "domain_names": [domain], "tags": [],
        "organization_fields": { "plan": plan },
    })
}

fn includes_users(asked: &[(String, String)]) -> bool {
    includes(asked, "users")
}

fn includes(asked: &[(String, String)], what: &str) -> bool {
    asked.iter().any(|(key, value)| key == "include" && value.split(',').any(|word| word == what))
}

fn ticket(store: &Store, kept: &Kept) -> Value {
    json!({
        "id": kept.id,
        "subject": kept.subject,
        "raw_subject": kept.subject,
        "description": kept.said.first().map(|said| said.plain.clone()),
        "status": kept.status,
        "priority": kept.priority,
        "type": null,
        "tags": kept.tags,
        "requester_id": kept.requester,
        "submitter_id": kept.requester,
        "assignee_id": kept.assignee,
        "group_id": kept.group,
        "organization_id": organization_of(store, kept.requester).map(organization_id),
        "follower_ids": kept.followers,
        "email_cc_ids": kept.copied,
        "collaborator_ids": kept.followers.iter().chain(&kept.copied).collect::<Vec<_>>(),
        "brand_id": brand_id(0),
        "custom_fields": [
            { "id": CATEGORY, "value": kept.category },
            { "id": ORDER_NUMBER, "value": kept.order_number },
            { "id": TOPICS, "value": kept.more.get(&TOPICS).cloned().unwrap_or_else(|| json!([])) },
            { "id": GIFT, "value": kept.more.get(&GIFT) },
            { "id": ITEMS, "value": kept.more.get(&ITEMS) },
            { "id": SHIP_BY, "value": kept.more.get(&SHIP_BY) },
        ],
        "via": {
            "channel": kept.channel,
            "source": { "from": { "address": store.email(kept.requester) }, "to": {}, "rel": null },
        },
        "created_at": stamp_of(kept.created_s),
        "updated_at": stamp_of(kept.updated_s),
    })
}

fn comment(said: &Said, kept: &Kept) -> Value {
    let first = kept.said.first().is_some_and(|first| first.id == said.id);
    json!({
        "id": said.id,
        "type": "Comment",
        "author_id": said.author,
        "public": said.public,
        "body": said.plain,
        "html_body": said.html,
        "plain_body": said.plain,
        "metadata": { "system": {}, "suspension_type_id": kept.suspended.filter(|_| first) },
        "created_at": stamp_of(said.at_s),
    })
}

fn user(store: &Store, id: u64) -> Value {
    match super::agent(id) {
        Some((name, email)) => {
            json!({ "id": id, "name": name, "email": email, "role": "agent", "active": true, "suspended": false })
        }
        None => {
            let plan = organization_of(store, id).map(|index| seed::COMPANIES[index].2);
            json!({
                "id": id, "name": "A customer", "email": store.email(id), "role": "end-user", "active": true,
                "organization_id": organization_of(store, id).map(organization_id),
                "user_fields": { "plan": plan },
            })
        }
    }
}
