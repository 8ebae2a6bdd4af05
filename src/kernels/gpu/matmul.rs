//! Register-tiled products of an affine map. A thread owns `TILE_ROWS` rows x `TILE_VECTORS` four-wide
//! columns; operands are read as four-wide vectors straight from storage.

use super::launch::{lane, thread};
use crate::kernels::cpu::math::{EXP_LIMIT, GELU_CUBIC, GELU_SCALE};
use cubecl::prelude::*;

/// Rows per thread.
pub const TILE_ROWS: u32 = 8;
/// Four-wide columns per thread.
pub const TILE_VECTORS: u32 = 2;

/// Geometry of one affine map in four-wide vectors, shared by all kernels here.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub struct AffineArg {
    /// Rows of the activations.
    pub rows: u32,
    /// Input vectors.
    pub inputs: u32,
    /// Output vectors.
    pub outputs: u32,
    /// Vectors between lanes of the input; 0 when all lanes share it.
    pub x_lane: u32,
    /// Vectors between lanes of the flat parameters.
    pub weights_lane: u32,
    /// First vector of the weights.
    pub weights_at: u32,
    /// First vector of the bias.
    pub bias_at: u32,
    /// Bias rows.
    pub bias_rows: u32,
}

type Cells<N> = Sequence<RuntimeCell<Vector<f32, N>>>;

#[cube]
fn zero_cells<N: Size>(#[comptime] count: u32) -> Cells<N> {
    let mut cells = Sequence::<RuntimeCell<Vector<f32, N>>>::new();
    #[unroll]
    for _ in 0..count {
        cells.push(RuntimeCell::new(Vector::new(0.0f32)));
    }
    cells
}

/// Offsets of the tile's rows, the last row repeated where the tile hangs over the edge.
#[cube]
fn row_offsets(first: u32, rows: u32, row: u32, width: u32) -> Sequence<u32> {
    let mut offsets = Sequence::<u32>::new();
    #[unroll]
    for r in 0..TILE_ROWS {
        offsets.push(first + min(row + r, rows - 1) * width);
    }
    offsets
}

/// `x W` of one tile.
#[cube]
fn product_tile<N: Size>(
    x: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, N>>,
    at: &AffineArg,
    lane: u32,
    row: u32,
    col: u32,
) -> Cells<N> {
    let sums = zero_cells::<N>(comptime!(TILE_ROWS * TILE_VECTORS));
    let lines = row_offsets(lane * at.x_lane, at.rows, row, at.inputs);
    let weights_at = lane * at.weights_lane + at.weights_at;
    for k in 0..at.inputs {
        let mut a = Sequence::<Vector<f32, N>>::new();
        #[unroll]
        for r in 0..TILE_ROWS {
            a.push(x[(*lines.index(comptime!(r as usize)) + k) as usize]);
        }
        #[unroll]
        for j in 0..4u32 {
            #[unroll]
            for c in 0..TILE_VECTORS {
                let b = weights[(weights_at + (k * 4 + j) * at.outputs + min(col + c, at.outputs - 1)) as usize];
                #[unroll]
                for r in 0..TILE_ROWS {
                    let sum = sums.index(comptime!((r * TILE_VECTORS + c) as usize));
                    let factor = a.index(comptime!(r as usize)).extract(comptime!(j as usize));
                    sum.store(sum.read() + Vector::new(factor) * b);
                }
            }
        }
    }
    sums
}

#[cube]
fn bias_of<N: Size>(weights: &Tensor<Vector<f32, N>>, at: &AffineArg, lane: u32, row: u32, col: u32) -> Vector<f32, N> {
    weights[(lane * at.weights_lane + at.bias_at + (row % at.bias_rows) * at.outputs + col) as usize]
}

/// Logistic gate of the tanh form of GELU.
#[cube]
fn gelu_gate<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    let u = Vector::new(GELU_SCALE) * (x + Vector::new(GELU_CUBIC) * x * x * x);
    let exponent = clamp(Vector::new(-2.0f32) * u, Vector::new(-EXP_LIMIT), Vector::new(EXP_LIMIT));
    let one = Vector::new(1.0f32);
    one / (one + exponent.exp())
}

/// Derivative of the tanh form of GELU.
#[cube]
fn gelu_grad<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    let gate = gelu_gate::<N>(x);
    let one = Vector::new(1.0f32);
    let du = Vector::new(GELU_SCALE) * (one + Vector::new(3.0f32 * GELU_CUBIC) * x * x);
    gate + x * gate * (one - gate) * Vector::new(2.0f32) * du
}

/// `y = x W + b`.
#[cube(launch_unchecked)]
pub fn linear<N: Size>(
    x: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, N>>,
    y: &mut Tensor<Vector<f32, N>>,
    at: AffineArg,
) {
    let (col, row, lane) = (ABSOLUTE_POS_X * TILE_VECTORS, ABSOLUTE_POS_Y * TILE_ROWS, CUBE_POS_Z);
    if row < at.rows && col < at.outputs {
        let sums = product_tile::<N>(x, weights, &at, lane, row, col);
        #[unroll]
        for r in 0..TILE_ROWS {
            #[unroll]
            for c in 0..TILE_VECTORS {
                if row + r < at.rows && col + c < at.outputs {
                    let sum = sums.index(comptime!((r * TILE_VECTORS + c) as usize)).read();
                    let out = ((lane * at.rows + row + r) * at.outputs + col + c) as usize;
                    y[out] = sum + bias_of::<N>(weights, &at, lane, row + r, col + c);
                }
            }
        }
    }
}

/// `z = x W + b` and `gelu(z)`.
#[cube(launch_unchecked)]
pub fn linear_gelu<N: Size>(
    x: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, N>>,
    z: &mut Tensor<Vector<f32, N>>,
    activated: &mut Tensor<Vector<f32, N>>,
    at: AffineArg,
) {
    let (col, row, lane) = (ABSOLUTE_POS_X * TILE_VECTORS, ABSOLUTE_POS_Y * TILE_ROWS, CUBE_POS_Z);
    if row < at.rows && col < at.outputs {
        let sums = product_tile::<N>(x, weights, &at, lane, row, col);
        #[unroll]
        for r in 0..TILE_ROWS {
            #[unroll]
            for c in 0..TILE_VECTORS {
                if row + r < at.rows && col + c < at.outputs {
                    let sum = sums.index(comptime!((r * TILE_VECTORS + c) as usize)).read();
                    let out = ((lane * at.rows + row + r) * at.outputs + col + c) as usize;
                    let value = sum + bias_of::<N>(weights, &at, lane, row + r, col + c);
                    z[out] = value;
                    activated[out] = value * gelu_gate::<N>(value);
                }
            }
        }
    }
}

/// `y = residual + x W + b`.
#[cube(launch_unchecked)]
pub fn linear_add<N: Size>(
    x: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, N>>,
    residual: &Tensor<Vector<f32, N>>,
    y: &mut Tensor<Vector<f32, N>>,
    at: AffineArg,
) {
    let (col, row, lane) = (ABSOLUTE_POS_X * TILE_VECTORS, ABSOLUTE_POS_Y * TILE_ROWS, CUBE_POS_Z);
    if row < at.rows && col < at.outputs {
        let sums = product_tile::<N>(x, weights, &at, lane, row, col);
        #[unroll]
        for r in 0..TILE_ROWS {
            #[unroll]
            for c in 0..TILE_VECTORS {
                if row + r < at.rows && col + c < at.outputs {
                    let sum = sums.index(comptime!((r * TILE_VECTORS + c) as usize)).read();
                    let out = ((lane * at.rows + row + r) * at.outputs + col + c) as usize;
                    y[out] = residual[out] + (sum + bias_of::<N>(weights, &at, lane, row + r, col + c));
                }
            }
        }
    }
}

/// One four-wide column of `dy W^T`: four dot products along the outputs, for each of the tile's rows.
#[cube]
fn transposed_tile<N: Size>(
    dy: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, N>>,
    at: &AffineArg,
    lane: u32,
    row: u32,
    col: u32,
) -> Cells<N> {
    let sums = zero_cells::<N>(comptime!(TILE_ROWS * TILE_VECTORS));
    let lines = row_offsets(lane * at.rows * at.outputs, at.rows, row, at.outputs);
    let weights_at = lane * at.weights_lane + at.weights_at;
    for k in 0..at.outputs {
        let mut a = Sequence::<Vector<f32, N>>::new();
        #[unroll]
        for r in 0..TILE_ROWS {
            a.push(dy[(*lines.index(comptime!(r as usize)) + k) as usize]);
        }
        #[unroll]
        for c in 0..TILE_VECTORS {
            // Four weight rows make one output vector: transpose them in registers, then it is a product tile.
            let base = weights_at + min(col + c, at.inputs - 1) * 4 * at.outputs + k;
            let w0 = weights[base as usize];
            let w1 = weights[(base + at.outputs) as usize];
            let w2 = weights[(base + 2 * at.outputs) as usize];
            let w3 = weights[(base + 3 * at.outputs) as usize];
            #[unroll]
            for j in 0..4u32 {
                let mut b = Vector::<f32, N>::new(0.0f32);
                b.insert(0usize, w0.extract(comptime!(j as usize)));
                b.insert(1usize, w1.extract(comptime!(j as usize)));
                b.insert(2usize, w2.extract(comptime!(j as usize)));
                b.insert(3usize, w3.extract(comptime!(j as usize)));
                #[unroll]
                for r in 0..TILE_ROWS {
                    let sum = sums.index(comptime!((r * TILE_VECTORS + c) as usize));
                    let factor = a.index(comptime!(r as usize)).extract(comptime!(j as usize));
                    sum.store(sum.read() + Vector::new(factor) * b);
                }
            }
        }
    }
    sums
}

/// `dx = dy W^T`.
#[cube(launch_unchecked)]
pub fn linear_grad_input<N: Size>(
    dy: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, N>>,
    dx: &mut Tensor<Vector<f32, N>>,
    at: AffineArg,
) {
    let (col, row, lane) = (ABSOLUTE_POS_X * TILE_VECTORS, ABSOLUTE_POS_Y * TILE_ROWS, CUBE_POS_Z);
    if row < at.rows && col < at.inputs {
        let sums = transposed_tile::<N>(dy, weights, &at, lane, row, col);
        #[unroll]
        for r in 0..TILE_ROWS {
            #[unroll]
            for c in 0..TILE_VECTORS {
                if row + r < at.rows && col + c < at.inputs {
                    let out = ((lane * at.rows + row + r) * at.inputs + col + c) as usize;
                    dx[out] = sums.index(comptime!((r * TILE_VECTORS + c) as usize)).read();
                }
            }
        }
    }
}

/// `dz = (dy W^T) * gelu'(z)`.
#[cube(launch_unchecked)]
pub fn linear_grad_input_gelu<N: Size>(
    dy: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, N>>,
    z: &Tensor<Vector<f32, N>>,
    dz: &mut Tensor<Vector<f32, N>>,
    at: AffineArg,
) {
    let (col, row, lane) = (ABSOLUTE_POS_X * TILE_VECTORS, ABSOLUTE_POS_Y * TILE_ROWS, CUBE_POS_Z);
    if row < at.rows && col < at.inputs {
        let sums = transposed_tile::<N>(dy, weights, &at, lane, row, col);
        #[unroll]
        for r in 0..TILE_ROWS {
            #[unroll]
            for c in 0..TILE_VECTORS {
                if row + r < at.rows && col + c < at.inputs {
                    let out = ((lane * at.rows + row + r) * at.inputs + col + c) as usize;
                    let sum = sums.index(comptime!((r * TILE_VECTORS + c) as usize)).read();
                    dz[out] = sum * gelu_grad::<N>(z[out]);
                }
            }
        }
    }
}

/// Rows of `dW` per thread, in four-wide vectors of input features.
pub const GRAD_VECTORS: u32 = 2;

/// `dW = x^T dy`; the threads of the first tile row also sum `db` when there is one bias row.
#[cube(launch_unchecked)]
pub fn linear_grad_weight<N: Size>(
    x: &Tensor<Vector<f32, N>>,
    dy: &Tensor<Vector<f32, N>>,
    grads: &mut Tensor<Vector<f32, N>>,
    at: AffineArg,
) {
    let (col, input, lane) = (ABSOLUTE_POS_X, ABSOLUTE_POS_Y * GRAD_VECTORS, CUBE_POS_Z);
    if input < at.inputs && col < at.outputs {
        let sums = zero_cells::<N>(comptime!(GRAD_VECTORS * 4));
        let bias = RuntimeCell::<Vector<f32, N>>::new(Vector::new(0.0f32));
        let (x_at, dy_at) = (lane * at.x_lane, lane * at.rows * at.outputs + col);
        for r in 0..at.rows {
            let b = dy[(dy_at + r * at.outputs) as usize];
            bias.store(bias.read() + b);
            #[unroll]
            for i in 0..GRAD_VECTORS {
                let a = x[(x_at + r * at.inputs + min(input + i, at.inputs - 1)) as usize];
                #[unroll]
                for j in 0..4u32 {
                    let sum = sums.index(comptime!((i * 4 + j) as usize));
                    sum.store(sum.read() + Vector::new(a.extract(comptime!(j as usize))) * b);
                }
            }
        }
        let base = lane * at.weights_lane;
        #[unroll]
        for i in 0..GRAD_VECTORS {
            if input + i < at.inputs {
                #[unroll]
                for j in 0..4u32 {
                    let out = base + at.weights_at + ((input + i) * 4 + j) * at.outputs + col;
                    grads[out as usize] = sums.index(comptime!((i * 4 + j) as usize)).read();
                }
            }
        }
        if input == 0 && at.bias_rows == 1 {
            grads[(base + at.bias_at + col) as usize] = bias.read();
        }
    }
}

/// `db` of a map with several bias rows: sums `dy` over the rows that share one.
#[cube(launch_unchecked)]
pub fn bias_rows_grad<N: Size>(dy: &Tensor<Vector<f32, N>>, grads: &mut Tensor<Vector<f32, N>>, at: AffineArg) {
    let (thread, lane) = (thread(), lane());
    if thread < at.bias_rows * at.outputs {
        let (bias_row, col) = (thread / at.outputs, thread % at.outputs);
        let mut sum = Vector::<f32, N>::new(0.0f32);
        for block in 0..at.rows / at.bias_rows {
            let row = lane * at.rows + block * at.bias_rows + bias_row;
            sum += dy[(row * at.outputs + col) as usize];
        }
        grads[(lane * at.weights_lane + at.bias_at + thread) as usize] = sum;
    }
}
