//! One ONNX Runtime session for the encoder and one for the heads, set up the way they serve.
//!
//! One thread a session and one ticket a run: on CPUs that is faster than any batch, and padding costs more still.
//! Spinning is off, so that an idle bridge costs nothing. Never shared: a session belongs to the thread that runs it.

use std::path::Path;

use ort::logging::LogLevel;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::TensorRef;

use crate::error::{Error, inference};
use crate::runtime::Runtime;
use crate::weights::EncoderWeights;

fn builder(runtime: &Runtime) -> ort::Result<SessionBuilder> {
    Ok(Session::builder(runtime.environment())?
        .with_optimization_level(GraphOptimizationLevel::All)?
        // Its errors come back as values; on stderr they would only be said twice, and not in our format.
        .with_log_level(LogLevel::Fatal)?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_config_entry("session.intra_op.allow_spinning", "0")?
        .with_config_entry("session.inter_op.allow_spinning", "0")?
        // Fusing the residual sum with the normalisation takes the bias out of the integer multiplication's reach.
        .with_config_entry("optimization.disable_specified_optimizers", "SkipLayerNormFusion")?)
}

/// Token ids to an embedding.
pub(crate) struct EncoderSession {
    session: Session,
}

impl EncoderSession {
    /// Loads the model.
    ///
    /// # Errors
    /// [`Error::Inference`] with ONNX Runtime's reason.
    pub(crate) fn open(model: &Path, runtime: &Runtime) -> Result<Self, Error> {
        let session = builder(runtime).and_then(|mut b| b.commit_from_file(model));
        Ok(Self { session: session.map_err(inference)? })
    }

    /// Loads the model as one of several sessions that hold its weights together.
    ///
    /// # Errors
    /// [`Error::Inference`] with ONNX Runtime's reason.
    pub(crate) fn open_sharing(
        model: &Path,
        runtime: &Runtime,
        weights: &EncoderWeights,
    ) -> Result<Self, Error> {
        let session = builder(runtime).and_then(|b| weights.handed_to(b)?.commit_from_file(model));
        match session {
            Ok(session) => Ok(Self { session }),
            // Some operators pack their weights in a form that cannot be shared, and refuse: such a model is loaded the ordinary way.
            Err(_) => Self::open(model, runtime),
        }
    }

    /// The embedding of one text, of length one.
    ///
    /// # Errors
    /// [`Error::Inference`]; the session can be used again.
    pub(crate) fn run(&mut self, ids: &[i64]) -> Result<Vec<f32>, Error> {
        let input = TensorRef::from_array_view(([1, ids.len()], ids)).map_err(inference)?;
        let outputs = self.session.run(ort::inputs![input]).map_err(inference)?;
        let (_, embedding) = outputs[0].try_extract_tensor::<f32>().map_err(inference)?;
        Ok(embedding.to_vec())
    }
}

/// An embedding and the lexicon's margins to the scores of every head, and the out-of-scope score.
pub(crate) struct HeadsSession {
    session: Session,
}

impl HeadsSession {
    /// Loads the model.
    ///
    /// # Errors
    /// [`Error::Inference`] with ONNX Runtime's reason.
    pub(crate) fn open(model: &Path, runtime: &Runtime) -> Result<Self, Error> {
        let session = builder(runtime).and_then(|mut b| b.commit_from_file(model));
        Ok(Self { session: session.map_err(inference)? })
    }

    /// The calibrated scores of each head, in the order of the graph's outputs.
    ///
    /// # Errors
    /// [`Error::Inference`]; the session can be used again.
    pub(crate) fn run(&mut self, embedding: &[f32], lexicon: &[f32]) -> Result<Vec<Vec<f32>>, Error> {
        let embedding = TensorRef::from_array_view(([1, embedding.len()], embedding)).map_err(inference)?;
        let lexicon = TensorRef::from_array_view(([1, lexicon.len()], lexicon)).map_err(inference)?;
        let outputs = self.session.run(ort::inputs![embedding, lexicon]).map_err(inference)?;
        outputs
            .values()
            .map(|scores| Ok(scores.try_extract_tensor::<f32>().map_err(inference)?.1.to_vec()))
            .collect()
    }

    /// The names of the graph's outputs: the heads, then the out-of-scope score.
    pub(crate) fn outputs(&self) -> Vec<String> {
        self.session.outputs().iter().map(|o| o.name().to_owned()).collect()
    }
}
