//! Reading a file of cases: every key known, every rule, head and label held against the rulebook, all mistakes at once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use deskbridge_connectors::plain_text::{self, About};
use deskbridge_connectors::{FieldValue, Platform, Status};
use deskbridge_onnx::Language;

use super::given::Given;
use super::{Case, Expect};
use crate::diagnostics::yaml::{Node, Problems, Table, Value};
use crate::diagnostics::{Place, nearest};
use crate::rulebook::action::{self, Action};
use crate::rulebook::condition::span;
use crate::rulebook::{Rulebook, Vocabulary, languages};

pub(super) const GIVEN: [&str; 21] = [
    "platform",
    "account",
    "mode",
    "subject",
    "body",
    "tags",
    "status",
    "priority",
    "group",
    "agent",
    "fields",
    "requester",
    "channel",
    "brand",
    "language",
    "predicted",
    "segment",
    "now",
    "age",
    "contacts",
    "public_replies",
];

pub(super) const EXPECT: [&str; 4] = ["rules", "not_rules", "actions", "held_back"];

/// Reads the whole file; a case that cannot be read is reported and left out.
pub(super) fn cases(root: &Node, rulebook: &Rulebook, problems: &mut Problems) -> Vec<Case> {
    if root.value == Value::Null {
        return Vec::new();
    }
    let mut names: BTreeMap<String, Place> = BTreeMap::new();
    let mut found = Vec::new();
    for item in problems.list(root, "a file of cases") {
        let Some(case) = case(item, rulebook, problems) else { continue };
        match names.entry(case.name.clone()) {
            Entry::Vacant(fresh) => drop(fresh.insert(case.at)),
            Entry::Occupied(first) => {
                let help = format!("the first one is on line {}", first.get().line);
                problems.error_with(case.at, format!("the case `{}` stands twice", case.name), Some(help));
            }
        }
        found.push(case);
    }
    found
}

/// Every platform named by a case, wherever the rest of it is sound or not.
pub(super) fn platforms(root: &Node) -> Vec<Platform> {
    let Value::List(items) = &root.value else { return Vec::new() };
    let below = |node: &Node, name: &str| match &node.value {
        Value::Map(entries) => entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node.clone()),
        _ => None,
    };
    items
        .iter()
        .filter_map(|item| match below(&below(item, "given")?, "platform")?.value {
            Value::Scalar { text, .. } => text.parse().ok(),
            _ => None,
        })
        .collect()
}

fn case(node: &Node, rulebook: &Rulebook, problems: &mut Problems) -> Option<Case> {
    let mut table = Table::open(node, "", problems);
    if table.is_empty() {
        problems.error(node.at, "a case is a map with `name`, `given` and `expect`");
        return None;
    }
    let name = table.required("name", problems);
    let at = name.map_or(node.at, |name| name.at);
    let name = name.and_then(|node| problems.word(node, "`name`")).map(str::to_owned);
    let given = table.required("given", problems).map(|node| given(node, rulebook, problems));
    let expect = table.required("expect", problems).map(|node| expect(node, rulebook, problems));
    table.close(problems);
    Some(Case { name: name?, at, sheet: problems.sheet.clone(), given: given?, expect: expect? })
}

fn given(node: &Node, rulebook: &Rulebook, problems: &mut Problems) -> Given {
    let mut table = Table::open(node, "given", problems);
    table.accept(&GIVEN);
    let mut given = Given::default();
    if let Some((_, node)) = table.optional("platform") {
        given.platform = platform(node, problems);
    }
    if let Some((_, node)) = table.optional("mode") {
        given.mode = problems.parsed(node, "`mode`", "shadow, suggest or live").unwrap_or(given.mode);
    }
    if let Some((_, node)) = table.optional("tags") {
        given.tags = problems.one_or_many(node, "`tags`").into_iter().map(|(_, tag)| tag).collect();
    }
    if let Some((_, node)) = table.optional("status") {
        given.status = status(node, problems).unwrap_or(given.status);
    }
    if let Some((_, node)) = table.optional("priority") {
        given.priority = problems.parsed(node, "`priority`", "one of urgent, high, normal, low");
    }
    if let Some((_, node)) = table.optional("fields") {
        for (key, value) in problems.entries(node, "`fields`") {
            if let Some(value) = field(value, &key.name, problems) {
                given.fields.insert(key.name.clone(), value);
            }
        }
    }
    if let Some((_, node)) = table.optional("language") {
        given.language = language(node, problems);
    }
    if let Some((_, node)) = table.optional("predicted") {
        given.predicted = Some(predicted(node, rulebook.vocabulary.as_ref(), problems));
    }
    if let Some((_, node)) = table.optional("now") {
        given.now = problems.parsed(node, "`now`", "a time, as in 2026-03-02T12:00:00Z").unwrap_or(given.now);
    }
    if let Some((_, node)) = table.optional("age") {
        given.age = age(node.at, problems.text(node, "`age`"), problems);
    }
    if let Some((_, node)) = table.optional("contacts") {
        for (at, text) in problems.one_or_many(node, "`contacts`") {
            given.contacts.extend(age(at, Some(&text), problems));
        }
    }
    if let Some((_, node)) = table.optional("public_replies") {
        given.public_replies = problems.flag(node, "`public_replies`").unwrap_or(true);
    }
    let mut word = |key| table.optional(key).and_then(|(_, node)| problems.text(node, &format!("`{key}`")));
    given.account = word("account").map_or(given.account, str::to_owned);
    // The text is read like that of a message that comes in, so that a case and the daemon see the same.
    given.subject = word("subject").map(plain_text::subject).unwrap_or_default();
    let about = About { subject: &given.subject, is_first: true };
    given.body = word("body").map(|body| plain_text::from_plain(body, about)).unwrap_or_default();
    given.group = word("group").map(str::to_owned);
    given.agent = word("agent").map(str::to_owned);
    given.requester = word("requester").map(str::to_lowercase);
    given.channel = word("channel").map(str::to_owned);
    given.segment = word("segment").map(str::to_owned);
    given.brand = word("brand").map(str::to_owned);
    if given.predicted.is_none() && given.subject.is_empty() && given.body.is_empty() {
        let help = "give the scores under `predicted`, or a `subject` and a `body` for the bundle to read";
        problems.error_with(node.at, "the case gives nothing to decide on", Some(help.to_owned()));
    }
    table.close(problems);
    given
}

fn expect(node: &Node, rulebook: &Rulebook, problems: &mut Problems) -> Expect {
    let mut table = Table::open(node, "expect", problems);
    if table.is_empty() && matches!(node.value, Value::Map(_)) {
        let help = format!("name some of {}", EXPECT.join(", "));
        problems.error_with(node.at, "the case expects nothing, so it cannot fail", Some(help));
    }
    let expect = Expect {
        rules: table.optional("rules").map(|(_, node)| rules(node, "`rules`", rulebook, problems)),
        not_rules: table
            .optional("not_rules")
            .map(|(_, node)| rules(node, "`not_rules`", rulebook, problems))
            .unwrap_or_default(),
        actions: table.optional("actions").map(|(_, node)| actions(node, "`actions`", problems)),
        held_back: table.optional("held_back").map(|(_, node)| actions(node, "`held_back`", problems)),
    };
    table.close(problems);
    expect
}

fn rules(node: &Node, what: &str, rulebook: &Rulebook, problems: &mut Problems) -> Vec<String> {
    if matches!(&node.value, Value::List(items) if items.is_empty()) {
        return Vec::new();
    }
    let found = problems.one_or_many(node, what);
    for (at, id) in &found {
        if !rulebook.rule_ids().any(|known| known == id) {
            let help = nearest(id, rulebook.rule_ids()).map(|near| format!("did you mean `{near}`?"));
            problems.error_with(*at, format!("the rulebook has no rule `{id}`"), help);
        }
    }
    found.into_iter().map(|(_, id)| id).collect()
}

fn actions(node: &Node, what: &str, problems: &mut Problems) -> Vec<Action> {
    match &node.value {
        Value::List(items) if items.is_empty() => Vec::new(),
        Value::List(_) => action::read(node, problems),
        _ => {
            problems.error(node.at, format!("{what} is a list of actions, this is {}", node.kind()));
            Vec::new()
        }
    }
}

fn platform(node: &Node, problems: &mut Problems) -> Option<Platform> {
    let word = problems.word(node, "`platform`")?;
    word.parse()
        .map_err(|message: String| {
            let near = nearest(word, Platform::ALL.iter().map(|platform| platform.as_str()));
            problems.error_with(node.at, message, near.map(|near| format!("did you mean `{near}`?")));
        })
        .ok()
}

fn status(node: &Node, problems: &mut Problems) -> Option<Status> {
    let word = problems.word(node, "`status`")?;
    let status = serde_json::from_value(word.into()).ok();
    if status.is_none() {
        problems.error(node.at, "`status` is one of new, open, pending, hold, solved, closed");
    }
    status
}

/// A time before the decision.
fn age(at: Place, text: Option<&str>, problems: &mut Problems) -> Option<Duration> {
    let age = span(text?);
    if age.is_none() {
        problems.error(at, "a time before now is written with its unit, as in 30m, 2h or 3d");
    }
    age
}

fn field(node: &Node, name: &str, problems: &mut Problems) -> Option<FieldValue> {
    let what = format!("the value of `{name}`");
    match &node.value {
        Value::List(_) => {
            let items = problems.one_or_many(node, &what);
            Some(FieldValue::Many(items.into_iter().map(|(_, item)| item).collect()))
        }
        Value::Scalar { text, plain: true } if text == "true" || text == "false" => {
            Some(FieldValue::Flag(text == "true"))
        }
        Value::Scalar { text, plain: true } if text.parse::<serde_json::Number>().is_ok() => {
            text.parse().ok().map(FieldValue::Number)
        }
        _ => problems.word(node, &what).map(|text| FieldValue::Text(text.to_owned())),
    }
}

fn language(node: &Node, problems: &mut Problems) -> Option<Language> {
    if !matches!(node.value, Value::Map(_)) {
        let code = languages::read(node.at, problems.word(node, "`language`")?, problems)?;
        return Some(Language { code: code.to_owned(), confidence: 1.0 });
    }
    let mut table = Table::open(node, "language", problems);
    let code = table.required("code", problems).and_then(|node| {
        let tag = problems.word(node, "`language.code`")?;
        languages::read(node.at, tag, problems)
    });
    let confidence = match table.optional("confidence") {
        Some((_, node)) => problems.fraction(node, "`language.confidence`"),
        None => Some(1.0),
    };
    table.close(problems);
    Some(Language { code: code?.to_owned(), confidence: confidence? })
}

fn predicted(
    node: &Node,
    vocabulary: Option<&Vocabulary>,
    problems: &mut Problems,
) -> BTreeMap<String, Vec<(String, f32)>> {
    let mut heads = BTreeMap::new();
    for (head, node) in problems.entries(node, "`predicted`") {
        let labels = vocabulary.and_then(|known| known.get(&head.name));
        if let (Some(known), None) = (vocabulary, labels) {
            let near = nearest(&head.name, known.keys().map(String::as_str));
            let help = near.map(|near| format!("did you mean `{near}`?"));
            problems.error_with(head.at, format!("the bundle has no head `{}`", head.name), help);
        }
        let mut scores = Vec::new();
        for (label, node) in problems.entries(node, &format!("`predicted.{}`", head.name)) {
            if let Some(labels) = labels
                && !labels.contains(&label.name)
            {
                let near = nearest(&label.name, labels.iter().map(String::as_str));
                let help = near.map(|near| format!("did you mean `{near}`?"));
                let message = format!("the head `{}` has no label `{}`", head.name, label.name);
                problems.error_with(label.at, message, help);
            }
            if let Some(confidence) = problems.fraction(node, &format!("the confidence of `{}`", label.name))
            {
                scores.push((label.name.clone(), confidence));
            }
        }
        heads.insert(head.name.clone(), scores);
    }
    heads
}
