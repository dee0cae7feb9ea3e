//! Replaces what names a person or opens an account by what kind of thing it was.
//!
//! A model learns nothing from one customer's card number, and must not remember it: bundles are copied about, and a
//! feature of a bundle could otherwise be such a number. What routes a ticket stays: order and invoice numbers,
//! amounts, dates, versions, error codes. Placeholders are plain words, so that "an e-mail address was here" is still
//! something to learn from.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Matches every kind at once: one pass over the text, the first alternative that fits wins.
///
/// - mail: the usual shape of an address, in any script, also with `[at]` and `[dot]`; not the whole of RFC 5321.
/// - token: prefixes that vendors give their keys, JSON Web Tokens, and long runs that mix letters and digits.
/// - iban: <https://en.wikipedia.org/wiki/International_Bank_Account_Number>, its check digits are computed.
/// - digits: thirteen to nineteen, perhaps in groups by spaces or hyphens; a card if its Luhn sum is right.
/// - card: in groups as cards print them, by dots or dashes too; a card if its Luhn sum is right.
/// - national: a leading zero and groups of two to four digits, all apart by the same character.
/// - phone: an international prefix, or other groups in the way of national numbers.
static SECRETS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?P<mail>[\p{L}\p{M}\p{N}._%+\-]+@[\p{L}\p{M}\p{N}\-]+(?:\.[\p{L}\p{M}\p{N}\-]+)+",
        r"|[\p{L}\p{M}\p{N}._%+\-]+ ?[\[(](?i:at)[\])] ?[\p{L}\p{M}\p{N}\-]+",
        r"(?:(?:\.| ?[\[(](?i:dot)[\])] ?)[\p{L}\p{M}\p{N}\-]+)+)",
        // ASCII classes and boundaries: the fast engine, also on texts that are not.
        r"|(?-u)(?P<token>\b(?:sk|pk|rk|ghp|gho|ghs|xox[abprs]|glpat|AKIA|AIza|whsec)[_\-]?[A-Za-z0-9_\-]{14,}",
        r"|\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-]*)?",
        r"|\b[A-Za-z0-9_\-]{32,}\b)",
        r"|(?P<iban>\b[A-Za-z]{2}\d{2}(?:[ .\-]?[A-Za-z0-9]{4}){2,7}(?:[ .\-]?[A-Za-z0-9]{1,3})?\b)",
        r"|(?P<digits>\b\d(?:[ \-]?\d){12,18}\b)",
        r"|(?P<card>\b\d{4}(?:(?u:[ .\-\u{2010}-\u{2015}\u{2212}])\d{4}){2}(?u:[ .\-\u{2010}-\u{2015}\u{2212}])\d{1,4}\b",
        r"|\b\d{4}(?u:[ .\-\u{2010}-\u{2015}\u{2212}])\d{6}(?u:[ .\-\u{2010}-\u{2015}\u{2212}])\d{4,5}\b)",
        r"|(?P<national>\b0\d{1,4}(?:[ ./\-]\d{2,4}){2,5}\b)",
        r"|(?P<phone>\+\d{1,3}(?:[ .\-/]?\(?\d{1,5}\)?){2,6}",
        r"|\b00[1-9]\d{0,2}(?:[ .\-/]?\(?\d{1,5}\)?){2,6}",
        r"|\(\d{2,5}\) ?\d{3,4}[ .\-]?\d{3,4}",
        r"|\b[2-9]\d{2}[ .\-][2-9]\d{2}[ .\-]\d{4}\b",
        r"|\b0\d{2,4}[ /\-]\d{3,8}(?:[ \-]\d{2,4})?\b)",
    ))
    .ok()
});

/// Digits of a national phone number with its leading zero.
const NATIONAL: std::ops::RangeInclusive<usize> = 9..=11;

/// Replaces each by a word for its kind.
pub(crate) fn redact(text: &str) -> String {
    // The pattern is fixed and a test compiles it.
    let Some(secrets) = SECRETS.as_ref() else { return text.to_owned() };
    let (mut redacted, mut at) = (String::new(), 0);
    while let Some(found) = secrets.captures_at(text, at)
        && let Some(whole) = found.get(0)
    {
        redacted.push_str(&text[at..whole.start()]);
        let length = match placeholder(&found, whole.as_str()) {
            Some((word, length)) => {
                redacted.push_str(word);
                length
            }
            // What only looks like one may hide another: the search goes on behind its first group.
            None => {
                let length = first_group(whole.as_str());
                redacted.push_str(&whole.as_str()[..length]);
                length
            }
        };
        at = whole.start() + length;
    }
    redacted + &text[at..]
}

/// Finds the word for a match and how many bytes it stands for; `None` if it only looks like a secret.
fn placeholder(found: &Captures<'_>, whole: &str) -> Option<(&'static str, usize)> {
    let kinds = ["mail", "token", "iban", "digits", "card", "national", "phone"];
    let kind = kinds.into_iter().find(|kind| found.name(kind).is_some())?;
    let word = match kind {
        "mail" => "[email]",
        "token" if is_key(whole) => "[token]",
        "iban" => return iban(whole).map(|length| ("[iban]", length)),
        "digits" | "card" if luhn(whole) => "[card]",
        "national" if NATIONAL.contains(&digits(whole).count()) && is_evenly_spaced(whole) => "[phone]",
        "phone" if (7..=15).contains(&digits(whole).count()) => "[phone]",
        _ => return None,
    };
    Some((word, whole.len()))
}

/// Returns the length of the letters and digits that a text begins with, one character at least.
fn first_group(text: &str) -> usize {
    let apart = |(at, letter): &(usize, char)| *at > 0 && !letter.is_ascii_alphanumeric();
    text.char_indices().find(apart).map_or(text.len(), |(at, _)| at)
}

fn digits(text: &str) -> impl DoubleEndedIterator<Item = u32> + '_ {
    text.chars().filter_map(|c| c.to_digit(10))
}

/// Returns true for a mixture of letters and digits, as keys are; a long word, a rule of dashes or a long number is not.
fn is_key(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_digit()) && text.chars().any(|c| c.is_ascii_alphabetic())
}

/// Whether the last digit is what Luhn's sum says: <https://en.wikipedia.org/wiki/Luhn_algorithm>
fn luhn(text: &str) -> bool {
    let sum: u32 = digits(text)
        .rev()
        .enumerate()
        .map(|(n, d)| if n % 2 == 0 { d } else { d * 2 - if d > 4 { 9 } else { 0 } })
        .sum();
    // All zeros satisfy the sum and are no card.
    sum > 0 && sum.is_multiple_of(10)
}

/// Returns true if the groups of digits are all apart by the same character: a date and a time behind it are not.
fn is_evenly_spaced(text: &str) -> bool {
    let mut apart = text.chars().filter(|letter| !letter.is_ascii_digit());
    let first = apart.next();
    apart.all(|letter| Some(letter) == first)
}

/// Returns the length of the longest beginning, ending at a group, that is an account number. The pattern may have run
/// into the next words.
fn iban(text: &str) -> Option<usize> {
    let mut ends = text
        .match_indices(|letter: char| !letter.is_ascii_alphanumeric())
        .map(|(at, _)| at)
        .chain([text.len()]);
    ends.rfind(|end| {
        let compact: String = text[..*end].chars().filter(char::is_ascii_alphanumeric).collect();
        (15..=34).contains(&compact.len()) && remainder(&compact) == 1
    })
}

/// ISO 7064's remainder by 97, the first four characters taken last and letters counting from 10.
fn remainder(compact: &str) -> u32 {
    let (front, rest) = compact.split_at(4);
    rest.chars()
        .chain(front.chars())
        .filter_map(|c| c.to_digit(36))
        .fold(0, |sum, digit| (if digit > 9 { sum * 100 + digit } else { sum * 10 + digit }) % 97)
}

#[cfg(test)]
mod tests;
