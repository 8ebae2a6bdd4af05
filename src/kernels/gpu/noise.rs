//! Sums behind the gradient-noise indicators: partial sums per segment, then their total.

use super::launch::{lane, thread};
use super::mask::segment;
use crate::kernels::{
    SegmentKind,
    cpu::{history::EVER, noise::SUMS},
};
use cubecl::prelude::*;

/// Partial sums per segment.
pub const PARTS: u32 = 32;

/// Sums over every `PARTS`-th weight of a segment; one thread per (segment, part).
/// `parts` is `[lanes, segments, PARTS, 2 * SUMS]`.
#[cube(launch_unchecked)]
pub fn noise_parts(
    grads: &Tensor<f32>,
    moments: &Tensor<f32>,
    mask: &Tensor<f32>,
    previous_mask: &Tensor<f32>,
    history: &Tensor<f32>,
    table: &Tensor<i32>,
    parts: &mut Tensor<f32>,
    segments: u32,
    params_lane: u32,
) {
    let (thread, lane) = (thread(), lane());
    if thread < segments * PARTS {
        let view = segment(table, thread / PARTS);
        let mut sums = Array::<f32>::new(comptime!(2 * SUMS));
        #[unroll]
        for i in 0..comptime!(2 * SUMS) {
            sums[i] = 0.0f32;
        }
        let weights = select(view.kind == comptime!(SegmentKind::Dense as u32), 0u32, view.rows * view.cols);
        let part = thread % PARTS;
        let turns = (weights + PARTS - 1 - part) / PARTS;
        for turn in 0..turns {
            let weight = part + turn * PARTS;
            let local = view.offset + weight / view.cols * view.stride + weight % view.cols;
            let at = (lane * params_lane + local) as usize;
            let g = grads[at];
            let v = moments[(lane * 2 * params_lane + params_lane + local) as usize];
            let kept = mask[at];
            let flipped = select(kept != previous_mask[at], 1.0f32, 0.0f32);
            let ever = select(history[at] >= EVER, 1.0f32, 0.0f32);
            let moved = select(kept != history[at] - EVER * ever, 1.0f32, 0.0f32);
            // Adding 0 to the other group's sums keeps the loop free of divergent indexing.
            add(&mut sums, 0usize, kept, g, v, flipped, moved, ever);
            add(&mut sums, SUMS, 1.0f32 - kept, g, v, flipped, moved, ever);
        }
        #[unroll]
        for i in 0..comptime!(2 * SUMS) {
            let out = (lane * segments * PARTS + thread) * comptime!(2 * SUMS as u32) + comptime!(i as u32);
            parts[out as usize] = sums[i];
        }
    }
}

#[cube]
fn add(
    sums: &mut Array<f32>,
    #[comptime] first: usize,
    share: f32,
    g: f32,
    v: f32,
    flipped: f32,
    moved: f32,
    ever: f32,
) {
    sums[comptime!(first)] += share;
    sums[comptime!(first + 1)] += share * g.abs();
    sums[comptime!(first + 2)] += share * g;
    sums[comptime!(first + 3)] += share * g * g;
    sums[comptime!(first + 4)] += share * v;
    sums[comptime!(first + 5)] += share * v * v;
    sums[comptime!(first + 6)] += share * flipped;
    sums[comptime!(first + 7)] += share * moved;
    sums[comptime!(first + 8)] += share * ever;
}

/// Adds the parts of a segment; one thread per sum.
#[cube(launch_unchecked)]
pub fn noise_total(parts: &Tensor<f32>, sums: &mut Tensor<f32>, outputs: u32) {
    let (thread, lane) = (thread(), lane());
    if thread < outputs {
        let width = comptime!(2 * SUMS as u32);
        let first = (lane * (outputs / width) + thread / width) * PARTS * width + thread % width;
        let mut sum = 0.0f32;
        for part in 0..PARTS {
            sum += parts[(first + part * width) as usize];
        }
        sums[(lane * outputs + thread) as usize] = sum;
    }
}
