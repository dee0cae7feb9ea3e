//! What a sentence encoder's folder says about how texts are put to it: words before each text, and how long one may be.
//!
//! As the sentence-transformers library keeps it (<https://www.sbert.net/docs/package_reference/sentence_transformer/SentenceTransformer.html>):
//! `config_sentence_transformers.json` names prompts and which of them is the usual one, `sentence_bert_config.json` the longest
//! text in tokens. A folder that says neither gets no prompt and this project's own length.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::encode::{MAX_LENGTH, Manners};

/// Where the prompts are.
pub(crate) const FILE: &str = "config_sentence_transformers.json";
const LENGTHS: &str = "sentence_bert_config.json";
/// What [`FILE`] says for encoders of the E5 family, whose card asks for "query: " before texts that are classified:
/// <https://huggingface.co/intfloat/multilingual-e5-small#faq>
pub(crate) const WITH_QUERY: &str =
    "{\n  \"prompts\": { \"query\": \"query: \" },\n  \"default_prompt_name\": \"query\"\n}\n";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Prompts {
    prompts: BTreeMap<String, Option<String>>,
    default_prompt_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Lengths {
    max_seq_length: Option<usize>,
}

/// What the folder says.
///
/// # Errors
/// Which file cannot be used, and why.
pub(crate) fn of(folder: &Path) -> Result<Manners, String> {
    let Prompts { prompts, default_prompt_name } = read(&folder.join(FILE))?;
    let prompt = match &default_prompt_name {
        None => String::new(),
        Some(name) => prompts.get(name).cloned().flatten().ok_or_else(|| {
            format!(
                "{}: default_prompt_name is `{name}`, and there is no such prompt",
                folder.join(FILE).display()
            )
        })?,
    };
    let Lengths { max_seq_length } = read(&folder.join(LENGTHS))?;
    let max_length = max_seq_length.unwrap_or(MAX_LENGTH).min(MAX_LENGTH);
    if max_length < 16 {
        return Err(format!(
            "{}: max_seq_length is {max_length}; no ticket fits into fewer than 16 tokens",
            folder.join(LENGTHS).display()
        ));
    }
    Ok(Manners { prompt, max_length })
}

/// What a file says; nothing where it is not there.
fn read<T: DeserializeOwned + Default>(file: &Path) -> Result<T, String> {
    match std::fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", file.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(T::default()),
        Err(error) => Err(format!("{}: {error}", file.display())),
    }
}

#[cfg(test)]
mod tests;
