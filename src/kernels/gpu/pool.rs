//! Mean over the tokens of a sequence, and its gradient: one thread per result.

use super::launch::{lane, thread};
use cubecl::prelude::*;

/// `[width, batch * tokens] -> [width, batch]`; `outputs` is `width * batch`.
#[cube(launch_unchecked)]
pub fn mean_pool(x: &Tensor<f32>, y: &mut Tensor<f32>, tokens: u32, outputs: u32) {
    let (out, lane) = (thread(), lane());
    if out < outputs {
        // Sequences follow each other within a feature, so the tokens of result `out` start here.
        let first = (lane * outputs + out) * tokens;
        let mut sum = 0.0f32;
        for token in 0..tokens {
            sum += x[(first + token) as usize];
        }
        y[(lane * outputs + out) as usize] = sum / f32::cast_from(tokens);
    }
}

/// Gradient of [`mean_pool`]; `inputs` is `width * batch * tokens`.
#[cube(launch_unchecked)]
pub fn mean_pool_grad(dy: &Tensor<f32>, dx: &mut Tensor<f32>, tokens: u32, inputs: u32) {
    let (input, lane) = (thread(), lane());
    if input < inputs {
        let out = lane * (inputs / tokens) + input / tokens;
        dx[(lane * inputs + input) as usize] = dy[out as usize] / f32::cast_from(tokens);
    }
}
