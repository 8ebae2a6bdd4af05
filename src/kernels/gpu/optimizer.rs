//! Clipping and AdamW over the flat parameters: one thread per four parameters.

use super::launch::{lane, thread};
use super::mask::rule;
use crate::kernels::plan;
use cubecl::prelude::*;

/// Partial sums per lane in the gradient norm.
pub const NORM_PARTS: u32 = 256;

#[cube]
fn number(plan: &Tensor<f32>, lane: u32, #[comptime] column: usize) -> f32 {
    plan[(lane * comptime!(plan::WIDTH as u32) + comptime!(column as u32)) as usize]
}

/// Applies the gradient rule in place and sums the squares; one thread per part of a lane.
#[cube(launch_unchecked)]
pub fn rule_gradients(
    grads: &mut Tensor<f32>,
    params: &Tensor<f32>,
    mask: &Tensor<f32>,
    plan: &Tensor<f32>,
    kinds: &Tensor<f32>,
    parts: &mut Tensor<f32>,
    vectors: u32,
) {
    let (part, lane) = (thread(), lane());
    if part < NORM_PARTS {
        let mut sum = 0.0f32;
        let turns = (vectors + NORM_PARTS - 1 - part) / NORM_PARTS;
        for turn in 0..turns {
            let vector = part + turn * NORM_PARTS;
            let kind = u32::cast_from(kinds[vector as usize]);
            let pruned_gradient = rule(plan, lane, kind, plan::RULE_PRUNED_GRADIENT);
            let lambda = rule(plan, lane, kind, plan::RULE_LAMBDA);
            let first = (lane * vectors + vector) * 4;
            for i in 0..4u32 {
                let at = (first + i) as usize;
                let f = mask[at];
                let pruned = 1.0f32 - f;
                // With a factor of 0 the gradient was not computed and may be anything.
                let factor = f + pruned_gradient * pruned;
                let passed = select(factor == 0.0f32, 0.0f32, grads[at] * factor);
                let g = passed + lambda * pruned * params[at];
                grads[at] = g;
                sum += g * g;
            }
        }
        parts[(lane * NORM_PARTS + part) as usize] = sum;
    }
}

/// Global norm and clip factor; one thread per lane.
#[cube(launch_unchecked)]
pub fn gradient_scale(parts: &Tensor<f32>, plan: &Tensor<f32>, scale: &mut Tensor<f32>) {
    let lane = lane();
    if thread() == 0 {
        let mut sum = 0.0f32;
        for part in 0..NORM_PARTS {
            sum += parts[(lane * NORM_PARTS + part) as usize];
        }
        let norm = sum.sqrt();
        let limit = number(plan, lane, plan::CLIP_NORM);
        scale[(lane * 2) as usize] = norm;
        scale[(lane * 2 + 1) as usize] = select(norm > limit, limit / norm, 1.0f32);
    }
}

/// One AdamW step; one thread per parameter. `moments` holds first, then second moments of a lane.
#[cube(launch_unchecked)]
pub fn adamw(
    params: &Tensor<f32>,
    moments: &Tensor<f32>,
    grads: &Tensor<f32>,
    plan: &Tensor<f32>,
    scale: &Tensor<f32>,
    new_params: &mut Tensor<f32>,
    new_moments: &mut Tensor<f32>,
    count: u32,
) {
    let (thread, lane) = (thread(), lane());
    if thread < count {
        let at = (lane * count + thread) as usize;
        let m_at = (lane * 2 * count + thread) as usize;
        let v_at = (lane * 2 * count + count + thread) as usize;
        let g = grads[at] * scale[(lane * 2 + 1) as usize];
        let beta_1 = number(plan, lane, plan::BETA_1);
        let beta_2 = number(plan, lane, plan::BETA_2);
        let m = beta_1 * moments[m_at] + (1.0f32 - beta_1) * g;
        let v = beta_2 * moments[v_at] + (1.0f32 - beta_2) * g * g;
        let deviation = (v / number(plan, lane, plan::CORRECTION_2)).sqrt() + number(plan, lane, plan::EPSILON);
        let step = (m / number(plan, lane, plan::CORRECTION_1)) / deviation;
        let weight = params[at];
        let decay = number(plan, lane, plan::WEIGHT_DECAY) * weight;
        new_params[at] = weight - number(plan, lane, plan::LEARNING_RATE) * (step + decay);
        new_moments[m_at] = m;
        new_moments[v_at] = v;
    }
}
