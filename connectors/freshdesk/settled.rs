//! Reads what became of a ticket: the ticket as it is, with the platform's own clock of it.
//!
//! The API shows no activities of a ticket, so that of every part only the present value is known, and not who chose it
//! (<https://developers.freshdesk.com/api/#view_a_ticket>). What deskbridge wrote itself is known from its own ledger.

use std::collections::BTreeSet;

use super::look::{opening, ticket};
use super::wire::{TicketBody, read};
use crate::call::{Answer, Next, Read};
use crate::settled::Settled;
use crate::ticket::{Status, TicketId};

pub(super) fn settled(id: &TicketId, answers: &[Answer]) -> Next<Settled> {
    let Some(answer) = answers.first() else {
        return Next::Send(Read::get(format!("/api/v2/tickets/{id}?include=requester,stats")));
    };
    let body: TicketBody = match read(answer) {
        Ok(body) => body,
        Err(next) => return next,
    };
    let messages = opening(&body).into_iter().collect();
    let at = |text: Option<&String>| text.and_then(|text| text.parse().ok());
    let stats = body.stats.as_ref();
    let first_reply_at = at(stats.and_then(|stats| stats.first_responded_at.as_ref()));
    let closed = stats.and_then(|stats| stats.resolved_at.as_ref().or(stats.closed_at.as_ref()));
    let (closed_at, touched_at) = (at(closed), at(Some(&body.updated_at)));
    let ticket = ticket(id, body, messages);
    let done = matches!(ticket.status, Status::Solved | Status::Closed);
    Next::Done(Settled {
        // An account whose plan keeps no clock says only that it is done.
        closed_at: closed_at.or(touched_at).filter(|_| done),
        touched_at,
        ticket,
        first_reply_at,
        changes: Vec::new(),
        told: BTreeSet::new(),
    })
}
