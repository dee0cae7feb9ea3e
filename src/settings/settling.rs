//! The section `settling`: when agents' values are final, and where they are found.

use std::collections::BTreeMap;
use std::time::Duration;

use super::heads::{HeadSource, Heads};
use super::keys::duration;
use super::resolved::Settling;
use crate::diagnostics::yaml::{Node, Problems, Table, Value};

const AFTER: Duration = Duration::from_secs(3 * 24 * 3600);
const EVERY: Duration = Duration::from_secs(15 * 60);

pub(super) fn settling(mut table: Table<'_>, problems: &mut Problems) -> Settling {
    let after = duration(&mut table, "after", AFTER, problems);
    let every = duration(&mut table, "every", EVERY, problems);
    let mut heads = Heads::default();
    if let Some((_, node)) = table.optional("heads") {
        for (key, node) in problems.entries(node, "`settling.heads`") {
            heads.sources.extend(source(node, &key.name, problems).map(|source| (key.name.clone(), source)));
        }
    }
    if let Some((_, node)) = table.optional("values") {
        for (key, node) in problems.entries(node, "`settling.values`") {
            let what = format!("`settling.values.{}`", key.name);
            let values: BTreeMap<String, String> = problems
                .entries(node, &what)
                .iter()
                .filter_map(|(value, label)| {
                    Some((value.name.clone(), problems.word(label, &what)?.to_owned()))
                })
                .collect();
            heads.values.insert(key.name.clone(), values);
        }
    }
    table.close(problems);
    Settling { after, every, heads }
}

fn source(node: &Node, head: &str, problems: &mut Problems) -> Option<HeadSource> {
    let what = format!("settling.heads.{head}");
    if !matches!(node.value, Value::Map(_)) {
        return match problems.word(node, &format!("`{what}`"))? {
            "priority" => Some(HeadSource::Priority),
            "group" => Some(HeadSource::Group),
            _ => {
                problems.error(
                    node.at,
                    format!("`{what}` is priority, group, {{ field: NAME }} or {{ tags: [TAG, …] }}"),
                );
                None
            }
        };
    }
    let mut table = Table::open(node, &what, problems);
    let field = table.optional("field").and_then(|(_, node)| problems.word(node, &format!("`{what}.field`")));
    let tags = table.optional("tags").map(|(_, node)| problems.one_or_many(node, &format!("`{what}.tags`")));
    table.close(problems);
    match (field, tags) {
        (Some(field), None) => Some(HeadSource::Field(field.to_owned())),
        (None, Some(tags)) => Some(HeadSource::Tags(tags.into_iter().map(|(_, tag)| tag).collect())),
        _ => {
            problems.error(node.at, format!("`{what}` takes one of `field` and `tags`"));
            None
        }
    }
}
