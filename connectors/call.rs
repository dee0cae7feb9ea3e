//! One outgoing request as a value, its answer, and what an exchange says after each answer.
//!
//! A call carries a path, never a host and never a secret: the driver adds both, so that nothing read from a
//! payload can send our credentials elsewhere. [`Next`] defaults to reads, so an exchange that must not change
//! anything cannot even express a write.

use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A path with an optional query, always starting with `/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathAndQuery(String);

impl PathAndQuery {
    /// A path made of text the connector wrote and ids that were checked.
    ///
    /// # Panics
    /// Never on outside input: connectors build paths from literals, [`crate::TicketId`]s and numeric ids.
    pub fn new(path: impl Into<String>) -> Self {
        let path = path.into();
        debug_assert!(path.starts_with('/') && !path.starts_with("//"), "a path starts with one slash");
        Self(path)
    }

    /// The same-host path of an absolute or relative link that a platform sent for paging; `None` when it
    /// points at another host than `base_url`.
    pub fn from_link(link: &str, base_url: &str) -> Option<Self> {
        let path = link.strip_prefix(base_url).unwrap_or(link);
        (path.starts_with('/') && !path.starts_with("//")).then(|| Self(path.to_owned()))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PathAndQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A request that changes nothing: a GET, or a search whose question does not fit into a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// Where.
    pub path: PathAndQuery,
    /// A search's question, sent by POST as the platform wants it.
    pub search: Option<serde_json::Value>,
}

impl Read {
    /// A GET of `path`.
    pub fn get(path: impl Into<String>) -> Self {
        Self { path: PathAndQuery::new(path), search: None }
    }

    /// A search at `path`.
    pub fn search(path: impl Into<String>, question: serde_json::Value) -> Self {
        Self { path: PathAndQuery::new(path), search: Some(question) }
    }

    /// The method it is sent with.
    pub const fn method(&self) -> &'static str {
        if self.search.is_some() { "POST" } else { "GET" }
    }
}

/// How a write is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verb {
    /// PUT.
    Put,
    /// POST.
    Post,
    /// DELETE.
    Delete,
}

impl Verb {
    /// The method's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// A request that changes something. Sending one takes a permit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Write {
    /// The method.
    pub verb: Verb,
    /// Where.
    pub path: PathAndQuery,
    /// The JSON body.
    pub body: serde_json::Value,
}

/// Either kind of request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Changes nothing.
    Read(Read),
    /// Changes something.
    Write(Write),
}

/// What a platform answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, within the size cap.
    pub body: Bytes,
}

impl Answer {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON, where it is JSON.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Returns the pause that `Retry-After` asks for, at most a day: a number of seconds, or a
    /// date, which is compared with the answer's own `Date`. `None` where there is no such header
    /// or it is neither. <https://www.rfc-editor.org/rfc/rfc9110#field.retry-after>
    pub fn retry_after(&self) -> Option<Duration> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        match text.parse::<f64>() {
            Ok(s) => (s.is_finite() && s >= 0.0).then(|| Duration::from_secs_f64(s.min(86_400.0))),
            Err(_) => {
                let pause = http_date(text)?.duration_since(self.answered_at()?);
                Some(Duration::try_from(pause).unwrap_or_default().min(LONGEST_RETRY))
            }
        }
    }

    /// Returns when the platform answered, by its own clock: `Date`.
    pub(crate) fn answered_at(&self) -> Option<Timestamp> {
        http_date(self.headers.get(DATE)?.to_str().ok()?)
    }
}

/// The longest pause that a `Retry-After` is read as.
const LONGEST_RETRY: Duration = Duration::from_secs(86_400);

/// Reads a date as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text.trim()).ok().map(|at| at.timestamp())
}

/// What to do after the answers so far.
#[derive(Clone, Debug, PartialEq)]
pub enum Next<T, C = Read> {
    /// Send this and come back with its answer.
    Send(C),
    /// Finished.
    Done(T),
    /// Not now.
    Later(Later),
    /// Not ever, in this form.
    Refused(Refusal),
}

/// An exchange that goes on or ends without a result: what its parts hand up early, whatever it is to bring.
pub(crate) type Stop = Next<Infallible>;

impl Stop {
    /// The same for an exchange that would bring a `T`.
    pub(crate) fn of<T>(self) -> Next<T> {
        match self {
            Next::Send(call) => Next::Send(call),
            Next::Done(never) => match never {},
            Next::Later(later) => Next::Later(later),
            Next::Refused(refusal) => Next::Refused(refusal),
        }
    }
}

/// Why an exchange stops for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later {
    /// The platform is at its limit and says so (429, or 503 with `Retry-After`). Not counted as an attempt.
    Busy {
        /// How long it asks us to wait.
        after: Option<Duration>,
    },
    /// It failed (5xx, timeouts, answers that are no JSON). Counted as an attempt.
    Failed,
}

/// Why an exchange cannot succeed as it stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// The platform does not accept our credentials (401, 403): the account's trouble, not the delivery's.
    Credentials,
    /// The ticket is not there any more (404, 410).
    Gone,
    /// Somebody changed the ticket between our look and our write: look and decide again.
    Moved,
    /// The platform cannot do this at all.
    Unsupported(String),
    /// The platform rejects the request (400, 422); says which part, never quoting ticket text.
    Invalid(String),
}

/// The calls of one kind that a platform allows an account in a window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The calls, whoever makes them.
    pub calls: u32,
    /// The window.
    pub window: Duration,
}

/// How much of the account's budget is left, from an answer's own headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Calls allowed in the current window.
    pub limit: u32,
    /// Calls left in it.
    pub remaining: u32,
    /// When the window ends, from now.
    pub reset: Option<Duration>,
}

/// What an answer to one list of an account's names says: `Ok(true)` to be read, `Ok(false)` for a list that this
/// account does not give us (403, 404, 410: a role that may not list agents, a plan without the feature). Names that
/// are missing refuse the effects that need them and must not stop all others.
///
/// # Errors
/// The [`Next`] to return for this answer.
pub(crate) fn listed<T, C>(answer: &Answer) -> Result<bool, Next<T, C>> {
    if matches!(answer.status, 403 | 404 | 410) {
        return Ok(false);
    }
    judge(answer).map(|()| true)
}

/// What to answer when an account gave none of its lists: lost credentials where it forbade them all, else a failure
/// to repeat, because the address is no such platform's.
pub(crate) fn nothing_listed<T, C>(answers: &[Answer]) -> Next<T, C> {
    if answers.iter().all(|answer| answer.status == 403) {
        Next::Refused(Refusal::Credentials)
    } else {
        Next::Later(Later::Failed)
    }
}

/// What an answer's status alone says, the same on all platforms: `Ok` for 2xx, else how to go on.
/// 409 and 422 are left to the caller, because each platform means something else by them.
///
/// # Errors
/// The [`Next`] to return for this answer.
pub fn judge<T, C>(answer: &Answer) -> Result<(), Next<T, C>> {
    match answer.status {
        200..=299 => Ok(()),
        401 | 403 => Err(Next::Refused(Refusal::Credentials)),
        404 | 410 => Err(Next::Refused(Refusal::Gone)),
        429 => Err(Next::Later(Later::Busy { after: answer.retry_after() })),
        503 if answer.retry_after().is_some() => {
            Err(Next::Later(Later::Busy { after: answer.retry_after() }))
        }
        // A redirect is not followed. It is the way's trouble (a sign-in page, an account that moved) and no ticket's fault.
        300..=399 | 408 | 409 | 425 | 500..=599 => Err(Next::Later(Later::Failed)),
        status => Err(Next::Refused(Refusal::Invalid(format!("the platform answered {status}")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absurd_retry_after_is_none_or_a_day() {
        let after = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(http::header::RETRY_AFTER, text.parse().unwrap());
            Answer { status: 429, headers, body: Bytes::new() }.retry_after()
        };
        assert_eq!(after(" 17 "), Some(Duration::from_secs(17)));
        assert_eq!(after("0.5"), Some(Duration::from_millis(500)));
        assert_eq!(after("31536000"), Some(Duration::from_secs(86_400)), "a year");
        assert_eq!(after("1e300"), Some(Duration::from_secs(86_400)));
        let dated = |at: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(DATE, "Wed, 21 Oct 2026 07:27:20 GMT".parse().unwrap());
            headers.insert(RETRY_AFTER, at.parse().unwrap());
            Answer { status: 503, headers, body: Bytes::new() }.retry_after()
        };
        assert_eq!(dated("Wed, 21 Oct 2026 07:28:00 GMT"), Some(Duration::from_secs(40)));
        assert_eq!(dated("Wed, 21 Oct 2026 07:00:00 GMT"), Some(Duration::ZERO), "it is over");
        assert_eq!(dated("Thu, 21 Oct 2027 07:28:00 GMT"), Some(Duration::from_secs(86_400)), "a year");
        assert_eq!(dated("Wed, 99 Oct 2026 07:28:00 GMT"), None);
        for none in ["-5", "NaN", "inf", "soon", "", "Wed, 21 Oct 2026 07:28:00 GMT"] {
            assert_eq!(after(none), None, "{none}");
        }
    }
}
