//! Softmax cross-entropy and accuracy.

use super::math::exp;

/// Gradient of the mean loss and (loss, correct) per row, for one lane: `logits`, `d_logits`
/// `[rows, width]` of which the first `classes` columns count, `labels` `[rows]`, `outcome` `[rows, 2]`.
pub fn cross_entropy(
    logits: &[f32],
    labels: &[f32],
    (width, classes): (usize, usize),
    d_logits: &mut [f32],
    outcome: &mut [f32],
) {
    let share = 1.0 / labels.len() as f32;
    for (row, label) in labels.iter().enumerate() {
        let label = *label as usize;
        let scores = &logits[row * width..][..classes];
        let (mut best, mut top) = (0, scores[0]);
        for (class, score) in scores.iter().enumerate() {
            if *score > top {
                (best, top) = (class, *score);
            }
        }
        let sum: f32 = scores.iter().map(|score| exp(score - top)).sum();
        let d_row = &mut d_logits[row * width..][..width];
        d_row.fill(0.0);
        for (class, (d, score)) in d_row.iter_mut().zip(scores).enumerate() {
            let target = if class == label { 1.0 } else { 0.0 };
            *d = (exp(score - top) / sum - target) * share;
        }
        outcome[2 * row] = libm::logf(sum) + top - scores[label];
        outcome[2 * row + 1] = if best == label { 1.0 } else { 0.0 };
    }
}
