//! Two bundles' answers to the same tickets, side by side: a challenger beside the live one, and a new bundle before it takes
//! over. Pure, but for [`Recent`], which remembers a few texts in memory and nowhere else.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use deskbridge_onnx::{Prediction, Scored};

/// How often two bundles name something else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Tickets that both were asked about.
    pub tickets: usize,
    /// Of those, the ones on which some head names something else.
    pub differ: usize,
    /// The same by head, of the heads that both have.
    pub heads: BTreeMap<String, usize>,
}

impl Comparison {
    /// Of two bundles' answers to the same tickets, in the same order.
    pub fn of(old: &[Prediction], new: &[Prediction]) -> Self {
        let mut found = Self { tickets: old.len().min(new.len()), ..Self::default() };
        for (old, new) in old.iter().zip(new) {
            let both = old.heads.iter().filter_map(|(head, old)| Some((head, old, new.heads.get(head)?)));
            let mut any = false;
            for (head, old, new) in both {
                let other = chosen(old) != chosen(new);
                *found.heads.entry(head.clone()).or_default() += usize::from(other);
                any |= other;
            }
            found.differ += usize::from(any);
        }
        found
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "another answer to {} of the last {} tickets", self.differ, self.tickets)?;
        let heads: Vec<String> = self.heads.iter().map(|(head, n)| format!("{head} {n}")).collect();
        if heads.is_empty() { Ok(()) } else { write!(f, " ({})", heads.join(", ")) }
    }
}

fn chosen(scored: &Scored) -> BTreeSet<&str> {
    scored.chosen.iter().map(String::as_str).collect()
}

/// How many tickets a new bundle is compared on.
const KEPT: usize = 50;

/// The texts that were classified last, normalised and redacted, in memory alone: gone with the process, never written.
#[derive(Default)]
pub struct Recent(Mutex<VecDeque<String>>);

impl Recent {
    /// Remembers a text, and forgets the oldest.
    pub fn keep(&self, text: String) {
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if texts.len() == KEPT {
            texts.pop_front();
        }
        texts.push_back(text);
    }

    /// The texts, oldest first.
    pub fn texts(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recent(…)")
    }
}

#[cfg(test)]
mod tests {
    use deskbridge_onnx::{HeadKind, Language};

    use super::*;

    fn prediction(category: &[&str], topics: &[&str]) -> Prediction {
        let scored = |kind, chosen: &[&str]| Scored {
            kind,
            ranked: vec![("billing".into(), 0.9), ("sales".into(), 0.1)],
            chosen: chosen.iter().map(|label| (*label).to_owned()).collect(),
            threshold: BTreeMap::new(),
        };
        let heads = [
            ("category".to_owned(), scored(HeadKind::Single, category)),
            ("topics".to_owned(), scored(HeadKind::Multi, topics)),
        ];
        let language = Language { code: "en".into(), confidence: 1.0 };
        Prediction { heads: heads.into(), language, model: "m".into(), out_of_scope: None }
    }

    #[test]
    fn two_bundles_are_told_apart_by_what_they_name() {
        let old =
            [prediction(&["billing"], &["a", "b"]), prediction(&[], &[]), prediction(&["billing"], &[])];
        let new =
            [prediction(&["billing"], &["b", "a"]), prediction(&["billing"], &["a"]), prediction(&[], &[])];
        let found = Comparison::of(&old, &new);
        assert_eq!((found.tickets, found.differ), (3, 2));
        assert_eq!(found.to_string(), "another answer to 2 of the last 3 tickets (category 2, topics 1)");
        assert_eq!(Comparison::of(&old, &old).differ, 0);
    }

    #[test]
    fn only_the_last_texts_are_remembered_and_none_is_shown() {
        let recent = Recent::default();
        (0..60).for_each(|n| recent.keep(format!("ticket {n}")));
        let texts = recent.texts();
        assert_eq!((texts.len(), texts[0].as_str()), (KEPT, "ticket 10"));
        assert!(!format!("{recent:?}").contains("ticket"));
    }
}
