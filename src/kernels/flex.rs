//! Binds the CPU operations to Burn's `flex` backend: shapes in, slices out, one lane after the other.

use burn::backend::{
    DType, Flex, TensorMetadata,
    tensor::{FloatTensor, IntTensor},
};
use burn_flex::FlexTensor;

use super::{
    Affine, HeadShape, LaneOps, MaskGrid, Norm, Segment, SegmentKind,
    cpu::{self, lane_of},
    plan,
};

type F = FlexTensor;

fn dims(tensor: &F) -> Vec<usize> {
    tensor.shape().as_slice().to_vec()
}

fn values(tensor: &F) -> &[f32] {
    tensor.as_slice().expect("lane tensors are contiguous f32")
}

fn zeros(shape: &[usize]) -> F {
    F::zeros(shape.into(), DType::F32)
}

/// A tensor of its own with the same values.
fn fresh_copy(tensor: &F) -> F {
    let mut copy = zeros(&dims(tensor));
    values_mut(&mut copy).copy_from_slice(values(tensor));
    copy
}

fn values_mut(tensor: &mut F) -> &mut [f32] {
    debug_assert!(tensor.is_unique(), "a tensor written in place must not be shared");
    tensor.storage_mut()
}

/// Runs `each(lane, output)` for every lane of an output `[lanes, ..]`.
fn per_lane(output: &mut F, mut each: impl FnMut(usize, &mut [f32])) {
    let lanes = dims(output)[0];
    let data = values_mut(output);
    let len = data.len() / lanes;
    for (lane, data) in data.chunks_exact_mut(len).enumerate() {
        each(lane, data);
    }
}

/// Like [`per_lane`] for two outputs.
fn per_lane2((a, b): (&mut F, &mut F), mut each: impl FnMut(usize, &mut [f32], &mut [f32])) {
    let lanes = dims(a)[0];
    let (a, b) = (values_mut(a), values_mut(b));
    let (len_a, len_b) = (a.len() / lanes, b.len() / lanes);
    for (lane, (a, b)) in a.chunks_exact_mut(len_a).zip(b.chunks_exact_mut(len_b)).enumerate() {
        each(lane, a, b);
    }
}

/// The slice of `tensor` that belongs to `lane`.
fn lane(tensor: &F, lane: usize) -> &[f32] {
    lane_of(values(tensor), lane, dims(tensor)[0])
}

/// Shape of an affine map's output: lanes of the weights, rows of the input.
fn output_shape(x: &F, weights: &F, width: usize) -> [usize; 3] {
    [dims(weights)[0], dims(x)[1], width]
}

fn read_segments(table: &IntTensor<Flex>) -> Vec<Segment> {
    const KINDS: [SegmentKind; SegmentKind::COUNT] = [
        SegmentKind::Ff1,
        SegmentKind::Ff2,
        SegmentKind::Q,
        SegmentKind::K,
        SegmentKind::V,
        SegmentKind::O,
        SegmentKind::Dense,
    ];
    let words: &[i32] = table.as_slice().expect("the segment table is contiguous i32");
    words
        .chunks_exact(Segment::WORDS)
        .map(|w| {
            let [offset, rows, cols, stride, kind] = std::array::from_fn(|i| w[i] as usize);
            Segment { offset, rows, cols, stride, kind: KINDS[kind] }
        })
        .collect()
}

impl LaneOps for Flex {
    fn linear(x: &FloatTensor<Self>, weights: &FloatTensor<Self>, at: Affine) -> FloatTensor<Self> {
        let mut y = zeros(&output_shape(x, weights, at.outputs));
        per_lane(&mut y, |l, y| cpu::matmul::linear(lane(x, l), lane(weights, l), at, y));
        y
    }

    fn linear_gelu(
        x: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        at: Affine,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let z = Self::linear(x, weights, at);
        let mut activated = zeros(&dims(&z));
        per_lane(&mut activated, |l, out| {
            let z = lane(&z, l);
            cpu::math::zip8(z, z, out, |z, _| cpu::math::gelu8(z));
        });
        (z, activated)
    }

    fn linear_add(
        x: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        at: Affine,
        residual: &FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let mut y = zeros(&output_shape(x, weights, at.outputs));
        per_lane(&mut y, |l, y| {
            cpu::matmul::linear_add(lane(x, l), lane(weights, l), at, lane(residual, l), y);
        });
        y
    }

    fn linear_grad_input(dy: &FloatTensor<Self>, weights: &FloatTensor<Self>, at: Affine) -> FloatTensor<Self> {
        let mut dx = zeros(&output_shape(dy, weights, at.inputs));
        per_lane(&mut dx, |l, dx| cpu::matmul::linear_grad_input(lane(dy, l), lane(weights, l), at, dx));
        dx
    }

    fn linear_grad_input_gelu(
        dy: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        at: Affine,
        z: &FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let d_activated = Self::linear_grad_input(dy, weights, at);
        let mut dz = zeros(&dims(&d_activated));
        per_lane(&mut dz, |l, dz| {
            cpu::math::zip8(lane(&d_activated, l), lane(z, l), dz, |d, z| d * cpu::math::gelu_grad8(z));
        });
        dz
    }

    fn linear_grad_weight(
        x: &FloatTensor<Self>,
        dy: &FloatTensor<Self>,
        mut grads: FloatTensor<Self>,
        at: Affine,
    ) -> FloatTensor<Self> {
        per_lane(&mut grads, |l, grads| cpu::matmul::linear_grad_weight(lane(x, l), lane(dy, l), at, grads));
        grads
    }

    fn layer_norm(
        x: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        at: Norm,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [lanes, rows, features] = output_shape(x, weights, at.features);
        let (mut y, mut stats) = (zeros(&[lanes, rows, features]), zeros(&[lanes, rows, 2]));
        per_lane2((&mut y, &mut stats), |l, y, stats| {
            cpu::norm::layer_norm(lane(x, l), lane(weights, l), at, y, stats);
        });
        (y, stats)
    }

    fn layer_norm_grad_input(
        dy: &FloatTensor<Self>,
        x: &FloatTensor<Self>,
        stats: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        at: Norm,
    ) -> FloatTensor<Self> {
        let mut dx = zeros(&dims(dy));
        per_lane(&mut dx, |l, dx| {
            let saved = (lane(dy, l), lane(x, l), lane(stats, l));
            cpu::norm::layer_norm_grad_input(saved, lane(weights, l), at, dx);
        });
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
        let mut dx = Self::layer_norm_grad_input(dy, x, stats, weights, at);
        per_lane(&mut dx, |l, dx| dx.iter_mut().zip(lane(residual, l)).for_each(|(dx, r)| *dx += r));
        dx
    }

    fn layer_norm_grad_weight(
        dy: &FloatTensor<Self>,
        x: &FloatTensor<Self>,
        stats: &FloatTensor<Self>,
        mut grads: FloatTensor<Self>,
        at: Norm,
    ) -> FloatTensor<Self> {
        per_lane(&mut grads, |l, grads| {
            cpu::norm::layer_norm_grad_weight(lane(dy, l), lane(x, l), lane(stats, l), at, grads);
        });
        grads
    }

    fn attention(qkv: &FloatTensor<Self>, shape: HeadShape) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [lanes, rows] = [dims(qkv)[0], shape.batch * shape.tokens];
        let (mut context, mut log_sum_exp) = (zeros(&[lanes, rows, shape.width()]), zeros(&[lanes, rows, shape.heads]));
        per_lane2((&mut context, &mut log_sum_exp), |l, context, log_sum_exp| {
            cpu::attention::attention(lane(qkv, l), shape, context, log_sum_exp);
        });
        (context, log_sum_exp)
    }

    fn attention_grad(
        d_context: &FloatTensor<Self>,
        qkv: &FloatTensor<Self>,
        context: &FloatTensor<Self>,
        log_sum_exp: &FloatTensor<Self>,
        shape: HeadShape,
    ) -> FloatTensor<Self> {
        let mut d_qkv = zeros(&dims(qkv));
        per_lane(&mut d_qkv, |l, d_qkv| {
            let input = cpu::attention::AttentionGradInput {
                d_context: lane(d_context, l),
                qkv: lane(qkv, l),
                context: lane(context, l),
                log_sum_exp: lane(log_sum_exp, l),
            };
            cpu::attention::attention_grad(input, shape, d_qkv);
        });
        d_qkv
    }

    fn mean_pool(x: &FloatTensor<Self>, tokens: usize) -> FloatTensor<Self> {
        let shape = dims(x);
        let mut y = zeros(&[shape[0], shape[1] / tokens, shape[2]]);
        per_lane(&mut y, |l, y| cpu::norm::mean_pool(lane(x, l), tokens, y, shape[2]));
        y
    }

    fn mean_pool_grad(dy: &FloatTensor<Self>, tokens: usize) -> FloatTensor<Self> {
        let shape = dims(dy);
        let mut dx = zeros(&[shape[0], shape[1] * tokens, shape[2]]);
        per_lane(&mut dx, |l, dx| cpu::norm::mean_pool_grad(lane(dy, l), tokens, dx, shape[2]));
        dx
    }

    fn cross_entropy(
        logits: &FloatTensor<Self>,
        labels: &FloatTensor<Self>,
        classes: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let shape = dims(logits);
        let (mut d_logits, mut outcome) = (zeros(&shape), zeros(&[shape[0], shape[1], 2]));
        per_lane2((&mut d_logits, &mut outcome), |l, d_logits, outcome| {
            cpu::loss::cross_entropy(lane(logits, l), lane(labels, l), (shape[2], classes), d_logits, outcome);
        });
        (d_logits, outcome)
    }

    fn select_masks(
        params: &FloatTensor<Self>,
        mask: &FloatTensor<Self>,
        plan: &FloatTensor<Self>,
        segments: IntTensor<Self>,
        _grid: MaskGrid,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let segments = read_segments(&segments);
        let (mut new_mask, mut masked) = (zeros(&dims(params)), zeros(&dims(params)));
        per_lane2((&mut new_mask, &mut masked), |l, new_mask, masked| {
            let rules = cpu::optimizer::rules(lane(plan, l));
            let rule = |segment: &Segment| rules[segment.kind.index()];
            cpu::mask::select_masks(lane(params, l), lane(mask, l), rule, &segments, (new_mask, masked));
        });
        (new_mask, masked)
    }

    fn rule_gradients(
        mut grads: FloatTensor<Self>,
        params: &FloatTensor<Self>,
        mask: &FloatTensor<Self>,
        plan: &FloatTensor<Self>,
        kinds: &FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let mut scale = zeros(&[dims(params)[0], 2]);
        per_lane2((&mut grads, &mut scale), |l, grads, scale| {
            let [params, mask, row] = [params, mask, plan].map(|t| lane(t, l));
            scale.copy_from_slice(&cpu::optimizer::rule_gradients(grads, params, mask, row, values(kinds)));
        });
        (grads, scale)
    }

    fn adamw(
        params: &FloatTensor<Self>,
        moments: &FloatTensor<Self>,
        grads: &FloatTensor<Self>,
        plan: &FloatTensor<Self>,
        scale: &FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [mut params, mut moments] = [params, moments].map(fresh_copy);
        per_lane2((&mut params, &mut moments), |l, params, moments| {
            let clip = lane(scale, l)[plan::SCALE_FACTOR];
            cpu::optimizer::adamw(params, moments, lane(grads, l), lane(plan, l), clip);
        });
        (params, moments)
    }

    fn noise_sums(
        grads: &FloatTensor<Self>,
        moments: &FloatTensor<Self>,
        mask: &FloatTensor<Self>,
        previous_mask: &FloatTensor<Self>,
        segments: IntTensor<Self>,
        _grid: MaskGrid,
    ) -> FloatTensor<Self> {
        let segments = read_segments(&segments);
        let mut sums = zeros(&[dims(grads)[0], segments.len(), 2 * cpu::noise::SUMS]);
        per_lane(&mut sums, |l, out| {
            let [grads, moments, mask, previous_mask] = [grads, moments, mask, previous_mask].map(|t| lane(t, l));
            let input = cpu::noise::NoiseInput { grads, v: &moments[grads.len()..], mask, previous_mask };
            cpu::noise::noise_sums(input, &segments, out);
        });
        sums
    }
}
