//! Settings, signatures and what bodies say.

use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{config, open, sign_with, with};
use crate::account::{AccountConfig, Credentials};
use crate::connector::Auth;
use crate::delivery::{Content, Delivery, NoticeKind, Rejected, Verified, VerifiedDelivery};
use crate::secret::Secret;
use crate::zendesk::verify::verify;

const TEST_SECRET: &str = super::super::PUBLIC_TEST_SECRET;
const CREATED: &str = include_str!("../fixtures/ticket_created.json");
const COMMENT: &str = include_str!("../fixtures/comment_added.json");
const STAMP: &str = "2026-11-20T10:00:30Z";

fn delivery(headers: HeaderMap, body: &[u8]) -> Delivery {
    Delivery { account: config().id, headers, body: body.to_vec().into() }
}

fn verdict(secret: &str, stamp: &str, body: &[u8], signature: &str) -> Result<Verified, Rejected> {
    let mut headers = HeaderMap::new();
    headers.insert("x-zendesk-webhook-signature", signature.parse().unwrap());
    headers.insert("x-zendesk-webhook-signature-timestamp", stamp.parse().unwrap());
    let now: Timestamp = stamp.parse().unwrap();
    verify(&[Secret::new(secret)], super::super::TOLERANCE, &delivery(headers, body), now)
}

#[test]
fn known_signatures_verify() {
    for (stamp, body, signature) in [
        ("2021-07-25T10:00:00Z", r#"{"say": "hello"}"#, "gf3v0LzLRHPUnIdhbvwRDVEvzSb07/QN0GYjSNlkBT0="),
        ("2021-03-25T05:09:27Z", "", "wCdBvXaHttn0wRVIYctzZ9O6O0bnqWakJMEKZ9VoRWw="),
        (
            "2025-01-08T07:32:05Z",
            r#"{"ticket_id":"35436","subject":"Café ☃"}"#,
            "LFJA1nRrKSfxWTFZ+ZVoUWx/XveKqKk3tRmkH2X8Tm8=",
        ),
    ] {
        let verdict = verdict(TEST_SECRET, stamp, body.as_bytes(), signature);
        assert!(matches!(verdict, Ok(Verified::Delivery(_))), "{stamp}: {verdict:?}");
    }
}

#[test]
fn the_body_does_not_come_before_the_timestamp() {
    let secret = "HRkRd4BeOAoUkfZr-mhauJT64rvBASlJRoIyPsd3zeA=";
    let (stamp, body) = ("2021-07-25T10:00:00Z", br#"{"say": "hello"}"#);
    let outdated = verdict(secret, stamp, body, "tRDSF7URY8BLCDlaBcQ7FHu051Zk+aAB0NKMP53teMw=");
    assert_eq!(outdated.err(), Some(Rejected::BadSignature));
    let current = verdict(secret, stamp, body, "Rry/4TtIdFyawtXXp8QdI6tlAUUQ/5kL1OTp5qo/ZIk=");
    assert!(current.is_ok(), "{current:?}");
}

#[test]
fn the_tolerance_is_the_accounts_own() {
    let mut patient = config();
    patient.webhook.tolerance = Some(std::time::Duration::from_secs(3_600));
    let patient = super::super::open(&patient).unwrap().connector;
    let signed = delivery(sign_with(super::SECRET, CREATED.as_bytes(), STAMP), CREATED.as_bytes());
    let at = |seconds: i64| STAMP.parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_secs(seconds);
    for (seconds, usual, patiently) in
        [(300, true, true), (-300, true, true), (301, false, true), (-301, false, true)]
    {
        assert_eq!(open().verify(&signed, at(seconds)).is_ok(), usual, "{seconds}");
        assert_eq!(patient.verify(&signed, at(seconds)).is_ok(), patiently, "{seconds}");
    }
    assert_eq!(patient.verify(&signed, at(3_601)).err(), Some(Rejected::Stale));
}

#[test]
fn a_signed_time_that_is_none_is_stale() {
    let body = CREATED.as_bytes();
    let headers = sign_with(super::SECRET, body, "yesterday");
    assert_eq!(open().verify(&delivery(headers, body), STAMP.parse().unwrap()).err(), Some(Rejected::Stale));
}

fn verified(body: &Value, invocation: Option<&str>) -> VerifiedDelivery {
    let body = body.to_string();
    let mut headers = sign_with(super::SECRET, body.as_bytes(), STAMP);
    if let Some(invocation) = invocation {
        headers.insert("x-zendesk-webhook-invocation-id", HeaderValue::from_str(invocation).unwrap());
    }
    match open().verify(&delivery(headers, body.as_bytes()), STAMP.parse().unwrap()) {
        Ok(Verified::Delivery(verified)) => verified,
        other => panic!("{other:?}"),
    }
}

fn kind(body: &Value) -> NoticeKind {
    match verified(body, None).content() {
        Content::Notice(notice) => notice.kind,
        Content::Malformed(malformed) => panic!("{malformed}"),
    }
}

#[test]
fn an_event_is_read() {
    let verified = verified(&serde_json::from_str(CREATED).unwrap(), Some("8350205582"));
    assert_eq!(verified.key().as_str(), "01KQ2Z5T9W3N8C4M7R6B1D0FGH", "the event's own id, not the header");
    let Content::Notice(notice) = verified.content() else { panic!() };
    assert_eq!(notice.ticket.as_str(), "35436");
    assert_eq!(notice.actor.as_ref().unwrap().as_str(), "9007199254743001");
    assert_eq!(notice.occurred_at, Some("2026-11-20T10:00:01.67271703Z".parse().unwrap()));
}

#[test]
fn only_a_customers_public_comment_is_a_reply() {
    let check = |pointer: &str, value: Value, expected: NoticeKind| {
        assert_eq!(kind(&with(COMMENT, pointer, value.clone())), expected, "{pointer} = {value}");
    };
    let author = "/event/comment/author";
    check("/account_id", json!("24680135"), NoticeKind::CustomerReplied);
    check("/detail/tags", Value::Null, NoticeKind::CustomerReplied);
    check("/detail/id", json!(35436), NoticeKind::CustomerReplied);
    check("/event/comment/is_public", json!(false), NoticeKind::Other);
    check("/event/comment/is_public", Value::Null, NoticeKind::Other);
    check("/event/comment/author/is_staff", json!(true), NoticeKind::Other);
    check("/event/comment/author/is_staff", Value::Null, NoticeKind::CustomerReplied);
    check(author, json!({ "id": "5", "name": "Somebody" }), NoticeKind::Other);
    check(author, Value::Null, NoticeKind::Other);
    check("/event/comment", Value::Null, NoticeKind::Other);
    check("/event", Value::Null, NoticeKind::Other);
    for what in ["tags_changed", "priority_changed", "soft_deleted", "something_new"] {
        check("/type", format!("zen:event-type:ticket.{what}").into(), NoticeKind::Other);
    }
}

#[test]
fn a_trigger_is_read() {
    for (body, kind, actor) in [
        (json!({ "ticket_id": "35436", "event": "ticket_created" }), NoticeKind::Created, None),
        (json!({ "ticket_id": 35436, "event": "customer_replied" }), NoticeKind::CustomerReplied, None),
        (json!({ "ticket_id": "35436", "event": "Ticket created" }), NoticeKind::Created, None),
        (json!({ "ticket_id": "35436", "event": "ticket.created" }), NoticeKind::Created, None),
        (json!({ "ticket_id": "35436" }), NoticeKind::CustomerReplied, None),
        (json!({ "ticket_id": 35436, "event": "solved", "actor_id": "" }), NoticeKind::Other, None),
        (json!({ "ticket_id": 35436, "event": "solved", "actor_id": "77" }), NoticeKind::Other, Some("77")),
    ] {
        let verified = verified(&body, Some("8350205582"));
        assert_eq!(verified.key().as_str(), "8350205582");
        let Content::Notice(notice) = verified.content() else { panic!("{body}") };
        assert_eq!((notice.kind, notice.ticket.as_str()), (kind, "35436"));
        assert_eq!(notice.actor.as_ref().map(|id| id.as_str()), actor);
    }
}

#[test]
fn a_trigger_without_an_invocation_is_known_by_what_was_signed() {
    let key = |body: &Value| verified(body, None).key().clone();
    let body = json!({ "ticket_id": "35436", "event": "ticket_created" });
    assert!(key(&body).as_str().starts_with("sha256:"));
    assert_eq!(key(&body), key(&body));
    assert_ne!(key(&body), key(&json!({ "ticket_id": "35437", "event": "ticket_created" })));
}

#[test]
fn an_unreadable_body_says_where() {
    for (body, path) in [
        (with(CREATED, "/detail/id", json!({ "a": 1 })), "$.detail.id"),
        (with(CREATED, "/detail/id", json!("show_many")), "$.detail.id"),
        (with(CREATED, "/detail/id", json!("0")), "$.detail.id"),
        (with(CREATED, "/detail/id", json!(1e30)), "$.detail.id"),
        (with(CREATED, "/detail/id", json!(-5)), "$.detail.id"),
        (with(CREATED, "/detail", json!("gone")), "$.detail"),
        (with(COMMENT, "/event/comment/is_public", json!("yes")), "$.event.comment.is_public"),
        (json!({ "ticket_id": "../users", "event": "ticket_created" }), "$.ticket_id"),
        (json!({ "id": 35436, "event": "ticket_created" }), "$.ticket_id"),
        (json!({ "ticket_id": "35436", "event": 1 }), "$.event"),
        (json!([1, 2]), "$[0]"),
    ] {
        let verified = verified(&body, Some("8350205582"));
        let Content::Malformed(malformed) = verified.content() else { panic!("{body} is read") };
        assert_eq!(malformed.path.replace("$.[", "$["), path, "{body}");
        assert_eq!(verified.key().as_str(), "8350205582");
    }
}

#[test]
fn events_about_other_things_are_not_kept() {
    for family in ["user.created", "organization.deleted", "messaging_ticket.something_new"] {
        let body = with(CREATED, "/type", format!("zen:event-type:{family}").into()).to_string();
        let headers = sign_with(super::SECRET, body.as_bytes(), STAMP);
        let verdict = open().verify(&delivery(headers, body.as_bytes()), STAMP.parse().unwrap());
        assert!(matches!(verdict, Ok(Verified::Handshake)), "{family}: {verdict:?}");
        assert_eq!(open().read(body.as_bytes()).unwrap_err().path, "$.type");
    }
}

#[test]
fn wrong_settings_are_all_named_at_once() {
    let problems = |change: &dyn Fn(&mut AccountConfig)| -> Vec<&'static str> {
        let mut config = config();
        change(&mut config);
        super::super::open(&config).err().unwrap_or_default().iter().map(|problem| problem.key).collect()
    };
    let everything = problems(&|config| {
        config.base_url = "https://acme.zendesk.com/api/v2".into();
        config.webhook.secrets = vec![Secret::new(TEST_SECRET), Secret::new("")];
        config.webhook.tokens = vec![Secret::new("t")];
        config.webhook.token_header = Some("x-bridge-token".into());
        config.webhook.basic_auth = Some(("u".into(), Secret::new("p")));
        config.webhook.tolerance = Some(std::time::Duration::ZERO);
        config.credentials = None;
        config.api_version = Some("2".into());
        config.app_id = Some("a".into());
        config.admin_id = Some("1".into());
    });
    for key in [
        "base_url",
        "webhook.secrets",
        "webhook.tokens",
        "webhook.token_header",
        "webhook.basic_auth",
        "webhook.tolerance",
        "credentials",
        "api_version",
        "app_id",
        "admin_id",
    ] {
        assert!(everything.contains(&key), "{key} is missing from {everything:?}");
    }
    assert_eq!(
        problems(&|config| config.webhook.secrets.push(Secret::new(TEST_SECRET))),
        ["webhook.secrets"]
    );
    for base in [
        "acme.zendesk.com",
        "https://",
        "https://user@acme.zendesk.com",
        "https://acme.zendesk.com?x",
        "ftp://a.b",
        "https://acme..com",
        "https://-acme.com",
        "https://acme.com:0",
        "https://acme.com:port",
        "https://a b.com",
    ] {
        assert_eq!(problems(&|config| config.base_url = base.into()), ["base_url"], "{base}");
    }
    for base in [
        "https://acme.zendesk.com",
        "https://help.acme.example",
        "http://127.0.0.1:8080",
        "http://localhost:1",
    ] {
        assert!(problems(&|config| config.base_url = base.into()).is_empty(), "{base}");
    }
}

#[test]
fn credentials_become_authentication() {
    let opened = |credentials: Credentials| {
        super::super::open(&AccountConfig { credentials: Some(credentials), ..config() })
    };
    let client = opened(config().credentials.unwrap()).unwrap();
    assert!(client.warnings.is_empty());
    assert!(matches!(
        client.connector.auth(),
        Auth::ClientCredentials { path: "/oauth/tokens", scope: "read tickets:write", .. }
    ));
    let token = Credentials::ApiToken { email: "ada@example.com".into(), api_token: Secret::new("t0k3n") };
    let token = opened(token).unwrap();
    assert!(token.warnings[0].message.contains("2027-04-30"), "{:?}", token.warnings);
    let Auth::Basic { user, password } = token.connector.auth() else { panic!() };
    assert_eq!((user.expose(), password.expose()), ("ada@example.com/token", "t0k3n"));
    assert!(matches!(
        opened(Credentials::AccessToken(Secret::new("x"))).unwrap().connector.auth(),
        Auth::Bearer(_)
    ));
    assert_eq!(opened(Credentials::ApiKey(Secret::new("x"))).unwrap_err()[0].key, "credentials");
    assert_eq!(opened(Credentials::AccessToken(Secret::new(""))).unwrap_err()[0].key, "credentials");
}
