//! Attention for short sequences: one thread per query (forward, dQ) or per key (dK, dV) of a head.
//!
//! The forward pass is an online softmax (Milakov and Gimelshein 2018, arXiv 1805.02867) and keeps the
//! log-sum-exp, from which the gradients recompute the attention weights. Neighbouring threads hold
//! neighbouring rows, which lie side by side in memory.
//!
//! Every pass has two entries, because a buffer must not be bound twice: self-attention reads queries, keys and values
//! from one tensor, cross-attention from two.

use super::launch::{lane, thread};
use crate::kernels::AttentionSpan;
use cubecl::prelude::*;

/// Geometry of the heads.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub struct HeadArg {
    /// Rows of queries (batch x tokens) per lane.
    pub rows: u32,
    /// Queries per sequence.
    pub tokens: u32,
    /// Rows of keys (batch x keys) per lane.
    pub key_rows: u32,
    /// Keys per sequence.
    pub keys: u32,
    /// Heads.
    pub heads: u32,
    /// Elements between lanes of the tensor with the queries.
    pub q_lane: u32,
    /// Elements between lanes of the tensor with keys and values.
    pub kv_lane: u32,
    /// Element of a lane at which the keys begin.
    pub k_first: u32,
    /// Softmax temperature.
    pub scale: f32,
}

/// Offsets of a head's feature 0 at row 0.
#[derive(CubeType, Clone, Copy)]
struct Head {
    /// Of the queries.
    q: u32,
    /// Of the keys.
    k: u32,
    /// Of the values.
    v: u32,
    /// Of the context.
    context: u32,
    /// Of the numbers saved for each query.
    saved: u32,
}

#[cube]
fn place(head: u32, lane: u32, at: &HeadArg, #[comptime] dim: u32) -> Head {
    let k = lane * at.kv_lane + at.k_first + head * dim * at.key_rows;
    Head {
        q: lane * at.q_lane + head * dim * at.rows,
        k,
        v: k + at.heads * dim * at.key_rows,
        context: (lane * at.heads + head) * dim * at.rows,
        saved: (lane * at.heads + head) * at.rows,
    }
}

/// Whether the query at one position of a sequence attends to the key at another: [`AttentionSpan::sees`].
#[cube]
fn sees(query: u32, key: u32, #[comptime] span: AttentionSpan) -> bool {
    let across = comptime!(span.grid().0);
    let side = comptime!(span.grid().1);
    let shift = comptime!(span.grid().2);
    let mut seen = true;
    if comptime!(span == AttentionSpan::Causal) {
        seen = key <= query;
    }
    if comptime!(side > 0) {
        let down = (query / across + shift) / side == (key / across + shift) / side;
        let right = (query % across + shift) / side == (key % across + shift) / side;
        seen = down && right;
    }
    seen
}

/// `dim` features of one row, `rows` apart.
#[cube]
fn load(data: &Tensor<f32>, at: u32, rows: u32, #[comptime] dim: u32) -> Sequence<f32> {
    let mut features = Sequence::<f32>::new();
    #[unroll]
    for i in 0..dim {
        features.push(data[(at + i * rows) as usize]);
    }
    features
}

#[cube]
fn dot(a: &Sequence<f32>, data: &Tensor<f32>, at: u32, rows: u32, #[comptime] dim: u32) -> f32 {
    let mut sum = 0.0f32;
    #[unroll]
    for i in 0..dim {
        sum += *a.index(comptime!(i as usize)) * data[(at + i * rows) as usize];
    }
    sum
}

#[cube]
fn zeros(#[comptime] dim: u32) -> Sequence<RuntimeCell<f32>> {
    let mut cells = Sequence::<RuntimeCell<f32>>::new();
    #[unroll]
    for _ in 0..dim {
        cells.push(RuntimeCell::new(0.0f32));
    }
    cells
}

/// Context and log-sum-exp of one query of a head.
#[cube]
fn attend(
    q: &Tensor<f32>,
    kv: &Tensor<f32>,
    context: &mut Tensor<f32>,
    log_sum_exp: &mut Tensor<f32>,
    at: &HeadArg,
    #[comptime] dim: u32,
    #[comptime] span: AttentionSpan,
) {
    let (thread, lane) = (thread(), lane());
    if thread < at.rows * at.heads {
        let row = thread % at.rows;
        let head = place(thread / at.rows, lane, at, dim);
        let (query, first) = (row % at.tokens, row / at.tokens * at.keys);
        let own = load(q, head.q + row, at.rows, dim);
        let sums = zeros(dim);
        let mut top = f32::new(-1.0e30);
        let mut total = 0.0f32;
        for key in 0..at.keys {
            if sees(query, key, span) {
                let key_row = first + key;
                let score = dot(&own, kv, head.k + key_row, at.key_rows, dim) * at.scale;
                let new_top = max(top, score);
                let keep = (top - new_top).exp();
                let weight = (score - new_top).exp();
                total = total * keep + weight;
                #[unroll]
                for i in 0..dim {
                    let sum = sums.index(comptime!(i as usize));
                    sum.store(sum.read() * keep + weight * kv[(head.v + i * at.key_rows + key_row) as usize]);
                }
                top = new_top;
            }
        }
        #[unroll]
        for i in 0..dim {
            let sum = sums.index(comptime!(i as usize)).read();
            context[(head.context + i * at.rows + row) as usize] = sum / total;
        }
        log_sum_exp[(head.saved + row) as usize] = top + total.ln();
    }
}

/// Self-attention of `qkv` `[3 * width, rows]`; one thread per query of a head.
#[cube(launch_unchecked)]
pub fn attention(
    qkv: &Tensor<f32>,
    context: &mut Tensor<f32>,
    log_sum_exp: &mut Tensor<f32>,
    at: HeadArg,
    #[comptime] dim: u32,
    #[comptime] span: AttentionSpan,
) {
    attend(qkv, qkv, context, log_sum_exp, &at, dim, span);
}

/// Cross-attention of `q` `[width, rows]` to `kv` `[2 * width, key rows]`; one thread per query of a head.
#[cube(launch_unchecked)]
pub fn cross_attention(
    q: &Tensor<f32>,
    kv: &Tensor<f32>,
    context: &mut Tensor<f32>,
    log_sum_exp: &mut Tensor<f32>,
    at: HeadArg,
    #[comptime] dim: u32,
    #[comptime] span: AttentionSpan,
) {
    attend(q, kv, context, log_sum_exp, &at, dim, span);
}

/// Gradient of one query of a head, and `delta`, the projection of the context's gradient on the context.
#[cube]
fn query_grad(
    d_context: &Tensor<f32>,
    q: &Tensor<f32>,
    kv: &Tensor<f32>,
    context: &Tensor<f32>,
    log_sum_exp: &Tensor<f32>,
    d_q: &mut Tensor<f32>,
    delta: &mut Tensor<f32>,
    at: &HeadArg,
    #[comptime] dim: u32,
    #[comptime] span: AttentionSpan,
) {
    let (thread, lane) = (thread(), lane());
    if thread < at.rows * at.heads {
        let row = thread % at.rows;
        let head = place(thread / at.rows, lane, at, dim);
        let (query, first) = (row % at.tokens, row / at.tokens * at.keys);
        let own = load(q, head.q + row, at.rows, dim);
        let d = load(d_context, head.context + row, at.rows, dim);
        let own_delta = dot(&d, context, head.context + row, at.rows, dim);
        let own_log_sum_exp = log_sum_exp[(head.saved + row) as usize];
        let sums = zeros(dim);
        for key in 0..at.keys {
            if sees(query, key, span) {
                let key_row = first + key;
                let score = dot(&own, kv, head.k + key_row, at.key_rows, dim) * at.scale;
                let d_weight = dot(&d, kv, head.v + key_row, at.key_rows, dim);
                let d_score = (score - own_log_sum_exp).exp() * (d_weight - own_delta) * at.scale;
                #[unroll]
                for i in 0..dim {
                    let sum = sums.index(comptime!(i as usize));
                    sum.store(sum.read() + d_score * kv[(head.k + i * at.key_rows + key_row) as usize]);
                }
            }
        }
        #[unroll]
        for i in 0..dim {
            d_q[(head.q + i * at.rows + row) as usize] = sums.index(comptime!(i as usize)).read();
        }
        delta[(head.saved + row) as usize] = own_delta;
    }
}

/// Gradient of the queries of self-attention, written to the first third of `d_qkv`.
#[cube(launch_unchecked)]
pub fn attention_grad_query(
    d_context: &Tensor<f32>,
    qkv: &Tensor<f32>,
    context: &Tensor<f32>,
    log_sum_exp: &Tensor<f32>,
    d_qkv: &mut Tensor<f32>,
    delta: &mut Tensor<f32>,
    at: HeadArg,
    #[comptime] dim: u32,
    #[comptime] span: AttentionSpan,
) {
    query_grad(d_context, qkv, qkv, context, log_sum_exp, d_qkv, delta, &at, dim, span);
}

/// Gradient of the queries of cross-attention.
#[cube(launch_unchecked)]
pub fn cross_attention_grad_query(
    d_context: &Tensor<f32>,
    q: &Tensor<f32>,
    kv: &Tensor<f32>,
    context: &Tensor<f32>,
    log_sum_exp: &Tensor<f32>,
    d_q: &mut Tensor<f32>,
    delta: &mut Tensor<f32>,
    at: HeadArg,
    #[comptime] dim: u32,
    #[comptime] span: AttentionSpan,
) {
    query_grad(d_context, q, kv, context, log_sum_exp, d_q, delta, &at, dim, span);
}

/// Gradients of one key and its value of a head.
#[cube]
fn key_value_grad(
    d_context: &Tensor<f32>,
    q: &Tensor<f32>,
    kv: &Tensor<f32>,
    log_sum_exp: &Tensor<f32>,
    delta: &Tensor<f32>,
    d_kv: &mut Tensor<f32>,
    at: &HeadArg,
    #[comptime] dim: u32,
    #[comptime] span: AttentionSpan,
) {
    let (thread, lane) = (thread(), lane());
    if thread < at.key_rows * at.heads {
        let row = thread % at.key_rows;
        let head = place(thread / at.key_rows, lane, at, dim);
        let (key, first) = (row % at.keys, row / at.keys * at.tokens);
        let k = load(kv, head.k + row, at.key_rows, dim);
        let v = load(kv, head.v + row, at.key_rows, dim);
        let d_k = zeros(dim);
        let d_v = zeros(dim);
        for query in 0..at.tokens {
            if sees(query, key, span) {
                let query_row = first + query;
                let saved = (head.saved + query_row) as usize;
                let weight = (dot(&k, q, head.q + query_row, at.rows, dim) * at.scale - log_sum_exp[saved]).exp();
                let d_weight = dot(&v, d_context, head.context + query_row, at.rows, dim);
                let d_score = weight * (d_weight - delta[saved]) * at.scale;
                #[unroll]
                for i in 0..dim {
                    let d_k = d_k.index(comptime!(i as usize));
                    d_k.store(d_k.read() + d_score * q[(head.q + i * at.rows + query_row) as usize]);
                    let d_v = d_v.index(comptime!(i as usize));
                    d_v.store(d_v.read() + weight * d_context[(head.context + i * at.rows + query_row) as usize]);
                }
            }
        }
        #[unroll]
        for i in 0..dim {
            d_kv[(head.k + i * at.key_rows + row) as usize] = d_k.index(comptime!(i as usize)).read();
            d_kv[(head.v + i * at.key_rows + row) as usize] = d_v.index(comptime!(i as usize)).read();
        }
    }
}

/// Gradients of keys and values of self-attention, written to the last two thirds of `d_qkv`; one thread per key of a
/// head.
#[cube(launch_unchecked)]
pub fn attention_grad_key_value(
    d_context: &Tensor<f32>,
    qkv: &Tensor<f32>,
    log_sum_exp: &Tensor<f32>,
    delta: &Tensor<f32>,
    d_qkv: &mut Tensor<f32>,
    at: HeadArg,
    #[comptime] dim: u32,
    #[comptime] span: AttentionSpan,
) {
    key_value_grad(d_context, qkv, qkv, log_sum_exp, delta, d_qkv, &at, dim, span);
}

/// Gradients of keys and values of cross-attention; one thread per key of a head.
#[cube(launch_unchecked)]
pub fn cross_attention_grad_key_value(
    d_context: &Tensor<f32>,
    q: &Tensor<f32>,
    kv: &Tensor<f32>,
    log_sum_exp: &Tensor<f32>,
    delta: &Tensor<f32>,
    d_kv: &mut Tensor<f32>,
    at: HeadArg,
    #[comptime] dim: u32,
    #[comptime] span: AttentionSpan,
) {
    key_value_grad(d_context, q, kv, log_sum_exp, delta, d_kv, &at, dim, span);
}
