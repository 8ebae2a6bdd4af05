//! One pre-norm transformer block: `x + attention(norm(x))`, then `x + mlp(norm(x))`.

use super::layout::BlockLayout;
use crate::kernels::{Buffer, HeadShape, LaneOps, Weights};
use burn::backend::Dispatch;

/// What the backward pass needs of the forward pass; all `[lanes, features, rows]`.
pub struct BlockTape {
    input: Buffer,
    norm1: Buffer,
    stats1: Buffer,
    qkv: Buffer,
    context: Buffer,
    log_sum_exp: Buffer,
    middle: Buffer,
    norm2: Buffer,
    stats2: Buffer,
    hidden: Buffer,
    activated: Buffer,
}

impl BlockLayout {
    /// `[lanes, d_model, rows] -> [lanes, d_model, rows]` and the tape.
    pub fn forward(&self, input: Buffer, weights: &Weights, heads: HeadShape) -> (Buffer, BlockTape) {
        let Weights { values, columns, .. } = weights;
        let (norm1, stats1) = Dispatch::layer_norm(&input, values, self.norm1);
        let qkv = Dispatch::linear(&norm1, values, columns, self.qkv);
        let (context, log_sum_exp) = Dispatch::attention(&qkv, heads);
        let middle = Dispatch::linear_add(&context, values, columns, self.output, &input);
        let (norm2, stats2) = Dispatch::layer_norm(&middle, values, self.norm2);
        let (hidden, activated) = Dispatch::linear_gelu(&norm2, values, columns, self.ff1);
        let output = Dispatch::linear_add(&activated, values, columns, self.ff2, &middle);
        let tape =
            BlockTape { input, norm1, stats1, qkv, context, log_sum_exp, middle, norm2, stats2, hidden, activated };
        (output, tape)
    }

    /// Gradient at the block's input from the gradient at its output; fills the block's part of `grads`.
    pub fn backward(
        &self,
        d_output: &Buffer,
        tape: &BlockTape,
        weights: &Weights,
        grads: Buffer,
        heads: HeadShape,
    ) -> (Buffer, Buffer) {
        let Weights { values, rows, .. } = weights;
        let BlockTape { input, norm1, stats1, qkv, context, log_sum_exp, middle, norm2, stats2, hidden, activated } =
            tape;
        let (d_hidden, grads) = Dispatch::linear_grad_gelu(activated, d_output, values, rows, hidden, grads, self.ff2);
        let (d_norm2, grads) = Dispatch::linear_grad(norm2, &d_hidden, values, rows, grads, self.ff1);
        let (d_middle, grads) =
            Dispatch::layer_norm_grad_add(&d_norm2, middle, stats2, values, d_output, grads, self.norm2);
        let (d_context, grads) = Dispatch::linear_grad(context, &d_middle, values, rows, grads, self.output);
        let d_qkv = Dispatch::attention_grad(&d_context, qkv, context, log_sum_exp, heads);
        let (d_norm1, grads) = Dispatch::linear_grad(norm1, &d_qkv, values, rows, grads, self.qkv);
        Dispatch::layer_norm_grad_add(&d_norm1, input, stats1, values, &d_middle, grads, self.norm1)
    }
}
