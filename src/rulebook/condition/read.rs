//! Reading conditions: the words, the short form of a head, and heads and labels held against the bundle.

use deskbridge_connectors::Platform;

use super::{Bound, CONDITIONS, HeadTest, Test, When};
use crate::diagnostics::yaml::{Node, Problems, Table, Value};
use crate::diagnostics::{Place, nearest};
use crate::rulebook::{Vocabulary, languages};

mod about;

/// What may stand beside the word that a condition begins with.
const DETAILS: [&str; 8] = ["is", "is_not", "all_of", "confidence", "margin", "abstains", "in", "within"];

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
        return test(node, vocabulary, problems).unwrap_or(When::All(Vec::new()));
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

fn test(node: &Node, vocabulary: Option<&Vocabulary>, problems: &mut Problems) -> Option<When> {
    let entries = problems.entries(node, "a condition");
    let words: Vec<_> = entries.iter().filter(|(key, _)| !DETAILS.contains(&key.name.as_str())).collect();
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
        "head" => Some(When::Is(Test::Head(head(value, key.at, &mut table, vocabulary, problems)?))),
        "language" => Some(When::Is(Test::Language {
            is: language_codes(value, problems),
            confidence: bound(&mut table, "confidence", problems),
        })),
        "platform" => Some(When::Is(Test::Platform(platforms(value, problems)))),
        word if CONDITIONS.contains(&word) => about::read(word, value, &mut table, problems),
        head => {
            let labels = known_short(head, key.at, vocabulary, problems)?;
            let is = checked(problems.one_or_many(value, &format!("`{head}`")), head, labels, problems);
            let confidence = bound(&mut table, "confidence", problems);
            let margin = bound(&mut table, "margin", problems);
            let long = ["is", "is_not", "all_of", "abstains"].iter().any(|key| table.place_of(key).is_some());
            if long {
                let help = format!("write {{ head: {head}, … }}");
                let message = "the short form takes labels, `confidence` and `margin` only";
                problems.error_with(key.at, message, Some(help));
            }
            let head = head.to_owned();
            return Some(When::Is(Test::Head(HeadTest {
                head,
                is,
                confidence,
                margin,
                ..HeadTest::default()
            })));
        }
    };
    table.close(problems);
    found
}

fn head(
    value: &Node,
    at: Place,
    table: &mut Table<'_>,
    vocabulary: Option<&Vocabulary>,
    problems: &mut Problems,
) -> Option<HeadTest> {
    let head = problems.word(value, "`head`")?.to_owned();
    let labels = known_head(&head, value.at, vocabulary, problems);
    let [is, all_of, is_not] =
        ["is", "all_of", "is_not"].map(|key| labelled(table, key, &head, labels, problems));
    let [confidence, margin] = ["confidence", "margin"].map(|key| bound(table, key, problems));
    let abstains = table.optional("abstains").and_then(|(_, node)| problems.flag(node, "`abstains`"));
    let asked = DETAILS.iter().any(|key| *key != "abstains" && table.place_of(key).is_some());
    if !asked && abstains.is_none() && table.place_of("abstains").is_none() {
        let help = "add `is`, `is_not`, `confidence` or `abstains`";
        problems.error_with(at, "the condition asks nothing of its head", Some(help.to_owned()));
    }
    if asked && abstains.is_some() {
        problems.error(at, "`abstains` stands alone: a head that abstains has no label to compare");
    }
    Some(HeadTest { head, is, all_of, is_not, confidence, margin, abstains })
}

fn bound(table: &mut Table<'_>, key: &'static str, problems: &mut Problems) -> Option<Bound> {
    let (_, node) = table.optional(key)?;
    let bound = problems.text(node, &format!("`{key}`")).map(Bound::parse)?;
    if bound.is_none() {
        problems.error(
            node.at,
            format!("`{key}` is a number from 0 to 1 with >=, >, <= or < before it, as in \">=0.8\""),
        );
    }
    bound
}

fn language_codes(node: &Node, problems: &mut Problems) -> Vec<String> {
    let tags = problems.one_or_many(node, "`language`");
    tags.into_iter().filter_map(|(at, tag)| languages::read(at, &tag, problems).map(str::to_owned)).collect()
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
