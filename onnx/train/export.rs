//! Fitted heads as one ONNX graph, and the folder that serves.
//!
//! All heads share the input, so that one ticket costs one encoder pass and one run of this graph; the temperature is
//! folded into the weights. The manifest is written last, so that a move
//! cut short is found out by its digests and never served.

use std::collections::BTreeMap;
use std::path::Path;

use onnx_protobuf::tensor_proto::DataType;

use super::fit::Linear;
use crate::bundle::{ENCODER, Golden, HEADS, HeadEntry, MANIFEST, Manifest, TOKENIZER};
use crate::digest::Digest;
use crate::encode::{Tokens, text_of};
use crate::error::{Error, inference};
use crate::graph::{Axis, Graph, int};
use crate::prediction::HeadKind;
use crate::runtime::Runtime;
use crate::session::{EncoderSession, HeadsSession};

/// Texts that every bundle is held to on every machine: short, long, angry, and not English.
const GOLDEN: [(&str, &str); 4] = [
    (
        "Charged twice",
        "My card was charged twice for the same order this morning. Please refund one payment.",
    ),
    ("", "how do i change my password? the reset mail never arrives"),
    (
        "Parcel",
        "The tracking page has said 'in transit' for nine days now and nobody answers the phone. Where is it?",
    ),
    (
        "Rechnung",
        "Guten Tag, auf der letzten Rechnung fehlt unsere Steuernummer. Können Sie sie bitte neu ausstellen?",
    ),
];

/// The graph: `embedding` in, one output of confidences a head.
///
/// # Errors
/// When it cannot be encoded.
pub(crate) fn heads_graph(heads: &[(HeadEntry, Linear)]) -> Result<Vec<u8>, String> {
    let mut graph = Graph::new("heads");
    let width = heads.first().map_or(0, |(_, linear)| linear.weights.nrows());
    let input = graph.input("embedding", DataType::FLOAT, &[Axis::Fixed(1), Axis::Fixed(width as i64)]);
    for (n, (entry, linear)) in heads.iter().enumerate() {
        let t = entry.temperature as f32;
        let weights: Vec<f32> = linear.weights.iter().map(|w| w / t).collect();
        let bias: Vec<f32> = linear.bias.iter().map(|b| b / t).collect();
        let labels = bias.len();
        let weights = graph.floats(&format!("head_{n}.weight"), &[width, labels], &weights);
        let bias = graph.floats(&format!("head_{n}.bias"), &[labels], &bias);
        let logits = graph.op("Gemm", &[&input, &weights, &bias], vec![]);
        let output = std::slice::from_ref(&entry.name);
        match entry.kind {
            HeadKind::Single => graph.node("", "Softmax", &[&logits], output, vec![int("axis", -1)]),
            HeadKind::Multi => graph.node("", "Sigmoid", &[&logits], output, vec![]),
        }
        graph.output(&entry.name, DataType::FLOAT, &[Axis::Fixed(1), Axis::Fixed(labels as i64)]);
    }
    graph.into_bytes()
}

/// Scores of the golden texts, through the files that were just written.
///
/// # Errors
/// [`Error::Inference`].
pub(crate) fn golden(
    folder: &Path,
    heads: &[HeadEntry],
    tokens: &Tokens,
    runtime: &Runtime,
) -> Result<Vec<Golden>, Error> {
    let mut encoder = EncoderSession::open(&folder.join(ENCODER), runtime)?;
    let mut session = HeadsSession::open(&folder.join(HEADS), runtime)?;
    GOLDEN
        .iter()
        .map(|&(subject, body)| {
            let scores = session.run(&encoder.run(&tokens.ids(&text_of(subject, body))?)?)?;
            let scores: BTreeMap<_, _> = heads.iter().map(|h| h.name.clone()).zip(scores).collect();
            Ok(Golden { subject: subject.into(), body: body.into(), scores })
        })
        .collect()
}

/// Digests of the files the manifest answers for.
///
/// # Errors
/// As reading them does.
pub(crate) fn digests(folder: &Path) -> std::io::Result<BTreeMap<String, Digest>> {
    [ENCODER, TOKENIZER, HEADS]
        .iter()
        .map(|name| Ok(((*name).to_owned(), Digest::of_file(&folder.join(name))?)))
        .collect()
}

/// Moves a finished bundle from where it was built to where it serves, the manifest last.
///
/// # Errors
/// As writing does.
pub(crate) fn publish(built: &Path, out: &Path, manifest: &Manifest) -> Result<Digest, Error> {
    let json = serde_json::to_vec_pretty(manifest).map_err(inference)?;
    for name in [ENCODER, TOKENIZER, HEADS] {
        std::fs::rename(built.join(name), out.join(name))
            .map_err(|e| inference(format!("{}: {e}", out.join(name).display())))?;
    }
    let file = out.join(MANIFEST);
    crate::files::write_whole(&file, &json).map_err(|e| inference(format!("{}: {e}", file.display())))?;
    Ok(Digest::of(&json))
}

#[cfg(test)]
mod tests;
