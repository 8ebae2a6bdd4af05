//! Attention for short sequences: one thread per 4, 8 or 16 queries (forward, dQ) or keys (dK, dV) of a head, whose
//! rows lie side by side in vectors of four. It meets the other side row by row, so that every number it loads serves
//! all of them.
//!
//! The forward pass is an online softmax (Milakov and Gimelshein 2018, arXiv 1805.02867) and keeps the
//! log-sum-exp, from which the gradients recompute the attention weights. The rows of a thread may hold the end of one sequence
//! and the start of the next: pairs that do not attend to each other get a score that weighs nothing.
//!
//! Every pass has two entries, because a buffer must not be bound twice: self-attention reads queries, keys and values
//! from one tensor, cross-attention from two.

use super::affine::{Cells, sum_of_terms, zero_cells};
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
    /// Vectors of four rows that a thread owns.
    pub vectors: u32,
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

/// [`load`] for every vector of rows that a thread owns.
#[cube]
fn load_own<N: Size>(
    data: &Tensor<f32>,
    at: u32,
    rows: u32,
    #[comptime] form: HeadForm,
) -> Sequence<Array<Vector<f32, N>>> {
    let mut own = Sequence::<Array<Vector<f32, N>>>::new();
    #[unroll]
    for p in 0..comptime!(form.vectors) {
        own.push(load::<N>(data, at + p * 4, rows, comptime!(form.dim)));
    }
    own
}

/// A number for every row that a thread owns.
#[cube]
fn cells_of<N: Size>(value: f32, #[comptime] form: HeadForm) -> Cells<N> {
    let mut cells = Sequence::<RuntimeCell<Vector<f32, N>>>::new();
    #[unroll]
    for _ in 0..comptime!(form.vectors) {
        cells.push(RuntimeCell::new(Vector::new(value)));
    }
    cells
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

/// The reverse of [`load_own`]: cell `vector * dim + feature`.
#[cube]
fn store_own<N: Size>(data: &mut Tensor<f32>, at: u32, rows: u32, cells: &Cells<N>, #[comptime] form: HeadForm) {
    #[unroll]
    for p in 0..comptime!(form.vectors) {
        let mut features = Array::<Vector<f32, N>>::new(comptime!(form.dim as usize));
        #[unroll]
        for i in 0..comptime!(form.dim) {
            features[comptime!(i as usize)] = cells.index(comptime!((p * form.dim + i) as usize)).read();
        }
        for i in 0..comptime!(form.dim) {
            store_four::<N>(data, at + p * 4 + i * rows, features[i as usize]);
        }
    }
}

/// `dim` features of the one row at `at`, each for all four rows of a vector that it meets.
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

/// Adds `weight` times a row to the sums of vector `p`.
#[cube]
fn add_row<N: Size>(
    sums: &Cells<N>,
    weight: Vector<f32, N>,
    row: &Sequence<Vector<f32, N>>,
    #[comptime] p: u32,
    #[comptime] dim: u32,
) {
    #[unroll]
    for i in 0..dim {
        let sum = sums.index(comptime!((p * dim + i) as usize));
        sum.store(fma(weight, *row.index(comptime!(i as usize)), sum.read()));
    }
}

/// For every vector of rows from `row` on: the sequences of its four rows, then their positions in them.
#[cube]
fn places(row: u32, length: u32, #[comptime] form: HeadForm) -> Sequence<Sequence<u32>> {
    let mut all = Sequence::<Sequence<u32>>::new();
    #[unroll]
    for p in 0..comptime!(form.vectors) {
        let mut places = Sequence::<u32>::new();
        #[unroll]
        for i in 0..4u32 {
            places.push((row + p * 4 + i) / length);
        }
        #[unroll]
        for i in 0..4u32 {
            places.push((row + p * 4 + i) % length);
        }
        all.push(places);
    }
    all
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

/// First row of the other side that a thread's rows from `row` on meet, and the one behind the last. Sequences are
/// `length` long here and `others` there.
#[cube]
fn reach(row: u32, length: u32, others: u32, #[comptime] form: HeadForm) -> (u32, u32) {
    (row / length * others, ((row + comptime!(4 * form.vectors - 1)) / length + 1) * others)
}

/// Context and log-sum-exp of a thread's queries of a head.
#[cube]
fn attend<N: Size>(
    q: &Tensor<f32>,
    kv: &Tensor<f32>,
    context: &mut Tensor<f32>,
    log_sum_exp: &mut Tensor<f32>,
    at: &HeadArg,
    #[comptime] form: HeadForm,
) {
    let (row, lane) = (thread() * comptime!(4 * form.vectors), lane());
    let dim = comptime!(form.dim);
    if row < at.rows * at.heads {
        let head = place(row / at.rows, lane, at, dim);
        let row = row % at.rows;
        let queries = places(row, at.tokens, form);
        let own = load_own::<N>(q, head.q + row, at.rows, form);
        let sums = zero_cells::<N>(comptime!(dim * form.vectors));
        let (tops, totals) = (cells_of::<N>(f32::new(LOWEST), form), cells_of::<N>(0.0f32, form));
        let (first, mut end) = reach(row, at.tokens, at.keys, form);
        if comptime!(form.span == AttentionSpan::Causal) {
            end = row + comptime!(4 * form.vectors);
        }
        for key in first..end {
            let k = other_row::<N>(kv, head.k + key, at.key_rows, dim);
            let v = other_row::<N>(kv, head.v + key, at.key_rows, dim);
            #[unroll]
            for p in 0..comptime!(form.vectors) {
                let (top, total) = (tops.index(comptime!(p as usize)), totals.index(comptime!(p as usize)));
                let score = dot::<N>(own.index(comptime!(p as usize)), &k, dim) * Vector::new(at.scale);
                let score = score + unseen::<N>(queries.index(comptime!(p as usize)), key, at.keys, form, false);
                let new_top = max(top.read(), score);
                let keep = (top.read() - new_top).exp();
                let weight = (score - new_top).exp();
                total.store(total.read() * keep + weight);
                #[unroll]
                for i in 0..dim {
                    let sum = sums.index(comptime!((p * dim + i) as usize));
                    sum.store(fma(weight, *v.index(comptime!(i as usize)), sum.read() * keep));
                }
                top.store(new_top);
            }
        }
        #[unroll]
        for p in 0..comptime!(form.vectors) {
            let (top, total) = (tops.index(comptime!(p as usize)), totals.index(comptime!(p as usize)).read());
            #[unroll]
            for i in 0..dim {
                let sum = sums.index(comptime!((p * dim + i) as usize));
                sum.store(sum.read() / total);
            }
            store_four::<N>(log_sum_exp, head.saved + row + p * 4, top.read() + total.ln());
        }
        store_own::<N>(context, head.context + row, at.rows, &sums, form);
    }
}

/// Self-attention of `qkv` `[3 * width, rows]`; one thread per some queries of a head.
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

/// Cross-attention of `q` `[width, rows]` to `kv` `[2 * width, key rows]`; one thread per some queries of a head.
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

/// Gradient of a thread's queries of a head, and `delta`, the projection of the context's gradient on the context.
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
    let (row, lane) = (thread() * comptime!(4 * form.vectors), lane());
    let dim = comptime!(form.dim);
    if row < at.rows * at.heads {
        let head = place(row / at.rows, lane, at, dim);
        let row = row % at.rows;
        let queries = places(row, at.tokens, form);
        let own = load_own::<N>(q, head.q + row, at.rows, form);
        let d = load_own::<N>(d_context, head.context + row, at.rows, form);
        let (deltas, log_sum_exps) = (cells_of::<N>(0.0f32, form), cells_of::<N>(0.0f32, form));
        #[unroll]
        for p in 0..comptime!(form.vectors) {
            let d = d.index(comptime!(p as usize));
            let mut own_delta = Vector::<f32, N>::new(0.0f32);
            for i in 0..dim {
                own_delta += d[i as usize] * four::<N>(context, head.context + i * at.rows + row + p * 4);
            }
            deltas.index(comptime!(p as usize)).store(own_delta);
            log_sum_exps.index(comptime!(p as usize)).store(four::<N>(log_sum_exp, head.saved + row + p * 4));
        }
        let sums = zero_cells::<N>(comptime!(dim * form.vectors));
        let (first, mut end) = reach(row, at.tokens, at.keys, form);
        if comptime!(form.span == AttentionSpan::Causal) {
            end = row + comptime!(4 * form.vectors);
        }
        for key in first..end {
            let k = other_row::<N>(kv, head.k + key, at.key_rows, dim);
            let v = other_row::<N>(kv, head.v + key, at.key_rows, dim);
            #[unroll]
            for p in 0..comptime!(form.vectors) {
                let score = dot::<N>(own.index(comptime!(p as usize)), &k, dim) * Vector::new(at.scale);
                let score = score + unseen::<N>(queries.index(comptime!(p as usize)), key, at.keys, form, false);
                let d_weight = dot::<N>(d.index(comptime!(p as usize)), &v, dim);
                let weight = (score - log_sum_exps.index(comptime!(p as usize)).read()).exp();
                let d_score = weight * (d_weight - deltas.index(comptime!(p as usize)).read()) * Vector::new(at.scale);
                add_row::<N>(&sums, d_score, &k, p, dim);
            }
        }
        store_own::<N>(d_q, head.q + row, at.rows, &sums, form);
        #[unroll]
        for p in 0..comptime!(form.vectors) {
            store_four::<N>(delta, head.saved + row + p * 4, deltas.index(comptime!(p as usize)).read());
        }
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

/// Gradients of a thread's keys and their values of a head.
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
    let (row, lane) = (thread() * comptime!(4 * form.vectors), lane());
    let dim = comptime!(form.dim);
    if row < at.key_rows * at.heads {
        let head = place(row / at.key_rows, lane, at, dim);
        let row = row % at.key_rows;
        let keys = places(row, at.keys, form);
        let k = load_own::<N>(kv, head.k + row, at.key_rows, form);
        let v = load_own::<N>(kv, head.v + row, at.key_rows, form);
        let cells = comptime!(dim * form.vectors);
        let (d_k, d_v) = (zero_cells::<N>(cells), zero_cells::<N>(cells));
        let (mut first, end) = reach(row, at.keys, at.tokens, form);
        if comptime!(form.span == AttentionSpan::Causal) {
            first = row;
        }
        for query in first..end {
            let saved = (head.saved + query) as usize;
            let (query_log_sum_exp, query_delta) = (Vector::new(log_sum_exp[saved]), Vector::new(delta[saved]));
            let q_row = other_row::<N>(q, head.q + query, at.rows, dim);
            let d_row = other_row::<N>(d_context, head.context + query, at.rows, dim);
            #[unroll]
            for p in 0..comptime!(form.vectors) {
                let score = dot::<N>(k.index(comptime!(p as usize)), &q_row, dim) * Vector::new(at.scale);
                let score = score + unseen::<N>(keys.index(comptime!(p as usize)), query, at.tokens, form, true);
                let weight = (score - query_log_sum_exp).exp();
                let d_weight = dot::<N>(v.index(comptime!(p as usize)), &d_row, dim);
                let d_score = weight * (d_weight - query_delta) * Vector::new(at.scale);
                add_row::<N>(&d_k, d_score, &q_row, p, dim);
                add_row::<N>(&d_v, weight, &d_row, p, dim);
            }
        }
        store_own::<N>(d_kv, head.k + row, at.key_rows, &d_k, form);
        store_own::<N>(d_kv, head.v + row, at.key_rows, &d_v, form);
    }
}

/// Gradients of keys and values of self-attention, written to the last two thirds of `d_qkv`; one thread per some keys
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

/// Gradients of keys and values of cross-attention; one thread per some keys of a head.
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
