//! A stand-in for an Intercom workspace: conversations, tags, attributes, assignment, notes and notifications.
//!
//! Written from the vendor's API description
//! (<https://developers.intercom.com/docs/references/rest-api/api.intercom.io>). It enforces what a bridge gets
//! wrong most easily: attributes must exist and list values must be options, tags go by id, assignment reopens, a
//! priority in a stable version is silently ignored, notes repeat when posted twice, and every change made through
//! the API comes back as a notification. It keeps conversations only, no tickets, and forgets everything when
//! dropped.

mod api;
mod hooks;
mod state;
mod writing;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinHandle;

use crate::desk::{Change, Desk, NewTicket, TicketState};
use crate::fault::{instrument, serve};
use crate::log::{Fault, Logged, RequestLog};
use crate::responder::AutoResponder;
use crate::webhook::{Sent, WebhookSender};
use state::Workspace;

/// The workspace's id, as notifications name it.
pub const APP_ID: &str = "standin1";

/// The app's client secret: the key of every signature.
pub const CLIENT_SECRET: &str = "intercom-stand-in-client-secret";

/// The app's access token.
pub const ACCESS_TOKEN: &str = "intercom-stand-in-access-token";

/// The version in the stand-in's account settings.
pub const API_VERSION: &str = "2.14";

/// A running stand-in; dropping it closes the port.
#[derive(Debug)]
pub struct Intercom {
    shared: Shared,
    base_url: String,
    server: JoinHandle<()>,
}

/// What the request handlers and the desk have in common.
#[derive(Clone, Debug)]
struct Shared {
    workspace: Arc<Mutex<Workspace>>,
    sender: WebhookSender,
    log: RequestLog,
}

impl Shared {
    fn workspace(&self) -> MutexGuard<'_, Workspace> {
        self.workspace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercom {
    /// Opens a workspace on a loopback port of the system's choice.
    ///
    /// # Errors
    /// No loopback port can be bound.
    pub async fn start() -> std::io::Result<Self> {
        let log = RequestLog::default();
        // The platform waits about a minute before its one retry; a test has less patience.
        let sender = WebhookSender::new(vec![Duration::from_millis(250), Duration::from_millis(750)]);
        let shared =
            Shared { workspace: Arc::new(Mutex::new(Workspace::furnished())), sender, log: log.clone() };
        let router = api::stamped(instrument(api::router(shared.clone()), log), &shared);
        let (address, server) = serve(router).await?;
        Ok(Self { shared, base_url: format!("http://{address}"), server })
    }

    /// Checks the webhook address with a HEAD request, as the platform does when it is saved. 0 where no answer came.
    pub async fn check_address(&self) -> u16 {
        let Some(url) = self.shared.workspace().target.clone() else { return 0 };
        // The sender has installed the process's TLS provider.
        let Ok(client) = reqwest::Client::builder().no_proxy().build() else { return 0 };
        client.head(url).send().await.map_or(0, |answer| answer.status().as_u16())
    }

    /// Posts a `ping`, as the "send test request" button does. Returns the status.
    pub async fn ping(&self) -> u16 {
        let body = hooks::ping();
        self.shared.sender.post_once(hooks::signed(&body), body).await
    }

    /// From now on an update that carries this attribute is refused whole.
    pub fn reject_attribute(&self, name: &str) {
        self.shared.workspace().rejected.push(name.to_owned());
    }

    /// Closes a conversation, as a teammate does.
    pub fn close(&self, ticket: &str) {
        self.shared.workspace().close(ticket);
    }
}

impl Drop for Intercom {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Intercom {
    /// A customer opens a ticket, not a conversation: it is kept, and `ticket.created` is sent. Returns its id as
    /// deskbridge writes it.
    pub async fn open_ticket(&self, ticket: NewTicket) -> String {
        let (id, notification) = {
            let mut workspace = self.shared.workspace();
            let id = workspace.open(ticket);
            let kept = workspace.conversation(&id);
            let number = kept.map(|kept| {
                kept.ticket = true;
                kept.id
            });
            (id, number.and_then(|number| workspace.ticket_creation(number)))
        };
        if let Some(notification) = notification {
            notification.send(&self.shared.sender).await;
        }
        format!("ticket-{id}")
    }
}

#[async_trait]
impl Desk for Intercom {
    fn platform(&self) -> &'static str {
        "intercom"
    }

    fn base_url(&self) -> String {
        self.base_url.clone()
    }

    fn account_yaml(&self) -> String {
        format!(
            "platform: intercom\n\
             base_url: {}\n\
             api_version: \"{API_VERSION}\"\n\
             app_id: {APP_ID}\n\
             admin_id: \"{}\"\n\
             webhook: {{ secrets: [\"{CLIENT_SECRET}\"] }}\n\
             credentials: {{ access_token: \"{ACCESS_TOKEN}\" }}\n",
            self.base_url,
            state::BRIDGE_ADMIN,
        )
    }

    fn deliver_to(&self, url: &str) {
        self.shared.workspace().target = Some(url.to_owned());
        self.shared.sender.deliver_to(url);
    }

    async fn open(&self, ticket: NewTicket) -> String {
        let (id, notification) = {
            let mut workspace = self.shared.workspace();
            let touched = ticket.touched.clone();
            let id = workspace.open(ticket);
            if let Some(change) = touched {
                workspace.edit_after_look(&id, change);
            }
            let notification = workspace.creation(&id);
            (id, notification)
        };
        if let Some(notification) = notification {
            notification.send(&self.shared.sender).await;
        }
        id
    }

    async fn write_first(&self, ticket: NewTicket) -> String {
        let (id, notification) = self.shared.workspace().write_first(ticket);
        if let Some(notification) = notification {
            notification.send(&self.shared.sender).await;
        }
        id
    }

    async fn customer_writes(&self, ticket: &str, text: &str) {
        let notification = self.shared.workspace().customer_writes(ticket, text);
        if let Some(notification) = notification {
            notification.send(&self.shared.sender).await;
        }
    }

    fn open_quietly(&self, ticket: NewTicket) -> String {
        self.shared.workspace().open(ticket)
    }

    async fn redeliver(&self, ticket: &str) -> u16 {
        let notification = self.shared.workspace().creation(ticket);
        match notification {
            Some(notification) => {
                // The attempt is counted inside the body, so the repeat has another signature and the same id.
                let body = notification.body(2);
                self.shared.sender.post_once(hooks::signed(&body), body).await
            }
            None => 0,
        }
    }

    async fn forge(&self, ticket: &str) -> u16 {
        let notification = self.shared.workspace().creation(ticket);
        match notification {
            Some(notification) => {
                let body = notification.body(1);
                self.shared.sender.post_once(hooks::forged(&body), body).await
            }
            None => 0,
        }
    }

    async fn send_malformed(&self) -> u16 {
        let body = hooks::malformed();
        self.shared.sender.post_once(hooks::signed(&body), body).await
    }

    fn reassigns_at_updates(&self, _: &str, _: &str) {}

    fn agent_edits(&self, ticket: &str, change: Change) {
        self.shared.workspace().edit(ticket, &change);
    }

    fn agent_edits_after_next_look(&self, ticket: &str, change: Change) {
        self.shared.workspace().edit_after_look(ticket, change);
    }

    fn answers_by_itself(&self, responder: AutoResponder) {
        self.shared.workspace().mailbox.set(responder);
    }

    fn inject(&self, fault: Fault) {
        self.shared.log.inject(fault);
    }

    fn clear_faults(&self) {
        self.shared.log.clear();
    }

    fn allow(&self, calls: u32, window: Duration) {
        let seconds = i64::try_from(window.as_secs()).unwrap_or(i64::MAX).max(1);
        self.shared.workspace().plan = Some((calls, seconds));
    }

    fn ticket(&self, id: &str) -> Option<TicketState> {
        self.shared.workspace().in_names(id)
    }

    fn tickets(&self) -> Vec<String> {
        self.shared.workspace().ids()
    }

    fn requests(&self) -> Vec<Logged> {
        self.shared.log.all()
    }

    fn deliveries(&self) -> Vec<Sent> {
        self.shared.sender.sent()
    }
}
