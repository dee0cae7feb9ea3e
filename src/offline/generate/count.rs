//! How many made-up tickets each label has, and what is to be asked for next. Pure.

use std::collections::HashMap;

use super::PREFIX;
use super::labels::{Label, Labels};

/// What a file's rows come to.
#[derive(Debug, Default)]
pub(super) struct Count {
    /// Rows by head, label and language.
    rows: HashMap<(String, String, String), usize>,
    /// The highest number given under a label's name.
    numbers: HashMap<String, u64>,
}

impl Count {
    /// Takes note of an id, so that it is not given again.
    pub(super) fn id(&mut self, id: &str) {
        let given = id.strip_prefix(PREFIX).and_then(|rest| rest.rsplit_once('/'));
        if let Some((label, number)) =
            given.and_then(|(label, number)| Some((label, number.parse::<u64>().ok()?)))
        {
            let highest = self.numbers.entry(label.to_owned()).or_default();
            *highest = number.max(*highest);
        }
    }

    /// The next id. A label's name may stand in two heads; its numbers go through.
    pub(super) fn next_id(&mut self, label: &str) -> String {
        let number = self.numbers.entry(label.to_owned()).or_default();
        *number = number.saturating_add(1);
        format!("{PREFIX}{label}/{number}")
    }

    pub(super) fn add(&mut self, head: &str, label: &str, language: &str) {
        *self.rows.entry((head.to_owned(), label.to_owned(), language.to_owned())).or_default() += 1;
    }

    /// Rows of a label.
    pub(super) fn of(&self, label: &Label) -> usize {
        let of_label =
            self.rows.iter().filter(|((head, name, _), _)| *head == label.head && *name == label.name);
        of_label.map(|(_, rows)| rows).sum()
    }

    /// Rows of all labels of the file, none above `most`.
    pub(super) fn all(&self, labels: &Labels, most: usize) -> usize {
        labels.0.iter().map(|label| self.of(label).min(most)).sum()
    }

    /// The language that a label has the fewest tickets in; after `failures` in a row another one gets its turn.
    pub(super) fn language<'l>(&self, label: &Label, languages: &'l [String], failures: usize) -> &'l str {
        let rows = |language: &String| {
            let key = (label.head.clone(), label.name.clone(), language.clone());
            self.rows.get(&key).copied().unwrap_or_default()
        };
        let mut fewest_first: Vec<&String> = languages.iter().collect();
        fewest_first.sort_by_key(|language| rows(language));
        fewest_first.get(failures % languages.len().max(1)).map_or("en", |language| language.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(head: &str) -> Label {
        Label { head: head.into(), name: "other".into(), about: String::new() }
    }

    #[test]
    fn ids_go_on_where_the_file_ends() {
        let mut count = Count::default();
        for id in ["synthetic/a/b/7", "synthetic/a/b/3", "acme/4711", "synthetic/a/b/x", "synthetic/9"] {
            count.id(id);
        }
        assert_eq!(count.next_id("a/b"), "synthetic/a/b/8");
        assert_eq!(count.next_id("other"), "synthetic/other/1");
    }

    #[test]
    fn labels_are_counted_by_head_and_languages_take_turns() {
        let mut count = Count::default();
        let languages = ["en".to_owned(), "de".to_owned()];
        assert_eq!(count.language(&label("category"), &languages, 0), "en");
        count.add("category", "other", "en");
        assert_eq!(count.language(&label("category"), &languages, 0), "de");
        assert_eq!(count.language(&label("category"), &languages, 1), "en");
        assert_eq!((count.of(&label("category")), count.of(&label("topic"))), (1, 0));
        assert_eq!(count.all(&Labels(vec![label("category"), label("topic")]), 5), 1);
    }
}
