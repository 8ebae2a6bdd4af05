//! `W^T x + b` with what follows it fused in. A lane's matrix is read dense or packed, as its headers say.

use super::affine::{AffineArg, LINE_ROWS, TILE_ROWS, column_tile, component, first_entry, kept_of_line, packed_line};
use super::gelu::gelu_gate;
use super::launch::{lane, thread};
use cubecl::prelude::*;

/// Bias of output `4 * col + output` for the rows of one vector; `per_token` when every row has a bias of its own.
#[cube]
fn bias_of<N: Size>(
    weights: &Tensor<Vector<f32, N>>,
    at: &AffineArg,
    lane: u32,
    col: u32,
    row: u32,
    #[comptime] output: u32,
    #[comptime] per_token: bool,
) -> Vector<f32, N> {
    let first = lane * at.weights_lane + at.bias_at + col;
    if comptime!(per_token) {
        let mut bias = Vector::<f32, N>::new(0.0f32);
        #[unroll]
        for j in 0..4u32 {
            let token = (row * 4 + j) % at.bias_rows;
            let own = weights[(first + token * (at.outputs / 4)) as usize];
            bias.insert(comptime!(j as usize), own.extract(comptime!(output as usize)));
        }
        bias
    } else {
        Vector::new(weights[first as usize].extract(comptime!(output as usize)))
    }
}

/// Whether the four columns of vector `col` are multiplied dense.
#[cube]
fn dense_columns<P: Size>(
    columns: &Tensor<Vector<f32, P>>,
    at: &AffineArg,
    lane: u32,
    col: u32,
    #[comptime] prunable: bool,
) -> bool {
    if comptime!(prunable) { kept_of_line::<P>(columns, at, lane, col * 4) < 0 } else { true.runtime() }
}

/// `y = W^T x + b`.
#[cube(launch_unchecked)]
pub fn linear<N: Size, P: Size>(
    x: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, N>>,
    columns: &Tensor<Vector<f32, P>>,
    y: &mut Tensor<Vector<f32, N>>,
    at: AffineArg,
    #[comptime] prunable: bool,
    #[comptime] per_token: bool,
) {
    let (thread, lane) = (thread(), lane());
    let width = at.outputs / 4;
    let (col, row) = (thread % width, thread / width * TILE_ROWS);
    if row < at.rows && dense_columns::<P>(columns, &at, lane, col, prunable) {
        let sums = column_tile::<N>(x, weights, &at, lane, col, row);
        #[unroll]
        for r in 0..TILE_ROWS {
            if row + r < at.rows {
                #[unroll]
                for o in 0..4u32 {
                    let bias = bias_of::<N>(weights, &at, lane, col, row + r, o, per_token);
                    let out = (lane * at.outputs + col * 4 + o) * at.rows + row + r;
                    y[out as usize] = sums.index(comptime!((o * TILE_ROWS + r) as usize)).read() + bias;
                }
            }
        }
    }
    if comptime!(prunable) {
        let (col, row) = (thread % at.outputs, thread / at.outputs * LINE_ROWS);
        let kept = kept_of_line::<P>(columns, &at, lane, col);
        if row < at.rows && kept >= 0 {
            let entry = first_entry(&at, lane, col);
            let (data, count) = (lane * at.x_lane, u32::cast_from(kept));
            let sums = packed_line::<N, P>(x, columns, &at, data, entry, at.outputs, count, row);
            let bias = weights[(lane * at.weights_lane + at.bias_at + col / 4) as usize];
            let bias = Vector::new(component::<N>(bias, col % 4));
            #[unroll]
            for r in 0..LINE_ROWS {
                if row + r < at.rows {
                    let out = (lane * at.outputs + col) * at.rows + row + r;
                    y[out as usize] = sums.index(comptime!(r as usize)).read() + bias;
                }
            }
        }
    }
}

/// Writes one vector of a fused map: `z` and `gelu(z)`, or the sum with the residual that `second` holds.
#[cube]
fn finish<N: Size>(
    value: Vector<f32, N>,
    second: &mut Tensor<Vector<f32, N>>,
    y: &mut Tensor<Vector<f32, N>>,
    out: u32,
    #[comptime] gelu: bool,
) {
    if comptime!(gelu) {
        second[out as usize] = value;
        y[out as usize] = value * gelu_gate::<N>(value);
    } else {
        y[out as usize] = second[out as usize] + value;
    }
}

/// `W^T x + b` fused with GELU, where `second` receives the value before it, or with the addition of `second`.
#[cube(launch_unchecked)]
pub fn linear_fused<N: Size, P: Size>(
    x: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, N>>,
    columns: &Tensor<Vector<f32, P>>,
    second: &mut Tensor<Vector<f32, N>>,
    y: &mut Tensor<Vector<f32, N>>,
    at: AffineArg,
    #[comptime] prunable: bool,
    #[comptime] gelu: bool,
) {
    let (thread, lane) = (thread(), lane());
    let width = at.outputs / 4;
    let (col, row) = (thread % width, thread / width * TILE_ROWS);
    if row < at.rows && dense_columns::<P>(columns, &at, lane, col, prunable) {
        let sums = column_tile::<N>(x, weights, &at, lane, col, row);
        #[unroll]
        for r in 0..TILE_ROWS {
            if row + r < at.rows {
                #[unroll]
                for o in 0..4u32 {
                    let bias = bias_of::<N>(weights, &at, lane, col, row + r, o, false);
                    let out = (lane * at.outputs + col * 4 + o) * at.rows + row + r;
                    let value = sums.index(comptime!((o * TILE_ROWS + r) as usize)).read() + bias;
                    finish::<N>(value, second, y, out, gelu);
                }
            }
        }
    }
    if comptime!(prunable) {
        let (col, row) = (thread % at.outputs, thread / at.outputs * LINE_ROWS);
        let kept = kept_of_line::<P>(columns, &at, lane, col);
        if row < at.rows && kept >= 0 {
            let entry = first_entry(&at, lane, col);
            let (data, count) = (lane * at.x_lane, u32::cast_from(kept));
            let sums = packed_line::<N, P>(x, columns, &at, data, entry, at.outputs, count, row);
            let bias = weights[(lane * at.weights_lane + at.bias_at + col / 4) as usize];
            let bias = Vector::new(component::<N>(bias, col % 4));
            #[unroll]
            for r in 0..LINE_ROWS {
                if row + r < at.rows {
                    let out = (lane * at.outputs + col) * at.rows + row + r;
                    finish::<N>(sums.index(comptime!(r as usize)).read() + bias, second, y, out, gelu);
                }
            }
        }
    }
}
