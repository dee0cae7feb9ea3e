//! Tickets: the other half of the platform, under `/tickets/{id}`. Kept like conversations, shown and written otherwise.
//!
//! List attributes are written by the id of a list item, unassigned is the text `"0"`, and an update names its actor as a
//! number (<https://developers.intercom.com/docs/references/rest-api/api.intercom.io/tickets>).

use serde_json::{Map, Value, json};

use super::super::hooks::Notification;
use super::super::state::{self, Conversation, Workspace};
use super::{Answered, Refused, id_in, not_found, refused};

/// The id of a list item: what a ticket's list attribute is written with.
fn item_id(label: &str) -> String {
    format!("item-{}", label.to_lowercase())
}

impl Workspace {
    /// A ticket with all its parts.
    pub(super) fn show_ticket(&self, id: &str) -> Option<Value> {
        let conversation = self.conversations.get(&id.parse().ok()?).filter(|kept| kept.ticket)?;
        Some(self.ticket_json(conversation, &conversation.parts))
    }

    /// The notification of a ticket's beginning.
    pub(in super::super) fn ticket_creation(&self, id: u64) -> Option<Notification> {
        let conversation = self.conversations.get(&id)?;
        let item = self.ticket_json(conversation, &[]);
        Some(Notification::new("ticket.created", conversation.id, conversation.created_at, item))
    }

    fn ticket_json(&self, ticket: &Conversation, parts: &[Value]) -> Value {
        let mut attributes: Map<String, Value> = ticket.attributes.clone().into_iter().collect();
        attributes.insert("_default_title_".into(), ticket.subject.clone().into());
        attributes.insert("_default_description_".into(), ticket.body.clone().into());
        let assignee = |id: Option<u64>| id.unwrap_or_default().to_string();
        let tags: Vec<_> =
            ticket.tags.iter().filter_map(|id| Some(super::show::tag(*id, self.tags.get(id)?))).collect();
        json!({
            "type": "ticket", "id": ticket.id.to_string(), "ticket_id": "66040342", "category": "Customer",
            "ticket_attributes": attributes,
            "ticket_state": { "type": "ticket_state", "id": "1", "category": "submitted", "internal_label": "Submitted" },
            "ticket_type": { "type": "ticket_type", "id": "1", "name": "Request", "category": "Customer" },
            "contacts": {
                "type": "contact.list",
                "contacts": [{ "type": "contact", "id": ticket.contact(), "external_id": null }],
            },
            "admin_assignee_id": assignee(ticket.admin), "team_assignee_id": assignee(ticket.team),
            "created_at": ticket.created_at, "updated_at": ticket.updated_at, "open": true, "snoozed_until": null,
            "tags": { "type": "tag.list", "tags": tags }, "is_shared": true,
            "linked_objects": { "type": "list", "data": [], "total_count": 0, "has_more": false },
            "ticket_parts": { "type": "ticket_part.list", "ticket_parts": parts, "total_count": parts.len() },
        })
    }
}

/// The one ticket type there is, with the same attributes as conversations have.
pub(super) fn types() -> Value {
    let attribute = |(number, name): (usize, &&str)| {
        let options = state::attribute(name).flatten();
        let items = options.iter().flatten().map(|label| json!({ "id": item_id(label), "name": label }));
        json!({
            "type": "ticket_type_attribute", "id": number.to_string(), "name": name, "archived": false,
            "data_type": if options.is_some() { "list" } else { state::data_type(name) },
            "input_options": { "list_items": items.collect::<Vec<_>>() },
        })
    };
    let attributes: Vec<_> = state::ATTRIBUTES.iter().enumerate().map(attribute).collect();
    json!({ "type": "list", "data": [{
        "type": "ticket_type", "id": "1", "name": "Request", "category": "Customer", "archived": false,
        "ticket_type_attributes": { "type": "list", "data": attributes },
    }] })
}

/// Attributes and assignment in one update; all or nothing.
pub(super) fn update(workspace: &mut Workspace, id: &str, body: &Value) -> Answered {
    let number = workspace.conversation(id).filter(|kept| kept.ticket).ok_or_else(not_found)?.id;
    let mut written = Vec::new();
    for (name, value) in body["ticket_attributes"].as_object().into_iter().flatten() {
        if workspace.rejected.contains(name) {
            let message = format!("ticket attribute '{name}' is not of this type");
            return Err(refused(400, "parameter_invalid", message));
        }
        written.push((name.clone(), stored(name, value)?));
    }
    let assignment = if body["assignment"].is_object() { &body["assignment"] } else { body };
    let to = id_in(assignment, "assignee_id");
    let team = to.filter(|to| state::teams().any(|(id, _)| id == *to));
    let admin = to.filter(|to| state::admins().any(|(id, ..)| id == *to));
    if to.is_some() && team.is_none() && admin.is_none() {
        return Err(refused(404, "assignee_not_found", "Assignee not found"));
    }
    let Some(ticket) = workspace.conversation(id) else { return Err(not_found()) };
    ticket.team = team.or(ticket.team);
    ticket.admin = admin.or(ticket.admin);
    ticket.attributes.extend(written);
    let kind = if to.is_some() { "assignment" } else { "ticket_attribute_updated_by_admin" };
    workspace.add_part(number, kind, None, state::operator(), true);
    workspace.show_ticket(id).ok_or_else(not_found)
}

/// The value an attribute keeps: a list item's label for its id.
fn stored(name: &str, value: &Value) -> Result<Value, Refused> {
    let wrong = |why: &str| refused(400, "parameter_invalid", format!("ticket attribute '{name}' {why}"));
    match state::attribute(name) {
        None => Err(wrong("does not exist")),
        Some(None) if state::takes(name, value) => Ok(value.clone()),
        Some(None) => Err(wrong("does not take this value")),
        Some(Some(labels)) => labels
            .into_iter()
            .find(|label| value.as_str() == Some(&item_id(label)))
            .map(Value::from)
            .ok_or_else(|| wrong("has no such list item")),
    }
}
