//! Where things live in the flat parameter vector of a lane, and how activations divide into heads.

use super::{plan::Rule, products::Tile};

/// Widths and offsets are multiples of this many floats: one four-wide vector.
pub const ALIGN: usize = 4;

/// An affine map `y = W^T x + b` inside the flat parameters: `inputs` rows of `W`, `[inputs, outputs]`,
/// directly followed by `bias_rows` rows of bias, each `outputs` wide.
///
/// With `bias_rows > 1` row `r` of the input gets bias row `r % bias_rows`: a bias per token, which is
/// how learned positions are added by the patch embedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affine {
    /// First float of `W`.
    pub offset: usize,
    /// Input features.
    pub inputs: usize,
    /// Output features.
    pub outputs: usize,
    /// Number of bias rows.
    pub bias_rows: usize,
    /// Where the packed form of `W` is found; `None` for a map that no lane reads packed.
    pub packed: Option<PackedAt>,
    /// How dense products are cut up.
    pub tile: Tile,
}

/// Place of a matrix in the two packed forms of the parameters (see `kernels/packed.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackedAt {
    /// Line of the first column of `W` among the lines of all packed columns.
    pub column_line: usize,
    /// Line of the first row of `W` among the lines of all packed rows.
    pub row_line: usize,
    /// Kind of the matrix, of its first part where it has several.
    pub kind: SegmentKind,
    /// Parts into which the columns divide evenly, of consecutive kinds: queries, keys and values share one matrix but
    /// not one rule.
    pub parts: usize,
    /// Whether all lanes read all of the matrix packed. Otherwise the headers of its lines tell.
    pub everywhere: bool,
}

impl PackedAt {
    /// A matrix of which nothing more is known than the headers of its lines tell.
    pub const fn new(column_line: usize, row_line: usize, kind: SegmentKind, parts: usize) -> Self {
        Self { column_line, row_line, kind, parts, everywhere: false }
    }
}

impl Affine {
    /// First float of the bias.
    pub fn bias_offset(&self) -> usize {
        self.offset + self.inputs * self.outputs
    }

    /// Floats taken by weights and bias.
    pub fn len(&self) -> usize {
        (self.inputs + self.bias_rows) * self.outputs
    }

    /// Whether the map has no parameters.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Scale and shift of a layer norm: `features` scales, then `features` shifts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Norm {
    /// First float of the scale.
    pub offset: usize,
    /// Features normalised together.
    pub features: usize,
}

impl Norm {
    /// Added to the variance before the square root.
    pub const EPSILON: f32 = 1e-5;

    /// First float of the shift.
    pub fn shift_offset(&self) -> usize {
        self.offset + self.features
    }

    /// Floats taken by scale and shift.
    pub fn len(&self) -> usize {
        2 * self.features
    }

    /// Whether the norm has no parameters.
    pub fn is_empty(&self) -> bool {
        self.features == 0
    }
}

/// Which keys a query attends to, by their positions in the sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttentionSpan {
    /// All of them.
    Full,
    /// Its own and those before it.
    Causal,
    /// Those in its window of a grid of tokens, row by row `across` wide. Windows have `side x side` tokens and are
    /// moved up and left by `shift`; at the edges they are cut off, as the masks of a cyclic shift would do
    /// (Liu et al. 2021, arXiv 2103.14030).
    Windows {
        /// Tokens in a row of the grid.
        across: usize,
        /// Tokens along the side of a window.
        side: usize,
        /// Tokens by which the windows are moved, below `side`.
        shift: usize,
    },
}

impl AttentionSpan {
    /// Whether the query at position `query` attends to the key at position `key`.
    pub fn sees(self, query: usize, key: usize) -> bool {
        match self {
            Self::Full => true,
            Self::Causal => key <= query,
            Self::Windows { across, side, shift } => {
                let window = |token: usize| ((token / across + shift) / side, (token % across + shift) / side);
                window(query) == window(key)
            }
        }
    }

    /// `(across, side, shift)` of the windows as device words; zeros where there are none.
    pub fn grid(self) -> (u32, u32, u32) {
        let word = |value: usize| u32::try_from(value).expect("sequences are short");
        match self {
            Self::Windows { across, side, shift } => (word(across), word(side), word(shift)),
            Self::Full | Self::Causal => (0, 0, 0),
        }
    }

    /// Pairs of a query and a key that it attends to.
    pub fn pairs(self, tokens: usize, keys: usize) -> usize {
        (0..tokens).map(|query| (0..keys).filter(|key| self.sees(query, *key)).count()).sum()
    }
}

/// How `[lanes, heads * head_dim, batch * tokens]` activations divide for attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadShape {
    /// Sequences per lane.
    pub batch: usize,
    /// Queries per sequence.
    pub tokens: usize,
    /// Keys per sequence: as many as queries in self-attention.
    pub keys: usize,
    /// Attention heads.
    pub heads: usize,
    /// Features per head.
    pub head_dim: usize,
    /// Which keys a query attends to.
    pub span: AttentionSpan,
    /// How dense products are cut up, and with them the rows of attention.
    pub tile: Tile,
}

impl HeadShape {
    /// Width of the model, `heads * head_dim`.
    pub fn width(&self) -> usize {
        self.heads * self.head_dim
    }

    /// Softmax temperature, `1 / sqrt(head_dim)`.
    pub fn scale(&self) -> f32 {
        1.0 / libm::sqrtf(self.head_dim as f32)
    }
}

/// Which row of the plan rules a segment of the parameters.
///
/// The first six name the prunable matrices of a transformer block; everything else is [`Dense`](Self::Dense).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SegmentKind {
    /// First feed-forward matrix.
    Ff1,
    /// Second feed-forward matrix.
    Ff2,
    /// Query projection.
    Q,
    /// Key projection.
    K,
    /// Value projection.
    V,
    /// Attention output projection.
    O,
    /// Embeddings, norms, biases and the head: never pruned.
    Dense,
}

impl SegmentKind {
    /// Number of kinds.
    pub const COUNT: usize = 7;
    /// All kinds, by index.
    pub const ALL: [Self; Self::COUNT] = [Self::Ff1, Self::Ff2, Self::Q, Self::K, Self::V, Self::O, Self::Dense];

    /// Row of this kind in the plan.
    pub fn index(self) -> usize {
        self as usize
    }
}

/// A rectangle of the flat parameters that one plan row rules: `rows x cols`, row starts `stride` apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// First float.
    pub offset: usize,
    /// Rows: input features of a matrix, 1 for a dense run.
    pub rows: usize,
    /// Columns: output features of a matrix, the length of a dense run.
    pub cols: usize,
    /// Distance between row starts.
    pub stride: usize,
    /// The plan row that rules it.
    pub kind: SegmentKind,
}

impl Segment {
    /// Words per segment in the device table.
    pub const WORDS: usize = 6;

    /// The device table: offset, rows, cols, stride, kind and the first thread of the mask kernel, for every segment.
    pub fn table(segments: &[Self]) -> Vec<i32> {
        let mut first_thread = 0;
        let words = segments.iter().flat_map(|segment| {
            let Self { offset, rows, cols, stride, kind } = *segment;
            let words = [offset, rows, cols, stride, kind.index(), first_thread].map(word);
            first_thread += segment.mask_threads();
            words
        });
        words.collect()
    }

    /// Threads of the mask kernel that cover the segment, whichever way its groups run.
    fn mask_threads(&self) -> usize {
        let places = MaskGrid::PLACES as usize;
        if self.kind == SegmentKind::Dense && self.rows == 1 {
            assert!(self.cols.is_multiple_of(ALIGN), "a dense run of {} floats has a rest", self.cols);
            return (self.cols / ALIGN).div_ceil(places);
        }
        let down = self.cols.div_ceil(ALIGN) * self.rows.div_ceil(places);
        let across = self.rows.div_ceil(ALIGN) * self.cols.div_ceil(places);
        down.max(across)
    }

    /// Weights in the segment.
    pub fn weights(&self) -> usize {
        self.rows * self.cols
    }

    /// Groups of `m` along the rows' axis (`along_inputs`) or along the columns.
    pub fn groups(&self, m: usize, along_inputs: bool) -> usize {
        if along_inputs { self.rows.div_ceil(m) * self.cols } else { self.rows * self.cols.div_ceil(m) }
    }

    /// Offset of the first weight of `group`, the distance between its weights and their number.
    pub fn group(&self, group: usize, m: usize, along_inputs: bool) -> (usize, usize, usize) {
        if along_inputs {
            let (block, col) = (group / self.cols, group % self.cols);
            (self.offset + block * m * self.stride + col, self.stride, m.min(self.rows - block * m))
        } else {
            let per_row = self.cols.div_ceil(m);
            let (row, block) = (group / per_row, group % per_row);
            (self.offset + row * self.stride + block * m, 1, m.min(self.cols - block * m))
        }
    }
}

/// A matrix that may be pruned, as the packing operation reads it from the device table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrunableMatrix {
    /// First float of `W`.
    pub offset: usize,
    /// Rows of `W`.
    pub inputs: usize,
    /// Columns of `W`.
    pub outputs: usize,
    /// Its lines in the packed forms, and its kinds.
    pub packed: PackedAt,
}

impl PrunableMatrix {
    /// Words per matrix in the device table.
    pub const WORDS: usize = 7;

    /// The device form: offset, inputs, outputs, kind, parts, first column line, first row line.
    pub fn words(&self) -> [i32; Self::WORDS] {
        [
            word(self.offset),
            word(self.inputs),
            word(self.outputs),
            word(self.packed.kind.index()),
            word(self.packed.parts),
            word(self.packed.column_line),
            word(self.packed.row_line),
        ]
    }

    /// Reads the device form back.
    pub fn from_words(words: &[i32]) -> Self {
        let [offset, inputs, outputs, kind, parts, column_line, row_line] = std::array::from_fn(|i| words[i] as usize);
        Self { offset, inputs, outputs, packed: PackedAt::new(column_line, row_line, SegmentKind::ALL[kind], parts) }
    }
}

/// Size of the packed forms of one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackGrid {
    /// Matrices in the device table.
    pub matrices: usize,
    /// Columns of all prunable matrices.
    pub column_lines: usize,
    /// Rows of all prunable matrices.
    pub row_lines: usize,
}

fn word(value: usize) -> i32 {
    i32::try_from(value).expect("parameter offsets fit 31 bits")
}

/// Launch of the mask kernel, and of others that read the table of segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaskGrid {
    /// Segments in the device table.
    pub segments: usize,
    /// Threads that cover all of them.
    pub threads: usize,
    /// Some rule holds the old mask or thresholds softly.
    pub general: bool,
    /// All groups run along the inputs: the mask kernel reads and writes neighbouring lines as four-wide vectors.
    pub wide: bool,
}

impl MaskGrid {
    /// Places on each of four lines that one thread of the mask kernel walks.
    pub const PLACES: u32 = 64;

    /// The launch over `segments` for lanes with these rules.
    pub fn new(segments: &[Segment], lanes: &[[Rule; SegmentKind::COUNT]]) -> Self {
        let rules = || lanes.iter().flatten();
        let aligned = |at: &Segment| [at.offset, at.cols, at.stride].iter().all(|len| len.is_multiple_of(ALIGN));
        Self {
            segments: segments.len(),
            threads: segments.iter().map(Segment::mask_threads).sum(),
            general: rules().any(|rule| !rule.refresh || rule.soft_scale > 0.0),
            // Where nothing is pruned any groups will do.
            wide: segments.iter().all(aligned) && rules().all(|rule| rule.along_inputs || rule.n == rule.m),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Swin's own way to the same windows: roll the grid by `shift`, cut it into windows, and mask the pairs that lie
    /// side by side only because of the roll.
    #[test]
    fn shifted_windows_are_those_of_a_masked_cyclic_shift() {
        let (across, side) = (6, 3);
        for shift in 0..side {
            let span = AttentionSpan::Windows { across, side, shift };
            // The window moved by `shift` up and left starts at `-shift`, so the grid is rolled down and right.
            let rolled = |x: usize| (x + shift) % across;
            let wrapped = |x: usize| x + shift >= across;
            let window = |token: usize| {
                let (y, x) = (token / across, token % across);
                (rolled(y) / side, rolled(x) / side, wrapped(y), wrapped(x))
            };
            for (a, b) in (0..36).flat_map(|a| (0..36).map(move |b| (a, b))) {
                assert_eq!(span.sees(a, b), window(a) == window(b), "shift {shift}, tokens {a} and {b}");
            }
        }
    }

    #[test]
    fn pairs_are_counted_by_span() {
        assert_eq!(AttentionSpan::Full.pairs(3, 5), 15);
        assert_eq!(AttentionSpan::Causal.pairs(4, 4), 10);
        assert_eq!(AttentionSpan::Windows { across: 4, side: 2, shift: 0 }.pairs(16, 16), 4 * 16);
        // Along an axis of four, windows of two moved by one hold 1, 2 and 1 tokens: 6 pairs, squared over both axes.
        assert_eq!(AttentionSpan::Windows { across: 4, side: 2, shift: 1 }.pairs(16, 16), 36);
    }
}
