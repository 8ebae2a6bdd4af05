//! Softmax cross-entropy and accuracy: one thread per row.

use super::launch::{lane, thread};
use cubecl::prelude::*;

/// Sizes of a batch of logits.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub struct LossArg {
    /// Rows per lane, with those that only pad.
    pub batch: u32,
    /// Features of the logits.
    pub width: u32,
    /// Features that are classes.
    pub classes: u32,
    /// Targets between lanes; 0 when all lanes share them.
    pub targets_lane: u32,
}

/// Gradient of the weighted loss, and `[2, batch]`: loss, 1 if the arg-max is right.
#[cube(launch_unchecked)]
pub fn cross_entropy(
    logits: &Tensor<f32>,
    targets: &Tensor<f32>,
    d_logits: &mut Tensor<f32>,
    outcome: &mut Tensor<f32>,
    at: LossArg,
) {
    let (sample, lane) = (thread(), lane());
    if sample < at.batch {
        let target = (lane * at.targets_lane + sample) as usize;
        let weight = targets[target + at.batch as usize];
        let counts = weight > 0.0f32;
        let first = lane * at.width * at.batch + sample;
        let label = u32::cast_from(max(targets[target], 0.0f32));
        let mut best = 0u32;
        let mut top = logits[first as usize];
        for class in 1..at.classes {
            let score = logits[(first + class * at.batch) as usize];
            if score > top {
                top = score;
                best = class;
            }
        }
        let mut sum = 0.0f32;
        for class in 0..at.classes {
            sum += (logits[(first + class * at.batch) as usize] - top).exp();
        }
        for class in 0..at.width {
            let mut d = 0.0f32;
            if counts && class < at.classes {
                d = (logits[(first + class * at.batch) as usize] - top).exp() / sum;
                if class == label {
                    d -= 1.0f32;
                }
            }
            d_logits[(first + class * at.batch) as usize] = d * weight;
        }
        let out = lane * 2 * at.batch + sample;
        let loss = sum.ln() + top - logits[(first + label * at.batch) as usize];
        outcome[out as usize] = select(counts, loss, 0.0f32);
        outcome[(out + at.batch) as usize] = select(counts && best == label, 1.0f32, 0.0f32);
    }
}
