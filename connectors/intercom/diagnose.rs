//! Why a notification does not verify: the order of `verify`, with a reason at every step. It verifies nothing itself.

use jiff::Timestamp;
use serde_json::Value;

use super::Intercom;
use super::verify::{FUTURE, PAST, SIGNATURE};
use super::wire::timestamp;
use crate::delivery::Delivery;
use crate::diagnosis::{
    Cause, Diagnosis, Finding, SENT_BUT_MISSING, apart, changed, no_single, rewritten, shape, wrong_secret,
};
use crate::signature;

/// Signs other kinds of calls (canvas and data connectors), with SHA-256.
const OTHER_CALLS: &str = "x-body-signature";

const SECRET_IS: &str = "the client secret of the app (Developer Hub, Basic information)";

/// Explains what `verify` says.
pub(super) fn diagnose(account: &Intercom, delivery: &Delivery, now: Timestamp) -> Diagnosis {
    let headers = &delivery.headers;
    let Some(text) = signature::single(headers, SIGNATURE) else {
        let why = no_single(headers, SIGNATURE).unwrap_or_else(|| format!("{SIGNATURE} cannot be read"));
        let finding = if headers.contains_key(OTHER_CALLS) {
            let why = format!("{why}; {OTHER_CALLS} signs other calls than notifications");
            Finding::new(
                Cause::NoSignature,
                why,
                "let the app's webhook post here, and no other kind of call",
            )
        } else {
            Finding::new(Cause::NoSignature, why, SENT_BUT_MISSING)
        };
        return Diagnosis::unproven(vec![finding]);
    };
    let tag = text.strip_prefix("sha1=").and_then(|hex| {
        let mut tag = [0; 20];
        hex::decode_to_slice(hex, &mut tag).ok().map(|()| tag)
    });
    let Some(tag) = tag else {
        return Diagnosis::unproven(vec![Finding::new(
            Cause::Shape,
            format!("{SIGNATURE} is not `sha1=` and 40 hex digits: {}", shape(text)),
            "another product signs here, or a proxy rewrites the header; notifications are signed with SHA-1",
        )]);
    };
    let signs = |body: &[u8]| signature::matching_sha1(&account.secrets, &[body], &tag).is_some();
    if signs(&delivery.body) {
        let findings = inside(account, &delivery.body, now);
        return Diagnosis::proven(if findings.is_empty() {
            vec![Finding::new(
                Cause::Verifies,
                "signature, workspace and time are as they should be",
                "nothing",
            )]
        } else {
            findings
        });
    }
    if let Some(how) = rewritten::search(&delivery.body, signs) {
        let inside = inside(account, &delivery.body, now);
        return Diagnosis::proven(std::iter::once(changed(&how)).chain(inside).collect());
    }
    Diagnosis::unproven(vec![wrong_secret(account.secrets.len(), SECRET_IS)])
}

/// Workspace and time, which stand in the signed body.
fn inside(account: &Intercom, body: &[u8], now: Timestamp) -> Vec<Finding> {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return Vec::new() };
    let mut findings = Vec::new();
    if body.get("app_id").and_then(Value::as_str).is_some_and(|app| app != account.app_id) {
        findings.push(Finding::new(
            Cause::WrongWorkspace,
            "the secret is right, and the signed body names another workspace than `app_id`",
            "one app posts for every workspace that installed it: correct `app_id`, or give the other workspace an account",
        ));
    }
    let is_ping = body.get("topic").and_then(Value::as_str) == Some("ping");
    let time = |key: &&str| body.get(*key).and_then(Value::as_i64).filter(|seconds| *seconds > 0);
    let sent = timestamp(["first_sent_at", "created_at"].iter().find_map(time)).filter(|_| !is_ping);
    let (past, future) = (PAST.max(account.tolerance), FUTURE.max(account.tolerance));
    findings.extend(sent.and_then(|sent| apart(sent, now, past, future)));
    findings
}
