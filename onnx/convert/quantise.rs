//! Floats to signed integers, symmetric around zero, with one scale a column or a row.
//!
//! Signed, because ONNX Runtime's fastest integer kernels (VNNI, AMX) take unsigned activations with signed weights;
//! symmetric, so that no zero point has to be subtracted. Never uses the eighth bit: processors without VNNI add
//! products in pairs of 16 bits, and 2 × 255 × 127 does not fit there, so that the same model would answer
//! differently from machine to machine. 2 × 255 × 63 fits, and costs a thousandth of cosine.
//! <https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html> ("reduce_range")

const TOP: f32 = 63.0;

/// Integers and the scales that lead back: `value ≈ integer × scale`.
pub(super) struct Quantised {
    pub(super) values: Vec<i8>,
    pub(super) scales: Vec<f32>,
}

/// One scale a column of a `[rows, columns]` matrix.
pub(super) fn by_column(matrix: &[f32], columns: usize) -> Quantised {
    let mut largest = vec![0f32; columns];
    for row in matrix.chunks_exact(columns) {
        for (top, v) in largest.iter_mut().zip(row) {
            *top = top.max(v.abs());
        }
    }
    let scales: Vec<f32> = largest.into_iter().map(scale).collect();
    let values = matrix
        .chunks_exact(columns)
        .flat_map(|row| row.iter().zip(&scales).map(|(v, s)| integer(*v, *s)))
        .collect();
    Quantised { values, scales }
}

/// One scale a row of a `[rows, columns]` matrix.
pub(super) fn by_row(matrix: &[f32], columns: usize) -> Quantised {
    let scales: Vec<f32> = matrix
        .chunks_exact(columns)
        .map(|row| scale(row.iter().fold(0.0, |top, v| v.abs().max(top))))
        .collect();
    let values = matrix
        .chunks_exact(columns)
        .zip(&scales)
        .flat_map(|(row, s)| row.iter().map(|v| integer(*v, *s)))
        .collect();
    Quantised { values, scales }
}

/// An all-zero row gets scale one: any will do, and zero would divide.
fn scale(largest: f32) -> f32 {
    if largest == 0.0 { 1.0 } else { largest / TOP }
}
fn integer(value: f32, scale: f32) -> i8 {
    (value / scale).round_ties_even().clamp(-TOP, TOP) as i8
}
