//! What knocks at the door.

use std::sync::{Arc, LazyLock};

use deskbridge_connectors::account::{Credentials, WebhookConfig};
use deskbridge_connectors::{AccountConfig, AccountId, Connector, Delivery, Platform, Secret, Verified};
use http::{HeaderMap, HeaderName, HeaderValue};

/// An account of each platform, with a secret that no corpus knows.
pub(crate) static CONNECTORS: LazyLock<[Arc<dyn Connector>; 3]> = LazyLock::new(|| {
    Platform::ALL.map(|platform| {
        let secret = Secret::new("0f4b1c88a7d94fd1a5c2e0b36d7e9f10");
        let config = AccountConfig {
            id: AccountId::new("acme").expect("a name"),
            base_url: format!("https://acme.{platform}.com"),
            webhook: WebhookConfig {
                secrets: vec![secret.clone()],
                token_header: (platform == Platform::Freshdesk).then(|| "x-desk-token".to_owned()),
                tokens: if platform == Platform::Freshdesk { vec![secret.clone()] } else { vec![] },
                ..WebhookConfig::default()
            },
            credentials: Some(match platform {
                Platform::Freshdesk => Credentials::ApiKey(secret),
                Platform::Zendesk | Platform::Intercom => Credentials::AccessToken(secret),
            }),
            allow_public_replies: false,
            segment_field: None,
            api_version: None,
            app_id: (platform == Platform::Intercom).then(|| "w4zx81rt".to_owned()),
            admin_id: (platform == Platform::Intercom).then(|| "9608801".to_owned()),
        };
        platform.open(&config).unwrap_or_else(|problems| panic!("{problems:?}")).connector
    })
});

/// Header lines, an empty line, a body. Nobody without the secret is believed.
pub(crate) fn verify(data: &[u8]) {
    let at = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
    let (head, body) = (&data[..at], data.get(at + 2..).unwrap_or_default());
    let mut headers = HeaderMap::new();
    for line in head.split(|byte| *byte == b'\n').take(64) {
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (name, value) = (&line[..colon], line.get(colon + 1..).unwrap_or_default());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    let now = "2026-11-20T08:00:00Z".parse().expect("a time");
    let account = AccountId::new("acme").expect("a name");
    let delivery = Delivery { account, headers, body: body.to_vec().into() };
    for connector in CONNECTORS.iter() {
        let believed = matches!(connector.verify(&delivery, now), Ok(Verified::Delivery(_)));
        assert!(!believed, "{}: believed without the secret", connector.platform());
        let _ = connector.diagnose(&delivery, now);
    }
}

/// A body as if it were authentic. Whatever it says, the ticket's id is one word that can be a path's part.
pub(crate) fn wire(data: &[u8]) {
    for connector in CONNECTORS.iter() {
        let _ = connector.preview(data);
        let _ = connector.heard(data);
        let Ok(notice) = connector.read(data) else { continue };
        let id = notice.ticket.as_str();
        let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        assert!(plain && (1..=64).contains(&id.len()), "{}: {id:?}", connector.platform());
    }
}
