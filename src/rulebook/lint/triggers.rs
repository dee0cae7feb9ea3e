//! Rules and a platform's own triggers that would undo each other, or start each other again and again.
//!
//! A trigger that runs on our update and changes what the update has just set makes agents see one value and then another,
//! and makes the next decision fight it. Findings are warnings: what a trigger asks beyond what could be read may keep it
//! from running.

use deskbridge_connectors::directory::Directory;
use deskbridge_connectors::trigger::{Deed, Need, Subject, Trigger};
use deskbridge_connectors::{Effect, Platform};

use super::super::Rulebook;
use crate::diagnostics::{Diagnostic, Place, Severity};

/// One rule's effects on an account, with the places of their actions.
struct Rule<'r> {
    id: &'r str,
    effects: Vec<(Place, &'r Effect)>,
}

/// What an account's triggers and the rules do to each other.
pub(in crate::rulebook) fn check(
    rulebook: &Rulebook,
    account: &str,
    platform: Platform,
    names: &Directory,
    triggers: &[Trigger],
) -> Vec<Diagnostic> {
    let effects = rulebook.effects_for(platform);
    let mut rules: Vec<Rule<'_>> = Vec::new();
    for (id, at, effect) in &effects {
        match rules.iter_mut().find(|rule| rule.id == id) {
            Some(rule) => rule.effects.push((*at, effect)),
            None => rules.push(Rule { id, effects: vec![(*at, effect)] }),
        }
    }
    let mut found: Vec<(Place, String, &str)> = Vec::new();
    for trigger in triggers {
        for rule in &rules {
            for (at, effect) in &rule.effects {
                if let Some(what) = meets(trigger, rule, effect, names) {
                    let message = format!(
                        "account `{account}`: the trigger `{}` may run on this update and {what}",
                        trigger.name
                    );
                    found.push((*at, message, UNDONE));
                }
            }
        }
        // One finding a trigger: it is about every rule that writes.
        if let (true, Some(first)) = (trigger.does.contains(&Deed::Tells), rules.first()) {
            let writes = rules.iter().find(|rule| runs(trigger, rule, names)).unwrap_or(first);
            if let (true, Some((at, _))) = (runs(trigger, writes, names), writes.effects.first()) {
                let message = format!(
                    "account `{account}`: the trigger `{}` may post our own updates to a webhook, such as this one",
                    trigger.name
                );
                found.push((*at, message, TOLD));
            }
        }
    }
    found.dedup();
    found
        .into_iter()
        .map(|(at, message, help)| {
            rulebook.diagnostic(Severity::Warning, at, message).with_help(Some(help.to_owned()))
        })
        .collect()
}

const UNDONE: &str =
    "give the trigger a condition that spares deskbridge's agent, or one that a tag of this rule is absent";
const TOLD: &str =
    "let the trigger run on new tickets only, or give it a condition that spares deskbridge's agent";

/// How the trigger undoes the effect, in words.
fn meets(trigger: &Trigger, rule: &Rule<'_>, effect: &Effect, names: &Directory) -> Option<String> {
    if !runs(trigger, rule, names) {
        return None;
    }
    let own = part(effect, names);
    trigger.does.iter().find_map(|deed| match (deed, effect) {
        (Deed::Sets(subject, value), _) => {
            let (set, ours) = own.as_ref()?;
            (set == subject && value.as_ref() != Some(ours)).then(|| match value {
                Some(value) => format!("set {} to {}", named(subject, names), shown(subject, value, names)),
                None => format!("set {} to something else", named(subject, names)),
            })
        }
        (Deed::RemovesTag(tag), Effect::AddTags(tags)) => {
            has(tags.iter(), tag).then(|| format!("remove the tag `{tag}`"))
        }
        (Deed::AddsTag(tag), Effect::RemoveTags(tags)) => {
            has(tags.iter(), tag).then(|| format!("add the tag `{tag}` again"))
        }
        (Deed::ReplacesTags(all), Effect::AddTags(tags)) => tags
            .iter()
            .find(|tag| !has(all.iter(), tag))
            .map(|tag| format!("replace all tags, `{tag}` among them")),
        _ => None,
    })
}

/// Whether the trigger can run on a ticket that the rule has just written to.
fn runs(trigger: &Trigger, rule: &Rule<'_>, names: &Directory) -> bool {
    let parts: Vec<(Subject, String)> =
        rule.effects.iter().filter_map(|(_, effect)| part(effect, names)).collect();
    let started = trigger.on.as_ref().is_none_or(|on| parts.iter().any(|(part, _)| on.contains(part)));
    let added = |tag: &String| {
        rule.effects
            .iter()
            .any(|(_, effect)| matches!(effect, Effect::AddTags(tags) if has(tags.iter(), tag)))
    };
    let removed = |tag: &String| {
        rule.effects
            .iter()
            .any(|(_, effect)| matches!(effect, Effect::RemoveTags(tags) if has(tags.iter(), tag)))
    };
    let may_hold = |need: &Need| match need {
        // A rule may set one part to several values, by a template: one that fits is enough.
        Need::Is(subject, value) => {
            let mut ours = parts.iter().filter(|(part, _)| part == subject).peekable();
            ours.peek().is_none() || ours.any(|(_, ours)| ours == value)
        }
        Need::IsNot(subject, value) => {
            let mut ours = parts.iter().filter(|(part, _)| part == subject).peekable();
            ours.peek().is_none() || ours.any(|(_, ours)| ours != value)
        }
        Need::Tagged(tags) => tags.is_empty() || !tags.iter().all(removed),
        Need::NotTagged(tags) => !tags.iter().any(added),
    };
    started && trigger.needs.iter().all(may_hold)
}

/// The part that an effect sets and its value there, as the platform stores it.
fn part(effect: &Effect, names: &Directory) -> Option<(Subject, String)> {
    Some(match effect {
        Effect::SetPriority(priority) => (Subject::Priority, priority.to_string()),
        Effect::AssignGroup(name) => (Subject::Group, names.group(name).ok()?.id.0.clone()),
        Effect::AssignAgent(name) => (Subject::Agent, names.agent(name).ok()?.id.0.clone()),
        Effect::SetField { field, value } => {
            let field = names.field(field).ok()?;
            (Subject::Field(field.id.clone()), field.accept(value).ok()?.to_string())
        }
        _ => return None,
    })
}

fn has<'t>(mut tags: impl Iterator<Item = &'t String>, tag: &str) -> bool {
    tags.any(|one| one.eq_ignore_ascii_case(tag))
}

fn named(subject: &Subject, names: &Directory) -> String {
    match subject {
        Subject::Priority => "the priority".to_owned(),
        Subject::Group => "the group".to_owned(),
        Subject::Agent => "the agent".to_owned(),
        Subject::Field(id) => {
            let known = names.fields.iter().find(|field| field.id == *id);
            format!("the field `{}`", known.map_or(id.as_str(), |field| field.name.as_str()))
        }
    }
}

fn shown(subject: &Subject, value: &str, names: &Directory) -> String {
    let known = match subject {
        Subject::Group => {
            names.groups.iter().find(|group| group.id.as_str() == value).map(|group| &group.name)
        }
        Subject::Agent => {
            names.agents.iter().find(|agent| agent.id.as_str() == value).map(|agent| &agent.name)
        }
        Subject::Priority | Subject::Field(_) => None,
    };
    format!("`{}`", known.map_or(value, String::as_str))
}
