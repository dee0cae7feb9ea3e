//! A lexicon and its weights as one file.
//!
//! Little endian: magic, number of terms, number of labels; hashes ascending; inverse document frequencies; steps;
//! biases; weights by term and label. The length follows from the two numbers, and anything else is refused.

use super::{Lexicon, Weights};

const MAGIC: &[u8; 8] = b"DBLEXI01";

/// The file's bytes.
pub(crate) fn write(lexicon: &Lexicon, weights: &Weights) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    for number in [lexicon.len(), weights.steps.len()] {
        out.extend(u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
    }
    out.extend(lexicon.terms.iter().flat_map(|(hash, _)| hash.to_le_bytes()));
    let floats = lexicon.terms.iter().map(|(_, idf)| idf).chain(&weights.steps).chain(&weights.bias);
    out.extend(floats.flat_map(|value| value.to_le_bytes()));
    out.extend(weights.table.iter().map(|w| w.cast_unsigned()));
    out
}

/// Reads it back.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read(bytes: &[u8]) -> Result<(Lexicon, Weights), String> {
    let broken = || "not a lexicon; train the bundle again".to_owned();
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(broken)?;
    let (numbers, rest) = rest.split_at_checked(8).ok_or_else(broken)?;
    let number = |at: usize| numbers[at..at + 4].try_into().map_or(0, u32::from_le_bytes) as usize;
    let (terms, labels) = (number(0), number(4));
    let length = terms.checked_add(labels).and_then(|n| n.checked_mul(8));
    let length = length.and_then(|n| n.checked_add(terms.checked_mul(labels)?));
    if length != Some(rest.len()) {
        return Err(broken());
    }
    let (words, table) = rest.split_at((terms + labels) * 8);
    let words: Vec<u32> = words.chunks_exact(4).map(|w| w.try_into().map_or(0, u32::from_le_bytes)).collect();
    let (hashes, floats) = words.split_at(terms);
    let floats: Vec<f32> = floats.iter().map(|bits| f32::from_bits(*bits)).collect();
    if !floats.iter().all(|value| value.is_finite()) || !hashes.is_sorted_by(|a, b| a < b) {
        return Err(broken());
    }
    let lexicon = Lexicon::of(hashes.iter().copied().zip(floats[..terms].iter().copied()).collect());
    let weights = Weights {
        steps: floats[terms..terms + labels].to_vec(),
        bias: floats[terms + labels..].to_vec(),
        table: table.iter().map(|b| b.cast_signed()).collect(),
    };
    Ok((lexicon, weights))
}
