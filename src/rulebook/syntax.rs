//! The shape of a rulebook file: defaults, names and rules, each with its place.

use super::Vocabulary;
use super::action::{self, Action};
use super::condition::{self, Sieve, When};
use super::defaults::Defaults;
use super::names::Names;
use super::replies::Replies;
use crate::diagnostics::Place;
use crate::diagnostics::yaml::{Node, Problems, Table};
use crate::domain::mode::Mode;

/// A whole rulebook.
#[derive(Clone, Debug)]
pub(super) struct Book {
    pub(super) defaults: Defaults,
    pub(super) names: Names,
    pub(super) replies: Replies,
    /// Hosts of look-ups that may lie in a private network, in lower case.
    pub(super) private_hosts: Vec<String>,
    pub(super) rules: Vec<Rule>,
    /// Finds the text conditions worth asking.
    pub(super) sieve: Sieve,
}

/// One rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) at: Place,
    pub(super) id: String,
    /// Always matches when absent.
    pub(super) when: Option<When>,
    pub(super) then: Vec<Action>,
    pub(super) stop: bool,
    pub(super) mode: Option<Mode>,
    pub(super) overwrite: bool,
}

/// Reads the file; what cannot be read is reported and left out.
pub(super) fn book(root: &Node, vocabulary: Option<&Vocabulary>, problems: &mut Problems) -> Book {
    let mut file = Table::open(root, "", problems);
    if let Some(node) = file.required("version", problems)
        && let Some(version) = problems.parsed::<u32>(node, "`version`", "1")
        && version != 1
    {
        problems
            .error(node.at, format!("this program knows rulebooks of version 1, this is version {version}"));
    }
    let defaults = defaults(file.table("defaults", problems), problems);
    let names = Names::read(file.table("names", problems), problems);
    let replies =
        file.optional("templates").map(|(_, node)| Replies::read(node, problems)).unwrap_or_default();
    let private_hosts = private_hosts(file.table("lookups", problems), problems);
    let mut rules = Vec::new();
    if let Some(node) = file.required("rules", problems) {
        for item in problems.list(node, "`rules`") {
            rules.extend(rule(item, vocabulary, problems));
        }
    }
    file.close(problems);
    let sieve = Sieve::over(rules.iter_mut().filter_map(|rule| rule.when.as_mut()));
    Book { defaults, names, replies, private_hosts, rules, sieve }
}

fn private_hosts(mut table: Table<'_>, problems: &mut Problems) -> Vec<String> {
    let hosts = table
        .optional("allow_private")
        .map(|(_, node)| problems.one_or_many(node, "`lookups.allow_private`"));
    table.close(problems);
    hosts.unwrap_or_default().into_iter().map(|(_, host)| host.trim().to_ascii_lowercase()).collect()
}

fn defaults(mut table: Table<'_>, problems: &mut Problems) -> Defaults {
    let mut defaults = Defaults::default();
    if let Some((_, node)) = table.optional("threshold") {
        defaults.threshold = problems.fraction(node, "`defaults.threshold`").unwrap_or(defaults.threshold);
    }
    if let Some((_, node)) = table.optional("margin") {
        defaults.margin = problems.fraction(node, "`defaults.margin`").unwrap_or(defaults.margin);
    }
    table.close(problems);
    defaults
}

fn rule(node: &Node, vocabulary: Option<&Vocabulary>, problems: &mut Problems) -> Option<Rule> {
    let mut table = Table::open(node, "", problems);
    if table.is_empty() {
        problems.error(node.at, "a rule is a map with `id`, `when` and `then`");
        return None;
    }
    let id_node = table.required("id", problems);
    let id = id_node.and_then(|node| problems.word(node, "`id`")).map(str::to_owned);
    if let (Some(id), Some(node)) = (&id, id_node)
        && (id.len() > 64 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)))
    {
        problems.error(node.at, "a rule's id has 1 to 64 of A-Z, a-z, 0-9, `-`, `_` and `.`");
    }
    let when = table.optional("when").map(|(_, node)| condition::read(node, vocabulary, problems));
    let then = match table.optional("then") {
        Some((_, node)) => action::read(node, problems),
        None => Vec::new(),
    };
    let stop = flag(&mut table, "stop", problems);
    let overwrite = flag(&mut table, "overwrite", problems);
    let mode = table
        .optional("mode")
        .and_then(|(_, node)| problems.parsed(node, "`mode`", "shadow, suggest or live"));
    let acts = table.optional("then").is_some();
    if !acts && !stop {
        problems.error(table.at, "the rule does nothing: it has neither `then` nor `stop: true`");
    }
    let at = id_node.map_or(table.at, |node| node.at);
    table.close(problems);
    Some(Rule { at, id: id?, when, then, stop, mode, overwrite })
}

fn flag(table: &mut Table<'_>, key: &'static str, problems: &mut Problems) -> bool {
    table.optional(key).and_then(|(_, node)| problems.flag(node, &format!("`{key}`"))).unwrap_or_default()
}
