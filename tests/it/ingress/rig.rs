//! A door on a loopback port, a store in memory that can be made to fail, and a client that writes raw bytes.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deskbridge::clock::Clock;
use deskbridge::ingress::{Door, Limits, Origins, serve};
use deskbridge::store::Store;
use deskbridge_connectors::account::{Credentials, WebhookConfig};
use deskbridge_connectors::{AccountConfig, AccountId, Connector, Platform, Secret, signature};
use http::{HeaderMap, HeaderName};
use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

pub(crate) use super::shelf::{Manner, Shelf};

/// Longer than anything here takes; a test that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

const SECRETS: [&str; 2] = ["new-secret-of-acme", "old-secret-of-acme"];

/// A clock that stands where it was put.
pub(crate) struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    pub(crate) fn at(time: &str) -> Self {
        Self(Mutex::new(time.parse().unwrap()))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// A Zendesk account under this name, with two active secrets.
pub(crate) fn connector(name: &str) -> Arc<dyn Connector> {
    let config = AccountConfig {
        id: AccountId::new(name).unwrap(),
        base_url: "https://acme.zendesk.com".to_owned(),
        webhook: WebhookConfig { secrets: SECRETS.map(Secret::new).to_vec(), ..WebhookConfig::default() },
        credentials: Some(Credentials::AccessToken(Secret::new("token-of-acme"))),
        allow_public_replies: false,
        segment_field: None,
        api_version: None,
        app_id: None,
        admin_id: None,
    };
    Platform::Zendesk.open(&config).unwrap().connector
}

/// An open door.
pub(crate) struct Rig {
    pub(crate) at: SocketAddr,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) arrived: Arc<Notify>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) served: JoinHandle<()>,
}

pub(crate) const NOW: &str = "2026-11-20T08:00:00Z";

impl Rig {
    /// A door for the account `acme`, with everyday limits.
    pub(crate) async fn open() -> Self {
        Self::with(Limits::default()).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        Self::behind(&[], limits).await
    }

    /// The same behind proxies that are trusted.
    pub(crate) async fn behind(proxies: &[&str], limits: Limits) -> Self {
        let trusted_proxies =
            proxies.iter().map(|proxy| proxy.parse::<std::net::IpAddr>().unwrap().into()).collect();
        let origins = Origins { trusted_proxies, ..Origins::default() };
        let shelf = Shelf::new();
        Self::open_door("acme", Arc::clone(&shelf) as Arc<dyn Store>, shelf, limits, origins).await
    }

    pub(crate) async fn over(name: &str, store: Arc<dyn Store>, shelf: Arc<Shelf>, limits: Limits) -> Self {
        Self::open_door(name, store, shelf, limits, Origins::default()).await
    }

    async fn open_door(
        name: &str,
        store: Arc<dyn Store>,
        shelf: Arc<Shelf>,
        limits: Limits,
        origins: Origins,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let arrived = Arc::new(Notify::new());
        let door = Door {
            accounts: HashMap::from([(name.to_owned(), connector(name))]),
            store,
            clock: Arc::new(ManualClock::at(NOW)),
            arrived: Arc::clone(&arrived),
            origins,
            certificate: None,
            limits,
        };
        let shutdown = CancellationToken::new();
        let served = tokio::spawn(serve(listener, Arc::new(door), shutdown.clone()));
        Self { at, shelf, arrived, shutdown, served }
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::to(self.at).await
    }

    /// Sends one request on a connection of its own.
    pub(crate) async fn send(&self, request: impl AsRef<[u8]>) -> Answer {
        let mut client = self.connect().await;
        client.write(request.as_ref()).await;
        client.answer().await
    }
}

/// A ticket's creation, as the platform posts it.
pub(crate) fn created(event: &str) -> String {
    format!(
        r#"{{"type":"zen:event-type:ticket.created","id":"{event}","time":"{NOW}","subject":"zen:ticket:35436","detail":{{"id":"35436"}},"event":{{}}}}"#
    )
}

/// The two signature headers for a body, made with the newest secret.
pub(crate) fn sign(body: &str) -> String {
    sign_with(SECRETS[0], NOW, body)
}

pub(crate) fn sign_with(secret: &str, at: &str, body: &str) -> String {
    let tag = signature::hmac_sha256(&Secret::new(secret), &[at.as_bytes(), body.as_bytes()]);
    let tag = STANDARD.encode(tag);
    format!("x-zendesk-webhook-signature: {tag}\r\nx-zendesk-webhook-signature-timestamp: {at}\r\n")
}

/// The same headers, for clients that want them apart.
pub(crate) fn signed(body: &str) -> HeaderMap {
    let lines = sign(body);
    let pairs = lines.lines().map(|line| line.split_once(": ").unwrap());
    pairs.map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect()
}

/// A client that speaks HTTP/2 from its first byte.
pub(crate) fn http2() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().http2_prior_knowledge().no_proxy().build().unwrap()
}

/// `POST /hooks/acme` with these header lines and this body.
pub(crate) fn post(headers: &str, body: &str) -> String {
    post_to("acme", headers, body)
}

pub(crate) fn post_to(account: &str, headers: &str, body: &str) -> String {
    format!(
        "POST /hooks/{account} HTTP/1.1\r\nhost: bridge\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A signed delivery.
pub(crate) fn delivery(event: &str) -> String {
    let body = created(event);
    post(&sign(&body), &body)
}

/// One answer's head. Answers of the public door have no body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

/// A connection that comes from 127.0.0.`host`.
pub(crate) async fn connect_from(host: u8, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, host], 0)))?;
    socket.connect(to).await
}

/// A client that says exactly what it is told.
pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    pub(crate) async fn to(at: SocketAddr) -> Self {
        Self(BufReader::new(TcpStream::connect(at).await.unwrap()))
    }

    /// A client that comes from 127.0.0.`host`.
    pub(crate) async fn from(host: u8, to: SocketAddr) -> Self {
        Self::try_from(host, to).await.unwrap()
    }

    pub(crate) async fn try_from(host: u8, to: SocketAddr) -> std::io::Result<Self> {
        Ok(Self(BufReader::new(connect_from(host, to).await?)))
    }

    /// Writes all of it, or as much as the door takes before it closes; says whether it was all.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> bool {
        timeout(PATIENCE, self.0.get_mut().write_all(bytes)).await.expect("the door reads").is_ok()
    }

    pub(crate) async fn answer(&mut self) -> Answer {
        self.try_answer().await.expect("an answer before the connection ends")
    }

    /// The next answer; `None` when the connection ended first.
    pub(crate) async fn try_answer(&mut self) -> Option<Answer> {
        let mut head = String::new();
        loop {
            let read = timeout(PATIENCE, self.0.read_line(&mut head)).await.expect("an answer in time");
            match read {
                Ok(0) | Err(_) => return None,
                Ok(_) if head.ends_with("\r\n\r\n") => break,
                Ok(_) => {}
            }
        }
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok())?;
        let answer = Answer { status, head };
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        assert_eq!(length, 0, "an answer without a body: {answer:?}");
        Some(answer)
    }

    /// Waits so long, whatever the door says; true if it closed meanwhile.
    pub(crate) async fn ended_within(&mut self, wait: Duration) -> bool {
        let ended = async {
            while let Ok(heard @ 1..) = self.0.fill_buf().await.map(<[u8]>::len) {
                self.0.consume(heard);
            }
        };
        timeout(wait, ended).await.is_ok()
    }

    /// Says that nothing more will come.
    pub(crate) async fn finish(&mut self) {
        let _ = self.0.get_mut().shutdown().await;
    }

    /// Waits until the door closes; panics when it says something instead.
    pub(crate) async fn closed(&mut self) {
        let mut rest = Vec::new();
        // A reset closes too.
        let _ = timeout(PATIENCE, self.0.read_to_end(&mut rest)).await.expect("the door closes");
        assert!(rest.is_empty(), "closed without a word, not with {:?}", String::from_utf8_lossy(&rest));
    }
}
