//! A regular expression over ticket text: compiled once, bounded in size, linear in the text's length.

use regex::{Regex, RegexBuilder};
use sha2::{Digest, Sha256};

/// A compiled expression may take this much memory: enough for long lists of words, too little for `(a{1000}){1000}`.
const MOST_BYTES: usize = 1 << 20;

/// A regular expression.
#[derive(Clone, Debug)]
pub(in crate::rulebook) struct Pattern {
    regex: Regex,
    /// Its place in the rulebook's [`super::sieve::Sieve`]; `None` where it is searched by itself.
    pub(super) place: Option<usize>,
}

impl Pattern {
    /// Compiles it.
    ///
    /// # Errors
    /// What is wrong with it, in a few words.
    pub(in crate::rulebook) fn new(source: &str) -> Result<Self, String> {
        let built = RegexBuilder::new(source).size_limit(MOST_BYTES).dfa_size_limit(MOST_BYTES).build();
        built.map(|regex| Self { regex, place: None }).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                "the expression is too large; name fewer repetitions".to_owned()
            }
            // The library draws the place over several lines; its last line says what is wrong.
            other => {
                let text = other.to_string();
                let last = text.lines().last().unwrap_or_default().trim();
                let what = last.strip_prefix("error: ").unwrap_or(last);
                format!("the expression is not valid: {what}")
            }
        })
    }

    pub(in crate::rulebook) fn as_str(&self) -> &str {
        self.regex.as_str()
    }

    /// Stands for the expression in a ledger: 12 hexadecimal digits.
    pub(super) fn digest(&self) -> String {
        hex::encode(Sha256::digest(self.as_str())).chars().take(12).collect()
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// What its first group found, or the whole match where it has no group.
    pub(in crate::rulebook) fn capture<'t>(&self, text: &'t str) -> Option<&'t str> {
        let found = self.regex.captures(text)?;
        found.get(1).or_else(|| found.get(0)).map(|part| part.as_str())
    }
}

/// Returns the digests of these expressions.
pub(in crate::rulebook) fn digests(patterns: &[Pattern]) -> Vec<String> {
    patterns.iter().map(Pattern::digest).collect()
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}
