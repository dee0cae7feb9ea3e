//! Sends webhooks as a platform does: signed by the desk, retried by its schedule, remembered.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

/// One webhook and what became of it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The ticket it was about.
    pub ticket: String,
    /// How often it was posted.
    pub attempts: u32,
    /// The last status; 0 where no answer came.
    pub status: u16,
    /// Milliseconds since the Unix epoch of the first post.
    pub at_ms: i64,
}

/// Posts to one address and keeps what was answered.
#[derive(Clone, Debug)]
pub struct WebhookSender {
    client: reqwest::Client,
    target: Arc<Mutex<Option<String>>>,
    sent: Arc<Mutex<Vec<Sent>>>,
    schedule: Vec<Duration>,
}

impl WebhookSender {
    /// A sender that repeats an unaccepted webhook after each of these pauses. Platforms wait minutes; a
    /// stand-in takes a schedule of the same shape, scaled to a test's patience.
    pub fn new(schedule: Vec<Duration>) -> Self {
        Self { client: client(), target: Arc::default(), sent: Arc::default(), schedule }
    }

    /// Sends to this address from now on.
    pub fn deliver_to(&self, url: &str) {
        *self.target.lock().unwrap_or_else(PoisonError::into_inner) = Some(url.to_owned());
    }

    /// Every webhook so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Posts once, without a retry and without remembering it; 0 where no answer came.
    pub async fn post_once(&self, headers: HeaderMap, body: Bytes) -> u16 {
        let Some(url) = self.target.lock().unwrap_or_else(PoisonError::into_inner).clone() else { return 0 };
        match self.client.post(url).headers(headers).body(body).send().await {
            Ok(answer) => answer.status().as_u16(),
            Err(_) => 0,
        }
    }

    /// Posts, and repeats by the schedule while `again` says so of the status. `sign` is called for every attempt
    /// with its number from 1, because some platforms re-stamp or count attempts inside the body.
    pub async fn send(
        &self,
        ticket: &str,
        sign: impl Fn(u32) -> (HeaderMap, Bytes),
        again: impl Fn(u16) -> bool,
    ) -> u16 {
        let at_ms = now_ms();
        let mut attempts = 0;
        let status = loop {
            attempts += 1;
            let (headers, body) = sign(attempts);
            let status = self.post_once(headers, body).await;
            let pause = self.schedule.get(attempts as usize - 1);
            match pause {
                Some(pause) if again(status) => tokio::time::sleep(*pause).await,
                _ => break status,
            }
        };
        let sent = Sent { ticket: ticket.to_owned(), attempts, status, at_ms };
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(sent);
        status
    }
}

/// How far the stand-ins' clock is ahead of the machine's, in milliseconds.
static AHEAD_MS: AtomicI64 = AtomicI64::new(0);

/// Puts the clock of every stand-in of this process ahead of the machine's, or behind it. For a process that simulates days.
pub fn set_clock_ahead(ms: i64) {
    AHEAD_MS.store(ms, Ordering::SeqCst);
}

/// The stand-ins' clock in milliseconds: they are the outside world and have their own.
#[expect(clippy::disallowed_methods, reason = "a platform's clock is not the daemon's")]
pub fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond() + AHEAD_MS.load(Ordering::SeqCst)
}

#[expect(clippy::expect_used, reason = "a client without TLS has nothing that can fail to build")]
fn client() -> reqwest::Client {
    // The process has one provider; whoever comes second finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(Duration::from_secs(15)).no_proxy().build().expect("an HTTP client")
}
