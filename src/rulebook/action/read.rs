//! Reading actions: one word each, and what it takes.

use deskbridge_connectors::{FieldValue, Priority};

use super::{ACTIONS, Action, FieldSource, Question, Verb, is_address};
use crate::diagnostics::nearest;
use crate::diagnostics::yaml::{Node, Problems, Table, Value};
use crate::rulebook::template::Template;

/// Reads the list under `then`; an entry may set several fields and then becomes several actions.
pub(in crate::rulebook) fn read(node: &Node, problems: &mut Problems) -> Vec<Action> {
    let items = problems.list(node, "`then`");
    if items.is_empty() && matches!(node.value, Value::List(_)) {
        problems.error(node.at, "`then` is an empty list");
    }
    items.iter().flat_map(|item| action(item, problems)).collect()
}

fn action(node: &Node, problems: &mut Problems) -> Vec<Action> {
    let (key, value) = match problems.entries(node, "an action") {
        [one] => one,
        [_, (second, _), ..] => {
            let help = "begin each action with its own `-`".to_owned();
            problems.error_with(
                second.at,
                format!("`{}` is a second action in one", second.name),
                Some(help),
            );
            return Vec::new();
        }
        [] => {
            if matches!(node.value, Value::Null | Value::Map(_)) {
                problems.error(node.at, "the action is empty");
            }
            return Vec::new();
        }
    };
    let what = format!("`{}`", key.name);
    let template = |problems: &mut Problems| problems.word(value, &what).map(Template::new);
    let verbs = match key.name.as_str() {
        "set_field" => fields(value, problems),
        "set_priority" => {
            let Some(template) = template(problems) else { return Vec::new() };
            if template.is_fixed()
                && let Err(message) = template.source.parse::<Priority>()
            {
                problems.error(value.at, message);
                return Vec::new();
            }
            vec![Verb::SetPriority(template)]
        }
        "add_tags" => {
            let tags = problems.one_or_many(value, &what);
            vec![Verb::AddTags(tags.iter().map(|(_, tag)| Template::new(tag)).collect())]
        }
        "remove_tags" => {
            let tags = problems.one_or_many(value, &what);
            vec![Verb::RemoveTags(tags.iter().map(|(_, tag)| Template::new(tag)).collect())]
        }
        "assign_group" => template(problems).map(Verb::AssignGroup).into_iter().collect(),
        "assign_agent" => template(problems).map(Verb::AssignAgent).into_iter().collect(),
        "note" => template(problems).map(Verb::Note).into_iter().collect(),
        "cc" => parties(value, problems),
        "reply" => {
            problems.word(value, &what).map(|name| Verb::Reply(name.trim().to_owned())).into_iter().collect()
        }
        "lookup" => Question::read(value, problems).map(Verb::Lookup).into_iter().collect(),
        word => {
            let help = nearest(word, ACTIONS).map_or_else(
                || format!("actions: {}", ACTIONS.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            problems.error_with(key.at, format!("there is no action `{word}`"), Some(help));
            Vec::new()
        }
    };
    verbs.into_iter().map(|verb| Action { at: key.at, verb }).collect()
}

fn fields(node: &Node, problems: &mut Problems) -> Vec<Verb> {
    let entries = problems.entries(node, "`set_field`");
    if entries.is_empty() && matches!(node.value, Value::Null | Value::Map(_)) {
        problems.error(node.at, "`set_field` names no field, as in set_field: { category: billing }");
    }
    let mut found = Vec::new();
    for (key, node) in entries {
        if let Some(value) = field_source(node, &key.name, problems) {
            found.push(Verb::SetField { field: key.name.clone(), value });
        }
    }
    found
}

fn field_source(node: &Node, field: &str, problems: &mut Problems) -> Option<FieldSource> {
    let what = format!("the value of `{field}`");
    match &node.value {
        Value::List(_) => {
            let items = problems.one_or_many(node, &what);
            Some(FieldSource::Fixed(FieldValue::Many(items.into_iter().map(|(_, item)| item).collect())))
        }
        Value::Scalar { text, plain: true } if text == "true" || text == "false" => {
            Some(FieldSource::Fixed(FieldValue::Flag(text == "true")))
        }
        Value::Scalar { text, plain: true } if text.parse::<serde_json::Number>().is_ok() => {
            text.parse().ok().map(|number| FieldSource::Fixed(FieldValue::Number(number)))
        }
        _ => {
            let template = Template::new(problems.word(node, &what)?);
            Some(if template.is_fixed() {
                FieldSource::Fixed(FieldValue::Text(template.source))
            } else {
                FieldSource::Text(template)
            })
        }
    }
}

/// One party or a list of them.
fn parties(node: &Node, problems: &mut Problems) -> Vec<Verb> {
    let items = match &node.value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut found = Vec::new();
    for item in items {
        let mut table = Table::open(item, "cc", problems);
        let group = table.optional("group").and_then(|(_, node)| problems.word(node, "`cc.group`"));
        let email =
            table.optional("email").and_then(|(_, node)| Some((node, problems.word(node, "`cc.email`")?)));
        if table.is_empty() && matches!(item.value, Value::Map(_) | Value::Null) {
            problems.error(item.at, "`cc` names nobody; write { group: … } or { email: … }");
        }
        table.close(problems);
        found.extend(group.map(|group| Verb::CcGroup(Template::new(group))));
        if let Some((node, email)) = email {
            let template = Template::new(email);
            if template.is_fixed() && !is_address(email.trim()) {
                problems.error(node.at, "`cc.email` is an address, as in lead@desk.example");
                continue;
            }
            found.push(Verb::CcEmail(template));
        }
    }
    found
}
