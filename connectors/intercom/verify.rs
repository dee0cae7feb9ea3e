//! Whether a notification is authentic, fresh and ours, and what it says.
//!
//! The signature covers the body alone, without a timestamp, and one client secret serves every workspace that
//! installed the app: so freshness and the workspace are checked inside the signed body, after the signature.
//! <https://developers.intercom.com/docs/webhooks/webhook-notifications>

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Intercom;
use super::wire::{Author, Item, Notification, timestamp};
use crate::delivery::{
    Content, Delivery, DeliveryKey, Malformed, Notice, NoticeKind, Rejected, Verified, VerifiedDelivery,
};
use crate::signature;
use crate::ticket::{RemoteId, TicketId};

/// The header with `sha1=<40 hex>`. `X-Body-Signature` (SHA-256) belongs to other kinds of calls.
pub(super) const SIGNATURE: &str = "x-hub-signature";

/// What tells our deliveries from other platforms'.
pub(crate) const PROOF_HEADERS: &[&str] = &[SIGNATURE];

/// A throttled notification comes up to two hours late and keeps its first time; a day leaves room for an outage.
pub(super) const PAST: Duration = Duration::from_secs(24 * 60 * 60);

/// How far the platform's clock may run ahead of ours.
pub(super) const FUTURE: Duration = Duration::from_secs(10 * 60);

/// What stands before the id of a ticket, because conversations and tickets count separately in the API's paths.
pub(super) const TICKET: &str = "ticket-";

/// Signature, workspace, freshness, content: in this order.
pub(super) fn verify(account: &Intercom, delivery: &Delivery, now: Timestamp) -> Result<Verified, Rejected> {
    let secret_index = matching(account, delivery).ok_or(Rejected::BadSignature)?;

    let digest = || DeliveryKey::new(format!("sha256:{}", hex::encode(Sha256::digest(&delivery.body))));
    let kept = |key: DeliveryKey, content| {
        Ok(Verified::Delivery(VerifiedDelivery::new(delivery, key, content, secret_index)))
    };
    let body: Value = match Malformed::read(&delivery.body) {
        Ok(body) => body,
        Err(malformed) => return kept(digest(), Content::Malformed(malformed)),
    };
    let id = body.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
    let key = || id.map_or_else(digest, DeliveryKey::new);
    let is_ping = body.get("topic").and_then(Value::as_str) == Some("ping");
    match body.get("app_id").and_then(Value::as_str) {
        None if is_ping => return Ok(Verified::Handshake),
        Some(app) if app == account.app_id => {}
        Some(_) => return Err(Rejected::WrongAccount),
        None => {
            return kept(
                key(),
                Content::Malformed(Malformed::new("$.app_id", "the workspace's id was expected")),
            );
        }
    }
    if is_ping {
        return Ok(Verified::Handshake);
    }
    // A repeat keeps the first time and counts attempts inside the body. A time that is left out is signed as left
    // out; then only the id tells a repeat.
    let time = |key: &&str| body.get(*key).and_then(Value::as_i64).filter(|seconds| *seconds > 0);
    let sent = timestamp(["first_sent_at", "created_at"].iter().find_map(time));
    if sent.is_some_and(|sent| !is_fresh(sent, now, account.tolerance)) {
        return Err(Rejected::Stale);
    }
    match read(&delivery.body) {
        Ok(None) => Ok(Verified::Handshake),
        Ok(Some(_)) if id.is_none() => {
            kept(digest(), Content::Malformed(Malformed::new("$.id", "the notification's id was expected")))
        }
        Ok(Some(notice)) => kept(key(), Content::Notice(notice)),
        Err(malformed) => kept(key(), Content::Malformed(malformed)),
    }
}

/// Which secret signed the body. The tag is compared in constant time.
fn matching(account: &Intercom, delivery: &Delivery) -> Option<usize> {
    let text = signature::single(&delivery.headers, SIGNATURE)?.strip_prefix("sha1=")?;
    let mut tag = [0; 20];
    hex::decode_to_slice(text, &mut tag).ok()?;
    signature::matching_sha1(&account.secrets, &[&delivery.body], &tag)
}

/// Whether a signed time lies within the window; the settings may widen it, never narrow it below what the
/// platform's own delays need.
fn is_fresh(sent: Timestamp, now: Timestamp, tolerance: Duration) -> bool {
    let age = now.duration_since(sent);
    if age.is_negative() {
        age.unsigned_abs() <= FUTURE.max(tolerance)
    } else {
        age.unsigned_abs() <= PAST.max(tolerance)
    }
}

/// What an authentic body says; `None` for topics that are about no conversation and no ticket.
pub(super) fn read(body: &[u8]) -> Result<Option<Notice>, Malformed> {
    let notification: Notification = Malformed::read(body)?;
    let kind = match notification.topic.as_str() {
        "conversation.user.created" | "ticket.created" => NoticeKind::Created,
        "conversation.user.replied" | "ticket.contact.replied" => NoticeKind::CustomerReplied,
        _ => NoticeKind::Other,
    };
    let item = &notification.data.item;
    let about_ticket = notification.topic.starts_with("ticket.");
    let about_conversation = notification.topic.starts_with("conversation.")
        || notification.topic.starts_with("conversation_part.");
    // The item of a part's topic may be the part itself, which names its conversation.
    let id = match item.kind.as_deref() {
        Some("conversation" | "ticket") | None => &item.id,
        _ => &item.conversation_id,
    };
    // `ticket_id` is the number people see; the API does not know it.
    let id = RemoteId::from_json(id).filter(|id| id.0.bytes().all(|b| b.is_ascii_digit()));
    let ticket = match id {
        Some(id) if about_ticket => TicketId::new(format!("{TICKET}{id}")),
        Some(id) if about_conversation => TicketId::new(id.0),
        None if kind != NoticeKind::Other => {
            return Err(Malformed::new("$.data.item.id", "a conversation's or ticket's id was expected"));
        }
        _ => return Ok(None),
    };
    let ticket = ticket.map_err(|reason| Malformed::new("$.data.item.id", reason))?;
    Ok(Some(Notice { kind, ticket, actor: actor(item), occurred_at: timestamp(notification.created_at) }))
}

/// Who caused it: the author of the last part that came along, or of the first message where none did. Attribute
/// writes come back as a bot's, whoever made them, so this filters some echoes and proves nothing.
fn actor(item: &Item) -> Option<RemoteId> {
    let source = || item.source.as_ref().and_then(|source| source.author.as_ref());
    let author: Option<&Author> = match item.parts().last() {
        Some(part) => part.author.as_ref(),
        None => source(),
    };
    author.and_then(|author| RemoteId::from_json(&author.id))
}
