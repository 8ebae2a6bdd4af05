//! Self-attention for short sequences: one thread per query (forward, dQ) or per key (dK, dV).
//!
//! The forward pass is an online softmax (Milakov and Gimelshein 2018, arXiv 1805.02867) and keeps the
//! log-sum-exp, from which the gradients recompute the attention weights.

use super::launch::{lane, thread};
use cubecl::prelude::*;

/// Geometry of the heads, widths in four-wide vectors.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub struct HeadArg {
    /// Rows (batch x tokens) per lane.
    pub rows: u32,
    /// Tokens per sequence.
    pub tokens: u32,
    /// Heads.
    pub heads: u32,
    /// Model width in vectors.
    pub width: u32,
    /// Softmax temperature.
    pub scale: f32,
}

type Rows<N> = Sequence<Vector<f32, N>>;

/// One head's slice of a row, `dim` vectors.
#[cube]
fn load<N: Size>(data: &Tensor<Vector<f32, N>>, at: u32, #[comptime] dim: u32) -> Rows<N> {
    let mut row = Sequence::<Vector<f32, N>>::new();
    #[unroll]
    for i in 0..dim {
        row.push(data[(at + i) as usize]);
    }
    row
}

#[cube]
fn dot_row<N: Size>(a: &Rows<N>, data: &Tensor<Vector<f32, N>>, at: u32, #[comptime] dim: u32) -> f32 {
    let mut sum = Vector::<f32, N>::new(0.0f32);
    #[unroll]
    for i in 0..dim {
        sum += *a.index(comptime!(i as usize)) * data[(at + i) as usize];
    }
    (sum.extract(0usize) + sum.extract(1usize)) + (sum.extract(2usize) + sum.extract(3usize))
}

#[cube]
fn zero_row<N: Size>(#[comptime] dim: u32) -> Sequence<RuntimeCell<Vector<f32, N>>> {
    let mut row = Sequence::<RuntimeCell<Vector<f32, N>>>::new();
    #[unroll]
    for _ in 0..dim {
        row.push(RuntimeCell::new(Vector::new(0.0f32)));
    }
    row
}

/// Context and log-sum-exp; one thread per (row, head).
#[cube(launch_unchecked)]
pub fn attention<N: Size>(
    qkv: &Tensor<Vector<f32, N>>,
    context: &mut Tensor<Vector<f32, N>>,
    log_sum_exp: &mut Tensor<f32>,
    at: HeadArg,
    #[comptime] dim: u32,
) {
    let (thread, lane) = (thread(), lane());
    if thread < at.rows * at.heads {
        let (row, head) = (thread / at.heads, thread % at.heads);
        let line = lane * at.rows + row;
        let first_key = lane * at.rows + row / at.tokens * at.tokens;
        let q = load::<N>(qkv, line * 3 * at.width + head * dim, dim);
        let sums = zero_row::<N>(dim);
        let mut top = f32::new(-1.0e30);
        let mut total = 0.0f32;
        for key in 0..at.tokens {
            let k_at = (first_key + key) * 3 * at.width + at.width + head * dim;
            let score = dot_row::<N>(&q, qkv, k_at, dim) * at.scale;
            let new_top = max(top, score);
            let keep = (top - new_top).exp();
            let weight = (score - new_top).exp();
            total = total * keep + weight;
            #[unroll]
            for i in 0..dim {
                let sum = sums.index(comptime!(i as usize));
                let v = qkv[(k_at + at.width + i) as usize];
                sum.store(sum.read() * Vector::new(keep) + Vector::new(weight) * v);
            }
            top = new_top;
        }
        #[unroll]
        for i in 0..dim {
            let sum = sums.index(comptime!(i as usize)).read();
            context[(line * at.width + head * dim + i) as usize] = sum / Vector::new(total);
        }
        log_sum_exp[(line * at.heads + head) as usize] = top + total.ln();
    }
}

/// Gradient of the queries, written to the first third of `d_qkv`; one thread per (row, head).
#[cube(launch_unchecked)]
pub fn attention_grad_query<N: Size>(
    d_context: &Tensor<Vector<f32, N>>,
    qkv: &Tensor<Vector<f32, N>>,
    context: &Tensor<Vector<f32, N>>,
    log_sum_exp: &Tensor<f32>,
    d_qkv: &mut Tensor<Vector<f32, N>>,
    delta: &mut Tensor<f32>,
    at: HeadArg,
    #[comptime] dim: u32,
) {
    let (thread, lane) = (thread(), lane());
    if thread < at.rows * at.heads {
        let (row, head) = (thread / at.heads, thread % at.heads);
        let line = lane * at.rows + row;
        let first_key = lane * at.rows + row / at.tokens * at.tokens;
        let q = load::<N>(qkv, line * 3 * at.width + head * dim, dim);
        let d = load::<N>(d_context, line * at.width + head * dim, dim);
        let own_delta = dot_row::<N>(&d, context, line * at.width + head * dim, dim);
        let own_log_sum_exp = log_sum_exp[(line * at.heads + head) as usize];
        let sums = zero_row::<N>(dim);
        for key in 0..at.tokens {
            let k_at = (first_key + key) * 3 * at.width + at.width + head * dim;
            let weight = (dot_row::<N>(&q, qkv, k_at, dim) * at.scale - own_log_sum_exp).exp();
            let d_score = weight * (dot_row::<N>(&d, qkv, k_at + at.width, dim) - own_delta) * at.scale;
            #[unroll]
            for i in 0..dim {
                let sum = sums.index(comptime!(i as usize));
                sum.store(sum.read() + Vector::new(d_score) * qkv[(k_at + i) as usize]);
            }
        }
        #[unroll]
        for i in 0..dim {
            d_qkv[(line * 3 * at.width + head * dim + i) as usize] = sums.index(comptime!(i as usize)).read();
        }
        delta[(line * at.heads + head) as usize] = own_delta;
    }
}

/// Gradients of keys and values, written to the last two thirds of `d_qkv`; one thread per (row, head).
#[cube(launch_unchecked)]
pub fn attention_grad_key_value<N: Size>(
    d_context: &Tensor<Vector<f32, N>>,
    qkv: &Tensor<Vector<f32, N>>,
    log_sum_exp: &Tensor<f32>,
    delta: &Tensor<f32>,
    d_qkv: &mut Tensor<Vector<f32, N>>,
    at: HeadArg,
    #[comptime] dim: u32,
) {
    let (thread, lane) = (thread(), lane());
    if thread < at.rows * at.heads {
        let (row, head) = (thread / at.heads, thread % at.heads);
        let line = lane * at.rows + row;
        let first_query = lane * at.rows + row / at.tokens * at.tokens;
        let own_at = line * 3 * at.width + at.width + head * dim;
        let k = load::<N>(qkv, own_at, dim);
        let v = load::<N>(qkv, own_at + at.width, dim);
        let d_k = zero_row::<N>(dim);
        let d_v = zero_row::<N>(dim);
        for query in 0..at.tokens {
            let other = first_query + query;
            let q_at = other * 3 * at.width + head * dim;
            let d_at = other * at.width + head * dim;
            let saved = (other * at.heads + head) as usize;
            let weight = (dot_row::<N>(&k, qkv, q_at, dim) * at.scale - log_sum_exp[saved]).exp();
            let d_score = weight * (dot_row::<N>(&v, d_context, d_at, dim) - delta[saved]) * at.scale;
            #[unroll]
            for i in 0..dim {
                let d_k = d_k.index(comptime!(i as usize));
                d_k.store(d_k.read() + Vector::new(d_score) * qkv[(q_at + i) as usize]);
                let d_v = d_v.index(comptime!(i as usize));
                d_v.store(d_v.read() + Vector::new(weight) * d_context[(d_at + i) as usize]);
            }
        }
        #[unroll]
        for i in 0..dim {
            d_qkv[(own_at + i) as usize] = d_k.index(comptime!(i as usize)).read();
            d_qkv[(own_at + at.width + i) as usize] = d_v.index(comptime!(i as usize)).read();
        }
    }
}
