//! Initial parameters: a pure function of the architecture and the seed.

use super::layout::{Architecture, ParamLayout};
use crate::kernels::Segment;
use crate::random::Stream;

/// Standard deviation of the learned positions.
const POSITION_DEVIATION: f32 = 0.02;

/// Flat parameters `[parameters]` of one lane.
///
/// Matrices are normal with deviation `1 / sqrt(inputs)`; the two matrices of a block that write to the
/// residual stream are scaled by a further `1 / sqrt(2 * layers)` (Radford et al. 2019, GPT-2). Biases are
/// zero, norms start as the identity. Every tensor draws from a stream of its own name.
#[allow(clippy::case_sensitive_file_extension_comparisons, reason = "names of tensors, not of files")]
pub fn initial_params(architecture: &Architecture, layout: &ParamLayout, seed: u64) -> Vec<f32> {
    let mut params = vec![0.0; layout.len];
    for tensor in &layout.tensors {
        let Segment { rows, .. } = tensor.segment;
        let residual = tensor.name.ends_with(".o.weight") || tensor.name.ends_with(".ff2.weight");
        let damping = if residual { 1.0 / libm::sqrtf(2.0 * architecture.layers as f32) } else { 1.0 };
        if tensor.name == "embed.weight" {
            // Rows that pad a patch always see zeros: they stay zero and out of every norm.
            let features = architecture.grid.features();
            let used = Segment { rows: features, ..tensor.segment };
            fill_normal(&mut params, used, 1.0 / libm::sqrtf(features as f32), seed, &tensor.name);
        } else if tensor.name == "embed.bias" {
            fill_normal(&mut params, tensor.segment, POSITION_DEVIATION, seed, &tensor.name);
        } else if tensor.name.ends_with(".weight") {
            let deviation = damping / libm::sqrtf(rows as f32);
            fill_normal(&mut params, tensor.segment, deviation, seed, &tensor.name);
        } else if tensor.name.ends_with(".scale") {
            params[tensor.segment.offset..][..tensor.segment.cols].fill(1.0);
        }
    }
    // Columns that pad the classes never enter the softmax.
    for row in 0..layout.head.inputs {
        let first = layout.head.offset + row * layout.head.outputs;
        params[first + architecture.classes..first + layout.head.outputs].fill(0.0);
    }
    params
}

fn fill_normal(params: &mut [f32], segment: Segment, deviation: f32, seed: u64, name: &str) {
    let mut stream = Stream::new(seed, &format!("init/{name}"), 0);
    for row in 0..segment.rows {
        for value in &mut params[segment.offset + row * segment.stride..][..segment.cols] {
            *value = deviation * stream.normal();
        }
    }
}
