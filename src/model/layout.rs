//! Where every tensor of the model lives in the flat parameters of a lane, `[parameters]`.

use super::architecture::{Architecture, StackShape};
use crate::kernels::{
    ALIGN, Affine, MaskGrid, Norm, PackGrid, PackedAt, PrunableMatrix, Segment, SegmentKind, Tile, plan::Rule,
};

/// A tensor inside the flat parameters: `rows x cols`, row starts `stride` apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedTensor {
    /// Dotted path, e.g. `blocks.0.ff1.weight`; also names the random stream that fills it.
    pub name: String,
    /// The rectangle it takes, with the plan row that rules it.
    pub segment: Segment,
}

/// Parameters of one transformer block.
#[derive(Clone, Copy, Debug)]
pub struct BlockLayout {
    /// Norm before the attention.
    pub norm1: Norm,
    /// Queries, keys and values as one map of `3 * d_model` outputs.
    pub qkv: Affine,
    /// Attention output projection.
    pub output: Affine,
    /// Attention to the stack before, in a decoder.
    pub cross: Option<CrossLayout>,
    /// Norm before the feed-forward network.
    pub norm2: Norm,
    /// First feed-forward matrix.
    pub ff1: Affine,
    /// Second feed-forward matrix.
    pub ff2: Affine,
}

/// Parameters of one block's cross-attention.
#[derive(Clone, Copy, Debug)]
pub struct CrossLayout {
    /// Norm before it.
    pub norm: Norm,
    /// Queries.
    pub query: Affine,
    /// Keys and values of the memory as one map of `2 * d_model` outputs.
    pub key_value: Affine,
    /// Output projection.
    pub output: Affine,
}

/// Parameters of one stack.
#[derive(Clone, Debug)]
pub struct StackLayout {
    /// Embedding of patches or tokens; its bias rows are the learned positions.
    pub embed: Affine,
    /// Transformer blocks, in order.
    pub blocks: Vec<BlockLayout>,
    /// Norm after the last block.
    pub norm: Norm,
}

/// The flat parameters of a whole model.
#[derive(Clone, Debug)]
pub struct ParamLayout {
    /// Stacks, in the order of [`Architecture::stacks`].
    pub stacks: Vec<StackLayout>,
    /// Class scores.
    pub head: Affine,
    /// Every tensor, in memory order, without gaps.
    pub tensors: Vec<NamedTensor>,
    /// The matrices that a recipe may prune.
    pub prunable: Vec<PrunableMatrix>,
    /// Size of their packed forms.
    pub pack_grid: PackGrid,
    /// Floats per lane.
    pub len: usize,
}

/// Hands out consecutive ranges and remembers their names.
struct Allocator {
    tensors: Vec<NamedTensor>,
    prunable: Vec<PrunableMatrix>,
    grid: PackGrid,
    next: usize,
}

impl Allocator {
    fn push(&mut self, name: String, segment: Segment) {
        self.tensors.push(NamedTensor { name, segment });
    }

    fn run(&mut self, name: String, len: usize) -> usize {
        let offset = self.next;
        self.push(name, Segment { offset, rows: 1, cols: len, stride: len, kind: SegmentKind::Dense });
        self.next += len;
        offset
    }

    fn norm(&mut self, name: &str, features: usize) -> Norm {
        let offset = self.run(format!("{name}.scale"), features);
        self.run(format!("{name}.shift"), features);
        Norm { offset, features }
    }

    /// An affine map whose output columns divide evenly among `parts`, each with its own kind.
    fn affine(&mut self, inputs: usize, outputs: usize, bias_rows: usize, parts: &[(String, SegmentKind)]) -> Affine {
        let packed = self.prunable(inputs, outputs, parts);
        let at = Affine { offset: self.next, inputs, outputs, bias_rows, packed, tile: Tile::default() };
        let cols = outputs / parts.len();
        for (i, (name, kind)) in parts.iter().enumerate() {
            let segment = Segment { offset: at.offset + i * cols, rows: inputs, cols, stride: outputs, kind: *kind };
            self.push(format!("{name}.weight"), segment);
        }
        for (i, (name, _)) in parts.iter().enumerate() {
            let offset = at.bias_offset() + i * cols;
            let segment = Segment { offset, rows: bias_rows, cols, stride: outputs, kind: SegmentKind::Dense };
            self.push(format!("{name}.bias"), segment);
        }
        self.next += at.len();
        at
    }

    /// Lines of the next matrix in the packed forms, when its parts may be pruned.
    fn prunable(&mut self, inputs: usize, outputs: usize, parts: &[(String, SegmentKind)]) -> Option<PackedAt> {
        let kind = parts[0].1;
        if kind == SegmentKind::Dense {
            return None;
        }
        let packed = PackedAt::new(self.grid.column_lines, self.grid.row_lines, kind, parts.len());
        self.prunable.push(PrunableMatrix { offset: self.next, inputs, outputs, packed });
        self.grid.matrices += 1;
        self.grid.column_lines += outputs;
        self.grid.row_lines += inputs;
        Some(packed)
    }
}

impl Allocator {
    fn stack(&mut self, stack: &StackShape, sizes: &Architecture) -> StackLayout {
        let (prefix, d_model) = (stack.prefix, sizes.d_model);
        let embedding = (format!("{prefix}embed"), SegmentKind::Dense);
        StackLayout {
            embed: self.affine(stack.entrance.row(), d_model, stack.tokens(), &[embedding]),
            blocks: (0..sizes.layers).map(|i| self.block(&format!("{prefix}blocks.{i}"), stack, sizes)).collect(),
            norm: self.norm(&format!("{prefix}norm"), d_model),
        }
    }

    fn block(&mut self, block: &str, stack: &StackShape, sizes: &Architecture) -> BlockLayout {
        use SegmentKind::{Ff1, Ff2, K, O, Q, V};
        let Architecture { d_model, d_ff, .. } = *sizes;
        let name = |part: &str| format!("{block}.{part}");
        BlockLayout {
            norm1: self.norm(&name("norm1"), d_model),
            qkv: self.affine(d_model, 3 * d_model, 1, &[(name("q"), Q), (name("k"), K), (name("v"), V)]),
            output: self.affine(d_model, d_model, 1, &[(name("o"), O)]),
            cross: stack.memory_tokens.map(|_| CrossLayout {
                norm: self.norm(&name("cross.norm"), d_model),
                query: self.affine(d_model, d_model, 1, &[(name("cross.q"), Q)]),
                key_value: self.affine(d_model, 2 * d_model, 1, &[(name("cross.k"), K), (name("cross.v"), V)]),
                output: self.affine(d_model, d_model, 1, &[(name("cross.o"), O)]),
            }),
            norm2: self.norm(&name("norm2"), d_model),
            ff1: self.affine(d_model, d_ff, 1, &[(name("ff1"), Ff1)]),
            ff2: self.affine(d_ff, d_model, 1, &[(name("ff2"), Ff2)]),
        }
    }
}

impl ParamLayout {
    /// Lays out all tensors of `architecture`.
    pub fn new(architecture: &Architecture) -> Self {
        let grid_of_none = PackGrid { matrices: 0, column_lines: 0, row_lines: 0 };
        let mut a = Allocator { tensors: Vec::new(), prunable: Vec::new(), grid: grid_of_none, next: 0 };
        let stacks = architecture.stacks().iter().map(|stack| a.stack(stack, architecture)).collect();
        let head = a.affine(architecture.d_model, architecture.logits(), 1, &[("head".into(), SegmentKind::Dense)]);
        let Allocator { tensors, prunable, grid: pack_grid, next: len } = a;
        Self { stacks, head, tensors, prunable, pack_grid, len }
    }

    /// The rectangles of all tensors: together they cover the parameters exactly once.
    pub fn segments(&self) -> Vec<Segment> {
        self.tensors.iter().map(|tensor| tensor.segment).collect()
    }

    /// The plan row of every vector of parameters, `[len / 4]`.
    pub fn kinds(&self) -> Vec<f32> {
        let mut kinds = vec![0.0; self.len / ALIGN];
        for segment in self.segments() {
            for row in 0..segment.rows {
                let first = (segment.offset + row * segment.stride) / ALIGN;
                kinds[first..first + segment.cols / ALIGN].fill(segment.kind.index() as f32);
            }
        }
        kinds
    }

    /// Launch of the mask kernel for lanes with these rules.
    pub fn mask_grid(&self, lanes: &[[Rule; SegmentKind::COUNT]]) -> MaskGrid {
        MaskGrid::new(&self.segments(), lanes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Form, PatchGrid, TextShape};

    fn sizes(form: Form) -> Architecture {
        Architecture { form, layers: 2, heads: 2, d_model: 8, d_ff: 16 }
    }

    /// Padding and prunable weights of a network all of whose parameters are laid out exactly once.
    fn covered(architecture: &Architecture) -> (usize, usize) {
        let layout = ParamLayout::new(architecture);
        let mut seen = vec![0; layout.len];
        for segment in layout.segments() {
            for row in 0..segment.rows {
                for col in 0..segment.cols {
                    seen[segment.offset + row * segment.stride + col] += 1;
                }
            }
        }
        assert!(seen.iter().all(|count| *count == 1));
        let sparse = layout.kinds().iter().filter(|kind| **kind != SegmentKind::Dense.index() as f32).count();
        (layout.len - architecture.parameters(), sparse * ALIGN)
    }

    #[test]
    fn segments_cover_every_parameter_exactly_once() {
        let block = 4 * 8 * 8 + 2 * 8 * 16;
        let grid = PatchGrid { height: 6, width: 6, channels: 1, patch: 3 };
        // A patch of 9 values is padded to 12 and 10 classes to 12; all else is trained.
        let classifier = sizes(Form::Classifier { grid, classes: 10, window: None });
        assert_eq!(covered(&classifier), (3 * 8 + 2 * (8 + 1), 2 * block));
        // A vocabulary of 5 is padded to 8 at both ends.
        let text = TextShape { vocabulary: 5, tokens: 7 };
        assert_eq!(covered(&sizes(Form::Language(text))), (3 * 8 + 3 * (8 + 1), 2 * block));
        let target = TextShape { vocabulary: 6, tokens: 3 };
        let translator = sizes(Form::Translator { source: text, target });
        assert_eq!(covered(&translator), (3 * 8 + 2 * 8 + 2 * (8 + 1), 4 * block + 2 * 4 * 8 * 8));
    }
}
