//! Multi-head attention for short sequences, with its gradient.
//!
//! Queries are the lanes of a vector: the softmax runs down the keys and needs no shuffling. The forward
//! pass keeps the log-sum-exp of every query, so the backward pass recomputes the attention weights
//! instead of storing a `tokens x tokens` matrix per head.

use super::math::{exp8, load8, store8};
use crate::kernels::HeadShape;
use wide::f32x8;

/// Lines that a product computes at a time.
const TILE: usize = 4;
/// Taken from the score of a key that is not seen: far more than any score is worth.
const UNSEEN: f32 = 1e30;

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

    /// Copies a sequence of the features from `feature` on of `source`, `[features, rows]`.
    fn load(&mut self, source: &[f32], place: Place, feature: usize, factor: f32) {
        for (line, target) in self.data.chunks_exact_mut(self.vectors).enumerate() {
            let line = &source[(feature + line) * place.rows + place.first..][..place.tokens];
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

/// One head of one sequence: its first feature, and the rows of its queries and of its keys.
#[derive(Clone, Copy)]
struct Head {
    index: usize,
    feature: usize,
    queries: Place,
    keys: Place,
}

/// Calls `each` for every head of every sequence.
fn for_each_head(shape: HeadShape, mut each: impl FnMut(Head)) {
    let place = |tokens: usize, sequence: usize| Place { rows: shape.batch * tokens, first: sequence * tokens, tokens };
    for sequence in 0..shape.batch {
        let (queries, keys) = (place(shape.tokens, sequence), place(shape.keys, sequence));
        for index in 0..shape.heads {
            each(Head { index, feature: index * shape.head_dim, queries, keys });
        }
    }
}

/// 1 where a query attends to a key and 0 elsewhere, `[keys, queries]`.
fn seen(shape: HeadShape) -> Panel {
    let mut panel = Panel::new(shape.keys.next_multiple_of(TILE), shape.tokens);
    for key in 0..shape.keys {
        for v in 0..panel.vectors {
            let sees = |query: usize| f32::from(u8::from(shape.span.sees(8 * v + query, key)));
            panel.data[key * panel.vectors + v] = f32x8::from(std::array::from_fn::<f32, 8, _>(sees));
        }
    }
    panel
}

/// Queries, keys and values of one lane, each `[width, rows]`. Queries have rows of their own in cross-attention.
#[derive(Clone, Copy)]
pub struct Qkv<'a> {
    /// Queries.
    pub q: &'a [f32],
    /// Keys.
    pub k: &'a [f32],
    /// Values.
    pub v: &'a [f32],
}

impl<'a> Qkv<'a> {
    /// Of self-attention: `[3 * width, rows]`.
    pub fn of_self(qkv: &'a [f32]) -> Self {
        let (q, kv) = qkv.split_at(qkv.len() / 3);
        Self::of_cross(q, kv)
    }

    /// Of cross-attention: queries `[width, rows]`, keys and values `[2 * width, key rows]`.
    pub fn of_cross(q: &'a [f32], kv: &'a [f32]) -> Self {
        let (k, v) = kv.split_at(kv.len() / 2);
        Self { q, k, v }
    }
}

/// Context and log-sum-exp for one lane: `context` `[width, rows]`, `log_sum_exp` `[heads, rows]`.
pub fn attention(input: Qkv, shape: HeadShape, context: &mut [f32], log_sum_exp: &mut [f32]) {
    let dim = shape.head_dim;
    let mut q = Panel::new(dim, shape.tokens);
    let [mut k, mut value] = [0; 2].map(|_| Panel::new(dim, shape.keys));
    let seen = seen(shape);
    let mut scores = vec![f32x8::ZERO; 8 * k.vectors];
    for_each_head(shape, |Head { index, feature, queries, keys }| {
        q.load(input.q, queries, feature, shape.scale());
        k.load(input.k, keys, feature, 1.0);
        value.load(input.v, keys, feature, 1.0);
        for v in 0..q.vectors {
            for key in (0..shape.keys).step_by(TILE) {
                scores[key..key + TILE].copy_from_slice(&k.over_features(key, &q, v));
            }
            let scores = &mut scores[..shape.keys];
            let (top, sum) = softmax(scores, &seen, v);
            let inverse = f32x8::splat(1.0) / sum;
            for d in (0..dim).step_by(TILE) {
                let tile = value.over_tokens(d, scores.iter().copied()).map(|c| c * inverse);
                queries.store(context, feature + d, v, tile);
            }
            let log = f32x8::from(sum.to_array().map(libm::logf));
            store8(queries.part(log_sum_exp, index, v), top + log);
        }
    });
}

/// Replaces the scores of the queries `8 v..` by `exp(score - top)` where the key is seen and by 0 elsewhere, down the
/// keys; gives the top of the seen ones and the sum.
#[inline(always)]
fn softmax(scores: &mut [f32x8], seen: &Panel, v: usize) -> (f32x8, f32x8) {
    // Multiplying by 1 and adding 0 is exact, so full attention has the bits that it would have without this.
    let hidden = |key: usize| (seen.vector(key, v) - f32x8::splat(1.0)) * f32x8::splat(UNSEEN);
    let visible = |(key, score): (usize, &f32x8)| *score * seen.vector(key, v) + hidden(key);
    let top = scores.iter().enumerate().map(visible).reduce(f32x8::fast_max).expect("sequences have keys");
    let mut sum = f32x8::ZERO;
    for (key, score) in scores.iter_mut().enumerate() {
        *score = exp8(*score - top) * seen.vector(key, v);
        sum += *score;
    }
    (top, sum)
}

/// Saved values of the forward pass and the gradient that arrives at the context, for one lane.
#[derive(Clone, Copy)]
pub struct AttentionGradInput<'a> {
    /// Gradient of the context, `[width, rows]`.
    pub d_context: &'a [f32],
    /// What the forward pass read.
    pub qkv: Qkv<'a>,
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
    seen: Panel,
    /// Attention weights and score gradients of eight queries, by key.
    weights: Vec<f32x8>,
    d_scores: Vec<f32x8>,
    /// The same of all queries, with keys as vector lanes: `[queries, keys]`.
    weights_by_query: Panel,
    d_scores_by_query: Panel,
}

/// Gradient of [`attention`] for one lane: `d_q` `[width, rows]`, `d_kv` `[2 * width, key rows]`.
pub fn attention_grad(input: AttentionGradInput, shape: HeadShape, d_q: &mut [f32], d_kv: &mut [f32]) {
    let mut grad = HeadGrad::new(shape);
    for_each_head(shape, |head| {
        grad.load(input, shape, head);
        for v in 0..grad.q.vectors {
            let start = head.index * head.queries.rows + head.queries.first;
            let log_sum_exp = load8(&input.log_sum_exp[start..][8 * v..shape.tokens]);
            grad.queries(v, log_sum_exp, shape, head, d_q);
        }
        grad.keys(shape, head, d_kv);
    });
}

impl HeadGrad {
    fn new(shape: HeadShape) -> Self {
        let panel = |tokens: usize| Panel::new(shape.head_dim, tokens);
        let square = || Panel::new(shape.tokens.next_multiple_of(8), shape.keys);
        let line = || vec![f32x8::ZERO; shape.keys.next_multiple_of(8)];
        Self {
            q: panel(shape.tokens),
            k: panel(shape.keys),
            value: panel(shape.keys),
            d_context: panel(shape.tokens),
            context: panel(shape.tokens),
            seen: seen(shape),
            weights: line(),
            d_scores: line(),
            weights_by_query: square(),
            d_scores_by_query: square(),
        }
    }

    fn load(&mut self, input: AttentionGradInput, shape: HeadShape, Head { feature, queries, keys, .. }: Head) {
        self.q.load(input.qkv.q, queries, feature, shape.scale());
        self.k.load(input.qkv.k, keys, feature, 1.0);
        self.value.load(input.qkv.v, keys, feature, 1.0);
        self.d_context.load(input.d_context, queries, feature, 1.0);
        self.context.load(input.context, queries, feature, 1.0);
    }

    /// Weights and score gradients of the queries `8 v..`, and the gradient of those queries.
    fn queries(&mut self, v: usize, log_sum_exp: f32x8, shape: HeadShape, head: Head, d_q: &mut [f32]) {
        let dim = shape.head_dim;
        let delta = (0..dim).fold(f32x8::ZERO, |sum, d| sum + self.d_context.vector(d, v) * self.context.vector(d, v));
        for key in (0..shape.keys).step_by(TILE) {
            let scores = self.k.over_features(key, &self.q, v);
            let d_weights = self.value.over_features(key, &self.d_context, v);
            for l in 0..TILE {
                let weight = exp8(scores[l] - log_sum_exp) * self.seen.vector(key + l, v);
                self.weights[key + l] = weight;
                self.d_scores[key + l] = weight * (d_weights[l] - delta);
            }
        }
        let scale = f32x8::splat(shape.scale());
        for d in (0..dim).step_by(TILE) {
            let tile = self.k.over_tokens(d, self.d_scores[..shape.keys].iter().copied()).map(|g| g * scale);
            head.queries.store(d_q, head.feature + d, v, tile);
        }
        transpose(&self.weights, &mut self.weights_by_query, v);
        transpose(&self.d_scores, &mut self.d_scores_by_query, v);
    }

    /// Gradients of all keys and values.
    fn keys(&self, shape: HeadShape, Head { feature, keys, .. }: Head, d_kv: &mut [f32]) {
        let (width, dim, tokens) = (shape.width(), shape.head_dim, shape.tokens);
        for v in 0..self.k.vectors {
            for d in (0..dim).step_by(TILE) {
                let d_key = self.q.over_tokens(d, self.d_scores_by_query.column(v, tokens));
                keys.store(d_kv, feature + d, v, d_key);
                let d_value = self.d_context.over_tokens(d, self.weights_by_query.column(v, tokens));
                keys.store(d_kv, width + feature + d, v, d_value);
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
#[path = "attention_tests.rs"]
mod tests;
