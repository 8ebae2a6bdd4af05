//! N:M magnitude selection with soft decay (paper section 3: `W~ = W * (F + D (1 - F))`).

use crate::kernels::{Segment, plan::Rule};

/// A run of weights of one lane: where it starts, how far apart its weights lie, how many there are.
#[derive(Clone, Copy)]
pub struct Run {
    /// Offset of the first weight.
    pub first: usize,
    /// Distance between weights.
    pub step: usize,
    /// Number of weights; the last group of an axis that M does not divide is shorter.
    pub len: usize,
}

/// Masks and masked weights for one lane: all slices `[parameters]`.
pub fn select_masks(
    params: &[f32],
    old_mask: &[f32],
    rule: impl Fn(&Segment) -> Rule,
    segments: &[Segment],
    (mask, masked): (&mut [f32], &mut [f32]),
) {
    for segment in segments {
        let rule = rule(segment);
        // Where nothing is pruned any groups will do.
        let m = if rule.n == rule.m { segment.cols } else { rule.m };
        let along_inputs = rule.along_inputs && rule.n != rule.m;
        for group in 0..segment.groups(m, along_inputs) {
            let (first, step, len) = segment.group(group, m, along_inputs);
            let run = Run { first, step, len };
            let boundary = boundary(params, run, &rule);
            let mut threshold = 0.0f32;
            for i in 0..len {
                let at = first + i * step;
                let w = params[at].abs();
                mask[at] = if rule.refresh { boundary.keeps(w, i) } else { old_mask[at] };
                threshold = if mask[at] == 0.0 { threshold.max(w) } else { threshold };
            }
            for i in 0..len {
                let at = first + i * step;
                masked[at] = rule.forward(params[at], mask[at], threshold);
            }
        }
    }
}

/// Where the order (magnitude descending, index ascending) is cut. Weights before the cut are kept.
struct Boundary {
    value: f32,
    index: i32,
    /// The boundary element itself is the last kept one, or the first dropped one.
    inclusive: bool,
    all: bool,
}

impl Boundary {
    fn keeps(&self, magnitude: f32, index: usize) -> f32 {
        let index = index as i32;
        let before = magnitude > self.value || (magnitude == self.value && index < self.index);
        let itself = magnitude == self.value && index == self.index;
        f32::from(self.all || before || (itself && self.inclusive))
    }
}

/// Walks the order from whichever end is nearer to the cut, one pass over the group per step.
fn boundary(params: &[f32], run: Run, rule: &Rule) -> Boundary {
    let kept = rule.n.min(run.len);
    let dropped = run.len - kept;
    if rule.n == rule.m || dropped == 0 {
        return Boundary { value: 0.0, index: 0, inclusive: true, all: true };
    }
    let from_top = kept <= dropped;
    let (mut value, mut index) = if from_top { (f32::INFINITY, -1) } else { (-1.0, i32::MAX) };
    for _ in 0..kept.min(dropped) {
        let (mut next, mut next_index) = if from_top { (-1.0, 0) } else { (f32::INFINITY, 0) };
        for i in 0..run.len {
            let w = params[run.first + i * run.step].abs();
            let i = i as i32;
            let (open, better) = if from_top {
                (w < value || (w == value && i > index), w > next)
            } else {
                (w > value || (w == value && i < index), w <= next)
            };
            if open && better {
                (next, next_index) = (w, i);
            }
        }
        (value, index) = (next, next_index);
    }
    Boundary { value, index, inclusive: from_top, all: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::SegmentKind;

    fn select(weights: &[f32], n: usize, m: usize, along_inputs: bool, rows: usize) -> Vec<f32> {
        let segment = Segment {
            offset: 0,
            rows,
            cols: weights.len() / rows,
            stride: weights.len() / rows,
            kind: SegmentKind::Ff1,
        };
        let rule = Rule { n, m, along_inputs, ..Rule::DENSE };
        let (mut mask, mut masked) = (vec![9.0; weights.len()], vec![9.0; weights.len()]);
        select_masks(weights, &vec![0.0; weights.len()], |_| rule, &[segment], (&mut mask, &mut masked));
        for ((w, f), masked) in weights.iter().zip(&mask).zip(&masked) {
            assert_eq!(*masked, w * f);
        }
        mask
    }

    #[test]
    fn keeps_the_largest_magnitudes_of_every_group() {
        assert_eq!(
            select(&[1.0, -3.0, 2.0, 0.5, 4.0, 0.1, -0.2, 0.3], 2, 4, false, 1),
            [0., 1., 1., 0., 1., 0., 0., 1.]
        );
        assert_eq!(select(&[1.0, -3.0, 2.0, 0.5], 3, 4, false, 1), [1., 1., 1., 0.]);
        assert_eq!(select(&[1.0, -3.0, 2.0, 0.5], 1, 4, true, 4), [0., 1., 0., 0.]);
        // Two columns, groups along the rows: column 0 holds 1, 2 and column 1 holds 4, 3.
        assert_eq!(select(&[1.0, 4.0, 2.0, 3.0], 1, 2, true, 2), [0., 1., 1., 0.]);
    }

    #[test]
    fn ties_go_to_the_lower_index_and_equal_groups_still_keep_n() {
        assert_eq!(select(&[1.0, 1.0, -1.0, 1.0], 1, 4, false, 1), [1., 0., 0., 0.]);
        assert_eq!(select(&[0.0; 4], 3, 4, false, 1), [1., 1., 1., 0.]);
        assert_eq!(select(&[2.0, 5.0, 5.0, 2.0], 3, 4, false, 1), [1., 1., 1., 0.]);
        assert_eq!(select(&[0.0; 8], 2, 8, true, 8), [1., 1., 0., 0., 0., 0., 0., 0.]);
    }

    /// The 2:4 example by hand: of |w| = 1, 3, 2, 0.5 the threshold is 1, so -3 and 2 become -2 and 1, times 1.5.
    #[test]
    fn a_soft_threshold_shrinks_by_the_largest_dropped_magnitude() {
        let weights = [1.0, -3.0, 2.0, 0.5, 0.25, 0.25, 0.25, -0.25];
        let segment = Segment { offset: 0, rows: 1, cols: 8, stride: 8, kind: SegmentKind::Ff1 };
        let rule = Rule { n: 2, m: 4, soft_scale: 1.5, ..Rule::DENSE };
        let (mut mask, mut masked) = ([9.0; 8], [9.0; 8]);
        select_masks(&weights, &[0.0; 8], |_| rule, &[segment], (&mut mask, &mut masked));
        assert_eq!(mask, [0., 1., 1., 0., 1., 1., 0., 0.]);
        // Equal magnitudes shrink to nothing: that is what makes the map continuous.
        assert_eq!(masked, [0., -3., 1.5, 0., 0., 0., 0., 0.]);
    }

    #[test]
    fn agrees_with_sorting_for_every_n() {
        let mut stream = crate::random::Stream::new(1, "mask", 0);
        // Few distinct values, so that ties are frequent.
        let weights: Vec<f32> = (0..64).map(|_| stream.below(9) as f32 - 4.0).collect();
        for m in [2, 4, 8, 16, 32, 64] {
            for n in 1..=m {
                let mask = select(&weights, n, m, false, 1);
                for (group, bits) in weights.chunks(m).zip(mask.chunks(m)) {
                    let mut order: Vec<usize> = (0..m).collect();
                    order.sort_by(|a, b| group[*b].abs().total_cmp(&group[*a].abs()).then(a.cmp(b)));
                    for (rank, i) in order.into_iter().enumerate() {
                        assert_eq!(bits[i], f32::from(rank < n), "{n}:{m} {group:?} {bits:?}");
                    }
                }
            }
        }
    }
}
