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
            let at = error.path().to_string();
            let path = if at == "." { "$".to_owned() } else { format!("$.{at}") };
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
