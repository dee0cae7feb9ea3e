//! A text's terms, hashed and counted.
//!
//! FNV-1a over the characters, with the part in the lowest bit. Two terms of one hash are taken for one; with some ten
//! thousand terms in four thousand million hashes that is rarer than a typing error.

use std::hash::Hasher;

/// Hash → how often, by ascending hash.
pub(crate) type Counts = Vec<(u32, u32)>;

/// The two parts of a lexicon.
const WORDS: u32 = 0;
const LETTERS: u32 = 1;
/// Lengths of letter groups.
const GROUPS: std::ops::RangeInclusive<usize> = 3..=5;

/// Which part a term belongs to.
pub(super) fn part(hash: u32) -> usize {
    (hash & 1) as usize
}

/// Counts a text's terms. Case does not matter.
pub(crate) fn count(text: &str) -> Counts {
    let text = text.to_lowercase();
    let mut hashes = Vec::with_capacity(text.len() * 4);
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| w.chars().nth(1).is_some());
    let mut before: Option<&str> = None;
    for word in words {
        hashes.push(hash(WORDS, word.chars()));
        if let Some(before) = before {
            hashes.push(hash(WORDS, before.chars().chain([' ']).chain(word.chars())));
        }
        before = Some(word);
    }
    let mut padded: Vec<char> = Vec::new();
    for word in text.split_whitespace() {
        padded.clear();
        padded.push(' ');
        padded.extend(word.chars());
        padded.push(' ');
        for length in GROUPS {
            // A word shorter than the group is one group, once.
            if padded.len() <= length {
                hashes.push(hash(LETTERS, padded.iter().copied()));
                break;
            }
            hashes.extend(padded.windows(length).map(|group| hash(LETTERS, group.iter().copied())));
        }
    }
    hashes.sort_unstable();
    hashes
        .chunk_by(|a, b| a == b)
        .map(|same| (same[0], u32::try_from(same.len()).unwrap_or(u32::MAX)))
        .collect()
}

fn hash(part: u32, characters: impl Iterator<Item = char>) -> u32 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for c in characters {
        hash = (hash ^ u64::from(u32::from(c))).wrapping_mul(0x0100_0000_01b3);
    }
    // The upper bits are the well-mixed ones.
    (((hash ^ (hash >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32 & !1) | part
}

/// The terms are hashed already: the map takes them as they are.
#[derive(Clone, Copy, Default)]
pub(super) struct Ready(u64);

impl Hasher for Ready {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.0 = (self.0 << 8) | u64::from(*b));
    }

    fn write_u32(&mut self, hash: u32) {
        // The map looks at the lowest and at the highest bits.
        self.0 = u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
