//! Whether a Freshdesk delivery is authentic: our own app's signature, else a shared token, else basic authentication.
//!
//! The platform signs nothing (a webhook's dialog offers custom headers and a password, no more), so the strongest
//! proof that is configured decides, and the strongest one that is *present* is never rescued by a weaker one. It
//! never compares a secret in a time that depends on how much of it was right.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::Freshdesk;
use super::wire::{Event, Happened};
use crate::delivery::{Content, Delivery, DeliveryKey, Rejected, Verified, VerifiedDelivery};
use crate::secret::Secret;
use crate::signature;

/// Carries `v1=<hex HMAC-SHA256(secret, timestamp + "." + body)>`; set by the app in `app/`.
pub(super) const SIGNATURE: &str = "x-bridge-signature";
/// Carries the seconds since the Unix epoch that are part of what is signed.
pub(super) const TIMESTAMP: &str = "x-bridge-timestamp";

/// What tells our deliveries from other platforms': the app's headers. A shared token has a header of the settings' own.
pub(crate) const PROOF_HEADERS: &[&str] = &[SIGNATURE, TIMESTAMP];

/// How long two unsigned notices of one kind about one ticket count as the same. The platform repeats an
/// unaccepted webhook after 5, 30 and 60 minutes with nothing in it that tells a repetition from a new event.
const BUCKET_SECONDS: i64 = 10 * 60;

/// Which configured secret matched, and the time that was signed with it.
struct Proof {
    secret_index: usize,
    signed_at: Option<i64>,
}

/// Checks the raw bytes, then reads them.
pub(super) fn verify(desk: &Freshdesk, delivery: &Delivery, now: Timestamp) -> Result<Verified, Rejected> {
    let proof = prove(desk, delivery, now)?;
    let (key, content) = match Happened::read(&delivery.body) {
        Ok(happened) => {
            let key = key(&happened, proof.signed_at, now);
            (key, Content::Notice(happened.notice()))
        }
        // Nothing can be told from it but that it is the same body again.
        Err(malformed) => {
            let digest = hex::encode(Sha256::digest(&delivery.body));
            (DeliveryKey::new(format!("malformed:{digest}")), Content::Malformed(malformed))
        }
    };
    Ok(Verified::Delivery(VerifiedDelivery::new(delivery, key, content, proof.secret_index)))
}

/// The key of a delivery, on a platform that has no event ids. A ticket is created once, so that one lasts for ever.
/// Anything else is told apart by when it came: never by its body, because a template that holds ids alone repeats.
fn key(happened: &Happened, signed_at: Option<i64>, now: Timestamp) -> DeliveryKey {
    let ticket = &happened.ticket;
    let word = match &happened.event {
        Event::Created => return DeliveryKey::new(format!("created:{ticket}")),
        // Messages of a chat come seconds apart, and each may be what the ticket is about. A
        // repetition finds that nothing is new and changes nothing.
        Event::CustomerReplied if signed_at.is_none() => {
            return DeliveryKey::new(format!("replied:{ticket}:{}", now.as_millisecond()));
        }
        Event::CustomerReplied => "replied",
        Event::Other(word) => word.as_str(),
        // Simple content says nothing of the event: the rule we recommend runs on creation, and a rule that runs on
        // changes too must not be silenced for ever. That a version was decided before is the second net.
        Event::Untold => "untold",
    };
    match signed_at {
        Some(seconds) => {
            // The body's own time is finer, and stays the same in a repetition.
            let finer = happened.at.filter(|_| happened.event == Event::CustomerReplied);
            let finer = finer.map(|at| format!(".{}", at.as_millisecond())).unwrap_or_default();
            DeliveryKey::new(format!("{word}:{ticket}:at{seconds}{finer}"))
        }
        None => {
            let bucket = now.as_second().div_euclid(BUCKET_SECONDS);
            DeliveryKey::new(format!("{word}:{ticket}:{bucket}"))
        }
    }
}

fn prove(desk: &Freshdesk, delivery: &Delivery, now: Timestamp) -> Result<Proof, Rejected> {
    if delivery.headers.contains_key(SIGNATURE) && !desk.secrets.is_empty() {
        return signed(desk, delivery, now);
    }
    if let Some(header) = desk.token_header.as_ref().filter(|header| delivery.headers.contains_key(*header)) {
        let candidate =
            signature::single(&delivery.headers, header.as_str()).ok_or(Rejected::BadSignature)?;
        let at = position(&desk.tokens, candidate.as_bytes()).ok_or(Rejected::BadSignature)?;
        return Ok(Proof { secret_index: desk.secrets.len() + at, signed_at: None });
    }
    let basic = desk.basic.as_ref().ok_or(Rejected::BadSignature)?;
    let header = signature::single(&delivery.headers, "authorization").ok_or(Rejected::BadSignature)?;
    let (scheme, encoded) = header.split_once(' ').ok_or(Rejected::BadSignature)?;
    let pair = STANDARD.decode(encoded.trim()).map_err(|_| Rejected::BadSignature)?;
    if scheme.eq_ignore_ascii_case("basic") && basic.equals(&pair) {
        return Ok(Proof { secret_index: desk.secrets.len() + desk.tokens.len(), signed_at: None });
    }
    Err(Rejected::BadSignature)
}

fn signed(desk: &Freshdesk, delivery: &Delivery, now: Timestamp) -> Result<Proof, Rejected> {
    let header = signature::single(&delivery.headers, SIGNATURE).ok_or(Rejected::BadSignature)?;
    let stamp = signature::single(&delivery.headers, TIMESTAMP).ok_or(Rejected::BadSignature)?;
    let tag =
        header.strip_prefix("v1=").and_then(|tag| hex::decode(tag).ok()).ok_or(Rejected::BadSignature)?;
    let parts: [&[u8]; 3] = [stamp.as_bytes(), b".", &delivery.body];
    let secret_index =
        signature::matching_sha256(&desk.secrets, &parts, &tag).ok_or(Rejected::BadSignature)?;

    // The signature is right, so the stamp is the app's own: from here on it can only be too old or too new.
    let fits = !stamp.is_empty() && stamp.len() <= 12 && stamp.bytes().all(|b| b.is_ascii_digit());
    let seconds = stamp.parse::<i64>().ok().filter(|_| fits).ok_or(Rejected::Stale)?;
    let apart =
        Timestamp::from_second(seconds).map_err(|_| Rejected::Stale)?.duration_since(now).unsigned_abs();
    if apart > desk.tolerance {
        return Err(Rejected::Stale);
    }
    Ok(Proof { secret_index, signed_at: Some(seconds) })
}

/// Which token it is. All of them are compared, so that the time does not tell which one came close.
fn position(tokens: &[Secret], candidate: &[u8]) -> Option<usize> {
    tokens.iter().enumerate().fold(None, |found, (at, token)| {
        let matches = token.equals(candidate);
        found.or(matches.then_some(at))
    })
}
