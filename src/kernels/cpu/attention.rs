//! Multi-head self-attention for short sequences, with its gradient.
//!
//! The forward pass keeps the log-sum-exp of every query, so the backward pass recomputes the attention
//! weights instead of storing a `tokens x tokens` matrix per head.

use super::math::exp;
use crate::kernels::HeadShape;

/// Rows of Q, K or V of one head: `part` 0, 1, 2.
struct HeadView<'a> {
    qkv: &'a [f32],
    stride: usize,
    first: usize,
    dim: usize,
}

impl<'a> HeadView<'a> {
    fn new(qkv: &'a [f32], shape: HeadShape, sequence: usize, head: usize, part: usize) -> Self {
        let stride = 3 * shape.width();
        let first = sequence * shape.tokens * stride + part * shape.width() + head * shape.head_dim;
        Self { qkv, stride, first, dim: shape.head_dim }
    }

    fn row(&self, token: usize) -> &'a [f32] {
        &self.qkv[self.first + token * self.stride..][..self.dim]
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 4];
    for (a, b) in a.chunks_exact(4).zip(b.chunks_exact(4)) {
        for i in 0..4 {
            sums[i] += a[i] * b[i];
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

fn add_scaled(target: &mut [f32], factor: f32, source: &[f32]) {
    for (t, s) in target.iter_mut().zip(source) {
        *t += factor * s;
    }
}

/// Context and log-sum-exp for one lane: `qkv` `[rows, 3 * width]`, `context` `[rows, width]`,
/// `log_sum_exp` `[rows, heads]`.
pub fn attention(qkv: &[f32], shape: HeadShape, context: &mut [f32], log_sum_exp: &mut [f32]) {
    let mut scores = vec![0.0f32; shape.tokens];
    for sequence in 0..shape.batch {
        for head in 0..shape.heads {
            let [q, k, v] = [0, 1, 2].map(|part| HeadView::new(qkv, shape, sequence, head, part));
            for query in 0..shape.tokens {
                let row = sequence * shape.tokens + query;
                for (key, score) in scores.iter_mut().enumerate() {
                    *score = dot(q.row(query), k.row(key)) * shape.scale();
                }
                let top = scores.iter().fold(f32::NEG_INFINITY, |a, b| a.max(*b));
                let mut sum = 0.0;
                for score in &mut scores {
                    *score = exp(*score - top);
                    sum += *score;
                }
                let target = &mut context[row * shape.width() + head * shape.head_dim..][..shape.head_dim];
                target.fill(0.0);
                for (key, score) in scores.iter().enumerate() {
                    add_scaled(target, score / sum, v.row(key));
                }
                log_sum_exp[row * shape.heads + head] = top + libm::logf(sum);
            }
        }
    }
}

/// Saved values of the forward pass and the gradient that arrives at the context, for one lane.
#[derive(Clone, Copy)]
pub struct AttentionGradInput<'a> {
    /// Gradient of the context, `[rows, width]`.
    pub d_context: &'a [f32],
    /// Queries, keys and values, `[rows, 3 * width]`.
    pub qkv: &'a [f32],
    /// Context, `[rows, width]`.
    pub context: &'a [f32],
    /// Log-sum-exp, `[rows, heads]`.
    pub log_sum_exp: &'a [f32],
}

/// Gradient of [`attention`] with respect to `qkv` for one lane.
pub fn attention_grad(input: AttentionGradInput, shape: HeadShape, d_qkv: &mut [f32]) {
    d_qkv.fill(0.0);
    for sequence in 0..shape.batch {
        for head in 0..shape.heads {
            head_grad(input, shape, sequence, head, d_qkv);
        }
    }
}

fn head_grad(input: AttentionGradInput, shape: HeadShape, sequence: usize, head: usize, d_qkv: &mut [f32]) {
    let [q, k, v] = [0, 1, 2].map(|part| HeadView::new(input.qkv, shape, sequence, head, part));
    let (width, dim) = (shape.width(), shape.head_dim);
    for query in 0..shape.tokens {
        let row = sequence * shape.tokens + query;
        let d_context = &input.d_context[row * width + head * dim..][..dim];
        let delta = dot(d_context, &input.context[row * width + head * dim..][..dim]);
        let log_sum_exp = input.log_sum_exp[row * shape.heads + head];
        for key in 0..shape.tokens {
            let weight = exp(dot(q.row(query), k.row(key)) * shape.scale() - log_sum_exp);
            let d_score = weight * (dot(d_context, v.row(key)) - delta) * shape.scale();
            add_scaled(&mut d_qkv[q.first + query * q.stride..][..dim], d_score, k.row(key));
            add_scaled(&mut d_qkv[k.first + key * k.stride..][..dim], d_score, q.row(query));
            add_scaled(&mut d_qkv[v.first + key * v.stride..][..dim], weight, d_context);
        }
    }
}
