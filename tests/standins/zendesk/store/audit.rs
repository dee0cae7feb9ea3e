//! What happened to a ticket, one audit an update, in the vendor's shape.
//! <https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_audits/>

use serde_json::{Value, json};

use super::super::{CATEGORY, ORDER_NUMBER};
use super::{Kept, stamp_of};

/// The audit of a new ticket.
pub(in crate::zendesk) fn born(kept: &mut Kept) {
    let mut events: Vec<Value> = values(kept)
        .into_iter()
        .map(|(field, value)| json!({ "type": "Create", "field_name": field, "value": value }))
        .collect();
    events.extend(kept.said.iter().map(comment));
    let audit = audit(kept.created_s, kept.requester, "email", events);
    kept.audits.push(audit);
}

/// The audit of an update: what differs from before, and what was said.
pub(in crate::zendesk) fn changed(kept: &mut Kept, before: &Kept, author: u64, channel: &str) {
    let mut events = differences(kept, before);
    events.extend(kept.said.iter().skip(before.said.len()).map(comment));
    let audit = audit(kept.updated_s, author, channel, events);
    kept.audits.push(audit);
}

/// What a trigger changed stands in the audit of the update that started it, and says so itself.
pub(in crate::zendesk) fn triggered(kept: &mut Kept, before: &Kept) {
    let mut events = differences(kept, before);
    for event in &mut events {
        event["via"] =
            json!({ "channel": "rule", "source": { "from": { "title": "a trigger" }, "rel": "trigger" } });
    }
    if let Some(all) = kept.audits.last_mut().and_then(|audit| audit["events"].as_array_mut()) {
        all.extend(events);
    }
}

/// When the ticket was solved last; `None` for one that is not.
pub(in crate::zendesk) fn solved_s(kept: &Kept) -> Option<i64> {
    let solves = |audit: &&Value| {
        let mut events = audit["events"].as_array().into_iter().flatten();
        events.any(|event| event["field_name"] == "status" && event["value"] == "solved")
    };
    let done = matches!(kept.status, "solved" | "closed");
    let last = kept.audits.iter().rev().find(solves).filter(|_| done)?;
    last["created_at"].as_str()?.parse::<jiff::Timestamp>().ok().map(|at| at.as_second())
}

fn audit(at_s: i64, author: u64, channel: &str, events: Vec<Value>) -> Value {
    json!({
        "created_at": stamp_of(at_s), "author_id": author, "via": { "channel": channel }, "events": events,
    })
}

fn comment(said: &super::Said) -> Value {
    json!({ "id": said.id, "type": "Comment", "author_id": said.author, "public": said.public, "body": said.plain })
}

fn differences(now: &Kept, before: &Kept) -> Vec<Value> {
    let pairs = values(now).into_iter().zip(values(before));
    pairs
        .filter(|((_, now), (_, before))| now != before)
        .map(|((field, now), (_, before))| {
            json!({ "type": "Change", "field_name": field, "value": now, "previous_value": before })
        })
        .collect()
}

/// Ids are text here, unlike in the ticket itself.
fn values(kept: &Kept) -> Vec<(String, Value)> {
    let id = |id: Option<u64>| id.map_or(Value::Null, |id| id.to_string().into());
    vec![
        ("status".to_owned(), kept.status.into()),
        ("priority".to_owned(), kept.priority.clone().into()),
        ("group_id".to_owned(), id(kept.group)),
        ("assignee_id".to_owned(), id(kept.assignee)),
        ("tags".to_owned(), kept.tags.iter().cloned().collect()),
        (CATEGORY.to_string(), kept.category.clone().into()),
        (ORDER_NUMBER.to_string(), kept.order_number.clone().into()),
    ]
}
