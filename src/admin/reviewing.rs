//! What the review queue needs besides the store: the accounts to read tickets with, the labels there are, the file that a
//! person's labels go to, and the token that tells our own forms from others'.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, header};
use deskbridge_connectors::{Secret, Ticket, TicketId};
use deskbridge_onnx::HeadKind;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::evidence::review::Reviewed;
use crate::inference::brain::Brain;
use crate::platform::Calls;
use crate::platform::account::Account;

/// How long a person waits for a platform.
const PATIENCE: Duration = Duration::from_secs(12);

/// What the review queue needs.
#[derive(Debug)]
pub struct Reviewing {
    accounts: HashMap<String, Arc<Account>>,
    brain: watch::Receiver<Arc<Brain>>,
    pub(super) reviewed: Reviewed,
    token: Secret,
}

/// A head as a person is asked about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) head: String,
    pub(super) kind: HeadKind,
    pub(super) labels: Vec<String>,
}

impl Reviewing {
    /// Reads tickets by these accounts, asks about the labels of the model that decides, and writes to `tickets`.
    pub fn new(
        accounts: HashMap<String, Arc<Account>>,
        brain: watch::Receiver<Arc<Brain>>,
        tickets: &Path,
    ) -> Self {
        Self { accounts, brain, reviewed: Reviewed::at(tickets), token: token() }
    }

    /// What our own forms carry.
    pub(super) fn token(&self) -> &str {
        self.token.expose()
    }

    /// Whether a form was sent from one of our own pages: it carries our token, and the browser does not say otherwise.
    pub(super) fn is_ours(&self, headers: &HeaderMap, token: Option<&str>) -> bool {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let site = text("sec-fetch-site").is_none_or(|site| site == "same-origin");
        let host = text(header::HOST.as_str()).unwrap_or_default();
        let origin = text(header::ORIGIN.as_str())
            .is_none_or(|origin| origin.split_once("://").is_some_and(|(_, from)| from == host));
        site && origin && token.is_some_and(|token| self.token.equals(token.as_bytes()))
    }

    /// The heads of the model that decides now.
    pub(super) fn questions(&self) -> Vec<Question> {
        let brain = self.brain.borrow();
        let heads = brain.classifier.manifest().heads.iter();
        heads
            .map(|head| Question { head: head.name.clone(), kind: head.kind, labels: head.labels.clone() })
            .collect()
    }

    /// The ticket as its platform has it now.
    ///
    /// # Errors
    /// Why it cannot be shown, in a sentence.
    pub(super) async fn read(&self, account: &str, ticket: &str) -> Result<Ticket, String> {
        let desk = self
            .accounts
            .get(account)
            .ok_or_else(|| format!("The settings have no account `{account}` any more."))?;
        let id = TicketId::new(ticket)?;
        let read = async {
            let mut calls = Calls::new();
            let names = desk.names(&mut calls).await?;
            desk.line.settled(&id, &names, &mut calls).await
        };
        match timeout(PATIENCE, read).await {
            Ok(Ok(settled)) => Ok(settled.ticket),
            Ok(Err(stopped)) => Err(sentence(&stopped.about_a_ticket())),
            Err(_) => Err("The platform did not answer in time. Try again in a minute.".to_owned()),
        }
    }
}

/// A phrase as a sentence of its own.
fn sentence(phrase: &str) -> String {
    let mut letters = phrase.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// 128 bits that nobody can guess. Without a source of randomness no form is ours, and nothing can be saved.
fn token() -> Secret {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Secret::new(hex::encode(bytes)),
        Err(error) => {
            tracing::error!(%error, "there is no source of randomness; the review queue cannot save");
            Secret::new("")
        }
    }
}
