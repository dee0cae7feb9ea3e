//! The text that is classified, from what a mail client, a chat or a phone made of it.
//!
//! One function for training and serving: [`text_of`]. Compatibility forms become the plain ones (NFKC), so that a
//! full-width or ligature spelling is the word it stands for; control and direction characters go, since they show
//! nothing and split words; white space is one space a run; what names a person or opens an account is replaced
//! ([`crate::redact`]). Never shortens: that is the tokenizer's and the lexicon's business.

use unicode_normalization_alignments::UnicodeNormalization;

use crate::redact::redact;

/// Longer texts lose their middle before anything else looks at them: a pasted log of megabytes would hold up the
/// queue, and both ends of a ticket say more than the middle of a log.
const MOST_CHARS: usize = 8_192;

/// The text that is classified: subject, line break, body, normalised and redacted.
pub fn text_of(subject: &str, body: &str) -> String {
    let (subject, body) = (part(subject), part(body));
    match (subject.is_empty(), body.is_empty()) {
        (true, _) => body,
        (_, true) => subject,
        _ => format!("{subject}\n{body}"),
    }
}

/// A text as it is learnt from and classified: plain, one space, redacted, both ends where it is very long.
pub fn clean(text: &str) -> String {
    part(text)
}

fn part(text: &str) -> String {
    redact(&one_space(&plain(&ends(text))))
}

/// Both ends of a long text.
fn ends(text: &str) -> String {
    let head = text.char_indices().nth(MOST_CHARS * 3 / 4).map(|(at, _)| at);
    let tail = text.char_indices().nth_back(MOST_CHARS / 4).map(|(at, _)| at);
    match (head, tail) {
        (Some(head), Some(tail)) if head < tail => format!("{} {}", &text[..head], &text[tail..]),
        _ => text.to_owned(),
    }
}

fn plain(text: &str) -> String {
    let shown = text.chars().filter(|c| c.is_whitespace() || !hidden(*c));
    if text.is_ascii() {
        return shown.collect();
    }
    shown.nfkc().map(|(c, _)| c).collect()
}

/// Characters that show nothing: controls, zero-width and direction marks, soft hyphens.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}')
        || ('\u{200b}'..='\u{200f}').contains(&c)
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2060}'..='\u{206f}').contains(&c)
}

fn one_space(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests;
