//! What can be said about a rulebook before any ticket: templates that work for every label, names that every platform
//! has, and the effects that `check` asks each account about.

use std::collections::BTreeSet;

use deskbridge_connectors::{Directory, Effect, Platform};
use minijinja::Value;

use super::action::{Action, Question, Terms, Verb};
use super::condition::Test;
use super::names::Kind;
use super::syntax::{Book, Rule};
use super::template::{Engine, Problem, Template};
use super::{Rulebook, Vocabulary};
use crate::diagnostics::yaml::Problems;
use crate::diagnostics::{Diagnostic, Place, Severity, nearest};

const HEAD_HAS: &str =
    "a head has label, confidence, margin, abstained, labels, runner_up.label and runner_up.confidence";

/// The engine with every template of the rulebook compiled.
pub(super) fn engine(book: &Book) -> Engine {
    let mut engine = Engine::new();
    for action in book.rules.iter().flat_map(|rule| &rule.then) {
        action.templates().into_iter().for_each(|template| engine.keep(template));
        if let Verb::Lookup(question) = &action.verb {
            engine.keep(&question.note);
        }
    }
    for (_, reply) in book.replies.all() {
        reply.texts.values().for_each(|(_, text)| engine.keep(text));
    }
    engine
}

/// Reports every template and name that would fail later.
pub(super) fn check(rulebook: &Rulebook, platforms: &[Platform], problems: &mut Problems) {
    let nothing = Vocabulary::new();
    let vocabulary = rulebook.vocabulary.as_ref();
    for (_, reply) in rulebook.book.replies.all() {
        for (at, text) in reply.texts.values() {
            try_template(&rulebook.engine, text, vocabulary, *at, problems);
        }
    }
    for rule in &rulebook.book.rules {
        conditions(rulebook, rule, problems);
        for action in &rule.then {
            match &action.verb {
                Verb::Reply(name) => known_reply(rulebook, name, action.at, problems),
                Verb::Lookup(question) => lookup(rulebook, question, action.at, problems),
                _ => {}
            }
            let mut sound = true;
            for template in action.templates() {
                sound &= try_template(&rulebook.engine, template, vocabulary, action.at, problems);
            }
            if !sound || (vocabulary.is_none() && action.templates().iter().any(|one| !one.is_fixed())) {
                continue;
            }
            words(rulebook, action, problems);
            for platform in applies(rule, platforms) {
                if matches!(action.verb, Verb::Reply(_) | Verb::Lookup(_)) {
                    continue;
                }
                for result in variants(rulebook, action, vocabulary.unwrap_or(&nothing), platform) {
                    if let Err(message) = result {
                        problems.error(name_place(rulebook, action, &message), message);
                    }
                }
            }
        }
    }
}

/// See [`Rulebook::effects_for`].
pub(super) fn effects_for(rulebook: &Rulebook, platform: Platform) -> Vec<(String, Place, Effect)> {
    let nothing = Vocabulary::new();
    let vocabulary = rulebook.vocabulary.as_ref().unwrap_or(&nothing);
    let mut found: Vec<(String, Place, Effect)> = Vec::new();
    for rule in rulebook.book.rules.iter().filter(|rule| applies(rule, &[platform]).next().is_some()) {
        for action in &rule.then {
            for effect in variants(rulebook, action, vocabulary, platform).into_iter().flatten() {
                let entry = (rule.id.clone(), action.at, effect);
                if !found.contains(&entry) {
                    found.push(entry);
                }
            }
        }
    }
    found
}

fn applies<'p>(rule: &'p Rule, platforms: &'p [Platform]) -> impl Iterator<Item = Platform> + 'p {
    platforms
        .iter()
        .copied()
        .filter(|platform| rule.when.as_ref().is_none_or(|when| when.may_apply(*platform)))
}

/// The effects an action can have, as far as labels decide them.
fn variants(
    rulebook: &Rulebook,
    action: &Action,
    vocabulary: &Vocabulary,
    platform: Platform,
) -> Vec<Result<Effect, String>> {
    contexts(rulebook, action, vocabulary)
        .iter()
        .map(|context| {
            action.effect(&Terms {
                names: &rulebook.book.names,
                platform,
                replies: &rulebook.book.replies,
                language: ("", 0.0),
                render: &|template| rulebook.engine.render(template, context),
                marker: &|_| "deskbridge:probe".to_owned(),
            })
        })
        .collect()
}

/// Empty where an action's templates show several heads, or one that is not known.
fn contexts(rulebook: &Rulebook, action: &Action, vocabulary: &Vocabulary) -> Vec<Value> {
    let joined = action.templates().iter().map(|one| one.source.as_str()).collect::<Vec<_>>().join("\n");
    match rulebook.engine.probes(&Template::new(&joined), vocabulary) {
        Ok(probes) if probes.complete => probes.contexts,
        _ => Vec::new(),
    }
}

fn try_template(
    engine: &Engine,
    template: &Template,
    vocabulary: Option<&Vocabulary>,
    at: Place,
    problems: &mut Problems,
) -> bool {
    let Some(vocabulary) = vocabulary else {
        return engine
            .names(template)
            .map_err(|message| problems.error(at, format!("the template is not valid: {message}")))
            .is_ok();
    };
    let failure = match engine.probes(template, vocabulary) {
        Err(Problem::Broken(message)) => Some((format!("the template is not valid: {message}"), None)),
        Err(Problem::Unknown(name)) => {
            let known: Vec<&str> = Engine::known(vocabulary).collect();
            let help = nearest(&name, known.iter().copied()).map_or_else(
                || format!("known: {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            Some((
                format!("the template uses `{name}`, which is neither a head nor a known name"),
                Some(help),
            ))
        }
        Ok(probes) => {
            let message = probes.contexts.iter().find_map(|context| engine.render(template, context).err());
            message.map(|message| {
                let help = message.starts_with("undefined").then(|| HEAD_HAS.to_owned());
                (format!("the template fails: {message}"), help)
            })
        }
    };
    match failure {
        None => true,
        Some((message, help)) => {
            problems.error_with(at, message, help);
            false
        }
    }
}

fn known_reply(rulebook: &Rulebook, name: &str, at: Place, problems: &mut Problems) {
    let known: Vec<&str> = rulebook.book.replies.names().collect();
    if !known.contains(&name) {
        let help = nearest(name, known.iter().copied()).map_or_else(
            || "write the text under `templates`, and its name here".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        problems.error_with(at, format!("there is no template `{name}`"), Some(help));
    }
}

/// What an answer holds is not known before it comes, so only the names of the note's template are checked.
fn lookup(rulebook: &Rulebook, question: &Question, at: Place, problems: &mut Problems) {
    match rulebook.engine.names(&question.note) {
        Err(message) => problems.error(at, format!("the template is not valid: {message}")),
        Ok(names) => {
            let Some(vocabulary) = &rulebook.vocabulary else { return };
            let known: Vec<&str> = Engine::known(vocabulary).chain(["result"]).collect();
            for name in names.iter().filter(|name| !known.contains(&name.as_str())) {
                let help = format!("known: {}", known.join(", "));
                problems.error_with(
                    at,
                    format!("the template uses `{name}`, which is not known"),
                    Some(help),
                );
            }
        }
    }
    if !question.encrypted && !rulebook.book.private_hosts.contains(&question.host) {
        let help =
            format!("use https://, or list the host: lookups: {{ allow_private: [{}] }}", question.host);
        let message = "`lookup.url` with http:// is for hosts of your own network only";
        problems.error_with(at, message, Some(help));
    }
}

/// Reports groups and fields of conditions that look like misspelt ones of the table.
fn conditions(rulebook: &Rulebook, rule: &Rule, problems: &mut Problems) {
    for (kind, word) in asked(rule) {
        let names = &rulebook.book.names;
        if names.place(kind, word).is_none()
            && let Some(near) = names.lookalike(kind, word)
        {
            let message = format!("`{word}` is not listed under `names.{}`", kind.section());
            problems.error_with(rule.at, message, Some(format!("did you mean `{near}`?")));
        }
    }
}

/// The words for groups and fields that a rule's conditions ask about.
pub(super) fn asked(rule: &Rule) -> Vec<(Kind, &str)> {
    let tests = rule.when.iter().flat_map(super::condition::When::tests);
    let mut found = Vec::new();
    for test in tests {
        match test {
            Test::Group(groups) => found.extend(groups.iter().map(|group| (Kind::Group, group.as_str()))),
            Test::Field(asked) => found.push((Kind::Field, asked.field.as_str())),
            _ => {}
        }
    }
    found
}

/// What conditions ask for and this account does not have, at the rule.
pub(super) fn missing(
    rulebook: &Rulebook,
    account: &str,
    platform: Platform,
    directory: &Directory,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for rule in rulebook.book.rules.iter().filter(|rule| applies(rule, &[platform]).next().is_some()) {
        let named = asked(rule).into_iter().filter_map(|(kind, word)| {
            // A word without an entry for this platform is told by `load`.
            let name = rulebook.book.names.resolve(kind, word, platform).ok()?;
            match kind {
                Kind::Group => directory.group(&name).map(drop).err(),
                Kind::Field => directory.field(&name).map(drop).err(),
                Kind::Agent => directory.agent(&name).map(drop).err(),
            }
        });
        let brands = rule.when.iter().flat_map(super::condition::When::tests).filter_map(|test| match test {
            Test::Brand(brands) => Some(brands.iter().filter_map(|brand| directory.brand(brand).err())),
            _ => None,
        });
        for unknown in named.chain(brands.flatten()) {
            let message =
                format!("account `{account}`: the rule `{}` asks for what is not there: {unknown}", rule.id);
            found.push(rulebook.diagnostic(Severity::Warning, rule.at, message));
        }
    }
    found
}

/// Reports words that look like misspelt ones of the table.
fn words(rulebook: &Rulebook, action: &Action, problems: &mut Problems) {
    let names = &rulebook.book.names;
    for (kind, word) in used(rulebook, action) {
        if names.place(kind, &word).is_none()
            && let Some(near) = names.lookalike(kind, &word)
        {
            let message = format!("`{word}` is not listed under `names.{}`", kind.section());
            problems.error_with(action.at, message, Some(format!("did you mean `{near}`?")));
        }
    }
}

/// The words for groups, fields and agents that an action can use.
pub(super) fn used(rulebook: &Rulebook, action: &Action) -> BTreeSet<(Kind, String)> {
    let nothing = Vocabulary::new();
    if let Verb::SetField { field, .. } = &action.verb {
        return BTreeSet::from([(Kind::Field, field.clone())]);
    }
    let Some((kind, template)) = action.named() else { return BTreeSet::new() };
    contexts(rulebook, action, rulebook.vocabulary.as_ref().unwrap_or(&nothing))
        .iter()
        .filter_map(|context| rulebook.engine.render(template, context).ok())
        .map(|word| (kind, word))
        .collect()
}

/// A missing name belongs to the table, everything else to the action.
fn name_place(rulebook: &Rulebook, action: &Action, message: &str) -> Place {
    used(rulebook, action)
        .iter()
        .filter(|(kind, word)| message.starts_with(&format!("`names.{}.{word}`", kind.section())))
        .find_map(|(kind, word)| rulebook.book.names.place(*kind, word))
        .unwrap_or(action.at)
}
