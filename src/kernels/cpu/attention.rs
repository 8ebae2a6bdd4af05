//! Multi-head self-attention for short sequences, with its gradient.
//!
//! Queries are the lanes of a vector: the softmax runs down the keys and needs no shuffling. The forward
//! pass keeps the log-sum-exp of every query, so the backward pass recomputes the attention weights
//! instead of storing a `tokens x tokens` matrix per head.

use super::math::{exp8, load8, store8};
use crate::kernels::HeadShape;
use wide::f32x8;

/// Lines that a product computes at a time.
const TILE: usize = 4;

/// Some features of one sequence, `[head_dim, tokens]`, padded with zeros to whole vectors.
struct Panel {
    data: Vec<f32x8>,
    /// Vectors per feature.
    vectors: usize,
}

impl Panel {
    fn new(lines: usize, tokens: usize) -> Self {
        let vectors = tokens.div_ceil(8);
        Self { data: vec![f32x8::ZERO; lines * vectors], vectors }
    }

    /// Copies `tokens` columns from `first` on of the features from `feature` on of `source`, `[features, rows]`.
    fn load(&mut self, source: &[f32], rows: usize, feature: usize, (first, tokens): (usize, usize), factor: f32) {
        for (line, target) in self.data.chunks_exact_mut(self.vectors).enumerate() {
            let line = &source[(feature + line) * rows + first..][..tokens];
            for (target, values) in target.iter_mut().zip(line.chunks(8)) {
                *target = load8(values) * f32x8::splat(factor);
            }
        }
    }

    #[inline(always)]
    fn vector(&self, line: usize, v: usize) -> f32x8 {
        self.data[line * self.vectors + v]
    }

    /// Vector `v` of the first `lines` lines.
    #[inline(always)]
    fn column(&self, v: usize, lines: usize) -> impl ExactSizeIterator<Item = f32x8> {
        self.data[v..].iter().step_by(self.vectors).take(lines).copied()
    }

    /// All numbers, lines `8 * vectors` apart.
    fn scalars(&self) -> &[f32] {
        bytemuck::cast_slice(&self.data)
    }

    /// Sums over the features: `self[., token] * other[., 8 v..]` of four tokens from `token` on.
    #[inline(always)]
    fn over_features(&self, token: usize, other: &Self, v: usize) -> [f32x8; TILE] {
        let mut sums = [f32x8::ZERO; TILE];
        let lines = self.scalars().chunks_exact(8 * self.vectors);
        for (line, other) in lines.zip(other.data.chunks_exact(other.vectors)) {
            let factors: &[f32; TILE] = line[token..].first_chunk().expect("tokens are padded to whole vectors");
            for l in 0..TILE {
                sums[l] += f32x8::splat(factors[l]) * other[v];
            }
        }
        sums
    }

    /// Sums over the tokens: `self[line, token] * others[token]` of four features from `line` on.
    #[inline(always)]
    fn over_tokens(&self, line: usize, others: impl ExactSizeIterator<Item = f32x8>) -> [f32x8; TILE] {
        let (mut sums, stride, count) = ([f32x8::ZERO; TILE], 8 * self.vectors, others.len());
        let lines: [&[f32]; TILE] = std::array::from_fn(|l| &self.scalars()[(line + l) * stride..][..count]);
        for (token, other) in others.enumerate() {
            for l in 0..TILE {
                sums[l] += f32x8::splat(lines[l][token]) * other;
            }
        }
        sums
    }
}

/// Where a head's part of one sequence lies, and how to write it.
#[derive(Clone, Copy)]
struct Place {
    rows: usize,
    first: usize,
    tokens: usize,
}

impl Place {
    /// The tokens `8 v..` of a feature.
    fn part(self, data: &mut [f32], feature: usize, v: usize) -> &mut [f32] {
        let start = feature * self.rows + self.first;
        &mut data[start + 8 * v..start + self.tokens.min(8 * v + 8)]
    }

    fn store(self, data: &mut [f32], feature: usize, v: usize, tile: [f32x8; TILE]) {
        for (feature, value) in (feature..).zip(tile) {
            store8(self.part(data, feature, v), value);
        }
    }
}

/// Calls `each(head, place)` for every head of every sequence.
fn for_each_head(shape: HeadShape, mut each: impl FnMut(usize, Place)) {
    let rows = shape.batch * shape.tokens;
    for sequence in 0..shape.batch {
        for head in 0..shape.heads {
            each(head, Place { rows, first: sequence * shape.tokens, tokens: shape.tokens });
        }
    }
}

/// Context and log-sum-exp for one lane: `qkv` `[3 * width, rows]`, `context` `[width, rows]`,
/// `log_sum_exp` `[heads, rows]`.
pub fn attention(qkv: &[f32], shape: HeadShape, context: &mut [f32], log_sum_exp: &mut [f32]) {
    let (width, dim) = (shape.width(), shape.head_dim);
    let [mut q, mut k, mut value] = [0; 3].map(|_| Panel::new(dim, shape.tokens));
    let mut scores = vec![f32x8::ZERO; 8 * q.vectors];
    for_each_head(shape, |head, place| {
        let tokens = (place.first, place.tokens);
        q.load(qkv, place.rows, head * dim, tokens, shape.scale());
        k.load(qkv, place.rows, width + head * dim, tokens, 1.0);
        value.load(qkv, place.rows, 2 * width + head * dim, tokens, 1.0);
        for v in 0..q.vectors {
            for key in (0..shape.tokens).step_by(TILE) {
                scores[key..key + TILE].copy_from_slice(&k.over_features(key, &q, v));
            }
            let scores = &mut scores[..shape.tokens];
            let (top, sum) = softmax(scores);
            let inverse = f32x8::splat(1.0) / sum;
            for d in (0..dim).step_by(TILE) {
                let tile = value.over_tokens(d, scores.iter().copied()).map(|c| c * inverse);
                place.store(context, head * dim + d, v, tile);
            }
            let log = f32x8::from(sum.to_array().map(libm::logf));
            store8(place.part(log_sum_exp, head, v), top + log);
        }
    });
}

/// Replaces scores by `exp(score - top)`, down the keys; gives the top and the sum.
#[inline(always)]
fn softmax(scores: &mut [f32x8]) -> (f32x8, f32x8) {
    let top = scores.iter().fold(scores[0], |top, score| top.fast_max(*score));
    let mut sum = f32x8::ZERO;
    for score in scores {
        *score = exp8(*score - top);
        sum += *score;
    }
    (top, sum)
}

/// Saved values of the forward pass and the gradient that arrives at the context, for one lane.
#[derive(Clone, Copy)]
pub struct AttentionGradInput<'a> {
    /// Gradient of the context, `[width, rows]`.
    pub d_context: &'a [f32],
    /// Queries, keys and values, `[3 * width, rows]`.
    pub qkv: &'a [f32],
    /// Context, `[width, rows]`.
    pub context: &'a [f32],
    /// Log-sum-exp, `[heads, rows]`.
    pub log_sum_exp: &'a [f32],
}

/// One head of one sequence in the backward pass.
struct HeadGrad {
    q: Panel,
    k: Panel,
    value: Panel,
    d_context: Panel,
    context: Panel,
    /// Attention weights and score gradients of eight queries, by key.
    weights: Vec<f32x8>,
    d_scores: Vec<f32x8>,
    /// The same of all queries, with keys as vector lanes: `[queries, keys]`.
    weights_by_query: Panel,
    d_scores_by_query: Panel,
}

/// Gradient of [`attention`] with respect to `qkv` for one lane.
pub fn attention_grad(input: AttentionGradInput, shape: HeadShape, d_qkv: &mut [f32]) {
    let mut grad = HeadGrad::new(shape);
    for_each_head(shape, |head, place| {
        grad.load(input, shape, head, place);
        for v in 0..grad.q.vectors {
            let start = head * place.rows + place.first;
            let log_sum_exp = load8(&input.log_sum_exp[start..][8 * v..place.tokens]);
            grad.queries(v, log_sum_exp, shape, head, place, d_qkv);
        }
        grad.keys(shape, head, place, d_qkv);
    });
}

impl HeadGrad {
    fn new(shape: HeadShape) -> Self {
        let panel = || Panel::new(shape.head_dim, shape.tokens);
        let padded = 8 * shape.tokens.div_ceil(8);
        let square = || Panel::new(padded, shape.tokens);
        let line = || vec![f32x8::ZERO; padded];
        Self {
            q: panel(),
            k: panel(),
            value: panel(),
            d_context: panel(),
            context: panel(),
            weights: line(),
            d_scores: line(),
            weights_by_query: square(),
            d_scores_by_query: square(),
        }
    }

    fn load(&mut self, input: AttentionGradInput, shape: HeadShape, head: usize, place: Place) {
        let (width, feature, tokens) = (shape.width(), head * shape.head_dim, (place.first, place.tokens));
        self.q.load(input.qkv, place.rows, feature, tokens, shape.scale());
        self.k.load(input.qkv, place.rows, width + feature, tokens, 1.0);
        self.value.load(input.qkv, place.rows, 2 * width + feature, tokens, 1.0);
        self.d_context.load(input.d_context, place.rows, feature, tokens, 1.0);
        self.context.load(input.context, place.rows, feature, tokens, 1.0);
    }

    /// Weights and score gradients of the queries `8 v..`, and the gradient of those queries.
    fn queries(
        &mut self,
        v: usize,
        log_sum_exp: f32x8,
        shape: HeadShape,
        head: usize,
        place: Place,
        d_qkv: &mut [f32],
    ) {
        let dim = shape.head_dim;
        let delta = (0..dim).fold(f32x8::ZERO, |sum, d| sum + self.d_context.vector(d, v) * self.context.vector(d, v));
        for key in (0..shape.tokens).step_by(TILE) {
            let scores = self.k.over_features(key, &self.q, v);
            let d_weights = self.value.over_features(key, &self.d_context, v);
            for l in 0..TILE {
                let weight = exp8(scores[l] - log_sum_exp);
                self.weights[key + l] = weight;
                self.d_scores[key + l] = weight * (d_weights[l] - delta);
            }
        }
        let scale = f32x8::splat(shape.scale());
        for d in (0..dim).step_by(TILE) {
            let tile = self.k.over_tokens(d, self.d_scores[..shape.tokens].iter().copied()).map(|g| g * scale);
            place.store(d_qkv, head * dim + d, v, tile);
        }
        transpose(&self.weights, &mut self.weights_by_query, v);
        transpose(&self.d_scores, &mut self.d_scores_by_query, v);
    }

    /// Gradients of all keys and values.
    fn keys(&self, shape: HeadShape, head: usize, place: Place, d_qkv: &mut [f32]) {
        let (width, dim, tokens) = (shape.width(), shape.head_dim, shape.tokens);
        for v in 0..self.q.vectors {
            for d in (0..dim).step_by(TILE) {
                let d_key = self.q.over_tokens(d, self.d_scores_by_query.column(v, tokens));
                place.store(d_qkv, width + head * dim + d, v, d_key);
                let d_value = self.d_context.over_tokens(d, self.weights_by_query.column(v, tokens));
                place.store(d_qkv, 2 * width + head * dim + d, v, d_value);
            }
        }
    }
}

/// Writes `[keys]` of the queries `8 v..` as rows of `square`, `[queries, keys]`.
fn transpose(by_key: &[f32x8], square: &mut Panel, v: usize) {
    let vectors = square.vectors;
    for (block, keys) in by_key.as_chunks::<8>().0.iter().enumerate() {
        for (query, row) in (8 * v..).zip(f32x8::transpose(*keys)) {
            square.data[query * vectors + block] = row;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::cpu::testing::{assert_near, random};

    /// Context in `f64`, `[width, rows]`, and log-sum-exp, `[heads, rows]`.
    fn reference(qkv: &[f64], shape: HeadShape) -> (Vec<f64>, Vec<f64>) {
        let (rows, width, dim) = (shape.batch * shape.tokens, shape.width(), shape.head_dim);
        let (mut context, mut log_sum_exp) = (vec![0.0; width * rows], vec![0.0; shape.heads * rows]);
        for row in 0..rows {
            let first = row / shape.tokens * shape.tokens;
            let keys = || first..first + shape.tokens;
            for head in 0..shape.heads {
                let at = |part: usize, d: usize, row: usize| qkv[(part * width + head * dim + d) * rows + row];
                let score = |key| (0..dim).map(|d| at(0, d, row) * at(1, d, key)).sum::<f64>() / (dim as f64).sqrt();
                let sum: f64 = keys().map(|key| score(key).exp()).sum();
                log_sum_exp[head * rows + row] = sum.ln();
                for d in 0..dim {
                    context[(head * dim + d) * rows + row] =
                        keys().map(|key| score(key).exp() / sum * at(2, d, key)).sum();
                }
            }
        }
        (context, log_sum_exp)
    }

    #[test]
    fn attention_and_its_gradient_match_f64() {
        for (batch, tokens, heads, head_dim) in [(4, 5, 2, 4), (4, 17, 1, 8), (1, 16, 2, 4), (4, 1, 1, 4)] {
            let shape = HeadShape { batch, tokens, heads, head_dim };
            let (rows, width) = (batch * tokens, shape.width());
            let (qkv, d_context) = (random(3 * width * rows, "qkv"), random(width * rows, "d_context"));
            let (mut context, mut log_sum_exp) = (vec![0.0; width * rows], vec![0.0; heads * rows]);
            attention(&qkv, shape, &mut context, &mut log_sum_exp);
            let wide: Vec<f64> = qkv.iter().map(|x| f64::from(*x)).collect();
            let (truth, logs) = reference(&wide, shape);
            assert_near(&context, |e| truth[e]);
            assert_near(&log_sum_exp, |e| logs[e]);

            let mut d_qkv = vec![9.0; qkv.len()];
            let input =
                AttentionGradInput { d_context: &d_context, qkv: &qkv, context: &context, log_sum_exp: &log_sum_exp };
            attention_grad(input, shape, &mut d_qkv);
            assert_near(&d_qkv, |e| {
                let moved = |by: f64| -> f64 {
                    let mut qkv = wide.clone();
                    qkv[e] += by;
                    reference(&qkv, shape).0.iter().zip(&d_context).map(|(c, d)| c * f64::from(*d)).sum()
                };
                (moved(1e-5) - moved(-1e-5)) / 2e-5
            });
        }
    }
}
