//! Reads what a Freshdesk account calls its groups, agents and fields, and who we are on it.
//!
//! On this platform the text of a choice is what is stored and sent, and a field is written under its `name`
//! (`cf_…`), whatever its label says. It never reads more than a bounded number of pages.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::wire::{PersonBody, read};
use crate::call::{Answer, Next, Read, Stop, listed, nothing_listed};
use crate::directory::lenient::Lenient;
use crate::directory::{Agent, Branch, Choice, Directory, Field, FieldKind, Named};
use crate::ticket::RemoteId;

/// Entries asked for on a page; the platform gives no more.
const PAGE: usize = 100;
/// Pages read of groups and of agents.
const PAGES: usize = 10;

/// <https://developers.freshdesk.com/api/#groups>
#[derive(Deserialize)]
struct GroupBody {
    id: Value,
    name: String,
}

/// <https://developers.freshdesk.com/api/#agents>
#[derive(Deserialize)]
struct AgentBody {
    id: Value,
    #[serde(default)]
    contact: PersonBody,
}

/// <https://developers.freshdesk.com/api/#ticket-fields>
#[derive(Deserialize)]
struct FieldBody {
    name: String,
    #[serde(default)]
    label: Option<String>,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    choices: Value,
    /// The dependent fields, second level first.
    #[serde(default)]
    nested_ticket_fields: Vec<LevelBody>,
}

#[derive(Deserialize)]
struct LevelBody {
    name: String,
    #[serde(default)]
    level: Option<u64>,
}

/// Groups, agents, fields, then ourselves.
pub(super) fn names(answers: &[Answer]) -> Next<Directory> {
    run(answers).unwrap_or_else(Stop::of)
}

/// A list that the account does not give us (listing agents takes an administrator's key) stays empty; one of them at
/// least must be there.
fn run(all: &[Answer]) -> Result<Next<Directory>, Stop> {
    let mut answers = all.iter();
    let mut left_out = Vec::new();
    let groups = pages::<GroupBody>("groups", &mut answers, &mut left_out)?;
    let agents = pages::<AgentBody>("agents", &mut answers, &mut left_out)?;
    let Some(answer) = answers.next() else { return Ok(Next::Send(Read::get("/api/v2/ticket_fields"))) };
    let fields: Option<Lenient<FieldBody>> = if listed(answer)? { Some(read(answer)?) } else { None };
    let fields = fields.map(|fields| fields.take("field", &mut left_out));
    if groups.is_none() && agents.is_none() && fields.is_none() {
        return Ok(nothing_listed(all));
    }
    let Some(answer) = answers.next() else { return Ok(Next::Send(Read::get("/api/v2/agents/me"))) };
    // Our own changes are known by their version where this is not to be had.
    let me: Option<AgentBody> = if listed(answer)? { Some(read(answer)?) } else { None };
    // A product is what a brand is elsewhere. https://developers.freshdesk.com/api/#products
    let products = pages::<GroupBody>("products", &mut answers, &mut left_out)?;

    let named = |all: Option<Vec<GroupBody>>| {
        let all = all.into_iter().flatten();
        all.filter_map(|one| Some(Named { id: RemoteId::from_json(&one.id)?, name: one.name })).collect()
    };
    Ok(Next::Done(Directory {
        me: me.and_then(|me| RemoteId::from_json(&me.id)),
        groups: named(groups),
        agents: agents.into_iter().flatten().filter_map(agent).collect(),
        fields: fields.into_iter().flatten().map(field).collect(),
        tags: Vec::new(),
        brands: named(products),
        presets: BTreeMap::new(),
        left_out,
    }))
}

/// All pages of a list; `None` where the account does not give it to us.
fn pages<'a, D: serde::de::DeserializeOwned>(
    what: &str,
    answers: &mut impl Iterator<Item = &'a Answer>,
    left_out: &mut Vec<String>,
) -> Result<Option<Vec<D>>, Stop> {
    let mut all = Vec::new();
    for page in 1..=PAGES {
        let call = || Next::Send(Read::get(format!("/api/v2/{what}?page={page}&per_page={PAGE}")));
        let answer = answers.next().ok_or_else(call)?;
        if !listed(answer)? {
            return Ok(if page == 1 { None } else { Some(all) });
        }
        let entries: Lenient<D> = read(answer)?;
        let full = entries.records.len() + entries.left_out.len() >= PAGE;
        all.extend(entries.take(what.trim_end_matches('s'), left_out));
        if !full {
            break;
        }
    }
    Ok(Some(all))
}

fn agent(body: AgentBody) -> Option<Agent> {
    let id = RemoteId::from_json(&body.id)?;
    let name = body.contact.name.or_else(|| body.contact.email.clone()).unwrap_or_else(|| id.to_string());
    Some(Agent { id, name, email: body.contact.email })
}

fn field(mut body: FieldBody) -> Field {
    let choices = || choices(&body.choices);
    // The one built-in field without an effect of its own is listed as `ticket_type` and written as `type`.
    let built_in_type = body.kind == "default_ticket_type";
    let kind = match body.kind.as_str() {
        "default_ticket_type" | "custom_dropdown" => FieldKind::One(choices()),
        "custom_multi_select_dropdown" | "custom_multi_select" => FieldKind::Many(choices()),
        "custom_text" | "custom_paragraph" => FieldKind::Text,
        "custom_number" | "custom_decimal" => FieldKind::Number,
        "custom_checkbox" => FieldKind::Flag,
        "custom_date" => FieldKind::Date,
        "nested_field" => FieldKind::Nested { levels: levels(&mut body), branches: branches(&body.choices) },
        // Status, group and the like have effects of their own.
        other => FieldKind::Other(other.to_owned()),
    };
    let id = if built_in_type { "type".to_owned() } else { body.name };
    Field {
        name: body.label.filter(|label| !label.is_empty()).unwrap_or_else(|| id.clone()),
        id: RemoteId(id),
        kind,
    }
}

/// The ids of the levels below the first, in order.
fn levels(body: &mut FieldBody) -> Vec<RemoteId> {
    body.nested_ticket_fields.sort_by_key(|level| level.level);
    body.nested_ticket_fields.drain(..).map(|level| RemoteId(level.name)).collect()
}

/// The tree of a nested field: maps from an option to what is below it, with a list of texts on the last level; or
/// lists of objects with a `value` and their own `choices`.
fn branches(value: &Value) -> Vec<Branch> {
    let branch = |value: &str, below: Vec<Branch>| Branch { value: value.to_owned(), below };
    match value {
        Value::Object(map) => map.iter().map(|(name, below)| branch(name, branches(below))).collect(),
        Value::Array(items) => items
            .iter()
            .filter_map(|item| match item.as_str() {
                Some(text) => Some(branch(text, Vec::new())),
                None => {
                    let name = item.get("value").or_else(|| item.get("label"))?.as_str()?;
                    Some(branch(name, item.get("choices").map(branches).unwrap_or_default()))
                }
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Choices come as a list of texts, as a list of objects with a `value`, or as a map whose keys are the texts.
fn choices(value: &Value) -> Vec<Choice> {
    let texts: Vec<&str> = match value {
        Value::Array(items) => items
            .iter()
            .filter_map(|item| item.as_str().or_else(|| item.get("value").and_then(Value::as_str)))
            .collect(),
        Value::Object(map) => map.keys().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    texts.into_iter().map(|text| Choice { value: text.to_owned(), label: text.to_owned() }).collect()
}
