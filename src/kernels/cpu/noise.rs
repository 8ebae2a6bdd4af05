//! Sums behind the gradient-noise indicators (paper section 4), per segment, kept and pruned weights apart.

use super::history::decode;
use crate::kernels::{Segment, SegmentKind};

/// Sums per group of weights, in this order: count, |g|, g, g^2, v, v^2, mask bits that changed, mask bits that differ
/// from the first mask, weights that were ever kept.
pub const SUMS: usize = 9;

/// Slices of one lane, all `[parameters]`.
#[derive(Clone, Copy)]
pub struct NoiseInput<'a> {
    /// Gradient after the gradient rule, before clipping.
    pub grads: &'a [f32],
    /// Second moment of AdamW.
    pub v: &'a [f32],
    /// Current mask.
    pub mask: &'a [f32],
    /// Mask of the previous measurement.
    pub previous_mask: &'a [f32],
    /// Codes of earlier masks; see [`super::history`].
    pub history: &'a [f32],
}

/// Sums for one lane: `out` `[segments, 2 * SUMS]`, kept weights first.
pub fn noise_sums(input: NoiseInput, segments: &[Segment], out: &mut [f32]) {
    for (segment, out) in segments.iter().zip(out.chunks_exact_mut(2 * SUMS)) {
        let mut sums = [0.0f64; 2 * SUMS];
        if segment.kind != SegmentKind::Dense {
            for row in 0..segment.rows {
                let first = segment.offset + row * segment.stride;
                for i in first..first + segment.cols {
                    add_weight(&mut sums, input, i);
                }
            }
        }
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = sum as f32;
        }
    }
}

fn add_weight(sums: &mut [f64; 2 * SUMS], input: NoiseInput, i: usize) {
    let (mask, g, v) = (input.mask[i], f64::from(input.grads[i]), f64::from(input.v[i]));
    let (first, ever) = decode(input.history[i]);
    let differs = |other: f32| f64::from(u8::from(mask != other));
    let changes = [differs(input.previous_mask[i]), differs(first), f64::from(ever)];
    let group = if mask == 1.0 { 0 } else { SUMS };
    for (sum, value) in sums[group..].iter_mut().zip([1.0, g.abs(), g, g * g, v, v * v].into_iter().chain(changes)) {
        *sum += value;
    }
}
