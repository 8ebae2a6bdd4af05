//! The three dense products of an affine map, register-tiled: forward, input gradient, weight gradient.
//!
//! A tile holds 4 rows x 8 columns in eight-wide accumulators; each output is one sum over the reduction
//! axis in ascending order, whatever the tile, so results do not depend on where a row lies.

use super::math::load8;
use crate::kernels::Affine;
use wide::f32x8;

const TILE_ROWS: usize = 4;
const TILE_COLS: usize = 8;

/// Bias row for an input row, `[outputs]`.
fn bias_row(weights: &[f32], at: Affine, row: usize) -> &[f32] {
    &weights[at.bias_offset() + (row % at.bias_rows) * at.outputs..][..at.outputs]
}

/// `y = x W + b` for one lane: `x` `[rows, inputs]`, `weights` flat, `y` `[rows, outputs]`.
pub fn linear(x: &[f32], weights: &[f32], at: Affine, y: &mut [f32]) {
    for (row, y) in y.chunks_exact_mut(at.outputs).enumerate() {
        y.copy_from_slice(bias_row(weights, at, row));
    }
    let w = &weights[at.offset..][..at.inputs * at.outputs];
    add_product(x, w, at.inputs, at.outputs, y);
}

/// `y = residual + x W + b` for one lane.
pub fn linear_add(x: &[f32], weights: &[f32], at: Affine, residual: &[f32], y: &mut [f32]) {
    for (row, (y, residual)) in y.chunks_exact_mut(at.outputs).zip(residual.chunks_exact(at.outputs)).enumerate() {
        for ((y, r), b) in y.iter_mut().zip(residual).zip(bias_row(weights, at, row)) {
            *y = r + b;
        }
    }
    let w = &weights[at.offset..][..at.inputs * at.outputs];
    add_product(x, w, at.inputs, at.outputs, y);
}

/// `dx = dy W^T` for one lane: `dy` `[rows, outputs]`, `dx` `[rows, inputs]`.
pub fn linear_grad_input(dy: &[f32], weights: &[f32], at: Affine, dx: &mut [f32]) {
    let w = &weights[at.offset..][..at.inputs * at.outputs];
    let mut transposed = vec![0.0; w.len()];
    for (i, row) in w.chunks_exact(at.outputs).enumerate() {
        for (o, value) in row.iter().enumerate() {
            transposed[o * at.inputs + i] = *value;
        }
    }
    dx.fill(0.0);
    add_product(dy, &transposed, at.outputs, at.inputs, dx);
}

/// `dW = x^T dy` and `db` for one lane, written into the lane's flat gradient.
pub fn linear_grad_weight(x: &[f32], dy: &[f32], at: Affine, grads: &mut [f32]) {
    let own = &mut grads[at.offset..][..at.len()];
    own.fill(0.0);
    let (dw, db) = own.split_at_mut(at.inputs * at.outputs);
    add_transposed_product(x, dy, at.inputs, at.outputs, dw);
    for (row, dy) in dy.chunks_exact(at.outputs).enumerate() {
        let db = &mut db[(row % at.bias_rows) * at.outputs..][..at.outputs];
        for (b, d) in db.iter_mut().zip(dy) {
            *b += d;
        }
    }
}

/// `y += a b`: `a` `[rows, depth]`, `b` `[depth, cols]`, `y` `[rows, cols]`.
fn add_product(a: &[f32], b: &[f32], depth: usize, cols: usize, y: &mut [f32]) {
    let rows = y.len() / cols;
    let mut panel = vec![f32x8::ZERO; depth];
    for col in (0..cols).step_by(TILE_COLS) {
        let width = TILE_COLS.min(cols - col);
        for (k, lane) in panel.iter_mut().enumerate() {
            *lane = load8(&b[k * cols + col..][..width]);
        }
        let whole = rows - rows % TILE_ROWS;
        for row in (0..whole).step_by(TILE_ROWS) {
            product_tile::<TILE_ROWS>(a, &panel, y, row, col, cols);
        }
        for row in whole..rows {
            product_tile::<1>(a, &panel, y, row, col, cols);
        }
    }
}

#[inline(always)]
fn product_tile<const R: usize>(a: &[f32], panel: &[f32x8], y: &mut [f32], row: usize, col: usize, cols: usize) {
    let depth = panel.len();
    let lines: [&[f32]; R] = std::array::from_fn(|r| &a[(row + r) * depth..][..depth]);
    let mut sums = [f32x8::ZERO; R];
    for (k, b) in panel.iter().enumerate() {
        for r in 0..R {
            sums[r] += f32x8::splat(lines[r][k]) * *b;
        }
    }
    for (r, sum) in sums.iter().enumerate() {
        add_into(&mut y[(row + r) * cols + col..], *sum, TILE_COLS.min(cols - col));
    }
}

/// `dw += a^T b`: `a` `[rows, inputs]`, `b` `[rows, outputs]`, `dw` `[inputs, outputs]`.
fn add_transposed_product(a: &[f32], b: &[f32], inputs: usize, outputs: usize, dw: &mut [f32]) {
    let rows = b.len() / outputs;
    let mut panel = vec![f32x8::ZERO; rows];
    for col in (0..outputs).step_by(TILE_COLS) {
        let width = TILE_COLS.min(outputs - col);
        for (r, lane) in panel.iter_mut().enumerate() {
            *lane = load8(&b[r * outputs + col..][..width]);
        }
        // Widths are multiples of four, so a tile of four input features always fits.
        for input in (0..inputs).step_by(TILE_ROWS) {
            let mut sums = [f32x8::ZERO; TILE_ROWS];
            for (a, b) in a.chunks_exact(inputs).zip(&panel) {
                let a: &[f32; TILE_ROWS] = a[input..].first_chunk().expect("input features are a multiple of four");
                for i in 0..TILE_ROWS {
                    sums[i] += f32x8::splat(a[i]) * *b;
                }
            }
            for (i, sum) in sums.iter().enumerate() {
                add_into(&mut dw[(input + i) * outputs + col..], *sum, width);
            }
        }
    }
}

#[inline(always)]
fn add_into(target: &mut [f32], sum: f32x8, width: usize) {
    if width == TILE_COLS {
        let target: &mut [f32; TILE_COLS] = target.first_chunk_mut().expect("a full tile fits its row");
        *target = (f32x8::from(*target) + sum).to_array();
    } else {
        for (t, s) in target[..width].iter_mut().zip(sum.to_array()) {
            *t += s;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn random(len: usize, purpose: &str) -> Vec<f32> {
        let mut stream = Stream::new(7, purpose, 0);
        (0..len).map(|_| stream.normal()).collect()
    }

    fn near(ours: &[f32], truth: &[f64]) {
        for (i, (a, b)) in ours.iter().zip(truth).enumerate() {
            assert!((f64::from(*a) - b).abs() < 1e-4 * (1.0 + b.abs()), "element {i}: {a} against {b}");
        }
    }

    /// Odd row counts, a half tile of columns and a bias per token against plain sums in `f64`.
    #[test]
    fn products_match_plain_sums() {
        for (rows, inputs, outputs, bias_rows) in [(1, 4, 4, 1), (7, 12, 20, 1), (9, 8, 36, 3)] {
            let at = Affine { offset: 8, inputs, outputs, bias_rows };
            let weights = random(8 + at.len(), "weights");
            let (x, dy) = (random(rows * inputs, "x"), random(rows * outputs, "dy"));
            let w = |i: usize, o: usize| f64::from(weights[8 + i * outputs + o]);
            let mut y = vec![0.0; rows * outputs];
            linear(&x, &weights, at, &mut y);
            let truth: Vec<f64> = (0..rows * outputs)
                .map(|e| {
                    let (r, o) = (e / outputs, e % outputs);
                    let bias = f64::from(weights[at.bias_offset() + (r % bias_rows) * outputs + o]);
                    (0..inputs).map(|i| f64::from(x[r * inputs + i]) * w(i, o)).sum::<f64>() + bias
                })
                .collect();
            near(&y, &truth);

            let mut dx = vec![0.0; rows * inputs];
            linear_grad_input(&dy, &weights, at, &mut dx);
            let truth: Vec<f64> = (0..rows * inputs)
                .map(|e| (0..outputs).map(|o| f64::from(dy[e / inputs * outputs + o]) * w(e % inputs, o)).sum())
                .collect();
            near(&dx, &truth);

            let mut grads = vec![9.0; weights.len()];
            linear_grad_weight(&x, &dy, at, &mut grads);
            let truth: Vec<f64> = (0..inputs * outputs)
                .map(|e| {
                    (0..rows)
                        .map(|r| f64::from(x[r * inputs + e / outputs]) * f64::from(dy[r * outputs + e % outputs]))
                        .sum()
                })
                .collect();
            near(&grads[8..], &truth);
            assert_eq!(grads[..8], [9.0; 8], "gradients outside the map stay untouched");
        }
    }
}
