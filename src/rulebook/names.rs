//! Our words for groups, fields and agents, and what each platform calls them.
//!
//! A word that is not listed is taken as the platform's own name, so that a rulebook for one platform needs no table;
//! a word that looks like a misspelt one of the table is a mistake.

use std::collections::BTreeMap;

use deskbridge_connectors::Platform;

use crate::diagnostics::yaml::{Node, Problems, Table, Value};
use crate::diagnostics::{Place, nearest};

/// What a word may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Group,
    Field,
    Agent,
}

impl Kind {
    /// The section under `names`.
    pub(super) const fn section(self) -> &'static str {
        match self {
            Self::Group => "groups",
            Self::Field => "fields",
            Self::Agent => "agents",
        }
    }
}

/// The table of names.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    entries: BTreeMap<(Kind, String), (Place, Meaning)>,
}

#[derive(Clone, Debug)]
enum Meaning {
    Same(String),
    Each(BTreeMap<Platform, String>),
}

impl Names {
    pub(super) fn read(mut table: Table<'_>, problems: &mut Problems) -> Self {
        let mut entries = BTreeMap::new();
        for kind in [Kind::Group, Kind::Field, Kind::Agent] {
            let Some((_, node)) = table.optional(kind.section()) else { continue };
            for (key, value) in problems.entries(node, &format!("`names.{}`", kind.section())) {
                if let Some(meaning) = meaning(value, &key.name, problems) {
                    entries.insert((kind, key.name.clone()), (key.at, meaning));
                }
            }
        }
        table.close(problems);
        Self { entries }
    }

    /// What the platform calls `word`.
    ///
    /// # Errors
    /// The word is listed, without a name for this platform.
    pub(super) fn resolve(&self, kind: Kind, word: &str, platform: Platform) -> Result<String, String> {
        match self.entries.get(&(kind, word.to_owned())) {
            None => Ok(word.to_owned()),
            Some((_, Meaning::Same(name))) => Ok(name.clone()),
            Some((_, Meaning::Each(names))) => names
                .get(&platform)
                .cloned()
                .ok_or_else(|| format!("`names.{}.{word}` has no name for {platform}", kind.section())),
        }
    }

    /// Where a word is listed.
    pub(super) fn place(&self, kind: Kind, word: &str) -> Option<Place> {
        self.entries.get(&(kind, word.to_owned())).map(|(at, _)| *at)
    }

    /// The listed word that an unlisted one looks like.
    pub(super) fn lookalike(&self, kind: Kind, word: &str) -> Option<String> {
        let known = self.entries.keys().filter(|(of, _)| *of == kind).map(|(_, known)| known.as_str());
        nearest(word, known)
            .filter(|near| strsim::jaro_winkler(&near.to_lowercase(), &word.to_lowercase()) > 0.88)
    }

    /// Every listed word.
    pub(super) fn all(&self) -> impl Iterator<Item = (Kind, &str, Place)> {
        self.entries.iter().map(|((kind, word), (at, _))| (*kind, word.as_str(), *at))
    }
}

fn meaning(node: &Node, word: &str, problems: &mut Problems) -> Option<Meaning> {
    let what = format!("the name of `{word}`");
    if !matches!(node.value, Value::Map(_)) {
        return problems.word(node, &what).map(|name| Meaning::Same(name.to_owned()));
    }
    let mut table = Table::open(node, word, problems);
    let mut names = BTreeMap::new();
    for platform in Platform::ALL {
        let name = table.optional(platform.as_str()).and_then(|(_, node)| problems.word(node, &what));
        if let Some(name) = name {
            names.insert(platform, name.to_owned());
        }
    }
    table.close(problems);
    Some(Meaning::Each(names))
}
