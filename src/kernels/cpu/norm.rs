//! Layer norm over the features of a row, its gradient, and the mean over the tokens of a sequence.
//!
//! Activations are `[features, rows]`.

use super::{
    math::{fold8, load8},
    rows::{ROWS, Rows, VECTORS, ZERO, load_block, load_rows, part, store_rows},
};
use crate::kernels::Norm;
use wide::f32x8;

/// `y`, `stats` for one lane: `x`, `y` `[features, rows]`, `stats` `[2, rows]` (mean, 1 / std).
pub fn layer_norm(x: &[f32], weights: &[f32], at: Norm, y: &mut [f32], stats: &mut [f32]) {
    let (rows, count) = (x.len() / at.features, f32x8::splat(at.features as f32));
    let scale = &weights[at.offset..][..at.features];
    let shift = &weights[at.shift_offset()..][..at.features];
    let mut block = vec![ZERO; at.features];
    for first in (0..rows).step_by(ROWS) {
        load_block(x, rows, first, &mut block);
        let (mut means, mut inverses) = (ZERO, ZERO);
        for v in 0..VECTORS {
            let mean = block.iter().fold(f32x8::ZERO, |sum, x| sum + x[v]) / count;
            let squares = block.iter().fold(f32x8::ZERO, |sum, x| sum + (x[v] - mean) * (x[v] - mean));
            let inverse = f32x8::splat(1.0) / (squares / count + f32x8::splat(Norm::EPSILON)).sqrt();
            (means[v], inverses[v]) = (mean, inverse);
        }
        store_rows(part(stats, rows, 0, first), means);
        store_rows(part(stats, rows, 1, first), inverses);
        for (f, x) in block.iter().enumerate() {
            let (scale, shift) = (f32x8::splat(scale[f]), f32x8::splat(shift[f]));
            let normed = std::array::from_fn(|v| (x[v] - means[v]) * inverses[v] * scale + shift);
            store_rows(part(y, rows, f, first), normed);
        }
    }
}

/// What the gradient of a layer norm needs, for one lane.
#[derive(Clone, Copy)]
pub struct NormGradInput<'a> {
    /// Gradient of the output, `[features, rows]`.
    pub dy: &'a [f32],
    /// Input of the forward pass, `[features, rows]`.
    pub x: &'a [f32],
    /// Its statistics, `[2, rows]`.
    pub stats: &'a [f32],
    /// Weights, `[parameters]`.
    pub weights: &'a [f32],
    /// Added to the gradient of `x`, `[features, rows]`.
    pub residual: Option<&'a [f32]>,
}

/// Gradient with respect to `x`; those of scale and shift are written into the lane's flat gradient.
pub fn layer_norm_grad(input: NormGradInput, at: Norm, dx: &mut [f32], grads: &mut [f32]) {
    let rows = input.x.len() / at.features;
    let scale = &input.weights[at.offset..][..at.features];
    let (means, inverses) = input.stats.split_at(rows);
    let mut blocks = [vec![ZERO; at.features], vec![ZERO; at.features]];
    let mut sums = vec![[f32x8::ZERO; 2]; at.features];
    for first in (0..rows).step_by(ROWS) {
        let [dy, normal] = &mut blocks;
        load_block(input.dy, rows, first, dy);
        load_block(input.x, rows, first, normal);
        let (mean, inverse) = (load_rows(&means[first..]), load_rows(&inverses[first..]));
        for v in 0..VECTORS {
            normalise(normal, v, mean[v], inverse[v]);
            grad_vector(dy, normal, scale, v, inverse[v], &mut sums);
        }
        for (f, value) in dy.iter().enumerate() {
            let value = match input.residual {
                Some(residual) => add(*value, load_rows(&residual[f * rows + first..(f + 1) * rows])),
                None => *value,
            };
            store_rows(part(dx, rows, f, first), value);
        }
    }
    let (d_scale, d_shift) = grads[at.offset..][..at.len()].split_at_mut(at.features);
    for ((d_scale, d_shift), [scale, shift]) in d_scale.iter_mut().zip(d_shift).zip(sums) {
        (*d_scale, *d_shift) = (fold8(scale), fold8(shift));
    }
}

fn add(a: Rows, b: Rows) -> Rows {
    std::array::from_fn(|v| a[v] + b[v])
}

#[inline(always)]
fn normalise(x: &mut [Rows], v: usize, mean: f32x8, inverse: f32x8) {
    for x in x {
        x[v] = (x[v] - mean) * inverse;
    }
}

/// Turns `dy` of eight rows into `dx` in place, and adds to the sums behind the gradients of scale and shift.
#[inline(always)]
fn grad_vector(dy: &mut [Rows], normal: &[Rows], scale: &[f32], v: usize, inverse: f32x8, sums: &mut [[f32x8; 2]]) {
    let count = f32x8::splat(scale.len() as f32);
    let (mut mean, mut projected) = (f32x8::ZERO, f32x8::ZERO);
    for (((dy, normal), scale), sums) in dy.iter().zip(normal).zip(scale).zip(sums) {
        let scaled = dy[v] * f32x8::splat(*scale);
        mean += scaled;
        projected += scaled * normal[v];
        sums[0] += dy[v] * normal[v];
        sums[1] += dy[v];
    }
    let (mean, projected) = (mean / count, projected / count);
    for ((dy, normal), scale) in dy.iter_mut().zip(normal).zip(scale) {
        dy[v] = inverse * (dy[v] * f32x8::splat(*scale) - mean - normal[v] * projected);
    }
}

/// Mean over tokens for one lane: `[width, batch * tokens] -> [width, batch]`.
pub fn mean_pool(x: &[f32], tokens: usize, y: &mut [f32]) {
    let share = 1.0 / tokens as f32;
    for (x, y) in x.chunks_exact(tokens).zip(y) {
        *y = fold8(x.chunks(8).fold(f32x8::ZERO, |sum, x| sum + load8(x))) * share;
    }
}

/// Gradient of [`mean_pool`] for one lane.
pub fn mean_pool_grad(dy: &[f32], tokens: usize, dx: &mut [f32]) {
    let share = 1.0 / tokens as f32;
    for (dy, dx) in dy.iter().zip(dx.chunks_exact_mut(tokens)) {
        dx.fill(dy * share);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::cpu::testing::{assert_near, random};

    /// The layer norm of every row in `f64`: `y[f * rows + r]`.
    fn reference(x: &[f64], weights: &[f32], at: Norm) -> Vec<f64> {
        let (rows, count) = (x.len() / at.features, at.features as f64);
        let mut y = vec![0.0; x.len()];
        for r in 0..rows {
            let row = || (0..at.features).map(|f| x[f * rows + r]);
            let mean = row().sum::<f64>() / count;
            let variance = row().map(|v| (v - mean) * (v - mean)).sum::<f64>() / count;
            for (f, v) in row().enumerate() {
                let [scale, shift] = [at.offset, at.shift_offset()].map(|part| f64::from(weights[part + f]));
                y[f * rows + r] = (v - mean) / (variance + f64::from(Norm::EPSILON)).sqrt() * scale + shift;
            }
        }
        y
    }

    #[test]
    fn layer_norm_and_its_gradient_match_f64() {
        let at = Norm { offset: 4, features: 12 };
        for rows in [4, 20, 36] {
            let (weights, x) = (random(4 + at.len(), "weights"), random(12 * rows, "x"));
            let (dy, residual) = (random(12 * rows, "dy"), random(12 * rows, "residual"));
            let (mut y, mut stats) = (vec![0.0; x.len()], vec![0.0; 2 * rows]);
            layer_norm(&x, &weights, at, &mut y, &mut stats);
            let wide: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
            let truth = reference(&wide, &weights, at);
            assert_near(&y, |e| truth[e]);

            // Slopes of the inner product of y and dy.
            let inner = |x: &[f64], weights: &[f32]| -> f64 {
                reference(x, weights, at).iter().zip(&dy).map(|(y, d)| y * f64::from(*d)).sum()
            };
            let (mut dx, mut grads) = (vec![0.0; x.len()], vec![9.0; weights.len()]);
            let input = NormGradInput { dy: &dy, x: &x, stats: &stats, weights: &weights, residual: None };
            layer_norm_grad(input, at, &mut dx, &mut grads);
            assert_near(&dx, |e| {
                let moved = |by: f64| {
                    let mut x = wide.clone();
                    x[e] += by;
                    inner(&x, &weights)
                };
                (moved(1e-5) - moved(-1e-5)) / 2e-5
            });
            assert_near(&grads[4..], |e| {
                let moved = |to: f32| {
                    let mut weights = weights.clone();
                    weights[4 + e] = to;
                    inner(&wide, &weights)
                };
                moved(1.0) - moved(0.0)
            });
            assert_eq!(grads[..4], [9.0; 4]);

            let mut added = dx.clone();
            layer_norm_grad(NormGradInput { residual: Some(&residual), ..input }, at, &mut added, &mut grads);
            assert_eq!(added, dx.iter().zip(&residual).map(|(d, r)| d + r).collect::<Vec<_>>());
        }
    }

    #[test]
    fn pooling_takes_the_mean_of_each_sequence() {
        for tokens in [1, 5, 17] {
            let (batch, width) = (4, 3);
            let x = random(width * batch * tokens, "x");
            let mut y = vec![0.0; width * batch];
            mean_pool(&x, tokens, &mut y);
            assert_near(&y, |e| x[e * tokens..][..tokens].iter().map(|x| f64::from(*x)).sum::<f64>() / tokens as f64);
            let mut dx = vec![0.0; x.len()];
            mean_pool_grad(&y, tokens, &mut dx);
            assert_near(&dx, |e| f64::from(y[e / tokens]) / tokens as f64);
        }
    }
}
