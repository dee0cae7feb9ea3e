//! Sends the calls of one account: credentials are added here and nowhere else.

use std::sync::Arc;
use std::time::Duration;

use deskbridge_connectors::{Answer, Connector, Read, Verb, Write};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::credentials::{Authorization, Tokens};
use super::wire::{NoAnswer, Wire};
use crate::domain::mode::Permit;

/// The HTTP client of one account.
#[derive(Debug)]
pub(super) struct Http {
    wire: Wire,
    headers: HeaderMap,
    tokens: Tokens,
}

impl Http {
    pub(super) fn new(
        base_url: &str,
        connector: Arc<dyn Connector>,
        timeout: Duration,
    ) -> Result<Self, reqwest::Error> {
        let headers = connector
            .headers()
            .into_iter()
            .filter_map(|(name, value)| {
                Some((HeaderName::try_from(name).ok()?, HeaderValue::from_str(&value).ok()?))
            })
            .collect();
        Ok(Self { wire: Wire::new(base_url, timeout)?, headers, tokens: Tokens::new(connector) })
    }

    /// Returns the address of the platform, without a trailing slash.
    pub(super) fn base_url(&self) -> &str {
        self.wire.base_url()
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
        let authorization = self.tokens.current(&self.wire).await?;
        let answer = self.once(method.clone(), path, body, &authorization).await?;
        if answer.status != 401 || !self.tokens.can_refresh() {
            return Ok(answer);
        }
        self.tokens.discard(&authorization).await;
        let fresh = self.tokens.current(&self.wire).await?;
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
        self.wire.send(method, path, headers, body).await
    }
}
