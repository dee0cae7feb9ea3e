//! A regular expression over ticket text: compiled once, bounded in size, linear in the text's length.

use regex::{Regex, RegexBuilder};
use sha2::{Digest, Sha256};

use crate::diagnostics::Place;
use crate::diagnostics::yaml::Problems;

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

/// Warns about an expression that YAML has changed.
pub(in crate::rulebook) fn warn_if_changed(at: Place, source: &str, problems: &mut Problems) {
    if let Some((message, help)) = changed_by_yaml(source) {
        problems.warning(at, message, Some(help));
    }
}

/// Finds what YAML has probably made of an expression that was meant otherwise. Returns the problem and its remedy;
/// `None` for an expression that can be found in a text.
fn changed_by_yaml(source: &str) -> Option<(String, String)> {
    let odd = source.chars().find(|letter| !matches!(letter, '\t' | '\n' | '\r') && is_unseen(*letter));
    if let Some(letter) = odd {
        let escape = ESCAPES.iter().find(|(_, made)| *made == letter).map(|(escape, _)| *escape);
        let cause = escape.map_or_else(String::new, |escape| {
            format!(", which is what YAML makes of `{escape}` in double quotes")
        });
        return Some((
            format!(
                "the expression contains the character U+{:04X}{cause}; no text contains it",
                u32::from(letter)
            ),
            "write the expression in single quotes: '…'".to_owned(),
        ));
    }
    source.ends_with(['\n', '\r']).then(|| {
        (
            "the expression ends in a line break; it matches only at the end of a line".to_owned(),
            "write `>-` or `|-` for the block, or put the expression in single quotes".to_owned(),
        )
    })
}

/// YAML's escapes in double quotes that are something else in an expression.
const ESCAPES: [(&str, char); 8] = [
    (r"\b", '\u{8}'),
    (r"\a", '\u{7}'),
    (r"\v", '\u{b}'),
    (r"\e", '\u{1b}'),
    (r"\N", '\u{85}'),
    (r"\_", '\u{a0}'),
    (r"\L", '\u{2028}'),
    (r"\P", '\u{2029}'),
];

/// Returns true for characters that are nowhere in a ticket's text, because it is normalised before it is read.
fn is_unseen(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{a0}' | '\u{2028}' | '\u{2029}')
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
