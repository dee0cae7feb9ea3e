//! The webhooks the stand-in sends: the event envelope, its signature, and the retries.
//!
//! Subscribed to are new tickets and added comments, whoever adds them, so that a bridge meets its own echo.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use sha2::Sha256;

use super::store::{Kept, Said, stamp_of};
use super::{Inner, WEBHOOK_SECRET, agent, lock};
use crate::webhook::now_ms;

const ACCOUNT: u64 = 24_680_135;

pub(super) async fn created(desk: &Inner, kept: &Kept) {
    let body = envelope(desk, kept, "created", kept.requester, json!({})).to_string();
    let invocation = (8_350_205_582 + desk.number()).to_string();
    lock(&desk.store).born(kept.id, &body, &invocation);
    send(desk, kept.id, &body, &invocation).await;
}

/// A customer was told something: a mailbox that answers by itself opens a ticket.
pub(super) fn answered(desk: &Arc<Inner>, requester: u64) {
    let mut store = lock(&desk.store);
    let Some((mail, marked)) = store.email(requester).and_then(|email| desk.mailbox.answer_from(email))
    else {
        return;
    };
    let kept = store.open(mail);
    if marked {
        store.recover(kept.id);
    }
    drop(store);
    let desk = Arc::clone(desk);
    tokio::spawn(async move { created(&desk, &kept).await });
}

pub(super) async fn comment_added(desk: &Inner, kept: &Kept, said: &Said) -> u16 {
    let staff = agent(said.author);
    let event = json!({
        "comment": {
            "id": said.id.to_string(),
            "body": said.plain,
            "html_body": said.html,
            "is_public": said.public,
            "author": {
                "id": said.author.to_string(),
                "name": staff.map_or("A customer", |(name, _)| name),
                "is_staff": staff.is_some(),
            },
        },
        "meta": { "sequence": { "id": desk.number(), "position": 1 } },
    });
    let body = envelope(desk, kept, "comment_added", said.author, event).to_string();
    let invocation = (8_350_205_582 + desk.number()).to_string();
    send(desk, kept.id, &body, &invocation).await
}

/// A message in messaging: few details, and the words.
/// <https://developer.zendesk.com/api-reference/webhooks/event-types/messaging-events>
pub(super) async fn message_added(desk: &Inner, kept: &Kept, by: &str, text: &str) -> u16 {
    let number = desk.number();
    let body = json!({
        "type": "zen:event-type:messaging_ticket.message_added",
        "account_id": ACCOUNT,
        "id": event_id(desk),
        "time": nanos(),
        "zendesk_event_version": "2022-11-06",
        "subject": format!("zen:ticket:{}", kept.id),
        "detail": { "id": kept.id.to_string() },
        "event": {
            "actor": { "id": format!("{by}-{}", kept.requester), "name": "Somebody", "type": by },
            "conversation_id": format!("67ab{:020x}", kept.id),
            "message": { "id": format!("67ac{number:020x}"), "body": text },
        },
    })
    .to_string();
    let invocation = (8_350_205_582 + desk.number()).to_string();
    send(desk, kept.id, &body, &invocation).await
}

/// The creation webhook once more, signed with `secret`; 0 where there is none.
pub(super) async fn again(desk: &Inner, ticket: &str, secret: &str) -> u16 {
    let birth = lock(&desk.store).get(ticket).and_then(|kept| kept.birth.clone());
    match birth {
        Some((body, invocation)) => {
            let headers = headers(secret, &body, &invocation);
            desk.sender.post_once(headers, Bytes::from(body)).await
        }
        None => 0,
    }
}

/// Authentic, and like nothing in the vendor's manual.
pub(super) async fn malformed(desk: &Inner) -> u16 {
    let body = json!({
        "type": "zen:event-type:ticket.created",
        "account_id": ACCOUNT,
        "id": event_id(desk),
        "time": nanos(),
        "detail": { "id": { "unexpected": true } },
        "event": {},
    })
    .to_string();
    let headers = headers(WEBHOOK_SECRET, &body, &(8_350_205_582 + desk.number()).to_string());
    desk.sender.post_once(headers, Bytes::from(body)).await
}

/// A conflict, a full queue and silence are tried again; a plain 500 is not, which is the platform's own trap.
/// Stamp and invocation stay the same: it is one invocation with several attempts. A desk without a webhook is
/// silent.
async fn send(desk: &Inner, ticket: u64, body: &str, invocation: &str) -> u16 {
    if !desk.delivers.load(Ordering::Relaxed) {
        return 0;
    }
    let headers = headers(WEBHOOK_SECRET, body, invocation);
    let body = Bytes::from(body.to_owned());
    let again = |status| matches!(status, 0 | 409 | 429 | 503);
    desk.sender.send(&ticket.to_string(), |_| (headers.clone(), body.clone()), again).await
}

fn event_id(desk: &Inner) -> String {
    format!("01KSTANDIN{:016}", desk.number())
}

/// Events carry nanoseconds where the API carries seconds.
fn nanos() -> String {
    let now = jiff::Timestamp::from_millisecond(now_ms()).unwrap_or_default();
    format!("{now:.9}")
}

/// Ids are strings and words are upper-case here, unlike in the API.
fn envelope(desk: &Inner, kept: &Kept, what: &str, actor: u64, event: Value) -> Value {
    let upper = |word: &str| word.to_uppercase();
    let id = |id: Option<u64>| id.map(|id| id.to_string());
    json!({
        "type": format!("zen:event-type:ticket.{what}"),
        "account_id": ACCOUNT,
        "id": event_id(desk),
        "time": nanos(),
        "zendesk_event_version": "2022-11-06",
        "subject": format!("zen:ticket:{}", kept.id),
        "detail": {
            "id": kept.id.to_string(),
            "subject": kept.subject,
            "description": kept.said.first().map(|said| said.plain.clone()),
            "status": upper(kept.status),
            "priority": kept.priority.as_deref().map(upper),
            "type": null,
            "tags": if kept.tags.is_empty() { Value::Null } else { kept.tags.iter().cloned().collect() },
            "requester_id": kept.requester.to_string(),
            "submitter_id": kept.requester.to_string(),
            "assignee_id": id(kept.assignee),
            "group_id": id(kept.group),
            "organization_id": "0",
            "brand_id": "0",
            "form_id": null,
            "actor_id": actor.to_string(),
            "external_id": "",
            "is_public": true,
            "via": { "channel": "web_service" },
            "created_at": stamp_of(kept.created_s),
            "updated_at": stamp_of(kept.updated_s),
        },
        "event": event,
    })
}

fn headers(secret: &str, body: &str, invocation: &str) -> HeaderMap {
    let stamp = stamp_of(now_ms() / 1_000);
    let signature = sign(secret, &stamp, body);
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-type", "application/json"),
        ("user-agent", "Zendesk Webhook"),
        ("x-zendesk-account-id", &ACCOUNT.to_string()),
        ("x-zendesk-webhook-id", "01KSTANDINWEBHOOK000000001"),
        ("x-zendesk-webhook-invocation-id", invocation),
        ("x-zendesk-webhook-signature", &signature),
        ("x-zendesk-webhook-signature-timestamp", &stamp),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers
}

/// <https://developer.zendesk.com/documentation/webhooks/verifying/>: the key is the secret as text.
#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
pub(super) fn sign(secret: &str, stamp: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key length");
    mac.update(stamp.as_bytes());
    mac.update(body.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}
