//! What the workspace keeps, as JSON of the requested version.

use serde_json::{Value, json};

use super::super::hooks::Notification;
use super::super::state::{self, Conversation, Workspace};
use super::super::{API_VERSION, APP_ID};
use crate::seed;

/// Unstable versions are newer than all numbered ones.
pub(super) fn writes_priority(version: &str) -> bool {
    matches!(version, "Preview" | "Unstable")
}

pub(super) fn since_2_16(version: &str) -> bool {
    version == "2.16" || writes_priority(version)
}

impl Workspace {
    /// The conversation with all its parts.
    pub(super) fn show(&self, id: &str, version: &str, plain: bool) -> Option<Value> {
        let conversation = self.conversations.get(&id.parse().ok()?)?;
        let mut shown = self.json(conversation, version, &conversation.parts);
        if plain {
            to_plain(&mut shown["source"]["body"]);
            to_plain(&mut shown["source"]["subject"]);
            let parts = shown["conversation_parts"]["conversation_parts"].as_array_mut();
            parts.into_iter().flatten().for_each(|part| to_plain(&mut part["body"]));
        }
        Some(shown)
    }

    /// The notification of a change, with the part that caused it. Its shape follows the app's version, whatever
    /// version the call that caused it asked for.
    pub(in super::super) fn notification(&self, topic: &str, id: u64, part: Value) -> Option<Notification> {
        let conversation = self.conversations.get(&id)?;
        let item = self.json(conversation, API_VERSION, &[part]);
        Some(Notification::new(topic, id, state::now_s(), item))
    }

    /// A conversation with these parts. Unassigned is null up to 2.15 and 0 after it, and the priority is a flag
    /// until it becomes a word.
    pub(in super::super) fn json(
        &self,
        conversation: &Conversation,
        version: &str,
        parts: &[Value],
    ) -> Value {
        let new = since_2_16(version);
        let nobody = if new { json!(0) } else { Value::Null };
        let assignee = |id: Option<u64>| id.map_or_else(|| nobody.clone(), Value::from);
        let contact = conversation.contact();
        let tags: Vec<_> =
            conversation.tags.iter().filter_map(|id| Some(tag(*id, self.tags.get(id)?))).collect();
        let native = conversation.priority.as_deref();
        let priority = match (new, native) {
            (true, word) => word.unwrap_or("none").replace("normal", "medium"),
            (false, Some("high" | "urgent")) => "priority".to_owned(),
            (false, _) => "not_priority".to_owned(),
        };
        let (author, delivered_as) = match conversation.outbound {
            true => (state::admin(state::BRIDGE_ADMIN + 1), "admin_initiated"),
            false => {
                let visitor =
                    json!({ "type": "user", "id": contact, "name": null, "email": conversation.email });
                (visitor, "customer_initiated")
            }
        };
        json!({
            "type": "conversation", "id": conversation.id.to_string(),
            "created_at": conversation.created_at, "updated_at": conversation.updated_at,
            "waiting_since": conversation.created_at, "snoozed_until": null,
            "source": {
                "type": "conversation", "id": (conversation.id + 1).to_string(),
                "delivered_as": delivered_as, "subject": conversation.subject, "body": conversation.body,
                "author": author, "attachments": [], "url": null, "redacted": false,
            },
            "contacts": {
                "type": "contact.list",
                "contacts": [{ "type": "contact", "id": contact, "external_id": null }],
            },
            "admin_assignee_id": assignee(conversation.admin), "team_assignee_id": assignee(conversation.team),
            "open": conversation.state == "open", "state": conversation.state, "read": false,
            "tags": { "type": "tag.list", "tags": tags }, "priority": priority, "statistics": conversation.statistics(),
            "teammates": { "type": "admin.list", "admins": [] }, "title": "",
            "custom_attributes": conversation.attributes, "topics": {}, "ticket": null,
            "linked_objects": { "type": "list", "data": [], "total_count": 0, "has_more": false },
            "ai_agent": null, "ai_agent_participated": false,
            "conversation_parts": {
                "type": "conversation_part.list", "conversation_parts": parts, "total_count": parts.len(),
            },
        })
    }

    pub(super) fn contact(&self, id: &str) -> Option<Value> {
        let conversation = self.conversations.values().find(|conversation| conversation.contact() == id)?;
        let plan = seed::company(&conversation.email).map(|index| seed::COMPANIES[index].2);
        Some(json!({
            "type": "contact", "id": id, "role": "user", "email": conversation.email,
            "custom_attributes": { "plan": plan },
        }))
    }

    /// The companies of a contact: one at most.
    pub(super) fn companies(&self, contact: &str) -> Option<Value> {
        let conversation =
            self.conversations.values().find(|conversation| conversation.contact() == contact)?;
        let company = seed::company(&conversation.email).map(|index| {
            let (name, _, plan) = seed::COMPANIES[index];
            json!({
                "type": "company", "id": format!("company-{index}"), "name": name,
                "custom_attributes": { "plan": plan },
            })
        });
        let all: Vec<Value> = company.into_iter().collect();
        Some(json!({ "type": "list", "total_count": all.len(), "data": all }))
    }

    pub(super) fn all_tags(&self) -> Value {
        let tags: Vec<_> = self.tags.iter().map(|(id, name)| tag(*id, name)).collect();
        json!({ "type": "list", "data": tags })
    }
}

pub(super) fn tag(id: u64, name: &str) -> Value {
    json!({ "type": "tag", "id": id.to_string(), "name": name })
}

pub(super) fn teams() -> Value {
    let teams: Vec<_> = state::teams()
        .map(|(id, name)| json!({ "type": "team", "id": id.to_string(), "name": name, "admin_ids": [] }))
        // A team that an import left without a name: accounts have such records.
        .chain([json!({ "type": "team", "id": "5017600", "name": null, "admin_ids": [] })])
        .collect();
    json!({ "type": "team.list", "teams": teams })
}

pub(super) fn admins() -> Value {
    let admins: Vec<_> = state::admins().map(|(id, ..)| state::admin(id)).collect();
    json!({ "type": "admin.list", "admins": admins })
}

pub(super) fn me() -> Value {
    let mut me = state::admin(state::BRIDGE_ADMIN);
    me["app"] = json!({ "type": "app", "id_code": APP_ID, "name": "Stand-in", "region": "US" });
    me
}

/// Conversation attributes from 2.16 on: options have ids and labels.
pub(super) fn attributes() -> Value {
    let attribute = |(number, name): (usize, &&str)| {
        let options = state::attribute(name).flatten();
        let mut attribute = json!({
            "type": "conversation_attribute", "id": number + 1, "name": name, "description": "",
            "data_type": if options.is_some() { "list" } else { state::data_type(name) }, "required": false, "archived": false,
        });
        if let Some(options) = options {
            let options = options
                .iter()
                .map(|label| json!({ "id": format!("option-{label}"), "label": label, "archived": false }));
            attribute["options"] = options.collect();
        }
        attribute
    };
    let data: Vec<_> = state::ATTRIBUTES.iter().enumerate().map(attribute).collect();
    json!({ "type": "list", "data": data })
}

/// Conversation attributes up to 2.15: a list is a string with plain options.
pub(super) fn data_attributes() -> Value {
    let attribute = |name: &&str| {
        let mut attribute = json!({
            "type": "data_attribute", "name": name, "full_name": format!("custom_attributes.{name}"), "label": name,
            "data_type": if state::data_type(name) == "datetime" { "date" } else { state::data_type(name) }, "api_writable": true, "custom": true, "archived": false, "model": "conversation",
        });
        if let Some(options) = state::attribute(name).flatten() {
            attribute["options"] = options.into();
        }
        attribute
    };
    let data: Vec<_> = state::ATTRIBUTES.iter().map(attribute).collect();
    json!({ "type": "list", "data": data })
}

/// HTML as the platform's plain-text view shows it.
fn to_plain(body: &mut Value) {
    let Some(html) = body.as_str() else { return };
    let mut text = String::new();
    for (at, piece) in html.split('<').enumerate() {
        let Some((tag, words)) = piece.split_once('>').filter(|_| at > 0) else {
            text.push_str(piece);
            continue;
        };
        if let Some("p" | "br" | "div" | "li") = tag.trim_matches('/').split_whitespace().next() {
            text.push('\n');
        }
        text.push_str(words);
    }
    let decoded =
        text.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    *body = decoded.replace("&amp;", "&").trim().into();
}
