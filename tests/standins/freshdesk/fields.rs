//! The desk's ticket fields: what they are called, and which values each one takes.

use serde_json::{Map, Value, json};

use super::state::TYPES;
use crate::seed;

/// The dropdown that holds the category; its choices' text is what is stored.
pub(super) const CATEGORY: &str = "cf_category";
/// A free text field.
pub(super) const ORDER_NUMBER: &str = "cf_order_number";
/// The three levels of the nested field, the first of which it is called by.
const LEVELS: [&str; 3] = ["cf_product", "cf_model", "cf_part"];

/// Every custom field, as a ticket shows it where nothing is set.
pub(super) const CUSTOM: [&str; 8] =
    [CATEGORY, ORDER_NUMBER, LEVELS[0], LEVELS[1], LEVELS[2], "cf_gift", "cf_items", "cf_ship_by"];

/// What the nested field may hold, level by level.
fn products() -> Value {
    json!({ "Hardware": { "Laptop": ["Battery", "Screen"], "Phone": [] }, "Software": { "App": [] } })
}

/// <https://developers.freshdesk.com/api/#list_all_ticket_fields>
pub(super) fn all() -> Value {
    let labels: Vec<String> = seed::CATEGORIES.iter().map(|word| seed::label(word)).collect();
    json!([
        { "id": 1, "name": "requester", "label": "Search a requester", "type": "default_requester", "default": true },
        { "id": 2, "name": "subject", "label": "Subject", "type": "default_subject", "default": true },
        { "id": 3, "name": "ticket_type", "label": "Type", "type": "default_ticket_type", "default": true, "choices": TYPES },
        { "id": 4, "name": "status", "label": "Status", "type": "default_status", "default": true,
          "choices": { "2": ["Open", "Being Processed"], "3": ["Pending", "Awaiting your Reply"],
                       "4": ["Resolved", "This ticket has been Resolved"], "5": ["Closed", "This ticket has been Closed"] } },
        { "id": 5, "name": "priority", "label": "Priority", "type": "default_priority", "default": true,
          "choices": { "Low": 1, "Medium": 2, "High": 3, "Urgent": 4 } },
        { "id": 6, "name": "group", "label": "Group", "type": "default_group", "default": true },
        { "id": 7, "name": "agent", "label": "Agent", "type": "default_agent", "default": true },
        { "id": 8, "name": CATEGORY, "label": "Category", "type": "custom_dropdown", "default": false, "choices": labels },
        { "id": 9, "name": ORDER_NUMBER, "label": "Order number", "type": "custom_text", "default": false },
        { "id": 10, "name": LEVELS[0], "label": "Product", "type": "nested_field", "default": false, "choices": products(),
          "nested_ticket_fields": [{ "id": 11, "name": LEVELS[1], "label": "Model", "level": 2, "ticket_field_id": 10 },
                                   { "id": 12, "name": LEVELS[2], "label": "Part", "level": 3, "ticket_field_id": 10 }] },
        { "id": 13, "name": "cf_gift", "label": "Gift", "type": "custom_checkbox", "default": false },
        { "id": 14, "name": "cf_items", "label": "Items", "type": "custom_number", "default": false },
        { "id": 15, "name": "cf_ship_by", "label": "Ship by", "type": "custom_date", "default": false },
    ])
}

/// What is wrong with a set of custom fields, as field and code. `now` are those of the ticket.
pub(super) fn problems<'a>(
    asked: &'a Map<String, Value>,
    now: &std::collections::BTreeMap<String, Value>,
) -> Vec<(&'a str, &'static str)> {
    asked
        .iter()
        .filter_map(|(key, value)| {
            let text = value.as_str();
            let level = LEVELS.iter().position(|level| level == key);
            let (fits, code) = match (key.as_str(), level) {
                (_, Some(level)) => (below(level, value, asked, now), "invalid_value"),
                (CATEGORY, _) => {
                    let label = |text: &str| seed::CATEGORIES.iter().any(|word| seed::label(word) == text);
                    (text.is_some_and(label), "invalid_value")
                }
                (ORDER_NUMBER, _) => (text.is_some(), "datatype_mismatch"),
                ("cf_gift", _) => (value.is_boolean(), "datatype_mismatch"),
                ("cf_items", _) => (value.is_i64(), "datatype_mismatch"),
                ("cf_ship_by", _) => {
                    let date = text.is_some_and(|text| text.parse::<jiff::civil::Date>().is_ok());
                    (date, "invalid_date")
                }
                _ => return Some((key.as_str(), "invalid_field")),
            };
            (!fits && !value.is_null()).then_some((key.as_str(), code))
        })
        .collect()
}

/// Whether a level's value belongs to what stands in the levels above it once the request is carried out.
fn below(
    level: usize,
    value: &Value,
    asked: &Map<String, Value>,
    now: &std::collections::BTreeMap<String, Value>,
) -> bool {
    let mut at = products();
    for above in &LEVELS[..level] {
        let Some(chosen) = asked.get(*above).or_else(|| now.get(*above)).and_then(Value::as_str) else {
            return false;
        };
        at = at.get(chosen).cloned().unwrap_or_default();
    }
    let Some(text) = value.as_str() else { return false };
    match at {
        Value::Object(map) => map.contains_key(text),
        Value::Array(items) => items.iter().any(|item| item == text),
        _ => false,
    }
}
