//! Intercom without a socket: settings, notifications, and samples for the contract suite.

mod acting;
mod looking;
mod naming;
mod notifications;
mod settled;
mod telling;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::open;
use crate::account::{AccountConfig, AccountId, Credentials, Problem, WebhookConfig};
use crate::call::Answer;
use crate::connector::{Auth, Connector};
use crate::contract::{self, Sample};
use crate::directory::{Choice, Field, FieldKind};
use crate::secret::Secret;
use crate::signature;
use crate::ticket::{RemoteId, Status, Ticket, Version};

/// The client secret of the samples.
const SECRET: &str = "intercom_test_client_secret";

/// What the contract suite needs of this platform.
pub(crate) fn sample() -> Sample {
    let mut names = contract::names();
    let label = |text: &str| Choice { value: text.to_owned(), label: text.to_owned() };
    names.fields.push(Field {
        id: RemoteId("Priority".into()),
        name: "Priority".into(),
        kind: FieldKind::One(["Low", "Normal", "High", "Urgent"].map(label).into()),
    });
    // One answer for every request: the conversation, a made tag, and lists without entries.
    let fine = |_: &str, _: bool| {
        json!({
            "type": "conversation", "id": "35436", "updated_at": 1_795_168_800, "state": "open", "admin_assignee_id": 0,
            "source": { "type": "email", "author": { "type": "user", "id": "7", "email": "grace@example.com" } },
            "tags": { "tags": [{ "id": "70", "name": "vip" }] }, "data": [],
        })
    };
    Sample {
        config: AccountConfig { segment_field: Some("company.plan".into()), ..config() },
        sign: |body, _| sign(body),
        body: include_str!("fixtures/notification_conversation_created.json"),
        covers_body: true,
        // A throttled notification may come hours late; what is too late is tested beside this.
        covers_time: false,
        ticket: Ticket { version: Version("1795168800".into()), status: Status::New, ..contract::ticket() },
        names,
        answer_to: fine,
        paths: &["/conversations/35436"],
    }
}

/// Valid settings of one account.
fn config() -> AccountConfig {
    AccountConfig {
        id: AccountId::new("chat").unwrap(),
        base_url: "https://api.intercom.io".to_owned(),
        webhook: WebhookConfig { secrets: vec![Secret::new(SECRET)], ..WebhookConfig::default() },
        credentials: Some(Credentials::AccessToken(Secret::new("dG9rOg=="))),
        allow_public_replies: true,
        segment_field: None,
        api_version: None,
        app_id: Some("desk42".to_owned()),
        admin_id: Some("9608801".to_owned()),
    }
}

/// The headers of an authentic delivery of `body`.
fn sign(body: &[u8]) -> HeaderMap {
    sign_with(SECRET, body)
}

fn sign_with(secret: &str, body: &[u8]) -> HeaderMap {
    let tag = hex::encode(signature::hmac_sha1(&Secret::new(secret), &[body]));
    let mut headers = HeaderMap::new();
    headers.insert("x-hub-signature", HeaderValue::from_str(&format!("sha1={tag}")).unwrap());
    headers
}

/// The body of a creation notification.
fn creation_body() -> Vec<u8> {
    fixture("notification_conversation_created").into()
}

/// When every notification of the fixtures was first sent, in seconds since the epoch.
const SENT_AT_S: i64 = 1_795_168_821;

fn fixture(name: &str) -> &'static str {
    match name {
        "conversation" => include_str!("fixtures/conversation.json"),
        "conversation.expected" => include_str!("fixtures/conversation.expected.json"),
        "conversation_2_16" => include_str!("fixtures/conversation_2_16.json"),
        "notification_admin_noted" => include_str!("fixtures/notification_admin_noted.json"),
        "notification_conversation_created" => {
            include_str!("fixtures/notification_conversation_created.json")
        }
        "notification_ticket_created" => include_str!("fixtures/notification_ticket_created.json"),
        "ticket" => include_str!("fixtures/ticket.json"),
        "ticket.expected" => include_str!("fixtures/ticket.expected.json"),
        _ => panic!("no fixture {name}"),
    }
}

fn connector(version: &str) -> Arc<dyn Connector> {
    open(&AccountConfig { api_version: Some(version.to_owned()), ..config() }).unwrap().connector
}

fn answer(status: u16, body: impl Into<String>) -> Answer {
    Answer { status, headers: HeaderMap::new(), body: Bytes::from(body.into()) }
}

fn ok(body: &Value) -> Answer {
    answer(200, body.to_string())
}

fn keys(config: &AccountConfig) -> Vec<&'static str> {
    open(config).unwrap_err().into_iter().map(|problem: Problem| problem.key).collect()
}

#[test]
fn valid_settings_open_with_a_pinned_version_and_a_bearer_token() {
    let opened = open(&config()).unwrap();
    assert!(opened.warnings.is_empty());
    assert_eq!(opened.connector.headers(), [("Intercom-Version", "2.14".to_owned())]);
    assert!(matches!(opened.connector.auth(), Auth::Bearer(token) if token.expose() == "dG9rOg=="));
}

#[test]
fn everything_that_is_missing_is_said_at_once() {
    let webhook = WebhookConfig::default();
    let bare = AccountConfig { webhook, credentials: None, app_id: None, admin_id: None, ..config() };
    assert_eq!(keys(&bare), ["webhook.secrets", "app_id", "admin_id", "credentials.access_token"]);
}

#[test]
fn keys_of_other_platforms_are_problems() {
    let webhook = WebhookConfig {
        token_header: Some("X-Bridge-Token".into()),
        tokens: vec![Secret::new("t")],
        basic_auth: Some(("u".into(), Secret::new("p"))),
        ..config().webhook
    };
    let credentials = Some(Credentials::ApiKey(Secret::new("k")));
    let other = AccountConfig { webhook, credentials, ..config() };
    assert_eq!(
        keys(&other),
        ["webhook.token_header", "webhook.tokens", "webhook.basic_auth", "credentials.api_key"]
    );
}

#[test]
fn empty_secrets_unknown_versions_and_odd_teammates_are_problems() {
    let webhook = WebhookConfig { secrets: vec![Secret::new(" ")], ..WebhookConfig::default() };
    let odd = AccountConfig {
        webhook,
        api_version: Some("2.9".into()),
        admin_id: Some("ada".into()),
        credentials: Some(Credentials::AccessToken(Secret::new(""))),
        ..config()
    };
    assert_eq!(keys(&odd), ["webhook.secrets", "admin_id", "api_version", "credentials.access_token"]);
}

#[test]
fn unwise_settings_are_warned_about() {
    let unwise = AccountConfig {
        base_url: "https://intercom.example".into(),
        api_version: Some("Preview".into()),
        ..config()
    };
    let keys: Vec<_> = open(&unwise).unwrap().warnings.iter().map(|problem| problem.key).collect();
    assert_eq!(keys, ["base_url", "api_version"]);
}

#[test]
fn the_rate_window_ends_by_the_platforms_own_clock() {
    let mut limited = answer(429, "{}");
    for (name, value) in [
        ("x-ratelimit-limit", "1667"),
        ("x-ratelimit-remaining", "-3"),
        ("x-ratelimit-reset", "784111790"),
        ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ] {
        limited.headers.insert(name, HeaderValue::from_static(value));
    }
    let connector = connector("2.14");
    let pace = connector.pace(&limited).unwrap();
    assert_eq!((pace.limit, pace.remaining), (1667, 0));
    assert_eq!(pace.reset.map(|reset| reset.as_secs()), Some(13));
    let busy = connector.names(&[limited.clone()]);
    assert!(
        matches!(busy, crate::Next::Later(crate::Later::Busy { after: Some(after) }) if after.as_secs() == 13)
    );

    limited.headers.remove("date");
    assert_eq!(connector.pace(&limited).unwrap().reset, None);
    assert_eq!(connector.pace(&answer(200, "{}")), None);
}
