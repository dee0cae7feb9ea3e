//! The door and the settings of a Freshdesk account, and what the contract suite needs of it.

mod act;
mod diagnosing;
mod guarded;
mod look;
mod settled;
mod telling;
mod triggers;

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::account::{AccountConfig, AccountId, Credentials, Platform, WebhookConfig};
use crate::call::{Answer, Next, Read};
use crate::connector::{Auth, Connector};
use crate::contract::{self, Sample};
use crate::delivery::{Content, Delivery, NoticeKind, Rejected, Verified, VerifiedDelivery};
use crate::secret::Secret;
use crate::signature::hmac_sha256;

/// What the signing app posts for a new ticket.
pub(crate) const SAMPLE_BODY: &str =
    r#"{"ticket_id":35436,"event":"onTicketCreate","timestamp":1795168829.75}"#;

/// The clock of these tests, in seconds: that of the vector which `app/server/lib/sign.js` made.
const NOW: i64 = 1_780_000_001;
const BODY: &[u8] = include_bytes!("fixtures/app_created.json");

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const OLD_SECRET: &str = "fedcba9876543210fedcba9876543210";
const TOKEN: &str = "token-token-token-1";
const OLD_TOKEN: &str = "token-token-token-2";

/// An account with every proof configured, two secrets and two tokens in rotation.
pub(crate) fn account() -> AccountConfig {
    AccountConfig {
        id: AccountId::new("shop").unwrap(),
        base_url: "https://shop.freshdesk.com".to_owned(),
        webhook: WebhookConfig {
            secrets: vec![Secret::new(SECRET), Secret::new(OLD_SECRET)],
            tolerance: None,
            token_header: Some("X-Bridge-Token".to_owned()),
            tokens: vec![Secret::new(TOKEN), Secret::new(OLD_TOKEN)],
            basic_auth: Some(("freshdesk".to_owned(), Secret::new("a long enough password"))),
        },
        credentials: Some(Credentials::ApiKey(Secret::new("fd-key"))),
        allow_public_replies: true,
        segment_field: None,
        api_version: None,
        app_id: None,
        admin_id: None,
    }
}

/// The headers of the signing app, made with the first secret of [`account`].
pub(crate) fn sign(body: &[u8], at: Timestamp) -> HeaderMap {
    sign_with(SECRET, at.as_second(), body)
}

/// An answer with which every exchange gets on, for the request to `path`; `more` announces another page of any
/// list. Lists are bare arrays on this platform, so no one answer fits all requests.
pub(crate) fn answer_to(path: &str, more: bool) -> Value {
    let route = path.split('?').next().unwrap_or_default();
    let entries = |entry: Value, page: usize| Value::from(vec![entry; if more { page } else { 1 }]);
    match route.trim_start_matches("/api/v2/") {
        "groups" => entries(json!({ "id": 7, "name": "Billing" }), 100),
        "agents" => {
            entries(json!({ "id": 8, "contact": { "name": "Ada", "email": "ada@example.com" } }), 100)
        }
        "agents/me" => json!({ "id": 8, "contact": { "name": "Ada" } }),
        "ticket_fields" => json!([{ "name": "cf_category", "label": "Category", "type": "custom_text" }]),
        other if other.ends_with("/conversations") => {
            entries(json!({ "body_text": "x", "incoming": true }), 30)
        }
        other if other.starts_with("contacts/") => json!({ "id": 7, "company_id": 9 }),
        other if other.starts_with("companies/") => json!({ "id": 9, "custom_fields": { "plan": "pro" } }),
        "products" => entries(json!({ "id": 5, "name": "Outlet" }), 100),
        "automations/4/rules" | "tickets" => json!([]),
        other if other.ends_with("/notes") => json!({ "id": 9 }),
        _ => {
            json!({ "id": 35436, "updated_at": "2026-11-20T10:00:00Z", "status": 2, "tags": ["vip"], "requester_id": 7 })
        }
    }
}

/// What the contract suite needs of this platform.
pub(crate) fn sample() -> Sample {
    Sample {
        config: AccountConfig { segment_field: Some("company.plan".into()), ..account() },
        sign,
        body: SAMPLE_BODY,
        covers_body: true,
        covers_time: true,
        ticket: contract::ticket(),
        names: contract::names(),
        answer_to,
        paths: &[
            "/api/v2/tickets/35436",
            "/api/v2/tickets/35436/conversations",
            "/api/v2/tickets/35436/notes",
            "/api/v2/contacts/7",
            "/api/v2/companies/9",
            "/api/v2/groups",
            "/api/v2/agents",
            "/api/v2/ticket_fields",
        ],
    }
}

fn sign_with(secret: &str, seconds: i64, body: &[u8]) -> HeaderMap {
    let stamp = seconds.to_string();
    let tag = hmac_sha256(&Secret::new(secret), &[stamp.as_bytes(), b".", body]);
    headers(&[("x-bridge-timestamp", &stamp), ("x-bridge-signature", &format!("v1={}", hex::encode(tag)))])
}

pub(super) fn connector() -> std::sync::Arc<dyn Connector> {
    Platform::Freshdesk.open(&account()).unwrap().connector
}

/// A 200 with this body.
pub(super) fn ok(body: impl AsRef<[u8]>) -> Answer {
    answer(200, body)
}

pub(super) fn answer(status: u16, body: impl AsRef<[u8]>) -> Answer {
    Answer { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_ref()) }
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect()
}

fn post_at(now: i64, headers: HeaderMap, body: &[u8]) -> Result<VerifiedDelivery, Rejected> {
    let delivery =
        Delivery { account: AccountId::new("shop").unwrap(), headers, body: Bytes::copy_from_slice(body) };
    match connector().verify(&delivery, Timestamp::from_second(now).unwrap())? {
        Verified::Delivery(delivery) => Ok(delivery),
        Verified::Handshake => panic!("Freshdesk has no handshake"),
    }
}

fn post(headers: HeaderMap, body: &[u8]) -> Result<VerifiedDelivery, Rejected> {
    post_at(NOW, headers, body)
}

fn with_token(body: &[u8]) -> VerifiedDelivery {
    post(headers(&[("x-bridge-token", TOKEN)]), body).unwrap()
}

#[test]
fn what_the_app_signs_verifies() {
    // Printed by `node -e` from app/server/lib/sign.js, as its README shows.
    let tag = "v1=78689f398db0f5cc018083d71526cdbfa9d13cfc840ba43f7214cca412faa906";
    let delivery =
        post(headers(&[("x-bridge-timestamp", "1780000001"), ("x-bridge-signature", tag)]), BODY).unwrap();
    assert_eq!((delivery.secret_index(), delivery.key().as_str()), (0, "created:165"));
    let Content::Notice(notice) = delivery.content() else { panic!("{:?}", delivery.content()) };
    assert_eq!((notice.kind, notice.ticket.as_str()), (NoticeKind::Created, "165"));
    assert_eq!(notice.occurred_at.unwrap().to_string(), "2026-05-28T20:26:40.25Z");
}

#[test]
fn a_signature_is_checked_to_the_last_bit_and_second() {
    assert_eq!(post(sign_with(OLD_SECRET, NOW, BODY), BODY).unwrap().secret_index(), 1);
    assert_eq!(
        post(sign_with("another secret altogether", NOW, BODY), BODY).unwrap_err(),
        Rejected::BadSignature
    );
    for at in 0..BODY.len() {
        let mut body = BODY.to_vec();
        body[at] ^= 1;
        assert_eq!(
            post(sign_with(SECRET, NOW, BODY), &body).unwrap_err(),
            Rejected::BadSignature,
            "byte {at}"
        );
    }
    let shifted =
        |by: i64| post(sign_with(SECRET, NOW + by, BODY), BODY).map(|delivery| delivery.secret_index());
    assert_eq!([shifted(-300), shifted(300)], [Ok(0), Ok(0)]);
    assert_eq!([shifted(-301), shifted(301)], [Err(Rejected::Stale), Err(Rejected::Stale)]);
    assert_eq!(shifted(i64::MAX - NOW), Err(Rejected::Stale));
}

#[test]
fn a_wrong_proof_is_not_rescued_by_a_weaker_one() {
    let mut both = sign_with("another secret altogether", NOW, BODY);
    both.insert("x-bridge-token", TOKEN.parse().unwrap());
    assert_eq!(post(both, BODY).unwrap_err(), Rejected::BadSignature);

    let basic = "Basic ZnJlc2hkZXNrOmEgbG9uZyBlbm91Z2ggcGFzc3dvcmQ=";
    let mixed = headers(&[("x-bridge-token", "token-token-token-9"), ("authorization", basic)]);
    assert_eq!(post(mixed, BODY).unwrap_err(), Rejected::BadSignature);

    let mut twice = headers(&[("x-bridge-token", TOKEN)]);
    twice.append("x-bridge-token", TOKEN.parse().unwrap());
    assert_eq!(post(twice, BODY).unwrap_err(), Rejected::BadSignature);

    let mut unstamped = sign_with(SECRET, NOW, BODY);
    unstamped.remove("x-bridge-timestamp");
    assert_eq!(post(unstamped, BODY).unwrap_err(), Rejected::BadSignature);
}

#[test]
fn tokens_and_passwords_follow_the_secrets_in_the_count() {
    let index = |pairs: &[(&str, &str)]| post(headers(pairs), BODY).map(|delivery| delivery.secret_index());
    assert_eq!(index(&[("x-bridge-token", TOKEN)]), Ok(2));
    assert_eq!(index(&[("x-bridge-token", OLD_TOKEN)]), Ok(3));
    assert_eq!(index(&[("authorization", "Basic ZnJlc2hkZXNrOmEgbG9uZyBlbm91Z2ggcGFzc3dvcmQ=")]), Ok(4));
    assert_eq!(
        index(&[("authorization", "Bearer ZnJlc2hkZXNrOmEgbG9uZyBlbm91Z2ggcGFzc3dvcmQ=")]),
        Err(Rejected::BadSignature)
    );
    assert_eq!(index(&[("authorization", "Basic ZnJlc2hkZXNrOng=")]), Err(Rejected::BadSignature));
    assert_eq!(index(&[]), Err(Rejected::BadSignature));
}

#[test]
fn every_shape_of_body_names_its_ticket_and_event() {
    let bucket = NOW / 600;
    for (body, kind, key) in [
        (&include_bytes!("fixtures/template.json")[..], NoticeKind::Created, "created:4711".to_owned()),
        (include_bytes!("fixtures/advanced.json"), NoticeKind::Created, "created:4711".to_owned()),
        (include_bytes!("fixtures/simple.json"), NoticeKind::Created, format!("untold:4711:{bucket}")),
        (
            include_bytes!("fixtures/template_replied.json"),
            NoticeKind::CustomerReplied,
            format!("replied:4711:{NOW}000"),
        ),
        (
            include_bytes!("fixtures/advanced_priority.json"),
            NoticeKind::Other,
            format!("{{priority:{{from:1,to:3}}}}:4711:{bucket}"),
        ),
        (
            br#"{"ticket_id": 4711, "event": " {reply:sent} "}"#,
            NoticeKind::CustomerReplied,
            format!("replied:4711:{NOW}000"),
        ),
        (br#"{"ticket_id": 4711, "event": "created"}"#, NoticeKind::Created, "created:4711".to_owned()),
        (
            br#"{"ticket_id": 4711, "event": "ticket.created"}"#,
            NoticeKind::Created,
            "created:4711".to_owned(),
        ),
        (
            br#"{"ticket_id": 4711, "event": "Ticket Created"}"#,
            NoticeKind::Created,
            "created:4711".to_owned(),
        ),
        (br#"{"ticket_id": " 4711 ", "event": ""}"#, NoticeKind::Created, format!("untold:4711:{bucket}")),
    ] {
        let delivery = with_token(body);
        let Content::Notice(notice) = delivery.content() else { panic!("{:?}", delivery.content()) };
        assert_eq!(
            (notice.kind, notice.ticket.as_str(), delivery.key().as_str()),
            (kind, "4711", key.as_str())
        );
    }
}

#[test]
fn a_repetition_has_the_same_key_and_a_later_event_another() {
    let token = || headers(&[("x-bridge-token", TOKEN)]);
    let key = |now: i64, headers: HeaderMap, body: &[u8]| post_at(now, headers, body).unwrap().key().clone();
    let replied = include_bytes!("fixtures/template_replied.json");
    let changed = include_bytes!("fixtures/advanced_priority.json");
    let start = NOW - NOW.rem_euclid(600);
    assert_eq!(key(start, token(), changed), key(start + 599, token(), changed));
    assert_ne!(key(start, token(), changed), key(start + 600, token(), changed));
    assert_ne!(key(start, token(), replied), key(start + 1, token(), replied), "a chat goes on");

    let created = include_bytes!("fixtures/template.json");
    assert_eq!(key(start, token(), created), key(start + 86_400, token(), created));

    // The app signs a time, which is finer than the bucket and the same for every try of one request.
    let app = include_bytes!("fixtures/app_replied.json");
    let signed = |at: i64| key(start + 60, sign_with(SECRET, at, app), app);
    assert_eq!(signed(start + 10), signed(start + 10));
    assert_ne!(signed(start + 10), signed(start + 11));
}

#[test]
fn an_authentic_body_that_cannot_be_read_says_where() {
    for (body, path) in [
        (&include_bytes!("fixtures/broken_by_placeholder.json")[..], "$.freshdesk_webhook"),
        (b"", "$"),
        (b"[]", "$"),
        (br#"{"freshdesk_webhook": 7}"#, "$.freshdesk_webhook"),
        (br#"{"freshdesk_webhook": {"ticket_subject": "x"}}"#, "$.freshdesk_webhook.ticket_id"),
        (br#"{"ticket_id": "{{ticket.id}}"}"#, "$.ticket_id"),
        (br#"{"ticket_id": "../agents/me"}"#, "$.ticket_id"),
        (br#"{"ticket_id": 4711.5}"#, "$.ticket_id"),
        (br#"{"ticket_id": -1}"#, "$.ticket_id"),
        (br#"{"ticket_id": 0}"#, "$.ticket_id"),
        (br#"{"ticket_id": null}"#, "$.ticket_id"),
    ] {
        let delivery = with_token(body);
        let Content::Malformed(malformed) = delivery.content() else { panic!("{:?}", delivery.content()) };
        assert!(malformed.path.starts_with(path), "{malformed} for {}", String::from_utf8_lossy(body));
        assert!(!malformed.to_string().contains("declined"), "{malformed}");
        assert!(delivery.key().as_str().starts_with("malformed:"));
        assert_eq!(connector().read(body).unwrap_err(), *malformed);
    }
}

#[test]
fn settings_are_refused_all_at_once() {
    let keys = |config: AccountConfig| -> Vec<&'static str> {
        Platform::Freshdesk.open(&config).unwrap_err().iter().map(|problem| problem.key).collect()
    };
    let bare = AccountConfig {
        webhook: WebhookConfig::default(),
        credentials: None,
        api_version: Some("2".to_owned()),
        app_id: Some("a".to_owned()),
        admin_id: Some("1".to_owned()),
        base_url: "https://shop.freshservice.com".to_owned(),
        ..account()
    };
    assert_eq!(
        keys(bare),
        ["base_url", "app_id", "admin_id", "api_version", "webhook", "credentials.api_key"]
    );

    let with = |webhook: WebhookConfig| AccountConfig { webhook, ..account() };
    let tokens = vec![Secret::new(TOKEN)];
    let header = Some("X-Bridge-Token".to_owned());
    assert_eq!(
        keys(with(WebhookConfig { tokens: tokens.clone(), ..WebhookConfig::default() })),
        ["webhook.token_header"]
    );
    assert_eq!(
        keys(with(WebhookConfig { token_header: header.clone(), ..WebhookConfig::default() })),
        ["webhook.tokens"]
    );
    let short = WebhookConfig {
        token_header: header,
        tokens: vec![Secret::new("fifteen letters")],
        ..WebhookConfig::default()
    };
    let warned: Vec<_> =
        Platform::Freshdesk.open(&with(short)).unwrap().warnings.iter().map(|it| it.key).collect();
    assert_eq!(warned, ["webhook.tokens"], "weak, and the account's own choice");
    let taken = Some("X-Bridge-Signature".to_owned());
    assert_eq!(
        keys(with(WebhookConfig { token_header: taken, tokens, ..WebhookConfig::default() })),
        ["webhook.token_header"]
    );
    let weak = WebhookConfig { secrets: vec![Secret::new("")], ..WebhookConfig::default() };
    assert_eq!(keys(with(weak)), ["webhook.secrets"]);
    let wrong_key =
        AccountConfig { credentials: Some(Credentials::AccessToken(Secret::new("t"))), ..account() };
    assert_eq!(keys(wrong_key), ["credentials.api_key"]);
}

#[test]
fn one_kind_of_proof_is_enough() {
    let secrets = vec![Secret::new(SECRET)];
    let alone = AccountConfig { webhook: WebhookConfig { secrets, ..WebhookConfig::default() }, ..account() };
    assert!(Platform::Freshdesk.open(&alone).unwrap().warnings.is_empty());
}

#[test]
fn the_key_is_the_user_and_the_minute_is_the_budget() {
    let Auth::Basic { user, password } = connector().auth() else { panic!("basic authentication") };
    assert_eq!((user.expose(), password.expose()), ("fd-key", "X"));

    let pace = |status: u16, pairs: &[(&str, &str)]| {
        connector().pace(&Answer { headers: headers(pairs), ..answer(status, "") })
    };
    let fine = pace(200, &[("x-ratelimit-total", "400"), ("x-ratelimit-remaining", "397")]).unwrap();
    assert_eq!((fine.limit, fine.remaining, fine.reset), (400, 397, None));
    let busy = pace(429, &[("x-ratelimit-total", "400"), ("retry-after", "17")]).unwrap();
    assert_eq!((busy.remaining, busy.reset.unwrap().as_secs()), (0, 17));
    assert_eq!(pace(200, &[]), None);
}

#[test]
fn the_contract_suite_is_given_what_it_needs() {
    let at = Timestamp::from_second(NOW).unwrap();
    let delivery = post(sign(SAMPLE_BODY.as_bytes(), at), SAMPLE_BODY.as_bytes()).unwrap();
    assert_eq!(delivery.key().as_str(), "created:35436");

    let run = |more: bool| {
        let mut answers = Vec::new();
        loop {
            match connector().names(&answers) {
                Next::Send(Read { path, .. }) => answers.push(ok(answer_to(path.as_str(), more).to_string())),
                end => return (answers.len(), matches!(end, Next::Done(_))),
            }
        }
    };
    assert_eq!((run(false), run(true)), ((5, true), (32, true)));
}
