//! Self-attention for short sequences: one thread per query (forward, dQ) or per key (dK, dV) of a head.
//!
//! The forward pass is an online softmax (Milakov and Gimelshein 2018, arXiv 1805.02867) and keeps the
//! log-sum-exp, from which the gradients recompute the attention weights. Neighbouring threads hold
//! neighbouring rows, which lie side by side in memory.

use super::launch::{lane, thread};
use cubecl::prelude::*;

/// Geometry of the heads.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub struct HeadArg {
    /// Rows (batch x tokens) per lane.
    pub rows: u32,
    /// Tokens per sequence.
    pub tokens: u32,
    /// Heads.
    pub heads: u32,
    /// Softmax temperature.
    pub scale: f32,
}

/// Where a thread's query or key lies; offsets are those of feature 0.
#[derive(CubeType, Clone, Copy)]
struct Own {
    /// The row within its lane.
    row: u32,
    /// First row of its sequence.
    sequence: u32,
    /// Offset of the head's query features at row 0.
    q_at: u32,
    /// Offset of the head's key features at row 0.
    k_at: u32,
    /// Offset of the head's value features at row 0.
    v_at: u32,
    /// Offset of the head's context features at row 0.
    context_at: u32,
    /// Offset of the head's saved numbers at row 0.
    saved_at: u32,
}

#[cube]
fn own(thread: u32, lane: u32, at: &HeadArg, #[comptime] dim: u32) -> Own {
    let (row, head) = (thread % at.rows, thread / at.rows);
    let part = at.heads * dim * at.rows;
    let q_at = lane * 3 * part + head * dim * at.rows;
    Own {
        row,
        sequence: row / at.tokens * at.tokens,
        q_at,
        k_at: q_at + part,
        v_at: q_at + 2 * part,
        context_at: lane * part + head * dim * at.rows,
        saved_at: (lane * at.heads + head) * at.rows,
    }
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

/// Context and log-sum-exp; one thread per query of a head.
#[cube(launch_unchecked)]
pub fn attention(
    qkv: &Tensor<f32>,
    context: &mut Tensor<f32>,
    log_sum_exp: &mut Tensor<f32>,
    at: HeadArg,
    #[comptime] dim: u32,
) {
    let (thread, lane) = (thread(), lane());
    if thread < at.rows * at.heads {
        let own = own(thread, lane, &at, dim);
        let q = load(qkv, own.q_at + own.row, at.rows, dim);
        let sums = zeros(dim);
        let mut top = f32::new(-1.0e30);
        let mut total = 0.0f32;
        for key in own.sequence..own.sequence + at.tokens {
            let score = dot(&q, qkv, own.k_at + key, at.rows, dim) * at.scale;
            let new_top = max(top, score);
            let keep = (top - new_top).exp();
            let weight = (score - new_top).exp();
            total = total * keep + weight;
            #[unroll]
            for i in 0..dim {
                let sum = sums.index(comptime!(i as usize));
                sum.store(sum.read() * keep + weight * qkv[(own.v_at + i * at.rows + key) as usize]);
            }
            top = new_top;
        }
        #[unroll]
        for i in 0..dim {
            let sum = sums.index(comptime!(i as usize)).read();
            context[(own.context_at + i * at.rows + own.row) as usize] = sum / total;
        }
        log_sum_exp[(own.saved_at + own.row) as usize] = top + total.ln();
    }
}

/// Gradient of the queries, written to the first third of `d_qkv`, and `delta`, the projection of the context's
/// gradient on the context; one thread per query of a head.
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
) {
    let (thread, lane) = (thread(), lane());
    if thread < at.rows * at.heads {
        let own = own(thread, lane, &at, dim);
        let q = load(qkv, own.q_at + own.row, at.rows, dim);
        let d = load(d_context, own.context_at + own.row, at.rows, dim);
        let own_delta = dot(&d, context, own.context_at + own.row, at.rows, dim);
        let own_log_sum_exp = log_sum_exp[(own.saved_at + own.row) as usize];
        let sums = zeros(dim);
        for key in own.sequence..own.sequence + at.tokens {
            let weight = (dot(&q, qkv, own.k_at + key, at.rows, dim) * at.scale - own_log_sum_exp).exp();
            let d_score = weight * (dot(&d, qkv, own.v_at + key, at.rows, dim) - own_delta) * at.scale;
            #[unroll]
            for i in 0..dim {
                let sum = sums.index(comptime!(i as usize));
                sum.store(sum.read() + d_score * qkv[(own.k_at + i * at.rows + key) as usize]);
            }
        }
        #[unroll]
        for i in 0..dim {
            d_qkv[(own.q_at + i * at.rows + own.row) as usize] = sums.index(comptime!(i as usize)).read();
        }
        delta[(own.saved_at + own.row) as usize] = own_delta;
    }
}

/// Gradients of keys and values, written to the last two thirds of `d_qkv`; one thread per key of a head.
#[cube(launch_unchecked)]
pub fn attention_grad_key_value(
    d_context: &Tensor<f32>,
    qkv: &Tensor<f32>,
    log_sum_exp: &Tensor<f32>,
    delta: &Tensor<f32>,
    d_qkv: &mut Tensor<f32>,
    at: HeadArg,
    #[comptime] dim: u32,
) {
    let (thread, lane) = (thread(), lane());
    if thread < at.rows * at.heads {
        let own = own(thread, lane, &at, dim);
        let k = load(qkv, own.k_at + own.row, at.rows, dim);
        let v = load(qkv, own.v_at + own.row, at.rows, dim);
        let d_k = zeros(dim);
        let d_v = zeros(dim);
        for query in own.sequence..own.sequence + at.tokens {
            let saved = (own.saved_at + query) as usize;
            let weight = (dot(&k, qkv, own.q_at + query, at.rows, dim) * at.scale - log_sum_exp[saved]).exp();
            let d_weight = dot(&v, d_context, own.context_at + query, at.rows, dim);
            let d_score = weight * (d_weight - delta[saved]) * at.scale;
            #[unroll]
            for i in 0..dim {
                let d_k = d_k.index(comptime!(i as usize));
                d_k.store(d_k.read() + d_score * qkv[(own.q_at + i * at.rows + query) as usize]);
                let d_v = d_v.index(comptime!(i as usize));
                d_v.store(d_v.read() + weight * d_context[(own.context_at + i * at.rows + query) as usize]);
            }
        }
        #[unroll]
        for i in 0..dim {
            d_qkv[(own.k_at + i * at.rows + own.row) as usize] = d_k.index(comptime!(i as usize)).read();
            d_qkv[(own.v_at + i * at.rows + own.row) as usize] = d_v.index(comptime!(i as usize)).read();
        }
    }
}
