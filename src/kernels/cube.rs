//! Binds the CubeCL kernels to Burn's `CubeBackend`: shapes and buffers in, launches out.
//!
//! Every launch here is `unsafe` because the kernels skip bounds checks; each kernel guards its own
//! thread index, and the shapes asserted by the callers bound all other indices.
#![allow(unsafe_code, clippy::undocumented_unsafe_blocks, reason = "unchecked launches; see the module text")]

use burn::backend::{
    DType, TensorMetadata,
    tensor::{FloatTensor, IntTensor},
};
use burn_cubecl::{CubeBackend, ops::numeric::empty_device_contiguous_dtype, tensor::CubeTensor};
use cubecl::prelude::*;

use super::{
    ALIGN, Affine, HeadShape, LaneOps, MaskGrid, Norm,
    gpu::{
        self,
        attention::HeadArgLaunch,
        launch::{per_lane, tiles},
        matmul::AffineArgLaunch,
        norm::NormArgLaunch,
    },
};

type F = CubeTensor;

fn dims(tensor: &F) -> Vec<usize> {
    tensor.shape().as_slice().to_vec()
}

fn word(value: usize) -> u32 {
    u32::try_from(value).expect("lane tensors have fewer than 2^32 elements")
}

/// An uninitialised tensor on the device of `like`; the kernel that follows writes all of it.
fn empty(like: &F, shape: &[usize]) -> F {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), shape.into(), DType::F32)
}

fn arg(tensor: &F) -> TensorArg {
    tensor.clone().into_tensor_arg()
}

/// Elements between lanes, 0 for an input that all lanes share.
fn lane_stride(tensor: &F) -> usize {
    let shape = dims(tensor);
    if shape[0] == 1 { 0 } else { shape[1..].iter().product() }
}

/// Rows and lanes of an affine map's output, and its geometry in four-wide vectors.
struct AffineLaunch {
    lanes: usize,
    rows: usize,
    at: Affine,
    x_lane: usize,
    weights_lane: usize,
}

impl AffineLaunch {
    fn new(x: &F, weights: &F, at: Affine) -> Self {
        let weights_lane = dims(weights)[1];
        for (name, value) in
            [("inputs", at.inputs), ("outputs", at.outputs), ("offset", at.offset), ("parameters", weights_lane)]
        {
            assert!(value % ALIGN == 0, "affine map: {name} = {value} is not a multiple of {ALIGN}");
        }
        Self { lanes: dims(weights)[0], rows: dims(x)[1], at, x_lane: lane_stride(x), weights_lane }
    }

    fn arg(&self) -> AffineArgLaunch {
        AffineArgLaunch::new(
            word(self.rows),
            word(self.at.inputs / ALIGN),
            word(self.at.outputs / ALIGN),
            word(self.x_lane / ALIGN),
            word(self.weights_lane / ALIGN),
            word(self.at.offset / ALIGN),
            word(self.at.bias_offset() / ALIGN),
            word(self.at.bias_rows),
        )
    }

    fn output(&self, like: &F, width: usize) -> F {
        empty(like, &[self.lanes, self.rows, width])
    }

    /// Tiles that cover `rows x width`.
    fn tiles(&self, width: usize) -> (CubeCount, CubeDim) {
        let columns = (width / ALIGN).div_ceil(gpu::matmul::TILE_VECTORS as usize);
        tiles(columns, self.rows.div_ceil(gpu::matmul::TILE_ROWS as usize), self.lanes)
    }
}

fn norm_arg(rows: usize, weights: &F, at: Norm) -> NormArgLaunch {
    NormArgLaunch::new(
        word(rows),
        word(at.features),
        word(dims(weights)[1]),
        word(at.offset),
        word(at.shift_offset()),
        Norm::EPSILON,
    )
}

fn head_arg(shape: HeadShape) -> HeadArgLaunch {
    HeadArgLaunch::new(
        word(shape.batch * shape.tokens),
        word(shape.tokens),
        word(shape.heads),
        word(shape.width() / ALIGN),
        shape.scale(),
    )
}

impl LaneOps for CubeBackend {
    fn linear(x: &FloatTensor<Self>, weights: &FloatTensor<Self>, at: Affine) -> FloatTensor<Self> {
        let launch = AffineLaunch::new(x, weights, at);
        let y = launch.output(x, at.outputs);
        let (count, dim) = launch.tiles(at.outputs);
        unsafe {
            gpu::matmul::linear::launch_unchecked(
                &x.client,
                count,
                dim,
                ALIGN,
                arg(x),
                arg(weights),
                arg(&y),
                launch.arg(),
            );
        }
        y
    }

    fn linear_gelu(
        x: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        at: Affine,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let launch = AffineLaunch::new(x, weights, at);
        let (z, activated) = (launch.output(x, at.outputs), launch.output(x, at.outputs));
        let (count, dim) = launch.tiles(at.outputs);
        unsafe {
            gpu::matmul::linear_gelu::launch_unchecked(
                &x.client,
                count,
                dim,
                ALIGN,
                arg(x),
                arg(weights),
                arg(&z),
                arg(&activated),
                launch.arg(),
            );
        }
        (z, activated)
    }

    fn linear_add(
        x: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        at: Affine,
        residual: &FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let launch = AffineLaunch::new(x, weights, at);
        let y = launch.output(x, at.outputs);
        let (count, dim) = launch.tiles(at.outputs);
        unsafe {
            gpu::matmul::linear_add::launch_unchecked(
                &x.client,
                count,
                dim,
                ALIGN,
                arg(x),
                arg(weights),
                arg(residual),
                arg(&y),
                launch.arg(),
            );
        }
        y
    }

    fn linear_grad_input(dy: &FloatTensor<Self>, weights: &FloatTensor<Self>, at: Affine) -> FloatTensor<Self> {
        let launch = AffineLaunch::new(dy, weights, at);
        let dx = launch.output(dy, at.inputs);
        let (count, dim) = launch.tiles(at.inputs);
        unsafe {
            gpu::matmul::linear_grad_input::launch_unchecked(
                &dy.client,
                count,
                dim,
                ALIGN,
                arg(dy),
                arg(weights),
                arg(&dx),
                launch.arg(),
            );
        }
        dx
    }

    fn linear_grad_input_gelu(
        dy: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        at: Affine,
        z: &FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let launch = AffineLaunch::new(dy, weights, at);
        let dz = launch.output(dy, at.inputs);
        let (count, dim) = launch.tiles(at.inputs);
        unsafe {
            gpu::matmul::linear_grad_input_gelu::launch_unchecked(
                &dy.client,
                count,
                dim,
                ALIGN,
                arg(dy),
                arg(weights),
                arg(z),
                arg(&dz),
                launch.arg(),
            );
        }
        dz
    }

    fn linear_grad_weight(
        x: &FloatTensor<Self>,
        dy: &FloatTensor<Self>,
        grads: FloatTensor<Self>,
        at: Affine,
    ) -> FloatTensor<Self> {
        let launch = AffineLaunch::new(x, &grads, at);
        let input_tiles = (at.inputs / ALIGN).div_ceil(gpu::matmul::GRAD_VECTORS as usize);
        let (count, dim) = tiles(at.outputs / ALIGN, input_tiles, launch.lanes);
        unsafe {
            gpu::matmul::linear_grad_weight::launch_unchecked(
                &x.client,
                count,
                dim,
                ALIGN,
                arg(x),
                arg(dy),
                arg(&grads),
                launch.arg(),
            );
        }
        if at.bias_rows > 1 {
            let (count, dim) = per_lane(at.bias_rows * at.outputs / ALIGN, launch.lanes);
            unsafe {
                gpu::matmul::bias_rows_grad::launch_unchecked(
                    &x.client,
                    count,
                    dim,
                    ALIGN,
                    arg(dy),
                    arg(&grads),
                    launch.arg(),
                );
            }
        }
        grads
    }

    fn layer_norm(
        x: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        at: Norm,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [lanes, rows] = [dims(x)[0], dims(x)[1]];
        let (y, stats) = (empty(x, &dims(x)), empty(x, &[lanes, rows, 2]));
        let (count, dim) = per_lane(rows, lanes);
        let at = norm_arg(rows, weights, at);
        unsafe {
            gpu::norm::layer_norm::launch_unchecked(
                &x.client,
                count,
                dim,
                arg(x),
                arg(weights),
                arg(&y),
                arg(&stats),
                at,
            );
        }
        (y, stats)
    }

    fn layer_norm_grad_input(
        dy: &FloatTensor<Self>,
        x: &FloatTensor<Self>,
        stats: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        at: Norm,
    ) -> FloatTensor<Self> {
        let [lanes, rows] = [dims(x)[0], dims(x)[1]];
        let dx = empty(x, &dims(x));
        let (count, dim) = per_lane(rows, lanes);
        let at = norm_arg(rows, weights, at);
        unsafe {
            gpu::norm::layer_norm_grad_input::launch_unchecked(
                &x.client,
                count,
                dim,
                arg(dy),
                arg(x),
                arg(stats),
                arg(weights),
                arg(&dx),
                at,
            );
        }
        dx
    }

    fn layer_norm_grad_input_add(
        dy: &FloatTensor<Self>,
        x: &FloatTensor<Self>,
        stats: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        at: Norm,
        residual: &FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let [lanes, rows] = [dims(x)[0], dims(x)[1]];
        let dx = empty(x, &dims(x));
        let (count, dim) = per_lane(rows, lanes);
        let at = norm_arg(rows, weights, at);
        unsafe {
            gpu::norm::layer_norm_grad_input_add::launch_unchecked(
                &x.client,
                count,
                dim,
                arg(dy),
                arg(x),
                arg(stats),
                arg(weights),
                arg(residual),
                arg(&dx),
                at,
            );
        }
        dx
    }

    fn layer_norm_grad_weight(
        dy: &FloatTensor<Self>,
        x: &FloatTensor<Self>,
        stats: &FloatTensor<Self>,
        grads: FloatTensor<Self>,
        at: Norm,
    ) -> FloatTensor<Self> {
        let [lanes, rows] = [dims(x)[0], dims(x)[1]];
        let (count, dim) = per_lane(at.features, lanes);
        let at = norm_arg(rows, &grads, at);
        unsafe {
            gpu::norm::layer_norm_grad_weight::launch_unchecked(
                &x.client,
                count,
                dim,
                arg(dy),
                arg(x),
                arg(stats),
                arg(&grads),
                at,
            );
        }
        grads
    }

    fn attention(qkv: &FloatTensor<Self>, shape: HeadShape) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [lanes, rows] = [dims(qkv)[0], shape.batch * shape.tokens];
        let context = empty(qkv, &[lanes, rows, shape.width()]);
        let log_sum_exp = empty(qkv, &[lanes, rows, shape.heads]);
        let (count, dim) = per_lane(rows * shape.heads, lanes);
        let head_vectors = word(shape.head_dim / ALIGN);
        unsafe {
            gpu::attention::attention::launch_unchecked(
                &qkv.client,
                count,
                dim,
                ALIGN,
                arg(qkv),
                arg(&context),
                arg(&log_sum_exp),
                head_arg(shape),
                head_vectors,
            );
        }
        (context, log_sum_exp)
    }

    fn attention_grad(
        d_context: &FloatTensor<Self>,
        qkv: &FloatTensor<Self>,
        context: &FloatTensor<Self>,
        log_sum_exp: &FloatTensor<Self>,
        shape: HeadShape,
    ) -> FloatTensor<Self> {
        let [lanes, rows] = [dims(qkv)[0], shape.batch * shape.tokens];
        let d_qkv = empty(qkv, &dims(qkv));
        let delta = empty(qkv, &[lanes, rows, shape.heads]);
        let (count, dim) = per_lane(rows * shape.heads, lanes);
        let head_vectors = word(shape.head_dim / ALIGN);
        unsafe {
            gpu::attention::attention_grad_query::launch_unchecked(
                &qkv.client,
                count.clone(),
                dim,
                ALIGN,
                arg(d_context),
                arg(qkv),
                arg(context),
                arg(log_sum_exp),
                arg(&d_qkv),
                arg(&delta),
                head_arg(shape),
                head_vectors,
            );
            gpu::attention::attention_grad_key_value::launch_unchecked(
                &qkv.client,
                count,
                dim,
                ALIGN,
                arg(d_context),
                arg(qkv),
                arg(log_sum_exp),
                arg(&delta),
                arg(&d_qkv),
                head_arg(shape),
                head_vectors,
            );
        }
        d_qkv
    }

    fn mean_pool(x: &FloatTensor<Self>, tokens: usize) -> FloatTensor<Self> {
        let shape = dims(x);
        let y = empty(x, &[shape[0], shape[1] / tokens, shape[2]]);
        let outputs = shape[1] / tokens * shape[2];
        let (count, dim) = per_lane(outputs, shape[0]);
        unsafe {
            gpu::norm::mean_pool::launch_unchecked(
                &x.client,
                count,
                dim,
                arg(x),
                arg(&y),
                word(tokens),
                word(shape[2]),
                word(outputs),
            );
        }
        y
    }

    fn mean_pool_grad(dy: &FloatTensor<Self>, tokens: usize) -> FloatTensor<Self> {
        let shape = dims(dy);
        let dx = empty(dy, &[shape[0], shape[1] * tokens, shape[2]]);
        let inputs = shape[1] * tokens * shape[2];
        let (count, dim) = per_lane(inputs, shape[0]);
        unsafe {
            gpu::norm::mean_pool_grad::launch_unchecked(
                &dy.client,
                count,
                dim,
                arg(dy),
                arg(&dx),
                word(tokens),
                word(shape[2]),
                word(inputs),
            );
        }
        dx
    }

    fn cross_entropy(
        logits: &FloatTensor<Self>,
        labels: &FloatTensor<Self>,
        classes: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let shape = dims(logits);
        let (d_logits, outcome) = (empty(logits, &shape), empty(logits, &[shape[0], shape[1], 2]));
        let (count, dim) = per_lane(shape[1], shape[0]);
        unsafe {
            gpu::loss::cross_entropy::launch_unchecked(
                &logits.client,
                count,
                dim,
                arg(logits),
                arg(labels),
                arg(&d_logits),
                arg(&outcome),
                word(shape[1]),
                word(shape[2]),
                word(classes),
                word(lane_stride(labels)),
            );
        }
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
        let (count, dim) = per_lane(grid.groups, shape[0]);
        unsafe {
            gpu::mask::select_masks::launch_unchecked(
                &params.client,
                count,
                dim,
                arg(params),
                arg(mask),
                arg(plan),
                arg(&segments),
                arg(&new_mask),
                arg(&masked),
                word(grid.segments),
                word(shape[1]),
            );
        }
        (new_mask, masked)
    }

    fn rule_gradients(
        grads: FloatTensor<Self>,
        params: &FloatTensor<Self>,
        mask: &FloatTensor<Self>,
        plan: &FloatTensor<Self>,
        kinds: &FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [lanes, count] = [dims(params)[0], dims(params)[1]];
        let parts = empty(params, &[lanes, gpu::optimizer::NORM_PARTS as usize]);
        let scale = empty(params, &[lanes, 2]);
        let (groups, dim) = per_lane(gpu::optimizer::NORM_PARTS as usize, lanes);
        let (single, single_dim) = per_lane(1, lanes);
        unsafe {
            gpu::optimizer::rule_gradients::launch_unchecked(
                &params.client,
                groups,
                dim,
                arg(&grads),
                arg(params),
                arg(mask),
                arg(plan),
                arg(kinds),
                arg(&parts),
                word(count / ALIGN),
            );
            gpu::optimizer::gradient_scale::launch_unchecked(
                &params.client,
                single,
                single_dim,
                arg(&parts),
                arg(plan),
                arg(&scale),
            );
        }
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
        let (count, dim) = per_lane(parameters, lanes);
        unsafe {
            gpu::optimizer::adamw::launch_unchecked(
                &params.client,
                count,
                dim,
                arg(params),
                arg(moments),
                arg(grads),
                arg(plan),
                arg(scale),
                arg(&new_params),
                arg(&new_moments),
                word(parameters),
            );
        }
        (new_params, new_moments)
    }

    fn noise_sums(
        grads: &FloatTensor<Self>,
        moments: &FloatTensor<Self>,
        mask: &FloatTensor<Self>,
        previous_mask: &FloatTensor<Self>,
        segments: IntTensor<Self>,
        grid: MaskGrid,
    ) -> FloatTensor<Self> {
        let width = 2 * super::cpu::noise::SUMS;
        let [lanes, parameters] = [dims(grads)[0], dims(grads)[1]];
        let part_count = gpu::noise::PARTS as usize;
        let parts = empty(grads, &[lanes, grid.segments, part_count, width]);
        let sums = empty(grads, &[lanes, grid.segments, width]);
        let (count, dim) = per_lane(grid.segments * part_count, lanes);
        let (total_count, total_dim) = per_lane(grid.segments * width, lanes);
        unsafe {
            gpu::noise::noise_parts::launch_unchecked(
                &grads.client,
                count,
                dim,
                arg(grads),
                arg(moments),
                arg(mask),
                arg(previous_mask),
                arg(&segments),
                arg(&parts),
                word(grid.segments),
                word(parameters),
            );
            gpu::noise::noise_total::launch_unchecked(
                &grads.client,
                total_count,
                total_dim,
                arg(&parts),
                arg(&sums),
                word(grid.segments * width),
            );
        }
        sums
    }
}
