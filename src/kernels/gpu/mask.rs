//! N:M selection with soft decay: one thread per group, one dispatch for all segments of all lanes.

use super::launch::{lane, thread};
use crate::kernels::{Segment, plan};
use cubecl::prelude::*;

/// A segment of the parameters as read from the device table.
#[derive(CubeType, Clone, Copy)]
pub struct SegmentView {
    /// First float.
    pub offset: u32,
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub cols: u32,
    /// Distance between row starts.
    pub stride: u32,
    /// Plan row.
    pub kind: u32,
}

/// Reads segment `index` of the device table.
#[cube]
pub fn segment(table: &Tensor<i32>, index: u32) -> SegmentView {
    let at = index * comptime!(Segment::WORDS as u32);
    SegmentView {
        offset: u32::cast_from(table[at as usize]),
        rows: u32::cast_from(table[(at + 1) as usize]),
        cols: u32::cast_from(table[(at + 2) as usize]),
        stride: u32::cast_from(table[(at + 3) as usize]),
        kind: u32::cast_from(table[(at + 4) as usize]),
    }
}

/// Number `column` of the rule of `kind` in a lane's plan.
#[cube]
pub fn rule(plan: &Tensor<f32>, lane: u32, kind: u32, #[comptime] column: usize) -> f32 {
    let at = lane * comptime!(plan::WIDTH as u32) + comptime!((plan::RULES + column) as u32);
    plan[(at + kind * comptime!(plan::RULE_WIDTH as u32)) as usize]
}

#[cube]
fn div_ceil(a: u32, b: u32) -> u32 {
    (a + b - 1) / b
}

/// Masks and masked weights of every lane.
#[cube(launch_unchecked)]
pub fn select_masks(
    params: &Tensor<f32>,
    old_mask: &Tensor<f32>,
    plan: &Tensor<f32>,
    table: &Tensor<i32>,
    mask: &mut Tensor<f32>,
    masked: &mut Tensor<f32>,
    segments: u32,
    params_lane: u32,
) {
    let lane = lane();
    let mut rest = thread();
    for index in 0..segments {
        let view = segment(table, index);
        let n = u32::cast_from(rule(plan, lane, view.kind, plan::RULE_N));
        let m = u32::cast_from(rule(plan, lane, view.kind, plan::RULE_M));
        let along_inputs = rule(plan, lane, view.kind, plan::RULE_ALONG_INPUTS) != 0.0f32;
        let run = select(n == m, comptime!(Segment::COPY_CHUNK as u32), m);
        let along_count = div_ceil(view.rows, run) * view.cols;
        let across_count = view.rows * div_ceil(view.cols, run);
        let groups = select(along_inputs, along_count, across_count);
        if rest < groups {
            let per_row = div_ceil(view.cols, run);
            let block = select(along_inputs, rest / view.cols, rest % per_row);
            let line = select(along_inputs, rest % view.cols, rest / per_row);
            let length = select(along_inputs, view.rows, view.cols) - block * run;
            let along_first = view.offset + block * run * view.stride + line;
            let across_first = view.offset + line * view.stride + block * run;
            let first = lane * params_lane + select(along_inputs, along_first, across_first);
            let step = select(along_inputs, view.stride, 1u32);
            let decay = rule(plan, lane, view.kind, plan::RULE_DECAY);
            let refresh = rule(plan, lane, view.kind, plan::RULE_REFRESH) != 0.0f32;
            let len = min(length, run);
            let threshold = select_group(params, old_mask, mask, first, step, len, n, n == m, refresh);
            let soft_scale = rule(plan, lane, view.kind, plan::RULE_SOFT_SCALE);
            write_group(params, mask, masked, first, step, len, decay, soft_scale, threshold);
            // Found: the remaining segments belong to other threads.
            rest = 4294967295u32;
        } else if rest != 4294967295u32 {
            rest -= groups;
        }
    }
}

/// Walks the order (magnitude descending, index ascending) from the end nearer to the cut. Writes the mask
/// and gives the largest magnitude that it drops.
#[cube]
fn select_group(
    params: &Tensor<f32>,
    old_mask: &Tensor<f32>,
    mask: &mut Tensor<f32>,
    first: u32,
    step: u32,
    len: u32,
    n: u32,
    all: bool,
    refresh: bool,
) -> f32 {
    let kept = min(n, len);
    let dropped = len - kept;
    let from_top = kept <= dropped;
    let mut value = select(from_top, 1.0e38f32, -1.0f32);
    let mut index = select(from_top, -1i32, 1073741824i32);
    let passes = select(all || !refresh, 0u32, min(kept, dropped));
    for _ in 0..passes {
        let mut next = select(from_top, -1.0f32, 1.0e38f32);
        let mut next_index = 0i32;
        for i in 0..len {
            let w = params[(first + i * step) as usize].abs();
            let i = i32::cast_from(i);
            let after = w < value || (w == value && i > index);
            let before = w > value || (w == value && i < index);
            let open = select(from_top, after, before);
            let better = select(from_top, w > next, w <= next);
            if open && better {
                next = w;
                next_index = i;
            }
        }
        value = next;
        index = next_index;
    }
    let keep_all = all || dropped == 0;
    let mut threshold = 0.0f32;
    for i in 0..len {
        let at = (first + i * step) as usize;
        let w = params[at].abs();
        let i = i32::cast_from(i);
        let before = w > value || (w == value && i < index);
        let itself = from_top && w == value && i == index;
        let chosen = select(keep_all || before || itself, 1.0f32, 0.0f32);
        let f = select(refresh, chosen, old_mask[at]);
        mask[at] = f;
        threshold = select(f == 0.0f32 && w > threshold, w, threshold);
    }
    threshold
}

/// Writes the weights that the forward pass sees; see `Rule::forward`.
#[cube]
fn write_group(
    params: &Tensor<f32>,
    mask: &mut Tensor<f32>,
    masked: &mut Tensor<f32>,
    first: u32,
    step: u32,
    len: u32,
    decay: f32,
    soft_scale: f32,
    threshold: f32,
) {
    for i in 0..len {
        let at = (first + i * step) as usize;
        let weight = params[at];
        let f = mask[at];
        let left = soft_scale * max(weight.abs() - threshold, 0.0f32) * f;
        let soft = select(weight < 0.0f32, -left, left);
        masked[at] = select(soft_scale > 0.0f32, soft, weight * (f + decay * (1.0f32 - f)));
    }
}
