//! Asks the endpoint: one POST, bounded in time and size.
//!
//! Redirects are not followed (a redirect could carry the key elsewhere), and an error never quotes an answer's text, in which
//! some services repeat the key: at most it names the service's own code for what is wrong.

use std::net::IpAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use deskbridge_connectors::{Answer, Secret};
use http::HeaderValue;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde_json::Value;

/// Models on a laptop take minutes for five tickets.
const PATIENCE: Duration = Duration::from_secs(300);
/// An answer larger than this is no list of five tickets: 2 MiB.
const MOST_BYTES: usize = 2 * 1024 * 1024;

/// Why an endpoint cannot be asked at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointProblem {
    /// No address.
    #[error("--endpoint is an address such as https://llm.example/v1")]
    Shape,
    /// A password in the address.
    #[error(
        "--endpoint holds no user name or password; the key belongs in a file, named with --api-key-file"
    )]
    UserInfo,
    /// Unencrypted, and not on this machine.
    #[error("--endpoint with http:// is for this machine only; elsewhere it needs https://")]
    Unencrypted,
    /// The key has characters that no header can hold.
    #[error("the file of --api-key-file does not hold a key: one line of printable characters is expected")]
    Key,
    /// The client cannot be built.
    #[error("no HTTP client could be made; are the system's certificates there?")]
    Client,
}

/// Why no answer came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoAnswer {
    /// Worth another try.
    #[error("{what}")]
    Later { what: String, after: Option<Duration> },
    /// Another try will bring the same.
    #[error("{0}")]
    Never(String),
}

/// A service that speaks the chat completions protocol.
#[derive(Debug)]
pub struct Endpoint {
    client: reqwest::Client,
    url: reqwest::Url,
    authorization: Option<HeaderValue>,
}

impl Endpoint {
    /// The endpoint at `address`, with the key it wants.
    ///
    /// # Errors
    /// [`EndpointProblem`].
    pub fn new(address: &str, key: Option<&Secret>) -> Result<Self, EndpointProblem> {
        let url = url(address)?;
        let authorization = key.map(bearer).transpose()?;
        crate::platform::install_tls_provider();
        let mut builder = reqwest::Client::builder()
            .timeout(PATIENCE)
            .connect_timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("deskbridge/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&url) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|_| EndpointProblem::Client)?;
        Ok(Self { client, url, authorization })
    }

    pub(super) async fn ask(&self, body: &Value) -> Result<Bytes, NoAnswer> {
        let mut request = self
            .client
            .post(self.url.clone())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string());
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        let mut response = request.send().await.map_err(|error| failure(&error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(later("the answer is larger than 2 MiB", None));
            }
            body.extend_from_slice(&chunk);
        }
        judge(Answer { status, headers, body: body.freeze() })
    }
}

fn url(address: &str) -> Result<reqwest::Url, EndpointProblem> {
    let mut url: reqwest::Url = address.trim().parse().map_err(|_| EndpointProblem::Shape)?;
    if url.host_str().is_none_or(str::is_empty)
        || !matches!(url.scheme(), "http" | "https")
        || url.fragment().is_some()
    {
        return Err(EndpointProblem::Shape);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(EndpointProblem::UserInfo);
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(EndpointProblem::Unencrypted);
    }
    // A query stays: some services want their version there.
    let path = format!("{}/chat/completions", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

fn bearer(key: &Secret) -> Result<HeaderValue, EndpointProblem> {
    if key.is_empty() {
        return Err(EndpointProblem::Key);
    }
    let text = format!("Bearer {}", key.expose());
    let mut value = HeaderValue::from_str(&text).map_err(|_| EndpointProblem::Key)?;
    value.set_sensitive(true);
    Ok(value)
}

fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn failure(error: &reqwest::Error) -> NoAnswer {
    let what = match error {
        error if error.is_timeout() => "no answer in time",
        error if error.is_connect() => "the endpoint could not be reached",
        _ => "the connection broke",
    };
    later(what, None)
}

fn later(what: &str, after: Option<Duration>) -> NoAnswer {
    NoAnswer::Later { what: what.to_owned(), after }
}

/// What an answer's status means.
fn judge(answer: Answer) -> Result<Bytes, NoAnswer> {
    let status = answer.status;
    let code = code(&answer.body);
    let said = code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
    let never = |remedy: &str| Err(NoAnswer::Never(format!("the endpoint answers {status}{said}: {remedy}")));
    match status {
        200..=299 => Ok(answer.body),
        // It is said with 429, but waiting brings no money.
        429 if code.as_deref() == Some("insufficient_quota") => never("the account has no credit left"),
        408 | 409 | 425 | 429 | 500..=599 => {
            Err(later(&format!("the endpoint answers {status}{said}"), answer.retry_after()))
        }
        300..=399 => never("redirects are not followed; name the address it leads to"),
        401 | 403 => never("the key is missing or not accepted; check --api-key-file"),
        404 | 405 => never("check --endpoint, to which /chat/completions is added, and --model"),
        _ => never("it rejects the request; check --model"),
    }
}

/// The service's own word for what is wrong, where it is a plain word: letters and low lines hold no key.
fn code(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let plain = |text: &&str| {
        (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let told = ["code", "type"].iter().find_map(|key| body["error"][*key].as_str().filter(plain));
    told.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_checked_and_completed() {
        for (address, expected) in [
            ("https://llm.example/v1", Ok("https://llm.example/v1/chat/completions")),
            ("https://llm.example/v1/", Ok("https://llm.example/v1/chat/completions")),
            (
                "https://llm.example/v1?api-version=1",
                Ok("https://llm.example/v1/chat/completions?api-version=1"),
            ),
            ("http://localhost:8080", Ok("http://localhost:8080/chat/completions")),
            ("http://[::1]:8080/v1", Ok("http://[::1]:8080/v1/chat/completions")),
            ("http://127.0.0.1/v1", Ok("http://127.0.0.1/v1/chat/completions")),
            ("http://llm.example/v1", Err(EndpointProblem::Unencrypted)),
            ("http://localhost.example/v1", Err(EndpointProblem::Unencrypted)),
            ("https://a:b@llm.example", Err(EndpointProblem::UserInfo)),
            ("llm.example/v1", Err(EndpointProblem::Shape)),
            ("ftp://llm.example", Err(EndpointProblem::Shape)),
        ] {
            assert_eq!(
                url(address).as_ref().map(reqwest::Url::as_str),
                expected.as_ref().map(|text| *text),
                "{address}"
            );
        }
    }

    #[test]
    fn a_key_is_one_printable_line_and_is_never_shown() {
        let endpoint = Endpoint::new("https://llm.example", Some(&Secret::new("sk-secret\n"))).unwrap();
        assert!(!format!("{endpoint:?}").contains("sk-secret"));
        for bad in ["", " \n", "sk-one\nsk-two"] {
            let problem = Endpoint::new("https://llm.example", Some(&Secret::new(bad))).unwrap_err();
            assert_eq!(problem, EndpointProblem::Key);
        }
    }

    #[test]
    fn statuses_are_told_without_the_answers_text() {
        let judged = |status: u16, body: &'static str| {
            let mut headers = http::HeaderMap::new();
            headers.insert(http::header::RETRY_AFTER, HeaderValue::from(7));
            judge(Answer { status, headers, body: Bytes::from_static(body.as_bytes()) })
        };
        assert!(judged(200, "x").is_ok());
        let busy = judged(429, "{}").unwrap_err();
        assert!(
            matches!(busy, NoAnswer::Later { after: Some(after), .. } if after.as_secs() == 7),
            "{busy:?}"
        );
        assert!(matches!(judged(503, ""), Err(NoAnswer::Later { .. })));
        let broke = judged(429, r#"{"error":{"code":"insufficient_quota"}}"#).unwrap_err();
        assert!(matches!(broke, NoAnswer::Never(_)), "{broke:?}");
        let refused = judged(
            401,
            r#"{"error":{"message":"Incorrect key sk-secret","code":"sk-secret","type":"invalid_request_error"}}"#,
        );
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("401 (invalid_request_error)") && !refused.contains("sk-"), "{refused}");
        assert!(judged(307, "").unwrap_err().to_string().contains("redirects are not followed"));
    }
}
