//! Replaces what names a person or opens an account by what kind of thing it was.
//!
//! A model learns nothing from one customer's card number, and must not remember it: bundles are copied about, and a
//! feature of a bundle could otherwise be such a number. What routes a ticket stays: order and invoice numbers,
//! amounts, dates, versions, error codes. Placeholders are plain words, so that "an e-mail address was here" is still
//! something to learn from.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Every kind at once: one pass over the text, the first alternative that fits wins.
///
/// - mail: the usual shape of an address, not the whole of RFC 5321.
/// - token: prefixes that vendors give their keys, JSON Web Tokens, and long runs that mix letters and digits.
/// - iban: <https://en.wikipedia.org/wiki/International_Bank_Account_Number>, its check digits are computed.
/// - digits: thirteen to nineteen, perhaps in groups; a card if its Luhn sum says so.
/// - phone: an international prefix, or groups in the way of national numbers with a leading zero or area code.
static SECRETS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        // ASCII classes and boundaries: the fast engine, also on texts that are not.
        r"(?-u)(?P<mail>[A-Za-z0-9._%+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+)",
        r"|(?P<token>\b(?:sk|pk|rk|ghp|gho|ghs|xox[abprs]|glpat|AKIA|AIza|whsec)[_\-]?[A-Za-z0-9_\-]{14,}",
        r"|\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-]*)?",
        r"|\b[A-Za-z0-9_\-]{32,}\b)",
        r"|(?P<iban>\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b)",
        r"|(?P<digits>\b\d(?:[ \-]?\d){12,18}\b)",
        r"|(?P<phone>\+\d{1,3}(?:[ .\-/]?\(?\d{1,5}\)?){2,6}",
        r"|\b00[1-9]\d{0,2}(?:[ .\-/]?\(?\d{1,5}\)?){2,6}",
        r"|\(\d{2,5}\) ?\d{3,4}[ .\-]?\d{3,4}",
        r"|\b[2-9]\d{2}[ .\-][2-9]\d{2}[ .\-]\d{4}\b",
        r"|\b0\d{2,4}[ /\-]\d{3,8}(?:[ \-]\d{2,4})?\b)",
    ))
    .ok()
});

/// The text without them.
pub(crate) fn redact(text: &str) -> String {
    // The pattern is fixed and a test compiles it.
    let Some(secrets) = SECRETS.as_ref() else { return text.to_owned() };
    match secrets.replace_all(text, |found: &Captures<'_>| placeholder(found)) {
        Cow::Borrowed(_) => text.to_owned(),
        Cow::Owned(redacted) => redacted,
    }
}

fn placeholder(found: &Captures<'_>) -> String {
    let whole = &found[0];
    let kind =
        ["mail", "token", "iban", "digits", "phone"].into_iter().find(|kind| found.name(kind).is_some());
    let word = match kind {
        Some("mail") => "[email]",
        Some("token") if secret(whole) => "[token]",
        Some("iban") => return iban(whole),
        Some("digits") if luhn(whole) => "[card]",
        Some("phone") if (7..=15).contains(&digits(whole).count()) => "[phone]",
        _ => whole,
    };
    word.to_owned()
}

fn digits(text: &str) -> impl DoubleEndedIterator<Item = u32> + '_ {
    text.chars().filter_map(|c| c.to_digit(10))
}

/// Keys mix letters and digits; a long word, a rule of dashes or a long number does not.
fn secret(text: &str) -> bool {
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

/// The longest beginning, ending at a group, that is an account number; the pattern may have run into the next word.
fn iban(text: &str) -> String {
    let mut ends = text.match_indices(' ').map(|(at, _)| at).chain([text.len()]);
    let fits = |end: &usize| {
        let compact: String = text[..*end].chars().filter(|c| *c != ' ').collect();
        (15..=34).contains(&compact.len()) && remainder(&compact) == 1
    };
    ends.rfind(fits).map_or_else(|| text.to_owned(), |end| format!("[iban]{}", &text[end..]))
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
