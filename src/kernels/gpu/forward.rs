//! `W^T x + b` and what follows it. A lane's matrix is read dense or packed, as its headers say.

use super::affine::{
    AffineArg, Cells, Forms, LINE_ROWS, TILE_ROWS, column_tile, component, first_entry, kept_of_line, listed,
    packed_line, row_vectors,
};
use super::gelu::gelu_gate;
use super::launch::{lane, thread};
use super::shared::{shared_column_tile, shared_place};
use cubecl::prelude::*;

/// What follows `W^T x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// `+ b`.
    Bias,
    /// `+ b`, where every token has a row of `b`.
    TokenBias,
    /// `+ b`, then GELU; `second` receives the value before it.
    Gelu,
    /// `+ b`, then `+ second`.
    Add,
}

/// Bias of output `output` for the rows of one vector.
#[cube]
fn bias_of<N: Size>(
    weights: &Tensor<Vector<f32, N>>,
    at: &AffineArg,
    lane: u32,
    output: u32,
    row: u32,
    #[comptime] ending: Ending,
) -> Vector<f32, N> {
    let first = lane * at.weights_lane + at.bias_at + (output >> 2);
    let mut bias = Vector::<f32, N>::new(component::<N>(weights[first as usize], output & 3));
    if comptime!(ending == Ending::TokenBias) {
        #[unroll]
        for j in 0..4u32 {
            let token = (row * 4 + j) % at.bias_rows;
            let own = weights[(first + token * (at.outputs / 4)) as usize];
            bias.insert(comptime!(j as usize), component::<N>(own, output & 3));
        }
    }
    bias
}

/// Writes vector `place` of the output, from the sums and the bias.
#[cube]
fn finish<N: Size>(
    value: Vector<f32, N>,
    second: &mut Tensor<Vector<f32, N>>,
    y: &mut Tensor<Vector<f32, N>>,
    place: u32,
    #[comptime] ending: Ending,
) {
    let place = place as usize;
    if comptime!(ending == Ending::Gelu) {
        second[place] = value;
        y[place] = value * gelu_gate::<N>(value);
    } else if comptime!(ending == Ending::Add) {
        y[place] = second[place] + value;
    } else {
        y[place] = value;
    }
}

/// Writes a packed line: its `rows` of output `output`. Beyond the edge the last row is written again, as it is: cheaper
/// than a test for each.
#[cube]
fn finish_line<N: Size>(
    sums: &Cells<N>,
    weights: &Tensor<Vector<f32, N>>,
    second: &mut Tensor<Vector<f32, N>>,
    y: &mut Tensor<Vector<f32, N>>,
    at: &AffineArg,
    lane: u32,
    output: u32,
    rows: &Sequence<u32>,
    #[comptime] ending: Ending,
) {
    let out = (lane * at.outputs + output) * at.rows;
    let mut bias = bias_of::<N>(weights, at, lane, output, *rows.index(0usize), ending);
    #[unroll]
    for r in 0..LINE_ROWS {
        let row = *rows.index(comptime!(r as usize));
        if comptime!(ending == Ending::TokenBias && r > 0) {
            bias = bias_of::<N>(weights, at, lane, output, row, ending);
        }
        let sum = sums.index(comptime!(r as usize)).read();
        finish::<N>(sum + bias, second, y, out + row, ending);
    }
}

/// Writes a dense tile; `vectors` vectors of outputs from `col` on.
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
    #[comptime] ending: Ending,
) {
    let out = (lane * at.outputs + col * 4) * at.rows + row;
    let end = min(TILE_ROWS, at.rows - row);
    let values = listed::<N>(sums, comptime!(4 * vectors * TILE_ROWS));
    for o in 0..comptime!(4 * vectors) {
        let mut bias = bias_of::<N>(weights, at, lane, col * 4 + o, row, ending);
        for r in 0..end {
            if comptime!(ending == Ending::TokenBias) {
                bias = bias_of::<N>(weights, at, lane, col * 4 + o, row + r, ending);
            }
            let sum = values[(o * TILE_ROWS + r) as usize];
            finish::<N>(sum + bias, second, y, out + o * at.rows + r, ending);
        }
    }
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

/// `y = W^T x + b` with its ending; `second` is read or written as that says, and otherwise left alone.
#[cube(launch_unchecked)]
pub fn linear<N: Size, P: Size>(
    x: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, N>>,
    columns: &Tensor<Vector<f32, P>>,
    second: &mut Tensor<Vector<f32, N>>,
    y: &mut Tensor<Vector<f32, N>>,
    at: AffineArg,
    #[comptime] forms: Forms,
    #[comptime] ending: Ending,
) {
    let (thread, lane) = (thread(), lane());
    if comptime!(forms.dense) {
        if comptime!(forms.shared) {
            let (col, row) = shared_place(&at);
            let sums = shared_column_tile::<N>(x, weights, &at, lane, col, row);
            if col < at.outputs / 4 && row < at.rows {
                finish_tile::<N>(&sums, weights, second, y, &at, lane, col, row, 1u32, ending);
            }
        } else {
            let vectors = comptime!(forms.vectors);
            let width = at.outputs / (4 * vectors);
            let (col, row) = (thread % width * vectors, thread / width * TILE_ROWS);
            if row < at.rows && dense_columns::<P>(columns, &at, lane, col, forms) {
                let sums = column_tile::<N>(x, weights, &at, lane, col, row, vectors);
                finish_tile::<N>(&sums, weights, second, y, &at, lane, col, row, vectors, ending);
            }
        }
    }
    if comptime!(forms.packed) {
        let (col, row) = (thread % at.outputs, thread / at.outputs * LINE_ROWS);
        let kept = kept_of_line::<P>(columns, &at, lane, col);
        if row < at.rows && kept >= 0 {
            let entry = first_entry(&at, lane, col);
            let (data, count) = (lane * at.x_lane, u32::cast_from(kept));
            let rows = row_vectors(row, at.rows, LINE_ROWS);
            let sums = packed_line::<N, P>(x, columns, &at, data, entry, at.outputs, count, &rows);
            finish_line::<N>(&sums, weights, second, y, &at, lane, col, &rows, ending);
        }
    }
}
