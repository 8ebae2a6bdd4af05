//! The dense tile of devices with fast workgroup memory: 8 x 8 threads fetch every operand once for all of them.
//! Software adapters execute barriers as coroutines, many times slower, so the device's probe decides.

use super::affine::{AffineArg, Cells, TILE_ROWS, add_to_tile, zero_cells};
use super::launch::WORKGROUP;
use cubecl::prelude::*;

/// Threads along each side of a workgroup's tile.
pub const SIDE: u32 = 8;
/// Row vectors of a workgroup's tile.
pub const GROUP_ROWS: u32 = SIDE * TILE_ROWS;
/// Input features that are in workgroup memory at a time: 5 KiB with their weights.
const DEPTH: u32 = 8;

/// First output vector and first row vector of this thread; they may lie beyond the edge.
#[cube]
pub fn shared_place(at: &AffineArg) -> (u32, u32) {
    let group = CUBE_POS_Z * CUBE_COUNT_X + CUBE_POS_X;
    let across = (at.outputs / 4 + SIDE - 1) / SIDE;
    (group % across * SIDE + UNIT_POS_X % SIDE, (group / across * SIDE + UNIT_POS_X / SIDE) * TILE_ROWS)
}

/// [`column_tile`](super::affine::column_tile) of one output vector. Every thread of a workgroup has to come here.
#[cube]
pub fn shared_column_tile<N: Size>(
    x: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, N>>,
    at: &AffineArg,
    lane: u32,
    col: u32,
    row: u32,
) -> Cells<N> {
    let sums = zero_cells::<N>(comptime!(4 * TILE_ROWS));
    let mut inputs = Shared::<[Vector<f32, N>]>::new_slice(comptime!((DEPTH * GROUP_ROWS) as usize));
    let mut factors = Shared::<[Vector<f32, N>]>::new_slice(comptime!((DEPTH * SIDE) as usize));
    let (across, down) = (UNIT_POS_X % SIDE, UNIT_POS_X / SIDE);
    let width = at.outputs / 4;
    let weights_at = lane * at.weights_lane + at.weights_at + min(col, width - 1);
    let (x_at, group_row) = (lane * at.x_lane, row - down * TILE_ROWS);
    for block in 0..(at.inputs + DEPTH - 1) / DEPTH {
        let first = block * DEPTH;
        // Beyond the last feature the weights are zero, whatever they meet.
        let mut factor = Vector::<f32, N>::new(0.0f32);
        if first + down < at.inputs {
            factor = weights[(weights_at + (first + down) * width) as usize];
        }
        factors[UNIT_POS_X as usize] = factor;
        #[unroll]
        for i in 0..comptime!(DEPTH * GROUP_ROWS / WORKGROUP) {
            let slot = i * WORKGROUP + UNIT_POS_X;
            let k = min(first + slot / GROUP_ROWS, at.inputs - 1);
            let from = min(group_row + slot % GROUP_ROWS, at.rows - 1);
            inputs[slot as usize] = x[(x_at + k * at.rows + from) as usize];
        }
        sync_cube();
        for k in 0..DEPTH {
            let mut w = Sequence::<Vector<f32, N>>::new();
            w.push(factors[(k * SIDE + across) as usize]);
            let mut values = Sequence::<Vector<f32, N>>::new();
            #[unroll]
            for r in 0..TILE_ROWS {
                values.push(inputs[(k * GROUP_ROWS + down * TILE_ROWS + r) as usize]);
            }
            add_to_tile::<N>(&sums, &w, &values, 1u32, 1u32);
        }
        sync_cube();
    }
    sums
}
