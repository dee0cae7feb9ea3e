//! One call over the wire: host, credentials and limits are added here and nowhere else.
//!
//! Redirects are not followed (a redirect could carry our credentials elsewhere), answers are capped, and an error
//! names the kind of failure, never a header or a body.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use deskbridge_connectors::{Answer, Connector, Read, Verb, Write};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::credentials::{Authorization, Tokens};
use crate::domain::mode::Permit;

/// An answer larger than this is cut off and counts as none: 8 MiB.
const MOST_ANSWER_BYTES: usize = 8 * 1024 * 1024;

/// The HTTP client of one account.
#[derive(Debug)]
pub(super) struct Http {
    client: reqwest::Client,
    base_url: String,
    headers: HeaderMap,
    tokens: Tokens,
}

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

impl Http {
    pub(super) fn new(
        base_url: &str,
        connector: Arc<dyn Connector>,
        timeout: Duration,
    ) -> Result<Self, reqwest::Error> {
        install_tls_provider();
        let mut builder = reqwest::Client::builder()
            .timeout(timeout)
            .connect_timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("deskbridge/", env!("CARGO_PKG_VERSION")));
        if is_loopback(base_url) {
            builder = builder.no_proxy();
        }
        let client = builder.build()?;
        let headers = connector
            .headers()
            .into_iter()
            .filter_map(|(name, value)| {
                Some((HeaderName::try_from(name).ok()?, HeaderValue::from_str(&value).ok()?))
            })
            .collect();
        Ok(Self {
            client,
            base_url: base_url.trim_end_matches('/').to_owned(),
            headers,
            tokens: Tokens::new(connector),
        })
    }

    /// How far the way to the platform goes, where a call to it got no answer.
    pub(super) async fn where_it_ends(&self) -> super::contact::NoContact {
        super::contact::where_it_ends(&self.base_url).await
    }

    pub(super) async fn read(&self, read: &Read) -> Result<Answer, NoAnswer> {
        let method = if read.search.is_some() { Method::POST } else { Method::GET };
        self.exchange(method, read.path.as_str(), read.search.as_ref()).await
    }

    /// Sends a write. The permit is not looked at: holding one is the point.
    pub(super) async fn write(&self, _permit: &Permit, write: &Write) -> Result<Answer, NoAnswer> {
        let method = match write.verb {
            Verb::Put => Method::PUT,
            Verb::Post => Method::POST,
            Verb::Delete => Method::DELETE,
        };
        self.exchange(method, write.path.as_str(), Some(&write.body)).await
    }

    /// A token that the platform does not accept any more is fetched anew, once.
    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<Answer, NoAnswer> {
        let authorization = self.tokens.current(self).await?;
        let answer = self.once(method.clone(), path, body, &authorization).await?;
        if answer.status != 401 || !self.tokens.can_refresh() {
            return Ok(answer);
        }
        self.tokens.discard(&authorization).await;
        let fresh = self.tokens.current(self).await?;
        self.once(method, path, body, &fresh).await
    }

    async fn once(
        &self,
        method: Method,
        path: &str,
        body: Option<&serde_json::Value>,
        authorization: &Authorization,
    ) -> Result<Answer, NoAnswer> {
        let mut headers = self.headers.clone();
        headers.insert(AUTHORIZATION, authorization.header());
        self.send(method, path, headers, body).await
    }

    /// Asks the token endpoint, which takes no `Authorization`.
    pub(super) async fn post_unauthenticated(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<Answer, NoAnswer> {
        self.send(Method::POST, path, HeaderMap::new(), Some(body)).await
    }

    async fn send(
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
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, body: capped(response).await? })
    }
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
