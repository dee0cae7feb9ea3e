//! Where the agents' own choice of a head is found on a ticket, and which label a platform's value stands for. Pure.
//!
//! A value and a label are the same when they differ in nothing but case, spaces, `-` and `_`; whatever else differs is said in
//! the settings, and a value that stands for no label is none.

use std::collections::{BTreeMap, BTreeSet};

use deskbridge_connectors::Platform;

use crate::rulebook::Rulebook;

/// The part of a ticket that agents answer a head's question in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadSource {
    /// A field, by the platform's name; in the settings also by the rulebook's word.
    Field(String),
    /// The priority.
    Priority,
    /// The group.
    Group,
    /// These tags, each standing for a label of its own; empty for any tag.
    Tags(Vec<String>),
}

/// Where each head is found, and what its values stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heads {
    /// By head.
    pub sources: BTreeMap<String, HeadSource>,
    /// By head: the platform's value to our label, where they differ.
    pub values: BTreeMap<String, BTreeMap<String, String>>,
}

impl Heads {
    /// Where a head is found; `None` for a head that nobody chooses anywhere.
    pub fn source(&self, head: &str) -> Option<&HeadSource> {
        self.sources.get(head)
    }

    /// The names of the fields that heads are found in, in lower case.
    pub fn fields(&self) -> BTreeSet<String> {
        let field = |source: &HeadSource| match source {
            HeadSource::Field(name) => Some(name.to_lowercase()),
            HeadSource::Priority | HeadSource::Group | HeadSource::Tags(_) => None,
        };
        self.sources.values().filter_map(field).collect()
    }

    /// The same in one platform's words, with what the settings leave out: `priority` is the priority, `department` the
    /// group, and a head that the rulebook names a field after is that field. `heads` are the bundle's.
    pub fn resolved<'h>(
        &self,
        rulebook: &Rulebook,
        platform: Platform,
        heads: impl Iterator<Item = &'h str>,
    ) -> Self {
        let mut found = self.clone();
        for head in heads.filter(|head| !self.sources.contains_key(*head)) {
            let source = match head {
                "priority" => HeadSource::Priority,
                _ if rulebook.names_field(head) => HeadSource::Field(head.to_owned()),
                "department" => HeadSource::Group,
                _ => continue,
            };
            found.sources.insert(head.to_owned(), source);
        }
        for (head, source) in &mut found.sources {
            match source {
                HeadSource::Field(word) => *word = rulebook.field_on(word, platform),
                HeadSource::Group => {
                    let named = found.values.entry(head.clone()).or_default();
                    for (word, name) in rulebook.groups_on(platform) {
                        named.entry(name).or_insert(word);
                    }
                }
                HeadSource::Priority | HeadSource::Tags(_) => {}
            }
        }
        found
    }
}

/// The label that a platform's value stands for, one of `labels`.
pub fn label_of(head: &str, value: &str, labels: &[String], heads: &Heads) -> Option<String> {
    if let Some(HeadSource::Tags(tags)) = heads.source(head)
        && !tags.is_empty()
        && !tags.iter().any(|tag| same(tag, value))
    {
        return None;
    }
    let said = heads.values.get(head).and_then(|values| {
        values.iter().find(|(known, _)| same(known, value)).map(|(_, label)| label.as_str())
    });
    // A nested value is also told by its last level, as people read it.
    let last = value.rsplit(['>', ':']).next().unwrap_or(value);
    let candidates = said.into_iter().chain([value, last, value.rsplit("::").next().unwrap_or(value)]);
    candidates.into_iter().find_map(|word| labels.iter().find(|label| same(label, word))).cloned()
}

/// The label that a platform's value is written as where no bundle says which labels there are: by the settings, else the value in
/// small letters with `_` for spaces.
pub fn label_word(head: &str, value: &str, heads: &Heads) -> String {
    let said = heads.values.get(head).and_then(|values| values.iter().find(|(known, _)| same(known, value)));
    said.map_or_else(
        || value.trim().to_lowercase().split_whitespace().collect::<Vec<_>>().join("_").replace('|', "_"),
        |(_, label)| label.clone(),
    )
}

/// Whether two words differ in nothing but case, spaces, `-` and `_`.
pub(crate) fn same(a: &str, b: &str) -> bool {
    let letters = |word| {
        let letters = str::chars(word).filter(|c: &char| !c.is_whitespace() && !matches!(c, '-' | '_'));
        letters.flat_map(char::to_lowercase)
    };
    letters(a).eq(letters(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads() -> Heads {
        Heads {
            sources: BTreeMap::from([
                ("category".to_owned(), HeadSource::Field("Category".to_owned())),
                ("topics".to_owned(), HeadSource::Tags(vec!["refund".to_owned(), "late-parcel".to_owned()])),
            ]),
            values: BTreeMap::from([(
                "category".to_owned(),
                BTreeMap::from([("Rechnung".to_owned(), "billing".to_owned())]),
            )]),
        }
    }

    #[test]
    fn a_value_is_a_label_in_other_letters_or_by_the_settings_word() {
        let labels = ["billing", "account_access"].map(str::to_owned);
        let label = |value: &str| label_of("category", value, &labels, &heads());
        assert_eq!(label("Billing").as_deref(), Some("billing"));
        assert_eq!(label("Account access").as_deref(), Some("account_access"));
        assert_eq!(label("account-access").as_deref(), Some("account_access"));
        assert_eq!(label("rechnung").as_deref(), Some("billing"));
        assert_eq!(label("Money > Billing").as_deref(), Some("billing"));
        assert_eq!(label("Money::Billing").as_deref(), Some("billing"));
        assert_eq!(label("Other"), None);
    }

    #[test]
    fn of_tags_only_the_named_ones_count() {
        let labels = ["refund", "late_parcel", "vip"].map(str::to_owned);
        let label = |value: &str| label_of("topics", value, &labels, &heads());
        assert_eq!(label("late-parcel").as_deref(), Some("late_parcel"));
        assert_eq!(label("vip"), None);
    }

    #[test]
    fn what_the_settings_leave_out_is_taken_from_the_rulebook() {
        let [platform, ..] = Platform::ALL;
        let text = format!(
            "version: 1\nnames: {{ fields: {{ category: {{ {platform}: Kind }} }}, groups: {{ money: Finance }} }}\n\
             rules: [{{ id: a, then: [{{ assign_group: money }}, {{ set_field: {{ category: x }} }}] }}]\n"
        );
        let rulebook = crate::rulebook::load("r.yaml", &text, None, &[platform]).unwrap().rulebook;
        let all = ["category", "priority", "department", "sentiment"];
        let found = Heads::default().resolved(&rulebook, platform, all.into_iter());
        assert_eq!(found.source("category"), Some(&HeadSource::Field("Kind".to_owned())));
        assert_eq!(found.source("priority"), Some(&HeadSource::Priority));
        assert_eq!(found.source("department"), Some(&HeadSource::Group));
        assert_eq!(found.source("sentiment"), None, "agents choose that nowhere");
        assert_eq!(
            label_of("department", "finance", &["money".to_owned()], &found).as_deref(),
            Some("money")
        );
        assert_eq!(found.fields(), BTreeSet::from(["kind".to_owned()]));
    }
}
