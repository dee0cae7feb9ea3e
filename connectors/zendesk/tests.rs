//! Golden deliveries, looks and updates in the vendor's shapes, written for these tests.

mod acting;
mod emptied;
mod messaging;
mod reading;
mod settled;
mod telling;
mod triggers;
mod verifying;

use std::sync::Arc;

use http::HeaderMap;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::account::{AccountConfig, AccountId, Credentials, WebhookConfig};
use crate::connector::Connector;
use crate::contract::{self, Sample};
use crate::secret::Secret;
use crate::signature::hmac_sha256;

const SECRET: &str = "bm90LWEtcmVhbC1zZWNyZXQ=";

pub(crate) fn config() -> AccountConfig {
    AccountConfig {
        id: AccountId::new("acme").unwrap(),
        base_url: "https://acme.zendesk.com".into(),
        webhook: WebhookConfig { secrets: vec![Secret::new(SECRET)], ..WebhookConfig::default() },
        credentials: Some(Credentials::OAuthClient {
            client_id: "deskbridge".into(),
            client_secret: Secret::new("client-secret-0123456789"),
        }),
        allow_public_replies: true,
        segment_field: None,
        api_version: None,
        app_id: None,
        admin_id: None,
    }
}

fn sign_with(secret: &str, body: &[u8], stamp: &str) -> HeaderMap {
    use base64::Engine;
    let tag = hmac_sha256(&Secret::new(secret), &[stamp.as_bytes(), body]);
    let tag = base64::engine::general_purpose::STANDARD.encode(tag);
    let mut headers = HeaderMap::new();
    headers.insert("x-zendesk-webhook-signature", tag.parse().unwrap());
    headers.insert("x-zendesk-webhook-signature-timestamp", stamp.parse().unwrap());
    headers
}

fn sign(body: &[u8], at: Timestamp) -> HeaderMap {
    sign_with(SECRET, body, &at.to_string())
}

/// What the contract suite needs of this platform.
pub(crate) fn sample() -> Sample {
    Sample {
        config: AccountConfig { segment_field: Some("company.plan".into()), ..config() },
        sign,
        body: include_str!("fixtures/ticket_created.json"),
        covers_body: true,
        covers_time: true,
        ticket: contract::ticket(),
        names: contract::names(),
        // One answer suits every request: each reads the part it asked for.
        answer_to: |_, more| {
            json!({
                "ticket": { "id": 35436, "updated_at": "2026-11-20T10:00:00Z", "status": "open", "organization_id": 77 },
                "organization": { "organization_fields": { "plan": "enterprise" } },
                "comments": [], "groups": [], "ticket_fields": [], "users": [], "user": { "id": 7 }, "triggers": [], "brands": [], "audits": [], "results": [],
                "meta": { "has_more": more, "after_cursor": "eyJvIjoi+/=" }, "links": {},
            })
        },
        paths: &["/api/v2/tickets/35436"],
    }
}

/// A body of a fixture, changed at one JSON pointer.
fn with(fixture: &str, pointer: &str, value: Value) -> Value {
    let mut body: Value = serde_json::from_str(fixture).unwrap();
    *body.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
    body
}

fn open() -> Arc<dyn Connector> {
    super::open(&config()).unwrap().connector
}
