//! Actions: what a rule asks for, and the effect it becomes on one platform.
//!
//! An action names groups, fields and agents in our words; [`super::names`] knows the platform's. Deciding which action
//! wins is `decide`'s business.

use deskbridge_connectors::plan::Note;
use deskbridge_connectors::{Effect, FieldValue, Platform, Priority};

use super::names::{Kind, Names};
use super::template::Template;
use crate::diagnostic::{Place, nearest};
use crate::yaml::{Node, Problems, Value};

/// The words an action may begin with.
pub const ACTIONS: [&str; 6] =
    ["set_field", "set_priority", "add_tags", "assign_group", "assign_agent", "note"];

/// Words that are kept for actions to come.
const RESERVED: [&str; 4] = ["cc", "reply", "lookup", "remove_tags"];

/// One action and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Action {
    pub(super) at: Place,
    pub(super) verb: Verb,
}

/// What an action does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verb {
    SetField { field: String, value: FieldSource },
    SetPriority(Template),
    AddTags(Vec<Template>),
    AssignGroup(Template),
    AssignAgent(Template),
    Note(Template),
}

/// Where a field's value comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum FieldSource {
    Fixed(FieldValue),
    Text(Template),
}

/// Reads the list under `then`; an entry may set several fields and then becomes several actions.
pub(super) fn read(node: &Node, problems: &mut Problems) -> Vec<Action> {
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
        "assign_group" => template(problems).map(Verb::AssignGroup).into_iter().collect(),
        "assign_agent" => template(problems).map(Verb::AssignAgent).into_iter().collect(),
        "note" => template(problems).map(Verb::Note).into_iter().collect(),
        word if RESERVED.contains(&word) => {
            problems.error(key.at, format!("the action `{word}` is not supported by this version"));
            Vec::new()
        }
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

/// What an action needs to become an effect.
pub(super) struct Terms<'a> {
    pub(super) names: &'a Names,
    pub(super) platform: Platform,
    /// Fills a template.
    pub(super) render: &'a dyn Fn(&Template) -> Result<String, String>,
    /// The mark of a note with this text.
    pub(super) marker: &'a dyn Fn(&str) -> String,
}

impl Action {
    /// The effect on one platform.
    ///
    /// # Errors
    /// Why there is none: a template that fails, a value that is no priority, a name the platform does not have.
    pub(super) fn effect(&self, terms: &Terms<'_>) -> Result<Effect, String> {
        let render = |template: &Template| -> Result<String, String> {
            let text = (terms.render)(template)?;
            if text.is_empty() { Err("the template gives no text".to_owned()) } else { Ok(text) }
        };
        let name = |kind, template: &Template| terms.names.resolve(kind, &render(template)?, terms.platform);
        Ok(match &self.verb {
            Verb::SetField { field, value } => Effect::SetField {
                field: terms.names.resolve(Kind::Field, field, terms.platform)?,
                value: match value {
                    FieldSource::Fixed(value) => value.clone(),
                    FieldSource::Text(template) => FieldValue::Text(render(template)?),
                },
            },
            Verb::SetPriority(template) => {
                let word = render(template)?;
                Effect::SetPriority(word.parse().map_err(|message| format!("`{word}`: {message}"))?)
            }
            Verb::AddTags(templates) => {
                Effect::AddTags(templates.iter().map(render).collect::<Result<_, _>>()?)
            }
            Verb::AssignGroup(template) => Effect::AssignGroup(name(Kind::Group, template)?),
            Verb::AssignAgent(template) => Effect::AssignAgent(name(Kind::Agent, template)?),
            Verb::Note(template) => {
                let text = render(template)?;
                let marker = (terms.marker)(&text);
                Effect::Note(Note { text, marker })
            }
        })
    }

    /// The templates in it.
    pub(super) fn templates(&self) -> Vec<&Template> {
        match &self.verb {
            Verb::SetField { value: FieldSource::Fixed(_), .. } => Vec::new(),
            Verb::SetField { value: FieldSource::Text(template), .. }
            | Verb::SetPriority(template)
            | Verb::AssignGroup(template)
            | Verb::AssignAgent(template)
            | Verb::Note(template) => vec![template],
            Verb::AddTags(templates) => templates.iter().collect(),
        }
    }

    /// The one template that decides a name, and what kind of name.
    pub(super) fn named(&self) -> Option<(Kind, &Template)> {
        match &self.verb {
            Verb::AssignGroup(template) => Some((Kind::Group, template)),
            Verb::AssignAgent(template) => Some((Kind::Agent, template)),
            _ => None,
        }
    }
}
