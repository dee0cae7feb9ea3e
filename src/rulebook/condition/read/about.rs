//! Reading the conditions about the ticket, its requester and the moment.

use deskbridge_connectors::{Priority, Status};

use super::super::bound::span;
use super::super::hours::{Window, zone};
use super::super::sight::status_word;
use super::super::{Age, Count, FieldTest, Hours, Pattern, Test, TextPart, When, warn_if_changed};
use super::words_of;
use crate::diagnostics::nearest;
use crate::diagnostics::yaml::{Node, Problems, Table, Value};

const STATUSES: [Status; 6] =
    [Status::New, Status::Open, Status::Pending, Status::Hold, Status::Solved, Status::Closed];

/// Reads one; what cannot be read is reported and left out.
pub(super) fn read(word: &str, value: &Node, table: &mut Table<'_>, problems: &mut Problems) -> Option<When> {
    let what = format!("`{word}`");
    let test = match word {
        "account" => Test::Account(words_of(value, &what, problems)),
        "segment" => Test::Segment(words_of(value, &what, problems)),
        "channel" => Test::Channel(words_of(value, &what, problems)),
        "brand" => Test::Brand(words_of(value, &what, problems)),
        "tag" => Test::Tag(lower(words_of(value, &what, problems))),
        "group" => Test::Group(words_of(value, &what, problems)),
        "status" => {
            let words = STATUSES.map(status_word).join(", ");
            let known = |text: &str| STATUSES.into_iter().find(|status| status_word(*status) == text);
            Test::Status(listed(value, &what, &words, known, problems))
        }
        "priority" => {
            let found = listed(
                value,
                &what,
                "urgent, high, normal, low; for a head of the model write { head: priority, is: … }",
                |text| text.parse::<Priority>().ok(),
                problems,
            );
            Test::Priority(found)
        }
        "field" => return fields(value, problems),
        "requester" => requester(value, problems)?,
        "text" => Test::Text { patterns: patterns(value, problems), part: part(table, problems) },
        "repeat_contacts" => contacts(value, table, problems)?,
        "hours" => Test::Hours(hours(value, problems)?),
        _ => {
            let age = problems.text(value, &what).map(Age::parse)?;
            if age.is_none() {
                problems.error(
                    value.at,
                    "`age` is a duration with its unit, as in \">2h\", \"<30m\" or \">=1d\"",
                );
            }
            Test::Age(age?)
        }
    };
    Some(When::Is(test))
}

fn lower(words: Vec<String>) -> Vec<String> {
    words.into_iter().map(|word| word.to_lowercase()).collect()
}

fn listed<T>(
    node: &Node,
    what: &str,
    words: &str,
    known: impl Fn(&str) -> Option<T>,
    problems: &mut Problems,
) -> Vec<T> {
    let mut found = Vec::new();
    for (at, text) in problems.one_or_many(node, what) {
        match known(&text) {
            Some(one) => found.push(one),
            None => {
                let near = nearest(&text, words.split(';').next().unwrap_or(words).split(", "));
                let help = near.map(|near| format!("did you mean `{near}`?"));
                problems.error_with(at, format!("{what} is one of {words}"), help);
            }
        }
    }
    found
}

fn fields(node: &Node, problems: &mut Problems) -> Option<When> {
    let entries = problems.entries(node, "`field`");
    if entries.is_empty() {
        if matches!(node.value, Value::Null | Value::Map(_)) {
            problems.error(node.at, "`field` names no field, as in { field: { category: billing } }");
        }
        return None;
    }
    let mut found = Vec::new();
    for (key, value) in entries {
        let mut asked =
            FieldTest { field: key.name.clone(), is: Vec::new(), is_not: Vec::new(), exists: None };
        let what = format!("the value of `{}`", key.name);
        if matches!(value.value, Value::Map(_)) {
            let mut table = Table::open(value, &key.name, problems);
            if let Some((_, node)) = table.optional("is") {
                asked.is = words_of(node, "`is`", problems);
            }
            if let Some((_, node)) = table.optional("is_not") {
                asked.is_not = words_of(node, "`is_not`", problems);
            }
            asked.exists = table.optional("exists").and_then(|(_, node)| problems.flag(node, "`exists`"));
            if table.is_empty() {
                problems.error(
                    value.at,
                    "the condition asks nothing of its field; add `is`, `is_not` or `exists`",
                );
            }
            table.close(problems);
        } else {
            asked.is = words_of(value, &what, problems);
        }
        found.push(When::Is(Test::Field(asked)));
    }
    Some(if found.len() == 1 { found.remove(0) } else { When::All(found) })
}

fn requester(node: &Node, problems: &mut Problems) -> Option<Test> {
    let mut table = Table::open(node, "requester", problems);
    let mut words = |key| {
        table
            .optional(key)
            .map_or_else(Vec::new, |(_, node)| lower(words_of(node, &format!("`{key}`"), problems)))
    };
    let (email, domain) = (words("email"), words("domain"));
    let domain: Vec<String> = domain.into_iter().map(|one| one.trim_start_matches('@').to_owned()).collect();
    let empty = table.is_empty();
    let at = table.at;
    table.close(problems);
    if empty && matches!(node.value, Value::Map(_) | Value::Null) {
        problems.error(at, "`requester` asks nothing; add `email` or `domain`");
    }
    (!email.is_empty() || !domain.is_empty()).then_some(Test::Requester { email, domain })
}

fn patterns(node: &Node, problems: &mut Problems) -> Vec<Pattern> {
    let mut found = Vec::new();
    for (at, source) in problems.one_or_many(node, "`text`") {
        match Pattern::new(&source) {
            Ok(pattern) => {
                warn_if_changed(at, &source, problems);
                found.push(pattern);
            }
            Err(message) => problems.error(at, message),
        }
    }
    found
}

fn part(table: &mut Table<'_>, problems: &mut Problems) -> TextPart {
    let Some((_, node)) = table.optional("in") else { return TextPart::Any };
    match problems.text(node, "`in`") {
        Some("subject") => TextPart::Subject,
        Some("body") => TextPart::Body,
        Some("any") | None => TextPart::Any,
        Some(_) => {
            problems.error(node.at, "`in` is subject, body or any");
            TextPart::Any
        }
    }
}

fn contacts(node: &Node, table: &mut Table<'_>, problems: &mut Problems) -> Option<Test> {
    let count = problems.text(node, "`repeat_contacts`").map(Count::parse)?;
    if count.is_none() {
        problems.error(node.at, "`repeat_contacts` is a count, as in \">=3\"");
    }
    let within = table.required("within", problems)?;
    let window = problems.text(within, "`within`").map(span)?;
    if window.is_none() {
        problems.error(within.at, "`within` is a duration with its unit, as in 24h or 7d");
    }
    Some(Test::Contacts { count: count?, within: window? })
}

fn hours(node: &Node, problems: &mut Problems) -> Option<Hours> {
    let mut table = Table::open(node, "hours", problems);
    let zone_node = table.required("zone", problems);
    let name = zone_node.and_then(|node| problems.word(node, "`hours.zone`"));
    let zone = name.zip(zone_node).and_then(|(name, node)| {
        let found = zone(name);
        if found.is_none() {
            problems.error(node.at, format!("there is no time zone `{name}`; write it as in Europe/Berlin"));
        }
        found
    });
    let mut windows = Vec::new();
    if let Some(node) = table.required("open", problems) {
        for (at, text) in problems.one_or_many(node, "`hours.open`") {
            match Window::parse(&text) {
                Some(window) => windows.push(window),
                None => {
                    problems.error(at, "hours are days and times of one day, as in \"Mon-Fri 09:00-17:30\"")
                }
            }
        }
    }
    let mut holidays = Vec::new();
    if let Some((_, node)) = table.optional("holidays") {
        for (at, text) in problems.one_or_many(node, "`hours.holidays`") {
            match text.parse() {
                Ok(date) => holidays.push(date),
                Err(_) => problems.error(at, "a holiday is a date, as in 2026-12-25"),
            }
        }
    }
    let is_open = match table.optional("is").map(|(_, node)| (node, problems.text(node, "`hours.is`"))) {
        None | Some((_, Some("open"))) => true,
        Some((_, Some("closed"))) => false,
        Some((node, text)) => {
            if text.is_some() {
                problems.error(node.at, "`hours.is` is open or closed");
            }
            true
        }
    };
    table.close(problems);
    Some(Hours::new(name?, zone?, windows, holidays, is_open))
}
