//! `PUT /api/v2/tickets/{id}`: checked whole before anything of it is kept, as the platform does.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::{
    CATEGORY, GIFT, ITEMS, ORDER_NUMBER, SHIP_BY, TOPICS, agent, agent_id, group_id, group_name,
};
use super::{Kept, Refused, Said, Store, audit, invalid, not_found, stamp_of, stored_tag};
use crate::seed;

impl Store {
    /// The person whom a change of followers or copies names. A copy to an address that nobody has makes a customer.
    fn person(&mut self, change: &Value, agents_only: bool) -> Option<u64> {
        let by_id = change.get("user_id").and_then(number);
        let email = change.get("user_email").and_then(Value::as_str);
        let agent = by_id
            .filter(|id| super::super::agent(*id).is_some())
            .or_else(|| email.and_then(seed::agent).map(agent_id));
        if agents_only || agent.is_some() {
            return agent;
        }
        by_id
            .filter(|id| self.email(*id).is_some())
            .or_else(|| email.filter(|email| email.contains('@')).map(|email| self.customer(email)))
    }

    /// `PUT /api/v2/tickets/{id}`: all of it or nothing. Returns the ticket, and the comment it made.
    pub(in crate::zendesk) fn update(
        &mut self,
        id: &str,
        body: &Value,
    ) -> Result<(Kept, Option<Said>), Refused> {
        let mut kept = self.get(id).ok_or_else(not_found)?.clone();
        let wanted = body.get("ticket").and_then(Value::as_object).ok_or_else(|| {
            (400, json!({ "error": "InvalidAttribute", "description": "a ticket object is required" }))
        })?;
        if kept.status == "closed" {
            return Err(invalid("status", "ClosedTicket"));
        }
        guard(wanted, &kept)?;

        let (was, before) = (kept.clone(), kept.category.clone());
        if let Some(priority) = wanted.get("priority") {
            let word = priority.as_str();
            if priority.is_null() && kept.priority.is_some() && self.keeps_priorities {
                return Err(invalid("priority", "InvalidValue"));
            }
            if !priority.is_null()
                && !word.is_some_and(|word| ["low", "normal", "high", "urgent"].contains(&word))
            {
                return Err(invalid("priority", "InvalidValue"));
            }
            kept.priority = word.map(str::to_owned);
        }
        if let Some(group) = wanted.get("group_id") {
            kept.group = number(group);
            if !group.is_null() && kept.group.and_then(group_name).is_none() {
                return Err(invalid("group", "InvalidValue"));
            }
        }
        if let Some(assignee) = wanted.get("assignee_id") {
            kept.assignee = number(assignee);
            if !assignee.is_null() && kept.assignee.and_then(agent).is_none() {
                return Err(invalid("assignee", "InvalidValue"));
            }
            // Every agent of this desk is in every group; without one the agent's first group is taken.
            kept.group = kept.group.or_else(|| kept.assignee.map(|_| group_id(0)));
        }
        for field in wanted.get("custom_fields").and_then(Value::as_array).into_iter().flatten() {
            set_field(&mut kept, field)?;
        }
        if let Some(tags) = wanted.get("tags") {
            kept.tags = match tags {
                Value::Array(tags) => tags.iter().filter_map(Value::as_str).map(stored_tag).collect(),
                Value::String(tags) => tags.split([' ', ',']).map(stored_tag).collect(),
                _ => return Err(invalid("tags", "InvalidValue")),
            };
            kept.tags.remove("");
            kept.follow_tags(before.as_deref());
        }
        for (key, agents_only) in [("followers", true), ("email_ccs", false)] {
            for change in wanted.get(key).and_then(Value::as_array).into_iter().flatten() {
                let person = self.person(change, agents_only).ok_or_else(|| invalid(key, "InvalidValue"))?;
                let list = if agents_only { &mut kept.followers } else { &mut kept.copied };
                list.retain(|known| *known != person);
                match change.get("action").and_then(Value::as_str) {
                    // Putting somebody is what happens where nothing else is said.
                    Some("put") | None => list.push(person),
                    Some("delete") => {}
                    Some(_) => return Err(invalid(key, "InvalidValue")),
                }
            }
        }
        let said = match wanted.get("comment") {
            None => None,
            Some(comment) => {
                let html = comment.get("html_body").and_then(Value::as_str);
                let text = html.or_else(|| comment.get("body").and_then(Value::as_str)).unwrap_or_default();
                if text.is_empty() {
                    return Err(invalid("comment", "BlankValue"));
                }
                // Public unless said otherwise: forgetting `public` tells the customer.
                let public = comment.get("public").and_then(Value::as_bool).unwrap_or(true);
                let text = filled_in(text, self.email(kept.requester).unwrap_or_default());
                Some(self.comment(agent_id(0), public, &text, html.is_some()))
            }
        };
        kept.said.extend(said.clone());
        kept.touch();
        audit::changed(&mut kept, &was, agent_id(0), "api");
        self.tickets.insert(kept.id, kept.clone());
        // After the update, as the platform does: whoever wrote sees it at the next look.
        if let (Some((_, group)), Some(kept)) = (self.triggers.last(), self.tickets.get_mut(&kept.id)) {
            let before = kept.clone();
            kept.group = Some(*group);
            audit::triggered(kept, &before);
        }
        Ok((kept, said))
    }
}

/// `safe_update` without a stamp, or with another than the ticket's, changes nothing.
fn guard(wanted: &serde_json::Map<String, Value>, kept: &Kept) -> Result<(), Refused> {
    let safe = wanted.get("safe_update").is_some_and(|safe| safe == &json!(true) || safe == &json!("true"));
    if !safe {
        return Ok(());
    }
    match wanted.get("updated_stamp").and_then(Value::as_str) {
        None => Err(invalid("updated_stamp", "BlankValue")),
        Some(stamp) if stamp == stamp_of(kept.updated_s) => Ok(()),
        Some(_) => Err((
            409,
            json!({ "error": "UpdateConflict", "description": "Safe Update: the ticket data is outdated" }),
        )),
    }
}

fn set_field(kept: &mut Kept, field: &Value) -> Result<(), Refused> {
    let value = field.get("value").cloned().unwrap_or_default();
    let text = match &value {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        _ => None,
    };
    match field.get("id").and_then(number) {
        Some(CATEGORY) => {
            if !value.is_null() && !text.as_deref().is_none_or(|text| seed::CATEGORIES.contains(&text)) {
                return Err(invalid("base", "InvalidValue"));
            }
            kept.categorise(text);
        }
        Some(ORDER_NUMBER) => kept.order_number = text,
        Some(TOPICS) => {
            let chosen: Vec<&str> =
                value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let list = value.is_null() || value.is_array();
            if !list || chosen.iter().any(|topic| !seed::TOPICS.contains(topic)) {
                return Err(invalid("base", "InvalidValue"));
            }
            kept.tags.retain(|tag| !seed::TOPICS.contains(&tag.as_str()));
            kept.tags.extend(chosen.iter().map(|topic| (*topic).to_owned()));
            set(&mut kept.more, TOPICS, (!chosen.is_empty()).then(|| chosen.into()));
        }
        Some(id @ (GIFT | ITEMS | SHIP_BY)) => {
            let date = || text.as_deref().is_some_and(|text| text.parse::<jiff::civil::Date>().is_ok());
            let fits = match id {
                GIFT => value.is_boolean(),
                ITEMS => value.is_number() || text.as_deref().is_some_and(|text| text.parse::<i64>().is_ok()),
                _ => date(),
            };
            if !fits && !value.is_null() {
                return Err(invalid("base", "InvalidValue"));
            }
            set(&mut kept.more, id, Some(value).filter(|value| !value.is_null()));
        }
        // The platform says nothing about fields that it does not have.
        _ => {}
    }
    Ok(())
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn set(fields: &mut BTreeMap<u64, Value>, id: u64, value: Option<Value>) {
    match value {
        Some(value) => drop(fields.insert(id, value)),
        None => drop(fields.remove(&id)),
    }
}

/// Fills in placeholders as the platform does in whatever an agent writes: an address where one is named, else nothing.
/// <https://support.zendesk.com/hc/en-us/articles/4408886858138>
fn filled_in(text: &str, requester: &str) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        let ends = if rest[at..].starts_with("{{") { "}}" } else { "%}" };
        let Some(length) = rest[at..].find(ends) else { break };
        filled.push_str(&rest[..at]);
        filled.push_str(if rest[at..at + length].contains("requester.email") { requester } else { "" });
        rest = &rest[at + length + ends.len()..];
    }
    filled + rest
}
