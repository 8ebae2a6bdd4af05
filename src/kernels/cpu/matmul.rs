//! The products of an affine map for one lane: forward and input gradient, with what is fused to them.
//!
//! Activations are `[features, rows]`.

use super::{
    lines::Lines,
    math::{gelu_grad8, gelu8},
    rows::{ROWS, Rows, VECTORS, load_rows, part, store_rows},
    weight_grad::weight_grad,
};
use crate::kernels::Affine;
use wide::f32x8;

/// Weights of one lane: flat, and the packed form for the direction of the product.
#[derive(Clone, Copy)]
pub struct LaneWeights<'a> {
    /// All weights, `[parameters]`.
    pub values: &'a [f32],
    /// Packed columns for forward products, packed rows for gradients.
    pub packed: &'a [f32],
}

/// Bias rows by output feature, repeated so that a block of rows reads on past the last one.
struct Bias {
    table: Vec<f32>,
    period: usize,
}

impl Bias {
    fn new(weights: &[f32], at: Affine) -> Self {
        let bias = &weights[at.bias_offset()..][..at.bias_rows * at.outputs];
        let period = at.bias_rows;
        if period == 1 {
            return Self { table: bias.to_vec(), period };
        }
        let lines = (0..at.outputs).flat_map(|o| (0..period + ROWS).map(move |t| (o, t % period)));
        Self { table: lines.map(|(o, t)| bias[t * at.outputs + o]).collect(), period }
    }

    #[inline(always)]
    fn rows(&self, line: usize, first: usize) -> Rows {
        if self.period == 1 {
            return [f32x8::splat(self.table[line]); VECTORS];
        }
        load_rows(&self.table[line * (self.period + ROWS) + first % self.period..])
    }
}

#[inline(always)]
fn zip(a: Rows, b: Rows, f: impl Fn(f32x8, f32x8) -> f32x8) -> Rows {
    let mut out = a;
    for v in 0..VECTORS {
        out[v] = f(a[v], b[v]);
    }
    out
}

/// `y = W^T x + b`: `x` `[inputs, rows]`, `y` `[outputs, rows]`.
pub fn linear(x: &[f32], weights: LaneWeights, at: Affine, y: &mut [f32]) {
    let bias = Bias::new(weights.values, at);
    let finish = |line, first, sum| zip(sum, bias.rows(line, first), |s, b| s + b);
    Lines::columns(weights.values, weights.packed, at).multiply(x, x.len() / at.inputs, y, finish);
}

/// `z = W^T x + b` and `activated = gelu(z)`.
pub fn linear_gelu(x: &[f32], weights: LaneWeights, at: Affine, z: &mut [f32], activated: &mut [f32]) {
    let (bias, rows) = (Bias::new(weights.values, at), x.len() / at.inputs);
    let finish = |line, first, sum| {
        let z = zip(sum, bias.rows(line, first), |s, b| s + b);
        store_rows(part(activated, rows, line, first), zip(z, z, |z, _| gelu8(z)));
        z
    };
    Lines::columns(weights.values, weights.packed, at).multiply(x, rows, z, finish);
}

/// `y = residual + (W^T x + b)`.
pub fn linear_add(x: &[f32], weights: LaneWeights, at: Affine, residual: &[f32], y: &mut [f32]) {
    let (bias, rows) = (Bias::new(weights.values, at), x.len() / at.inputs);
    let finish = |line, first, sum| {
        let mapped = zip(sum, bias.rows(line, first), |s, b| s + b);
        zip(block_of(residual, rows, line, first), mapped, |r, m| r + m)
    };
    Lines::columns(weights.values, weights.packed, at).multiply(x, rows, y, finish);
}

#[inline(always)]
fn block_of(data: &[f32], rows: usize, line: usize, first: usize) -> Rows {
    load_rows(&data[line * rows + first..(line + 1) * rows])
}

/// `dx = W dy`, `dW = x dy^T` and `db`; with `z`, `x = gelu(z)` and `dx` is the gradient of `z`.
pub fn linear_grad(
    (x, dy): (&[f32], &[f32]),
    weights: LaneWeights,
    z: Option<&[f32]>,
    at: Affine,
    (dx, grads): (&mut [f32], &mut [f32]),
) {
    let (lines, rows) = (Lines::rows(weights.values, weights.packed, at), dy.len() / at.outputs);
    match z {
        None => lines.multiply(dy, rows, dx, |_, _, sum| sum),
        Some(z) => lines.multiply(dy, rows, dx, |line, first, sum| {
            zip(sum, block_of(z, rows, line, first), |d, z| d * gelu_grad8(z))
        }),
    }
    // The rows of a matrix are packed together, and so are their flags.
    let kept_only = at.packed.is_some_and(|packed| weights.packed[2 * packed.row_line + 1] == 1.0);
    weight_grad(x, dy, at, kept_only.then_some(&lines), grads);
}

/// `dW = x dy^T` and `db`.
pub fn linear_grad_weight(x: &[f32], dy: &[f32], at: Affine, grads: &mut [f32]) {
    weight_grad(x, dy, at, None, grads);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Tile;
    use crate::kernels::cpu::testing::{assert_near, random};

    /// Ragged row counts, several widths and a bias per token against plain sums in `f64`.
    #[test]
    fn products_match_plain_sums() {
        for (rows, inputs, outputs, bias_rows) in [(4, 4, 4, 1), (12, 12, 20, 1), (20, 8, 36, 5), (340, 4, 8, 17)] {
            let at = Affine { offset: 8, inputs, outputs, bias_rows, packed: None, tile: Tile::default() };
            let weights = random(8 + at.len(), "weights");
            let lane = LaneWeights { values: &weights, packed: &[] };
            let [x, dy, residual, z] =
                ["x", "dy", "residual", "z"].map(|name| random(rows * inputs.max(outputs), name));
            let (x, dy) = (&x[..inputs * rows], &dy[..outputs * rows]);
            let w = |i: usize, o: usize| f64::from(weights[8 + i * outputs + o]);

            let mut y = vec![9.0; outputs * rows];
            let mapped = |o: usize, r: usize| {
                let bias = f64::from(weights[at.bias_offset() + r % bias_rows * outputs + o]);
                (0..inputs).map(|i| f64::from(x[i * rows + r]) * w(i, o)).sum::<f64>() + bias
            };
            linear(x, lane, at, &mut y);
            assert_near(&y, |e| mapped(e / rows, e % rows));
            let (mut fused, mut activated) = (y.clone(), y.clone());
            linear_gelu(x, lane, at, &mut fused, &mut activated);
            assert_eq!(fused, y);
            let gelu = |z: f32| gelu8(f32x8::splat(z)).to_array()[0];
            assert_eq!(activated, y.iter().map(|z| gelu(*z)).collect::<Vec<_>>());
            linear_add(x, lane, at, &residual, &mut fused);
            assert_eq!(fused, y.iter().zip(&residual).map(|(y, r)| r + y).collect::<Vec<_>>());

            let (mut dx, mut grads) = (vec![9.0; inputs * rows], vec![9.0; weights.len()]);
            linear_grad((x, dy), lane, None, at, (&mut dx, &mut grads));
            assert_near(&dx, |e| (0..outputs).map(|o| f64::from(dy[o * rows + e % rows]) * w(e / rows, o)).sum());
            assert_near(&grads[8..at.bias_offset()], |e| {
                (0..rows).map(|r| f64::from(x[e / outputs * rows + r]) * f64::from(dy[e % outputs * rows + r])).sum()
            });
            assert_near(&grads[at.bias_offset()..], |e| {
                (e / outputs..rows).step_by(bias_rows).map(|r| f64::from(dy[e % outputs * rows + r])).sum()
            });
            assert_eq!(grads[..8], [9.0; 8], "gradients outside the map stay untouched");

            let (mut dz, mut again) = (dx.clone(), vec![0.0; weights.len()]);
            linear_grad((x, dy), lane, Some(&z), at, (&mut dz, &mut again));
            let slope = |z: f32| gelu_grad8(f32x8::splat(z)).to_array()[0];
            assert_eq!(dz, dx.iter().zip(&z).map(|(d, z)| d * slope(*z)).collect::<Vec<_>>());
            assert_eq!(again[8..], grads[8..]);
        }
    }
}
