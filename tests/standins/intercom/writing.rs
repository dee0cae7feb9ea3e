//! Messages in order: a workspace that writes first, and a customer who writes again.

use serde_json::json;

use super::hooks::Notification;
use super::state::{self, Workspace};
use crate::desk::NewTicket;

impl Workspace {
    /// A teammate or a campaign writes to a customer.
    pub(super) fn write_first(&mut self, ticket: NewTicket) -> (String, Option<Notification>) {
        let id = self.open(ticket);
        let Some(conversation) = self.conversation(&id) else { return (id, None) };
        conversation.outbound = true;
        let (number, at) = (conversation.id, conversation.created_at);
        let item = self.conversations.get(&number).map(|kept| self.json(kept, super::API_VERSION, &[]));
        let announced =
            item.map(|item| Notification::new("conversation.admin.single.created", number, at, item));
        (id, announced)
    }

    /// The customer writes again: a part, and its notification.
    pub(super) fn customer_writes(&mut self, id: &str, text: &str) -> Option<Notification> {
        let conversation = self.conversation(id)?;
        let (number, is_ticket) = (conversation.id, conversation.ticket);
        let author = json!({
            "type": "user", "id": conversation.contact(), "name": null, "email": conversation.email,
        });
        let part = self.add_part(number, "comment", Some(&state::paragraphs(text)), author, false);
        let topic = if is_ticket { "ticket.contact.replied" } else { "conversation.user.replied" };
        self.notification(topic, number, part)
    }
}
