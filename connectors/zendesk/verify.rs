//! Whether a delivery is authentic, and which ticket it is about.
//!
//! Two kinds of webhook arrive at one address: *event* webhooks with the vendor's envelope, and *trigger* webhooks
//! with a body an admin typed. Both are signed alike over timestamp and raw body
//! (<https://developer.zendesk.com/documentation/webhooks/verifying/>). Nothing is parsed before the signature
//! matched, and no field but the ones named in the README is guessed at.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::messaging;
use super::wire::{Envelope, Probe, Said, Trigger, digits, ticket_id};
use crate::delivery::{
    Content, Delivery, DeliveryKey, Malformed, Notice, NoticeKind, Rejected, Verified, VerifiedDelivery,
};
use crate::secret::Secret;
use crate::signature;
use crate::ticket::RemoteId;

pub(super) const SIGNATURE: &str = "x-zendesk-webhook-signature";
pub(super) const TIMESTAMP: &str = "x-zendesk-webhook-signature-timestamp";
/// What tells our deliveries from other platforms'.
pub(crate) const PROOF_HEADERS: &[&str] = &[SIGNATURE, TIMESTAMP];
/// Not covered by the signature; good enough to recognise a repeat, and for nothing else.
const INVOCATION: &str = "x-zendesk-webhook-invocation-id";

const EVENT_TYPE: &str = "zen:event-type:";
const TICKET_EVENT: &str = "zen:event-type:ticket.";

/// Checks signature, then freshness, then reads.
pub(super) fn verify(
    secrets: &[Secret],
    tolerance: Duration,
    delivery: &Delivery,
    now: Timestamp,
) -> Result<Verified, Rejected> {
    let headers = &delivery.headers;
    let signed_at = signature::single(headers, TIMESTAMP).ok_or(Rejected::BadSignature)?;
    let tag = signature::single(headers, SIGNATURE)
        .and_then(|text| STANDARD.decode(text).ok())
        .ok_or(Rejected::BadSignature)?;
    // The key is the secret as text. It looks like base64, and decoding it verifies nothing.
    let parts = [signed_at.as_bytes(), delivery.body.as_ref()];
    let index = signature::matching_sha256(secrets, &parts, &tag).ok_or(Rejected::BadSignature)?;
    let at: Timestamp = signed_at.parse().map_err(|_| Rejected::Stale)?;
    if now.duration_since(at).unsigned_abs() > tolerance {
        return Err(Rejected::Stale);
    }

    let (content, event_id) = match read(&delivery.body) {
        Ok(Said::NoTicket) => return Ok(Verified::Handshake),
        Ok(Said::Notice { notice, event_id }) => (Content::Notice(notice), event_id),
        Err(malformed) => (Content::Malformed(malformed), None),
    };
    let key = event_id
        .or_else(|| {
            let invocation = signature::single(headers, INVOCATION)?.trim();
            (!invocation.is_empty()).then(|| invocation.to_owned())
        })
        .unwrap_or_else(|| {
            let digest = Sha256::new().chain_update(parts[0]).chain_update(parts[1]).finalize();
            format!("sha256:{}", hex::encode(digest))
        });
    Ok(Verified::Delivery(VerifiedDelivery::new(delivery, DeliveryKey::new(key), content, index)))
}

/// Reads an authentic body.
pub(super) fn read(body: &[u8]) -> Result<Said, Malformed> {
    match Malformed::read::<Probe>(body)?.kind.as_deref() {
        Some(kind) if kind.starts_with(TICKET_EVENT) => event(body, &kind[TICKET_EVENT.len()..]),
        Some(messaging::MESSAGE_ADDED) => messaging::notice(body),
        Some(kind) if kind.starts_with(EVENT_TYPE) => Ok(Said::NoTicket),
        _ => trigger(body),
    }
}

fn event(body: &[u8], what: &str) -> Result<Said, Malformed> {
    let envelope: Envelope = Malformed::read(body)?;
    let ticket = ticket_id(&envelope.detail.id, "$.detail.id")?;
    let comment = envelope.event.as_ref().and_then(|event| event.comment.as_ref());
    let author = comment.and_then(|comment| comment.author.as_ref());
    let kind = match what {
        "created" => NoticeKind::Created,
        "comment_added" if comment.is_some_and(|comment| comment.is_public == Some(true)) => {
            // Older envelopes lack `is_staff`; then only the requester surely is a customer.
            let by_requester = || {
                let author = author.and_then(|author| RemoteId::from_json(&author.id));
                author.is_some() && author == RemoteId::from_json(&envelope.detail.requester_id)
            };
            let customer = match author.and_then(|author| author.is_staff) {
                Some(staff) => !staff,
                None => by_requester(),
            };
            if customer { NoticeKind::CustomerReplied } else { NoticeKind::Other }
        }
        _ => NoticeKind::Other,
    };
    let actor = RemoteId::from_json(&envelope.detail.actor_id)
        .or_else(|| author.and_then(|author| RemoteId::from_json(&author.id)));
    let occurred_at = envelope.time.as_deref().and_then(|time| time.parse().ok());
    let event_id = envelope.id.filter(|id| !id.trim().is_empty());
    Ok(Said::Notice { notice: Notice { kind, ticket, actor, occurred_at }, event_id })
}

fn trigger(body: &[u8]) -> Result<Said, Malformed> {
    let body: Trigger = Malformed::read(body)?;
    let ticket = ticket_id(&body.ticket_id, "$.ticket_id")?;
    let word: String = body.event.unwrap_or_default().to_lowercase();
    let word: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
    let kind = match word.as_str() {
        "ticketcreated" | "created" => NoticeKind::Created,
        "customerreplied" | "replied" | "commentadded" => NoticeKind::CustomerReplied,
        // A template of the id alone may hang on a trigger for updates too: like a reply it routes a ticket that was
        // never decided on, and leaves alone one that was.
        "" => NoticeKind::CustomerReplied,
        _ => NoticeKind::Other,
    };
    let actor = RemoteId::from_json(&body.actor_id).filter(|id| digits(id.as_str()));
    Ok(Said::Notice { notice: Notice { kind, ticket, actor, occurred_at: None }, event_id: None })
}
