//! Deliveries as a connector verified them, and ledger entries.
//!
//! Nothing but a connector makes a `VerifiedDelivery`, so these are really signed and really verified.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use deskbridge::domain::mode::Mode;
use deskbridge::domain::outcome::{Entry, Outcome};
use deskbridge_connectors::account::{AccountConfig, Credentials, Platform, WebhookConfig};
use deskbridge_connectors::signature::hmac_sha256;
use deskbridge_connectors::{AccountId, Delivery, Secret, Verified, VerifiedDelivery};
use http::{HeaderMap, HeaderValue};
use jiff::{SignedDuration, Timestamp};

/// A moment, in seconds after an arbitrary start.
pub(crate) fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
    start + SignedDuration::from_secs(seconds)
}

/// A delivery about a ticket (from 1: platforms say 0 for "none"), recognised by `key`.
pub(crate) fn delivery(account: &str, key: &str, ticket: u32) -> VerifiedDelivery {
    let body = format!(r#"{{"ticket_id":"{ticket}","event":"customer_replied"}}"#);
    verified(account, key, body)
}

/// A delivery whose body cannot be read.
pub(crate) fn unreadable(account: &str, key: &str) -> VerifiedDelivery {
    verified(account, key, r#"{"ticket_id":"#.to_owned())
}

/// A delivery with any signed body.
pub(crate) fn verified(account: &str, key: &str, body: String) -> VerifiedDelivery {
    let secret = Secret::new("a signing secret");
    let config = AccountConfig {
        id: AccountId::new(account).unwrap(),
        base_url: "https://acme.zendesk.com".to_owned(),
        webhook: WebhookConfig { secrets: vec![secret.clone()], ..WebhookConfig::default() },
        credentials: Some(Credentials::AccessToken(Secret::new("token"))),
        allow_public_replies: false,
        segment_field: None,
        api_version: None,
        app_id: None,
        admin_id: None,
    };
    let connector = Platform::Zendesk.open(&config).unwrap().connector;
    let signed_at = at(0).to_string();
    let tag = STANDARD.encode(hmac_sha256(&secret, &[signed_at.as_bytes(), body.as_bytes()]));
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-zendesk-webhook-signature", tag.as_str()),
        ("x-zendesk-webhook-signature-timestamp", &signed_at),
        ("x-zendesk-webhook-invocation-id", key),
    ] {
        headers.insert(name, HeaderValue::from_str(value).unwrap());
    }
    let delivery = Delivery { account: config.id, headers, body: body.into() };
    match connector.verify(&delivery, at(0)).unwrap() {
        Verified::Delivery(delivery) => delivery,
        Verified::Handshake => panic!("a delivery was expected"),
    }
}

/// A ledger entry of a delivery that no rule matched.
pub(crate) fn entry(account: &str, ticket: u32, delivery: &str, decided_at: Timestamp) -> Entry {
    Entry {
        account: account.to_owned(),
        platform: "zendesk".to_owned(),
        ticket: ticket.to_string(),
        requester: None,
        delivery: delivery.to_owned(),
        received_at: at(0),
        decided_at,
        mode: Mode::Shadow,
        language: serde_json::json!({"code": "en", "confidence": 0.98}),
        heads: serde_json::json!({"category": {"label": "billing", "confidence": 0.91}}),
        rules: Vec::new(),
        effects: Vec::new(),
        outcome: Outcome::NoRule,
        reason: None,
        digests: None,
        version: None,
        own_version: None,
        calls: Vec::new(),
        withheld: None,
        machine: None,
        challenger: None,
        awaiting: None,
        snapshot: None,
    }
}
