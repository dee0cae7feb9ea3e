//! Reads the automations that run on ticket updates, as far as our own updates can start them
//! (<https://developers.freshdesk.com/api/#automation>).
//!
//! A rule names who must have made the change and which change starts it: one that listens to requesters or to the system
//! only is left out. It reads one list and nothing else.

use serde::Deserialize;
use serde_json::Value;

use super::wire::read;
use crate::call::{Answer, Next, Read, listed};
use crate::directory::Directory;
use crate::ticket::{Priority, RemoteId};
use crate::trigger::{Deed, Need, Subject, Trigger};

/// Rules that run on ticket updates.
const PATH: &str = "/api/v2/automations/4/rules";

/// A bare list, or one under `rules`: both are described.
#[derive(Deserialize)]
#[serde(untagged)]
enum Rules {
    Bare(Vec<Rule>),
    Under { rules: Vec<Rule> },
}

#[derive(Deserialize)]
struct Rule {
    #[serde(default)]
    name: String,
    active: Option<bool>,
    performer: Option<Performer>,
    #[serde(default)]
    events: Vec<Named>,
    #[serde(default)]
    conditions: Vec<ConditionSet>,
    #[serde(default)]
    actions: Vec<Named>,
}

/// 1 an agent, 2 a requester, 3 either, 4 the system.
#[derive(Deserialize)]
struct Performer {
    #[serde(default, rename = "type")]
    kind: Value,
    members: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct ConditionSet {
    #[serde(default)]
    match_type: String,
    #[serde(default)]
    properties: Vec<Named>,
}

/// An event, a condition or an action.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    field_name: String,
    #[serde(default)]
    operator: String,
    #[serde(default)]
    value: Value,
    #[serde(default)]
    content: Value,
}

/// `None` where the key may not read automations: that takes an administrator's.
pub(super) fn triggers(names: &Directory, answers: &[Answer]) -> Next<Option<Vec<Trigger>>> {
    run(names, answers).unwrap_or_else(|stop| stop)
}

type Step = Next<Option<Vec<Trigger>>>;

fn run(names: &Directory, answers: &[Answer]) -> Result<Step, Step> {
    let Some(answer) = answers.first() else { return Ok(Next::Send(Read::get(PATH))) };
    if !listed(answer)? {
        return Ok(Next::Done(None));
    }
    let (Rules::Bare(rules) | Rules::Under { rules }) = read(answer)?;
    Ok(Next::Done(Some(rules.iter().filter_map(|rule| trigger(rule, names)).collect())))
}

fn trigger(rule: &Rule, names: &Directory) -> Option<Trigger> {
    if rule.active == Some(false) || rule.performer.as_ref().is_some_and(|who| !may_be_us(who, names)) {
        return None;
    }
    let whole = rule.events.iter().any(|event| event.field_name == "ticket_action");
    let on: Vec<Subject> = rule.events.iter().filter_map(|event| subject(&event.field_name)).collect();
    if !whole && on.is_empty() {
        // A reply, a note, a rating: nothing that our update is.
        return None;
    }
    let all = rule.conditions.iter().filter(|set| set.match_type == "all" || set.properties.len() == 1);
    Some(Trigger {
        name: rule.name.clone(),
        does: rule.actions.iter().flat_map(deeds).collect(),
        needs: all.flat_map(|set| &set.properties).filter_map(need).collect(),
        on: (!whole).then_some(on),
    })
}

fn may_be_us(performer: &Performer, names: &Directory) -> bool {
    let agents = matches!(text(&performer.kind).as_str(), "1" | "3" | "");
    let members = performer.members.as_deref().unwrap_or_default();
    let ours =
        |member: &Value| RemoteId::from_json(member).is_some() && RemoteId::from_json(member) == names.me;
    agents && (members.is_empty() || members.iter().any(ours))
}

fn need(condition: &Named) -> Option<Need> {
    let (name, values) = (condition.field_name.as_str(), texts(&condition.value));
    match (name, condition.operator.as_str()) {
        ("tag_names" | "tag_ids" | "tags", "in" | "is") => Some(Need::Tagged(values)),
        ("tag_names" | "tag_ids" | "tags", "not_in" | "is_not") => Some(Need::NotTagged(values)),
        (_, "is" | "in") if values.len() == 1 => Some(Need::Is(subject(name)?, worded(name, &values[0]))),
        (_, "is_not" | "not_in") if values.len() == 1 => {
            Some(Need::IsNot(subject(name)?, worded(name, &values[0])))
        }
        _ => None,
    }
}

fn deeds(action: &Named) -> Vec<Deed> {
    let values = texts(&action.value);
    match action.field_name.as_str() {
        "add_tag" => values.into_iter().map(Deed::AddsTag).collect(),
        "remove_tag" => values.into_iter().map(Deed::RemovesTag).collect(),
        "trigger_webhook" => {
            let body = action.content.to_string();
            (body.contains("ticket_id") && body.contains("event"))
                .then_some(Deed::Tells)
                .into_iter()
                .collect()
        }
        name => subject(name)
            .map(|subject| Deed::Sets(subject, values.first().map(|value| worded(name, value))))
            .into_iter()
            .collect(),
    }
}

fn subject(field: &str) -> Option<Subject> {
    Some(match field {
        "priority" => Subject::Priority,
        "group_id" => Subject::Group,
        "responder_id" => Subject::Agent,
        "ticket_type" | "type" => Subject::Field(RemoteId("type".to_owned())),
        other if other.starts_with("cf_") => Subject::Field(RemoteId(other.to_owned())),
        _ => return None,
    })
}

/// Priorities are numbers on this platform, from 1.
fn worded(field: &str, value: &str) -> String {
    let priority = || Priority::ALL.get(value.parse::<usize>().ok()?.checked_sub(1)?).copied();
    match field {
        "priority" => priority().map_or_else(|| value.to_owned(), |priority| priority.to_string()),
        _ => value.to_owned(),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().map(text).collect(),
        Value::Null => Vec::new(),
        one => vec![text(one)],
    }
}
