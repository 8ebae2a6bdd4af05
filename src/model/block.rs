//! One pre-norm transformer block: `x + attention(norm(x))`, in a decoder cross-attention, then `x + mlp(norm(x))`.

use super::cross::CrossTape;
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
    cross: Option<(Buffer, CrossTape)>,
    middle: Buffer,
    norm2: Buffer,
    stats2: Buffer,
    hidden: Buffer,
    activated: Buffer,
}

/// How a block attends: to its own sequence, and to what memory.
#[derive(Clone, Copy)]
pub struct Attending<'a> {
    /// Heads of self-attention.
    pub heads: HeadShape,
    /// The encoder's output `[lanes, d_model, key rows]` and the heads of cross-attention.
    pub memory: Option<(&'a Buffer, HeadShape)>,
}

/// Gradients that leave a block.
pub struct BlockGrads {
    /// At its input.
    pub input: Buffer,
    /// At the memory.
    pub memory: Option<Buffer>,
    /// Of the parameters of all lanes, with the block's part filled.
    pub params: Buffer,
}

impl BlockLayout {
    /// `[lanes, d_model, rows] -> [lanes, d_model, rows]` and the tape.
    pub fn forward(&self, input: Buffer, weights: &Weights, to: Attending) -> (Buffer, BlockTape) {
        let Weights { values, columns, .. } = weights;
        let (norm1, stats1) = Dispatch::layer_norm(&input, values, self.norm1);
        let qkv = Dispatch::linear(&norm1, values, columns, weights.of(self.qkv));
        let (context, log_sum_exp) = Dispatch::attention(&qkv, weights.heads(to.heads));
        let attended = Dispatch::linear_add(&context, values, columns, weights.of(self.output), &input);
        let (middle, cross) = match (&self.cross, to.memory) {
            (Some(cross), Some((memory, heads))) => {
                let (middle, tape) = cross.forward(&attended, memory, weights, heads);
                (middle, Some((attended, tape)))
            }
            _ => (attended, None),
        };
        let (norm2, stats2) = Dispatch::layer_norm(&middle, values, self.norm2);
        let (hidden, activated) = Dispatch::linear_gelu(&norm2, values, columns, weights.of(self.ff1));
        let output = Dispatch::linear_add(&activated, values, columns, weights.of(self.ff2), &middle);
        let tape = BlockTape {
            input,
            norm1,
            stats1,
            qkv,
            context,
            log_sum_exp,
            cross,
            middle,
            norm2,
            stats2,
            hidden,
            activated,
        };
        (output, tape)
    }

    /// Gradients from the one at the block's output.
    pub fn backward(
        &self,
        d_output: &Buffer,
        tape: &BlockTape,
        weights: &Weights,
        grads: Buffer,
        to: Attending,
    ) -> BlockGrads {
        let Weights { values, rows, .. } = weights;
        let BlockTape { input, norm1, stats1, qkv, context, log_sum_exp, .. } = tape;
        let BlockTape { cross, middle, norm2, stats2, hidden, activated, .. } = tape;
        let (d_hidden, grads) =
            Dispatch::linear_grad_gelu(activated, d_output, values, rows, hidden, grads, weights.of(self.ff2));
        let (d_norm2, grads) = Dispatch::linear_grad(norm2, &d_hidden, values, rows, grads, weights.of(self.ff1));
        let (d_middle, grads) =
            Dispatch::layer_norm_grad_add(&d_norm2, middle, stats2, values, d_output, grads, self.norm2);
        let (d_attended, memory, grads) = match (&self.cross, to.memory, cross) {
            (Some(layout), Some((memory, heads)), Some((attended, tape))) => {
                let (d_attended, d_memory, grads) =
                    layout.backward(&d_middle, (attended, memory), tape, weights, grads, heads);
                (d_attended, Some(d_memory), grads)
            }
            _ => (d_middle, None, grads),
        };
        let (d_context, grads) =
            Dispatch::linear_grad(context, &d_attended, values, rows, grads, weights.of(self.output));
        let d_qkv = Dispatch::attention_grad(&d_context, qkv, context, log_sum_exp, weights.heads(to.heads));
        let (d_norm1, grads) = Dispatch::linear_grad(norm1, &d_qkv, values, rows, grads, weights.of(self.qkv));
        let (input, params) =
            Dispatch::layer_norm_grad_add(&d_norm1, input, stats1, values, &d_attended, grads, self.norm1);
        BlockGrads { input, memory, params }
    }
}
