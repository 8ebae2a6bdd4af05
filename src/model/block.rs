//! One pre-norm transformer block: `x + attention(norm(x))`, then `x + mlp(norm(x))`.

use super::layout::BlockLayout;
use crate::kernels::{Buffer, HeadShape, LaneOps};
use burn::backend::Dispatch;

/// What the backward pass needs of the forward pass; all `[lanes, rows, features]`.
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
    /// `[lanes, rows, d_model] -> [lanes, rows, d_model]` and the tape.
    pub fn forward(&self, input: Buffer, weights: &Buffer, heads: HeadShape) -> (Buffer, BlockTape) {
        let (norm1, stats1) = Dispatch::layer_norm(&input, weights, self.norm1);
        let qkv = Dispatch::linear(&norm1, weights, self.qkv);
        let (context, log_sum_exp) = Dispatch::attention(&qkv, heads);
        let middle = Dispatch::linear_add(&context, weights, self.output, &input);
        let (norm2, stats2) = Dispatch::layer_norm(&middle, weights, self.norm2);
        let (hidden, activated) = Dispatch::linear_gelu(&norm2, weights, self.ff1);
        let output = Dispatch::linear_add(&activated, weights, self.ff2, &middle);
        let tape =
            BlockTape { input, norm1, stats1, qkv, context, log_sum_exp, middle, norm2, stats2, hidden, activated };
        (output, tape)
    }

    /// Gradient at the block's input from the gradient at its output; fills the block's part of `grads`.
    pub fn backward(
        &self,
        d_output: &Buffer,
        tape: &BlockTape,
        weights: &Buffer,
        grads: Buffer,
        heads: HeadShape,
    ) -> (Buffer, Buffer) {
        let grads = Dispatch::linear_grad_weight(&tape.activated, d_output, grads, self.ff2);
        let d_hidden = Dispatch::linear_grad_input_gelu(d_output, weights, self.ff2, &tape.hidden);
        let grads = Dispatch::linear_grad_weight(&tape.norm2, &d_hidden, grads, self.ff1);
        let d_norm2 = Dispatch::linear_grad_input(&d_hidden, weights, self.ff1);
        let grads = Dispatch::layer_norm_grad_weight(&d_norm2, &tape.middle, &tape.stats2, grads, self.norm2);
        let d_middle =
            Dispatch::layer_norm_grad_input_add(&d_norm2, &tape.middle, &tape.stats2, weights, self.norm2, d_output);
        let grads = Dispatch::linear_grad_weight(&tape.context, &d_middle, grads, self.output);
        let d_context = Dispatch::linear_grad_input(&d_middle, weights, self.output);
        let d_qkv = Dispatch::attention_grad(&d_context, &tape.qkv, &tape.context, &tape.log_sum_exp, heads);
        let grads = Dispatch::linear_grad_weight(&tape.norm1, &d_qkv, grads, self.qkv);
        let d_norm1 = Dispatch::linear_grad_input(&d_qkv, weights, self.qkv);
        let grads = Dispatch::layer_norm_grad_weight(&d_norm1, &tape.input, &tape.stats1, grads, self.norm1);
        let d_input =
            Dispatch::layer_norm_grad_input_add(&d_norm1, &tape.input, &tape.stats1, weights, self.norm1, &d_middle);
        (d_input, grads)
    }
}
