//! Why a delivery does not verify: the order of `verify`, with a reason at every step. It verifies nothing itself.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::PUBLIC_TEST_SECRET;
use super::verify::{SIGNATURE, TIMESTAMP};
use crate::delivery::Delivery;
use crate::diagnosis::transport::body_alone;
use crate::diagnosis::{
    Cause, Diagnosis, Finding, SENT_BUT_MISSING, apart, changed, no_single, rewritten, shape, wrong_secret,
};
use crate::secret::Secret;
use crate::signature;

const SECRET_IS: &str = "the signing secret on the webhook's own page (each webhook has another one), copied as it is and not decoded";

/// Explains what `verify` says.
pub(super) fn diagnose(
    secrets: &[Secret],
    tolerance: Duration,
    delivery: &Delivery,
    now: Timestamp,
) -> Diagnosis {
    let headers = &delivery.headers;
    let missing =
        |cause, name| no_single(headers, name).map(|why| Finding::new(cause, why, SENT_BUT_MISSING));
    let absent: Vec<Finding> =
        [missing(Cause::NoSignature, SIGNATURE), missing(Cause::NoTimestamp, TIMESTAMP)]
            .into_iter()
            .flatten()
            .collect();
    let (Some(text), Some(stamp)) =
        (signature::single(headers, SIGNATURE), signature::single(headers, TIMESTAMP))
    else {
        return Diagnosis::unproven(absent);
    };
    let Some(tag) = STANDARD.decode(text).ok().filter(|tag| tag.len() == 32) else {
        return Diagnosis::unproven(vec![Finding::new(
            Cause::Shape,
            format!("{SIGNATURE} is no base64 of the 32 bytes that HMAC-SHA256 gives: {}", shape(text)),
            "this is no signature of the platform: another product signs here, or a proxy rewrites the header",
        )]);
    };
    let signs = |body: &[u8]| signature::matching_sha256(secrets, &[stamp.as_bytes(), body], &tag).is_some();
    if signs(&delivery.body) {
        return Diagnosis::proven(vec![age(stamp, tolerance, now).unwrap_or_else(|| {
            Finding::new(Cause::Verifies, "signature and time are as they should be", "nothing")
        })]);
    }
    if let Some(how) = rewritten::search(&delivery.body, signs) {
        return Diagnosis::proven(std::iter::once(changed(&how)).chain(age(stamp, tolerance, now)).collect());
    }
    let parts = [stamp.as_bytes(), delivery.body.as_ref()];
    let public = [Secret::new(PUBLIC_TEST_SECRET)];
    if signature::matching_sha256(&public, &parts, &tag).is_some() {
        return Diagnosis::unproven(vec![Finding::new(
            Cause::WrongSecret,
            "it is signed with the public test secret, as the test button of a webhook that is not yet saved does",
            "save the webhook and test it again: then it signs with its own secret",
        )]);
    }
    let swapped = [delivery.body.as_ref(), stamp.as_bytes()];
    if signature::matching_sha256(secrets, &swapped, &tag).is_some() {
        return Diagnosis::unproven(vec![Finding::new(
            Cause::Shape,
            "the secret is right, and the body was signed before the time, as an outdated page of the manual has it",
            "whatever signs this is not the platform: sign the time first, then the body",
        )]);
    }
    if signature::matching_sha256(secrets, &[&delivery.body], &tag).is_some() {
        let remedy = "whatever signs this is not the platform: sign the time first, then the body";
        return Diagnosis::unproven(vec![body_alone(remedy)]);
    }
    Diagnosis::unproven(vec![wrong_secret(secrets.len(), SECRET_IS)])
}

fn age(stamp: &str, tolerance: Duration, now: Timestamp) -> Option<Finding> {
    match stamp.parse::<Timestamp>() {
        Ok(at) => apart(at, now, tolerance, tolerance),
        Err(_) => Some(Finding::new(
            Cause::Stale,
            format!("the secret is right, and {TIMESTAMP} holds no time such as 2026-11-20T10:00:30Z"),
            "whatever signs this is not the platform: sign the time in UTC, as RFC 3339 writes it",
        )),
    }
}
