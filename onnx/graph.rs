//! ONNX graphs, written node by node: what the conversion and the export of heads have in common.
//!
//! Names are counted, nothing is hashed and nothing is read from outside, so the same calls give the same bytes.
//! Never reads a model; ONNX Runtime does that.

use onnx_protobuf::attribute_proto::AttributeType;
use onnx_protobuf::tensor_proto::DataType;
use onnx_protobuf::tensor_shape_proto::{Dimension, dimension};
use onnx_protobuf::{
    AttributeProto, GraphProto, Message, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};

/// ONNX Runtime's own operators: <https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md>
pub(crate) const CONTRIB: &str = "com.microsoft";
const OPSET: i64 = 17;
/// The format version that opset 17 came with, so that older runtimes still read the file.
const IR_VERSION: i64 = 8;

/// One axis of an input or output.
pub(crate) enum Axis {
    /// Always this long.
    Fixed(i64),
    /// As long as the caller's data.
    Named(&'static str),
}

/// A graph being written. Every method that makes a value returns its name.
#[derive(Default)]
pub(crate) struct Graph {
    proto: GraphProto,
    made: usize,
}

impl Graph {
    pub(crate) fn new(name: &str) -> Self {
        Self { proto: GraphProto { name: name.into(), ..Default::default() }, made: 0 }
    }

    pub(crate) fn input(&mut self, name: &str, kind: DataType, axes: &[Axis]) -> String {
        self.proto.input.push(value_info(name, kind, axes));
        name.into()
    }

    pub(crate) fn output(&mut self, name: &str, kind: DataType, axes: &[Axis]) {
        self.proto.output.push(value_info(name, kind, axes));
    }

    pub(crate) fn floats(&mut self, name: &str, dims: &[usize], values: &[f32]) -> String {
        self.initializer(name, DataType::FLOAT, dims, values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    pub(crate) fn int64s(&mut self, name: &str, values: &[i64]) -> String {
        let raw = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.initializer(name, DataType::INT64, &[values.len()], raw)
    }

    pub(crate) fn int8s(&mut self, name: &str, dims: &[usize], values: &[i8]) -> String {
        self.initializer(name, DataType::INT8, dims, values.iter().map(|&v| v.cast_unsigned()).collect())
    }

    fn initializer(&mut self, name: &str, kind: DataType, dims: &[usize], raw_data: Vec<u8>) -> String {
        self.proto.initializer.push(TensorProto {
            name: name.into(),
            data_type: kind as i32,
            dims: dims.iter().map(|&d| i64::try_from(d).unwrap_or(i64::MAX)).collect(),
            raw_data,
            ..Default::default()
        });
        name.into()
    }

    /// A node of the standard operator set with one output.
    pub(crate) fn op(&mut self, op: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        self.made += 1;
        let out = format!("{op}_{}", self.made);
        self.node("", op, inputs, std::slice::from_ref(&out), attributes);
        out
    }

    /// A node of ONNX Runtime's own operator set with one output.
    pub(crate) fn contrib(&mut self, op: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        self.made += 1;
        let out = format!("{op}_{}", self.made);
        self.node(CONTRIB, op, inputs, std::slice::from_ref(&out), attributes);
        out
    }

    /// A node whose outputs are named by the caller: the graph's own outputs, or several at once.
    pub(crate) fn node(
        &mut self,
        domain: &str,
        op: &str,
        inputs: &[&str],
        outputs: &[String],
        attribute: Vec<AttributeProto>,
    ) {
        self.proto.node.push(NodeProto {
            name: format!("node_{}", self.proto.node.len()),
            op_type: op.into(),
            domain: domain.into(),
            input: inputs.iter().map(|&i| i.into()).collect(),
            output: outputs.to_vec(),
            attribute,
            ..Default::default()
        });
    }

    /// The finished model file.
    ///
    /// # Errors
    /// When protobuf cannot encode it, which is when it passes 2 GiB.
    pub(crate) fn into_bytes(self) -> Result<Vec<u8>, String> {
        let opset = |domain: &str, version| OperatorSetIdProto {
            domain: domain.into(),
            version,
            ..Default::default()
        };
        let model = ModelProto {
            ir_version: IR_VERSION,
            opset_import: vec![opset("", OPSET), opset(CONTRIB, 1)],
            producer_name: "deskbridge".into(),
            graph: Some(self.proto).into(),
            ..Default::default()
        };
        model.write_to_bytes().map_err(|e| format!("cannot encode the graph: {e}"))
    }
}

/// An integer attribute.
pub(crate) fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.into(), type_: AttributeType::INT.into(), i, ..Default::default() }
}

/// A list-of-integers attribute.
pub(crate) fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        type_: AttributeType::INTS.into(),
        ints: ints.to_vec(),
        ..Default::default()
    }
}

/// A float attribute.
pub(crate) fn float(name: &str, f: f32) -> AttributeProto {
    AttributeProto { name: name.into(), type_: AttributeType::FLOAT.into(), f, ..Default::default() }
}

pub(crate) fn value_info(name: &str, kind: DataType, axes: &[Axis]) -> ValueInfoProto {
    let dim = axes
        .iter()
        .map(|axis| Dimension {
            value: Some(match axis {
                Axis::Fixed(n) => dimension::Value::DimValue(*n),
                Axis::Named(n) => dimension::Value::DimParam((*n).into()),
            }),
            ..Default::default()
        })
        .collect();
    let tensor = type_proto::Tensor {
        elem_type: kind as i32,
        shape: Some(TensorShapeProto { dim, ..Default::default() }).into(),
        ..Default::default()
    };
    let kind = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() };
    ValueInfoProto { name: name.into(), type_: Some(kind).into(), ..Default::default() }
}
