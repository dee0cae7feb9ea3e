//! Verification and reading of notifications.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{SECRET, SENT_AT_S, config, creation_body, fixture, open, sign, sign_with};
use crate::account::{AccountConfig, AccountId, WebhookConfig};
use crate::delivery::{Content, Delivery, Notice, NoticeKind, Rejected, Verified, VerifiedDelivery};
use crate::secret::Secret;
use crate::signature;

fn verify(
    config: &AccountConfig,
    headers: http::HeaderMap,
    body: &[u8],
    now_s: i64,
) -> Result<Verified, Rejected> {
    let delivery =
        Delivery { account: AccountId::new("chat").unwrap(), headers, body: Bytes::copy_from_slice(body) };
    open(config).unwrap().connector.verify(&delivery, Timestamp::from_second(now_s).unwrap())
}

fn accepted(body: &[u8]) -> VerifiedDelivery {
    match verify(&config(), sign(body), body, SENT_AT_S + 5) {
        Ok(Verified::Delivery(delivery)) => delivery,
        other => panic!("not kept: {other:?}"),
    }
}

fn notice(body: &[u8]) -> Notice {
    match accepted(body).content() {
        Content::Notice(notice) => notice.clone(),
        Content::Malformed(malformed) => panic!("{malformed}"),
    }
}

/// A creation notification with one thing changed.
fn changed(pointer: &str, value: Value) -> Vec<u8> {
    let mut body: Value = serde_json::from_slice(&creation_body()).unwrap();
    *body.pointer_mut(pointer).unwrap() = value;
    body.to_string().into()
}

fn malformed_at(body: &[u8]) -> (String, String) {
    let delivery = accepted(body);
    match delivery.content() {
        Content::Malformed(malformed) => (malformed.path.clone(), delivery.key().as_str().to_owned()),
        Content::Notice(notice) => panic!("read: {notice:?}"),
    }
}

#[test]
fn a_known_body_has_a_known_signature() {
    let body = br#"{"type":"notification_event","topic":"ping","id":null,"app_id":"i6wc9ipe"}"#;
    let headers = sign(body);
    assert_eq!(headers["x-hub-signature"], "sha1=d232f0054f79501383160eb316617c63d6e487a9");
    let workspace = AccountConfig { app_id: Some("i6wc9ipe".into()), ..config() };
    assert!(matches!(verify(&workspace, headers.clone(), body, 0), Ok(Verified::Handshake)));
    assert_eq!(verify(&config(), headers, body, 0).unwrap_err(), Rejected::WrongAccount);
}

#[test]
fn the_other_scheme_of_the_platform_is_none_of_ours() {
    let body = br#"{"type":"notification_event","topic":"ping","id":null,"app_id":"i6wc9ipe"}"#;
    let tag = hex::encode(signature::hmac_sha256(&Secret::new(SECRET), &[body]));
    assert_eq!(tag, "635f68b0061fe44f06327f41e135abd6954c722dfda00828d5643cb463956e13");
    for (name, value) in [
        ("x-hub-signature", format!("sha256={tag}")),
        ("x-hub-signature", tag.clone()),
        ("x-body-signature", tag),
    ] {
        let mut headers = http::HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(&value).unwrap());
        assert_eq!(verify(&config(), headers, body, 0).unwrap_err(), Rejected::BadSignature);
    }
}

#[test]
fn whatever_is_not_exactly_one_right_signature_is_refused() {
    let body = creation_body();
    let refused = |headers: http::HeaderMap, body: &[u8]| {
        assert_eq!(verify(&config(), headers, body, SENT_AT_S).unwrap_err(), Rejected::BadSignature);
    };
    refused(http::HeaderMap::new(), &body);
    refused(sign_with("another secret", &body), &body);
    refused(sign_with("", &body), &body);
    let mut twice = sign(&body);
    twice.append("x-hub-signature", twice["x-hub-signature"].clone());
    refused(twice, &body);
    for value in ["sha1=", "sha1=zz", "d232f0054f79501383160eb316617c63d6e487a9", "sha1=d232"] {
        let mut headers = http::HeaderMap::new();
        headers.insert("x-hub-signature", HeaderValue::from_static(value));
        refused(headers, &body);
    }
    for at in (0..body.len()).step_by(97) {
        let mut flipped = body.clone();
        flipped[at] ^= 1;
        refused(sign(&body), &flipped);
    }
}

#[test]
fn the_old_secret_is_accepted_while_it_is_configured() {
    let body = creation_body();
    let webhook =
        WebhookConfig { secrets: vec![Secret::new("new"), Secret::new(SECRET)], ..Default::default() };
    let rotating = AccountConfig { webhook, ..config() };
    match verify(&rotating, sign(&body), &body, SENT_AT_S) {
        Ok(Verified::Delivery(delivery)) => assert_eq!(delivery.secret_index(), 1),
        other => panic!("{other:?}"),
    }
}

#[test]
fn freshness_is_read_from_the_signed_body() {
    let body = creation_body();
    let at = |config: &AccountConfig, now_s: i64| verify(config, sign(&body), &body, now_s).map(drop);
    let day = 24 * 60 * 60;
    assert_eq!(at(&config(), SENT_AT_S + day), Ok(()));
    assert_eq!(at(&config(), SENT_AT_S + day + 1), Err(Rejected::Stale));
    assert_eq!(at(&config(), SENT_AT_S - 600), Ok(()));
    assert_eq!(at(&config(), SENT_AT_S - 601), Err(Rejected::Stale));

    // Shorter than the platform's own delays would lose deliveries; longer is the account's choice.
    let with = |tolerance| {
        let webhook = WebhookConfig { tolerance: Some(tolerance), ..config().webhook };
        AccountConfig { webhook, ..config() }
    };
    assert_eq!(at(&with(Duration::from_secs(300)), SENT_AT_S + day), Ok(()));
    assert_eq!(at(&with(Duration::from_secs(172_800)), SENT_AT_S + 2 * day), Ok(()));
}

#[test]
fn a_repeat_has_another_body_and_the_same_key() {
    let repeat = changed("/delivery_attempts", json!(2));
    assert_ne!(repeat, creation_body());
    assert_eq!(accepted(&repeat).key(), accepted(&creation_body()).key());
    assert_eq!(accepted(&repeat).key().as_str(), "notif_5a0f0a54-0b6f-4e0f-9a53-7f6c6c1c0a01");
}

#[test]
fn topics_become_kinds() {
    for (topic, kind) in [
        ("conversation.user.created", NoticeKind::Created),
        ("conversation.user.replied", NoticeKind::CustomerReplied),
        ("conversation.admin.assigned", NoticeKind::Other),
        ("conversation_part.tag.created", NoticeKind::Other),
        ("conversation.deleted", NoticeKind::Other),
    ] {
        let notice = notice(&changed("/topic", json!(topic)));
        assert_eq!((notice.kind, notice.ticket.as_str()), (kind, "35436"), "{topic}");
    }
}

#[test]
fn topics_about_other_things_are_answered_and_not_kept() {
    for (topic, item) in [
        ("contact.created", json!({ "type": "contact", "id": "69620546aa74dbb9050aa701" })),
        ("company.created", json!({ "type": "company", "id": "531" })),
        ("conversation_part.redacted", json!({ "type": "conversation_part", "id": "37358400001" })),
        ("conversation.something", json!({ "type": "unheard_of" })),
    ] {
        let mut body: Value = serde_json::from_slice(&changed("/topic", json!(topic))).unwrap();
        body["data"]["item"] = item;
        let body = body.to_string();
        let verified = verify(&config(), sign(body.as_bytes()), body.as_bytes(), SENT_AT_S);
        assert!(matches!(verified, Ok(Verified::Handshake)), "{topic}: {verified:?}");
    }
}

#[test]
fn a_part_that_names_its_conversation_is_about_it() {
    let mut body: Value =
        serde_json::from_slice(&changed("/topic", json!("conversation_part.redacted"))).unwrap();
    body["data"]["item"] = json!({ "type": "conversation_part", "id": "7", "conversation_id": 215_472 });
    assert_eq!(notice(body.to_string().as_bytes()).ticket.as_str(), "215472");
}

#[test]
fn a_ticket_goes_by_the_id_that_the_api_knows() {
    let notice = notice(fixture("notification_ticket_created").as_bytes());
    assert_eq!(notice.kind, NoticeKind::Created);
    assert_eq!(notice.ticket.as_str(), "ticket-215472629400002");
    assert_eq!(notice.actor.unwrap().as_str(), "9608799");
    assert_eq!(notice.occurred_at, Timestamp::from_second(1_795_168_820).ok());
}

#[test]
fn the_actor_is_the_author_of_the_part_or_of_the_first_message() {
    let created = notice(&creation_body());
    assert_eq!(created.actor.unwrap().as_str(), "69620546aa74dbb9050aa701");
    let noted = notice(fixture("notification_admin_noted").as_bytes());
    assert_eq!((noted.kind, noted.actor.unwrap().as_str()), (NoticeKind::Other, "9608801"));
}

#[test]
fn authentic_but_unreadable_bodies_are_kept_with_the_place() {
    let id = "notif_5a0f0a54-0b6f-4e0f-9a53-7f6c6c1c0a01";
    for (body, path, key) in [
        (b"no json".to_vec(), "$", None),
        (changed("/data/item/id", json!({})), "$.data.item.id", Some(id)),
        (changed("/data/item/id", json!("../tags")), "$.data.item.id", Some(id)),
        (changed("/data/item/contacts", json!(7)), "$.data.item.contacts", Some(id)),
        (changed("/topic", json!(7)), "$.topic", Some(id)),
        (changed("/app_id", json!(null)), "$.app_id", Some(id)),
        (changed("/id", json!(null)), "$.id", None),
    ] {
        let (at, found) = malformed_at(&body);
        assert_eq!(at, path);
        match key {
            Some(key) => assert_eq!(found, key),
            None => assert!(found.starts_with("sha256:"), "{found}"),
        }
    }
    let mut timeless: Value = serde_json::from_slice(&creation_body()).unwrap();
    timeless["first_sent_at"] = Value::Null;
    assert_eq!(notice(timeless.to_string().as_bytes()).kind, NoticeKind::Created);
    timeless["created_at"] = Value::Null;
    assert_eq!(notice(timeless.to_string().as_bytes()).kind, NoticeKind::Created);
}

#[test]
fn a_kept_body_is_read_again_as_it_was() {
    let connector = open(&config()).unwrap().connector;
    assert_eq!(connector.read(&creation_body()).unwrap(), notice(&creation_body()));
    assert_eq!(connector.read(b"{}").unwrap_err().path, "$");
    let other = changed("/topic", json!("contact.created"));
    assert_eq!(connector.read(&other).unwrap_err().path, "$.topic");
}
