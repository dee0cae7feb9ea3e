//! A stand-in Zendesk: the ticketing API, OAuth tokens and signed event webhooks on loopback.
//!
//! It is strict where the platform is: tags are replaced, a stale stamp is refused, a dropdown and its tag go
//! together, unknown fields vanish without a word, ids do not fit a double. It never reads how the connector works.

mod api;
mod hooks;
mod store;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinHandle;

use self::store::Store;
use crate::desk::{Change, Desk, NewTicket, TicketState};
use crate::log::{Fault, Logged, RequestLog};
use crate::webhook::{Sent, WebhookSender};
use crate::{fault, seed};

/// Signs this desk's webhooks.
pub const WEBHOOK_SECRET: &str = "c3RhbmQtaW4tZGVzay1zaWduaW5nLXNlY3JldC0wMQ==";
/// The OAuth client's identifier.
pub const CLIENT_ID: &str = "deskbridge_standin";
/// The OAuth client's secret.
pub const CLIENT_SECRET: &str = "standin-client-secret-5f1e";
/// The API token of the first agent, for `email/token` basic authentication.
pub const API_TOKEN: &str = "standin-api-token-77aa";

/// Calls a minute unless a test asks for less; what the vendor's largest plan has.
const CALLS_A_MINUTE: u32 = 2_500;
/// How long an access token lives unless a test asks otherwise.
const TOKEN_SECONDS: i64 = 7_200;

/// A stand-in Zendesk account. It ends when it is dropped.
#[derive(Debug)]
pub struct Zendesk {
    desk: Arc<Inner>,
    server: JoinHandle<()>,
}

/// What the handlers share.
#[derive(Debug)]
struct Inner {
    store: Mutex<Store>,
    tokens: Mutex<HashMap<String, Token>>,
    window: Mutex<Window>,
    token_seconds: AtomicI64,
    /// Numbers tokens, events and invocations.
    counter: AtomicU64,
    sender: WebhookSender,
    /// Whether a webhook is set up at all.
    delivers: AtomicBool,
    log: RequestLog,
    base_url: OnceLock<String>,
}

#[derive(Debug)]
struct Token {
    ends_ms: i64,
    scope: String,
}

/// The calls that the platform counts.
#[derive(Debug)]
struct Window {
    limit: u32,
    length_ms: i64,
    began_ms: i64,
    used: u32,
}

impl Default for Window {
    fn default() -> Self {
        Self { limit: CALLS_A_MINUTE, length_ms: 60_000, began_ms: 0, used: 0 }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    fn number(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }
}

impl Drop for Zendesk {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Zendesk {
    /// Opens an account furnished from [`seed`], with nothing to deliver to yet.
    ///
    /// # Errors
    /// No loopback port can be bound.
    pub async fn start() -> std::io::Result<Self> {
        let schedule = [100, 200, 400, 800, 1_600].map(Duration::from_millis).to_vec();
        let desk = Arc::new(Inner {
            store: Mutex::default(),
            tokens: Mutex::default(),
            window: Mutex::default(),
            token_seconds: AtomicI64::new(TOKEN_SECONDS),
            counter: AtomicU64::new(1),
            sender: WebhookSender::new(schedule),
            delivers: AtomicBool::new(false),
            log: RequestLog::default(),
            base_url: OnceLock::new(),
        });
        let router = fault::instrument(api::router(Arc::clone(&desk)), desk.log.clone());
        let (address, server) = fault::serve(router).await?;
        let _ = desk.base_url.set(format!("http://{address}"));
        Ok(Self { desk, server })
    }

    /// Makes every access token invalid from now on, as an expiry does.
    pub fn expire_tokens(&self) {
        lock(&self.desk.tokens).clear();
    }

    /// Lets access tokens live this long from now on.
    pub fn token_seconds(&self, seconds: i64) {
        self.desk.token_seconds.store(seconds, Ordering::Relaxed);
    }

    /// The customer writes again; their comment's webhook is sent with the platform's retries. Returns the last
    /// status, 0 where no answer came.
    pub async fn customer_replies(&self, ticket: &str, text: &str) -> u16 {
        let sent = lock(&self.desk.store).reply(ticket, text);
        match sent {
            Some((kept, said)) => hooks::comment_added(&self.desk, &kept, &said).await,
            None => 0,
        }
    }

    /// Closes a ticket for good: it accepts no more changes.
    pub fn close(&self, ticket: &str) {
        lock(&self.desk.store).set_status(ticket, "closed");
    }

    /// Deletes a ticket: it is not found any more.
    pub fn delete(&self, ticket: &str) {
        lock(&self.desk.store).set_status(ticket, "deleted");
    }
}

#[async_trait]
impl Desk for Zendesk {
    fn platform(&self) -> &'static str {
        "zendesk"
    }

    fn base_url(&self) -> String {
        self.desk.base_url.get().cloned().unwrap_or_default()
    }

    fn account_yaml(&self) -> String {
        let base_url = self.base_url();
        format!(
            "platform: zendesk\n\
             base_url: {base_url}\n\
             webhook:\n  secrets: [\"{WEBHOOK_SECRET}\"]\n  tolerance: 5m\n\
             credentials:\n  client_id: {CLIENT_ID}\n  client_secret: {CLIENT_SECRET}\n"
        )
    }

    fn deliver_to(&self, url: &str) {
        self.desk.sender.deliver_to(url);
        self.desk.delivers.store(true, Ordering::Relaxed);
    }

    async fn open(&self, ticket: NewTicket) -> String {
        let touched = ticket.touched.clone();
        let kept = lock(&self.desk.store).open(ticket);
        let id = kept.id.to_string();
        if let Some(change) = touched {
            self.agent_edits_after_next_look(&id, change);
        }
        hooks::created(&self.desk, &kept).await;
        id
    }

    fn open_quietly(&self, ticket: NewTicket) -> String {
        lock(&self.desk.store).open(ticket).id.to_string()
    }

    async fn redeliver(&self, ticket: &str) -> u16 {
        hooks::again(&self.desk, ticket, WEBHOOK_SECRET).await
    }

    async fn forge(&self, ticket: &str) -> u16 {
        hooks::again(&self.desk, ticket, "bm90LXRoZS1kZXNrcy1zZWNyZXQ=").await
    }

    async fn send_malformed(&self) -> u16 {
        hooks::malformed(&self.desk).await
    }

    fn agent_edits(&self, ticket: &str, change: Change) {
        lock(&self.desk.store).edit(ticket, &change);
    }

    fn agent_edits_after_next_look(&self, ticket: &str, change: Change) {
        lock(&self.desk.store).arm(ticket, change);
    }

    fn reassigns_at_updates(&self, name: &str, group: &str) {
        let id = seed::GROUPS.iter().position(|known| *known == group).map(group_id);
        lock(&self.desk.store).triggers.extend(id.map(|id| (name.to_owned(), id)));
    }

    fn inject(&self, fault: Fault) {
        self.desk.log.inject(fault);
    }

    fn clear_faults(&self) {
        self.desk.log.clear();
    }

    fn allow(&self, calls: u32, window: Duration) {
        let mut counted = lock(&self.desk.window);
        counted.limit = calls;
        counted.length_ms = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
    }

    fn ticket(&self, id: &str) -> Option<TicketState> {
        lock(&self.desk.store).state(id)
    }

    fn tickets(&self) -> Vec<String> {
        lock(&self.desk.store).ids()
    }

    fn requests(&self) -> Vec<Logged> {
        self.desk.log.all()
    }

    fn deliveries(&self) -> Vec<Sent> {
        self.desk.sender.sent()
    }
}

/// The agent who is at work in the platform's own interface; the first one is who the bridge acts as.
const PERSON: u64 = ID_BASE + 103;

/// Ids as newer accounts have them: the next odd number after each is lost by whoever reads ids as doubles.
const ID_BASE: u64 = 9_007_199_254_741_000;
const CATEGORY: u64 = ID_BASE + 201;
const ORDER_NUMBER: u64 = ID_BASE + 203;
/// A multi-select, a check box, a whole number and a date.
const TOPICS: u64 = ID_BASE + 205;
const GIFT: u64 = ID_BASE + 207;
const ITEMS: u64 = ID_BASE + 209;
const SHIP_BY: u64 = ID_BASE + 211;

/// The title of a field that is kept with the others.
fn more_title(id: u64) -> Option<&'static str> {
    [(TOPICS, "Topics"), (GIFT, "Gift"), (ITEMS, "Items"), (SHIP_BY, "Ship by")]
        .into_iter()
        .find(|(known, _)| *known == id)
        .map(|(_, title)| title)
}

fn organization_id(index: usize) -> u64 {
    ID_BASE + 301 + 2 * index as u64
}

fn brand_id(index: usize) -> u64 {
    ID_BASE + 401 + 2 * index as u64
}

fn group_id(index: usize) -> u64 {
    ID_BASE + 1 + 2 * index as u64
}

fn agent_id(index: usize) -> u64 {
    ID_BASE + 101 + 2 * index as u64
}

fn group_name(id: u64) -> Option<&'static str> {
    seed::GROUPS.iter().enumerate().find(|(index, _)| group_id(*index) == id).map(|(_, name)| *name)
}

fn agent(id: u64) -> Option<(&'static str, &'static str)> {
    seed::AGENTS.iter().enumerate().find(|(index, _)| agent_id(*index) == id).map(|(_, agent)| *agent)
}
