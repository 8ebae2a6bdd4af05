//! The whole network: embeddings, stacks of blocks, scores; forward and backward.

use super::architecture::{Architecture, Entrance, Form, StackShape};
use super::block::{Attending, BlockTape};
use super::layout::{ParamLayout, StackLayout};
use crate::kernels::{Buffer, LaneOps, Weights};
use burn::backend::Dispatch;
use burn::tensor::Tensor;

/// A transformer with pre-norm blocks and learned positions. Stateless: weights arrive with every call.
#[derive(Clone, Debug)]
pub struct Transformer {
    /// Sizes.
    pub architecture: Architecture,
    /// Where the weights are.
    pub layout: ParamLayout,
}

/// What the backward pass needs of the forward pass.
pub struct Tape {
    batch: usize,
    stacks: Vec<StackTape>,
    /// Outputs of all stacks but the last, which the next one attends to, `[lanes, d_model, rows]`.
    memories: Vec<Buffer>,
    /// What the head reads, `[lanes, d_model, answers]`.
    features: Buffer,
}

/// One stack's part of the tape.
struct StackTape {
    /// What the embedding reads.
    input: Buffer,
    blocks: Vec<BlockTape>,
    /// Output of the last block, `[lanes, d_model, rows]`.
    stream: Buffer,
    /// Statistics of the last norm.
    stats: Buffer,
}

fn sum(a: Option<Buffer>, b: Buffer) -> Buffer {
    let Some(a) = a else { return b };
    (Tensor::<3>::from_dispatch(a) + Tensor::<3>::from_dispatch(b)).into_dispatch()
}

impl Transformer {
    /// A network of these sizes.
    pub fn new(architecture: Architecture) -> Self {
        Self { layout: ParamLayout::new(&architecture), architecture }
    }

    /// Scores `[lanes, logits, batch * answers]` of `batch` samples. Every stack has an input: patches
    /// `[lanes | 1, patch values, batch * tokens]` or token ids `[lanes | 1, batch * tokens]`.
    pub fn forward(&self, inputs: &[Buffer], batch: usize, weights: &Weights) -> (Buffer, Tape) {
        let Weights { values, columns, .. } = weights;
        let shapes = self.architecture.stacks();
        let (mut stacks, mut outputs) = (Vec::with_capacity(shapes.len()), Vec::with_capacity(shapes.len()));
        for ((shape, layout), input) in shapes.iter().zip(&self.layout.stacks).zip(inputs) {
            let (output, tape) = self.stack_forward((shape, layout), input, outputs.last(), batch, weights);
            outputs.push(output);
            stacks.push(tape);
        }
        let last = outputs.pop().expect("a network has a stack");
        let features = match self.architecture.form {
            Form::Classifier { .. } => Dispatch::mean_pool(&last, shapes[0].tokens()),
            Form::Language(_) | Form::Translator { .. } => last,
        };
        let scores = Dispatch::linear(&features, values, columns, weights.of(self.layout.head));
        (scores, Tape { batch, stacks, memories: outputs, features })
    }

    /// Fills `grads` `[lanes, parameters]` with the gradient of the loss from its gradient at the scores.
    pub fn backward(&self, d_scores: &Buffer, tape: &Tape, weights: &Weights, grads: Buffer) -> Buffer {
        let shapes = self.architecture.stacks();
        let Weights { values, rows, .. } = weights;
        let (d_features, mut grads) =
            Dispatch::linear_grad(&tape.features, d_scores, values, rows, grads, weights.of(self.layout.head));
        let mut d_output = match self.architecture.form {
            Form::Classifier { .. } => Dispatch::mean_pool_grad(&d_features, shapes[0].tokens()),
            Form::Language(_) | Form::Translator { .. } => d_features,
        };
        for (at, part) in tape.stacks.iter().enumerate().rev() {
            let memory = at.checked_sub(1).map(|before| &tape.memories[before]);
            let stack = (&shapes[at], &self.layout.stacks[at]);
            let d_memory;
            (d_memory, grads) = self.stack_backward(stack, &d_output, (part, memory, tape.batch), weights, grads);
            match d_memory {
                Some(d_memory) => d_output = d_memory,
                None => break,
            }
        }
        grads
    }

    /// How block `block` of a stack attends.
    fn attending<'a>(
        &self,
        stack: &StackShape,
        block: usize,
        memory: Option<&'a Buffer>,
        batch: usize,
    ) -> Attending<'a> {
        let cross = self.architecture.cross_heads(stack, batch);
        Attending { heads: self.architecture.heads(stack, block, batch), memory: memory.zip(cross) }
    }

    /// The stack's normed output, `[lanes, d_model, batch * tokens]`.
    fn stack_forward(
        &self,
        (shape, layout): (&StackShape, &StackLayout),
        input: &Buffer,
        memory: Option<&Buffer>,
        batch: usize,
        weights: &Weights,
    ) -> (Buffer, StackTape) {
        let Weights { values, columns, .. } = weights;
        let input = match shape.entrance {
            Entrance::Patches(_) => input.clone(),
            Entrance::Text(_) => Dispatch::one_hot(input, shape.entrance.row()),
        };
        let mut stream = Dispatch::linear(&input, values, columns, weights.of(layout.embed));
        let mut blocks = Vec::with_capacity(layout.blocks.len());
        for (at, block) in layout.blocks.iter().enumerate() {
            let (output, tape) = block.forward(stream, weights, self.attending(shape, at, memory, batch));
            stream = output;
            blocks.push(tape);
        }
        let (norm, stats) = Dispatch::layer_norm(&stream, values, layout.norm);
        (norm, StackTape { input, blocks, stream, stats })
    }

    /// The gradient at the stack's memory, if it has one, and `grads` with its part filled.
    fn stack_backward(
        &self,
        (shape, layout): (&StackShape, &StackLayout),
        d_output: &Buffer,
        (tape, memory, batch): (&StackTape, Option<&Buffer>, usize),
        weights: &Weights,
        grads: Buffer,
    ) -> (Option<Buffer>, Buffer) {
        let values = &weights.values;
        let (mut d_stream, mut grads) =
            Dispatch::layer_norm_grad(d_output, &tape.stream, &tape.stats, values, grads, layout.norm);
        let mut d_memory = None;
        for (at, (block, tape)) in layout.blocks.iter().zip(&tape.blocks).enumerate().rev() {
            let to = self.attending(shape, at, memory, batch);
            let back = block.backward(&d_stream, tape, weights, grads, to);
            (d_stream, grads) = (back.input, back.params);
            d_memory = back.memory.map(|memory| sum(d_memory.take(), memory)).or(d_memory);
        }
        (d_memory, Dispatch::linear_grad_weight(&tape.input, &d_stream, grads, weights.of(layout.embed)))
    }
}
