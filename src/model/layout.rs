//! Where every tensor of the model lives in the flat parameters of a lane, `[parameters]`.

use super::patches::PatchGrid;
use crate::kernels::{
    ALIGN, Affine, HeadShape, MaskGrid, Norm, PackGrid, PackedAt, PrunableMatrix, Segment, SegmentKind, plan::Rule,
};

/// Sizes of a vision transformer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Architecture {
    /// How images divide into tokens.
    pub grid: PatchGrid,
    /// Classes to tell apart.
    pub classes: usize,
    /// Transformer blocks.
    pub layers: usize,
    /// Attention heads per block.
    pub heads: usize,
    /// Width of the residual stream.
    pub d_model: usize,
    /// Width between the two feed-forward matrices.
    pub d_ff: usize,
}

impl Architecture {
    /// Trained numbers of a lane, without those that only pad.
    pub fn parameters(&self) -> usize {
        let tokens = self.grid.tokens();
        let block = 4 * (self.d_model + 1) * self.d_model + 2 * self.d_model * self.d_ff + self.d_ff + 5 * self.d_model;
        let embed = (self.grid.features() + tokens) * self.d_model;
        embed + self.layers * block + 2 * self.d_model + (self.d_model + 1) * self.classes
    }

    /// Columns of the class scores: the classes, padded to a whole number of vectors.
    pub fn logits(&self) -> usize {
        self.classes.next_multiple_of(ALIGN)
    }

    /// Division of the activations into heads for `batch` images.
    pub fn heads(&self, batch: usize) -> HeadShape {
        HeadShape { batch, tokens: self.grid.tokens(), heads: self.heads, head_dim: self.d_model / self.heads }
    }
}

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
    /// Norm before the feed-forward network.
    pub norm2: Norm,
    /// First feed-forward matrix.
    pub ff1: Affine,
    /// Second feed-forward matrix.
    pub ff2: Affine,
}

/// The flat parameters of a whole model.
#[derive(Clone, Debug)]
pub struct ParamLayout {
    /// Patch embedding; its bias rows are the learned positions.
    pub embed: Affine,
    /// Transformer blocks, in order.
    pub blocks: Vec<BlockLayout>,
    /// Norm before the head.
    pub norm: Norm,
    /// Classification head.
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
        let at = Affine { offset: self.next, inputs, outputs, bias_rows, packed };
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
        let packed = PackedAt { column_line: self.grid.column_lines, row_line: self.grid.row_lines };
        self.prunable.push(PrunableMatrix { offset: self.next, inputs, outputs, kind, parts: parts.len(), packed });
        self.grid.matrices += 1;
        self.grid.column_lines += outputs;
        self.grid.row_lines += inputs;
        Some(packed)
    }
}

impl ParamLayout {
    /// Lays out all tensors of `architecture`.
    pub fn new(architecture: &Architecture) -> Self {
        use SegmentKind::{Dense, Ff1, Ff2, K, O, Q, V};
        let Architecture { grid, d_model, d_ff, layers, .. } = *architecture;
        let grid_of_none = PackGrid { matrices: 0, column_lines: 0, row_lines: 0 };
        let mut a = Allocator { tensors: Vec::new(), prunable: Vec::new(), grid: grid_of_none, next: 0 };
        let embed = a.affine(grid.row(), d_model, grid.tokens(), &[("embed".into(), Dense)]);
        let blocks = (0..layers)
            .map(|i| {
                let name = |part: &str| format!("blocks.{i}.{part}");
                BlockLayout {
                    norm1: a.norm(&name("norm1"), d_model),
                    qkv: a.affine(d_model, 3 * d_model, 1, &[(name("q"), Q), (name("k"), K), (name("v"), V)]),
                    output: a.affine(d_model, d_model, 1, &[(name("o"), O)]),
                    norm2: a.norm(&name("norm2"), d_model),
                    ff1: a.affine(d_model, d_ff, 1, &[(name("ff1"), Ff1)]),
                    ff2: a.affine(d_ff, d_model, 1, &[(name("ff2"), Ff2)]),
                }
            })
            .collect();
        let norm = a.norm("norm", d_model);
        let head = a.affine(d_model, architecture.logits(), 1, &[("head".into(), Dense)]);
        let Allocator { tensors, prunable, grid: pack_grid, next: len } = a;
        Self { embed, blocks, norm, head, tensors, prunable, pack_grid, len }
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

    /// Launch width of the mask kernel for lanes with these rules.
    pub fn mask_grid(&self, lanes: &[[Rule; SegmentKind::COUNT]]) -> MaskGrid {
        let segments = self.segments();
        let groups = |rules: &[Rule; SegmentKind::COUNT]| {
            segments.iter().map(|segment| rules[segment.kind.index()].runs(segment)).sum::<usize>()
        };
        MaskGrid { segments: segments.len(), groups: lanes.iter().map(groups).max().unwrap_or(0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_cover_every_parameter_exactly_once() {
        let grid = PatchGrid { height: 6, width: 6, channels: 1, patch: 3 };
        let architecture = Architecture { grid, classes: 10, layers: 2, heads: 2, d_model: 8, d_ff: 16 };
        let layout = ParamLayout::new(&architecture);
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
        assert_eq!(sparse * ALIGN, 2 * (4 * 8 * 8 + 2 * 8 * 16));
        // A patch of 9 values is padded to 12 and 10 classes to 12; all else is trained.
        assert_eq!(layout.len - architecture.parameters(), 3 * 8 + 2 * (8 + 1));
    }
}
