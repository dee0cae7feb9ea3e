//! Sets of tags as the platform compares them: a tag that differs in case only is the same tag.

use std::collections::BTreeSet;

use crate::ticket::Tag;

/// Whether the tag is among them.
pub(super) fn has(tags: &BTreeSet<Tag>, wanted: &str) -> bool {
    tags.contains(wanted) || tags.iter().any(|tag| tag.to_lowercase() == wanted.to_lowercase())
}

/// The tags there are, with ours added and taken away; what is there keeps its spelling.
pub(super) fn merged(now: &BTreeSet<Tag>, added: &BTreeSet<Tag>, removed: &BTreeSet<Tag>) -> BTreeSet<Tag> {
    let new = added.iter().filter(|tag| !has(now, tag));
    now.iter().filter(|tag| !has(removed, tag)).chain(new).cloned().collect()
}
