//! Actions: what a rule asks for, and the effect it becomes on one platform.
//!
//! An action names groups, fields and agents in our words; [`super::names`] knows the platform's. Deciding which action
//! wins is `decide`'s business.

use std::collections::BTreeSet;

use deskbridge_connectors::plan::{Note, Party, Reply};
use deskbridge_connectors::{Effect, FieldValue, Platform};

use super::names::{Kind, Names};
use super::replies::Replies;
use super::template::Template;
use crate::diagnostics::Place;

mod lookup;
mod read;

pub(super) use lookup::Question;
pub(super) use read::read;

/// The words an action may begin with.
pub const ACTIONS: [&str; 10] = [
    "set_field",
    "set_priority",
    "add_tags",
    "remove_tags",
    "assign_group",
    "assign_agent",
    "cc",
    "note",
    "reply",
    "lookup",
];

/// One action and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Action {
    pub(super) at: Place,
    pub(super) verb: Verb,
}

/// What an action does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verb {
    SetField {
        field: String,
        value: FieldSource,
    },
    SetPriority(Template),
    AddTags(Vec<Template>),
    RemoveTags(Vec<Template>),
    AssignGroup(Template),
    AssignAgent(Template),
    CcGroup(Template),
    CcEmail(Template),
    Note(Template),
    /// A template of the rulebook, by name.
    Reply(String),
    Lookup(Question),
}

/// Where a field's value comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum FieldSource {
    Fixed(FieldValue),
    Text(Template),
}

/// What an action needs to become an effect.
pub(super) struct Terms<'a> {
    pub(super) names: &'a Names,
    pub(super) platform: Platform,
    pub(super) replies: &'a Replies,
    /// What the ticket is written in, and how sure that is.
    pub(super) language: (&'a str, f32),
    /// Fills a template.
    pub(super) render: &'a dyn Fn(&Template) -> Result<String, String>,
    /// The mark of a note with this text.
    pub(super) marker: &'a dyn Fn(&str) -> String,
}

impl Action {
    /// The effect on one platform; a look-up has none before it is answered.
    ///
    /// # Errors
    /// Why there is none: a template that fails, a value that is no priority, a name the platform does not have.
    pub(super) fn effect(&self, terms: &Terms<'_>) -> Result<Effect, String> {
        let render = |template: &Template| -> Result<String, String> {
            let text = (terms.render)(template)?;
            if text.is_empty() { Err("the template gives no text".to_owned()) } else { Ok(text) }
        };
        let tags =
            |templates: &[Template]| templates.iter().map(render).collect::<Result<BTreeSet<_>, String>>();
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
            Verb::AddTags(templates) => Effect::AddTags(tags(templates)?),
            Verb::RemoveTags(templates) => Effect::RemoveTags(tags(templates)?),
            Verb::AssignGroup(template) => Effect::AssignGroup(name(Kind::Group, template)?),
            Verb::AssignAgent(template) => Effect::AssignAgent(name(Kind::Agent, template)?),
            Verb::CcGroup(template) => Effect::Cc(Party::Group(name(Kind::Group, template)?)),
            Verb::CcEmail(template) => {
                let address = render(template)?;
                if !is_address(&address) {
                    return Err("the template gives no address".to_owned());
                }
                Effect::Cc(Party::Email(address))
            }
            Verb::Note(template) => {
                let text = render(template)?;
                let marker = (terms.marker)(&text);
                Effect::Note(Note { text, marker })
            }
            Verb::Reply(name) => {
                let (code, confidence) = terms.language;
                let template = terms.replies.text(name, code, confidence);
                let template = template.ok_or_else(|| format!("there is no template `{name}`"))?;
                Effect::Reply(Reply { template: name.clone(), text: render(template)? })
            }
            Verb::Lookup(_) => return Err("a look-up is made once the decision stands".to_owned()),
        })
    }

    /// The templates in it that are filled from the ticket alone.
    pub(super) fn templates(&self) -> Vec<&Template> {
        match &self.verb {
            Verb::SetField { value: FieldSource::Fixed(_), .. } | Verb::Reply(_) | Verb::Lookup(_) => {
                Vec::new()
            }
            Verb::SetField { value: FieldSource::Text(template), .. }
            | Verb::SetPriority(template)
            | Verb::AssignGroup(template)
            | Verb::AssignAgent(template)
            | Verb::CcGroup(template)
            | Verb::CcEmail(template)
            | Verb::Note(template) => vec![template],
            Verb::AddTags(templates) | Verb::RemoveTags(templates) => templates.iter().collect(),
        }
    }

    /// The one template that decides a name, and what kind of name.
    pub(super) fn named(&self) -> Option<(Kind, &Template)> {
        match &self.verb {
            Verb::AssignGroup(template) | Verb::CcGroup(template) => Some((Kind::Group, template)),
            Verb::AssignAgent(template) => Some((Kind::Agent, template)),
            _ => None,
        }
    }
}

/// Something before and something after the one `@`, and no white space.
fn is_address(text: &str) -> bool {
    text.split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
        && !text.chars().any(char::is_whitespace)
}
