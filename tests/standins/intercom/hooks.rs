//! Notifications: the envelope, its signature, and what goes wrong with them.
//!
//! <https://developers.intercom.com/docs/webhooks/webhook-notifications>

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::state::now_s;
use super::{APP_ID, CLIENT_SECRET};
use crate::webhook::WebhookSender;

/// One notification, before it is counted and signed.
#[derive(Clone, Debug)]
pub(super) struct Notification {
    ticket: String,
    envelope: Value,
}

impl Notification {
    /// The same topic, conversation and moment make the same id, so that a repeat can be recognised.
    pub(super) fn new(topic: &str, conversation: u64, at_s: i64, item: Value) -> Self {
        let part = item.pointer("/conversation_parts/conversation_parts/0/id").and_then(Value::as_str);
        let seed = format!("{topic}/{conversation}/{at_s}/{}", part.unwrap_or_default());
        let hex = hex::encode(Sha256::digest(seed.as_bytes()));
        let id =
            format!("notif_{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32]);
        let mut envelope = envelope(topic, item, at_s);
        envelope["id"] = id.into();
        envelope["delivery_status"] = "pending".into();
        Self { ticket: conversation.to_string(), envelope }
    }

    /// The body of one attempt, counted from 1: the count stands inside what is signed.
    pub(super) fn body(&self, attempt: u32) -> Bytes {
        let mut envelope = self.envelope.clone();
        envelope["delivery_attempts"] = attempt.into();
        Bytes::from(envelope.to_string())
    }

    /// Posts it, with the platform's retries; 410 ends a subscription, so it is not repeated.
    pub(super) async fn send(&self, sender: &WebhookSender) -> u16 {
        let sign = |attempt| {
            let body = self.body(attempt);
            (signed(&body), body)
        };
        sender.send(&self.ticket, sign, |status| !(200..300).contains(&status) && status != 410).await
    }
}

/// The test notification of the developer hub: it has no id.
pub(super) fn ping() -> Bytes {
    let item = json!({ "type": "ping", "message": "webhook ping" });
    Bytes::from(envelope("ping", item, now_s()).to_string())
}

/// Authentic, but no notification: its item has no identifier that anybody could read.
pub(super) fn malformed() -> Bytes {
    let item = json!({ "type": "conversation", "id": { "value": [] } });
    let mut envelope = envelope("conversation.user.created", item, now_s());
    envelope["id"] = format!("notif_malformed-{}", crate::webhook::now_ms()).into();
    Bytes::from(envelope.to_string())
}

fn envelope(topic: &str, item: Value, at_s: i64) -> Value {
    json!({
        "type": "notification_event", "app_id": APP_ID,
        "data": { "type": "notification_event_data", "item": item },
        "links": {}, "id": null, "topic": topic, "delivery_status": null, "delivery_attempts": 1,
        "delivered_at": 0, "first_sent_at": at_s, "created_at": at_s, "self": null,
    })
}

/// The headers of an authentic notification.
pub(super) fn signed(body: &[u8]) -> HeaderMap {
    headers(body, CLIENT_SECRET)
}

/// The headers of somebody who does not know the secret.
pub(super) fn forged(body: &[u8]) -> HeaderMap {
    headers(body, "not the client secret")
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length, and hex is visible ASCII")]
fn headers(body: &[u8], secret: &str) -> HeaderMap {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("any key length");
    mac.update(body);
    let signature = format!("sha1={}", hex::encode(mac.finalize().into_bytes()));
    let mut headers = HeaderMap::new();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(http::header::USER_AGENT, HeaderValue::from_static("intercom-parrot-service-client/1.0"));
    headers.insert("x-hub-signature", HeaderValue::from_str(&signature).expect("visible ASCII"));
    headers
}
