//! The whole network: patch embedding, blocks, mean over tokens, class scores; forward and backward.

use super::block::BlockTape;
use super::layout::{Architecture, ParamLayout};
use crate::kernels::{Buffer, LaneOps, Weights};
use burn::backend::Dispatch;

/// A vision transformer (Dosovitskiy et al. 2020, arXiv 2010.11929) that averages its tokens before the
/// head. Stateless: weights arrive with every call.
#[derive(Clone, Debug)]
pub struct VisionTransformer {
    /// Sizes.
    pub architecture: Architecture,
    /// Where the weights are.
    pub layout: ParamLayout,
}

/// What the backward pass needs of the forward pass.
pub struct Tape {
    batch: usize,
    patches: Buffer,
    blocks: Vec<BlockTape>,
    /// Output of the last block, `[lanes, d_model, batch * tokens]`.
    stream: Buffer,
    /// Statistics of the last norm.
    stats: Buffer,
    /// Mean token, `[lanes, d_model, batch]`.
    pooled: Buffer,
}

impl VisionTransformer {
    /// A network of these sizes.
    pub fn new(architecture: Architecture) -> Self {
        Self { layout: ParamLayout::new(&architecture), architecture }
    }

    /// Class scores `[lanes, logits, batch]` of `batch` images given as patches
    /// `[lanes | 1, patch features, batch * tokens]`.
    pub fn forward(&self, patches: Buffer, batch: usize, weights: &Weights) -> (Buffer, Tape) {
        let heads = self.architecture.heads(batch);
        let Weights { values, columns, .. } = weights;
        let mut stream = Dispatch::linear(&patches, values, columns, self.layout.embed);
        let mut blocks = Vec::with_capacity(self.layout.blocks.len());
        for block in &self.layout.blocks {
            let (output, tape) = block.forward(stream, weights, heads);
            stream = output;
            blocks.push(tape);
        }
        let (norm, stats) = Dispatch::layer_norm(&stream, values, self.layout.norm);
        let pooled = Dispatch::mean_pool(&norm, heads.tokens);
        let scores = Dispatch::linear(&pooled, values, columns, self.layout.head);
        (scores, Tape { batch, patches, blocks, stream, stats, pooled })
    }

    /// Fills `grads` `[lanes, parameters]` with the gradient of the loss from its gradient at the scores.
    pub fn backward(&self, d_scores: &Buffer, tape: &Tape, weights: &Weights, grads: Buffer) -> Buffer {
        let heads = self.architecture.heads(tape.batch);
        let Weights { values, rows, .. } = weights;
        let (d_pooled, grads) = Dispatch::linear_grad(&tape.pooled, d_scores, values, rows, grads, self.layout.head);
        let d_norm = Dispatch::mean_pool_grad(&d_pooled, heads.tokens);
        let (mut d_stream, mut grads) =
            Dispatch::layer_norm_grad(&d_norm, &tape.stream, &tape.stats, values, grads, self.layout.norm);
        for (block, tape) in self.layout.blocks.iter().zip(&tape.blocks).rev() {
            (d_stream, grads) = block.backward(&d_stream, tape, weights, grads, heads);
        }
        Dispatch::linear_grad_weight(&tape.patches, &d_stream, grads, self.layout.embed)
    }
}
