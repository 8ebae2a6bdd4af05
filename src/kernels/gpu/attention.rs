//! Attention for short sequences: one thread per four queries (forward, dQ) or four keys (dK, dV) of a head, whose
//! rows lie side by side. It meets the other side row by row, so that every number it loads serves four rows.
//!
//! The forward pass is an online softmax (Milakov and Gimelshein 2018, arXiv 1805.02867) and keeps the
//! log-sum-exp, from which the gradients recompute the attention weights. Four rows may hold the end of one sequence
//! and the start of the next: pairs that do not attend to each other get a score that weighs nothing.
//!
//! Every pass has two entries, because a buffer must not be bound twice: self-attention reads queries, keys and values
//! from one tensor, cross-attention from two.

use super::affine::{Cells, listed, sum_of_terms, zero_cells};
use super::launch::{lane, thread};
use crate::kernels::AttentionSpan;
use cubecl::prelude::*;

/// Score of a pair that does not attend to each other. Larger than any other, yet its weight is exactly 0.
const UNSEEN: f32 = -1.0e30;
/// Where the running maximum begins: above [`UNSEEN`], below any score.
const LOWEST: f32 = -1.0e29;

/// What an attention kernel is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HeadForm {
    /// Features per head.
    pub dim: u32,
    /// Which keys a query attends to.
    pub span: AttentionSpan,
    /// Some pairs that meet do not attend to each other.
    pub masked: bool,
}

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

/// `dim` features of the four rows from `at` on, `rows` apart.
#[cube]
fn load<N: Size>(data: &Tensor<f32>, at: u32, rows: u32, #[comptime] dim: u32) -> Array<Vector<f32, N>> {
    let mut features = Array::<Vector<f32, N>>::new(comptime!(dim as usize));
    for i in 0..dim {
        features[i as usize] = four::<N>(data, at + i * rows);
    }
    features
}

/// Four neighbouring elements.
#[cube]
fn four<N: Size>(data: &Tensor<f32>, at: u32) -> Vector<f32, N> {
    let mut values = Vector::<f32, N>::new(data[at as usize]);
    #[unroll]
    for j in 1..4u32 {
        values.insert(comptime!(j as usize), data[(at + j) as usize]);
    }
    values
}

#[cube]
fn store_four<N: Size>(data: &mut Tensor<f32>, at: u32, values: Vector<f32, N>) {
    #[unroll]
    for j in 0..4u32 {
        data[(at + j) as usize] = values.extract(comptime!(j as usize));
    }
}

/// The reverse of [`load`].
#[cube]
fn store<N: Size>(data: &mut Tensor<f32>, at: u32, rows: u32, features: &Array<Vector<f32, N>>, #[comptime] dim: u32) {
    for i in 0..dim {
        store_four::<N>(data, at + i * rows, features[i as usize]);
    }
}

/// `dim` features of the one row at `at`, each for all four rows that it meets.
#[cube]
fn other_row<N: Size>(data: &Tensor<f32>, at: u32, rows: u32, #[comptime] dim: u32) -> Sequence<Vector<f32, N>> {
    let mut features = Sequence::<Vector<f32, N>>::new();
    #[unroll]
    for i in 0..dim {
        features.push(Vector::new(data[(at + i * rows) as usize]));
    }
    features
}

/// Products of four own rows with another row.
#[cube]
fn dot<N: Size>(own: &Array<Vector<f32, N>>, other: &Sequence<Vector<f32, N>>, #[comptime] dim: u32) -> Vector<f32, N> {
    let mut factors = Sequence::<Vector<f32, N>>::new();
    #[unroll]
    for i in 0..dim {
        factors.push(own[comptime!(i as usize)]);
    }
    sum_of_terms::<N>(Vector::new(0.0f32), &factors, other, dim)
}

/// Adds `weight` times a row to the sums of its features.
#[cube]
fn add_row<N: Size>(sums: &Cells<N>, weight: Vector<f32, N>, row: &Sequence<Vector<f32, N>>, #[comptime] dim: u32) {
    #[unroll]
    for i in 0..dim {
        let sum = sums.index(comptime!(i as usize));
        sum.store(fma(weight, *row.index(comptime!(i as usize)), sum.read()));
    }
}

/// Sequences of the four rows from `row` on, then their positions in them.
#[cube]
fn places(row: u32, length: u32) -> Sequence<u32> {
    let mut places = Sequence::<u32>::new();
    #[unroll]
    for i in 0..4u32 {
        places.push((row + i) / length);
    }
    #[unroll]
    for i in 0..4u32 {
        places.push((row + i) % length);
    }
    places
}

/// Added to the scores of the four own rows with row `other` of sequences of `length`. The own rows are queries, or
/// keys with `own_keys`.
#[cube]
fn unseen<N: Size>(
    own: &Sequence<u32>,
    other: u32,
    length: u32,
    #[comptime] form: HeadForm,
    #[comptime] own_keys: bool,
) -> Vector<f32, N> {
    let mut bias = Vector::<f32, N>::new(0.0f32);
    if comptime!(form.masked) {
        let (sequence, position) = (other / length, other % length);
        #[unroll]
        for i in 0..4u32 {
            let own_position = *own.index(comptime!((i + 4) as usize));
            let query = if comptime!(own_keys) { position } else { own_position };
            let key = if comptime!(own_keys) { own_position } else { position };
            let together = *own.index(comptime!(i as usize)) == sequence;
            let seen = together && sees(query, key, comptime!(form.span));
            bias.insert(comptime!(i as usize), select(seen, 0.0f32, f32::new(UNSEEN)));
        }
    }
    bias
}

/// First row of the other side that the four rows from `row` on meet, and the one behind the last. Sequences are
/// `length` long here and `others` there.
#[cube]
fn reach(row: u32, length: u32, others: u32) -> (u32, u32) {
    (row / length * others, ((row + 3) / length + 1) * others)
}

/// Context and log-sum-exp of four queries of a head.
#[cube]
fn attend<N: Size>(
    q: &Tensor<f32>,
    kv: &Tensor<f32>,
    context: &mut Tensor<f32>,
    log_sum_exp: &mut Tensor<f32>,
    at: &HeadArg,
    #[comptime] form: HeadForm,
) {
    let (row, lane) = (thread() * 4, lane());
    let dim = comptime!(form.dim);
    if row < at.rows * at.heads {
        let head = place(row / at.rows, lane, at, dim);
        let row = row % at.rows;
        let queries = places(row, at.tokens);
        let own = load::<N>(q, head.q + row, at.rows, dim);
        let sums = zero_cells::<N>(dim);
        let mut top = Vector::<f32, N>::new(f32::new(LOWEST));
        let mut total = Vector::<f32, N>::new(0.0f32);
        let (first, mut end) = reach(row, at.tokens, at.keys);
        if comptime!(form.span == AttentionSpan::Causal) {
            end = row + 4;
        }
        for key in first..end {
            let k = other_row::<N>(kv, head.k + key, at.key_rows, dim);
            let score = dot::<N>(&own, &k, dim) * Vector::new(at.scale);
            let score = score + unseen::<N>(&queries, key, at.keys, form, false);
            let new_top = max(top, score);
            let keep = (top - new_top).exp();
            let weight = (score - new_top).exp();
            total = total * keep + weight;
            #[unroll]
            for i in 0..dim {
                let sum = sums.index(comptime!(i as usize));
                let value = Vector::new(kv[(head.v + i * at.key_rows + key) as usize]);
                sum.store(fma(weight, value, sum.read() * keep));
            }
            top = new_top;
        }
        let mut sums = listed::<N>(&sums, dim);
        for i in 0..dim {
            let sum = sums[i as usize];
            sums[i as usize] = sum / total;
        }
        store::<N>(context, head.context + row, at.rows, &sums, dim);
        store_four::<N>(log_sum_exp, head.saved + row, top + total.ln());
    }
}

/// Self-attention of `qkv` `[3 * width, rows]`; one thread per four queries of a head.
#[cube(launch_unchecked)]
pub fn attention<N: Size>(
    qkv: &Tensor<f32>,
    context: &mut Tensor<f32>,
    log_sum_exp: &mut Tensor<f32>,
    at: HeadArg,
    #[comptime] form: HeadForm,
) {
    attend::<N>(qkv, qkv, context, log_sum_exp, &at, form);
}

/// Cross-attention of `q` `[width, rows]` to `kv` `[2 * width, key rows]`; one thread per four queries of a head.
#[cube(launch_unchecked)]
pub fn cross_attention<N: Size>(
    q: &Tensor<f32>,
    kv: &Tensor<f32>,
    context: &mut Tensor<f32>,
    log_sum_exp: &mut Tensor<f32>,
    at: HeadArg,
    #[comptime] form: HeadForm,
) {
    attend::<N>(q, kv, context, log_sum_exp, &at, form);
}

/// Gradient of four queries of a head, and `delta`, the projection of the context's gradient on the context.
#[cube]
fn query_grad<N: Size>(
    d_context: &Tensor<f32>,
    q: &Tensor<f32>,
    kv: &Tensor<f32>,
    context: &Tensor<f32>,
    log_sum_exp: &Tensor<f32>,
    d_q: &mut Tensor<f32>,
    delta: &mut Tensor<f32>,
    at: &HeadArg,
    #[comptime] form: HeadForm,
) {
    let (row, lane) = (thread() * 4, lane());
    let dim = comptime!(form.dim);
    if row < at.rows * at.heads {
        let head = place(row / at.rows, lane, at, dim);
        let row = row % at.rows;
        let queries = places(row, at.tokens);
        let own = load::<N>(q, head.q + row, at.rows, dim);
        let d = load::<N>(d_context, head.context + row, at.rows, dim);
        let mut own_delta = Vector::<f32, N>::new(0.0f32);
        for i in 0..dim {
            own_delta += d[i as usize] * four::<N>(context, head.context + i * at.rows + row);
        }
        let own_log_sum_exp = four::<N>(log_sum_exp, head.saved + row);
        let sums = zero_cells::<N>(dim);
        let (first, mut end) = reach(row, at.tokens, at.keys);
        if comptime!(form.span == AttentionSpan::Causal) {
            end = row + 4;
        }
        for key in first..end {
            let k = other_row::<N>(kv, head.k + key, at.key_rows, dim);
            let score = dot::<N>(&own, &k, dim) * Vector::new(at.scale);
            let score = score + unseen::<N>(&queries, key, at.keys, form, false);
            let v = other_row::<N>(kv, head.v + key, at.key_rows, dim);
            let d_weight = dot::<N>(&d, &v, dim);
            let d_score = (score - own_log_sum_exp).exp() * (d_weight - own_delta) * Vector::new(at.scale);
            add_row::<N>(&sums, d_score, &k, dim);
        }
        store::<N>(d_q, head.q + row, at.rows, &listed::<N>(&sums, dim), dim);
        store_four::<N>(delta, head.saved + row, own_delta);
    }
}

/// Gradient of the queries of self-attention, written to the first third of `d_qkv`.
#[cube(launch_unchecked)]
pub fn attention_grad_query<N: Size>(
    d_context: &Tensor<f32>,
    qkv: &Tensor<f32>,
    context: &Tensor<f32>,
    log_sum_exp: &Tensor<f32>,
    d_qkv: &mut Tensor<f32>,
    delta: &mut Tensor<f32>,
    at: HeadArg,
    #[comptime] form: HeadForm,
) {
    query_grad::<N>(d_context, qkv, qkv, context, log_sum_exp, d_qkv, delta, &at, form);
}

/// Gradient of the queries of cross-attention.
#[cube(launch_unchecked)]
pub fn cross_attention_grad_query<N: Size>(
    d_context: &Tensor<f32>,
    q: &Tensor<f32>,
    kv: &Tensor<f32>,
    context: &Tensor<f32>,
    log_sum_exp: &Tensor<f32>,
    d_q: &mut Tensor<f32>,
    delta: &mut Tensor<f32>,
    at: HeadArg,
    #[comptime] form: HeadForm,
) {
    query_grad::<N>(d_context, q, kv, context, log_sum_exp, d_q, delta, &at, form);
}

/// Gradients of four keys and their values of a head.
#[cube]
fn key_value_grad<N: Size>(
    d_context: &Tensor<f32>,
    q: &Tensor<f32>,
    kv: &Tensor<f32>,
    log_sum_exp: &Tensor<f32>,
    delta: &Tensor<f32>,
    d_kv: &mut Tensor<f32>,
    at: &HeadArg,
    #[comptime] form: HeadForm,
) {
    let (row, lane) = (thread() * 4, lane());
    let dim = comptime!(form.dim);
    if row < at.key_rows * at.heads {
        let head = place(row / at.key_rows, lane, at, dim);
        let row = row % at.key_rows;
        let keys = places(row, at.keys);
        let k = load::<N>(kv, head.k + row, at.key_rows, dim);
        let v = load::<N>(kv, head.v + row, at.key_rows, dim);
        let (d_k, d_v) = (zero_cells::<N>(dim), zero_cells::<N>(dim));
        let (mut first, end) = reach(row, at.keys, at.tokens);
        if comptime!(form.span == AttentionSpan::Causal) {
            first = row;
        }
        for query in first..end {
            let saved = (head.saved + query) as usize;
            let q_row = other_row::<N>(q, head.q + query, at.rows, dim);
            let score = dot::<N>(&k, &q_row, dim) * Vector::new(at.scale);
            let score = score + unseen::<N>(&keys, query, at.tokens, form, true);
            let weight = (score - Vector::new(log_sum_exp[saved])).exp();
            let d_row = other_row::<N>(d_context, head.context + query, at.rows, dim);
            let d_weight = dot::<N>(&v, &d_row, dim);
            let d_score = weight * (d_weight - Vector::new(delta[saved])) * Vector::new(at.scale);
            add_row::<N>(&d_k, d_score, &q_row, dim);
            add_row::<N>(&d_v, weight, &d_row, dim);
        }
        store::<N>(d_kv, head.k + row, at.key_rows, &listed::<N>(&d_k, dim), dim);
        store::<N>(d_kv, head.v + row, at.key_rows, &listed::<N>(&d_v, dim), dim);
    }
}

/// Gradients of keys and values of self-attention, written to the last two thirds of `d_qkv`; one thread per four keys
/// of a head.
#[cube(launch_unchecked)]
pub fn attention_grad_key_value<N: Size>(
    d_context: &Tensor<f32>,
    qkv: &Tensor<f32>,
    log_sum_exp: &Tensor<f32>,
    delta: &Tensor<f32>,
    d_qkv: &mut Tensor<f32>,
    at: HeadArg,
    #[comptime] form: HeadForm,
) {
    key_value_grad::<N>(d_context, qkv, qkv, log_sum_exp, delta, d_qkv, &at, form);
}

/// Gradients of keys and values of cross-attention; one thread per four keys of a head.
#[cube(launch_unchecked)]
pub fn cross_attention_grad_key_value<N: Size>(
    d_context: &Tensor<f32>,
    q: &Tensor<f32>,
    kv: &Tensor<f32>,
    log_sum_exp: &Tensor<f32>,
    delta: &Tensor<f32>,
    d_kv: &mut Tensor<f32>,
    at: HeadArg,
    #[comptime] form: HeadForm,
) {
    key_value_grad::<N>(d_context, q, kv, log_sum_exp, delta, d_kv, &at, form);
}
