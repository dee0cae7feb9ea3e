//! Subject and body to token ids.
//!
//! Subject first, since it is the densest line of a ticket and what is too long is cut at the end. White space is
//! made one space a run: mail clients differ in it, meaning does not. Never pads.

use std::path::Path;

use tokenizers::{Tokenizer, TruncationParams};

use crate::error::{Error, inference};

/// The longest text the encoder sees, in tokens; the rest of a ticket adds time and no accuracy.
pub const MAX_LENGTH: usize = 256;
/// A token spans at least one character, and far fewer than this many on average: what is further on is cut anyway,
/// and tokenising a pasted log of megabytes would hold up the queue.
const CHARS_PER_TOKEN: usize = 32;

/// A tokenizer set up to cut and not to pad.
pub(crate) struct Tokens {
    tokenizer: Tokenizer,
    max_chars: usize,
}

impl Tokens {
    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// [`Error::Inference`] with the reason.
    pub(crate) fn open(file: &Path, max_length: usize) -> Result<Self, Error> {
        let bytes = std::fs::read(file).map_err(inference)?;
        let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(inference)?;
        let truncation = TruncationParams { max_length, ..Default::default() };
        tokenizer.with_padding(None).with_truncation(Some(truncation)).map_err(inference)?;
        Ok(Self { tokenizer, max_chars: max_length * CHARS_PER_TOKEN })
    }

    /// The ids of a text, with the encoder's opening and closing marks.
    ///
    /// # Errors
    /// [`Error::Inference`] with the reason.
    pub(crate) fn ids(&self, text: &str) -> Result<Vec<i64>, Error> {
        let end = text.char_indices().nth(self.max_chars).map_or(text.len(), |(at, _)| at);
        let encoding = self.tokenizer.encode_fast(&text[..end], true).map_err(inference)?;
        Ok(encoding.get_ids().iter().map(|&id| i64::from(id)).collect())
    }
}

/// The text that is classified: subject, line break, body, with runs of white space as one space.
pub(crate) fn text_of(subject: &str, body: &str) -> String {
    let (subject, body) = (one_space(subject), one_space(body));
    match (subject.is_empty(), body.is_empty()) {
        (true, _) => body,
        (_, true) => subject,
        _ => format!("{subject}\n{body}"),
    }
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
