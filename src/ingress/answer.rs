//! Everything the door can answer: the status, the word for it in metrics, and the headers that go with it.
//!
//! Answers carry no body: whoever knocks learns nothing that the status does not say.

use bytes::Bytes;
use deskbridge_connectors::Rejected;
use http::{HeaderValue, Response, StatusCode, Version, header};
use http_body_util::Empty;

use super::listener::RETRY_AFTER_SECONDS;
use crate::store::Accepted;

/// How a request was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Kept, known or set aside: the platform need not send it again.
    Accepted(Accepted),
    /// Authentic, with nothing to keep.
    Handshake,
    /// `HEAD` for a configured account.
    Present,
    /// Not authentic.
    Rejected(Rejected),
    /// The account takes no deliveries from this address.
    Elsewhere,
    /// The path names an account that is not configured.
    UnknownAccount,
    /// Any other path.
    NotFound,
    /// Any other method.
    MethodNotAllowed,
    /// The body is larger than the cap.
    TooLarge,
    /// The body is compressed; signatures are over plain bytes and none of the platforms compresses.
    Encoded,
    /// The body did not arrive in time.
    Timeout,
    /// The connection ended before the body did; hardly anybody reads this answer.
    Incomplete,
    /// More is in progress than we take in.
    Busy,
    /// The store cannot be used or does not answer.
    Unavailable,
    /// We panicked.
    Panicked,
}

impl Answer {
    /// The status line. Never 500.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Accepted(_) | Self::Handshake | Self::Present => StatusCode::OK,
            Self::Rejected(_) => StatusCode::UNAUTHORIZED,
            Self::Elsewhere => StatusCode::FORBIDDEN,
            Self::UnknownAccount | Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Encoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::Incomplete => StatusCode::BAD_REQUEST,
            Self::Busy | Self::Unavailable | Self::Panicked => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The metric's `outcome`.
    pub(super) fn outcome(self) -> &'static str {
        match self {
            Self::Accepted(Accepted::New) => "stored",
            Self::Accepted(Accepted::Known) => "known",
            Self::Accepted(Accepted::Dead) => "dead",
            Self::Handshake => "handshake",
            Self::Present => "present",
            Self::Rejected(Rejected::BadSignature) => "bad_signature",
            Self::Rejected(Rejected::Stale) => "stale",
            Self::Rejected(Rejected::WrongAccount) => "wrong_account",
            Self::Elsewhere => "elsewhere",
            Self::UnknownAccount => "unknown_account",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::TooLarge => "too_large",
            Self::Encoded => "encoded",
            Self::Timeout => "timeout",
            Self::Incomplete => "incomplete",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
            Self::Panicked => "panicked",
        }
    }

    /// Returns true if the request was refused for what it is. Pressure, and trouble of our own, refuse nobody.
    pub(super) fn is_refusal(self) -> bool {
        self.status().is_client_error()
    }

    /// Returns the answer as it goes over the wire. `last` says that the connection takes no further request.
    pub(super) fn response(self, version: Version, last: bool) -> Response<Empty<Bytes>> {
        let mut response = Response::new(Empty::new());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        match self.status() {
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                headers.insert(header::ALLOW, HeaderValue::from_static("HEAD, POST"));
            }
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                // RFC 9110, 15.5.16: says which encodings would have been read.
                headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            }
            _ => {}
        }
        // HTTP/2 ends with a frame of its own, and forbids the header.
        if last && version < Version::HTTP_2 {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
