//! Binds the CubeCL kernels to Burn's `CubeBackend`: shapes and buffers in, launches out.
//!
//! Every launch here is `unsafe` because the kernels skip bounds checks; each kernel guards its own
//! thread index, and the shapes asserted by the callers bound all other indices.
#![allow(unsafe_code, clippy::undocumented_unsafe_blocks, reason = "unchecked launches; see the module text")]

/// Launches a kernel on a grid of `(workgroups, workgroup size)`.
macro_rules! launch {
    ($like:expr, $grid:expr, $($kernel:ident)::+, $($arg:expr),+ $(,)?) => {{
        let (count, dim) = $grid;
        unsafe { gpu::$($kernel)::+::launch_unchecked(&$like.client, count, dim, $($arg),+) }
    }};
}

mod args;
mod attention;

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn_cubecl::CubeBackend;

use super::{
    ALIGN, Affine, HeadShape, LaneOps, MaskGrid, Norm, PackGrid,
    gpu::{self, forward::Ending, launch::per_lane, loss::LossArgLaunch},
};
use args::{AffineGrid, PAIR, arg, dims, empty, lane_stride, norm_arg, unused, word};

impl LaneOps for CubeBackend {
    fn linear(
        x: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        columns: &FloatTensor<Self>,
        at: Affine,
    ) -> FloatTensor<Self> {
        let ending = if at.bias_rows > 1 { Ending::TokenBias } else { Ending::Bias };
        AffineGrid::new(x, weights, at).packed_columns(columns).linear(x, weights, columns, &unused(x), ending)
    }

    fn linear_gelu(
        x: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        columns: &FloatTensor<Self>,
        at: Affine,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let grid = AffineGrid::new(x, weights, at).packed_columns(columns);
        let z = empty(x, &[grid.lanes, at.outputs, dims(x)[2]]);
        let activated = grid.linear(x, weights, columns, &z, Ending::Gelu);
        (z, activated)
    }

    fn linear_add(
        x: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        columns: &FloatTensor<Self>,
        at: Affine,
        residual: &FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        AffineGrid::new(x, weights, at).packed_columns(columns).linear(x, weights, columns, residual, Ending::Add)
    }

    fn linear_grad(
        x: &FloatTensor<Self>,
        dy: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        rows: &FloatTensor<Self>,
        grads: FloatTensor<Self>,
        at: Affine,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let dx = AffineGrid::new(x, weights, at).packed_rows(rows).linear_grad(x, dy, weights, rows, None, &grads);
        (dx, grads)
    }

    fn linear_grad_gelu(
        x: &FloatTensor<Self>,
        dy: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        rows: &FloatTensor<Self>,
        z: &FloatTensor<Self>,
        grads: FloatTensor<Self>,
        at: Affine,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let dz = AffineGrid::new(x, weights, at).packed_rows(rows).linear_grad(x, dy, weights, rows, Some(z), &grads);
        (dz, grads)
    }

    fn linear_grad_weight(
        x: &FloatTensor<Self>,
        dy: &FloatTensor<Self>,
        grads: FloatTensor<Self>,
        at: Affine,
    ) -> FloatTensor<Self> {
        AffineGrid::new(x, &grads, at).linear_grad_weight(x, dy, &grads);
        grads
    }

    fn layer_norm(
        x: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        at: Norm,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [lanes, rows] = [dims(x)[0], dims(x)[2]];
        let (y, stats) = (empty(x, &dims(x)), empty(x, &[lanes, 2, rows]));
        let (grid, at) = (per_lane(rows / ALIGN, lanes), norm_arg(rows, weights, at));
        launch!(x, grid, norm::layer_norm, ALIGN, arg(x), arg(weights), arg(&y), arg(&stats), at);
        (y, stats)
    }

    fn layer_norm_grad(
        dy: &FloatTensor<Self>,
        x: &FloatTensor<Self>,
        stats: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        grads: FloatTensor<Self>,
        at: Norm,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [lanes, rows] = [dims(x)[0], dims(x)[2]];
        let dx = empty(x, &dims(x));
        launch!(
            x,
            per_lane(rows / ALIGN + at.features, lanes),
            norm::layer_norm_grad,
            ALIGN,
            arg(dy),
            arg(x),
            arg(stats),
            arg(weights),
            arg(&dx),
            arg(&grads),
            norm_arg(rows, weights, at),
        );
        (dx, grads)
    }

    fn layer_norm_grad_add(
        dy: &FloatTensor<Self>,
        x: &FloatTensor<Self>,
        stats: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        residual: &FloatTensor<Self>,
        grads: FloatTensor<Self>,
        at: Norm,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [lanes, rows] = [dims(x)[0], dims(x)[2]];
        let dx = empty(x, &dims(x));
        launch!(
            x,
            per_lane(rows / ALIGN + at.features, lanes),
            norm::layer_norm_grad_add,
            ALIGN,
            arg(dy),
            arg(x),
            arg(stats),
            arg(weights),
            arg(residual),
            arg(&dx),
            arg(&grads),
            norm_arg(rows, weights, at),
        );
        (dx, grads)
    }

    fn one_hot(ids: &FloatTensor<Self>, width: usize) -> FloatTensor<Self> {
        let [lanes, rows] = [dims(ids)[0], dims(ids)[1]];
        let columns = empty(ids, &[lanes, width, rows]);
        let grid = per_lane(width * rows, lanes);
        launch!(ids, grid, embed::one_hot, arg(ids), arg(&columns), word(rows), word(width * rows));
        columns
    }

    fn attention(qkv: &FloatTensor<Self>, shape: HeadShape) -> (FloatTensor<Self>, FloatTensor<Self>) {
        attention::forward(qkv, None, shape)
    }

    fn attention_grad(
        d_context: &FloatTensor<Self>,
        qkv: &FloatTensor<Self>,
        context: &FloatTensor<Self>,
        log_sum_exp: &FloatTensor<Self>,
        shape: HeadShape,
    ) -> FloatTensor<Self> {
        attention::self_grad(d_context, qkv, (context, log_sum_exp), shape)
    }

    fn cross_attention(
        q: &FloatTensor<Self>,
        kv: &FloatTensor<Self>,
        shape: HeadShape,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        attention::forward(q, Some(kv), shape)
    }

    fn cross_attention_grad(
        d_context: &FloatTensor<Self>,
        q: &FloatTensor<Self>,
        kv: &FloatTensor<Self>,
        context: &FloatTensor<Self>,
        log_sum_exp: &FloatTensor<Self>,
        shape: HeadShape,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        attention::cross_grad(d_context, (q, kv), (context, log_sum_exp), shape)
    }

    fn mean_pool(x: &FloatTensor<Self>, tokens: usize) -> FloatTensor<Self> {
        let [lanes, width, batch] = [dims(x)[0], dims(x)[1], dims(x)[2] / tokens];
        let y = empty(x, &[lanes, width, batch]);
        let grid = per_lane(width * batch, lanes);
        launch!(x, grid, pool::mean_pool, arg(x), arg(&y), word(tokens), word(width * batch));
        y
    }

    fn mean_pool_grad(dy: &FloatTensor<Self>, tokens: usize) -> FloatTensor<Self> {
        let [lanes, width, rows] = [dims(dy)[0], dims(dy)[1], dims(dy)[2] * tokens];
        let dx = empty(dy, &[lanes, width, rows]);
        let grid = per_lane(width * rows, lanes);
        launch!(dy, grid, pool::mean_pool_grad, arg(dy), arg(&dx), word(tokens), word(width * rows));
        dx
    }

    fn cross_entropy(
        logits: &FloatTensor<Self>,
        targets: &FloatTensor<Self>,
        classes: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [lanes, width, rows] = [dims(logits)[0], dims(logits)[1], dims(logits)[2]];
        let (d_logits, outcome) = (empty(logits, &dims(logits)), empty(logits, &[lanes, 2, rows]));
        let at = LossArgLaunch::new(word(rows), word(width), word(classes), word(lane_stride(targets)));
        let grid = per_lane(rows, lanes);
        launch!(logits, grid, loss::cross_entropy, arg(logits), arg(targets), arg(&d_logits), arg(&outcome), at);
        (d_logits, outcome)
    }

    fn select_masks(
        params: &FloatTensor<Self>,
        mask: &FloatTensor<Self>,
        plan: &FloatTensor<Self>,
        segments: IntTensor<Self>,
        grid: MaskGrid,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let shape = dims(params);
        let (new_mask, masked) = (empty(params, &shape), empty(params, &shape));
        launch!(
            params,
            per_lane(grid.threads, shape[0]),
            mask::select_masks,
            ALIGN,
            if grid.wide { ALIGN } else { 1 },
            arg(params),
            arg(mask),
            arg(plan),
            arg(&segments),
            arg(&new_mask),
            arg(&masked),
            word(grid.segments),
            word(shape[1]),
            grid.general,
        );
        (new_mask, masked)
    }

    fn pack(
        weights: &FloatTensor<Self>,
        mask: &FloatTensor<Self>,
        plan: &FloatTensor<Self>,
        matrices: IntTensor<Self>,
        grid: PackGrid,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [lanes, parameters] = [dims(weights)[0], dims(weights)[1]];
        let columns = empty(weights, &[lanes, PAIR * (grid.column_lines + parameters)]);
        let rows = empty(weights, &[lanes, PAIR * (grid.row_lines + parameters)]);
        launch!(
            weights,
            per_lane(grid.column_lines / ALIGN + grid.row_lines, lanes),
            pack::pack,
            ALIGN,
            PAIR,
            arg(weights),
            arg(mask),
            arg(plan),
            arg(&matrices),
            arg(&columns),
            arg(&rows),
            word(grid.matrices),
            word(parameters),
            word(grid.column_lines),
            word(grid.row_lines),
        );
        (columns, rows)
    }

    fn rule_gradients(
        grads: FloatTensor<Self>,
        params: &FloatTensor<Self>,
        mask: &FloatTensor<Self>,
        plan: &FloatTensor<Self>,
        kinds: &FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [lanes, count] = [dims(params)[0], dims(params)[1]];
        let norm_parts = gpu::optimizer::NORM_PARTS as usize;
        let (parts, scale) = (empty(params, &[lanes, norm_parts]), empty(params, &[lanes, 2]));
        launch!(
            params,
            per_lane(norm_parts, lanes),
            optimizer::rule_gradients,
            ALIGN,
            arg(&grads),
            arg(params),
            arg(mask),
            arg(plan),
            arg(kinds),
            arg(&parts),
            word(count / ALIGN),
        );
        launch!(params, per_lane(1, lanes), optimizer::gradient_scale, arg(&parts), arg(plan), arg(&scale));
        (grads, scale)
    }

    fn adamw(
        params: &FloatTensor<Self>,
        moments: &FloatTensor<Self>,
        grads: &FloatTensor<Self>,
        plan: &FloatTensor<Self>,
        scale: &FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (new_params, new_moments) = (empty(params, &dims(params)), empty(params, &dims(moments)));
        let [lanes, parameters] = [dims(params)[0], dims(params)[1]];
        launch!(
            params,
            per_lane(parameters / ALIGN, lanes),
            optimizer::adamw,
            ALIGN,
            arg(params),
            arg(moments),
            arg(grads),
            arg(plan),
            arg(scale),
            arg(&new_params),
            arg(&new_moments),
            word(parameters / ALIGN),
        );
        (new_params, new_moments)
    }

    fn remember_masks(
        history: &FloatTensor<Self>,
        mask: &FloatTensor<Self>,
        events: &FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let [lanes, parameters] = [dims(history)[0], dims(history)[1]];
        let remembered = empty(history, &dims(history));
        let (grid, vectors) = (per_lane(parameters / ALIGN, lanes), word(parameters / ALIGN));
        launch!(
            history,
            grid,
            history::remember_masks,
            ALIGN,
            arg(history),
            arg(mask),
            arg(events),
            arg(&remembered),
            vectors,
        );
        remembered
    }

    fn noise_sums(
        grads: &FloatTensor<Self>,
        moments: &FloatTensor<Self>,
        mask: &FloatTensor<Self>,
        previous_mask: &FloatTensor<Self>,
        history: &FloatTensor<Self>,
        segments: IntTensor<Self>,
        grid: MaskGrid,
    ) -> FloatTensor<Self> {
        let (width, part_count) = (2 * super::cpu::noise::SUMS, gpu::noise::PARTS as usize);
        let [lanes, parameters] = [dims(grads)[0], dims(grads)[1]];
        let parts = empty(grads, &[lanes, grid.segments, part_count, width]);
        let sums = empty(grads, &[lanes, grid.segments, width]);
        launch!(
            grads,
            per_lane(grid.segments * part_count, lanes),
            noise::noise_parts,
            arg(grads),
            arg(moments),
            arg(mask),
            arg(previous_mask),
            arg(history),
            arg(&segments),
            arg(&parts),
            word(grid.segments),
            word(parameters),
        );
        let outputs = grid.segments * width;
        launch!(grads, per_lane(outputs, lanes), noise::noise_total, arg(&parts), arg(&sums), word(outputs));
        sums
    }

    fn append(all: FloatTensor<Self>, part: &FloatTensor<Self>, first: usize) -> FloatTensor<Self> {
        let count = dims(part).iter().product();
        launch!(part, per_lane(count, 1), append::append, arg(part), arg(&all), word(first), word(count));
        all
    }
}
