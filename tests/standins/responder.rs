//! Mailboxes that answer by themselves: every public reply brings a mail that opens a ticket, as an
//! out-of-office message does which the platform cannot thread.

use std::sync::{Mutex, PoisonError};

use crate::desk::NewTicket;

/// The mail with which a mailbox answers.
#[derive(Clone, Debug, Default)]
pub struct AutoResponder {
    /// The subject of each answer.
    pub subject: String,
    /// Its text.
    pub body: String,
    /// True if the platform marks it as automatic, where it has such a mark.
    pub marked: bool,
    /// Answers that are left, so that a loop ends some time.
    pub left: u32,
}

/// The mailbox of a desk's customers; none answers by itself at first.
#[derive(Debug, Default)]
pub(crate) struct Mailbox(Mutex<AutoResponder>);

impl Mailbox {
    pub(crate) fn set(&self, responder: AutoResponder) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = responder;
    }

    /// The mail that a public reply to this address brings, and whether the platform marks it.
    pub(crate) fn answer_from(&self, email: &str) -> Option<(NewTicket, bool)> {
        let mut responder = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        responder.left = responder.left.checked_sub(1)?;
        let (subject, body) = (responder.subject.clone(), responder.body.clone());
        let ticket = NewTicket { subject, body, email: email.to_owned(), ..NewTicket::default() };
        Some((ticket, responder.marked))
    }
}
