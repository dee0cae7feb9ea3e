//! HMAC over raw bytes, against several active secrets, in constant time.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

use crate::secret::Secret;

/// HMAC-SHA256 of the parts, one after the other.
pub fn hmac_sha256(key: &Secret, parts: &[&[u8]]) -> Vec<u8> {
    keyed_sha256(key, parts).finalize().into_bytes().to_vec()
}

/// HMAC-SHA1 of the parts, one after the other.
pub fn hmac_sha1(key: &Secret, parts: &[&[u8]]) -> Vec<u8> {
    keyed_sha1(key, parts).finalize().into_bytes().to_vec()
}

/// Which secret makes `tag` over the parts with HMAC-SHA256, counted from 0. Empty secrets never match.
pub fn matching_sha256(secrets: &[Secret], parts: &[&[u8]], tag: &[u8]) -> Option<usize> {
    secrets.iter().position(|key| !key.is_empty() && keyed_sha256(key, parts).verify_slice(tag).is_ok())
}

/// Which secret makes `tag` over the parts with HMAC-SHA1, counted from 0. Empty secrets never match.
pub fn matching_sha1(secrets: &[Secret], parts: &[&[u8]], tag: &[u8]) -> Option<usize> {
    secrets.iter().position(|key| !key.is_empty() && keyed_sha1(key, parts).verify_slice(tag).is_ok())
}

/// The one value of a header; `None` when it is missing, repeated or no visible ASCII. A repeated signature
/// header is refused rather than guessed at.
pub fn single<'a>(headers: &'a http::HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.next().is_some() {
        return None;
    }
    first.to_str().ok()
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn keyed_sha256(key: &Secret, parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).expect("any key length");
    parts.iter().for_each(|part| mac.update(part));
    mac
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn keyed_sha1(key: &Secret, parts: &[&[u8]]) -> Hmac<Sha1> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key.expose().as_bytes()).expect("any key length");
    parts.iter().for_each(|part| mac.update(part));
    mac
}
