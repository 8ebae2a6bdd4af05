//! Packs the kept weights of every prunable matrix: one thread for four columns or for one row, either of which lies in
//! memory as four-wide vectors.

use super::launch::{lane, thread};
use super::mask::rule;
use crate::kernels::{PrunableMatrix, plan};
use cubecl::prelude::*;

/// A prunable matrix as read from the device table.
#[derive(CubeType, Clone, Copy)]
struct MatrixView {
    offset: u32,
    inputs: u32,
    outputs: u32,
    kind: u32,
    parts: u32,
    column_line: u32,
    row_line: u32,
}

#[cube]
fn matrix(table: &Tensor<i32>, index: u32) -> MatrixView {
    let at = index * comptime!(PrunableMatrix::WORDS as u32);
    MatrixView {
        offset: u32::cast_from(table[at as usize]),
        inputs: u32::cast_from(table[(at + 1) as usize]),
        outputs: u32::cast_from(table[(at + 2) as usize]),
        kind: u32::cast_from(table[(at + 3) as usize]),
        parts: u32::cast_from(table[(at + 4) as usize]),
        column_line: u32::cast_from(table[(at + 5) as usize]),
        row_line: u32::cast_from(table[(at + 6) as usize]),
    }
}

/// Appends component `c` of `weights` to a line of pairs if the mask keeps it; `kept` counts the line's pairs, which
/// are `stride` apart.
#[cube]
fn append<N: Size, P: Size>(
    weights: Vector<f32, N>,
    mask: Vector<f32, N>,
    #[comptime] c: u32,
    index: u32,
    packed: &mut Tensor<Vector<f32, P>>,
    entry: u32,
    stride: u32,
    kept: &RuntimeCell<u32>,
) {
    if mask.extract(comptime!(c as usize)) != 0.0f32 {
        let mut pair = Vector::<f32, P>::new(f32::cast_from(index));
        pair.insert(1usize, weights.extract(comptime!(c as usize)));
        packed[(entry + kept.read() * stride) as usize] = pair;
        kept.store(kept.read() + 1);
    }
}

/// Packs four neighbouring columns whose first vector is `first`; gives the number kept of each.
#[cube]
fn pack_columns<N: Size, P: Size>(
    weights: &Tensor<Vector<f32, N>>,
    mask: &Tensor<Vector<f32, N>>,
    packed: &mut Tensor<Vector<f32, P>>,
    view: &MatrixView,
    first: u32,
    entry: u32,
    length: u32,
) -> Sequence<RuntimeCell<u32>> {
    let mut kept = Sequence::<RuntimeCell<u32>>::new();
    #[unroll]
    for _ in 0..4u32 {
        kept.push(RuntimeCell::new(0u32));
    }
    for i in 0..length {
        let at = (first + i * (view.outputs / 4)) as usize;
        let (four, keeps) = (weights[at], mask[at]);
        #[unroll]
        for c in 0..4u32 {
            append::<N, P>(four, keeps, c, i, packed, entry + c, view.outputs, kept.index(comptime!(c as usize)));
        }
    }
    kept
}

/// Packs the row whose first vector is `first`; gives the number kept.
#[cube]
fn pack_row<N: Size, P: Size>(
    weights: &Tensor<Vector<f32, N>>,
    mask: &Tensor<Vector<f32, N>>,
    packed: &mut Tensor<Vector<f32, P>>,
    view: &MatrixView,
    first: u32,
    entry: u32,
) -> u32 {
    let kept = RuntimeCell::<u32>::new(0u32);
    for k in 0..view.outputs / 4 {
        let at = (first + k) as usize;
        let (four, keeps) = (weights[at], mask[at]);
        #[unroll]
        for c in 0..4u32 {
            append::<N, P>(four, keeps, c, k * 4 + c, packed, entry, view.inputs, &kept);
        }
    }
    kept.read()
}

#[cube]
fn header<P: Size>(packed: bool, kept: u32, kept_only: bool) -> Vector<f32, P> {
    let mut pair = Vector::<f32, P>::new(select(packed, f32::cast_from(kept), -1.0f32));
    pair.insert(1usize, select(packed && kept_only, 1.0f32, 0.0f32));
    pair
}

/// Both packed forms of every lane; see `kernels/packed.rs` for their format.
#[cube(launch_unchecked)]
pub fn pack<N: Size, P: Size>(
    weights: &Tensor<Vector<f32, N>>,
    mask: &Tensor<Vector<f32, N>>,
    plan: &Tensor<f32>,
    table: &Tensor<i32>,
    columns: &mut Tensor<Vector<f32, P>>,
    rows: &mut Tensor<Vector<f32, P>>,
    matrices: u32,
    parameters: u32,
    column_lines: u32,
    row_lines: u32,
) {
    let (thread, lane) = (thread(), lane());
    let base = lane * parameters;
    if thread < column_lines / 4 {
        let line = thread * 4;
        let columns_lane = lane * (column_lines + parameters);
        for index in 0..matrices {
            let view = matrix(table, index);
            if line >= view.column_line && line < view.column_line + view.outputs {
                let col = line - view.column_line;
                let kind = view.kind + col / (view.outputs / view.parts);
                let packed = rule(plan, lane, kind, plan::RULE_PACKED) != 0.0f32;
                let kept_only = rule(plan, lane, kind, plan::RULE_PRUNED_GRADIENT) == 0.0f32;
                let first = (base + view.offset + col) / 4;
                let entry = columns_lane + column_lines + view.offset + col;
                let length = select(packed, view.inputs, 0u32);
                let kept = pack_columns::<N, P>(weights, mask, columns, &view, first, entry, length);
                #[unroll]
                for c in 0..4u32 {
                    let count = kept.index(comptime!(c as usize)).read();
                    columns[(columns_lane + line + c) as usize] = header::<P>(packed, count, kept_only);
                }
            }
        }
    } else if thread < column_lines / 4 + row_lines {
        let line = thread - column_lines / 4;
        let rows_lane = lane * (row_lines + parameters);
        for index in 0..matrices {
            let view = matrix(table, index);
            if line >= view.row_line && line < view.row_line + view.inputs {
                let input = line - view.row_line;
                let mut packed = true.runtime();
                let mut kept_only = true.runtime();
                for part in 0..view.parts {
                    packed = packed && rule(plan, lane, view.kind + part, plan::RULE_PACKED) != 0.0f32;
                    let pruned = rule(plan, lane, view.kind + part, plan::RULE_PRUNED_GRADIENT);
                    kept_only = kept_only && pruned == 0.0f32;
                }
                let mut kept = 0u32;
                if packed {
                    let first = (base + view.offset + input * view.outputs) / 4;
                    let entry = rows_lane + row_lines + view.offset + input;
                    kept = pack_row::<N, P>(weights, mask, rows, &view, first, entry);
                }
                rows[(rows_lane + line) as usize] = header::<P>(packed, kept, kept_only);
            }
        }
    }
}
