//! Changes that time and the first messages of a thread make to a ticket.

use super::state::State;
use crate::desk::{Change, NewTicket};

/// The number of mails that the desk sent first.
/// <https://developers.freshdesk.com/api/#ticket_attributes>
const OUTBOUND_EMAIL: u64 = 10;

impl State {
    /// The desk writes to a customer.
    pub(super) fn write_first(&mut self, new: NewTicket) -> u64 {
        let id = self.open(new);
        if let Some(ticket) = self.tickets.get_mut(&id) {
            ticket.source = OUTBOUND_EMAIL;
        }
        id
    }

    /// A person edits a ticket, maybe within the second of the change before.
    pub(super) fn edit_in_time(&mut self, id: &str, change: &Change) -> Option<u64> {
        let stamp = id.parse().ok().and_then(|id: u64| self.tickets.get(&id)).map(|ticket| ticket.updated)?;
        let number = self.edit(id, change)?;
        if let Some(ticket) = self.tickets.get_mut(&number).filter(|_| change.same_second) {
            ticket.updated = stamp;
        }
        Some(number)
    }
}
