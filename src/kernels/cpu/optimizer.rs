//! Gradient rule, clipping and AdamW (Loshchilov and Hutter, arXiv 1711.05101) over the flat parameters.

use crate::kernels::{ALIGN, SegmentKind, plan, plan::Rule};

/// The rules of all kinds of a lane.
pub fn rules(row: &[f32]) -> [Rule; SegmentKind::COUNT] {
    std::array::from_fn(|kind| Rule::read(row, kind))
}

/// Applies the gradient rule of one lane in place; gives the global norm and the factor that clips it.
pub fn rule_gradients(grads: &mut [f32], params: &[f32], mask: &[f32], row: &[f32], kinds: &[f32]) -> [f32; 2] {
    let rules = rules(row);
    let mut sum = 0.0f64;
    let vectors = grads.chunks_exact_mut(ALIGN).zip(params.chunks_exact(ALIGN)).zip(mask.chunks_exact(ALIGN));
    for (((grads, params), mask), kind) in vectors.zip(kinds) {
        let rule = &rules[*kind as usize];
        let mut partial = 0.0f32;
        for ((g, w), f) in grads.iter_mut().zip(params).zip(mask) {
            *g = rule.gradient(*g, *f, *w);
            partial += *g * *g;
        }
        sum += f64::from(partial);
    }
    let norm = sum.sqrt() as f32;
    let limit = row[plan::CLIP_NORM];
    [norm, if norm > limit { limit / norm } else { 1.0 }]
}

/// One step for one lane. `moments` holds first moments, then second moments; `clip` is the factor from
/// [`rule_gradients`].
pub fn adamw(params: &mut [f32], moments: &mut [f32], grads: &[f32], row: &[f32], clip: f32) {
    let (beta_1, beta_2) = (row[plan::BETA_1], row[plan::BETA_2]);
    let (m, v) = moments.split_at_mut(params.len());
    for (((weight, m), v), g) in params.iter_mut().zip(m).zip(v).zip(grads) {
        let g = g * clip;
        *m = beta_1 * *m + (1.0 - beta_1) * g;
        *v = beta_2 * *v + (1.0 - beta_2) * g * g;
        let deviation = (*v / row[plan::CORRECTION_2]).sqrt() + row[plan::EPSILON];
        let step = (*m / row[plan::CORRECTION_1]) / deviation;
        *weight -= row[plan::LEARNING_RATE] * (step + row[plan::WEIGHT_DECAY] * *weight);
    }
}
