//! One call to a platform with everything that can be seen of it, and how far the way to it goes when none comes through.
//!
//! The call is the first one of reading names, so that no platform needs another for it, and nothing is changed by it.

use std::net::SocketAddr;
use std::time::Duration;

use deskbridge_connectors::{Answer, Next, Pace};
use http::Uri;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout};

use super::Line;
use super::wire::{NoAnswer, install_tls_provider};

/// How long each step on the way may take.
const STEP: Duration = Duration::from_secs(5);

/// An answer, and how long it took.
#[derive(Clone, Debug)]
pub struct Contact {
    /// The answer as it came; a redirect is not followed.
    pub answer: Answer,
    /// From the call to the whole answer; where a token had to be fetched first, that too.
    pub took: Duration,
    /// What its rate headers say.
    pub pace: Option<Pace>,
}

/// Why no answer came, by the step that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoContact {
    /// The address has no host that could be asked.
    #[error("its address names no host")]
    NoHost,
    /// The name server knows no such host.
    #[error("the name {0} cannot be resolved (DNS)")]
    Dns(String),
    /// Nothing accepts connections there.
    #[error("{0} resolves, and port {1} takes no connection (TCP)")]
    Tcp(String, u16),
    /// A connection is made, and no TLS session on it.
    #[error("{0} takes the connection, and no trusted TLS session comes about")]
    Tls(String),
    /// A connection is made, and no answer comes in time.
    #[error("no answer came in time")]
    Timeout,
    /// The connection breaks, or the answer has no end.
    #[error("the connection breaks before the answer is whole")]
    Broken,
    /// The token endpoint refuses the client.
    #[error("the token endpoint refuses the client's id or secret (status {0})")]
    ClientRefused(u16),
    /// The token endpoint gives no token.
    #[error("the token endpoint gives no token (status {0})")]
    NoToken(u16),
    /// The token endpoint asks to slow down.
    #[error("the token endpoint asks to slow down")]
    Busy,
}

impl Line {
    /// Makes the first read of the account's names, and shows its answer whatever it is.
    ///
    /// # Errors
    /// [`NoContact`] with the step that failed.
    pub async fn contact(&self) -> Result<Contact, NoContact> {
        let Next::Send(read) = self.connector.names(&[]) else { return Err(NoContact::Broken) };
        let began = Instant::now();
        match self.http.read(&read).await {
            Ok(answer) => {
                let took = began.elapsed();
                Ok(Contact { pace: self.connector.pace(&answer), answer, took })
            }
            Err(NoAnswer::Unreachable) => Err(where_it_ends(self.http.base_url()).await),
            // A host that drops packets is not told from one that is slow before its port was tried.
            Err(NoAnswer::Timeout) => Err(match where_it_ends(self.http.base_url()).await {
                NoContact::Tls(_) => NoContact::Timeout,
                earlier => earlier,
            }),
            Err(NoAnswer::Broken | NoAnswer::TooLarge) => Err(NoContact::Broken),
            Err(NoAnswer::ClientRefused(status)) => Err(NoContact::ClientRefused(status)),
            Err(NoAnswer::NoToken(status)) => Err(NoContact::NoToken(status)),
            Err(NoAnswer::TokenBusy(_)) => Err(NoContact::Busy),
        }
    }
}

/// The last step that fails on the way to an address which cannot be reached.
async fn where_it_ends(base_url: &str) -> NoContact {
    let Ok(address) = base_url.parse::<Uri>() else { return NoContact::NoHost };
    let Some(host) = address.host() else { return NoContact::NoHost };
    let port = address.port_u16().unwrap_or(if address.scheme_str() == Some("http") { 80 } else { 443 });
    let bare = host.trim_matches(['[', ']']);
    let Ok(Ok(found)) = timeout(STEP, lookup_host((bare, port))).await else {
        return NoContact::Dns(host.to_owned());
    };
    for one in found {
        if matches!(timeout(STEP, TcpStream::connect(one)).await, Ok(Ok(_))) {
            return NoContact::Tls(host.to_owned());
        }
    }
    NoContact::Tcp(host.to_owned(), port)
}

/// What answers `HEAD /hooks/{account}` on this machine: its status, or `None` where nobody listens.
///
/// # Errors
/// When something listens that gives no HTTP answer in time.
pub async fn hooks(listen: SocketAddr, account: &str) -> Result<Option<u16>, NoContact> {
    install_tls_provider();
    let mut at = listen;
    if at.ip().is_unspecified() {
        at.set_ip(match at {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    if !matches!(timeout(STEP, TcpStream::connect(at)).await, Ok(Ok(_))) {
        return Ok(None);
    }
    let client =
        reqwest::Client::builder().no_proxy().timeout(STEP).build().map_err(|_| NoContact::Broken)?;
    let answer = client.head(format!("http://{at}/hooks/{account}")).send().await;
    answer.map(|answer| Some(answer.status().as_u16())).map_err(|_| NoContact::Broken)
}
