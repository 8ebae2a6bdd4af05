//! Softmax cross-entropy and accuracy: one thread per row.

use super::launch::{lane, thread};
use cubecl::prelude::*;

/// Gradient of the mean loss and (loss, correct) per row.
#[cube(launch_unchecked)]
pub fn cross_entropy(
    logits: &Tensor<f32>,
    labels: &Tensor<f32>,
    d_logits: &mut Tensor<f32>,
    outcome: &mut Tensor<f32>,
    rows: u32,
    width: u32,
    classes: u32,
    labels_lane: u32,
) {
    let (row, lane) = (thread(), lane());
    if row < rows {
        let first = (lane * rows + row) * width;
        let label = u32::cast_from(labels[(lane * labels_lane + row) as usize]);
        let mut best = 0u32;
        let mut top = logits[first as usize];
        for class in 1..classes {
            let score = logits[(first + class) as usize];
            if score > top {
                top = score;
                best = class;
            }
        }
        let mut sum = 0.0f32;
        for class in 0..classes {
            sum += (logits[(first + class) as usize] - top).exp();
        }
        let share = 1.0f32 / f32::cast_from(rows);
        for class in 0..width {
            let mut d = 0.0f32;
            if class < classes {
                d = (logits[(first + class) as usize] - top).exp() / sum;
                if class == label {
                    d -= 1.0f32;
                }
            }
            d_logits[(first + class) as usize] = d * share;
        }
        let out = (lane * rows + row) * 2;
        outcome[out as usize] = sum.ln() + top - logits[(first + label) as usize];
        outcome[(out + 1) as usize] = select(best == label, 1.0f32, 0.0f32);
    }
}
