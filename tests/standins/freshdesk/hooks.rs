//! What the desk posts: the automation rule's webhook with its token, or the app's with its signature.
//!
//! A rule's webhook is a call like any other to the budget. It never tells who caused the change.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::json;
use sha2::Sha256;

use super::{SECRET, Shared, TOKEN, TOKEN_HEADER};
use crate::webhook::now_ms;

impl Shared {
    /// Posts a notice, with the platform's retries. One beyond the budget is postponed until the budget is fresh;
    /// the platform says "to the next hour".
    pub(super) async fn announce(&self, ticket: u64, event: &str) {
        if !self.ruled.load(Ordering::Relaxed) {
            return;
        }
        if !self.signed.load(Ordering::Relaxed) {
            loop {
                let taken = self.state().budget.take(1);
                match taken {
                    Ok(_) => break,
                    Err(wait) => tokio::time::sleep(wait).await,
                }
            }
        }
        // The platform takes 2xx for an answer and repeats everything else.
        let again = |status: u16| !(200..300).contains(&status);
        self.sender.send(&ticket.to_string(), |_| self.delivery(ticket, event), again).await;
    }

    /// A change was made: the rule on updates posts, where it is switched on.
    pub(super) fn updated(self: Arc<Self>, ticket: u64) {
        if self.updates.load(Ordering::Relaxed) {
            self.runtime.clone().spawn(async move { self.announce(ticket, "ticket_updated").await });
        }
    }

    /// A customer was told something: a mailbox that answers by itself opens a ticket. The API
    /// shows no mark of such mail.
    pub(super) fn answered(self: Arc<Self>, ticket: u64) {
        let opened = {
            let mut state = self.state();
            let email = state.tickets.get(&ticket).map(|ticket| ticket.email.clone());
            let mail = email.and_then(|email| self.mailbox.answer_from(&email));
            mail.map(|(mail, _)| state.open(mail))
        };
        if let Some(id) = opened {
            self.runtime.clone().spawn(async move { self.announce(id, "ticket_created").await });
        }
    }

    /// An authentic notice.
    pub(super) fn delivery(&self, ticket: u64, event: &str) -> (HeaderMap, Bytes) {
        if self.signed.load(Ordering::Relaxed) {
            let event = match event {
                "ticket_created" => "onTicketCreate",
                "customer_replied" => "onConversationCreate",
                _ => "onTicketUpdate",
            };
            let seconds = now_ms() as f64 / 1000.0;
            let body = json!({ "ticket_id": ticket, "event": event, "timestamp": seconds }).to_string();
            return (signed(SECRET, &body), body.into());
        }
        // Placeholders are expanded inside quotes, so the number arrives as text.
        let body = json!({ "ticket_id": ticket.to_string(), "event": event, "tmpl": 1 }).to_string();
        (with_token(TOKEN), body.into())
    }

    /// The same with a proof that somebody made up.
    pub(super) fn forgery(&self, ticket: u64) -> (HeaderMap, Bytes) {
        let (_, body) = self.delivery(ticket, "ticket_created");
        if self.signed.load(Ordering::Relaxed) {
            let text = String::from_utf8_lossy(&body).into_owned();
            return (signed("not-the-secret-of-this-desk", &text), body);
        }
        (with_token("not-the-token-of-this-desk"), body)
    }

    /// Authentic, and broken as templates with free text break: a quote in a subject ends the string.
    pub(super) fn broken(&self) -> (HeaderMap, Bytes) {
        let body = r#"{"ticket_id":"12","subject":"It says "declined" again"}"#;
        let headers =
            if self.signed.load(Ordering::Relaxed) { signed(SECRET, body) } else { with_token(TOKEN) };
        (headers, Bytes::from_static(body.as_bytes()))
    }
}

fn with_token(token: &'static str) -> HeaderMap {
    let mut headers = json_headers();
    if let Ok(name) = TOKEN_HEADER.parse::<HeaderName>() {
        headers.insert(name, HeaderValue::from_static(token));
    }
    headers
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length and hex is a header value")]
fn signed(secret: &str, body: &str) -> HeaderMap {
    let seconds = now_ms() / 1000;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key length");
    mac.update(format!("{seconds}.{body}").as_bytes());
    let tag = format!("v1={}", hex::encode(mac.finalize().into_bytes()));
    let mut headers = json_headers();
    headers.insert("x-bridge-timestamp", HeaderValue::from(seconds));
    headers.insert("x-bridge-signature", tag.parse().expect("hex"));
    headers
}

fn json_headers() -> HeaderMap {
    HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))])
}
