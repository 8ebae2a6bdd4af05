//! N:M selection with soft decay, one dispatch for all segments of all lanes.
//!
//! A thread walks [`MaskGrid::PLACES`] places along four neighbouring lines and owns the groups that begin there. Lines
//! are the columns of a matrix where groups run along its inputs, its rows where they run along the outputs. Which
//! segment a thread works on depends on no rule, so the launch stays as it is while patterns change. Where all groups
//! run along the inputs, four neighbouring lines lie side by side in memory and are read and written as one vector
//! ([`MaskGrid::wide`]). Software adapters run the body of every loop once more than needed, and both sides of every
//! branch: hence the small bodies.

use super::launch::{lane, thread};
use crate::kernels::{MaskGrid, Segment, plan};
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
    /// First thread of the mask kernel that works on it.
    pub first_thread: u32,
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
        first_thread: u32::cast_from(table[(at + 5) as usize]),
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

/// The segment that `thread` works on: the last one that begins at or before it.
#[cube]
fn segment_of(table: &Tensor<i32>, segments: u32, thread: u32) -> SegmentView {
    let mut low = 0u32;
    let mut high = segments;
    while low + 1 < high {
        let middle = (low + high) / 2;
        let reached = segment(table, middle).first_thread <= thread;
        low = select(reached, middle, low);
        high = select(reached, high, middle);
    }
    segment(table, low)
}

/// The share of one thread: places `begin..end` of `length` on four lines, `step` elements apart.
#[derive(CubeType)]
struct Share {
    /// Starts of the four lines, or of the one that holds them as vectors.
    lines: Sequence<u32>,
    step: u32,
    length: u32,
    begin: u32,
    end: u32,
}

/// Share number `index` of a segment whose first float is `first`. Beyond the edge lines are repeated: they are
/// computed twice, with the same result.
#[cube]
fn share(view: &SegmentView, first: u32, index: u32, all: bool, along_inputs: bool, #[comptime] wide: bool) -> Share {
    // A dense run has a single row, which is read as four interleaved lines.
    let flat = all && view.rows == 1;
    let mut down = !flat;
    if comptime!(!wide) {
        down = down && along_inputs;
    }
    let count = select(flat, 4u32, select(down, view.cols, view.rows));
    let length = select(flat, view.cols / 4, select(down, view.rows, view.cols));
    let (across, chunks) = (div_ceil(count, 4u32), div_ceil(length, MaskGrid::PLACES));
    let line = select(down, index % across, index / chunks);
    let begin = select(down, index / across, index % chunks) * MaskGrid::PLACES;
    let end = select(line < across, min(begin + MaskGrid::PLACES, length), 0u32);
    let mut step = select(flat, 4u32, select(down, view.stride, 1u32));
    let mut lines = Sequence::<u32>::new();
    if comptime!(wide) {
        lines.push(first / 4 + line);
        step /= 4;
    } else {
        let unit = select(flat || down, 1u32, view.stride);
        #[unroll]
        for c in 0..4u32 {
            lines.push(first + min(line * 4 + c, count - 1) * unit);
        }
    }
    Share { lines, step, length, begin, end }
}

/// The four values at distance `at` from the start of each line.
#[cube]
fn load<N: Size, T: Size>(values: &Tensor<Vector<f32, T>>, lines: &Sequence<u32>, at: u32) -> Vector<f32, N> {
    let mut out = Vector::<f32, N>::new(0.0f32);
    let together = T::value().comptime();
    if comptime!(together == 4) {
        let four = values[(*lines.index(0usize) + at) as usize];
        #[unroll]
        for c in 0..4u32 {
            out.insert(comptime!(c as usize), four.extract(comptime!(c as usize)));
        }
    } else {
        #[unroll]
        for c in 0..4u32 {
            let one = values[(*lines.index(comptime!(c as usize)) + at) as usize];
            out.insert(comptime!(c as usize), one.extract(0usize));
        }
    }
    out
}

#[cube]
fn store<N: Size, T: Size>(values: &mut Tensor<Vector<f32, T>>, lines: &Sequence<u32>, at: u32, value: Vector<f32, N>) {
    let together = T::value().comptime();
    if comptime!(together == 4) {
        let mut four = Vector::<f32, T>::new(0.0f32);
        #[unroll]
        for c in 0..4u32 {
            four.insert(comptime!(c as usize), value.extract(comptime!(c as usize)));
        }
        values[(*lines.index(0usize) + at) as usize] = four;
    } else {
        #[unroll]
        for c in 0..4u32 {
            let one = Vector::new(value.extract(comptime!(c as usize)));
            values[(*lines.index(comptime!(c as usize)) + at) as usize] = one;
        }
    }
}

/// Masks and masked weights of every lane; weights lie in memory as vectors of `T`, one or four. `general` admits rules
/// that hold the old mask or threshold softly.
#[cube(launch_unchecked)]
pub fn select_masks<N: Size, T: Size>(
    params: &Tensor<Vector<f32, T>>,
    old_mask: &Tensor<Vector<f32, T>>,
    plan: &Tensor<f32>,
    table: &Tensor<i32>,
    mask: &mut Tensor<Vector<f32, T>>,
    masked: &mut Tensor<Vector<f32, T>>,
    segments: u32,
    params_lane: u32,
    #[comptime] general: bool,
) {
    let (thread, lane) = (thread(), lane());
    let view = segment_of(table, segments, thread);
    let n = u32::cast_from(rule(plan, lane, view.kind, plan::RULE_N));
    let m = u32::cast_from(rule(plan, lane, view.kind, plan::RULE_M));
    let decay = rule(plan, lane, view.kind, plan::RULE_DECAY);
    let along_inputs = rule(plan, lane, view.kind, plan::RULE_ALONG_INPUTS) != 0.0f32;
    let all = n == m;
    let (first, index) = (lane * params_lane + view.offset, thread - view.first_thread);
    let together = T::value().comptime();
    let share = share(&view, first, index, all, along_inputs, comptime!(together == 4));
    let mut small = all || (m == 4 && share.length % 4 == 0);
    let mut refresh = true.runtime();
    let mut soft_scale = 0.0f32;
    if comptime!(general) {
        refresh = rule(plan, lane, view.kind, plan::RULE_REFRESH) != 0.0f32;
        soft_scale = rule(plan, lane, view.kind, plan::RULE_SOFT_SCALE);
        small = small && refresh && soft_scale == 0.0f32;
    }
    let end = select(small, share.end, 0u32);
    fours::<N, T>(params, mask, masked, &share, end, select(all, 4u32, n), decay);

    let run = select(all, MaskGrid::PLACES, m);
    let end = select(small, 0u32, share.end);
    let mut start = div_ceil(share.begin, run) * run;
    while start < end {
        let len = min(run, share.length - start);
        let kept = select(all, len, min(n, len));
        // The end of the order (magnitude descending, index ascending) that is nearer to the cut.
        let top = kept <= len - kept;
        let last = (start + len - 1) * share.step;
        let walk = Walk {
            len,
            from: select(top, start * share.step, last),
            step: select(top, share.step, 0u32 - share.step),
            sign: select(top, 1.0f32, -1.0f32),
        };
        let passes = select(refresh, min(kept, len - kept), 0u32);
        let cut = cut::<N, T>(params, &share.lines, &walk, passes);
        let mut threshold = Vector::<f32, N>::new(0.0f32);
        if comptime!(general) {
            let steps = select(soft_scale > 0.0f32, len, 0u32);
            threshold = largest_dropped::<N, T>(params, old_mask, &share.lines, &walk, &cut, steps, refresh);
        }
        for i in 0..len {
            let at = walk.from + i * walk.step;
            let weight = load::<N, T>(params, &share.lines, at);
            let mut f = chosen::<N>(weight, &walk, &cut, i);
            if comptime!(general) {
                f = held::<N, T>(f, old_mask, &share.lines, at, refresh);
            }
            store::<N, T>(mask, &share.lines, at, f);
            let value = weight * (f + Vector::new(decay) * (Vector::new(1.0f32) - f));
            if comptime!(general) {
                let left = Vector::new(soft_scale) * max(weight.abs() - threshold, Vector::new(0.0f32)) * f;
                let soft = select_many(weight.less_than(&Vector::new(0.0f32)), -left, left);
                store::<N, T>(masked, &share.lines, at, select(soft_scale > 0.0f32, soft, value));
            } else {
                store::<N, T>(masked, &share.lines, at, value);
            }
        }
        start += run;
    }
}

/// Groups of four, and dense weights as groups of which all four are kept: by rank, in registers.
#[cube]
fn fours<N: Size, T: Size>(
    params: &Tensor<Vector<f32, T>>,
    mask: &mut Tensor<Vector<f32, T>>,
    masked: &mut Tensor<Vector<f32, T>>,
    share: &Share,
    end: u32,
    n: u32,
    decay: f32,
) {
    let tiles = select(share.begin < end, div_ceil(end - share.begin, 4u32), 0u32);
    for tile in 0..tiles {
        let mut weights = Sequence::<Vector<f32, N>>::new();
        let mut places = Sequence::<u32>::new();
        #[unroll]
        for k in 0..4u32 {
            // Only dense runs have a length that four does not divide: their last place is repeated.
            let at = min(share.begin + tile * 4 + k, end - 1) * share.step;
            places.push(at);
            weights.push(load::<N, T>(params, &share.lines, at));
        }
        let behind = comparisons::<N>(&weights);
        #[unroll]
        for k in 0..4u32 {
            let at = *places.index(comptime!(k as usize));
            let kept = rank::<N>(&behind, k).less_than(&Vector::new(f32::cast_from(n)));
            let one = Vector::<f32, N>::new(1.0f32);
            store::<N, T>(mask, &share.lines, at, select_many(kept, one, Vector::new(0.0f32)));
            let factor = select_many(kept, one, Vector::new(decay));
            store::<N, T>(masked, &share.lines, at, *weights.index(comptime!(k as usize)) * factor);
        }
    }
}

/// For every pair of the four weights, in the order of [`pair`], 1 where the later one is the larger.
#[cube]
fn comparisons<N: Size>(weights: &Sequence<Vector<f32, N>>) -> Sequence<Vector<f32, N>> {
    let mut behind = Sequence::<Vector<f32, N>>::new();
    #[unroll]
    for b in 1..4u32 {
        #[unroll]
        for a in 0..b {
            let (first, second) = (*weights.index(comptime!(a as usize)), *weights.index(comptime!(b as usize)));
            let larger = second.abs().greater_than(&first.abs());
            behind.push(select_many(larger, Vector::<f32, N>::new(1.0f32), Vector::new(0.0f32)));
        }
    }
    behind
}

/// Place of the pair of weight `a` and a later one, `b`.
fn pair(a: u32, b: u32) -> usize {
    (b * (b - 1) / 2 + a) as usize
}

/// How many of the four weights come before weight `k`: those that are larger, and earlier ones of its size.
#[cube]
fn rank<N: Size>(behind: &Sequence<Vector<f32, N>>, #[comptime] k: u32) -> Vector<f32, N> {
    // Every partial sum is a value of its own: a variable would be written for each.
    let mut ranks = Sequence::<Vector<f32, N>>::new();
    ranks.push(Vector::new(comptime!(k as f32)));
    #[unroll]
    for a in 0..k {
        ranks.push(*ranks.index(comptime!(a as usize)) - *behind.index(comptime!(pair(a, k))));
    }
    #[unroll]
    for b in comptime!(k + 1)..4u32 {
        ranks.push(*ranks.index(comptime!((b - 1) as usize)) + *behind.index(comptime!(pair(k, b))));
    }
    *ranks.index(3usize)
}

/// The way through a group: from its start with the largest magnitude first, or from its end with the smallest first.
#[derive(CubeType)]
struct Walk {
    len: u32,
    from: u32,
    step: u32,
    sign: f32,
}

/// The last weight before the cut of the order, on each line: its key, `sign * |w|`, and its index on the walk.
#[derive(CubeType)]
struct Cut<N: Size> {
    key: Vector<f32, N>,
    index: Vector<u32, N>,
}

/// Goes through the group once for each of the `passes` weights before the cut.
#[cube]
fn cut<N: Size, T: Size>(params: &Tensor<Vector<f32, T>>, lines: &Sequence<u32>, walk: &Walk, passes: u32) -> Cut<N> {
    let mut key = Vector::<f32, N>::new(1.0e38f32);
    let mut index = Vector::<u32, N>::new(0u32);
    for _ in 0..passes {
        let mut next = Vector::<f32, N>::new(-1.0e38f32);
        let mut next_index = Vector::<u32, N>::new(0u32);
        for i in 0..walk.len {
            let own = Vector::new(walk.sign) * load::<N, T>(params, lines, walk.from + i * walk.step).abs();
            let place = Vector::<u32, N>::new(i);
            let later = select_many(own.equal(&key), place.greater_than(&index), own.less_than(&key));
            let candidate = select_many(later, own, Vector::new(-1.0e38f32));
            let better = candidate.greater_than(&next);
            next = select_many(better, own, next);
            next_index = select_many(better, place, next_index);
        }
        key = next;
        index = next_index;
    }
    Cut::<N> { key, index }
}

/// Newly selected mask of `weight` at place `i` of a walk.
#[cube]
fn chosen<N: Size>(weight: Vector<f32, N>, walk: &Walk, cut: &Cut<N>, i: u32) -> Vector<f32, N> {
    let own = Vector::new(walk.sign) * weight.abs();
    let place = Vector::<u32, N>::new(i);
    let passed = select_many(own.equal(&cut.key), place.less_equal(&cut.index), own.greater_than(&cut.key));
    // From the large end those before the cut are kept, from the small end dropped.
    let before = select(walk.sign > 0.0f32, 1.0f32, 0.0f32);
    select_many(passed, Vector::<f32, N>::new(before), Vector::new(1.0f32 - before))
}

/// The old mask in place of the new one where the rule holds it.
#[cube]
fn held<N: Size, T: Size>(
    new: Vector<f32, N>,
    old_mask: &Tensor<Vector<f32, T>>,
    lines: &Sequence<u32>,
    at: u32,
    refresh: bool,
) -> Vector<f32, N> {
    let mut f = new;
    if !refresh {
        f = load::<N, T>(old_mask, lines, at);
    }
    f
}

/// The largest magnitude that is dropped within the first `steps` places of a walk.
#[cube]
fn largest_dropped<N: Size, T: Size>(
    params: &Tensor<Vector<f32, T>>,
    old_mask: &Tensor<Vector<f32, T>>,
    lines: &Sequence<u32>,
    walk: &Walk,
    cut: &Cut<N>,
    steps: u32,
    refresh: bool,
) -> Vector<f32, N> {
    let mut largest = Vector::<f32, N>::new(0.0f32);
    for i in 0..steps {
        let at = walk.from + i * walk.step;
        let weight = load::<N, T>(params, lines, at);
        let f = held::<N, T>(chosen::<N>(weight, walk, cut, i), old_mask, lines, at, refresh);
        largest = max(largest, weight.abs() * (Vector::new(1.0f32) - f));
    }
    largest
}
