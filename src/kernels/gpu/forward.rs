//! `W^T x + b` with what follows it fused in. A lane's matrix is read dense or packed, as its headers say.

use super::affine::{
    AffineArg, Cells, Forms, LINE_ROWS, TILE_ROWS, column_tile, component, first_entry, kept_of_line, packed_line,
};
use super::gelu::gelu_gate;
use super::launch::{lane, thread};
use super::shared::{shared_column_tile, shared_place};
use cubecl::prelude::*;

/// The bias vectors of `vectors` output vectors from `col` on, of the first bias row.
#[cube]
fn bias_vectors<N: Size>(
    weights: &Tensor<Vector<f32, N>>,
    at: &AffineArg,
    lane: u32,
    col: u32,
    #[comptime] vectors: u32,
) -> Sequence<Vector<f32, N>> {
    let mut bias = Sequence::<Vector<f32, N>>::new();
    #[unroll]
    for v in 0..vectors {
        bias.push(weights[(lane * at.weights_lane + at.bias_at + col + v) as usize]);
    }
    bias
}

/// Bias of output `4 * col + output` for the rows of one vector, every one of which has a bias row of its own.
#[cube]
fn token_bias<N: Size>(
    weights: &Tensor<Vector<f32, N>>,
    at: &AffineArg,
    lane: u32,
    col: u32,
    row: u32,
    #[comptime] output: u32,
) -> Vector<f32, N> {
    let first = lane * at.weights_lane + at.bias_at + col;
    let mut bias = Vector::<f32, N>::new(0.0f32);
    #[unroll]
    for j in 0..4u32 {
        let token = (row * 4 + j) % at.bias_rows;
        let own = weights[(first + token * (at.outputs / 4)) as usize];
        bias.insert(comptime!(j as usize), own.extract(comptime!(output as usize)));
    }
    bias
}

/// Output `output` of a dense tile with its bias, for row vector `r` of the tile.
#[cube]
fn with_bias<N: Size>(
    sums: &Cells<N>,
    bias: &Sequence<Vector<f32, N>>,
    #[comptime] output: u32,
    #[comptime] r: u32,
) -> Vector<f32, N> {
    let own = bias.index(comptime!((output / 4) as usize)).extract(comptime!((output % 4) as usize));
    sums.index(comptime!((output * TILE_ROWS + r) as usize)).read() + Vector::new(own)
}

/// Whether the columns of a tile whose first vector is `col` are multiplied dense: of the parts of a matrix each starts
/// at a tile.
#[cube]
fn dense_columns<P: Size>(
    columns: &Tensor<Vector<f32, P>>,
    at: &AffineArg,
    lane: u32,
    col: u32,
    #[comptime] forms: Forms,
) -> bool {
    if comptime!(forms.packed) { kept_of_line::<P>(columns, at, lane, col * 4) < 0 } else { true.runtime() }
}

/// Writes a dense tile with its bias; `vectors` vectors of outputs from `col` on.
#[cube]
fn store_tile<N: Size>(
    sums: &Cells<N>,
    weights: &Tensor<Vector<f32, N>>,
    y: &mut Tensor<Vector<f32, N>>,
    at: &AffineArg,
    lane: u32,
    col: u32,
    row: u32,
    #[comptime] vectors: u32,
    #[comptime] per_token: bool,
) {
    let bias = bias_vectors::<N>(weights, at, lane, col, vectors);
    #[unroll]
    for r in 0..TILE_ROWS {
        if row + r < at.rows {
            #[unroll]
            for o in 0..comptime!(4 * vectors) {
                let out = (lane * at.outputs + col * 4 + o) * at.rows + row + r;
                if comptime!(per_token) {
                    let own = token_bias::<N>(weights, at, lane, col + o / 4, row + r, comptime!(o % 4));
                    y[out as usize] = sums.index(comptime!((o * TILE_ROWS + r) as usize)).read() + own;
                } else {
                    y[out as usize] = with_bias::<N>(sums, &bias, o, r);
                }
            }
        }
    }
}

/// `y = W^T x + b`.
#[cube(launch_unchecked)]
pub fn linear<N: Size, P: Size>(
    x: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, N>>,
    columns: &Tensor<Vector<f32, P>>,
    y: &mut Tensor<Vector<f32, N>>,
    at: AffineArg,
    #[comptime] forms: Forms,
    #[comptime] per_token: bool,
) {
    let (thread, lane) = (thread(), lane());
    if comptime!(forms.dense) {
        if comptime!(forms.shared) {
            let (col, row) = shared_place(&at);
            let sums = shared_column_tile::<N>(x, weights, &at, lane, col, row);
            if col < at.outputs / 4 {
                store_tile::<N>(&sums, weights, y, &at, lane, col, row, 1u32, per_token);
            }
        } else {
            let vectors = comptime!(forms.vectors);
            let width = at.outputs / (4 * vectors);
            let (col, row) = (thread % width * vectors, thread / width * TILE_ROWS);
            if row < at.rows && dense_columns::<P>(columns, &at, lane, col, forms) {
                let sums = column_tile::<N>(x, weights, &at, lane, col, row, vectors);
                store_tile::<N>(&sums, weights, y, &at, lane, col, row, vectors, per_token);
            }
        }
    }
    if comptime!(forms.packed) {
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

/// [`store_tile`] of a fused map.
#[cube]
fn finish_tile<N: Size>(
    sums: &Cells<N>,
    weights: &Tensor<Vector<f32, N>>,
    second: &mut Tensor<Vector<f32, N>>,
    y: &mut Tensor<Vector<f32, N>>,
    at: &AffineArg,
    lane: u32,
    col: u32,
    row: u32,
    #[comptime] vectors: u32,
    #[comptime] gelu: bool,
) {
    let bias = bias_vectors::<N>(weights, at, lane, col, vectors);
    #[unroll]
    for r in 0..TILE_ROWS {
        if row + r < at.rows {
            #[unroll]
            for o in 0..comptime!(4 * vectors) {
                let out = (lane * at.outputs + col * 4 + o) * at.rows + row + r;
                finish::<N>(with_bias::<N>(sums, &bias, o, r), second, y, out, gelu);
            }
        }
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
    #[comptime] forms: Forms,
    #[comptime] gelu: bool,
) {
    let (thread, lane) = (thread(), lane());
    if comptime!(forms.dense) {
        if comptime!(forms.shared) {
            let (col, row) = shared_place(&at);
            let sums = shared_column_tile::<N>(x, weights, &at, lane, col, row);
            if col < at.outputs / 4 {
                finish_tile::<N>(&sums, weights, second, y, &at, lane, col, row, 1u32, gelu);
            }
        } else {
            let vectors = comptime!(forms.vectors);
            let width = at.outputs / (4 * vectors);
            let (col, row) = (thread % width * vectors, thread / width * TILE_ROWS);
            if row < at.rows && dense_columns::<P>(columns, &at, lane, col, forms) {
                let sums = column_tile::<N>(x, weights, &at, lane, col, row, vectors);
                finish_tile::<N>(&sums, weights, second, y, &at, lane, col, row, vectors, gelu);
            }
        }
    }
    if comptime!(forms.packed) {
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
