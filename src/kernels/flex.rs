//! Binds the CPU operations to Burn's `flex` backend: shapes in, slices out, one lane after the other.

use burn::backend::{
    DType, Flex, TensorMetadata,
    tensor::{FloatTensor, IntTensor},
};
use burn_flex::FlexTensor;

use super::{
    Affine, HeadShape, LaneOps, MaskGrid, Norm, PackGrid, PrunableMatrix, Segment, SegmentKind,
    cpu::{
        self,
        attention::{AttentionGradInput, Qkv},
        lane_of,
        matmul::LaneWeights,
        norm::NormGradInput,
    },
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

fn lane_weights<'a>(values: &'a F, packed: &'a F, l: usize) -> LaneWeights<'a> {
    LaneWeights { values: lane(values, l), packed: lane(packed, l) }
}

/// Activations of `features` on the rows of `x`, for the lanes of `weights`.
fn activations(x: &F, weights: &F, features: usize) -> F {
    zeros(&[dims(weights)[0], features, dims(x)[2]])
}

fn read_table<const WORDS: usize, T>(table: &IntTensor<Flex>, read: impl Fn(&[i32; WORDS]) -> T) -> Vec<T> {
    let words: &[i32] = table.as_slice().expect("device tables are contiguous i32");
    words.as_chunks().0.iter().map(read).collect()
}

fn read_segments(table: &IntTensor<Flex>) -> Vec<Segment> {
    read_table(table, |words: &[i32; Segment::WORDS]| {
        let [offset, rows, cols, stride, kind, _] = words.map(|word| word as usize);
        Segment { offset, rows, cols, stride, kind: SegmentKind::ALL[kind] }
    })
}

/// Both forms of [`LaneOps::linear_grad`]: `z` is what `x` is the activation of, if it is one.
fn linear_grad(x: &F, dy: &F, (weights, rows): (&F, &F), z: Option<&F>, mut grads: F, at: Affine) -> (F, F) {
    let mut dx = activations(dy, weights, at.inputs);
    per_lane2((&mut dx, &mut grads), |l, dx, grads| {
        let z = z.map(|z| lane(z, l));
        cpu::matmul::linear_grad((lane(x, l), lane(dy, l)), lane_weights(weights, rows, l), z, at, (dx, grads));
    });
    (dx, grads)
}

/// Both forms of [`LaneOps::layer_norm_grad`].
fn layer_norm_grad(dy: &F, (x, stats): (&F, &F), weights: &F, residual: Option<&F>, mut grads: F, at: Norm) -> (F, F) {
    let mut dx = zeros(&dims(dy));
    per_lane2((&mut dx, &mut grads), |l, dx, grads| {
        let [dy, x, stats, weights] = [dy, x, stats, weights].map(|t| lane(t, l));
        let input = NormGradInput { dy, x, stats, weights, residual: residual.map(|r| lane(r, l)) };
        cpu::norm::layer_norm_grad(input, at, dx, grads);
    });
    (dx, grads)
}

/// Both forms of [`LaneOps::attention`]: `queries` holds the queries, `input` gives all that a lane reads.
fn attention<'a>(queries: &F, shape: HeadShape, input: impl Fn(usize) -> Qkv<'a>) -> (F, F) {
    let [mut context, mut log_sum_exp] =
        [shape.width(), shape.heads].map(|features| activations(queries, queries, features));
    per_lane2((&mut context, &mut log_sum_exp), |l, context, log_sum_exp| {
        cpu::attention::attention(input(l), shape, context, log_sum_exp);
    });
    (context, log_sum_exp)
}

impl LaneOps for Flex {
    fn linear(
        x: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        columns: &FloatTensor<Self>,
        at: Affine,
    ) -> FloatTensor<Self> {
        let mut y = activations(x, weights, at.outputs);
        per_lane(&mut y, |l, y| cpu::matmul::linear(lane(x, l), lane_weights(weights, columns, l), at, y));
        y
    }

    fn linear_gelu(
        x: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        columns: &FloatTensor<Self>,
        at: Affine,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [mut z, mut activated] = [0; 2].map(|_| activations(x, weights, at.outputs));
        per_lane2((&mut z, &mut activated), |l, z, activated| {
            cpu::matmul::linear_gelu(lane(x, l), lane_weights(weights, columns, l), at, z, activated);
        });
        (z, activated)
    }

    fn linear_add(
        x: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        columns: &FloatTensor<Self>,
        at: Affine,
        residual: &FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let mut y = activations(x, weights, at.outputs);
        per_lane(&mut y, |l, y| {
            cpu::matmul::linear_add(lane(x, l), lane_weights(weights, columns, l), at, lane(residual, l), y);
        });
        y
    }

    fn linear_grad(
        x: &FloatTensor<Self>,
        dy: &FloatTensor<Self>,
        weights: &FloatTensor<Self>,
        rows: &FloatTensor<Self>,
        grads: FloatTensor<Self>,
        at: Affine,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        linear_grad(x, dy, (weights, rows), None, grads, at)
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
        linear_grad(x, dy, (weights, rows), Some(z), grads, at)
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
        let (mut y, mut stats) = (activations(x, weights, at.features), activations(x, weights, 2));
        per_lane2((&mut y, &mut stats), |l, y, stats| {
            cpu::norm::layer_norm(lane(x, l), lane(weights, l), at, y, stats);
        });
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
        layer_norm_grad(dy, (x, stats), weights, None, grads, at)
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
        layer_norm_grad(dy, (x, stats), weights, Some(residual), grads, at)
    }

    fn one_hot(ids: &FloatTensor<Self>, width: usize) -> FloatTensor<Self> {
        let [lanes, rows] = [dims(ids)[0], dims(ids)[1]];
        let mut columns = zeros(&[lanes, width, rows]);
        per_lane(&mut columns, |l, columns| cpu::embed::one_hot(lane(ids, l), columns));
        columns
    }

    fn attention(qkv: &FloatTensor<Self>, shape: HeadShape) -> (FloatTensor<Self>, FloatTensor<Self>) {
        attention(qkv, shape, |l| Qkv::of_self(lane(qkv, l)))
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
            let [d_context, context, log_sum_exp] = [d_context, context, log_sum_exp].map(|t| lane(t, l));
            let input = AttentionGradInput { d_context, qkv: Qkv::of_self(lane(qkv, l)), context, log_sum_exp };
            let (d_q, d_kv) = d_qkv.split_at_mut(context.len());
            cpu::attention::attention_grad(input, shape, d_q, d_kv);
        });
        d_qkv
    }

    fn cross_attention(
        q: &FloatTensor<Self>,
        kv: &FloatTensor<Self>,
        shape: HeadShape,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        attention(q, shape, |l| Qkv::of_cross(lane(q, l), lane(kv, l)))
    }

    fn cross_attention_grad(
        d_context: &FloatTensor<Self>,
        q: &FloatTensor<Self>,
        kv: &FloatTensor<Self>,
        context: &FloatTensor<Self>,
        log_sum_exp: &FloatTensor<Self>,
        shape: HeadShape,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let [mut d_q, mut d_kv] = [q, kv].map(|t| zeros(&dims(t)));
        per_lane2((&mut d_q, &mut d_kv), |l, d_q, d_kv| {
            let [d_context, q, kv, context, log_sum_exp] = [d_context, q, kv, context, log_sum_exp].map(|t| lane(t, l));
            let input = AttentionGradInput { d_context, qkv: Qkv::of_cross(q, kv), context, log_sum_exp };
            cpu::attention::attention_grad(input, shape, d_q, d_kv);
        });
        (d_q, d_kv)
    }

    fn mean_pool(x: &FloatTensor<Self>, tokens: usize) -> FloatTensor<Self> {
        let shape = dims(x);
        let mut y = zeros(&[shape[0], shape[1], shape[2] / tokens]);
        per_lane(&mut y, |l, y| cpu::norm::mean_pool(lane(x, l), tokens, y));
        y
    }

    fn mean_pool_grad(dy: &FloatTensor<Self>, tokens: usize) -> FloatTensor<Self> {
        let shape = dims(dy);
        let mut dx = zeros(&[shape[0], shape[1], shape[2] * tokens]);
        per_lane(&mut dx, |l, dx| cpu::norm::mean_pool_grad(lane(dy, l), tokens, dx));
        dx
    }

    fn cross_entropy(
        logits: &FloatTensor<Self>,
        targets: &FloatTensor<Self>,
        classes: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (mut d_logits, mut outcome) = (zeros(&dims(logits)), activations(logits, logits, 2));
        per_lane2((&mut d_logits, &mut outcome), |l, d_logits, outcome| {
            cpu::loss::cross_entropy(lane(logits, l), lane(targets, l), classes, d_logits, outcome);
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

    fn pack(
        weights: &FloatTensor<Self>,
        mask: &FloatTensor<Self>,
        plan: &FloatTensor<Self>,
        matrices: IntTensor<Self>,
        grid: PackGrid,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let matrices = read_table(&matrices, |words: &[i32; PrunableMatrix::WORDS]| PrunableMatrix::from_words(words));
        let [lanes, parameters] = [dims(weights)[0], dims(weights)[1]];
        let [mut columns, mut rows] =
            [grid.column_lines, grid.row_lines].map(|lines| zeros(&[lanes, 2 * (lines + parameters)]));
        per_lane2((&mut columns, &mut rows), |l, columns, rows| {
            let rules = cpu::optimizer::rules(lane(plan, l));
            cpu::pack::pack(lane(weights, l), lane(mask, l), &rules, &matrices, grid, (columns, rows));
        });
        (columns, rows)
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

    fn remember_masks(
        history: &FloatTensor<Self>,
        mask: &FloatTensor<Self>,
        events: &FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let mut remembered = zeros(&dims(history));
        per_lane(&mut remembered, |l, remembered| {
            let [first, ever] = *lane(events, l) else { unreachable!("two events for every lane") };
            cpu::history::remember_masks(lane(history, l), lane(mask, l), [first, ever], remembered);
        });
        remembered
    }

    fn noise_sums(
        grads: &FloatTensor<Self>,
        moments: &FloatTensor<Self>,
        mask: &FloatTensor<Self>,
        previous_mask: &FloatTensor<Self>,
        history: &FloatTensor<Self>,
        segments: IntTensor<Self>,
        _grid: MaskGrid,
    ) -> FloatTensor<Self> {
        let segments = read_segments(&segments);
        let mut sums = zeros(&[dims(grads)[0], segments.len(), 2 * cpu::noise::SUMS]);
        per_lane(&mut sums, |l, out| {
            let [grads, moments, mask, previous_mask, history] =
                [grads, moments, mask, previous_mask, history].map(|t| lane(t, l));
            let input = cpu::noise::NoiseInput { grads, v: &moments[grads.len()..], mask, previous_mask, history };
            cpu::noise::noise_sums(input, &segments, out);
        });
        sums
    }

    fn append(mut all: FloatTensor<Self>, part: &FloatTensor<Self>, first: usize) -> FloatTensor<Self> {
        let part = values(part);
        values_mut(&mut all)[first..][..part.len()].copy_from_slice(part);
        all
    }
}
