//! Softmax cross-entropy and accuracy.

use super::math::{exp8, load8, store8};
use wide::f32x8;

/// Gradient of the weighted loss and (loss, correct) per row, for one lane: `logits`, `d_logits` `[width, rows]` of
/// which the first `classes` features count, `targets` `[2, rows]` (label, weight), `outcome` `[2, rows]`. Rows of
/// weight 0 only pad: they give 0.
pub fn cross_entropy(logits: &[f32], targets: &[f32], classes: usize, d_logits: &mut [f32], outcome: &mut [f32]) {
    let batch = targets.len() / 2;
    let (labels, weights) = targets.split_at(batch);
    let (losses, correct) = outcome.split_at_mut(batch);
    let mut scores = vec![f32x8::ZERO; classes];
    d_logits[classes * batch..].fill(0.0);
    for first in (0..batch).step_by(8) {
        for (class, score) in scores.iter_mut().enumerate() {
            *score = load8(&logits[class * batch..][first..batch]);
        }
        let top = scores.iter().fold(scores[0], |top, score| top.fast_max(*score));
        let exps = || scores.iter().map(|score| exp8(*score - top));
        let sum = exps().fold(f32x8::ZERO, |sum, exp| sum + exp);
        for (class, exp) in exps().enumerate() {
            store8(&mut d_logits[class * batch..][first..batch], exp / sum * load8(&weights[first..batch]));
        }
        for i in first..batch.min(first + 8) {
            let score = |class: usize| logits[class * batch + i];
            if weights[i] == 0.0 {
                (losses[i], correct[i]) = (0.0, 0.0);
                (0..classes).for_each(|class| d_logits[class * batch + i] = 0.0);
                continue;
            }
            let (label, top) = (labels[i] as usize, top.to_array()[i - first]);
            d_logits[label * batch + i] -= weights[i];
            losses[i] = libm::logf(sum.to_array()[i - first]) + top - score(label);
            // Ties go to the lower class.
            let best = (0..classes).find(|class| score(*class) == top);
            correct[i] = f32::from(best == Some(label));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::cpu::testing::{assert_near, random};

    #[test]
    fn loss_and_gradient_match_f64_and_padding_counts_for_nothing() {
        let (batch, classes, width) = (12, 3, 4);
        let logits = random(width * batch, "logits");
        let labels = (0..batch).map(|i| (i % classes) as f32);
        let weight = |i: usize| if i == 5 || i >= 10 { 0.0 } else { (i + 1) as f32 / 64.0 };
        let targets: Vec<f32> = labels.clone().chain((0..batch).map(weight)).collect();
        let (mut d_logits, mut outcome) = (vec![9.0; logits.len()], vec![9.0; 2 * batch]);
        cross_entropy(&logits, &targets, classes, &mut d_logits, &mut outcome);
        let labels: Vec<usize> = labels.map(|label| label as usize).collect();
        let counts = |i: usize| weight(i) > 0.0;
        let logit = |class: usize, i: usize| f64::from(logits[class * batch + i]);
        let sum = |i: usize| (0..classes).map(|class| logit(class, i).exp()).sum::<f64>();
        assert_near(&d_logits, |e| {
            let (class, i) = (e / batch, e % batch);
            if class == classes || !counts(i) {
                return 0.0;
            }
            (logit(class, i).exp() / sum(i) - f64::from(u8::from(labels[i] == class))) * f64::from(weight(i))
        });
        assert_near(&outcome[..batch], |i| if counts(i) { sum(i).ln() - logit(labels[i], i) } else { 0.0 });
        for i in 0..batch {
            let right = counts(i) && (0..classes).all(|class| logit(class, i) <= logit(labels[i], i));
            assert_eq!(outcome[batch + i], f32::from(right), "row {i}");
        }
    }

    #[test]
    fn equal_scores_choose_the_lowest_class() {
        let (mut d_logits, mut outcome) = ([0.0; 8], [0.0; 8]);
        let targets = [0.0, 1.0, 0.0, 1.0, 0.25, 0.25, 0.25, 0.25];
        cross_entropy(&[1.0; 8], &targets, 2, &mut d_logits, &mut outcome);
        assert_eq!(outcome[4..], [1.0, 0.0, 1.0, 0.0]);
        assert_eq!(d_logits, [-0.125, 0.125, -0.125, 0.125, 0.125, -0.125, 0.125, -0.125]);
    }
}
