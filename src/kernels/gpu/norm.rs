//! Layer norm and its gradients: one thread per vector of rows, and one per feature for scale and shift.

use super::affine::total;
use super::launch::{lane, thread};
use cubecl::prelude::*;

/// Geometry of a layer norm.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub struct NormArg {
    /// Row vectors per lane.
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

/// `y` and `stats`; one thread per row vector.
#[cube(launch_unchecked)]
pub fn layer_norm<N: Size>(
    x: &Tensor<Vector<f32, N>>,
    weights: &Tensor<f32>,
    y: &mut Tensor<Vector<f32, N>>,
    stats: &mut Tensor<Vector<f32, N>>,
    at: NormArg,
) {
    let (row, lane) = (thread(), lane());
    if row < at.rows {
        let first = lane * at.features * at.rows + row;
        let base = lane * at.weights_lane;
        let share = Vector::<f32, N>::new(1.0f32 / f32::cast_from(at.features));
        let mut sum = Vector::<f32, N>::new(0.0f32);
        for i in 0..at.features {
            sum += x[(first + i * at.rows) as usize];
        }
        let mean = sum * share;
        let mut squares = Vector::<f32, N>::new(0.0f32);
        for i in 0..at.features {
            let centred = x[(first + i * at.rows) as usize] - mean;
            squares += centred * centred;
        }
        let inverse = Vector::<f32, N>::new(1.0f32) / (squares * share + Vector::new(at.epsilon)).sqrt();
        for i in 0..at.features {
            let scale = Vector::<f32, N>::new(weights[(base + at.scale_at + i) as usize]);
            let shift = Vector::<f32, N>::new(weights[(base + at.shift_at + i) as usize]);
            let at = (first + i * at.rows) as usize;
            y[at] = (x[at] - mean) * inverse * scale + shift;
        }
        stats[(lane * 2 * at.rows + row) as usize] = mean;
        stats[((lane * 2 + 1) * at.rows + row) as usize] = inverse;
    }
}

/// Gradient with respect to `x` for one row vector, `residual` added when `add`.
#[cube]
fn input_grad<N: Size>(
    dy: &Tensor<Vector<f32, N>>,
    x: &Tensor<Vector<f32, N>>,
    stats: &Tensor<Vector<f32, N>>,
    weights: &Tensor<f32>,
    residual: &Tensor<Vector<f32, N>>,
    dx: &mut Tensor<Vector<f32, N>>,
    at: &NormArg,
    lane: u32,
    row: u32,
    #[comptime] add: bool,
) {
    let first = lane * at.features * at.rows + row;
    let scale_at = lane * at.weights_lane + at.scale_at;
    let mean = stats[(lane * 2 * at.rows + row) as usize];
    let inverse = stats[((lane * 2 + 1) * at.rows + row) as usize];
    let mut sum = Vector::<f32, N>::new(0.0f32);
    let mut projected = Vector::<f32, N>::new(0.0f32);
    for i in 0..at.features {
        let at = (first + i * at.rows) as usize;
        let d = dy[at] * Vector::new(weights[(scale_at + i) as usize]);
        sum += d;
        projected += d * (x[at] - mean) * inverse;
    }
    let share = Vector::<f32, N>::new(1.0f32 / f32::cast_from(at.features));
    let (sum, projected) = (sum * share, projected * share);
    for i in 0..at.features {
        let at = (first + i * at.rows) as usize;
        let d = dy[at] * Vector::new(weights[(scale_at + i) as usize]);
        let own = inverse * (d - sum - (x[at] - mean) * inverse * projected);
        if comptime!(add) {
            dx[at] = residual[at] + own;
        } else {
            dx[at] = own;
        }
    }
}

/// Gradients of scale and shift of one feature.
#[cube]
fn weight_grad<N: Size>(
    dy: &Tensor<Vector<f32, N>>,
    x: &Tensor<Vector<f32, N>>,
    stats: &Tensor<Vector<f32, N>>,
    grads: &mut Tensor<f32>,
    at: &NormArg,
    lane: u32,
    feature: u32,
) {
    let first = (lane * at.features + feature) * at.rows;
    let (mean_at, inverse_at) = (lane * 2 * at.rows, (lane * 2 + 1) * at.rows);
    let mut d_scale = Vector::<f32, N>::new(0.0f32);
    let mut d_shift = Vector::<f32, N>::new(0.0f32);
    for row in 0..at.rows {
        let d = dy[(first + row) as usize];
        let centred = x[(first + row) as usize] - stats[(mean_at + row) as usize];
        d_scale += d * centred * stats[(inverse_at + row) as usize];
        d_shift += d;
    }
    grads[(lane * at.weights_lane + at.scale_at + feature) as usize] = total::<N>(d_scale);
    grads[(lane * at.weights_lane + at.shift_at + feature) as usize] = total::<N>(d_shift);
}

/// All gradients of a layer norm; the threads beyond the row vectors make those of scale and shift.
#[cube(launch_unchecked)]
pub fn layer_norm_grad<N: Size>(
    dy: &Tensor<Vector<f32, N>>,
    x: &Tensor<Vector<f32, N>>,
    stats: &Tensor<Vector<f32, N>>,
    weights: &Tensor<f32>,
    dx: &mut Tensor<Vector<f32, N>>,
    grads: &mut Tensor<f32>,
    at: NormArg,
) {
    let (thread, lane) = (thread(), lane());
    if thread < at.rows {
        input_grad::<N>(dy, x, stats, weights, x, dx, &at, lane, thread, false);
    } else if thread < at.rows + at.features {
        weight_grad::<N>(dy, x, stats, grads, &at, lane, thread - at.rows);
    }
}

/// [`layer_norm_grad`] with `residual` added to `dx`.
#[cube(launch_unchecked)]
pub fn layer_norm_grad_add<N: Size>(
    dy: &Tensor<Vector<f32, N>>,
    x: &Tensor<Vector<f32, N>>,
    stats: &Tensor<Vector<f32, N>>,
    weights: &Tensor<f32>,
    residual: &Tensor<Vector<f32, N>>,
    dx: &mut Tensor<Vector<f32, N>>,
    grads: &mut Tensor<f32>,
    at: NormArg,
) {
    let (thread, lane) = (thread(), lane());
    if thread < at.rows {
        input_grad::<N>(dy, x, stats, weights, residual, dx, &at, lane, thread, true);
    } else if thread < at.rows + at.features {
        weight_grad::<N>(dy, x, stats, grads, &at, lane, thread - at.rows);
    }
}
