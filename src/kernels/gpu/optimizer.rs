//! Clipping and AdamW over the flat parameters: one thread per four parameters.

use super::affine::total;
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
pub fn rule_gradients<N: Size>(
    grads: &mut Tensor<Vector<f32, N>>,
    params: &Tensor<Vector<f32, N>>,
    mask: &Tensor<Vector<f32, N>>,
    plan: &Tensor<f32>,
    kinds: &Tensor<f32>,
    parts: &mut Tensor<f32>,
    vectors: u32,
) {
    let (part, lane) = (thread(), lane());
    if part < NORM_PARTS {
        let mut sum = Vector::<f32, N>::new(0.0f32);
        let turns = (vectors + NORM_PARTS - 1 - part) / NORM_PARTS;
        for turn in 0..turns {
            let vector = part + turn * NORM_PARTS;
            let kind = u32::cast_from(kinds[vector as usize]);
            let pruned_gradient = rule(plan, lane, kind, plan::RULE_PRUNED_GRADIENT);
            let lambda = rule(plan, lane, kind, plan::RULE_LAMBDA);
            let at = (lane * vectors + vector) as usize;
            let f = mask[at];
            let pruned = Vector::new(1.0f32) - f;
            // With a factor of 0 the gradient was not computed and may be anything.
            let factor = f + Vector::new(pruned_gradient) * pruned;
            let zero = Vector::<f32, N>::new(0.0f32);
            let passed = select_many(factor.equal(&zero), zero, grads[at] * factor);
            let g = passed + Vector::new(lambda) * pruned * params[at];
            grads[at] = g;
            sum += g * g;
        }
        parts[(lane * NORM_PARTS + part) as usize] = total::<N>(sum);
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

/// Number `column` of a lane's plan, for all components of a vector.
#[cube]
fn numbers<N: Size>(plan: &Tensor<f32>, lane: u32, #[comptime] column: usize) -> Vector<f32, N> {
    Vector::new(number(plan, lane, column))
}

/// One AdamW step; one thread per four parameters. `moments` holds first, then second moments of a lane; `vectors` is the
/// number of vectors of its parameters.
#[cube(launch_unchecked)]
pub fn adamw<N: Size>(
    params: &Tensor<Vector<f32, N>>,
    moments: &Tensor<Vector<f32, N>>,
    grads: &Tensor<Vector<f32, N>>,
    plan: &Tensor<f32>,
    scale: &Tensor<f32>,
    new_params: &mut Tensor<Vector<f32, N>>,
    new_moments: &mut Tensor<Vector<f32, N>>,
    vectors: u32,
) {
    let (thread, lane) = (thread(), lane());
    if thread < vectors {
        let at = (lane * vectors + thread) as usize;
        let m_at = (lane * 2 * vectors + thread) as usize;
        let v_at = (lane * 2 * vectors + vectors + thread) as usize;
        let one = Vector::<f32, N>::new(1.0f32);
        let g = grads[at] * Vector::new(scale[(lane * 2 + 1) as usize]);
        let beta_1 = numbers::<N>(plan, lane, plan::BETA_1);
        let beta_2 = numbers::<N>(plan, lane, plan::BETA_2);
        let m = beta_1 * moments[m_at] + (one - beta_1) * g;
        let v = beta_2 * moments[v_at] + (one - beta_2) * g * g;
        let spread = (v / numbers::<N>(plan, lane, plan::CORRECTION_2)).sqrt();
        let deviation = spread + numbers::<N>(plan, lane, plan::EPSILON);
        let step = (m / numbers::<N>(plan, lane, plan::CORRECTION_1)) / deviation;
        let weight = params[at];
        let decay = numbers::<N>(plan, lane, plan::WEIGHT_DECAY) * weight;
        new_params[at] = weight - numbers::<N>(plan, lane, plan::LEARNING_RATE) * (step + decay);
        new_moments[m_at] = m;
        new_moments[v_at] = v;
    }
}
