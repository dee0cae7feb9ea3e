//! Searches of conversations and of tickets, by the few fields and operators that a list of closed ones needs.
//! <https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations/searchconversations>

use serde_json::{Value, json};

use super::super::state::{Conversation, Workspace};
use super::{Answered, refused};

/// Answers a search; results carry no parts, as on the platform.
pub(super) fn search(workspace: &Workspace, tickets: bool, body: &Value) -> Answered {
    let filters = body["query"]["value"].as_array().filter(|_| body["query"]["operator"] == "AND");
    let filters = filters.ok_or_else(|| refused(400, "parameter_invalid", "query is not valid"))?;
    let size = body["pagination"]["per_page"].as_u64().unwrap_or(20);
    if !(1..=150).contains(&size) || filters.len() > 15 {
        return Err(refused(400, "parameter_invalid", "per_page is not valid"));
    }
    let mut found: Vec<&Conversation> = Vec::new();
    for conversation in workspace.conversations.values().filter(|one| one.ticket == tickets) {
        let mut fits = true;
        for filter in filters {
            fits &= holds(conversation, filter)?;
        }
        if fits {
            found.push(conversation);
        }
    }
    let after: u64 =
        body["pagination"]["starting_after"].as_str().and_then(|text| text.parse().ok()).unwrap_or(0);
    let total = found.len();
    let page: Vec<&Conversation> =
        found.into_iter().filter(|one| one.id > after).take(size as usize + 1).collect();
    let more = page.len() > size as usize;
    let page = &page[..page.len().min(size as usize)];
    let next = page.last().filter(|_| more).map(|last| json!({ "starting_after": last.id.to_string() }));
    let rows: Vec<Value> = page.iter().map(|one| json!({ "id": one.id.to_string() })).collect();
    let kind = if tickets { "tickets" } else { "conversations" };
    Ok(
        json!({ "type": "list", kind: rows, "total_count": total, "pages": { "type": "pages", "next": next } }),
    )
}

fn holds(conversation: &Conversation, filter: &Value) -> Result<bool, super::Refused> {
    let value = &filter["value"];
    let moment = |at: Option<i64>| {
        let (at, bound) = (at?, value.as_i64()?);
        match filter["operator"].as_str()? {
            ">" => Some(at > bound),
            "<" => Some(at < bound),
            _ => None,
        }
    };
    let field = filter["field"].as_str().unwrap_or_default();
    match (field, filter["operator"].as_str()) {
        ("state", Some("=")) => Ok(value == conversation.state),
        ("open", Some("=")) => Ok(value.as_bool() == Some(conversation.state == "open")),
        ("statistics.last_close_at", _) => {
            Ok(moment(conversation.statistics()["last_close_at"].as_i64()).unwrap_or(false))
        }
        ("created_at", _) => Ok(moment(Some(conversation.created_at)).unwrap_or(false)),
        ("updated_at", _) => Ok(moment(Some(conversation.updated_at)).unwrap_or(false)),
        _ => Err(refused(400, "parameter_invalid", format!("{field} cannot be searched by"))),
    }
}
