//! The REST API: who may ask, what is answered, what is refused.
//!
//! One function dispatches over method and path, because every refusal of the platform has one shape and every
//! change is followed by the notifications it causes.

mod search;
mod show;
mod ticket;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use serde_json::{Value, json};

use super::hooks::Notification;
use super::state::{self, Workspace};
use super::{ACCESS_TOKEN, Shared};

/// Requests allowed in so many seconds: the app's 10 000 a minute, spread evenly.
/// <https://developers.intercom.com/docs/references/rest-api/errors/rate-limiting>
const PLAN: (u32, i64) = (1_667, 10);

const VERSIONS: [&str; 19] = [
    "1.0", "1.1", "1.2", "1.3", "1.4", "2.0", "2.5", "2.6", "2.7", "2.8", "2.9", "2.10", "2.11", "2.12",
    "2.13", "2.14", "2.15", "2.16", "Preview",
];

/// A status with the error's code and message.
struct Refused(u16, &'static str, String);

type Answered = Result<Value, Refused>;

fn refused(status: u16, code: &'static str, message: impl Into<String>) -> Refused {
    Refused(status, code, message.into())
}

/// The API's routes.
pub(super) fn router(shared: Shared) -> Router {
    Router::new().fallback(answer).with_state(shared)
}

/// Puts the rate headers on every answer, injected faults included.
pub(super) fn stamped(router: Router, shared: &Shared) -> Router {
    router.layer(from_fn_with_state(shared.clone(), stamp))
}

async fn stamp(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let ((window, used), (limit, seconds)) = {
        let workspace = shared.workspace();
        (workspace.window, workspace.plan.unwrap_or(PLAN))
    };
    let headers = answer.headers_mut();
    headers.insert("x-ratelimit-limit", HeaderValue::from(limit));
    headers.insert("x-ratelimit-remaining", HeaderValue::from(limit.saturating_sub(used)));
    headers.insert("x-ratelimit-reset", HeaderValue::from((window + 1) * seconds));
    answer
}

async fn answer(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut caused = Vec::new();
    let answered = {
        let mut workspace = shared.workspace();
        admitted(&mut workspace, &headers)
            .and_then(|version| dispatch(&mut workspace, version, &method, &uri, &body, &mut caused))
    };
    for notification in caused {
        let sender = shared.sender.clone();
        tokio::spawn(async move { notification.send(&sender).await });
    }
    match answered {
        Ok(json) => axum::Json(json).into_response(),
        Err(Refused(status, code, message)) => {
            let list = json!({
                "type": "error.list", "request_id": "stand-in", "errors": [{ "code": code, "message": message }],
            });
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, axum::Json(list)).into_response()
        }
    }
}

/// Counts the request, and lets it in with a token and a known version.
fn admitted<'a>(workspace: &mut Workspace, headers: &'a HeaderMap) -> Result<&'a str, Refused> {
    let (limit, seconds) = workspace.plan.unwrap_or(PLAN);
    let window = state::now_s() / seconds;
    if workspace.window.0 != window {
        workspace.window = (window, 0);
    }
    workspace.window.1 += 1;
    if workspace.window.1 > limit {
        return Err(refused(429, "rate_limit_exceeded", "Exceeded rate limit"));
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if header("authorization").and_then(|value| value.strip_prefix("Bearer ")) != Some(ACCESS_TOKEN) {
        return Err(refused(401, "unauthorized", "Access Token Invalid"));
    }
    let version = header("intercom-version").unwrap_or_default();
    // The platform falls back to the app's own version; a client that relies on that breaks when somebody turns it.
    if !VERSIONS.contains(&version) && version != "Unstable" {
        return Err(refused(400, "intercom_version_invalid", "The requested version could not be found"));
    }
    Ok(version)
}

fn dispatch(
    workspace: &mut Workspace,
    version: &str,
    method: &Method,
    uri: &Uri,
    body: &[u8],
    caused: &mut Vec<Notification>,
) -> Answered {
    let path: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
    let query = uri.query().unwrap_or_default();
    let plain = query.contains("display_as=plaintext");
    if *method == Method::GET {
        return match path.as_slice() {
            ["conversations", "attributes"] if show::since_2_16(version) => Ok(show::attributes()),
            ["conversations", id] => {
                let shown = workspace.show(id, version, plain).ok_or_else(not_found)?;
                workspace.looked(id);
                Ok(shown)
            }
            ["data_attributes"] if query.contains("model=conversation") && show::since_2_16(version) => {
                Err(refused(422, "parameter_invalid", "model=conversation is no longer supported"))
            }
            ["data_attributes"] if query.contains("model=conversation") => Ok(show::data_attributes()),
            ["contacts", id, "companies"] => workspace.companies(id).ok_or_else(not_found),
            ["contacts", id] => workspace.contact(id).ok_or_else(not_found),
            ["teams"] => Ok(show::teams()),
            ["admins"] => Ok(show::admins()),
            ["tags"] => Ok(workspace.all_tags()),
            ["me"] => Ok(show::me()),
            ["ticket_types"] => Ok(ticket::types()),
            ["tickets", id] => {
                let shown = workspace.show_ticket(id).ok_or_else(not_found)?;
                workspace.looked(id);
                Ok(shown)
            }
            _ => Err(not_found()),
        };
    }
    let body: Value =
        serde_json::from_slice(body).map_err(|_| refused(400, "parameter_invalid", "The body is no JSON"))?;
    match (method.as_str(), path.as_slice()) {
        ("POST", ["conversations", "search"]) => search::search(workspace, false, &body),
        ("POST", ["tickets", "search"]) => search::search(workspace, true, &body),
        ("POST", ["tags"]) => {
            let name = body["name"].as_str().filter(|name| !name.trim().is_empty());
            let name = name.ok_or_else(|| refused(400, "parameter_invalid", "invalid tag parameters"))?;
            let id = workspace.tag(name);
            Ok(show::tag(id, &workspace.tags[&id]))
        }
        ("PUT", ["tickets", id]) => ticket::update(workspace, id, &body),
        (verb, ["tickets", id, rest @ ..]) => {
            let number = workspace.conversation(id).filter(|kept| kept.ticket).ok_or_else(not_found)?.id;
            match (verb, rest) {
                ("POST", ["tags"]) => add_tag(workspace, number, &body, caused),
                ("DELETE", ["tags", tag]) => remove_tag(workspace, number, tag, &body),
                ("POST", ["reply"]) => {
                    reply(workspace, number, &body, caused)?;
                    workspace.show_ticket(id).ok_or_else(not_found)
                }
                _ => Err(not_found()),
            }
        }
        (verb, ["conversations", id, rest @ ..]) => {
            let id = workspace.conversation(id).ok_or_else(not_found)?.id;
            match (verb, rest) {
                ("PUT", []) => update(workspace, version, id, &body)?,
                ("POST", ["tags"]) => return add_tag(workspace, id, &body, caused),
                ("DELETE", ["tags", tag]) => return remove_tag(workspace, id, tag, &body),
                ("POST", ["parts"]) => manage(workspace, id, &body, caused)?,
                ("POST", ["reply"]) => reply(workspace, id, &body, caused)?,
                _ => return Err(not_found()),
            }
            workspace.show(&id.to_string(), version, plain).ok_or_else(not_found)
        }
        _ => Err(not_found()),
    }
}

fn not_found() -> Refused {
    refused(404, "not_found", "Resource Not Found")
}

/// A field that holds an id, as a number or as text.
fn id_in(body: &Value, key: &str) -> Option<u64> {
    body[key].as_u64().or_else(|| body[key].as_str()?.parse().ok())
}

/// The acting teammate, whom most changes must name.
fn actor(body: &Value) -> Result<u64, Refused> {
    let id =
        id_in(body, "admin_id").ok_or_else(|| refused(400, "parameter_not_found", "admin_id is required"))?;
    let known = state::admins().any(|(known, ..)| known == id);
    if known { Ok(id) } else { Err(refused(404, "admin_not_found", "Admin not found")) }
}

/// Custom attributes; all or none of them. A stable version ignores `priority` without a word, like every property
/// that its description does not have.
fn update(workspace: &mut Workspace, version: &str, id: u64, body: &Value) -> Result<(), Refused> {
    let attributes = body["custom_attributes"].as_object().cloned().unwrap_or_default();
    for (name, value) in &attributes {
        if workspace.rejected.contains(name) {
            return Err(refused(400, "parameter_invalid", format!("Attribute '{name}' cannot be set")));
        }
        let Some(options) = state::attribute(name) else {
            let message = format!("Conversation attribute '{name}' does not exist");
            return Err(refused(400, "parameter_invalid", message));
        };
        let fits = match (&options, value) {
            (_, Value::Null) => true,
            (None, value) => state::takes(name, value),
            (Some(options), Value::String(text)) => options.contains(text),
            _ => false,
        };
        if !fits {
            return Err(refused(
                400,
                "parameter_invalid",
                format!("Value is not valid for attribute '{name}'"),
            ));
        }
    }
    let priority = body["priority"].as_str().filter(|_| show::writes_priority(version));
    if let Some(word) = priority {
        actor(body)?;
        if !["none", "low", "medium", "high", "urgent"].contains(&word) {
            return Err(refused(400, "parameter_invalid", "priority is not valid"));
        }
    }
    let Some(conversation) = workspace.conversations.get_mut(&id) else { return Err(not_found()) };
    for (name, value) in attributes.iter().filter(|(_, value)| !value.is_null()) {
        conversation.attributes.insert(name.clone(), value.clone());
    }
    conversation.attributes.retain(|name, _| attributes.get(name) != Some(&Value::Null));
    if let Some(word) = priority {
        conversation.priority = Some(word.replace("medium", "normal")).filter(|word| word != "none");
    }
    if !attributes.is_empty() {
        let kind = "conversation_attribute_updated_by_admin";
        for (name, value) in attributes {
            let part = workspace.add_part(id, kind, None, state::operator(), false);
            workspace.tell(id, &part, state::attribute_details(&name, &value));
        }
    } else if priority.is_some() {
        workspace.add_part(id, "priority_changed", None, state::operator(), true);
    }
    Ok(())
}

fn add_tag(workspace: &mut Workspace, id: u64, body: &Value, caused: &mut Vec<Notification>) -> Answered {
    let admin = actor(body)?;
    let tag = id_in(body, "id").filter(|tag| workspace.tags.contains_key(tag));
    let tag = tag.ok_or_else(|| refused(404, "not_found", "Tag not found"))?;
    let Some(conversation) = workspace.conversations.get_mut(&id) else { return Err(not_found()) };
    if !conversation.tags.contains(&tag) {
        conversation.tags.push(tag);
        let part = workspace.add_part(id, "tag_added", None, state::admin(admin), true);
        caused.extend(workspace.notification("conversation_part.tag.created", id, part));
    }
    Ok(show::tag(tag, &workspace.tags[&tag]))
}

/// Takes one tag away; a tag that is not there is not found.
fn remove_tag(workspace: &mut Workspace, id: u64, tag: &str, body: &Value) -> Answered {
    actor(body)?;
    let there = |conversation: &&mut state::Conversation| {
        tag.parse().is_ok_and(|tag: u64| conversation.tags.contains(&tag))
    };
    let missing = || refused(404, "tag_not_found", "Tag not found");
    let conversation = workspace.conversations.get_mut(&id).filter(there).ok_or_else(missing)?;
    let tag: u64 = tag.parse().map_err(|_| missing())?;
    conversation.tags.retain(|known| *known != tag);
    conversation.touch();
    Ok(show::tag(tag, &workspace.tags[&tag]))
}

/// Assigns, closes or opens. Assigning a closed conversation opens it again.
fn manage(
    workspace: &mut Workspace,
    id: u64,
    body: &Value,
    caused: &mut Vec<Notification>,
) -> Result<(), Refused> {
    let admin = actor(body)?;
    let Some(conversation) = workspace.conversations.get_mut(&id) else { return Err(not_found()) };
    let (kind, topic) = match body["message_type"].as_str() {
        Some("assignment") => {
            let to = id_in(body, "assignee_id")
                .ok_or_else(|| refused(400, "parameter_not_found", "assignee_id is required"))?;
            let unknown = || refused(404, "assignee_not_found", "Assignee not found");
            match body["type"].as_str() {
                Some("team") if to == 0 || state::teams().any(|(id, _)| id == to) => {
                    conversation.team = Some(to).filter(|id| *id != 0);
                }
                Some("admin") if to == 0 || state::admins().any(|(id, ..)| id == to) => {
                    conversation.admin = Some(to).filter(|id| *id != 0);
                }
                Some("team" | "admin") => return Err(unknown()),
                _ => return Err(refused(400, "parameter_invalid", "type must be admin or team")),
            }
            let closed = conversation.state == "closed";
            conversation.state = "open";
            (if closed { "assign_and_reopen" } else { "assignment" }, "conversation.admin.assigned")
        }
        Some("close") => {
            conversation.state = "closed";
            ("close", "conversation.admin.closed")
        }
        Some("open") => {
            conversation.state = "open";
            ("open", "conversation.admin.opened")
        }
        _ => return Err(refused(400, "parameter_invalid", "message_type is not valid")),
    };
    let part = workspace.add_part(id, kind, body["body"].as_str(), state::admin(admin), true);
    if let Some(to) = id_in(body, "assignee_id").filter(|to| *to != 0) {
        workspace.tell(id, &part, json!({ "assigned_to": { "type": body["type"], "id": to } }));
    }
    caused.extend(workspace.notification(topic, id, part));
    Ok(())
}

/// A note or a comment. Posting it twice adds it twice: the platform has no idempotency key.
fn reply(
    workspace: &mut Workspace,
    id: u64,
    body: &Value,
    caused: &mut Vec<Notification>,
) -> Result<(), Refused> {
    let admin = actor(body)?;
    let (kind, topic) = match (body["type"].as_str(), body["message_type"].as_str()) {
        (Some("admin"), Some("note")) => ("note", "conversation.admin.noted"),
        (Some("admin"), Some("comment")) => ("comment", "conversation.admin.replied"),
        _ => return Err(refused(400, "parameter_invalid", "type or message_type is not valid")),
    };
    let text = body["body"].as_str().filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| refused(400, "parameter_not_found", "body is required"))?;
    let part = workspace.add_part(id, kind, Some(text), state::admin(admin), true);
    caused.extend(workspace.notification(topic, id, part));
    if kind == "comment" {
        caused.extend(workspace.answered(id));
    }
    Ok(())
}
