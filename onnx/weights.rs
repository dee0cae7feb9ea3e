//! The encoder's weights, held once for all sessions on it.
//!
//! ONNX Runtime reads a model anew for each session and packs its weights for the processor each time. Sessions that are handed the same
//! tensors, and one place for what is packed, share both: less memory a thread, and less that the processor's caches have to hold.
//! `AddInitializer` and `CreateSessionWithPrepackedWeightsContainer` of <https://onnxruntime.ai/docs/api/c/struct_ort_api.html>.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use onnx_protobuf::tensor_proto::DataType;
use onnx_protobuf::{Message, ModelProto, TensorProto};
use ort::session::builder::{PrepackedWeights, SessionBuilder};
use ort::value::{DynValue, Tensor};
use protobuf::Enum as _;

use crate::error::{Error, inference};

/// Smaller tensors are not worth a name in a table.
const LEAST_BYTES: usize = 4096;

/// What sessions on one model share. Sessions keep what they use alive.
pub(crate) struct EncoderWeights {
    tensors: Vec<(String, Arc<DynValue>)>,
    packed: PrepackedWeights,
}

impl EncoderWeights {
    /// Reads the large tensors of a model's file. The runtime's library must be loaded.
    ///
    /// # Errors
    /// [`Error::Inference`] when the file cannot be read or is no model.
    pub(crate) fn read(model: &Path) -> Result<Self, Error> {
        let mut file = BufReader::new(File::open(model).map_err(inference)?);
        let graph = ModelProto::parse_from_reader(&mut file).map_err(inference)?.graph.unwrap_or_default();
        let mut tensors = Vec::new();
        for tensor in graph.initializer {
            if tensor.raw_data.len() >= LEAST_BYTES {
                let name = tensor.name.clone();
                tensors.extend(value(tensor).map_err(inference)?.map(|value| (name, Arc::new(value))));
            }
        }
        Ok(Self { tensors, packed: PrepackedWeights::new() })
    }

    /// Has a session use them.
    pub(crate) fn handed_to(&self, builder: SessionBuilder) -> ort::Result<SessionBuilder> {
        let mut builder = builder.with_prepacked_weights(&self.packed)?;
        for (name, tensor) in &self.tensors {
            builder = builder.with_initializer(name, Arc::clone(tensor))?;
        }
        Ok(builder)
    }
}

/// The tensor as the runtime holds it; `None` for types that encoders have few of.
fn value(tensor: TensorProto) -> ort::Result<Option<DynValue>> {
    let (shape, raw) = (tensor.dims, tensor.raw_data);
    Ok(match DataType::from_i32(tensor.data_type) {
        Some(DataType::INT8) => {
            let bytes: Vec<i8> = raw.into_iter().map(u8::cast_signed).collect();
            Some(Tensor::from_array((shape, bytes))?.into_dyn())
        }
        Some(DataType::UINT8) => Some(Tensor::from_array((shape, raw))?.into_dyn()),
        Some(DataType::FLOAT) => {
            let floats: Vec<f32> = raw.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            Some(Tensor::from_array((shape, floats))?.into_dyn())
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use crate::fixtures;
    use crate::session::EncoderSession;
    use crate::weights::EncoderWeights;

    #[test]
    fn sessions_that_share_say_what_one_alone_says() {
        let (runtime, model) = (fixtures::runtime(), fixtures::encoder().join("encoder.onnx"));
        let ids = [101, 2026, 4003, 2001, 5338, 3807, 102];
        let alone = EncoderSession::open(&model, &runtime).unwrap().run(&ids).unwrap();
        let weights = EncoderWeights::read(&model).unwrap();
        assert!(
            weights.tensors.len() > 30,
            "a matrix for each step of six layers: {}",
            weights.tensors.len()
        );
        let mut sessions =
            [(); 2].map(|()| EncoderSession::open_sharing(&model, &runtime, &weights).unwrap());
        drop(weights);
        for session in &mut sessions {
            assert_eq!(session.run(&ids).unwrap(), alone);
        }
    }

    #[test]
    fn what_is_no_model_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("encoder.onnx");
        assert!(EncoderWeights::read(&file).is_err());
        std::fs::write(&file, "no model").unwrap();
        assert!(EncoderWeights::read(&file).is_err());
    }
}
