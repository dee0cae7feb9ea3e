//! One call over the wire: host and limits are added here and nowhere else.
//!
//! Redirects are not followed (a redirect could carry our credentials elsewhere), answers are capped, and an error
//! names the kind of failure, never a header or a body.

use std::net::IpAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use deskbridge_connectors::Answer;
use http::header::{ACCEPT, CONTENT_TYPE, DATE};
use http::{HeaderMap, HeaderValue, Method};
use jiff::Timestamp;

use crate::clock::{Clock, SystemClock};

/// An answer larger than this is cut off and counts as none: 8 MiB.
const MOST_ANSWER_BYTES: usize = 8 * 1024 * 1024;

/// No usable answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoAnswer {
    #[error("the host could not be reached")]
    Unreachable,
    #[error("no answer in time")]
    Timeout,
    #[error("the connection broke")]
    Broken,
    #[error("the answer is larger than 8 MiB")]
    TooLarge,
    #[error("the token endpoint gave no token (status {0})")]
    NoToken(u16),
    #[error("the token endpoint refuses the client's id or secret (status {0})")]
    ClientRefused(u16),
    #[error("the token endpoint asks to slow down")]
    TokenBusy(Option<Duration>),
}

impl From<reqwest::Error> for NoAnswer {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::Timeout
        } else if error.is_connect() {
            Self::Unreachable
        } else {
            Self::Broken
        }
    }
}

/// The HTTP client of one host.
#[derive(Debug)]
pub(super) struct Wire {
    client: reqwest::Client,
    base_url: String,
}

impl Wire {
    /// Makes the client of a host.
    ///
    /// # Errors
    /// If the TLS set-up of this machine cannot be read.
    pub(super) fn new(base_url: &str, timeout: Duration) -> Result<Self, reqwest::Error> {
        install_tls_provider();
        let mut builder = reqwest::Client::builder()
            .timeout(timeout)
            .connect_timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("deskbridge/", env!("CARGO_PKG_VERSION")));
        if is_loopback(base_url) {
            builder = builder.no_proxy();
        }
        Ok(Self { client: builder.build()?, base_url: base_url.trim_end_matches('/').to_owned() })
    }

    /// Returns the host's address, without a trailing slash.
    pub(super) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Asks the token endpoint, which takes no `Authorization`.
    pub(super) async fn post_unauthenticated(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<Answer, NoAnswer> {
        self.send(Method::POST, path, HeaderMap::new(), Some(body)).await
    }

    /// Sends one call and reads its answer, at most 8 MiB of it.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Option<&serde_json::Value>,
    ) -> Result<Answer, NoAnswer> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base_url))
            .headers(headers)
            .header(ACCEPT, "application/json");
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let response = request.send().await?;
        let (status, mut headers) = (response.status().as_u16(), response.headers().clone());
        // A pause until a date is reckoned from the answer's own; where a proxy has dropped it, our
        // clock does.
        if !headers.contains_key(DATE) {
            headers.extend(http_date(SystemClock.now()).map(|date| (DATE, date)));
        }
        Ok(Answer { status, headers, body: capped(response).await? })
    }
}

/// Writes a time as the header `Date` has it.
fn http_date(at: Timestamp) -> Option<HeaderValue> {
    let text = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()?;
    HeaderValue::from_str(&text).ok()
}

async fn capped(mut response: reqwest::Response) -> Result<Bytes, NoAnswer> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MOST_ANSWER_BYTES {
            return Err(NoAnswer::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn is_loopback(base_url: &str) -> bool {
    let host = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    let host = host.split(['/', '?']).next().unwrap_or(host);
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// rustls wants one process-wide cryptography provider; whoever comes second finds it there.
pub(crate) fn install_tls_provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
