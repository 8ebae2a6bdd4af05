//! Sizes of a network, and the stacks of blocks it is made of.

use super::patches::PatchGrid;
use crate::kernels::{ALIGN, AttentionSpan, HeadShape, Tile};

/// A text as the network reads or writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextShape {
    /// Different tokens.
    pub vocabulary: usize,
    /// Tokens per sequence.
    pub tokens: usize,
}

/// What a network reads, what it writes, and so what it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A class for every image: one encoder, whose tokens are averaged before the head (Dosovitskiy et al. 2020,
    /// arXiv 2010.11929).
    Classifier {
        /// How images divide into tokens.
        grid: PatchGrid,
        /// Classes to tell apart.
        classes: usize,
        /// Side of the attention windows in tokens; every other block moves them by half of it (Liu et al. 2021,
        /// arXiv 2103.14030). `None` is full attention.
        window: Option<usize>,
    },
    /// The next token after every token: one stack with causal attention.
    Language(TextShape),
    /// One text for another: an encoder, and a decoder that attends to its output (Vaswani et al. 2017).
    Translator {
        /// What the encoder reads.
        source: TextShape,
        /// What the decoder reads and continues.
        target: TextShape,
    },
}

/// Sizes of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Architecture {
    /// What it reads and writes.
    pub form: Form,
    /// Transformer blocks per stack.
    pub layers: usize,
    /// Attention heads per block.
    pub heads: usize,
    /// Width of the residual stream.
    pub d_model: usize,
    /// Width between the two feed-forward matrices.
    pub d_ff: usize,
}

/// How samples enter a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// As the pixels of their patches.
    Patches(PatchGrid),
    /// As token ids.
    Text(TextShape),
}

/// A stack of blocks with its own input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackShape {
    /// What its tensors' names begin with.
    pub prefix: &'static str,
    /// How samples enter it.
    pub entrance: Entrance,
    /// What self-attention sees in even blocks and in odd ones.
    pub spans: [AttentionSpan; 2],
    /// Tokens of the stack before, to which its blocks attend as well.
    pub memory_tokens: Option<usize>,
}

impl Entrance {
    /// Tokens per sequence.
    pub fn tokens(&self) -> usize {
        match self {
            Self::Patches(grid) => grid.tokens(),
            Self::Text(text) => text.tokens,
        }
    }

    /// Inputs of the embedding: values of a patch, or tokens to choose from.
    pub fn features(&self) -> usize {
        match self {
            Self::Patches(grid) => grid.features(),
            Self::Text(text) => text.vocabulary,
        }
    }

    /// [`features`](Self::features), padded to a whole number of vectors.
    pub fn row(&self) -> usize {
        self.features().next_multiple_of(ALIGN)
    }
}

impl StackShape {
    fn new(prefix: &'static str, entrance: Entrance, span: AttentionSpan) -> Self {
        Self { prefix, entrance, spans: [span; 2], memory_tokens: None }
    }

    /// Tokens per sequence.
    pub fn tokens(&self) -> usize {
        self.entrance.tokens()
    }

    /// Maps per block that write to the residual stream.
    pub fn residual_writes(&self) -> usize {
        if self.memory_tokens.is_some() { 3 } else { 2 }
    }
}

/// Windows of even and of odd blocks. A window that holds the whole grid has nowhere to move.
fn window_spans(grid: &PatchGrid, side: usize) -> [AttentionSpan; 2] {
    let (down, across) = (grid.height / grid.patch, grid.width / grid.patch);
    let shift = if side < down.max(across) { side / 2 } else { 0 };
    [0, shift].map(|shift| AttentionSpan::Windows { across, side, shift })
}

impl Architecture {
    /// Its stacks; each attends to the one before, and the last one leads to the head.
    pub fn stacks(&self) -> Vec<StackShape> {
        match self.form {
            Form::Classifier { grid, window, .. } => {
                let stack = StackShape::new("", Entrance::Patches(grid), AttentionSpan::Full);
                let spans = window.map_or(stack.spans, |side| window_spans(&grid, side));
                vec![StackShape { spans, ..stack }]
            }
            Form::Language(text) => vec![StackShape::new("", Entrance::Text(text), AttentionSpan::Causal)],
            Form::Translator { source, target } => {
                let decoder = StackShape::new("decoder.", Entrance::Text(target), AttentionSpan::Causal);
                vec![
                    StackShape::new("encoder.", Entrance::Text(source), AttentionSpan::Full),
                    StackShape { memory_tokens: Some(source.tokens), ..decoder },
                ]
            }
        }
    }

    /// Classes or tokens to choose from.
    pub fn classes(&self) -> usize {
        match self.form {
            Form::Classifier { classes, .. } => classes,
            Form::Language(text) | Form::Translator { target: text, .. } => text.vocabulary,
        }
    }

    /// Columns of the class scores: the classes, padded to a whole number of vectors.
    pub fn logits(&self) -> usize {
        self.classes().next_multiple_of(ALIGN)
    }

    /// Choices that the network makes for a sample: one, or one for every token.
    pub fn answers(&self) -> usize {
        match self.form {
            Form::Classifier { .. } => 1,
            Form::Language(text) | Form::Translator { target: text, .. } => text.tokens,
        }
    }

    /// Trained numbers of a lane, without those that only pad.
    pub fn parameters(&self) -> usize {
        let d = self.d_model;
        let attention = 4 * (d + 1) * d;
        let stack = |stack: StackShape| {
            let cross = if stack.memory_tokens.is_some() { attention + 2 * d } else { 0 };
            let block = attention + cross + 2 * d * self.d_ff + self.d_ff + 5 * d;
            (stack.entrance.features() + stack.tokens()) * d + self.layers * block + 2 * d
        };
        self.stacks().into_iter().map(stack).sum::<usize>() + (d + 1) * self.classes()
    }

    /// Heads of self-attention in block `block` of `stack` for `batch` sequences.
    pub fn heads(&self, stack: &StackShape, block: usize, batch: usize) -> HeadShape {
        let (tokens, span) = (stack.tokens(), stack.spans[block % 2]);
        let head_dim = self.d_model / self.heads;
        HeadShape { batch, tokens, keys: tokens, heads: self.heads, head_dim, span, tile: Tile::default() }
    }

    /// Heads of cross-attention, the same in all blocks of `stack`.
    pub fn cross_heads(&self, stack: &StackShape, batch: usize) -> Option<HeadShape> {
        let keys = stack.memory_tokens?;
        Some(HeadShape { keys, span: AttentionSpan::Full, ..self.heads(stack, 0, batch) })
    }
}
