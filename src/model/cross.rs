//! Cross-attention in a decoder's block: `x + attention(norm(x), memory)`, where the memory is the encoder's output.

use super::layout::CrossLayout;
use crate::kernels::{Buffer, HeadShape, LaneOps, Weights};
use burn::backend::Dispatch;

/// What the backward pass needs of the forward pass; all `[lanes, features, rows]`.
pub struct CrossTape {
    norm: Buffer,
    stats: Buffer,
    query: Buffer,
    key_value: Buffer,
    context: Buffer,
    log_sum_exp: Buffer,
}

impl CrossLayout {
    /// `input` `[lanes, d_model, rows]`, `memory` `[lanes, d_model, key rows]` -> `[lanes, d_model, rows]` and the tape.
    pub fn forward(&self, input: &Buffer, memory: &Buffer, weights: &Weights, heads: HeadShape) -> (Buffer, CrossTape) {
        let Weights { values, columns, .. } = weights;
        let (norm, stats) = Dispatch::layer_norm(input, values, self.norm);
        let query = Dispatch::linear(&norm, values, columns, weights.of(self.query));
        let key_value = Dispatch::linear(memory, values, columns, weights.of(self.key_value));
        let (context, log_sum_exp) = Dispatch::cross_attention(&query, &key_value, weights.heads(heads));
        let output = Dispatch::linear_add(&context, values, columns, weights.of(self.output), input);
        (output, CrossTape { norm, stats, query, key_value, context, log_sum_exp })
    }

    /// Gradients at the input and at the memory from the one at the output; fills this part of `grads`.
    pub fn backward(
        &self,
        d_output: &Buffer,
        (input, memory): (&Buffer, &Buffer),
        tape: &CrossTape,
        weights: &Weights,
        grads: Buffer,
        heads: HeadShape,
    ) -> (Buffer, Buffer, Buffer) {
        let Weights { values, rows, .. } = weights;
        let CrossTape { norm, stats, query, key_value, context, log_sum_exp } = tape;
        let (d_context, grads) = Dispatch::linear_grad(context, d_output, values, rows, grads, weights.of(self.output));
        let (d_query, d_key_value) =
            Dispatch::cross_attention_grad(&d_context, query, key_value, context, log_sum_exp, weights.heads(heads));
        let (d_memory, grads) =
            Dispatch::linear_grad(memory, &d_key_value, values, rows, grads, weights.of(self.key_value));
        let (d_norm, grads) = Dispatch::linear_grad(norm, &d_query, values, rows, grads, weights.of(self.query));
        let (d_input, grads) = Dispatch::layer_norm_grad_add(&d_norm, input, stats, values, d_output, grads, self.norm);
        (d_input, d_memory, grads)
    }
}
