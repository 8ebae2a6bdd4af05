//! Packs the kept weights of every prunable matrix, by column and by row: one thread per line.

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

/// Packs one line: `length` weights `step` floats apart into pairs `stride` apart. Gives the number kept.
#[cube]
fn pack_line<P: Size>(
    weights: &Tensor<f32>,
    mask: &Tensor<f32>,
    packed: &mut Tensor<Vector<f32, P>>,
    first: u32,
    step: u32,
    length: u32,
    entry: u32,
    stride: u32,
) -> u32 {
    let mut kept = 0u32;
    for i in 0..length {
        let at = (first + i * step) as usize;
        if mask[at] != 0.0f32 {
            let mut pair = Vector::<f32, P>::new(f32::cast_from(i));
            pair.insert(1usize, weights[at]);
            packed[(entry + kept * stride) as usize] = pair;
            kept += 1;
        }
    }
    kept
}

#[cube]
fn header<P: Size>(packed: bool, kept: u32, kept_only: bool) -> Vector<f32, P> {
    let mut pair = Vector::<f32, P>::new(select(packed, f32::cast_from(kept), -1.0f32));
    pair.insert(1usize, select(packed && kept_only, 1.0f32, 0.0f32));
    pair
}

/// Both packed forms of every lane; see `kernels/packed.rs` for their format.
#[cube(launch_unchecked)]
pub fn pack<P: Size>(
    weights: &Tensor<f32>,
    mask: &Tensor<f32>,
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
    if thread < column_lines {
        let columns_lane = lane * (column_lines + parameters);
        for index in 0..matrices {
            let view = matrix(table, index);
            if thread >= view.column_line && thread < view.column_line + view.outputs {
                let col = thread - view.column_line;
                let kind = view.kind + col / (view.outputs / view.parts);
                let packed = rule(plan, lane, kind, plan::RULE_PACKED) != 0.0f32;
                let kept_only = rule(plan, lane, kind, plan::RULE_PRUNED_GRADIENT) == 0.0f32;
                let mut kept = 0u32;
                if packed {
                    let entry = columns_lane + column_lines + view.offset + col;
                    let first = base + view.offset + col;
                    kept =
                        pack_line::<P>(weights, mask, columns, first, view.outputs, view.inputs, entry, view.outputs);
                }
                columns[(columns_lane + thread) as usize] = header::<P>(packed, kept, kept_only);
            }
        }
    } else if thread < column_lines + row_lines {
        let line = thread - column_lines;
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
                    let entry = rows_lane + row_lines + view.offset + input;
                    let first = base + view.offset + input * view.outputs;
                    kept = pack_line::<P>(weights, mask, rows, first, 1u32, view.outputs, entry, view.inputs);
                }
                rows[(rows_lane + line) as usize] = header::<P>(packed, kept, kept_only);
            }
        }
    }
}
