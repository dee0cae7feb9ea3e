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
use crate::responder::{AutoResponder, Mailbox};
use crate::webhook::{Sent, WebhookSender, now_ms};
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
/// Changes of tickets a minute, people's included.
/// <https://support.zendesk.com/hc/en-us/articles/8638126078234>
const UPDATES_A_MINUTE: u32 = 100;
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
    updates: Mutex<Window>,
    token_seconds: AtomicI64,
    /// Numbers tokens, events and invocations.
    counter: AtomicU64,
    sender: WebhookSender,
    /// Whether a webhook is set up at all.
    delivers: AtomicBool,
    log: RequestLog,
    base_url: OnceLock<String>,
    mailbox: Mailbox,
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

impl Window {
    fn of(limit: u32) -> Self {
        Self { limit, length_ms: 60_000, began_ms: 0, used: 0 }
    }

    /// Counts one more; returns the limit, how many there were in this window, and the seconds
    /// until the next.
    fn count(&mut self) -> (u32, u32, i64) {
        let now = now_ms();
        if now - self.began_ms >= self.length_ms {
            (self.began_ms, self.used) = (now, 0);
        }
        self.used = self.used.saturating_add(1);
        (self.limit, self.used, (self.length_ms - (now - self.began_ms)).max(1_000) / 1_000)
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
            window: Mutex::new(Window::of(CALLS_A_MINUTE)),
            updates: Mutex::new(Window::of(UPDATES_A_MINUTE)),
            token_seconds: AtomicI64::new(TOKEN_SECONDS),
            counter: AtomicU64::new(1),
            sender: WebhookSender::new(schedule),
            delivers: AtomicBool::new(false),
            log: RequestLog::default(),
            base_url: OnceLock::new(),
            mailbox: Mailbox::default(),
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

    /// A visitor begins a conversation in messaging: the ticket holds a line in place of it, and is
    /// announced. Returns its id.
    pub async fn open_conversation(&self, email: &str) -> String {
        let line = "Conversation with Web User 63c9a1f0d27b".to_owned();
        let new =
            NewTicket { subject: line.clone(), body: line, email: email.to_owned(), ..NewTicket::default() };
        let kept = lock(&self.desk.store).open_by(new, None, "native_messaging");
        hooks::created(&self.desk, &kept).await;
        kept.id.to_string()
    }

    /// Somebody (`end_user`, `agent`, `trigger` or `system`) says something in messaging. The event
    /// brings it, and neither the ticket's comments nor its stamp show it. Returns the last status,
    /// 0 where no answer came.
    pub async fn message(&self, ticket: &str, by: &str, text: &str) -> u16 {
        let kept = lock(&self.desk.store).get(ticket).cloned();
        match kept {
            Some(kept) => hooks::message_added(&self.desk, &kept, by, text).await,
            None => 0,
        }
    }

    /// From now on a priority that was set cannot be taken away, as in accounts that require one.
    pub fn keep_priorities(&self) {
        lock(&self.desk.store).keeps_priorities = true;
    }

    /// Lets tickets be changed so often in a window of time, people's changes included. Other
    /// limits than the usual one are told in answers.
    pub fn allow_updates(&self, changes: u32, window: Duration) {
        let length_ms = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
        *lock(&self.desk.updates) = Window { limit: changes, length_ms, began_ms: 0, used: 0 };
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

    async fn write_first(&self, ticket: NewTicket) -> String {
        let kept = lock(&self.desk.store).open_by(ticket, Some(PERSON), "web");
        hooks::created(&self.desk, &kept).await;
        kept.id.to_string()
    }

    async fn customer_writes(&self, ticket: &str, text: &str) {
        self.customer_replies(ticket, text).await;
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
        // Whoever is late has to wait on the platform; here the edit goes through, and counts.
        lock(&self.desk.updates).count();
        lock(&self.desk.store).edit(ticket, &change);
    }

    fn agent_edits_after_next_look(&self, ticket: &str, change: Change) {
        lock(&self.desk.store).arm(ticket, change);
    }

    fn reassigns_at_updates(&self, name: &str, group: &str) {
        let id = seed::GROUPS.iter().position(|known| *known == group).map(group_id);
        lock(&self.desk.store).triggers.extend(id.map(|id| (name.to_owned(), id)));
    }

    fn answers_by_itself(&self, responder: AutoResponder) {
        self.desk.mailbox.set(responder);
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
        drop(counted);
        // A plan of another size is a test of requests: changes are as good as unlimited.
        self.allow_updates(1_000_000, Duration::from_secs(60));
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
