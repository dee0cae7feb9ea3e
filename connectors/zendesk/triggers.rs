//! Reads the triggers that our own updates can start
//! (<https://developer.zendesk.com/api-reference/ticketing/business-rules/triggers/>).
//!
//! Every trigger is tried on every update, in order. One that asks for a new ticket, for somebody else than us, for another
//! way in than the API or for a comment is spared by our writes and left out.

use serde::Deserialize;
use serde_json::Value;

use super::wire::{list, next_page, parse};
use crate::call::{Answer, Later, Next, Read, listed};
use crate::directory::Directory;
use crate::ticket::RemoteId;
use crate::trigger::{Deed, Need, Subject, Trigger};

const PATH: &str = "/api/v2/triggers";
/// At most a thousand; an account may have more and then the rest is not looked at.
const PAGES: usize = 10;
/// How the platform numbers a change that came in by its API.
const BY_API: &str = "5";

#[derive(Deserialize)]
struct Triggers {
    triggers: Vec<WireTrigger>,
}

#[derive(Deserialize)]
struct WireTrigger {
    title: Option<String>,
    active: Option<bool>,
    #[serde(default)]
    conditions: Conditions,
    #[serde(default)]
    actions: Vec<Pair>,
}

#[derive(Default, Deserialize)]
struct Conditions {
    #[serde(default)]
    all: Vec<Pair>,
}

/// A condition or an action.
#[derive(Deserialize)]
struct Pair {
    #[serde(default)]
    field: String,
    #[serde(default)]
    operator: String,
    #[serde(default)]
    value: Value,
}

/// `None` where the credentials may not read triggers: that takes an administrator.
pub(super) fn triggers(names: &Directory, answers: &[Answer], base_url: &str) -> Next<Option<Vec<Trigger>>> {
    let path = list(PATH, "&active=true");
    let mut found = Vec::new();
    let mut next = Some(Read::get(path.clone()));
    let mut answers = answers.iter();
    for _ in 0..PAGES {
        let Some(read) = next else { break };
        let Some(answer) = answers.next() else { return Next::Send(read) };
        match listed(answer) {
            Ok(true) => {}
            Ok(false) => return Next::Done(None),
            Err(next) => return next,
        }
        let Some(page) = parse::<Triggers>(answer) else { return Next::Later(Later::Failed) };
        found.extend(page.triggers.iter().filter_map(|trigger| read_trigger(trigger, names)));
        next = next_page(answer, &path, base_url);
    }
    Next::Done(Some(found))
}

fn read_trigger(trigger: &WireTrigger, names: &Directory) -> Option<Trigger> {
    let all = &trigger.conditions.all;
    if trigger.active == Some(false) || all.iter().any(|condition| spares_us(condition, names)) {
        return None;
    }
    Some(Trigger {
        name: trigger.title.clone().unwrap_or_default(),
        does: trigger.actions.iter().flat_map(deeds).collect(),
        needs: all.iter().filter_map(need).collect(),
        on: None,
    })
}

/// Whether a trigger with this condition leaves our updates alone.
fn spares_us(condition: &Pair, names: &Directory) -> bool {
    let value = text(&condition.value);
    let ours = names.me.as_ref().is_some_and(|me| me.as_str() == value);
    match (condition.field.as_str(), condition.operator.as_str()) {
        ("update_type", "is") => value.eq_ignore_ascii_case("create"),
        // "Current user": a kind of person, or somebody by id. We are an agent.
        ("role" | "current_user", "is") => {
            !matches!(value.as_str(), "agent" | "all_agents" | "admin") && !ours
        }
        ("role" | "current_user", "is_not") => matches!(value.as_str(), "agent" | "all_agents") || ours,
        ("current_via_id" | "via_id", "is") => value != BY_API,
        ("current_via_id" | "via_id", "is_not") => value == BY_API,
        // Our updates carry a comment only where a rule writes one.
        ("comment_is_public", _) | ("comment_includes_word", "includes" | "is") => true,
        // The moment a part changes is ours only for the parts we set, and then the other conditions tell.
        _ => false,
    }
}

fn need(condition: &Pair) -> Option<Need> {
    let value = text(&condition.value);
    let tags = || value.split_whitespace().map(str::to_owned).collect();
    match (condition.field.as_str(), condition.operator.as_str()) {
        ("current_tags", "includes") => Some(Need::Tagged(tags())),
        ("current_tags", "not_includes") => Some(Need::NotTagged(tags())),
        (field, "is" | "value") => Some(Need::Is(subject(field)?, value)),
        (field, "is_not") => Some(Need::IsNot(subject(field)?, value)),
        _ => None,
    }
}

fn deeds(action: &Pair) -> Vec<Deed> {
    let value = text(&action.value);
    let tags = || value.split_whitespace().map(str::to_owned);
    match action.field.as_str() {
        "set_tags" => vec![Deed::ReplacesTags(tags().collect())],
        "current_tags" => tags().map(Deed::AddsTag).collect(),
        "remove_tags" => tags().map(Deed::RemovesTag).collect(),
        "notification_webhook" | "notification_target" => {
            let body = action.value.to_string();
            let ours = body.contains("ticket_id") && body.contains("event");
            ours.then_some(Deed::Tells).into_iter().collect()
        }
        field => subject(field)
            .map(|subject| {
                // `current_groups` and its like stand for whoever is at work.
                let fixed = match subject {
                    Subject::Group | Subject::Agent => value.parse::<u64>().is_ok(),
                    Subject::Priority | Subject::Field(_) => !value.is_empty(),
                };
                Deed::Sets(subject, fixed.then_some(value))
            })
            .into_iter()
            .collect(),
    }
}

fn subject(field: &str) -> Option<Subject> {
    Some(match field {
        "priority" => Subject::Priority,
        "group_id" => Subject::Group,
        "assignee_id" => Subject::Agent,
        other => Subject::Field(RemoteId(other.strip_prefix("custom_fields_")?.to_owned())),
    })
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        _ => String::new(),
    }
}
