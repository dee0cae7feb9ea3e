//! What a platform posts to us: a delivery, and the proof that it is authentic.
//!
//! A delivery is a *notice*, never the truth: it says which ticket to look at. [`VerifiedDelivery`] has
//! private fields and no public constructor, so nothing that a connector has not verified can reach the inbox.

use std::fmt;

use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::ticket::{RemoteId, TicketId};

/// One webhook POST, exactly as it arrived: verification needs the raw bytes.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The account named in the path.
    pub account: AccountId,
    /// The headers as received.
    pub headers: HeaderMap,
    /// The body as received, within the size cap.
    pub body: Bytes,
}

/// Recognises a delivery that is sent twice. Unique within an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeliveryKey(String);

impl DeliveryKey {
    /// A key; longer ones than 200 bytes are replaced by their digest, so that the inbox's index stays small.
    pub fn new(key: impl Into<String>) -> Self {
        let key = key.into();
        if key.len() <= 200 {
            return Self(key);
        }
        use sha2::{Digest, Sha256};
        Self(format!("sha256:{}", hex::encode(Sha256::digest(key.as_bytes()))))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeliveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an authentic delivery tells us: look at this ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What happened, as far as it matters to triage.
    pub kind: NoticeKind,
    /// The ticket it happened to.
    pub ticket: TicketId,
    /// Who caused it, where the platform says so. A hint only: it filters echoes, it never authorises.
    pub actor: Option<RemoteId>,
    /// When it happened, by the platform's clock.
    pub occurred_at: Option<Timestamp>,
}

/// What happened to a ticket, as far as it matters to triage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// A new ticket.
    Created,
    /// The customer wrote again.
    CustomerReplied,
    /// Anything else; kept, and settled without a look.
    Other,
}

/// An authentic body that cannot be read: it becomes a dead letter, never a guess.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("cannot read the delivery at {path}: {reason}")]
pub struct Malformed {
    /// Where, as a JSON path (`$.detail.id`).
    pub path: String,
    /// What was expected there. Never quotes the body.
    pub reason: String,
}

impl Malformed {
    /// A body that cannot be read at `path`.
    pub fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into() }
    }

    /// Parses JSON and keeps the path of the first thing that does not fit.
    ///
    /// # Errors
    /// The path and the reason, without quoting any value.
    pub fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Self> {
        let mut json = serde_json::Deserializer::from_slice(body);
        let value: T = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = json_path(error.path());
            let inner = error.into_inner();
            let reason = match inner.classify() {
                serde_json::error::Category::Data => "a value of another type was expected".to_owned(),
                _ => "the body is not complete JSON".to_owned(),
            };
            Self { path, reason: format!("{reason} (line {}, column {})", inner.line(), inner.column()) }
        })?;
        json.end().map_err(|_| Self::new("$", "there is more after the JSON value"))?;
        Ok(value)
    }
}

/// Writes a place in a body. Only keys that look like a field's name are written out: a body may have any text for a key,
/// and as many of them inside each other as it likes.
fn json_path(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut written = "$".to_owned();
    for (depth, segment) in path.iter().enumerate() {
        if depth == DEEPEST_PATH {
            written.push_str(".…");
            break;
        }
        match segment {
            Segment::Seq { index } => written.push_str(&format!("[{index}]")),
            Segment::Map { key: name } | Segment::Enum { variant: name } if is_field_name(name) => {
                written.push('.');
                written.push_str(name);
            }
            Segment::Map { .. } | Segment::Enum { .. } | Segment::Unknown => written.push_str(".…"),
        }
    }
    written
}

/// Parts of a path that are written.
const DEEPEST_PATH: usize = 12;

fn is_field_name(key: &str) -> bool {
    (1..=40).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
}

/// What an authentic body says, or why it cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A notice.
    Notice(Notice),
    /// Authentic, but unreadable.
    Malformed(Malformed),
}

/// A delivery whose signature was checked, or a ticket that our own reading of the platform found. Only a connector's `verify` makes
/// the one, and only a connector's listing the other.
#[derive(Clone, Debug)]
pub struct VerifiedDelivery {
    account: AccountId,
    key: DeliveryKey,
    content: Content,
    secret_index: usize,
    body: Bytes,
}

impl VerifiedDelivery {
    /// Called by `verify`, after the signature matched and never before.
    pub(crate) fn new(delivery: &Delivery, key: DeliveryKey, content: Content, secret_index: usize) -> Self {
        Self { account: delivery.account.clone(), key, content, secret_index, body: delivery.body.clone() }
    }

    /// A ticket that was found by looking.
    pub(crate) fn found(account: &AccountId, ticket: &TicketId) -> Self {
        let notice =
            Notice { kind: NoticeKind::Created, ticket: ticket.clone(), actor: None, occurred_at: None };
        Self {
            account: account.clone(),
            key: DeliveryKey::new(format!("found:{ticket}")),
            content: Content::Notice(notice),
            secret_index: 0,
            body: Bytes::new(),
        }
    }

    /// The account it came to.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// What recognises a second copy of it.
    pub fn key(&self) -> &DeliveryKey {
        &self.key
    }

    /// What it says.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// Which of the account's configured secrets matched, counted from 0.
    pub fn secret_index(&self) -> usize {
        self.secret_index
    }

    /// The raw body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }
}

/// An authentic request.
#[derive(Clone, Debug)]
pub enum Verified {
    /// Something to keep.
    Delivery(VerifiedDelivery),
    /// The platform only checks that we are there; answer 200 and keep nothing.
    Handshake,
}

/// Why a request at the door is refused. Both are answered 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// No signature, a malformed one, or one that no configured secret makes.
    #[error("the signature is missing or matches no configured secret")]
    BadSignature,
    /// Signed, but too long ago or too far ahead.
    #[error("the signed timestamp is outside the tolerance")]
    Stale,
    /// Signed for another workspace that shares the secret.
    #[error("the delivery names another workspace")]
    WrongAccount,
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_place_in_a_body_says_no_more_than_where() {
        let deep = format!("{}{}", r#"{"a":"#.repeat(100), "tru");
        for (body, path) in [
            (r#"{"event": {"id": 1, "ticket.id": tru"#, "$.event.ticket.id"),
            (r#"{"items": [1, {"x": nope}]}"#, "$.items[1].x"),
            (r#"{"\u001b[2J\u001b]0;owned\u0007": {"id": nope}}"#, "$.….id"),
            (r#"{"dear ines@mail.example": nope}"#, "$.…"),
            (r#"{"\u202egnp.exe": {"": nope}}"#, "$.….…"),
            ("nope", "$"),
            (deep.as_str(), "$.a.a.a.a.a.a.a.a.a.a.a.a.…"),
        ] {
            assert_eq!(Malformed::read::<Value>(body.as_bytes()).unwrap_err().path, path, "{body}");
        }
        let long = format!(r#"{{"{}": nope}}"#, "k".repeat(1 << 20));
        let why = Malformed::read::<Value>(long.as_bytes()).unwrap_err().to_string();
        assert!(why.len() < 200 && why.contains("$.…"), "{} bytes", why.len());
    }
}
