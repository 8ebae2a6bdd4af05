//! Initial parameters: a pure function of the architecture and the seed.

use super::architecture::{Architecture, Entrance, StackShape};
use super::layout::{NamedTensor, ParamLayout};
use crate::kernels::Segment;
use crate::random::Stream;

/// Standard deviation of the learned positions of patches.
const POSITION_DEVIATION: f32 = 0.02;

/// Flat parameters `[parameters]` of one lane.
///
/// Matrices are normal with deviation `1 / sqrt(inputs)`; those of a block that write to the residual stream are scaled
/// by a further `1 / sqrt(writes)` (Radford et al. 2019, GPT-2). Embedded tokens and their positions are of equal
/// variance and add up to 1. Biases are zero, norms start as the identity. Every tensor draws from a stream of its own
/// name.
#[allow(clippy::case_sensitive_file_extension_comparisons, reason = "names of tensors, not of files")]
pub fn initial_params(architecture: &Architecture, layout: &ParamLayout, seed: u64) -> Vec<f32> {
    let mut params = vec![0.0; layout.len];
    let stacks = architecture.stacks();
    for tensor in &layout.tensors {
        let NamedTensor { name, segment } = tensor;
        let stack = stacks.iter().find(|stack| name.starts_with(stack.prefix));
        let (used, deviation) = stack.map_or((*segment, plain(segment)), |stack| normal(stack, tensor, architecture));
        if name.ends_with(".scale") {
            params[segment.offset..][..segment.cols].fill(1.0);
        } else if name.ends_with(".weight") || name.ends_with("embed.bias") {
            fill_normal(&mut params, used, deviation, seed, name);
        }
    }
    // Columns that pad the classes never enter the softmax.
    for row in 0..layout.head.inputs {
        let first = layout.head.offset + row * layout.head.outputs;
        params[first + architecture.classes()..first + layout.head.outputs].fill(0.0);
    }
    params
}

fn plain(segment: &Segment) -> f32 {
    1.0 / libm::sqrtf(segment.rows as f32)
}

/// The part of a stack's tensor that starts at random, and its deviation.
#[allow(clippy::case_sensitive_file_extension_comparisons, reason = "names of tensors, not of files")]
fn normal(stack: &StackShape, NamedTensor { name, segment }: &NamedTensor, sizes: &Architecture) -> (Segment, f32) {
    let half = 1.0 / libm::sqrtf(2.0);
    if name.ends_with("embed.weight") {
        // Rows that pad a patch or a vocabulary always see zeros: they stay zero and out of every norm.
        let features = stack.entrance.features();
        let used = Segment { rows: features, ..*segment };
        return match stack.entrance {
            Entrance::Patches(_) => (used, 1.0 / libm::sqrtf(features as f32)),
            Entrance::Text(_) => (used, half),
        };
    }
    if name.ends_with("embed.bias") {
        return (*segment, if matches!(stack.entrance, Entrance::Text(_)) { half } else { POSITION_DEVIATION });
    }
    let residual = name.ends_with(".o.weight") || name.ends_with(".ff2.weight");
    let writes = (stack.residual_writes() * sizes.layers) as f32;
    let damping = if residual { 1.0 / libm::sqrtf(writes) } else { 1.0 };
    (*segment, damping / libm::sqrtf(segment.rows as f32))
}

fn fill_normal(params: &mut [f32], segment: Segment, deviation: f32, seed: u64, name: &str) {
    let mut stream = Stream::new(seed, &format!("init/{name}"), 0);
    for row in 0..segment.rows {
        for value in &mut params[segment.offset + row * segment.stride..][..segment.cols] {
            *value = deviation * stream.normal();
        }
    }
}
