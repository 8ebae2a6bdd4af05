//! The coefficients of a product, line by line: every output feature is one line's sum over the inputs.
//!
//! Lines are the columns of `W` in the forward pass and its rows in the backward pass. A packed line lists
//! its kept weights only, in the order in which the whole line would meet them: both give the same bits.

use std::{borrow::Cow, ops::Range};

use super::rows::{ROWS, Rows, VECTORS, ZERO, load_block, part, store_rows};
use crate::kernels::Affine;
use wide::f32x8;

/// Vectors of 16 rows that fill half of a small first-level cache, 16 KiB.
const CACHED_ROWS: usize = 256;

/// A kept weight of a packed line.
#[derive(Clone, Copy)]
pub struct Kept {
    /// Its place in the line.
    pub index: usize,
    /// Its value.
    pub value: f32,
}

/// The lines of one matrix of one lane.
pub struct Lines<'a> {
    depth: usize,
    /// All coefficients, `[lines, depth]`; empty when every line is packed.
    values: Cow<'a, [f32]>,
    kept: Vec<Kept>,
    /// Where in `kept` a packed line is listed.
    packed: Vec<Option<Range<usize>>>,
}

impl<'a> Lines<'a> {
    /// Columns of `W`, for `W^T x`; `columns` is the lane's packed form.
    pub fn columns(weights: &'a [f32], columns: &[f32], at: Affine) -> Self {
        let line = at.packed.map(|packed| packed.column_line);
        let mut lines = Self::packed(columns, line, at, (at.outputs, at.inputs), weights.len());
        if lines.packed.contains(&None) {
            lines.values = Cow::Owned(transposed(matrix(weights, at), at.inputs, at.outputs));
        }
        lines
    }

    /// Rows of `W`, for `W dy`; `rows` is the lane's packed form.
    pub fn rows(weights: &'a [f32], rows: &[f32], at: Affine) -> Self {
        let line = at.packed.map(|packed| packed.row_line);
        let mut lines = Self::packed(rows, line, at, (at.inputs, at.outputs), weights.len());
        lines.values = Cow::Borrowed(matrix(weights, at));
        lines
    }

    /// Reads `count` packed lines from line `first` on; see the module `packed` for the format.
    fn packed(
        form: &[f32],
        first: Option<usize>,
        at: Affine,
        (count, depth): (usize, usize),
        parameters: usize,
    ) -> Self {
        let pairs = form.as_chunks::<2>().0;
        let mut lines = Self { depth, values: Cow::Borrowed(&[]), kept: Vec::new(), packed: vec![None; count] };
        let Some(first) = first else { return lines };
        for (line, packed) in lines.packed.iter_mut().enumerate() {
            let [kept, _] = pairs[first + line];
            if kept < 0.0 {
                continue;
            }
            let entries = &pairs[pairs.len() - parameters + at.offset..];
            let start = lines.kept.len();
            lines.kept.extend((0..kept as usize).map(|k| {
                let [index, value] = entries[k * count + line];
                Kept { index: index as usize, value }
            }));
            *packed = Some(start..lines.kept.len());
        }
        lines
    }

    /// The kept weights of a line, if it is packed.
    pub fn kept(&self, line: usize) -> Option<&[Kept]> {
        self.packed[line].clone().map(|range| &self.kept[range])
    }

    /// `out[line, row] = finish(line, row, sum over k of line[k] * source[k, row])`, sums in ascending order of `k`;
    /// `source` is `[depth, rows]`, `out` `[lines, rows]`, and `finish` sees a block of rows from `row` on.
    pub fn multiply(
        &self,
        source: &[f32],
        rows: usize,
        out: &mut [f32],
        mut finish: impl FnMut(usize, usize, Rows) -> Rows,
    ) {
        // As many blocks as half a first-level cache holds: every line is read and written in longer runs.
        let blocks = (CACHED_ROWS / self.depth).max(1);
        let mut cached = vec![ZERO; blocks.min(rows.div_ceil(ROWS)) * self.depth];
        for first in (0..rows).step_by(ROWS * blocks) {
            let firsts = || (first..rows).step_by(ROWS).take(blocks);
            for (first, block) in firsts().zip(cached.chunks_exact_mut(self.depth)) {
                load_block(source, rows, first, block);
            }
            for line in (0..self.packed.len()).step_by(2) {
                let kept = self.kept(line).zip(self.kept(line + 1));
                for (first, block) in firsts().zip(cached.chunks_exact(self.depth)) {
                    let sums = match kept {
                        Some((a, b)) => [kept_sum(a, block), kept_sum(b, block)],
                        None => self.sums(line, block),
                    };
                    for (l, sum) in sums.iter().enumerate() {
                        store_rows(part(out, rows, line + l, first), finish(line + l, first, *sum));
                    }
                }
            }
        }
    }

    /// Sums of two whole lines: as many accumulators as registers hold.
    #[inline(always)]
    fn sums(&self, line: usize, block: &[Rows]) -> [Rows; 2] {
        let lines: [&[f32]; 2] = std::array::from_fn(|l| &self.values[(line + l) * self.depth..][..block.len()]);
        let mut sums = [ZERO; 2];
        for ((rows, a), b) in block.iter().zip(lines[0]).zip(lines[1]) {
            for (sums, coefficient) in sums.iter_mut().zip([a, b]) {
                let coefficient = f32x8::splat(*coefficient);
                for v in 0..VECTORS {
                    sums[v] += coefficient * rows[v];
                }
            }
        }
        sums
    }
}

#[inline(always)]
fn kept_sum(kept: &[Kept], block: &[Rows]) -> Rows {
    let mut sum = ZERO;
    for Kept { index, value } in kept {
        let (rows, value) = (&block[*index], f32x8::splat(*value));
        for v in 0..VECTORS {
            sum[v] += value * rows[v];
        }
    }
    sum
}

/// `W` of an affine map, `[inputs, outputs]`.
fn matrix(weights: &[f32], at: Affine) -> &[f32] {
    &weights[at.offset..][..at.inputs * at.outputs]
}

/// `[rows, cols] -> [cols, rows]`, four columns at a time; widths are multiples of four.
fn transposed(matrix: &[f32], rows: usize, cols: usize) -> Vec<f32> {
    let mut out = vec![0.0; matrix.len()];
    for (group, out) in out.chunks_exact_mut(4 * rows).enumerate() {
        for (i, row) in matrix.chunks_exact(cols).enumerate() {
            for (j, value) in row[4 * group..][..4].iter().enumerate() {
                out[j * rows + i] = *value;
            }
        }
    }
    out
}
