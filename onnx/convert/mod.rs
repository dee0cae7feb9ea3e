//! A sentence encoder's published weights, made into the ONNX graph that serves.
//!
//! Done here, and not downloaded ready-made, because the graph decides the speed: 8-bit signed weights with one scale
//! a channel, in the operators ONNX Runtime has fast kernels for, run about three times as fast as the float model,
//! and heads trained on these very embeddings lose nothing by it. Reads one file, writes one file; never touches the network.

pub(crate) mod adopt;
mod bert;
pub(crate) mod manners;
mod packed;
mod quantise;
#[cfg(test)]
mod tests;
mod weights;

use std::path::Path;

use crate::bundle::{ENCODER, TOKENIZER};
use crate::digest::Digest;
use crate::error::Error;

/// How exactly the weights are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Signed 8-bit integers with a scale for every output channel; what serves.
    Int8,
    /// As published; for measuring what the above costs.
    Float32,
}

/// Converts BERT weights in the safetensors format to the encoder of a bundle; the same input gives the same bytes.
///
/// The graph takes `input_ids` (int64 `[1, n]`, one text, no padding) and gives `embedding` (float `[1, width]`, of
/// length one): the mean over the tokens is part of it.
///
/// # Errors
/// [`Error::Convert`] when the file cannot be read, is not such a model, or the output cannot be written.
pub fn encoder(safetensors: &Path, out: &Path) -> Result<Digest, Error> {
    encoder_with(safetensors, out, Precision::Int8)
}

/// As [`encoder`], with the precision of choice.
///
/// # Errors
/// As [`encoder`].
pub fn encoder_with(safetensors: &Path, out: &Path, precision: Precision) -> Result<Digest, Error> {
    let wrong = |what: String| Error::Convert(format!("{}: {what}", safetensors.display()));
    let bytes = std::fs::read(safetensors)
        .map_err(|e| wrong(format!("{e}; `make setup` fetches the base encoder")))?;
    let weights = weights::Weights::parse(&bytes).map_err(wrong)?;
    let model = bert::graph(&weights, precision).map_err(wrong)?;
    write(out, &model)
}

/// Makes a folder out of the packed multilingual encoder that `make multilingual` fetches: `encoder.onnx` in 8 bits,
/// `tokenizer.json`, and the prompt that it wants before each text. `train --encoder` takes that folder. Returns the
/// encoder's digest.
///
/// # Errors
/// [`Error::Convert`] when the file cannot be read, is not such a model, or the folder cannot be written.
pub fn multilingual(from: &Path, folder: &Path) -> Result<Digest, Error> {
    let wrong = |what: String| Error::Convert(format!("{}: {what}", from.display()));
    let bytes = std::fs::read(from)
        .map_err(|e| wrong(format!("{e}; `make multilingual` fetches the multilingual encoder")))?;
    let packed = packed::Packed::parse(&bytes).map_err(wrong)?;
    let tokenizer = packed.tokenizer().map_err(wrong)?;
    let weights = weights::Weights::of(Box::new(packed)).map_err(wrong)?;
    let model = bert::graph(&weights, Precision::Int8).map_err(wrong)?;
    write(&folder.join(TOKENIZER), &tokenizer)?;
    write(&folder.join(manners::FILE), manners::WITH_QUERY.as_bytes())?;
    write(&folder.join(ENCODER), &model)
}

/// The file that [`multilingual`] is made from, in the folder that it is fetched to.
pub const PACKED: &str = "e5-small-q4.bin";

fn write(file: &Path, bytes: &[u8]) -> Result<Digest, Error> {
    crate::files::write_whole(file, bytes).map_err(|e| Error::Convert(format!("{}: {e}", file.display())))?;
    Ok(Digest::of(bytes))
}
