//! Fitted heads as one ONNX graph, and the folder that serves.
//!
//! All heads share the inputs, so that one ticket costs one encoder pass and one run of this graph; what each opinion
//! weighs is folded into its weights. The manifest is written last, so that a move cut short is found out by its
//! digests and never served.

use std::collections::BTreeMap;
use std::path::Path;

use onnx_protobuf::tensor_proto::DataType;

use super::fit::Linear;
use super::hierarchy::LEAST;
use super::margin::Margins;
use super::scope::Scope;
use crate::bundle::{ENCODER, FILES, Golden, HEADS, HeadEntry, LEXICON, MANIFEST, Manifest, Tie};
use crate::digest::Digest;
use crate::encode::Tokens;
use crate::error::{Error, inference};
use crate::graph::{Axis, Graph, int, ints};
use crate::lexicon::{self, Weights};
use crate::normalise::text_of;
use crate::prediction::{HeadKind, OUT_OF_SCOPE};
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

/// The graph: `embedding` and the `lexicon`'s weighed margins of all labels in, one output of confidences a head, and
/// the out-of-scope score.
///
/// # Errors
/// When it cannot be encoded.
pub(crate) fn heads_graph(heads: &[(HeadEntry, Linear)], scope: &Scope) -> Result<Vec<u8>, String> {
    let mut graph = Graph::new("heads");
    let width = scope.centres.nrows();
    let labels: usize = heads.iter().map(|(entry, _)| entry.labels.len()).sum();
    // The last margin is the words' own on whether a ticket is in scope, where tickets taught it.
    let all = labels + usize::from(scope.odd.is_some());
    let input = graph.input("embedding", DataType::FLOAT, &[Axis::Fixed(1), Axis::Fixed(width as i64)]);
    let margins = graph.input("lexicon", DataType::FLOAT, &[Axis::Fixed(1), Axis::Fixed(all as i64)]);
    let own_logits = logits(&mut graph, heads, (&input, width), (&margins, labels, all));
    let scope_logits = own_logits[scope.head].clone();
    let entries: Vec<&HeadEntry> = heads.iter().map(|(entry, _)| entry).collect();
    answers(&mut graph, &entries, &own_logits);
    let odd = scope.odd.is_some().then(|| {
        let [from, to, axis] = [("scope.from", labels), ("scope.to", all), ("scope.axis", 1)]
            .map(|(name, at)| graph.int64s(name, &[at as i64]));
        graph.op("Slice", &[&margins, &from, &to, &axis], vec![])
    });
    add_scope(&mut graph, scope, &input, &scope_logits, odd.as_deref());
    graph.into_bytes()
}

/// Every head's own logits: one multiplication for all of them, since a run of many small operators costs more than their sums.
fn logits(
    graph: &mut Graph,
    heads: &[(HeadEntry, Linear)],
    (embedding, width): (&str, usize),
    (margins, labels, all): (&str, usize, usize),
) -> Vec<String> {
    let (mut weights, mut bias) = (vec![0f32; width * labels], Vec::with_capacity(labels));
    let mut begin = 0;
    for (entry, linear) in heads {
        let scale = entry.blend.encoder as f32;
        for (row, own) in linear.weights.rows().into_iter().enumerate() {
            let to = &mut weights[row * labels + begin..][..own.len()];
            to.iter_mut().zip(own).for_each(|(to, w)| *to = w * scale);
        }
        bias.extend(linear.bias.iter().map(|b| b * scale));
        begin += linear.bias.len();
    }
    let weights = graph.floats("heads.weight", &[width, labels], &weights);
    let bias = graph.floats("heads.bias", &[labels], &bias);
    let dense = graph.op("Gemm", &[embedding, &weights, &bias], vec![]);
    let words = if all > labels {
        let [from, to, axis] = [("heads.from", 0), ("heads.to", labels), ("heads.axis", 1)]
            .map(|(name, at)| graph.int64s(name, &[at as i64]));
        graph.op("Slice", &[margins, &from, &to, &axis], vec![])
    } else {
        margins.to_owned()
    };
    let both = graph.op("Add", &[&dense, &words], vec![]);
    if heads.len() == 1 {
        return vec![both];
    }
    let sizes: Vec<i64> = heads.iter().map(|(entry, _)| entry.labels.len() as i64).collect();
    let sizes = graph.int64s("heads.sizes", &sizes);
    let parts: Vec<String> = (0..heads.len()).map(|n| format!("head_{n}.logits")).collect();
    graph.node("", "Split", &[&both, &sizes], &parts, vec![int("axis", 1)]);
    parts
}

/// From every head's own logits to its confidences: heads by themselves first, then coarser heads that hear a finer one, then finer
/// ones, which hear what the coarser one says by then.
fn answers(graph: &mut Graph, heads: &[&HeadEntry], logits: &[String]) {
    let order = |n: &usize| match &heads[*n].tie {
        None => 0,
        Some(_) if heads[*n].finer_tie().is_none() => 1,
        Some(_) => 2,
    };
    let mut turns: Vec<usize> = (0..heads.len()).collect();
    turns.sort_by_key(order);
    for n in turns {
        let head = heads[n];
        let heard = head.tie.as_ref().and_then(|tie| {
            let other = heads.iter().position(|other| other.name == tie.head)?;
            // What a finer head says by itself: what it says in the end is not known yet, and hangs on this one.
            let says = match head.finer_tie() {
                Some(_) => heads[other].name.clone(),
                None => graph.op("Softmax", &[&logits[other]], vec![int("axis", -1)]),
            };
            Some(hear(graph, &format!("head_{n}"), (head, &logits[n]), (heads[other], &says), tie))
        });
        let all = heard.as_ref().unwrap_or(&logits[n]);
        let output = std::slice::from_ref(&head.name);
        match head.kind {
            HeadKind::Single => graph.node("", "Softmax", &[all], output, vec![int("axis", -1)]),
            HeadKind::Multi => graph.node("", "Sigmoid", &[all], output, vec![]),
        }
    }
    for head in heads {
        graph.output(&head.name, DataType::FLOAT, &[Axis::Fixed(1), Axis::Fixed(head.labels.len() as i64)]);
    }
}

/// `scale · own + weight · ln P(other)`, the other's probabilities added up by what belongs together.
fn hear(
    graph: &mut Graph,
    name: &str,
    (own, logits): (&HeadEntry, &str),
    (other, says): (&HeadEntry, &str),
    tie: &Tie,
) -> String {
    let belongs =
        |other: &String, own: &String| tie.under.get(other) == Some(own) || tie.under.get(own) == Some(other);
    let map = other
        .labels
        .iter()
        .flat_map(|other| own.labels.iter().map(move |own| f32::from(u8::from(belongs(other, own)))));
    let map = graph.floats(
        &format!("{name}.belongs"),
        &[other.labels.len(), own.labels.len()],
        &map.collect::<Vec<_>>(),
    );
    let least = graph.floats(&format!("{name}.least"), &[1], &[LEAST]);
    let weight = graph.floats(&format!("{name}.hears"), &[1], &[tie.weight as f32]);
    let scale = graph.floats(&format!("{name}.scale"), &[1], &[tie.scale as f32]);
    let heard = graph.op("MatMul", &[says, &map], vec![]);
    let heard = graph.op("Max", &[&heard, &least], vec![]);
    let heard = graph.op("Log", &[&heard], vec![]);
    let heard = graph.op("Mul", &[&heard, &weight], vec![]);
    let own = graph.op("Mul", &[logits, &scale], vec![]);
    graph.op("Add", &[&own, &heard], vec![])
}

fn add_scope(graph: &mut Graph, scope: &Scope, embedding: &str, logits: &str, odd: Option<&str>) {
    let (width, labels) = scope.centres.dim();
    let centres: Vec<f32> = scope.centres.iter().copied().collect();
    let centres = graph.floats("scope.centres", &[width, labels], &centres);
    let line: Vec<f32> = scope.line.0.to_vec();
    let line = graph.floats("scope.line", &[width, 1], &line);
    let shift = graph.floats("scope.line_bias", &[1], &[scope.line.1]);
    let near = graph.op("MatMul", &[embedding, &centres], vec![]);
    let top = || vec![ints("axes", &[1]), int("keepdims", 1)];
    let sure = graph.op("ReduceMax", &[logits], top());
    let near = graph.op("ReduceMax", &[&near], top());
    let beyond = graph.op("Gemm", &[embedding, &line, &shift], vec![]);
    let signs: Vec<&str> = [sure.as_str(), &near, &beyond].into_iter().chain(odd).collect();
    let count = signs.len();
    let signs = graph.op("Concat", &signs, vec![int("axis", 1)]);
    let [distance, learnt] = scope.weights;
    let pairs: Vec<f32> = distance.into_iter().zip(learnt).take(count).flat_map(|(d, l)| [d, l]).collect();
    let weights = graph.floats("scope.weights", &[count, 2], &pairs);
    let bias = graph.floats("scope.bias", &[2], &scope.bias);
    let scores = graph.op("Gemm", &[&signs, &weights, &bias], vec![]);
    let score = graph.op("ReduceMax", &[&scores], top());
    graph.node("", "Sigmoid", &[&score], &[OUT_OF_SCOPE.to_owned()], vec![]);
    graph.output(OUT_OF_SCOPE, DataType::FLOAT, &[Axis::Fixed(1), Axis::Fixed(1)]);
}

/// The lexicon's heads beside each other, what each weighs already in their steps and biases.
pub(crate) fn lexical(heads: &[HeadEntry], margins: Vec<Margins>, odd: Option<&Margins>) -> Weights {
    let (mut weights, mut bias) = (Vec::new(), Vec::new());
    for (entry, own) in heads.iter().zip(margins) {
        let by = entry.blend.lexicon as f32;
        bias.extend(own.bias.iter().map(|b| b * by + entry.blend.shift as f32));
        weights
            .extend(own.weights.into_iter().map(|row| row.into_iter().map(|w| w * by).collect::<Vec<_>>()));
    }
    if let Some(odd) = odd {
        bias.extend(&odd.bias);
        weights.extend(odd.weights.iter().cloned());
    }
    Weights::round(&weights, bias)
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
    let (lexicon, weights) =
        lexicon::read(&std::fs::read(folder.join(LEXICON)).map_err(inference)?).map_err(Error::Inference)?;
    GOLDEN
        .iter()
        .map(|&(subject, body)| {
            let text = text_of(subject, body);
            let margins = weights.margins(&lexicon.features(&text));
            let scores = session.run(&encoder.run(&tokens.ids(&text)?)?, &margins)?;
            let names = heads.iter().map(|h| h.name.clone()).chain([OUT_OF_SCOPE.to_owned()]);
            Ok(Golden { subject: subject.into(), body: body.into(), scores: names.zip(scores).collect() })
        })
        .collect()
}

/// Digests of the files the manifest answers for.
///
/// # Errors
/// As reading them does.
pub(crate) fn digests(folder: &Path) -> std::io::Result<BTreeMap<String, Digest>> {
    FILES.iter().map(|name| Ok(((*name).to_owned(), Digest::of_file(&folder.join(name))?))).collect()
}

/// Moves a finished bundle from where it was built to where it serves, the manifest last.
///
/// # Errors
/// As writing does.
pub(crate) fn publish(built: &Path, out: &Path, manifest: &Manifest) -> Result<Digest, Error> {
    let json = serde_json::to_vec_pretty(manifest).map_err(inference)?;
    for name in FILES {
        std::fs::rename(built.join(name), out.join(name))
            .map_err(|e| inference(format!("{}: {e}", out.join(name).display())))?;
    }
    let file = out.join(MANIFEST);
    crate::files::write_whole(&file, &json).map_err(|e| inference(format!("{}: {e}", file.display())))?;
    Ok(Digest::of(&json))
}

#[cfg(test)]
mod tests;
