//! Who we are to a platform: a fixed header, or a short-lived token that is fetched, kept and renewed early.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use deskbridge_connectors::{Answer, Auth, Connector};
use http::HeaderValue;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::Bearer;
use super::wire::{NoAnswer, Wire};

/// A token without `expires_in` is renewed after this long all the same.
const UNSTATED_LIFE: Duration = Duration::from_secs(30 * 60);

/// The credentials of one account.
#[derive(Debug)]
pub(super) struct Tokens {
    /// Asked each time, because its secrets may have been replaced.
    connector: Arc<dyn Connector>,
    current: Mutex<Option<Token>>,
}

#[derive(Clone, Debug)]
struct Token {
    bearer: Bearer,
    renew_at: Instant,
}

/// What goes into the `Authorization` header.
#[derive(Clone, Debug)]
pub(super) struct Authorization(Bearer);

impl Authorization {
    /// The header's value, marked so that no debug output shows it. A credential that no header can carry gives an
    /// empty one, which the platform answers with 401.
    pub(super) fn header(&self) -> HeaderValue {
        let mut value = HeaderValue::from_str(self.0.expose()).unwrap_or(HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }
}

impl Tokens {
    pub(super) fn new(connector: Arc<dyn Connector>) -> Self {
        Self { connector, current: Mutex::new(None) }
    }

    /// Whether a 401 may be cured by a new token.
    pub(super) fn can_refresh(&self) -> bool {
        matches!(self.connector.auth(), Auth::ClientCredentials { .. })
    }

    /// The authorization to send now; fetches or renews a token where one is needed. Callers that come at the same
    /// moment share one fetch.
    pub(super) async fn current(&self, wire: &Wire) -> Result<Authorization, NoAnswer> {
        match self.connector.auth() {
            Auth::Basic { user, password } => {
                let pair = format!("{}:{}", user.expose(), password.expose());
                let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
                Ok(Authorization(Bearer::new(format!("Basic {encoded}"))))
            }
            Auth::Bearer(token) => Ok(bearer(&token)),
            Auth::ClientCredentials { path, client_id, client_secret, scope } => {
                let mut current = self.current.lock().await;
                if let Some(token) = current.as_ref().filter(|token| Instant::now() < token.renew_at) {
                    return Ok(bearer(&token.bearer));
                }
                let form = serde_json::json!({
                    "grant_type": "client_credentials",
                    "client_id": client_id,
                    "client_secret": client_secret.expose(),
                    "scope": scope,
                });
                let answer = wire.post_unauthenticated(path, &form).await?;
                let token = read_token(&answer).ok_or_else(|| no_token(&answer))?;
                let authorization = bearer(&token.bearer);
                *current = Some(token);
                Ok(authorization)
            }
        }
    }

    /// Forgets the token that was just refused, unless somebody has renewed it meanwhile.
    pub(super) async fn discard(&self, refused: &Authorization) {
        let mut current = self.current.lock().await;
        if current.as_ref().is_some_and(|token| bearer(&token.bearer).0.expose() == refused.0.expose()) {
            *current = None;
        }
    }
}

fn bearer(token: &Bearer) -> Authorization {
    Authorization(Bearer::new(format!("Bearer {}", token.expose())))
}

/// Why there is no token. A client that is refused (RFC 6749 §5.2) is the account's trouble, not a delivery's.
fn no_token(answer: &Answer) -> NoAnswer {
    match (answer.status, answer.retry_after()) {
        (400 | 401 | 403, _) => NoAnswer::ClientRefused(answer.status),
        (429, after) | (503, after @ Some(_)) => NoAnswer::TokenBusy(after),
        (status, _) => NoAnswer::NoToken(status),
    }
}

/// Reads `{access_token, expires_in}` (RFC 6749 §5.1). Renewed after four fifths of its life.
fn read_token(answer: &Answer) -> Option<Token> {
    if !answer.is_success() {
        return None;
    }
    let json = answer.json()?;
    let bearer = Bearer::new(json.get("access_token")?.as_str()?);
    let life =
        json.get("expires_in").and_then(serde_json::Value::as_u64).map_or(UNSTATED_LIFE, Duration::from_secs);
    (!bearer.is_empty()).then(|| Token { bearer, renew_at: Instant::now() + life.mul_f64(0.8) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, retry_after: Option<&str>, expected: NoAnswer) {
        let mut headers = http::HeaderMap::new();
        if let Some(seconds) = retry_after {
            headers.insert(http::header::RETRY_AFTER, seconds.parse().unwrap());
        }
        assert_eq!(no_token(&Answer { status, headers, body: bytes::Bytes::new() }), expected, "{status}");
    }

    #[test]
    fn a_refused_client_a_busy_endpoint_and_a_broken_one_are_told_apart() {
        check(401, None, NoAnswer::ClientRefused(401));
        check(400, None, NoAnswer::ClientRefused(400));
        check(429, Some("7"), NoAnswer::TokenBusy(Some(Duration::from_secs(7))));
        check(429, None, NoAnswer::TokenBusy(None));
        check(503, Some("7"), NoAnswer::TokenBusy(Some(Duration::from_secs(7))));
        check(503, None, NoAnswer::NoToken(503));
        check(200, None, NoAnswer::NoToken(200));
    }
}
