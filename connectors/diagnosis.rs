//! Why a delivery does not verify, and what to do about it. Pure, like `verify`, which stays the only judge: a diagnosis
//! explains its verdict and never replaces it.
//!
//! Findings are for people's eyes and terminals: none holds a secret, a signature or a word of the body.

pub mod rewritten;
pub(crate) mod transport;

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use serde::Serialize;

/// What is the matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Nothing: it verifies.
    Verifies,
    /// It verifies, and its body cannot be read.
    Unreadable,
    /// The header that proves it is not there, or more than once.
    NoSignature,
    /// It carries the proof of another platform.
    OtherPlatform,
    /// The proof is there and has another shape than the platform gives it.
    Shape,
    /// No active secret makes the signature.
    WrongSecret,
    /// There is no body.
    EmptyBody,
    /// Its body was packed or unpacked on the way.
    Encoded,
    /// Its body has another length than its header says.
    Length,
    /// The signature is of another form of the same body.
    BodyChanged,
    /// The header with the signed time is not there, or more than once.
    NoTimestamp,
    /// Signed too long ago, too far ahead, or at no time at all.
    Stale,
    /// The secret of another account of the settings makes it.
    OtherAccount,
    /// Signed for another workspace.
    WrongWorkspace,
    /// The shared token is another one, or in another place.
    Token,
    /// User name or password of basic authentication are others.
    BasicAuth,
}

/// One thing that was found out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What is the matter.
    pub cause: Cause,
    /// The same in a sentence.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl Finding {
    /// A finding.
    pub fn new(cause: Cause, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { cause, message: message.into(), remedy: remedy.into() }
    }
}

/// Everything that was found out about one delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// Whether one of the account's secrets made the proof, whatever else is wrong.
    pub proven: bool,
    /// What is the matter, most telling first; never empty.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// Something is wrong with the proof itself.
    pub(crate) fn unproven(findings: Vec<Finding>) -> Self {
        Self { proven: false, findings }
    }

    /// The secret is right, and something else is wrong.
    pub(crate) fn proven(findings: Vec<Finding>) -> Self {
        Self { proven: true, findings }
    }
}

/// Why there is no single value of a header to check.
pub(crate) fn no_single(headers: &HeaderMap, name: &str) -> Option<String> {
    match headers.get_all(name).iter().count() {
        0 => Some(format!("there is no header {name}")),
        1 if headers.get(name).is_some_and(|value| value.to_str().is_err()) => {
            Some(format!("the header {name} holds characters that are no visible ASCII"))
        }
        1 => None,
        more => {
            Some(format!("the header {name} is there {more} times, and which one counts is not guessed at"))
        }
    }
}

/// What to do when a header that the platform surely sends is not there.
pub(crate) const SENT_BUT_MISSING: &str = "a proxy may drop or double it: let it pass every header on as it is; or this is no delivery of the platform at all";

/// The time of a delivery held against our clock; `None` where it is close enough.
pub(crate) fn apart(at: Timestamp, now: Timestamp, past: Duration, future: Duration) -> Option<Finding> {
    let age = now.duration_since(at);
    let by = age.unsigned_abs();
    let (fits, word, tolerance) =
        if age.is_negative() { (by <= future, "after", future) } else { (by <= past, "before", past) };
    if fits {
        return None;
    }
    let message = format!(
        "the secret is right, and it was signed {} {word} the time of receipt; the tolerance is {}",
        span(by),
        span(tolerance)
    );
    let remedy = if age.is_negative() {
        "set this machine's clock by NTP: it is behind (or the time of receipt that you gave is)"
    } else {
        "set this machine's clock by NTP; where deliveries really come so late, widen `webhook.tolerance`; a delivery that was \
         recorded earlier is judged by the time it came with --received-at"
    };
    Some(Finding::new(Cause::Stale, message, remedy))
}

/// A duration for people, to the second.
pub fn span(of: Duration) -> String {
    let seconds = of.as_secs();
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let shown: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n} {unit}")).collect();
    if shown.is_empty() { "0 s".to_owned() } else { shown.join(" ") }
}

/// The body was changed on its way: it verifies in another form.
pub(crate) fn changed(how: &str) -> Finding {
    Finding::new(
        Cause::BodyChanged,
        format!("the secret is right, and the body is not the one that was signed: it verifies with {how}"),
        "something between the platform and here writes the body anew: let the proxy pass its bytes on untouched; if you \
         saved the body yourself, save the raw bytes",
    )
}

/// No secret makes the signature, over any form of the body that was tried.
pub(crate) fn wrong_secret(active: usize, where_from: &str) -> Finding {
    let which = match active {
        1 => "the one active secret does not make".to_owned(),
        2 => "neither of the 2 active secrets makes".to_owned(),
        more => format!("none of the {more} active secrets makes"),
    };
    Finding::new(
        Cause::WrongSecret,
        format!(
            "{which} this signature, over the body as it is or written in the other ways that were tried"
        ),
        format!(
            "compare `webhook.secrets` with {where_from}; if it is right, compare the body byte by byte with what was sent"
        ),
    )
}

/// What text that should be an encoded digest looks like instead.
pub(crate) fn shape(text: &str) -> String {
    let bare = text.trim();
    if let Some((prefix, _)) = bare.split_once('=').filter(|(prefix, rest)| {
        !rest.is_empty()
            && rest != &"="
            && prefix.len() <= 8
            && prefix.bytes().all(|b| b.is_ascii_alphanumeric())
    }) {
        return format!("it begins with `{prefix}=`");
    }
    let hex = bare.bytes().all(|b| b.is_ascii_hexdigit());
    match bare.len() {
        0 => "it is empty".to_owned(),
        40 if hex => "it is 40 hex digits, as SHA-1 gives".to_owned(),
        64 if hex => "it is 64 hex digits, as SHA-256 gives".to_owned(),
        length => format!("it has {length} characters"),
    }
}
