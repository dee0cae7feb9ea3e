//! The weights of a BERT model, by name and with their shapes checked, whatever file they come from.
//!
//! Sizes are read off the tensors, so that any BERT of this layout converts; never guesses a missing tensor.

use safetensors::{Dtype, SafeTensors};

/// Tensors by the names that BERT's publishers gave them.
pub(super) trait Tensors {
    /// A tensor's shape; `None` where there is none of this name.
    fn shape(&self, name: &str) -> Option<Vec<usize>>;

    /// A tensor's values, row by row.
    ///
    /// # Errors
    /// When they cannot be read as 32-bit floats.
    fn values(&self, name: &str) -> Result<Vec<f32>, String>;
}

/// As `safetensors` files hold them: <https://github.com/huggingface/safetensors#format>
impl Tensors for SafeTensors<'_> {
    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.tensor(name).ok().map(|tensor| tensor.shape().to_vec())
    }

    fn values(&self, name: &str) -> Result<Vec<f32>, String> {
        let tensor = self.tensor(name).map_err(|_| format!("not a BERT encoder: no tensor {name}"))?;
        if tensor.dtype() != Dtype::F32 {
            return Err(format!("{name} is {:?}, expected F32", tensor.dtype()));
        }
        Ok(tensor.data().as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect())
    }
}

/// A parsed file.
pub(super) struct Weights<'a> {
    tensors: Box<dyn Tensors + 'a>,
    /// Number of layers.
    pub(super) layers: usize,
    /// Width of a token's vector.
    pub(super) width: usize,
    /// Width between the two halves of the feed-forward part.
    pub(super) inner: usize,
    /// Number of known tokens.
    pub(super) vocabulary: usize,
    /// Longest text, in tokens.
    pub(super) positions: usize,
}

impl<'a> Weights<'a> {
    /// The weights of a safetensors file.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, String> {
        let tensors =
            SafeTensors::deserialize(bytes).map_err(|e| format!("not a whole safetensors file: {e}"))?;
        Self::of(Box::new(tensors))
    }

    /// The weights among these tensors.
    pub(super) fn of(tensors: Box<dyn Tensors + 'a>) -> Result<Self, String> {
        let shape = |name: &str| match tensors.shape(name).as_deref() {
            Some(&[rows, columns]) => Ok((rows, columns)),
            _ => Err(format!("not a BERT encoder: no matrix {name}")),
        };
        let (vocabulary, width) = shape("embeddings.word_embeddings.weight")?;
        let (positions, _) = shape("embeddings.position_embeddings.weight")?;
        let (inner, _) = shape("encoder.layer.0.intermediate.dense.weight")?;
        let layers = (0..)
            .take_while(|n| tensors.shape(&format!("encoder.layer.{n}.output.dense.weight")).is_some())
            .count();
        Ok(Self { layers, width, inner, vocabulary, positions, tensors })
    }

    /// A tensor's values, after checking that it has this shape and holds numbers that are all finite.
    pub(super) fn get(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
        let found =
            self.tensors.shape(name).ok_or_else(|| format!("not a BERT encoder: no tensor {name}"))?;
        if found != shape {
            return Err(format!("{name} is {found:?}, expected {shape:?}"));
        }
        let values = self.tensors.values(name)?;
        if values.iter().all(|v| v.is_finite()) {
            Ok(values)
        } else {
            Err(format!("{name} holds values that are not finite"))
        }
    }

    /// A dense layer's weight, transposed to `[inputs, outputs]` as ONNX multiplies, and its bias.
    pub(super) fn dense(&self, name: &str, inputs: usize, outputs: usize) -> Result<Dense, String> {
        let published = self.get(&format!("{name}.weight"), &[outputs, inputs])?;
        let bias = self.get(&format!("{name}.bias"), &[outputs])?;
        Ok(Dense { weight: transpose(&published, outputs, inputs), bias, inputs, outputs })
    }
}

/// A dense layer: `[inputs, outputs]`, row by row.
pub(super) struct Dense {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
}

impl Dense {
    /// Several layers with the same input as one, their outputs side by side: one multiplication in place of three.
    pub(super) fn side_by_side(parts: &[Dense]) -> Dense {
        let inputs = parts[0].inputs;
        let mut weight = Vec::new();
        for row in 0..inputs {
            for part in parts {
                weight.extend_from_slice(&part.weight[row * part.outputs..(row + 1) * part.outputs]);
            }
        }
        let bias = parts.iter().flat_map(|p| p.bias.iter().copied()).collect();
        Dense { weight, bias, inputs, outputs: parts.iter().map(|p| p.outputs).sum() }
    }
}

fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..columns).flat_map(|c| (0..rows).map(move |r| values[r * columns + c])).collect()
}
