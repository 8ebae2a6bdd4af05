//! Layer norm, its gradients and mean pooling: one thread per row, per feature, or per pooled value.

use super::launch::{lane, thread};
use cubecl::prelude::*;

/// Geometry of a layer norm.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub struct NormArg {
    /// Rows per lane.
    pub rows: u32,
    /// Features per row.
    pub features: u32,
    /// Floats between lanes of the flat parameters.
    pub weights_lane: u32,
    /// First float of the scale.
    pub scale_at: u32,
    /// First float of the shift.
    pub shift_at: u32,
    /// Added to the variance.
    pub epsilon: f32,
}

/// `y` and `stats`; one thread per row.
#[cube(launch_unchecked)]
pub fn layer_norm(x: &Tensor<f32>, weights: &Tensor<f32>, y: &mut Tensor<f32>, stats: &mut Tensor<f32>, at: NormArg) {
    let (row, lane) = (thread(), lane());
    if row < at.rows {
        let first = (lane * at.rows + row) * at.features;
        let base = lane * at.weights_lane;
        let count = f32::cast_from(at.features);
        let mut sum = 0.0f32;
        for i in 0..at.features {
            sum += x[(first + i) as usize];
        }
        let mean = sum / count;
        let mut squares = 0.0f32;
        for i in 0..at.features {
            let centred = x[(first + i) as usize] - mean;
            squares += centred * centred;
        }
        let inverse = 1.0f32 / (squares / count + at.epsilon).sqrt();
        for i in 0..at.features {
            let scale = weights[(base + at.scale_at + i) as usize];
            let shift = weights[(base + at.shift_at + i) as usize];
            y[(first + i) as usize] = (x[(first + i) as usize] - mean) * inverse * scale + shift;
        }
        stats[((lane * at.rows + row) * 2) as usize] = mean;
        stats[((lane * at.rows + row) * 2 + 1) as usize] = inverse;
    }
}

/// What the gradient of a row needs of all its features.
#[derive(CubeType, Clone, Copy)]
struct RowGrad {
    first: u32,
    scale_at: u32,
    mean: f32,
    inverse: f32,
    /// Mean of `dy * scale`.
    sum: f32,
    /// Mean of `dy * scale * normalised x`.
    projected: f32,
}

#[cube]
fn row_grad(
    dy: &Tensor<f32>,
    x: &Tensor<f32>,
    stats: &Tensor<f32>,
    weights: &Tensor<f32>,
    at: &NormArg,
    line: u32,
    lane: u32,
) -> RowGrad {
    let first = line * at.features;
    let scale_at = lane * at.weights_lane + at.scale_at;
    let mean = stats[(line * 2) as usize];
    let inverse = stats[(line * 2 + 1) as usize];
    let mut sum = 0.0f32;
    let mut projected = 0.0f32;
    for i in 0..at.features {
        let d = dy[(first + i) as usize] * weights[(scale_at + i) as usize];
        sum += d;
        projected += d * (x[(first + i) as usize] - mean) * inverse;
    }
    let share = 1.0f32 / f32::cast_from(at.features);
    RowGrad { first, scale_at, mean, inverse, sum: sum * share, projected: projected * share }
}

#[cube]
fn feature_grad(row: &RowGrad, dy: &Tensor<f32>, x: &Tensor<f32>, weights: &Tensor<f32>, i: u32) -> f32 {
    let d = dy[(row.first + i) as usize] * weights[(row.scale_at + i) as usize];
    let normal = (x[(row.first + i) as usize] - row.mean) * row.inverse;
    row.inverse * (d - row.sum - normal * row.projected)
}

/// Gradient with respect to `x`; one thread per row.
#[cube(launch_unchecked)]
pub fn layer_norm_grad_input(
    dy: &Tensor<f32>,
    x: &Tensor<f32>,
    stats: &Tensor<f32>,
    weights: &Tensor<f32>,
    dx: &mut Tensor<f32>,
    at: NormArg,
) {
    let (row, lane) = (thread(), lane());
    if row < at.rows {
        let grad = row_grad(dy, x, stats, weights, &at, lane * at.rows + row, lane);
        for i in 0..at.features {
            dx[(grad.first + i) as usize] = feature_grad(&grad, dy, x, weights, i);
        }
    }
}

/// `residual` plus the gradient with respect to `x`; one thread per row.
#[cube(launch_unchecked)]
pub fn layer_norm_grad_input_add(
    dy: &Tensor<f32>,
    x: &Tensor<f32>,
    stats: &Tensor<f32>,
    weights: &Tensor<f32>,
    residual: &Tensor<f32>,
    dx: &mut Tensor<f32>,
    at: NormArg,
) {
    let (row, lane) = (thread(), lane());
    if row < at.rows {
        let grad = row_grad(dy, x, stats, weights, &at, lane * at.rows + row, lane);
        for i in 0..at.features {
            let own = feature_grad(&grad, dy, x, weights, i);
            dx[(grad.first + i) as usize] = residual[(grad.first + i) as usize] + own;
        }
    }
}

/// Gradients of scale and shift; one thread per feature.
#[cube(launch_unchecked)]
pub fn layer_norm_grad_weight(
    dy: &Tensor<f32>,
    x: &Tensor<f32>,
    stats: &Tensor<f32>,
    grads: &mut Tensor<f32>,
    at: NormArg,
) {
    let (feature, lane) = (thread(), lane());
    if feature < at.features {
        let mut d_scale = 0.0f32;
        let mut d_shift = 0.0f32;
        for row in 0..at.rows {
            let line = lane * at.rows + row;
            let d = dy[(line * at.features + feature) as usize];
            let centred = x[(line * at.features + feature) as usize] - stats[(line * 2) as usize];
            d_scale += d * centred * stats[(line * 2 + 1) as usize];
            d_shift += d;
        }
        grads[(lane * at.weights_lane + at.scale_at + feature) as usize] = d_scale;
        grads[(lane * at.weights_lane + at.shift_at + feature) as usize] = d_shift;
    }
}

/// Mean over the tokens of a sequence; one thread per output.
#[cube(launch_unchecked)]
pub fn mean_pool(x: &Tensor<f32>, y: &mut Tensor<f32>, tokens: u32, width: u32, outputs: u32) {
    let (out, lane) = (thread(), lane());
    if out < outputs {
        let first = lane * outputs * tokens + out / width * tokens * width + out % width;
        let mut sum = 0.0f32;
        for token in 0..tokens {
            sum += x[(first + token * width) as usize];
        }
        y[(lane * outputs + out) as usize] = sum / f32::cast_from(tokens);
    }
}

/// Gradient of [`mean_pool`]; one thread per input.
#[cube(launch_unchecked)]
pub fn mean_pool_grad(dy: &Tensor<f32>, dx: &mut Tensor<f32>, tokens: u32, width: u32, inputs: u32) {
    let (input, lane) = (thread(), lane());
    if input < inputs {
        let out = lane * (inputs / tokens) + input / (tokens * width) * width + input % width;
        dx[(lane * inputs + input) as usize] = dy[out as usize] / f32::cast_from(tokens);
    }
}
