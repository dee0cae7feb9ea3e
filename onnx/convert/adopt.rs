//! Somebody else's ONNX model, made into the form that serves: one text in, one embedding of length one out, or a classifier's
//! logits as they are.
//!
//! Takes a folder as the sentence-transformers library lays it out
//! (<https://www.sbert.net/docs/sentence_transformer/usage/custom_models.html>): `model.onnx` (or `onnx/model.onnx`),
//! `tokenizer.json`, and `1_Pooling/config.json`. A text is never padded here, so that mask and segments are constants; they, the
//! pooling and the unit length become part of the graph. The weights stay as they are.

use std::path::{Path, PathBuf};

use onnx_protobuf::tensor_proto::{DataLocation, DataType};
use onnx_protobuf::{GraphProto, Message, ModelProto, NodeProto, TensorProto};
use serde::Deserialize;

use crate::graph::{Axis, int, ints, value_info};

/// Where the model may lie, the first that is there counts.
const MODELS: [&str; 2] = ["onnx/model.onnx", "model.onnx"];
const POOLING: &str = "1_Pooling/config.json";
/// From this version of the operators on, the axes of a reduction are an input.
const AXES_AS_INPUT: i64 = 18;

/// What of `1_Pooling/config.json` matters.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pooling {
    pooling_mode_cls_token: bool,
    pooling_mode_mean_tokens: bool,
    pooling_mode_max_tokens: bool,
    pooling_mode_mean_sqrt_len_tokens: bool,
    pooling_mode_weightedmean_tokens: bool,
    pooling_mode_lasttoken: bool,
}

/// The model's file in such a folder, where there is one.
pub(crate) fn model_in(folder: &Path) -> Option<PathBuf> {
    MODELS.iter().map(|name| folder.join(name)).find(|file| file.is_file())
}

/// The model of such a folder as the encoder of a bundle.
///
/// # Errors
/// Which file cannot be used, and why.
pub(crate) fn adopt(folder: &Path, model: &Path) -> Result<Vec<u8>, String> {
    let pooling = folder.join(POOLING);
    let of = |what: &dyn std::fmt::Display| format!("{}: {what}", pooling.display());
    let pooling: Pooling = match std::fs::read(&pooling) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| of(&error))?,
        // What the library does where nothing is said.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Pooling { pooling_mode_mean_tokens: true, ..Pooling::default() }
        }
        Err(error) => return Err(of(&error)),
    };
    changed(model, |graph, opset| rebuild(graph, &pooling, opset))
}

/// A classifier of texts as the encoder of a bundle: its `embedding` is the logits of its `labels` labels.
///
/// # Errors
/// Why the file cannot be used.
pub(crate) fn adopt_classifier(model: &Path, labels: usize) -> Result<Vec<u8>, String> {
    changed(model, |graph, _| {
        let given = only_ids(graph)?;
        let logits = graph.output.iter().find(|output| output.name == "logits").or(graph.output.first());
        let logits = logits.ok_or("it has no output")?;
        if axes(logits) != Some(2) {
            return Err(format!(
                "its output `{}` is not one number a label; export it for the task text-classification",
                logits.name
            ));
        }
        let own = dims(logits).and_then(<[_]>::last).map_or(0, |last| last.dim_value());
        if own > 0 && usize::try_from(own) != Ok(labels) {
            return Err(format!("it has {own} labels, config.json names {labels}"));
        }
        let from = logits.name.clone();
        let after = vec![node("Identity", &[&from], "embedding", vec![])];
        finish(graph, given, after, Axis::Fixed(i64::try_from(labels).unwrap_or(i64::MAX)));
        Ok(())
    })
}

/// A model's file with its graph changed.
fn changed(
    model: &Path,
    change: impl FnOnce(&mut GraphProto, i64) -> Result<(), String>,
) -> Result<Vec<u8>, String> {
    let of = |what: &dyn std::fmt::Display| format!("{}: {what}", model.display());
    let bytes = std::fs::read(model).map_err(|error| of(&error))?;
    let mut proto = ModelProto::parse_from_bytes(&bytes).map_err(|error| of(&error))?;
    let standard = proto.opset_import.iter().find(|set| set.domain.is_empty() || set.domain == "ai.onnx");
    let opset = standard.map_or(0, |set| set.version);
    let graph = proto.graph.as_mut().ok_or_else(|| of(&"it holds no graph"))?;
    change(graph, opset).map_err(|what| of(&what))?;
    proto.write_to_bytes().map_err(|error| of(&error))
}

fn rebuild(graph: &mut GraphProto, pooling: &Pooling, opset: i64) -> Result<(), String> {
    let given = only_ids(graph)?;
    let output = graph.output.first().ok_or("it has no output")?;
    let pooled = graph.output.iter().find(|output| output.name == "sentence_embedding");
    let (from, is_pooled) = match pooled {
        Some(output) => (output.name.clone(), true),
        None => (output.name.clone(), axes(output) == Some(2)),
    };
    let width = width(pooled.unwrap_or(output));
    let mut after = Vec::new();
    let embedded = if is_pooled { from } else { pool(graph, &mut after, &from, pooling, opset)? };
    after.push(node("LpNormalization", &[&embedded], "embedding", vec![int("axis", -1), int("p", 2)]));
    finish(graph, given, after, width);
    Ok(())
}

/// What fills in the inputs that are not the ids.
fn only_ids(graph: &mut GraphProto) -> Result<Vec<NodeProto>, String> {
    let outside =
        |tensor: &TensorProto| tensor.data_location.enum_value_or_default() == DataLocation::EXTERNAL;
    if graph.initializer.iter().any(outside) {
        return Err("its weights lie in another file; export it as one file".to_owned());
    }
    let weights: Vec<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    let asked: Vec<String> = graph
        .input
        .iter()
        .map(|input| input.name.clone())
        .filter(|name| !weights.contains(&name.as_str()))
        .collect();
    if !asked.iter().any(|name| name == "input_ids") {
        return Err(format!("it has no input `input_ids`; there are: {}", asked.join(", ")));
    }
    let mut given = Vec::new();
    for name in asked.iter().filter(|name| *name != "input_ids") {
        let value = match name.as_str() {
            "attention_mask" => 1,
            "token_type_ids" => 0,
            other => return Err(format!("it asks for `{other}`, which deskbridge does not have")),
        };
        given.extend(filled(name, value));
    }
    graph.input.retain(|input| !asked.contains(&input.name));
    Ok(given)
}

/// The graph with its one input and its one output, and nodes in the order in which they are computed.
fn finish(graph: &mut GraphProto, given: Vec<NodeProto>, after: Vec<NodeProto>, width: Axis) {
    graph.input.insert(0, value_info("input_ids", DataType::INT64, &[Axis::Fixed(1), Axis::Named("tokens")]));
    graph.output = vec![value_info("embedding", DataType::FLOAT, &[Axis::Fixed(1), width])];
    let own = std::mem::take(&mut graph.node);
    graph.node = given.into_iter().chain(own).chain(after).collect();
}

/// `name` as a tensor of the ids' shape, filled with one value.
fn filled(name: &str, value: i64) -> [NodeProto; 2] {
    let shape = format!("deskbridge.shape_of.{name}");
    let tensor = TensorProto {
        data_type: DataType::INT64 as i32,
        dims: vec![1],
        raw_data: value.to_le_bytes().to_vec(),
        ..Default::default()
    };
    let attribute = onnx_protobuf::AttributeProto {
        name: "value".into(),
        type_: onnx_protobuf::attribute_proto::AttributeType::TENSOR.into(),
        t: Some(tensor).into(),
        ..Default::default()
    };
    [node("Shape", &["input_ids"], &shape, vec![]), node("ConstantOfShape", &[&shape], name, vec![attribute])]
}

/// `[1, n, width]` to `[1, width]`.
fn pool(
    graph: &mut GraphProto,
    after: &mut Vec<NodeProto>,
    from: &str,
    pooling: &Pooling,
    opset: i64,
) -> Result<String, String> {
    let out = "deskbridge.pooled".to_owned();
    let mut constant = |name: &str, dims: Vec<i64>, value: i64| {
        graph.initializer.push(TensorProto {
            name: name.to_owned(),
            data_type: DataType::INT64 as i32,
            dims,
            raw_data: value.to_le_bytes().to_vec(),
            ..Default::default()
        });
    };
    let reduce = if pooling.pooling_mode_mean_sqrt_len_tokens
        || pooling.pooling_mode_weightedmean_tokens
        || pooling.pooling_mode_lasttoken
    {
        return Err("its pooling is none of mean, max and cls, which deskbridge knows".to_owned());
    } else if pooling.pooling_mode_cls_token {
        constant("deskbridge.first", vec![], 0);
        after.push(node("Gather", &[from, "deskbridge.first"], &out, vec![int("axis", 1)]));
        return Ok(out);
    } else if pooling.pooling_mode_max_tokens {
        "ReduceMax"
    } else {
        "ReduceMean"
    };
    if opset >= AXES_AS_INPUT {
        constant("deskbridge.tokens", vec![1], 1);
        after.push(node(reduce, &[from, "deskbridge.tokens"], &out, vec![int("keepdims", 0)]));
    } else {
        after.push(node(reduce, &[from], &out, vec![ints("axes", &[1]), int("keepdims", 0)]));
    }
    Ok(out)
}

fn node(op: &str, inputs: &[&str], output: &str, attribute: Vec<onnx_protobuf::AttributeProto>) -> NodeProto {
    NodeProto {
        name: format!("deskbridge.make.{output}"),
        op_type: op.into(),
        input: inputs.iter().map(|&input| input.into()).collect(),
        output: vec![output.into()],
        attribute,
        ..Default::default()
    }
}

fn dims(output: &onnx_protobuf::ValueInfoProto) -> Option<&[onnx_protobuf::tensor_shape_proto::Dimension]> {
    Some(&output.type_.as_ref()?.tensor_type().shape.as_ref()?.dim)
}

fn axes(output: &onnx_protobuf::ValueInfoProto) -> Option<usize> {
    dims(output).map(<[_]>::len)
}

/// The last axis, where the model says how long it is.
fn width(output: &onnx_protobuf::ValueInfoProto) -> Axis {
    let last = dims(output).and_then(<[_]>::last);
    match last.map(onnx_protobuf::tensor_shape_proto::Dimension::dim_value) {
        Some(wide) if wide > 0 => Axis::Fixed(wide),
        _ => Axis::Named("width"),
    }
}

#[cfg(test)]
mod tests;
