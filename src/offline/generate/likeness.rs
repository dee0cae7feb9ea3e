//! Whether two tickets say nearly the same. Pure.
//!
//! Letters and figures only, in lower case, every figure a nought: so another order number makes no new ticket. Then groups
//! of five characters, which need no notion of a word and therefore serve every language.

use std::collections::{HashMap, HashSet};

/// Characters in a group.
const GROUP: usize = 5;
/// From this share of common groups on, two tickets are the same.
const SAME: f64 = 0.6;

/// Every ticket so far, by its groups.
#[derive(Debug, Default)]
pub(super) struct Seen {
    texts: HashSet<String>,
    holders: HashMap<String, Vec<usize>>,
    sizes: Vec<usize>,
}

impl Seen {
    /// Remembers a ticket and says whether it is a new one. One that is not is not remembered.
    pub(super) fn is_new(&mut self, subject: &str, body: &str) -> bool {
        let (plain, body) = (normal(&format!("{subject} {body}")), normal(body));
        let groups = groups(&plain);
        let new = !body.is_empty() && !self.texts.contains(&body) && !self.has_like(&groups);
        if new {
            self.remember(body, groups);
        }
        new
    }

    /// Remembers a ticket that stands in the file already, whatever it is like.
    pub(super) fn add(&mut self, subject: &str, body: &str) {
        let groups = groups(&normal(&format!("{subject} {body}")));
        self.remember(normal(body), groups);
    }

    fn remember(&mut self, body: String, groups: HashSet<String>) {
        self.texts.insert(body);
        self.sizes.push(groups.len());
        for group in groups {
            self.holders.entry(group).or_default().push(self.sizes.len() - 1);
        }
    }

    fn has_like(&self, groups: &HashSet<String>) -> bool {
        let mut shared: HashMap<usize, usize> = HashMap::new();
        for holder in groups.iter().filter_map(|group| self.holders.get(group)).flatten() {
            *shared.entry(*holder).or_default() += 1;
        }
        shared.into_iter().any(|(holder, shared)| {
            let all = groups.len() + self.sizes[holder] - shared;
            shared as f64 >= SAME * all as f64
        })
    }
}

fn normal(text: &str) -> String {
    let lower = text.to_lowercase();
    let shown = lower.chars().map(|c| match c {
        c if c.is_numeric() => '0',
        c if c.is_alphanumeric() => c,
        _ => ' ',
    });
    let text: String = shown.collect();
    let words = text.split_whitespace().map(|word| if word.bytes().all(|b| b == b'0') { "0" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

fn groups(text: &str) -> HashSet<String> {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() < GROUP {
        return HashSet::from([text.to_owned()]);
    }
    letters.windows(GROUP).map(|group| group.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: (&str, &str) =
        ("Charged twice", "I was charged twice for order 4711, please refund one of them.");

    #[test]
    fn the_same_words_in_another_dress_are_no_new_ticket() {
        for (subject, body) in [
            FIRST,
            ("CHARGED TWICE!!", "i was charged twice for order #99 - please refund one of them"),
            ("Something else", "I was charged twice for order 12, please refund one of them."),
            ("Charged twice", "Hi, I was charged twice for order 4711, please refund one of them. Thanks"),
        ] {
            let mut seen = Seen::default();
            assert!(seen.is_new(FIRST.0, FIRST.1));
            assert!(!seen.is_new(subject, body), "{body}");
        }
    }

    #[test]
    fn another_story_is_a_new_ticket() {
        let mut seen = Seen::default();
        seen.add(FIRST.0, FIRST.1);
        for (subject, body) in [
            ("Refund", "The money for the jacket that I sent back in May has not arrived on my card yet."),
            ("", "Doppelt abgebucht! Bitte eine der beiden Zahlungen erstatten."),
            ("", "二重に請求されました。返金してください。"),
            ("", "アプリが起動しません。更新後からです。"),
        ] {
            assert!(seen.is_new(subject, body), "{body}");
        }
    }

    #[test]
    fn what_says_nothing_is_no_ticket() {
        assert!(!Seen::default().is_new("A subject", " ... "));
    }
}
