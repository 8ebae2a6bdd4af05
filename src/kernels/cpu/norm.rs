//! Layer norm over the features of a row, its gradients, and the mean over the tokens of a sequence.

use super::math::load8;
use crate::kernels::Norm;
use wide::f32x8;

/// Sum of `f` over a row in eight-wide partial sums.
fn sum8(row: &[f32], f: impl Fn(f32x8) -> f32x8) -> f32 {
    row.chunks(8).fold(f32x8::ZERO, |sum, chunk| sum + f(load8(chunk))).to_array().iter().sum()
}

/// `y`, `stats` for one lane: `x`, `y` `[rows, features]`, `stats` `[rows, 2]` (mean, 1 / std).
pub fn layer_norm(x: &[f32], weights: &[f32], at: Norm, y: &mut [f32], stats: &mut [f32]) {
    let scale = &weights[at.offset..][..at.features];
    let shift = &weights[at.shift_offset()..][..at.features];
    let count = at.features as f32;
    for ((x, y), stats) in
        x.chunks_exact(at.features).zip(y.chunks_exact_mut(at.features)).zip(stats.chunks_exact_mut(2))
    {
        let mean = sum8(x, |v| v) / count;
        // Padding must not count: subtracting the mean would turn padded zeros into `-mean`.
        let variance = x.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / count;
        let inverse = 1.0 / (variance + Norm::EPSILON).sqrt();
        stats.copy_from_slice(&[mean, inverse]);
        for (((y, x), scale), shift) in y.iter_mut().zip(x).zip(scale).zip(shift) {
            *y = (x - mean) * inverse * scale + shift;
        }
    }
}

/// Gradient with respect to `x` for one lane.
pub fn layer_norm_grad_input((dy, x, stats): (&[f32], &[f32], &[f32]), weights: &[f32], at: Norm, dx: &mut [f32]) {
    let scale = &weights[at.offset..][..at.features];
    let count = at.features as f32;
    for (row, dx) in dx.chunks_exact_mut(at.features).enumerate() {
        let range = row * at.features..(row + 1) * at.features;
        let (dy, x) = (&dy[range.clone()], &x[range]);
        let (mean, inverse) = (stats[2 * row], stats[2 * row + 1]);
        let (mut sum, mut projected) = (0.0, 0.0);
        for ((dy, x), scale) in dy.iter().zip(x).zip(scale) {
            sum += dy * scale;
            projected += dy * scale * (x - mean) * inverse;
        }
        for (i, dx) in dx.iter_mut().enumerate() {
            let normal = (x[i] - mean) * inverse;
            *dx = inverse * (dy[i] * scale[i] - sum / count - normal * projected / count);
        }
    }
}

/// Gradients of scale and shift for one lane, written into the lane's flat gradient.
pub fn layer_norm_grad_weight(dy: &[f32], x: &[f32], stats: &[f32], at: Norm, grads: &mut [f32]) {
    let own = &mut grads[at.offset..][..at.len()];
    own.fill(0.0);
    let (d_scale, d_shift) = own.split_at_mut(at.features);
    for ((dy, x), stats) in dy.chunks_exact(at.features).zip(x.chunks_exact(at.features)).zip(stats.chunks_exact(2)) {
        for i in 0..at.features {
            d_scale[i] += dy[i] * (x[i] - stats[0]) * stats[1];
            d_shift[i] += dy[i];
        }
    }
}

/// Mean over tokens for one lane: `[batch * tokens, width] -> [batch, width]`.
pub fn mean_pool(x: &[f32], tokens: usize, y: &mut [f32], width: usize) {
    let share = 1.0 / tokens as f32;
    for (x, y) in x.chunks_exact(tokens * width).zip(y.chunks_exact_mut(width)) {
        y.fill(0.0);
        for row in x.chunks_exact(width) {
            for (y, x) in y.iter_mut().zip(row) {
                *y += x;
            }
        }
        for y in y.iter_mut() {
            *y *= share;
        }
    }
}

/// Gradient of [`mean_pool`] for one lane.
pub fn mean_pool_grad(dy: &[f32], tokens: usize, dx: &mut [f32], width: usize) {
    let share = 1.0 / tokens as f32;
    for (dy, dx) in dy.chunks_exact(width).zip(dx.chunks_exact_mut(tokens * width)) {
        for row in dx.chunks_exact_mut(width) {
            for (dx, dy) in row.iter_mut().zip(dy) {
                *dx = dy * share;
            }
        }
    }
}
