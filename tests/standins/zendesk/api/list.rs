//! Lists by cursor: what the account calls things, its triggers, and the search export.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::store::{audit, not_found};
use super::super::{
    CATEGORY, GIFT, ID_BASE, ITEMS, Inner, ORDER_NUMBER, SHIP_BY, TOPICS, agent_id, brand_id, group_id, lock,
};
use super::{Desk, Parameters, answer, number_of, refuse, user};
use crate::seed;

pub(super) async fn list(State(desk): Desk, Path(list): Path<String>, Query(asked): Parameters) -> Response {
    let name = number_of(&list).to_owned();
    let all: Vec<Value> = match name.as_str() {
        "groups" => (0..seed::GROUPS.len())
            .map(|index| json!({ "id": group_id(index), "name": seed::GROUPS[index], "deleted": false }))
            // A group that an import left without a name: accounts have such records.
            .chain([json!({ "id": group_id(seed::GROUPS.len()), "name": null, "deleted": false })])
            .collect(),
        "users" => {
            let store = lock(&desk.store);
            (0..seed::AGENTS.len()).map(|index| user(&store, agent_id(index))).collect()
        }
        "ticket_fields" => fields(),
        "brands" => (0..seed::BRANDS.len())
            .map(|index| json!({ "id": brand_id(index), "name": seed::BRANDS[index], "active": true }))
            .collect(),
        "triggers" => lock(&desk.store).triggers.iter().map(trigger).collect(),
        _ => return refuse(not_found()),
    };
    answer(200, page(&name, all, &asked, &desk, &format!("/api/v2/{name}.json")))
}

/// The search export, by the two bounds that a list of solved, or of created, tickets needs.
/// <https://developer.zendesk.com/api-reference/ticketing/ticket-management/search/#export-search-results>
pub(super) async fn export(State(desk): Desk, Query(asked): Parameters) -> Response {
    let value = |key: &str| asked.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
    let query = value("query").unwrap_or_default();
    let bound = |word: &str| {
        let text = query.split(' ').find_map(|part| part.strip_prefix(word))?;
        Some(text.parse::<jiff::Timestamp>().ok()?.as_second())
    };
    // "Using the type: keyword in the query results in an error" beside `filter[type]`, and the index keeps seconds.
    let is_whole = |part: &str| !part.contains('.');
    if query.split(' ').any(|part| part.starts_with("type:")) || !query.split(' ').all(is_whole) {
        let description = "the query has `type:` beside filter[type], or a time that is not a whole second";
        return answer(422, json!({ "error": "invalid", "description": description }));
    }
    let solved = bound("solved>=").zip(bound("solved<"));
    let (Some("ticket"), Some((since, until))) =
        (value("filter[type]"), solved.or_else(|| bound("created>=").zip(bound("created<"))))
    else {
        return answer(422, json!({ "error": "invalid", "description": "the query is not understood" }));
    };
    let store = lock(&desk.store);
    let found = store.ids().into_iter().filter_map(|id| {
        let kept = store.get(&id)?;
        let at = if solved.is_some() { audit::solved_s(kept) } else { Some(kept.created_s) };
        let within = at.is_some_and(|at| (since..until).contains(&at));
        within.then(|| json!({ "id": kept.id, "result_type": "ticket", "status": kept.status }))
    });
    let all: Vec<Value> = found.collect();
    answer(200, page("results", all, &asked, &desk, "/api/v2/search/export.json"))
}

/// A trigger that assigns a group at every update of an open ticket.
fn trigger((name, group): &(String, u64)) -> Value {
    json!({
        "title": name, "active": true,
        "conditions": {
            "all": [
                { "field": "update_type", "operator": "is", "value": "Change" },
                { "field": "status", "operator": "less_than", "value": "solved" },
            ],
            "any": [],
        },
        "actions": [{ "field": "group_id", "value": group.to_string() }],
    })
}

/// One page by cursor; the cursor is opaque to clients and an offset in truth.
pub(super) fn page(
    name: &str,
    all: Vec<Value>,
    asked: &[(String, String)],
    desk: &Inner,
    path: &str,
) -> Value {
    let parameter = |key: &str| asked.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone());
    let size = parameter("page[size]").and_then(|size| size.parse().ok()).unwrap_or(100_usize).clamp(1, 100);
    let start = parameter("page[after]")
        .and_then(|cursor| String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?.parse().ok())
        .unwrap_or(0_usize);
    let items: Vec<_> = all.iter().skip(start).take(size).cloned().collect();
    let has_more = start + items.len() < all.len();
    let cursor = STANDARD.encode((start + items.len()).to_string());
    let base = desk.base_url.get().map(String::as_str).unwrap_or_default();
    let next = has_more.then(|| format!("{base}{path}?page%5Bafter%5D={cursor}&page%5Bsize%5D={size}"));
    json!({
        name: items,
        "meta": { "has_more": has_more, "after_cursor": cursor, "before_cursor": null },
        "links": { "next": next, "prev": null },
    })
}

/// Two of the platform's own fields, which nobody may set as custom fields, and the two of this desk.
fn fields() -> Vec<Value> {
    let options: Vec<_> = seed::CATEGORIES
        .iter()
        .map(|value| json!({ "name": seed::label(value), "raw_name": seed::label(value), "value": value }))
        .collect();
    let field =
        |id: u64, kind: &str, title: &str| json!({ "id": id, "type": kind, "title": title, "active": true });
    let mut category = field(CATEGORY, "tagger", "Category");
    category["custom_field_options"] = options.into();
    let mut topics = field(TOPICS, "multiselect", "Topics");
    topics["custom_field_options"] =
        seed::TOPICS.iter().map(|value| json!({ "name": seed::label(value), "value": value })).collect();
    vec![
        field(ID_BASE + 191, "subject", "Subject"),
        field(ID_BASE + 193, "priority", "Priority"),
        category,
        field(ORDER_NUMBER, "text", "Order number"),
        topics,
        field(GIFT, "checkbox", "Gift"),
        field(ITEMS, "integer", "Items"),
        field(SHIP_BY, "date", "Ship by"),
    ]
}
