//! The packed N:M form of the weights: kept values with their indices, by column and by row.
//!
//! Both forms are `[lanes, 2 * (lines + parameters)]`, read as pairs of floats. The first `lines` pairs are the
//! headers `(kept weights in this line, 1 if only kept weights need a gradient)`; a count of -1 marks a line
//! that is not packed. Entry `k` of a line is a pair `(index, value)`, indices ascending:
//! * columns: line `column_line + o` is column `o` of a matrix; its entry `k` is pair
//!   `lines + offset + k * outputs + o` and its index is the input feature;
//! * rows: line `row_line + i` is row `i`; its entry `k` is pair `lines + offset + k * inputs + i` and its index
//!   is the output feature.
//!
//! Entries of neighbouring lines thus lie side by side, and no line can overflow: a matrix packs into as many
//! pairs as it has weights. Sums over a packed line take the kept weights in the same order as sums over the
//! whole line, which differ only by added zeros: results agree to the last bit.

use super::{Affine, Buffer, HeadShape, PackedAt, SegmentKind, Tile, buffer, plan::Rule};
use burn::tensor::Device;

/// Weights of all lanes as the products read them.
#[derive(Clone)]
pub struct Weights {
    /// All weights, masked, `[lanes, parameters]`.
    pub values: Buffer,
    /// Kept weights by column, for `W^T x`.
    pub columns: Buffer,
    /// Kept weights by row, for `W dy`.
    pub rows: Buffer,
    /// Which lanes read the matrices of each kind packed.
    pub packed: [PackedLanes; SegmentKind::COUNT],
    /// How dense products are cut up.
    pub tile: Tile,
}

/// Which lanes read the matrices of a kind packed. Kernels hold no more forms than are read: software adapters execute
/// both sides of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackedLanes {
    /// No lane.
    None,
    /// Some do.
    Some,
    /// Every lane.
    All,
}

impl PackedLanes {
    /// For every kind under the rules of all lanes.
    pub fn of(lanes: &[[Rule; SegmentKind::COUNT]]) -> [Self; SegmentKind::COUNT] {
        std::array::from_fn(|kind| match lanes.iter().filter(|rules| rules[kind].packed).count() {
            0 => Self::None,
            count if count == lanes.len() => Self::All,
            _ => Self::Some,
        })
    }
}

impl Weights {
    /// Weights of which no lane reads any packed; `columns` and `rows` are those of [`unpacked`].
    pub fn dense(values: Buffer, (columns, rows): (Buffer, Buffer), tile: Tile) -> Self {
        Self { values, columns, rows, packed: [PackedLanes::None; SegmentKind::COUNT], tile }
    }

    /// The heads as the device of these weights attends fastest.
    pub fn heads(&self, shape: HeadShape) -> HeadShape {
        HeadShape { tile: self.tile, ..shape }
    }

    /// The map as these weights are read.
    pub fn of(&self, at: Affine) -> Affine {
        let packed = at.packed.and_then(|packed| {
            let lanes = &self.packed[packed.kind.index()..][..packed.parts];
            let everywhere = lanes.iter().all(|lanes| *lanes == PackedLanes::All);
            let nowhere = lanes.iter().all(|lanes| *lanes == PackedLanes::None);
            (!nowhere).then_some(PackedAt { everywhere, ..packed })
        });
        Affine { packed, tile: self.tile, ..at }
    }
}

/// Headers that say of every line that it is not packed.
pub fn unpacked(lanes: usize, lines: usize, device: &Device) -> Buffer {
    let header = [-1.0, 0.0].repeat(lanes * lines);
    buffer::upload(header, [lanes, 2 * lines], device)
}
