//! Subject and body to token ids.
//!
//! What is too long keeps its beginning, where subject and request are, and its end, where the question is often asked
//! again after a long story. Never pads.

use std::path::Path;

use tokenizers::Tokenizer;

use crate::error::{Error, inference};

/// The longest text the encoder sees, in tokens; the rest of a ticket adds time and no accuracy.
pub const MAX_LENGTH: usize = 256;
/// Of those, how many are the last of a text that is too long.
const TAIL: usize = 64;

/// How texts are put to an encoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manners {
    /// What stands before each text: some encoders were taught with a word for what the text is wanted for.
    pub(crate) prompt: String,
    /// The longest text, in tokens, prompt and marks included.
    pub(crate) max_length: usize,
}

impl Default for Manners {
    fn default() -> Self {
        Self { prompt: String::new(), max_length: MAX_LENGTH }
    }
}

/// A tokenizer set up to cut and not to pad.
pub(crate) struct Tokens {
    tokenizer: Tokenizer,
    manners: Manners,
}

impl Tokens {
    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// [`Error::Inference`] with the reason.
    pub(crate) fn open(file: &Path, manners: Manners) -> Result<Self, Error> {
        let bytes = std::fs::read(file).map_err(inference)?;
        let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(inference)?;
        tokenizer.with_padding(None).with_truncation(None).map_err(inference)?;
        Ok(Self { tokenizer, manners })
    }

    /// The ids of a text, with the encoder's opening and closing marks.
    ///
    /// # Errors
    /// [`Error::Inference`] with the reason.
    pub(crate) fn ids(&self, text: &str) -> Result<Vec<i64>, Error> {
        let Manners { prompt, max_length } = &self.manners;
        let encoding = if prompt.is_empty() {
            self.tokenizer.encode_fast(text, true)
        } else {
            self.tokenizer.encode_fast(format!("{prompt}{text}"), true)
        };
        let encoding = encoding.map_err(inference)?;
        let ids = encoding.get_ids();
        // The closing mark is the last of the tail.
        let tail = (TAIL + 1).min(max_length / 2);
        let kept = match ids.len() {
            n if n > *max_length => [&ids[..max_length - tail], &ids[n - tail..]].concat(),
            _ => ids.to_vec(),
        };
        Ok(kept.into_iter().map(i64::from).collect())
    }
}

#[cfg(test)]
mod tests;
