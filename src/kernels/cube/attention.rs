//! Launches of the attention kernels: each has an entry for one tensor and one for two.

use super::args::{arg, dims, empty, word};
use crate::kernels::gpu::{
    self,
    attention::{HeadArgLaunch, HeadForm},
    launch::per_lane,
};
use crate::kernels::{ALIGN, AttentionSpan, HeadShape};
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

type F = CubeTensor;

/// Geometry of `q` and of the tensor with keys and values, which follow the queries where they share a tensor.
fn head_arg(q: &F, kv: Option<&F>, shape: HeadShape) -> HeadArgLaunch {
    let (rows, key_rows) = (shape.batch * shape.tokens, shape.batch * shape.keys);
    let lane = |tensor: &F| dims(tensor)[1] * dims(tensor)[2];
    HeadArgLaunch::new(
        word(rows),
        word(shape.tokens),
        word(key_rows),
        word(shape.keys),
        word(shape.heads),
        word(lane(q)),
        word(lane(kv.unwrap_or(q))),
        word(if kv.is_some() { 0 } else { shape.width() * rows }),
        shape.scale(),
    )
}

/// Features of a head up to which a thread keeps the sums of 16 rows.
const MOST_FEATURES: usize = 16;

/// What a kernel for `shape` is compiled for whose threads own some of `rows` rows.
fn head_form(rows: usize, shape: HeadShape) -> HeadForm {
    let whole = |vectors: usize| [shape.tokens, shape.keys].iter().all(|length| length.is_multiple_of(vectors * ALIGN));
    let fits = |vectors: &usize| match vectors {
        // So many rows would belong to several short sequences, and mostly meet rows that they do not see.
        4 => whole(4) && shape.head_dim <= MOST_FEATURES,
        _ => rows.is_multiple_of(vectors * ALIGN),
    };
    let vectors =
        [4, 2].into_iter().filter(|vectors| *vectors <= shape.tile.attention_vectors()).find(fits).unwrap_or(1);
    let masked = !whole(vectors) || shape.span != AttentionSpan::Full;
    HeadForm { dim: word(shape.head_dim), span: shape.span, masked, vectors: word(vectors) }
}

/// Threads for all of `rows` rows of every head.
fn threads(rows: usize, lanes: usize, shape: HeadShape) -> (CubeCount, CubeDim) {
    per_lane(rows / ALIGN / head_form(rows, shape).vectors as usize * shape.heads, lanes)
}

/// Context and log-sum-exp of the queries in `q`; without `kv`, keys and values follow them.
pub fn forward(q: &F, kv: Option<&F>, shape: HeadShape) -> (F, F) {
    let [lanes, rows] = [dims(q)[0], dims(q)[2]];
    let context = empty(q, &[lanes, shape.width(), rows]);
    let log_sum_exp = empty(q, &[lanes, shape.heads, rows]);
    let (grid, at, form) = (threads(rows, lanes, shape), head_arg(q, kv, shape), head_form(rows, shape));
    let outputs = [&context, &log_sum_exp].map(arg);
    let [context_arg, log_sum_exp_arg] = outputs;
    match kv {
        None => launch!(q, grid, attention::attention, ALIGN, arg(q), context_arg, log_sum_exp_arg, at, form),
        Some(kv) => {
            launch!(
                q,
                grid,
                attention::cross_attention,
                ALIGN,
                arg(q),
                arg(kv),
                context_arg,
                log_sum_exp_arg,
                at,
                form
            );
        }
    }
    (context, log_sum_exp)
}

/// Gradient of self-attention with respect to `qkv`.
pub fn self_grad(d_context: &F, qkv: &F, (context, log_sum_exp): (&F, &F), shape: HeadShape) -> F {
    let [lanes, rows] = [dims(qkv)[0], dims(qkv)[2]];
    let (d_qkv, delta) = (empty(qkv, &dims(qkv)), empty(qkv, &[lanes, shape.heads, rows]));
    launch!(
        qkv,
        threads(rows, lanes, shape),
        attention::attention_grad_query,
        ALIGN,
        arg(d_context),
        arg(qkv),
        arg(context),
        arg(log_sum_exp),
        arg(&d_qkv),
        arg(&delta),
        head_arg(qkv, None, shape),
        head_form(rows, shape),
    );
    launch!(
        qkv,
        threads(rows, lanes, shape),
        attention::attention_grad_key_value,
        ALIGN,
        arg(d_context),
        arg(qkv),
        arg(log_sum_exp),
        arg(&delta),
        arg(&d_qkv),
        head_arg(qkv, None, shape),
        head_form(rows, shape),
    );
    d_qkv
}

/// Gradients of cross-attention with respect to `q` and `kv`.
pub fn cross_grad(d_context: &F, (q, kv): (&F, &F), (context, log_sum_exp): (&F, &F), shape: HeadShape) -> (F, F) {
    let [lanes, rows, key_rows] = [dims(q)[0], dims(q)[2], dims(kv)[2]];
    let (d_q, d_kv) = (empty(q, &dims(q)), empty(kv, &dims(kv)));
    let delta = empty(q, &[lanes, shape.heads, rows]);
    launch!(
        q,
        threads(rows, lanes, shape),
        attention::cross_attention_grad_query,
        ALIGN,
        arg(d_context),
        arg(q),
        arg(kv),
        arg(context),
        arg(log_sum_exp),
        arg(&d_q),
        arg(&delta),
        head_arg(q, Some(kv), shape),
        head_form(rows, shape),
    );
    launch!(
        q,
        threads(key_rows, lanes, shape),
        attention::cross_attention_grad_key_value,
        ALIGN,
        arg(d_context),
        arg(q),
        arg(kv),
        arg(log_sum_exp),
        arg(&delta),
        arg(&d_kv),
        head_arg(q, Some(kv), shape),
        head_form(key_rows, shape),
    );
    (d_q, d_kv)
}
