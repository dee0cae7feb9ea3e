//! The graph of a BERT encoder with mean pooling, in the operators ONNX Runtime runs fastest.
//!
//! Written as the optimiser would leave it where the optimiser cannot be relied on: bias inside the integer
//! multiplication, attention as one operator, query, key and value from one multiplication. Positions are a `Slice`
//! by the length of the input: a `Gather` over a `Range` is broken by the extended optimiser. There is no mask,
//! since one unpadded text is one run.

use onnx_protobuf::tensor_proto::DataType;

use super::Precision;
use super::quantise::{by_column, by_row};
use super::weights::{Dense, Weights};
use crate::graph::{Axis, Graph, float, int, ints};

/// As in all-MiniLM-L6-v2 and BERT-base; the weights themselves do not say.
const HEADS: usize = 12;
/// `layer_norm_eps` of BERT: <https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/blob/main/config.json>
const EPSILON: f32 = 1e-12;

pub(super) fn graph(weights: &Weights<'_>, precision: Precision) -> Result<Vec<u8>, String> {
    if weights.layers == 0 || !weights.width.is_multiple_of(HEADS) {
        return Err(format!(
            "{} layers of width {} are not a BERT encoder with {HEADS} heads",
            weights.layers, weights.width
        ));
    }
    let mut build = Build { graph: Graph::new("encoder"), weights, precision };
    let ids = build.graph.input("input_ids", DataType::INT64, &[Axis::Fixed(1), Axis::Named("tokens")]);
    let mut x = build.embeddings(&ids)?;
    for n in 0..weights.layers {
        x = build.layer(&format!("encoder.layer.{n}"), &x)?;
    }
    let graph = &mut build.graph;
    let mean = graph.op("ReduceMean", &[&x], vec![ints("axes", &[1]), int("keepdims", 0)]);
    let unit = vec![int("axis", 1), int("p", 2)];
    graph.node("", "LpNormalization", &[&mean], &["embedding".into()], unit);
    let width = i64::try_from(weights.width).unwrap_or(i64::MAX);
    graph.output("embedding", DataType::FLOAT, &[Axis::Fixed(1), Axis::Fixed(width)]);
    build.graph.into_bytes()
}

struct Build<'a> {
    graph: Graph,
    weights: &'a Weights<'a>,
    precision: Precision,
}

impl Build<'_> {
    fn embeddings(&mut self, ids: &str) -> Result<String, String> {
        let w = self.weights;
        let words = w.get("embeddings.word_embeddings.weight", &[w.vocabulary, w.width])?;
        let mut positions = w.get("embeddings.position_embeddings.weight", &[w.positions, w.width])?;
        // Every token is of the first type here, so that its vector can be part of every position's.
        let types = w.get("embeddings.token_type_embeddings.weight", &[2, w.width])?;
        for row in positions.chunks_exact_mut(w.width) {
            row.iter_mut().zip(&types).for_each(|(p, t)| *p += t);
        }
        let g = &mut self.graph;
        let word = match self.precision {
            Precision::Float32 => {
                let table = g.floats("words", &[w.vocabulary, w.width], &words);
                g.op("Gather", &[&table, ids], vec![])
            }
            Precision::Int8 => {
                let q = by_row(&words, w.width);
                let table = g.int8s("words", &[w.vocabulary, w.width], &q.values);
                let scales = g.floats("words_scale", &[w.vocabulary, 1], &q.scales);
                let rows = g.op("Gather", &[&table, ids], vec![]);
                let rows = g.op("Cast", &[&rows], vec![int("to", DataType::FLOAT as i64)]);
                let scale = g.op("Gather", &[&scales, ids], vec![]);
                g.op("Mul", &[&rows, &scale], vec![])
            }
        };
        let table = g.floats("positions", &[w.positions, w.width], &positions);
        let zero = g.int64s("zero", &[0]);
        let length = g.op("Shape", &[ids], vec![int("start", 1), int("end", 2)]);
        let position = g.op("Slice", &[&table, &zero, &length, &zero], vec![]);
        let sum = g.op("Add", &[&word, &position], vec![]);
        self.normalise("embeddings.LayerNorm", &sum)
    }

    fn layer(&mut self, name: &str, x: &str) -> Result<String, String> {
        let (width, inner) = (self.weights.width, self.weights.inner);
        let part = |p: &str| self.weights.dense(&format!("{name}.attention.self.{p}"), width, width);
        let qkv = Dense::side_by_side(&[part("query")?, part("key")?, part("value")?]);
        let qkv = self.dense(&format!("{name}.qkv"), &qkv, x);
        let split: Vec<String> = ["query", "key", "value"].iter().map(|p| format!("{name}.{p}")).collect();
        let third = i64::try_from(width).unwrap_or(i64::MAX);
        let sizes = self.graph.int64s(&format!("{name}.split"), &[third; 3]);
        self.graph.node("", "Split", &[&qkv, &sizes], &split, vec![int("axis", 2)]);
        let heads = vec![int("num_heads", HEADS as i64)];
        let seen = self.graph.contrib("MultiHeadAttention", &[&split[0], &split[1], &split[2]], heads);
        let output = format!("{name}.attention.output");
        let dense = self.weights.dense(&format!("{output}.dense"), width, width)?;
        let attended = self.dense(&format!("{output}.dense"), &dense, &seen);
        let sum = self.graph.op("Add", &[&attended, x], vec![]);
        let x = self.normalise(&format!("{output}.LayerNorm"), &sum)?;

        let up = self.weights.dense(&format!("{name}.intermediate.dense"), width, inner)?;
        let up = self.dense(&format!("{name}.intermediate.dense"), &up, &x);
        let active = self.graph.contrib("Gelu", &[&up], vec![]);
        let down = self.weights.dense(&format!("{name}.output.dense"), inner, width)?;
        let down = self.dense(&format!("{name}.output.dense"), &down, &active);
        let sum = self.graph.op("Add", &[&down, &x], vec![]);
        self.normalise(&format!("{name}.output.LayerNorm"), &sum)
    }

    fn dense(&mut self, name: &str, dense: &Dense, x: &str) -> String {
        let g = &mut self.graph;
        let bias = g.floats(&format!("{name}.bias"), &[dense.outputs], &dense.bias);
        let dims = [dense.inputs, dense.outputs];
        match self.precision {
            Precision::Float32 => {
                let weight = g.floats(&format!("{name}.weight"), &dims, &dense.weight);
                let product = g.op("MatMul", &[x, &weight], vec![]);
                g.op("Add", &[&product, &bias], vec![])
            }
            Precision::Int8 => {
                let q = by_column(&dense.weight, dense.outputs);
                let weight = g.int8s(&format!("{name}.weight"), &dims, &q.values);
                let scale = g.floats(&format!("{name}.scale"), &[dense.outputs], &q.scales);
                // The empty name is the zero point, which symmetric weights do not have.
                g.contrib("DynamicQuantizeMatMul", &[x, &weight, &scale, "", &bias], vec![])
            }
        }
    }

    fn normalise(&mut self, name: &str, x: &str) -> Result<String, String> {
        let width = self.weights.width;
        let gain = self.weights.get(&format!("{name}.weight"), &[width])?;
        let shift = self.weights.get(&format!("{name}.bias"), &[width])?;
        let gain = self.graph.floats(&format!("{name}.gain"), &[width], &gain);
        let shift = self.graph.floats(&format!("{name}.shift"), &[width], &shift);
        let attributes = vec![int("axis", -1), float("epsilon", EPSILON)];
        Ok(self.graph.op("LayerNormalization", &[x, &gain, &shift], attributes))
    }
}
