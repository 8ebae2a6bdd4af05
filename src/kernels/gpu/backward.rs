//! Gradients of an affine map. Input and weight gradients need the same operands and not each other, so one launch
//! holds both: the first threads of a lane make `dW = x dy^T` and `db`, the others `dx = W dy`. Those of `dW` are few and
//! take long, so they start first.

use super::affine::{
    AffineArg, Forms, LINE_ROWS, TILE_ROWS, component, first_entry, kept_of_line, kept_only, listed, packed_line,
    row_tile, row_vectors, total,
};
use super::gelu::gelu_grad;
use super::launch::{lane, thread};
use cubecl::prelude::*;

/// Threads that share the kept weights of one row in a weight gradient of kept weights only.
pub fn kept_threads(outputs: usize) -> usize {
    (outputs / 16).max(1)
}

/// `sum + a . b`, a product of four rows after the other: one sum for all of them leaves a tile few sums to keep.
#[cube]
fn add_rows<N: Size>(sum: f32, a: Vector<f32, N>, b: Vector<f32, N>) -> f32 {
    let mut partial = Sequence::<f32>::new();
    partial.push(sum);
    #[unroll]
    for row in 0..4usize {
        partial.push(fma(a.extract(row), b.extract(row), *partial.index(row)));
    }
    *partial.index(4usize)
}

/// `dW` of the inputs and outputs of a tile, from input `input` and output vector `col` on.
#[cube]
fn weight_tile<N: Size>(
    x: &Tensor<Vector<f32, N>>,
    dy: &Tensor<Vector<f32, N>>,
    grads: &mut Tensor<f32>,
    at: &AffineArg,
    lane: u32,
    input: u32,
    col: u32,
    #[comptime] forms: Forms,
) {
    let (height, width) = (comptime!(forms.grad_inputs), comptime!(4 * forms.grad_vectors));
    let mut sums = Sequence::<RuntimeCell<f32>>::new();
    #[unroll]
    for _ in 0..comptime!(height * width) {
        sums.push(RuntimeCell::new(0.0f32));
    }
    let x_at = lane * at.x_lane;
    let dy_at = (lane * at.outputs + col * 4) * at.rows;
    for row in 0..at.rows {
        let mut d = Sequence::<Vector<f32, N>>::new();
        #[unroll]
        for o in 0..width {
            d.push(dy[(dy_at + o * at.rows + row) as usize]);
        }
        #[unroll]
        for i in 0..height {
            let values = x[(x_at + min(input + i, at.inputs - 1) * at.rows + row) as usize];
            #[unroll]
            for o in 0..width {
                let sum = sums.index(comptime!((i * width + o) as usize));
                sum.store(add_rows::<N>(sum.read(), values, *d.index(comptime!(o as usize))));
            }
        }
    }
    let mut values = Array::<f32>::new(comptime!((height * width) as usize));
    #[unroll]
    for i in 0..comptime!((height * width) as usize) {
        values[i] = sums.index(i).read();
    }
    let first = (lane * at.weights_lane + at.weights_at) * 4 + input * at.outputs + col * 4;
    for cell in 0..min(height, at.inputs - input) * width {
        grads[(first + cell / width * at.outputs + cell % width) as usize] = values[cell as usize];
    }
}

/// `db` of the outputs of `vectors` vectors from `col` on, of a map with one bias row.
#[cube]
fn bias_tile<N: Size>(
    dy: &Tensor<Vector<f32, N>>,
    grads: &mut Tensor<f32>,
    at: &AffineArg,
    lane: u32,
    col: u32,
    #[comptime] vectors: u32,
) {
    for o in 0..comptime!(4 * vectors) {
        let output = col * 4 + o;
        let first = (lane * at.outputs + output) * at.rows;
        let mut sum = Vector::<f32, N>::new(0.0f32);
        for r in 0..at.rows {
            sum += dy[(first + r) as usize];
        }
        grads[((lane * at.weights_lane + at.bias_at) * 4 + output) as usize] = total::<N>(sum);
    }
}

/// Element `index` of `db` of a map with several bias rows.
#[cube]
fn token_bias<N: Size>(dy: &Tensor<Vector<f32, N>>, grads: &mut Tensor<f32>, at: &AffineArg, lane: u32, index: u32) {
    let (token, output) = (index / at.outputs, index % at.outputs);
    let first = (lane * at.outputs + output) * at.rows;
    let mut sum = 0.0f32;
    for block in 0..at.rows * 4 / at.bias_rows {
        let row = block * at.bias_rows + token;
        sum += component::<N>(dy[(first + row / 4) as usize], row % 4);
    }
    grads[((lane * at.weights_lane + at.bias_at) * 4 + index) as usize] = sum;
}

/// `dW` of every `threads`-th kept weight of row `input`, in the same order of sums as the dense tile.
#[cube]
fn kept_weights<N: Size, P: Size>(
    x: &Tensor<Vector<f32, N>>,
    dy: &Tensor<Vector<f32, N>>,
    rows: &Tensor<Vector<f32, P>>,
    grads: &mut Tensor<f32>,
    at: &AffineArg,
    lane: u32,
    input: u32,
    first: u32,
    threads: u32,
) {
    let count = u32::cast_from(kept_of_line::<P>(rows, at, lane, input));
    let turns = (count + threads - 1 - first) / threads;
    let x_at = lane * at.x_lane + input * at.rows;
    for turn in 0..turns {
        let entry = first_entry(at, lane, input) + (first + turn * threads) * at.inputs;
        let output = u32::cast_from(rows[entry as usize].extract(0usize));
        let dy_at = (lane * at.outputs + output) * at.rows;
        let mut sum = 0.0f32;
        for r in 0..at.rows {
            sum = add_rows::<N>(sum, x[(x_at + r) as usize], dy[(dy_at + r) as usize]);
        }
        let out = (lane * at.weights_lane + at.weights_at) * 4 + input * at.outputs + output;
        grads[out as usize] = sum;
    }
}

/// The weight gradient's share of thread `index`.
#[cube]
fn weight_grad<N: Size, P: Size>(
    x: &Tensor<Vector<f32, N>>,
    dy: &Tensor<Vector<f32, N>>,
    rows: &Tensor<Vector<f32, P>>,
    grads: &mut Tensor<f32>,
    at: &AffineArg,
    lane: u32,
    index: u32,
    #[comptime] forms: Forms,
) {
    let (height, vectors) = (comptime!(forms.grad_inputs), comptime!(forms.grad_vectors));
    let width = at.outputs / (4 * vectors);
    let (col, input) = (index % width * vectors, index / width * height);
    let mut dense = true.runtime();
    if comptime!(forms.packed) {
        dense = !kept_only::<P>(rows, at, lane, 0u32);
        let threads = max(at.outputs / 16, 1);
        if !dense && index < at.inputs * threads {
            kept_weights::<N, P>(x, dy, rows, grads, at, lane, index % at.inputs, index / at.inputs, threads);
        }
    }
    if input < at.inputs {
        if dense {
            weight_tile::<N>(x, dy, grads, at, lane, input, col, forms);
        }
        if input == 0 && at.bias_rows == 1 {
            bias_tile::<N>(dy, grads, at, lane, col, vectors);
        }
    } else if at.bias_rows > 1 {
        let index = index - width * ((at.inputs + height - 1) / height);
        if index < at.bias_rows * at.outputs {
            token_bias::<N>(dy, grads, at, lane, index);
        }
    }
}

/// Writes vector `place` of the input gradient.
#[cube]
fn store<N: Size>(
    sum: Vector<f32, N>,
    z: &Tensor<Vector<f32, N>>,
    dx: &mut Tensor<Vector<f32, N>>,
    place: u32,
    #[comptime] gelu: bool,
) {
    let place = place as usize;
    if comptime!(gelu) {
        dx[place] = sum * gelu_grad::<N>(z[place]);
    } else {
        dx[place] = sum;
    }
}

/// The input gradient's share of thread `index`; `z` is read only with `gelu`.
#[cube]
fn input_grad<N: Size, P: Size>(
    dy: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, N>>,
    packed: &Tensor<Vector<f32, P>>,
    z: &Tensor<Vector<f32, N>>,
    dx: &mut Tensor<Vector<f32, N>>,
    at: &AffineArg,
    lane: u32,
    index: u32,
    #[comptime] forms: Forms,
    #[comptime] gelu: bool,
) {
    let mut dense = true.runtime();
    if comptime!(forms.packed) {
        let (input, row) = (index % at.inputs, index / at.inputs * LINE_ROWS);
        let kept = kept_of_line::<P>(packed, at, lane, input);
        dense = kept < 0;
        if !dense && row < at.rows {
            let entry = first_entry(at, lane, input);
            let (data, count) = (lane * at.outputs * at.rows, u32::cast_from(kept));
            let rows = row_vectors(row, at.rows, LINE_ROWS);
            let sums = packed_line::<N, P>(dy, packed, at, data, entry, at.inputs, count, &rows);
            let out = (lane * at.inputs + input) * at.rows;
            #[unroll]
            for r in 0..LINE_ROWS {
                // Beyond the edge the last row is written again, as it is.
                let place = out + *rows.index(comptime!(r as usize));
                store::<N>(sums.index(comptime!(r as usize)).read(), z, dx, place, gelu);
            }
        }
    }
    if comptime!(forms.dense) {
        let vectors = comptime!(forms.vectors);
        let width = at.inputs / (4 * vectors);
        let (input, row) = (index % width * vectors, index / width * TILE_ROWS);
        if dense && row < at.rows {
            let sums = row_tile::<N>(dy, weights, at, lane, input, row, vectors);
            let out = (lane * at.inputs + input * 4) * at.rows + row;
            let end = min(TILE_ROWS, at.rows - row);
            let values = listed::<N>(&sums, comptime!(4 * vectors * TILE_ROWS));
            for i in 0..comptime!(4 * vectors) {
                for r in 0..end {
                    store::<N>(values[(i * TILE_ROWS + r) as usize], z, dx, out + i * at.rows + r, gelu);
                }
            }
        }
    }
}

/// `dx`, `dW` and `db`; the first `split` threads of a lane make the gradients of weights and bias. With `gelu`, where `x = gelu(z)`, `dx` becomes the
/// gradient of `z`, which is not read otherwise.
#[cube(launch_unchecked)]
pub fn linear_grad<N: Size, P: Size>(
    x: &Tensor<Vector<f32, N>>,
    dy: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, N>>,
    rows: &Tensor<Vector<f32, P>>,
    z: &Tensor<Vector<f32, N>>,
    dx: &mut Tensor<Vector<f32, N>>,
    grads: &mut Tensor<f32>,
    at: AffineArg,
    split: u32,
    #[comptime] forms: Forms,
    #[comptime] gelu: bool,
) {
    let (thread, lane) = (thread(), lane());
    if thread < split {
        weight_grad::<N, P>(x, dy, rows, grads, &at, lane, thread, forms);
    } else {
        input_grad::<N, P>(dy, weights, rows, z, dx, &at, lane, thread - split, forms, gelu);
    }
}
