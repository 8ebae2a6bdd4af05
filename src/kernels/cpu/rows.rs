//! Blocks of rows: 16 samples of every feature, moved side by side before they are computed with.
//!
//! Neighbouring features of an activation lie a whole batch apart, which is often a multiple of the
//! cache's page; a block is small, contiguous and free of ragged ends, for the missing rows of the last
//! one are zero.

use super::math::load8;
use wide::f32x8;

/// Vectors per feature in a block.
pub const VECTORS: usize = 2;
/// Rows of a block.
pub const ROWS: usize = 8 * VECTORS;

/// One feature of the rows of a block.
pub type Rows = [f32x8; VECTORS];

/// Zero in every row.
pub const ZERO: Rows = [f32x8::ZERO; VECTORS];

/// The first rows of `line`, zero beyond its end.
#[inline(always)]
pub fn load_rows(line: &[f32]) -> Rows {
    let mut rows = ZERO;
    if let Some(full) = line.first_chunk::<ROWS>() {
        for v in 0..VECTORS {
            rows[v] = load8(&full[8 * v..]);
        }
    } else {
        for (rows, values) in rows.iter_mut().zip(line.chunks(8)) {
            *rows = load8(values);
        }
    }
    rows
}

/// Writes as many rows as `line` has.
#[inline(always)]
pub fn store_rows(line: &mut [f32], rows: Rows) {
    let values: &[f32] = bytemuck::cast_slice(&rows);
    if let (Some(full), Some(values)) = (line.first_chunk_mut::<ROWS>(), values.first_chunk()) {
        *full = *values;
    } else {
        line.copy_from_slice(&values[..line.len()]);
    }
}

/// Rows from `first` on of every feature of `source`, `[features, rows]`.
pub fn load_block(source: &[f32], rows: usize, first: usize, block: &mut [Rows]) {
    for (line, target) in source.chunks_exact(rows).zip(block) {
        *target = load_rows(&line[first..]);
    }
}

/// The part of row `line` of `data`, `[features, rows]`, that a block from `first` on covers.
#[inline(always)]
pub fn part(data: &mut [f32], rows: usize, line: usize, first: usize) -> &mut [f32] {
    &mut data[line * rows + first..line * rows + rows.min(first + ROWS)]
}
