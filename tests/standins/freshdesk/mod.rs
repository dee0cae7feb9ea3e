//! A stand-in Freshdesk: tickets, groups, agents and fields behind the vendor's API, and an automation that posts
//! webhooks with a shared token, because the platform cannot sign.
//!
//! It keeps the rules that hurt a bridge: a PUT replaces all tags, nothing guards a write, names must exist, every
//! call and every webhook eat from one budget a minute, and a webhook that is not accepted comes again later with
//! nothing in it that tells. It does not render mail, archive, or bill.

mod api;
mod fields;
mod hooks;
mod people;
mod state;
mod writing;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinHandle;

use crate::desk::{Change, Desk, NewTicket, TicketState};
use crate::fault;
use crate::log::{Fault, Logged, RequestLog};
use crate::responder::{AutoResponder, Mailbox};
use crate::webhook::{Sent, WebhookSender};
use state::State;

/// The key of the bridge's own agent.
const API_KEY: &str = "fd-key-7Jq2mVx9Lw4TzB1s";
/// The header that the automation rule sends along.
const TOKEN_HEADER: &str = "X-Bridge-Token";
/// What it holds.
const TOKEN: &str = "fd-token-9c1f27aa0b6e4d53b8e2f1c4";
/// What the signing app signs with.
const SECRET: &str = "fd-signing-5b0d7c2e91f84a6db3c8e7a1";

/// A minute of the platform's retry schedule, scaled to a test's patience.
const SCALED_MINUTE: Duration = Duration::from_millis(20);
/// Calls allowed in a minute on the largest plan. <https://support.freshdesk.com/support/solutions/articles/225439>
const CALLS_A_MINUTE: u32 = 700;

/// A running stand-in. It stops when it is dropped.
#[derive(Debug)]
pub struct Freshdesk {
    shared: Arc<Shared>,
    base_url: String,
    server: JoinHandle<()>,
}

/// What the API, the webhooks and the desk's own people share.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    log: RequestLog,
    sender: WebhookSender,
    runtime: tokio::runtime::Handle,
    /// Whether a rule with an address exists; before that nothing is posted.
    ruled: AtomicBool,
    /// Whether notices come from the signing app instead of the automation rule.
    signed: AtomicBool,
    /// Whether a rule on ticket updates posts as well, whoever made the change.
    updates: AtomicBool,
    mailbox: Mailbox,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Freshdesk {
    /// Starts a furnished desk on a free loopback port; creation webhooks carry the token.
    ///
    /// # Errors
    /// No port can be bound.
    pub async fn start() -> std::io::Result<Self> {
        let schedule = [5, 30, 60].map(|minutes| SCALED_MINUTE * minutes).to_vec();
        let shared = Arc::new(Shared {
            state: Mutex::new(State::furnished(CALLS_A_MINUTE, Duration::from_secs(60))),
            log: RequestLog::default(),
            sender: WebhookSender::new(schedule),
            runtime: tokio::runtime::Handle::current(),
            ruled: AtomicBool::new(false),
            signed: AtomicBool::new(false),
            updates: AtomicBool::new(false),
            mailbox: Mailbox::default(),
        });
        let router = fault::instrument(api::router(shared.clone()), shared.log.clone());
        let (address, server) = fault::serve(router).await?;
        Ok(Self { shared, base_url: format!("http://{address}"), server })
    }

    /// Whether notices come signed from the app (`true`) or with a token from the automation rule.
    pub fn sign_deliveries(&self, signed: bool) {
        self.shared.signed.store(signed, Ordering::Relaxed);
    }

    /// Switches a rule on ticket updates on or off. It posts `ticket_updated` after any change, the bridge's own
    /// included, and does not say who made it.
    pub fn send_updates(&self, on: bool) {
        self.shared.updates.store(on, Ordering::Relaxed);
    }

    /// The customer writes again: the thread grows and a webhook `customer_replied` is sent.
    pub async fn customer_replies(&self, ticket: &str, text: &str) {
        let Some(id) = self.shared.state().customer_replies(ticket, text) else { return };
        self.shared.announce(id, "customer_replied").await;
    }

    /// Sets a ticket's status code (5 is closed), as a person of the desk would.
    pub fn set_status(&self, ticket: &str, status: u64) {
        self.shared.state().change(ticket, |ticket| ticket.status = status);
    }

    /// Marks a ticket as spam.
    pub fn mark_spam(&self, ticket: &str) {
        self.shared.state().change(ticket, |ticket| ticket.spam = true);
    }
}

impl Drop for Freshdesk {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[async_trait]
impl Desk for Freshdesk {
    fn platform(&self) -> &'static str {
        "freshdesk"
    }

    fn base_url(&self) -> String {
        self.base_url.clone()
    }

    fn account_yaml(&self) -> String {
        format!(
            "platform: freshdesk\n\
             base_url: {}\n\
             webhook: {{ token_header: {TOKEN_HEADER}, tokens: [\"{TOKEN}\"], secrets: [\"{SECRET}\"] }}\n\
             credentials: {{ api_key: \"{API_KEY}\" }}\n",
            self.base_url
        )
    }

    fn deliver_to(&self, url: &str) {
        self.shared.sender.deliver_to(url);
        self.shared.ruled.store(true, Ordering::Relaxed);
    }

    async fn open(&self, ticket: NewTicket) -> String {
        let touched = ticket.touched.clone();
        let id = self.shared.state().open(ticket);
        if let Some(change) = touched {
            self.agent_edits_after_next_look(&id.to_string(), change);
        }
        self.shared.announce(id, "ticket_created").await;
        id.to_string()
    }

    async fn write_first(&self, ticket: NewTicket) -> String {
        let id = self.shared.state().write_first(ticket);
        self.shared.announce(id, "ticket_created").await;
        id.to_string()
    }

    async fn customer_writes(&self, ticket: &str, text: &str) {
        self.customer_replies(ticket, text).await;
    }

    fn open_quietly(&self, ticket: NewTicket) -> String {
        self.shared.state().open(ticket).to_string()
    }

    async fn redeliver(&self, ticket: &str) -> u16 {
        let Ok(id) = ticket.parse() else { return 0 };
        let (headers, body) = self.shared.delivery(id, "ticket_created");
        self.shared.sender.post_once(headers, body).await
    }

    async fn forge(&self, ticket: &str) -> u16 {
        let Ok(id) = ticket.parse() else { return 0 };
        let (headers, body) = self.shared.forgery(id);
        self.shared.sender.post_once(headers, body).await
    }

    async fn send_malformed(&self) -> u16 {
        let (headers, body) = self.shared.broken();
        self.shared.sender.post_once(headers, body).await
    }

    fn reassigns_at_updates(&self, name: &str, group: &str) {
        let automation = state::group_id(group).map(|id| (name.to_owned(), id));
        self.shared.state().automations.extend(automation);
    }

    fn agent_edits(&self, ticket: &str, change: Change) {
        let edited = self.shared.state().edit_in_time(ticket, &change);
        if let Some(id) = edited {
            self.shared.clone().updated(id);
        }
    }

    fn agent_edits_after_next_look(&self, ticket: &str, change: Change) {
        self.shared.state().armed.push((ticket.to_owned(), change));
    }

    fn answers_by_itself(&self, responder: AutoResponder) {
        self.shared.mailbox.set(responder);
    }

    fn inject(&self, fault: Fault) {
        self.shared.log.inject(fault);
    }

    fn clear_faults(&self) {
        self.shared.log.clear();
    }

    fn allow(&self, calls: u32, window: Duration) {
        self.shared.state().budget = state::Budget::new(calls, window);
    }

    fn ticket(&self, id: &str) -> Option<TicketState> {
        self.shared.state().in_names(id)
    }

    fn tickets(&self) -> Vec<String> {
        self.shared.state().tickets.keys().map(u64::to_string).collect()
    }

    fn requests(&self) -> Vec<Logged> {
        self.shared.log.all()
    }

    fn deliveries(&self) -> Vec<Sent> {
        self.shared.sender.sent()
    }
}
