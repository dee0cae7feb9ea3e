//! Reading conditions: the words, the short form of a head, and heads and labels held against the bundle.

use deskbridge_connectors::Platform;

use super::{Bound, CONDITIONS, Test, When};
use crate::diagnostic::{Place, nearest};
use crate::rulebook::Vocabulary;
use crate::yaml::{Node, Problems, Table, Value};

/// Words that are kept for conditions to come.
const RESERVED: [&str; 10] = [
    "segment",
    "channel",
    "field",
    "status",
    "priority",
    "group",
    "requester",
    "text",
    "repeat_contacts",
    "hours",
];

const GROUPS: [&str; 3] = ["all", "any", "none"];

/// Reads a tree; what cannot be read is reported and left out.
pub(in crate::rulebook) fn read(
    node: &Node,
    vocabulary: Option<&Vocabulary>,
    problems: &mut Problems,
) -> When {
    let entries = problems.entries(node, "`when`");
    let grouped = entries.iter().filter(|(key, _)| GROUPS.contains(&key.name.as_str())).count();
    if entries.is_empty() {
        if matches!(node.value, Value::Map(_) | Value::Null) {
            problems
                .error(node.at, "the condition is empty; leave `when` out for a rule that always matches");
        }
        return When::All(Vec::new());
    }
    if grouped == 0 {
        return test(node, vocabulary, problems).map_or(When::All(Vec::new()), When::Is);
    }
    let mut parts = Vec::new();
    for (key, value) in entries {
        let mut items = || -> Vec<When> {
            let list = problems.list(value, &format!("`{}`", key.name));
            list.iter().map(|item| read(item, vocabulary, problems)).collect()
        };
        match key.name.as_str() {
            "all" => parts.push(When::All(items())),
            "any" => parts.push(When::Any(items())),
            "none" => parts.push(When::None(items())),
            name => problems.error_with(
                key.at,
                format!("`{name}` stands beside `all`, `any` or `none`"),
                Some(format!("write it into the list: all: [{{ {name}: … }}]")),
            ),
        }
    }
    if parts.len() == 1 { parts.remove(0) } else { When::All(parts) }
}

fn test(node: &Node, vocabulary: Option<&Vocabulary>, problems: &mut Problems) -> Option<Test> {
    let entries = problems.entries(node, "a condition");
    let details = ["is", "is_not", "confidence", "abstains"];
    let words: Vec<_> = entries.iter().filter(|(key, _)| !details.contains(&key.name.as_str())).collect();
    let (key, value) = match words.as_slice() {
        [one] => one,
        [] => {
            problems.error(node.at, "the condition does not say what it asks about; begin with `head: …`");
            return None;
        }
        [_, (second, _), ..] => {
            let message = format!("`{}` is a second condition in one", second.name);
            problems.error_with(second.at, message, Some("write each into a list under `all`".to_owned()));
            return None;
        }
    };
    let mut table = Table::open(node, "", problems);
    table.accept(&CONDITIONS);
    let found = match key.name.as_str() {
        "head" => {
            let head = problems.word(value, "`head`")?.to_owned();
            let labels = known_head(&head, value.at, vocabulary, problems);
            let is = labelled(&mut table, "is", &head, labels, problems);
            let is_not = labelled(&mut table, "is_not", &head, labels, problems);
            let confidence = bound(&mut table, problems);
            let abstains = table.optional("abstains").and_then(|(_, node)| problems.flag(node, "`abstains`"));
            let asks = !is.is_empty() || !is_not.is_empty() || confidence.is_some();
            if !asks && abstains.is_none() && table.place_of("is").or(table.place_of("is_not")).is_none() {
                let help = "add `is`, `is_not`, `confidence` or `abstains`";
                problems.error_with(key.at, "the condition asks nothing of its head", Some(help.to_owned()));
            }
            if asks && abstains.is_some() {
                problems
                    .error(key.at, "`abstains` stands alone: a head that abstains has no label to compare");
            }
            Test::Head { head, is, is_not, confidence, abstains }
        }
        "language" => Test::Language {
            is: words_of(value, "`language`", problems),
            confidence: bound(&mut table, problems),
        },
        "platform" => Test::Platform(platforms(value, problems)),
        "account" => Test::Account(words_of(value, "`account`", problems)),
        "tag" => Test::Tag(words_of(value, "`tag`", problems)),
        word if RESERVED.contains(&word) => {
            let help = format!("for a head of the model write {{ head: {word}, is: … }}");
            problems.error_with(
                key.at,
                format!("the condition `{word}` is not supported by this version"),
                Some(help),
            );
            return None;
        }
        head => {
            let labels = known_short(head, key.at, vocabulary, problems)?;
            let is = checked(problems.one_or_many(value, &format!("`{head}`")), head, labels, problems);
            let confidence = bound(&mut table, problems);
            if table.place_of("is").or(table.place_of("is_not")).or(table.place_of("abstains")).is_some() {
                let help = format!("write {{ head: {head}, … }}");
                problems.error_with(key.at, "the short form takes labels and `confidence` only", Some(help));
            }
            return Some(Test::Head {
                head: head.to_owned(),
                is,
                is_not: Vec::new(),
                confidence,
                abstains: None,
            });
        }
    };
    table.close(problems);
    Some(found)
}

fn bound(table: &mut Table<'_>, problems: &mut Problems) -> Option<Bound> {
    let (_, node) = table.optional("confidence")?;
    let bound = problems.text(node, "`confidence`").map(Bound::parse)?;
    if bound.is_none() {
        problems.error(
            node.at,
            "`confidence` is a number from 0 to 1 with >=, >, <= or < before it, as in \">=0.8\"",
        );
    }
    bound
}

fn words_of(node: &Node, what: &str, problems: &mut Problems) -> Vec<String> {
    problems.one_or_many(node, what).into_iter().map(|(_, word)| word).collect()
}

fn platforms(node: &Node, problems: &mut Problems) -> Vec<Platform> {
    let mut found = Vec::new();
    for (at, word) in problems.one_or_many(node, "`platform`") {
        match word.parse() {
            Ok(platform) => found.push(platform),
            Err(message) => {
                let near = nearest(&word, Platform::ALL.iter().map(|platform| platform.as_str()));
                problems.error_with(at, message, near.map(|near| format!("did you mean `{near}`?")));
            }
        }
    }
    found
}

fn known_head<'v>(
    head: &str,
    at: Place,
    vocabulary: Option<&'v Vocabulary>,
    problems: &mut Problems,
) -> Option<&'v [String]> {
    let vocabulary = vocabulary?;
    let labels = vocabulary.get(head).map(Vec::as_slice);
    if labels.is_none() {
        let near = nearest(head, vocabulary.keys().map(String::as_str));
        let help = near.map_or_else(
            || format!("its heads: {}", vocabulary.keys().map(String::as_str).collect::<Vec<_>>().join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        problems.error_with(at, format!("the bundle has no head `{head}`"), Some(help));
    }
    labels
}

/// `None` where the word is neither a condition nor a head; `Some(None)` where no bundle is known.
fn known_short<'v>(
    word: &str,
    at: Place,
    vocabulary: Option<&'v Vocabulary>,
    problems: &mut Problems,
) -> Option<Option<&'v [String]>> {
    let Some(vocabulary) = vocabulary else { return Some(None) };
    if let Some(labels) = vocabulary.get(word) {
        return Some(Some(labels));
    }
    let known = vocabulary.keys().map(String::as_str).chain(CONDITIONS).chain(GROUPS);
    let help = nearest(word, known).map_or_else(
        || {
            let heads: Vec<_> = vocabulary.keys().map(String::as_str).collect();
            format!("conditions: {}; heads: {}", CONDITIONS.join(", "), heads.join(", "))
        },
        |near| format!("did you mean `{near}`?"),
    );
    problems.error_with(at, format!("`{word}` is neither a condition nor a head of the bundle"), Some(help));
    None
}

fn labelled(
    table: &mut Table<'_>,
    key: &'static str,
    head: &str,
    labels: Option<&[String]>,
    problems: &mut Problems,
) -> Vec<String> {
    let Some((_, node)) = table.optional(key) else { return Vec::new() };
    checked(problems.one_or_many(node, &format!("`{key}`")), head, labels, problems)
}

fn checked(
    words: Vec<(Place, String)>,
    head: &str,
    labels: Option<&[String]>,
    problems: &mut Problems,
) -> Vec<String> {
    for (at, word) in &words {
        if let Some(labels) = labels
            && !labels.contains(word)
        {
            let help = nearest(word, labels.iter().map(String::as_str)).map_or_else(
                || format!("its labels: {}", labels.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            problems.error_with(*at, format!("the head `{head}` has no label `{word}`"), Some(help));
        }
    }
    words.into_iter().map(|(_, word)| word).collect()
}
