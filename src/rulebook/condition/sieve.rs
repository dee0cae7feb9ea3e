//! One pass over a text that tells which of a rulebook's expressions may be in it, so that hundreds of them cost little
//! more than one.
//!
//! The expressions are sought together and without their word edges: that finds no less, and the library's fast engine,
//! which cannot tell word edges beyond ASCII, stays usable on every language. Whoever passes is then asked by itself.

use regex::{RegexSet, RegexSetBuilder, SetMatches};

use super::{Pattern, Test, When};

/// The expressions together may take this much memory; a rulebook with more of them is searched one by one.
const MOST_BYTES: usize = 32 << 20;
/// What the engine may remember from text to text, a thread.
const MOST_REMEMBERED: usize = 4 << 20;

/// Every expression of a rulebook's text conditions.
#[derive(Clone, Debug, Default)]
pub(in crate::rulebook) struct Sieve {
    set: Option<RegexSet>,
}

impl Sieve {
    /// A sieve of all these conditions' expressions, each of which learns its place.
    pub(in crate::rulebook) fn over<'w>(conditions: impl Iterator<Item = &'w mut When>) -> Self {
        let mut patterns = Vec::new();
        conditions.for_each(|when| collect(when, &mut patterns));
        let loose: Vec<String> =
            patterns.iter().map(|pattern| without_word_edges(pattern.as_str())).collect();
        let set = RegexSetBuilder::new(&loose).size_limit(MOST_BYTES).dfa_size_limit(MOST_REMEMBERED).build();
        let Ok(set) = set else { return Self::default() };
        patterns.into_iter().enumerate().for_each(|(place, pattern)| pattern.place = Some(place));
        Self { set: Some(set) }
    }

    /// What may be in a text.
    pub(super) fn sift(&self, text: &str) -> Sifted {
        Sifted(self.set.as_ref().map(|set| set.matches(text)))
    }
}

/// What may be in one text.
pub(super) struct Sifted(Option<SetMatches>);

impl Sifted {
    /// Whether the expression is in the text that was sifted.
    pub(super) fn has(&self, pattern: &Pattern, text: &str) -> bool {
        let passed = self.0.as_ref().zip(pattern.place).is_none_or(|(passed, place)| passed.matched(place));
        passed && pattern.is_match(text)
    }
}

fn collect<'w>(when: &'w mut When, patterns: &mut Vec<&'w mut Pattern>) {
    match when {
        When::All(parts) | When::Any(parts) | When::None(parts) => {
            parts.iter_mut().for_each(|part| collect(part, patterns));
        }
        When::Is(Test::Text { patterns: own, .. }) => patterns.extend(own),
        When::Is(_) => {}
    }
}

/// Every `\b` taken out.
fn without_word_edges(source: &str) -> String {
    let mut loose = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, after)) = rest.split_once('\\') {
        loose.push_str(before);
        let mut chars = after.chars();
        match chars.next() {
            // `\b{start}` and its like are left as they are.
            Some('b') if !chars.as_str().starts_with('{') => loose.push_str("(?:)"),
            Some(other) => loose.extend(['\\', other]),
            None => loose.push('\\'),
        }
        rest = chars.as_str();
    }
    loose.push_str(rest);
    loose
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rulebook::condition::TextPart;

    fn sieve(sources: &[&str]) -> (Sieve, Vec<Pattern>) {
        let patterns = sources.iter().map(|source| Pattern::new(source).unwrap()).collect();
        let mut when =
            When::All(vec![When::None(vec![When::Is(Test::Text { patterns, part: TextPart::Any })])]);
        let sieve = Sieve::over(std::iter::once(&mut when));
        let mut found = Vec::new();
        collect(&mut when, &mut found);
        (sieve, found.into_iter().map(|pattern| pattern.clone()).collect())
    }

    #[test]
    fn it_finds_what_each_expression_alone_finds() {
        let (sieve, patterns) = sieve(&[
            r"(?i)\bkündig(en|ung)\b",
            r"\border #?\d{4}\b",
            r"^Re:",
            r"a\\b",
            r"\Bx\B",
            r"\b{start}Wort",
            r"(?x) r e f \b # a comment",
        ]);
        for text in [
            "Ich möchte KÜNDIGEN, bitte bestätigen.",
            "Kündigungsfrist",
            "order #4711 für Zoë",
            "preorder 4711",
            "order 47110",
            "Re: größer",
            "größer Re:",
            r"a\b",
            "exxe x",
            "ein Wort, einWort",
            "the ref",
            "refund",
            "",
        ] {
            let sifted = sieve.sift(text);
            for pattern in &patterns {
                assert!(pattern.place.is_some());
                assert_eq!(sifted.has(pattern, text), pattern.is_match(text), "{pattern:?} in {text}");
            }
        }
    }

    #[test]
    fn expressions_too_large_together_are_searched_one_by_one() {
        let sources: Vec<String> = (0..80).map(|n| format!(r"x{n}\w{{1,12}} ")).collect();
        let (sieve, patterns) = sieve(&sources.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(sieve.set.is_none(), "this was to be too large");
        assert!(sieve.sift("x7abc ").has(&patterns[7], "x7abc "));
        assert!(!sieve.sift("x7abc ").has(&patterns[8], "x7abc "));
    }
}
