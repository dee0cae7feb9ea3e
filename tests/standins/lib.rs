//! Stateful stand-ins for the three helpdesks.
//!
//! Each is a real HTTP server on loopback that keeps tickets, enforces its platform's own rules (replace-tags,
//! unknown ids, stale stamps, required versions, rate limits), signs and sends webhooks as the platform does
//! (retries included) and logs every request. `deskbridge demo` and the integration tests use the same ones,
//! so what a demo shows is what the tests check. They are written from the vendors' API descriptions, never
//! from the connectors, so that a mistake in a connector meets a rule here.

pub mod desk;
pub mod fault;
pub mod log;
pub mod responder;
pub mod scenario;
pub mod seed;
pub mod webhook;

#[cfg(test)]
mod telling;

pub mod freshdesk;
pub mod intercom;
pub mod zendesk;

pub use desk::{Change, Desk, NewTicket, Note, TicketState};
pub use log::{Fault, Logged, RequestLog};
pub use responder::AutoResponder;
pub use webhook::{Sent, WebhookSender};

/// Starts one desk of each kind, in the platforms' reading order.
///
/// # Errors
/// When a port on loopback cannot be bound.
pub async fn start_all() -> std::io::Result<Vec<std::sync::Arc<dyn Desk>>> {
    Ok(vec![
        std::sync::Arc::new(zendesk::Zendesk::start().await?),
        std::sync::Arc::new(intercom::Intercom::start().await?),
        std::sync::Arc::new(freshdesk::Freshdesk::start().await?),
    ])
}
